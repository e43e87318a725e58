// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"net/http"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
)

// rewriteResponse makes the API's response one for the client: header cleaned,
// URLs rewritten, everything else as it came.
func (x *exchange) rewriteResponse(res *http.Response) {
	x.cleanHeader(res.Header)
	x.cleanTrailer(res)
	x.forbidSharedCaches(res.Header)
	urls := x.translation.ResponseHeader(res)
	if !x.rewriteBody(res, urls) {
		x.observeRewritten(0, 0, urls, 0)
	}
}

// cleanHeader removes what a response must not do to the client's localhost,
// whose cookies and policies all its ports share. It makes browsers treat the
// body as foreign: notes are written by anyone.
func (x *exchange) cleanHeader(h http.Header) {
	for name := range h {
		if isRemoved(name) {
			delete(h, name)
		}
	}
	// The values belong to this exchange: the server around it may change them
	// in place.
	x.safety = [...]string{"nosniff", "sandbox", "same-origin"}
	if x.Picture != nil {
		x.safety[2] = "cross-origin" // pages of any origin show it
	}
	h["X-Content-Type-Options"] = x.safety[0:1:1]
	h["Content-Security-Policy"] = x.safety[1:2:2]
	h["Cross-Origin-Resource-Policy"] = x.safety[2:3:3]
}

// isRemoved reports whether a header field of the API is not sent to the client.
func isRemoved(name string) bool {
	switch name {
	case "Set-Cookie", "Set-Cookie2",
		"Strict-Transport-Security", "Clear-Site-Data", "Alt-Svc",
		"Nel", "Report-To", "Reporting-Endpoints", "Public-Key-Pins", "Service-Worker-Allowed", "Set-Login",
		apierror.Header: // which only error responses of ours have
		return true
	}
	return strings.HasPrefix(name, "Access-Control-")
}

// isSafety reports whether the value of a header field is ours; see cleanHeader.
func isSafety(name string) bool {
	return name == "X-Content-Type-Options" || name == "Content-Security-Policy" || name == "Cross-Origin-Resource-Policy"
}
