// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"net/http"
	"strings"
	"time"

	"github.com/caddy-onenote/caddy-onenote/proxy/answer"
)

// resourceExpires is how the service writes X-ResourceExpires: US style, UTC,
// no zone, no leading zeros (article "One time Authentication for Public
// Resource").
const resourceExpires = "1/2/2006 3:04:05 PM"

// inbound makes the API's answer one for the client: headers cleaned, URLs
// rewritten, everything else as it came.
func (x *exchange) inbound(res *http.Response) {
	x.cleanHeader(res.Header)
	if x.Picture != nil {
		x.labelPicture(res)
	}
	headers := x.rewriteLocations(res.Header)
	if !x.rewriteBody(res, headers) {
		x.observeRewritten(0, 0, headers, 0)
	}
}

// cleanHeader removes what an answer must not do to the client's localhost,
// whose cookies and policies all its ports share, and makes browsers treat
// what it holds as foreign: notes are written by anyone.
func (x *exchange) cleanHeader(h http.Header) {
	for name := range h {
		if staysUpstream(name) {
			delete(h, name)
		}
	}
	// The values are this exchange's own: servers around us may change them
	// in place.
	x.safety = [...]string{"nosniff", "sandbox", "same-origin"}
	if x.Picture != nil {
		x.safety[2] = "cross-origin" // pages of any origin show it
	}
	h["X-Content-Type-Options"] = x.safety[0:1:1]
	h["Content-Security-Policy"] = x.safety[1:2:2]
	h["Cross-Origin-Resource-Policy"] = x.safety[2:3:3]
}

// staysUpstream reports whether a header field of the API does not go down.
func staysUpstream(name string) bool {
	switch name {
	case "Set-Cookie", "Set-Cookie2",
		"Strict-Transport-Security", "Clear-Site-Data", "Alt-Svc",
		"Nel", "Report-To",
		answer.Header: // which only answers of ours have
		return true
	}
	return strings.HasPrefix(name, "Access-Control-")
}

// labelPicture says of a local picture what the service says of its own public
// ones: how long the URL works. What it is, Content-Type says as it came.
func (x *exchange) labelPicture(res *http.Response) {
	if res.StatusCode < 300 || res.StatusCode == http.StatusNotModified {
		res.Header.Set("X-ResourceExpires", formatResourceExpires(x.Picture.Expires))
	}
}

func formatResourceExpires(t time.Time) string { return t.UTC().Format(resourceExpires) }

// rewriteLocations makes the addresses in header fields lead to us and returns
// how many did. Those of other hosts stay: the client follows them without a
// token.
func (x *exchange) rewriteLocations(h http.Header) (n int) {
	if !x.Links || x.Base == nil {
		return 0
	}
	for _, name := range locations {
		for i, value := range h[name] {
			k := 0
			h[name][i], k = rewriteLocation(name, value, x.localReference)
			n += k
		}
	}
	return n
}
