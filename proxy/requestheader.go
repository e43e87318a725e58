// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"iter"
	"net/http"
	"net/textproto"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/caddy-onenote/caddy-onenote/internal/ascii"
	"github.com/caddy-onenote/caddy-onenote/internal/credentials"
	"github.com/caddy-onenote/caddy-onenote/internal/forwarding"
)

// upstreamHeader returns the client's header without the fields that are not
// sent to the API. The values are shared with the client's request: nobody
// changes them.
func (x *exchange) upstreamHeader() http.Header {
	// Most often, few of the client's fields are left; a small map is cheap.
	h := make(http.Header, 8)
	for name, values := range x.in.Header {
		if !isDropped(name) {
			h[name] = values
		}
	}
	for name := range x.connectionFields() {
		delete(h, name)
	}
	if httpguts.HeaderValuesContainsToken(x.in.Header["Te"], "trailers") {
		h["Te"] = acceptsTrailers
	}
	if _, ok := h["User-Agent"]; !ok {
		h["User-Agent"] = noUserAgent
	}
	x.addLoop(h)
	return h
}

// These values are shared by all requests: nobody changes them.
var (
	// acceptsTrailers is all that TE says beyond one connection (RFC 9110 §10.1.4).
	acceptsTrailers = []string{"trailers"}

	// noUserAgent keeps net/http from naming itself for a client that names nothing.
	noUserAgent = []string{""}
)

// connectionFields are the fields that are for the client's connection only (RFC
// 9110 §7.6.1).
func (x *exchange) connectionFields() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, names := range x.in.Header["Connection"] {
			for name := range strings.SplitSeq(names, ",") {
				if !yield(textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name))) {
					return
				}
			}
		}
	}
}

func (x *exchange) isConnectionField(name string) bool {
	for field := range x.connectionFields() {
		if field == name {
			return true
		}
	}
	return false
}

// addLoop adds this proxy to CDN-Loop (RFC 8586). What others wrote stays.
func (x *exchange) addLoop(h http.Header) {
	if x.Loop == "" {
		return
	}
	x.cdnLoop[0] = x.Loop
	if before := h["Cdn-Loop"]; len(before) > 0 {
		x.cdnLoop[0] = strings.Join(before, ", ") + ", " + x.Loop
	}
	h["Cdn-Loop"] = x.cdnLoop[:]
}

// requestCoding asks for gzip where the response may have a body to rewrite, since
// gzip can be decoded here. Everywhere else the client's own wish stands: some apps
// must name a certain coding, or none, for the API to take their changes. A client
// without a wish gets the bytes as they are, where net/http would ask for gzip by
// itself and lose the response's length and validators by decoding it.
func (x *exchange) requestCoding(h http.Header) {
	_, ranged := h["Range"]
	switch {
	case ranged || x.out.Method == http.MethodHead:
		return
	case x.req.RewriteResponse && x.choosesCoding(h):
		x.acceptEncoding[0] = "gzip"
	case h.Get("Accept-Encoding") == "":
		x.acceptEncoding[0] = "identity"
	default:
		return
	}
	h["Accept-Encoding"] = x.acceptEncoding[:]
}

// choosesCoding reports whether the proxy chooses the coding of a response, which
// may be rewritten, in place of the client. The response to a PATCH or DELETE has
// no body unless it is an error. That to a POST is rewritten in any coding that can
// be decoded here.
func (x *exchange) choosesCoding(h http.Header) bool {
	switch x.out.Method {
	case http.MethodGet:
		return true
	case http.MethodPost:
		return acceptsRewritable(h) && !acceptsOnlyKnown(h)
	}
	return false
}

// acceptsRewritable reports whether a client may get a response of a type that is
// rewritten.
func acceptsRewritable(h http.Header) bool {
	types := h["Accept"]
	for _, value := range types {
		for _, part := range [...]string{"json", "multipart", "html", "*"} {
			if ascii.ContainsFold(value, part) {
				return true
			}
		}
	}
	return len(types) == 0
}

// isDropped reports whether a field of the client's header or trailers is not sent to the API:
// credentials, which the proxy chooses; what tells of the hops up to here; what
// would make the API respond to another request than the one that was checked;
// and what browsers say about pages, which the API does not serve to them.
// Aliases with underscores count as the field itself, as CGI-like servers read
// them.
func isDropped(name string) bool {
	known := textproto.CanonicalMIMEHeaderKey(name)
	if strings.IndexByte(name, '_') >= 0 {
		known = textproto.CanonicalMIMEHeaderKey(strings.ReplaceAll(name, "_", "-"))
		switch known {
		case "Content-Length", "Host", "Te", "Trailer", "Cdn-Loop":
			return true
		}
	}
	switch known {
	case "X-Method-Override", "X-Original-Url", "X-Rewrite-Url",
		"Origin", "Referer",
		// Of one connection only (RFC 9110 §7.6.1). The API is never asked to
		// switch protocols: a server may ignore the wish, with which some HTTP
		// libraries begin each connection (Upgrade: h2c).
		"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Transfer-Encoding",
		"Upgrade", "Http2-Settings":
		return true
	}
	return credentials.Field(known) || forwarding.Field(known) || hasPrefixOf(known, "X-Forwarded", "X-Http-Method", "Sec-Fetch-", "Sec-Websocket-", "Access-Control-Request-")
}

func hasPrefixOf(s string, prefixes ...string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}
