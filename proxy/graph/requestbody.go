// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"net/http"

	"github.com/caddy-onenote/caddy-onenote/proxy/api"
	"github.com/caddy-onenote/caddy-onenote/proxy/rewrite"
)

// RequestBody implements [api.Translation].
func (t *translation) RequestBody() api.BodyRules {
	switch t.target.Route {
	case NewEntity:
		return &NewEntityRules{}
	case Copy, NotebookFromWebURL:
		return &NewEntityRules{KeepNames: true}
	case NewPage, PageCommands:
		return t.newContentRules()
	}
	return nil
}

// newContentRules are the rules for what goes into a page. The URLs of pictures that
// the app has read here become Graph's, else the new page would lose the pictures.
func (t *translation) newContentRules() api.BodyRules {
	rules, ok := rewrite.NewRules(t.request.Header.Get("Content-Type"))
	if !ok {
		return nil
	}
	rules.HTML = rewrite.HTMLRules{Link: wholeLink(t.upstreamLink()), LinkPictures: true}
	rules.Embedding.Commands = t.target.Route == PageCommands || rules.Type == rewrite.MultipartType
	return &rules
}

// upstreamLink returns what makes the proxy's URLs Graph's, and those of resources at
// the OneNote API.
func (t *translation) upstreamLink() func(dst, url []byte) ([]byte, bool) {
	var own, native rewrite.LinkFunc
	if t.request.Base != nil {
		bases := t.request.Bases()
		own = t.dialect.OneNote.UpstreamLink(api.Presets[0].Upstream, bases...)
		native = t.dialect.Native.Hosts.UpstreamLink(t.upstream(), bases...)
	}
	return func(dst, url []byte) ([]byte, bool) {
		if own != nil {
			if legacy, ok := own.Replace(nil, url); ok {
				return t.appendGraphURL(dst, legacy, false)
			}
			if text, ok := native.Replace(dst, url); ok {
				return text, true
			}
		}
		return t.appendGraphURL(dst, url, true)
	}
}

// appendGraphURL appends the URL at Graph for one at the OneNote API.
func (t *translation) appendGraphURL(dst, url []byte, onlyResource bool) ([]byte, bool) {
	rest, ok := t.dialect.OneNote.CutPath(url)
	if !ok {
		return dst, false
	}
	path, query := cutPath(rest)
	target, e := t.mapper.ToGraph(http.MethodGet, path)
	if e != nil || onlyResource && target.Route != Resource {
		return dst, false
	}
	dst = append(append(dst, t.upstream()...), target.Path...)
	if target.Route == Resource {
		return dst, true // its parameters are those of public pictures
	}
	return append(dst, query...), true
}
