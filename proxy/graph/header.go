// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/proxy/api"
	"github.com/caddy-onenote/caddy-onenote/proxy/rewrite"
)

// ResponseHeader implements [api.Translation].
func (t *translation) ResponseHeader(res *http.Response) (urls int) {
	h := res.Header
	// Graph's challenge leads to the sign-in of an app that speaks Graph.
	delete(h, "Www-Authenticate")
	t.correlate(h)
	roundRetryAfter(h)
	t.settleBody(res)
	if p := t.request.Picture; p != nil {
		api.SetResourceExpires(res, p.Expires, t.dialect.now())
	}
	if t.copied != nil {
		t.pollStatus(res)
	}
	return t.references(res)
}

// correlate gives the response the id that apps report: Graph's, or the app's own
// where something in front of Graph has responded.
func (t *translation) correlate(h http.Header) {
	if h["X-Correlationid"] != nil {
		return
	}
	for _, id := range [...][]string{h["Request-Id"], t.request.Header["X-Correlationid"]} {
		if len(id) > 0 {
			h["X-Correlationid"] = id[:1:1]
			return
		}
	}
}

// settleBody makes sure that what is said of the body is true of the translated one. An
// error without a body gets one.
func (t *translation) settleBody(res *http.Response) {
	switch {
	case t.request.Method != http.MethodHead:
		if res.StatusCode >= http.StatusBadRequest && (res.Body == nil || res.Body == http.NoBody) {
			res.Body = io.NopCloser(strings.NewReader(""))
		}
	case t.target.Route != Resource:
		for _, name := range [...]string{"Content-Length", "Etag", "Accept-Ranges"} {
			delete(res.Header, name)
		}
		res.ContentLength = -1
	}
}

// references makes the references in the header lead where the app can follow them.
func (t *translation) references(res *http.Response) (urls int) {
	location := res.Header.Get("Location")
	if location != "" {
		location = t.absolute(location)
	}
	if t.target.Me && res.StatusCode == http.StatusCreated {
		t.mapper.Me = t.userIn(location)
	}
	for _, name := range rewrite.Locations {
		for i, value := range res.Header[name] {
			n := 0
			res.Header[name][i], n = rewrite.Location(name, value, t.reference)
			urls += n
		}
	}
	if t.target.Route == Copy && res.StatusCode == http.StatusAccepted {
		urls += t.beginOperation(res.Header, location)
	}
	return urls
}

// roundRetryAfter rounds a wait up to whole seconds: Graph sends fractions, which
// HTTP does not know (RFC 9110 §10.2.3).
func roundRetryAfter(h http.Header) {
	value := strings.TrimSpace(h.Get("Retry-After"))
	seconds, err := strconv.ParseFloat(value, 64)
	if err != nil || seconds < 0 || seconds > math.MaxInt32 || !strings.Contains(value, ".") {
		return
	}
	h.Set("Retry-After", strconv.FormatFloat(math.Ceil(seconds), 'f', 0, 64))
}
