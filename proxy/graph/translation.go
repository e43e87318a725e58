// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"net/http"

	"github.com/caddy-onenote/caddy-onenote/proxy/api"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
	"github.com/caddy-onenote/caddy-onenote/proxy/rewrite"
)

// A translation is the [api.Translation] of a request of the OneNote API.
type translation struct {
	dialect     *Dialect
	request     *api.Request
	path, query string // as the app wrote them
	mapper      Mapper
	target      Target
	shape       *Shape
	copied      *copied // what a poll of an operation of ours is about, else nil
}

// translateRequest makes the request one for Graph.
func (t *translation) translateRequest() *apierror.Error {
	r := t.request
	var e *apierror.Error
	if t.target, e = t.mapper.ToGraph(r.Method, r.Path); e != nil {
		return e
	}
	if t.target.Route == Batch {
		return &apierror.Error{Cause: apierror.NotTranslatable, Message: `"$batch" is not available in translation mode at this place`}
	}
	query, e := TranslateQuery(r.Query, t.target)
	if e != nil {
		return e
	}
	t.shape = query.Shape
	r.Path, r.Query = t.target.Path, query.Raw
	if t.target.Route == Operation {
		t.pollOwn()
	}
	r.Translated, r.MaxBody = true, maxBody
	r.RewriteResponse = r.Method != http.MethodHead
	if id, ok := r.Header["X-Correlationid"]; ok {
		r.Header["Client-Request-Id"] = id
	}
	return nil
}

// ResponseBody implements [api.Translation].
func (t *translation) ResponseBody(res *http.Response) api.BodyRules {
	if res.StatusCode >= http.StatusBadRequest {
		res.Header.Set("Content-Type", "application/json")
		return &ErrorRules{Status: res.StatusCode}
	}
	switch t.target.Route {
	case Operation:
		if t.copied != nil {
			return t.pollBody(res)
		}
	case Resource:
		return nil
	case PageContent:
		return t.pageRules(res)
	case FromURL:
		return siteRules{t}
	case Copy:
		if body := t.copyBody(res); body != nil {
			return body
		}
	}
	if rewrite.MediaTypeOf(res.Header.Get("Content-Type")) != rewrite.JSONType {
		return nil
	}
	if t.target.Route == Operation {
		return pollRules{t}
	}
	return t.jsonRules()
}

// jsonRules are the rules for JSON that is no error.
func (t *translation) jsonRules() *JSONRules {
	return &JSONRules{
		Shape:     t.shape,
		URL:       t.appendLink,
		Context:   t.appendContext,
		NextLink:  t.nextLink,
		Picture:   t.appendPicture,
		Operation: t.target.Route == Operation || t.target.Route == Copy,
	}
}

var _ api.Translation = (*translation)(nil)
