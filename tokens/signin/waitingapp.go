// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

// appField names the app that waits for a sign-in, in the query of the sign-in page and in
// its forms. An app that signs in by itself leads its user here where nobody is signed in,
// and goes on afterwards.
const appField = "app"

// waitsFor notes that an app waits for the sign-in. An id of none is ignored. The app may
// have opened the page in a window of its own, and waits for that window: our pages must
// not cut the two apart.
func (p *Pages) waitsFor(q *pageRequest, app string) {
	if app == "" || p.Resume == nil {
		return
	}
	address, source := p.Resume(app)
	if address == "" {
		return
	}
	q.app, q.appSource = app, source
	q.w.Header().Del("Cross-Origin-Opener-Policy")
}

// afterSignin returns where a finished sign-in leads: back to the app that waits, else to
// the status page.
func (p *Pages) afterSignin(q *pageRequest, t attempt) string {
	if t.app == "" || p.Resume == nil {
		return q.root
	}
	address, _ := p.Resume(t.app)
	return q.root + address
}
