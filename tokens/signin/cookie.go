// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"net/http"
	"net/url"
	"strings"
)

// cookieName returns the name of the cookie that binds an attempt to the
// browser that began it. Each attempt has its own: cookies ignore ports, so
// with one name for all, two tabs or two servers on one machine would take
// each other's sign-in away.
func cookieName(state digest) string { return "onenote_signin_" + state.label() }

// setCookie binds an attempt to the browser. Lax is what lets the cookie come
// along when the provider sends the browser back.
func setCookie(w http.ResponseWriter, base *url.URL, state digest, value string) {
	http.SetCookie(w, &http.Cookie{
		Name:     cookieName(state),
		Value:    value,
		Path:     cookiePath(base),
		MaxAge:   int(attemptLife.Seconds()),
		HttpOnly: true,
		Secure:   base.Scheme == "https",
		SameSite: http.SameSiteLaxMode,
	})
}

// clearCookie removes the cookie of an attempt that is over.
func clearCookie(w http.ResponseWriter, base *url.URL, state digest) {
	http.SetCookie(w, &http.Cookie{
		Name:     cookieName(state),
		Path:     cookiePath(base),
		MaxAge:   -1,
		HttpOnly: true,
		Secure:   base.Scheme == "https",
		SameSite: http.SameSiteLaxMode,
	})
}

// cookiePath keeps the cookie away from the API, also where we live below a
// path of another server.
func cookiePath(base *url.URL) string {
	return strings.TrimSuffix(base.EscapedPath(), "/") + "/auth/"
}

// sameBrowser returns the condition that an attempt was begun by the browser
// that sent r. What an operator began belongs to no browser: whoever got the
// address from the operator may follow it.
func sameBrowser(r *http.Request) func(*attempt) error {
	return func(t *attempt) error {
		if t.operator || boundTo(t, r) {
			return nil
		}
		return errOtherBrowser
	}
}

// begunHere is sameBrowser without the operator's attempts.
func begunHere(r *http.Request) func(*attempt) error {
	return func(t *attempt) error {
		if boundTo(t, r) {
			return nil
		}
		return errOtherBrowser
	}
}

// boundTo reports whether r carries the cookie of the attempt. A browser may
// send several of one name, from different paths; one right one will do.
func boundTo(t *attempt, r *http.Request) bool {
	for _, c := range r.CookiesNamed(cookieName(t.state)) {
		if t.cookie.is(c.Value) {
			return true
		}
	}
	return false
}
