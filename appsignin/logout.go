// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package appsignin

import (
	"cmp"
	"net/http"
)

// logout sends an app back that signs out, if its address is listed. It clears nothing: the
// account of the proxy is not the app's to sign out.
func (s *Site) logout(q *request) {
	if q.r.Method == http.MethodHead {
		return
	}
	p := parseParams(q.query)
	address := cmp.Or(p.get("post_logout_redirect_uri"), p.get("redirect_uri"))
	if len(q.query) > maxQuery || !s.redirects.has(address) || p.differ["post_logout_redirect_uri"] || p.differ["redirect_uri"] {
		s.render(q, "end", page{Title: "Signed out of the app", Body: endPage{SignedOut: true, Unlisted: address}})
		return
	}
	var f fields
	if p.has("state") {
		f.add("state", p.get("state"))
	}
	seeOther(q.w, withQuery(address, f))
}

// endPage is a page on which the browser ends.
type endPage struct {
	SignedOut bool
	Unlisted  string
}

// showEnd is the page for desktop apps, which read its address and close it.
func (s *Site) showEnd(q *request) {
	if q.r.Method == http.MethodHead {
		q.w.WriteHeader(http.StatusOK)
		return
	}
	s.render(q, "end", page{Title: "Done", Body: endPage{}})
}
