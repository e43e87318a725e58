// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"bytes"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/internal/hostport"
	"github.com/caddy-onenote/caddy-onenote/proxy/api"
)

// base returns what the app's links begin with: the proxy, or the OneNote API itself
// where links are not to lead to the proxy.
func (t *translation) base() string {
	if t.dialect.Native.Links && t.request.Base != nil {
		return t.request.Base.String()
	}
	return api.Presets[0].Upstream
}

// upstream returns scheme and host of Graph.
func (t *translation) upstream() string {
	u := t.request.Upstream
	return u.Scheme + "://" + hostport.WithoutDefaultPort(u)
}

// appendLink appends the link that the app gets in place of a URL of Graph, or of the
// OneNote API, which some pages and responses name.
func (t *translation) appendLink(dst, url []byte) ([]byte, bool) {
	rest, ok := t.cutHost(url)
	if !ok {
		return dst, false
	}
	path, query := cutPath(rest)
	path, ok = t.legacyPath(path)
	if !ok {
		return dst, false
	}
	dst = append(append(dst, t.base()...), path...)
	return append(dst, query...), true
}

// cutHost cuts scheme and host off a URL of either API.
func (t *translation) cutHost(url []byte) (rest []byte, ok bool) {
	if rest, ok = t.dialect.Native.Hosts.CutPath(url); ok {
		return rest, true
	}
	return t.dialect.OneNote.CutPath(url)
}

// legacyPath returns the app's path for one of Graph.
func (t *translation) legacyPath(path string) (string, bool) {
	if rest, ok := cutMetadata(path); ok {
		rest, ok = t.mapper.ContextToLegacy(rest)
		return legacyPath + t.mapper.version() + "/" + rest, ok
	}
	return t.mapper.ToLegacy(path)
}

// cutPath returns a path, and the query and fragment behind it.
func cutPath(rest []byte) (path, query string) {
	if bytes.Contains(rest, []byte("$metadata#")) {
		return string(rest), "" // the fragment of a context says which data it is
	}
	end := bytes.IndexAny(rest, "?#")
	if end < 0 {
		end = len(rest)
	}
	return string(rest[:end]), string(rest[end:])
}

// cutMetadata cuts the version off the path of a context.
func cutMetadata(path string) (context string, ok bool) {
	if i := strings.Index(path, "/"+metadataPrefix); i > 0 {
		return path[i+1:], true
	}
	return "", false
}

// appendContext appends the context that the app gets in place of Graph's. In the
// response to a request for me it also says what Graph calls that user.
func (t *translation) appendContext(dst, url []byte) ([]byte, bool) {
	if t.target.Me && t.mapper.Me == "" && t.target.Route != NotebookFromWebURL {
		t.mapper.Me, _ = MeOf(string(url))
	}
	return t.appendLink(dst, url)
}

// userIn returns what Graph calls the app's own user in the address of what the app has
// made below me; "" where the address names none. Nobody makes anything there for
// somebody else.
func (t *translation) userIn(url string) string {
	rest, ok := t.dialect.Native.Hosts.CutPath([]byte(url))
	if !ok {
		return ""
	}
	path, _ := cutPath(rest)
	_, path, _ = strings.Cut(strings.TrimPrefix(path, "/"), "/") // behind the version
	user, _ := MeOf(metadataPrefix + path)
	return user
}

// nextLink returns the link to the next page of a list: that of the app's own
// request, further on. A link that does not say how far is translated as any other: it
// must not lead the app away.
func (t *translation) nextLink(url []byte) (string, bool) {
	if query, ok := NextLink(t.query, string(url)); ok {
		return t.base() + t.path + "?" + query, true
	}
	link, ok := t.appendLink(nil, url)
	return string(link), ok
}

// reference returns what the app gets in place of a reference in the header.
func (t *translation) reference(value string) (string, bool) {
	text, ok := t.appendLink(nil, []byte(t.absolute(value)))
	return string(text), ok
}

// absolute returns a reference of Graph as a whole URL.
func (t *translation) absolute(value string) string {
	switch {
	case strings.HasPrefix(value, "//"):
		return t.request.Upstream.Scheme + ":" + value
	case strings.HasPrefix(value, "/"):
		return t.upstream() + value
	}
	return value
}
