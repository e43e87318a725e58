// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/internal/authpath"
)

// cookieName returns the name of the cookie that binds an attempt to the
// browser that began it. Each attempt has its own: cookies ignore ports, so with
// one name for all, two tabs or two servers on one machine would break each other's
// sign-in.
func cookieName(state digest) string { return "onenote_signin_" + state.label() }

// setCookie binds an attempt to the browser. With Lax the browser sends the cookie
// when it comes back from the provider.
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

// cookiePath keeps the cookie away from the API, also where we are below a path of
// another server.
func cookiePath(base *url.URL) string {
	return strings.TrimSuffix(base.EscapedPath(), "/") + authpath.Prefix
}

// sameBrowser returns the condition that an attempt was begun by the browser that
// sent r. An operator's attempt belongs to no browser: anybody who got the address
// from the operator may open it.
func sameBrowser(r *http.Request) func(*attempt) error {
	return func(t *attempt) error {
		if t.operator || boundTo(t, r) {
			return nil
		}
		return errOtherBrowser
	}
}

// sameBrowserOnly is sameBrowser without the operator's attempts.
func sameBrowserOnly(r *http.Request) func(*attempt) error {
	return func(t *attempt) error {
		if boundTo(t, r) {
			return nil
		}
		return errOtherBrowser
	}
}

// boundTo reports whether r has the cookie of the attempt. A browser may send
// several of one name, from different paths; one that matches is enough.
func boundTo(t *attempt, r *http.Request) bool {
	for _, c := range r.CookiesNamed(cookieName(t.state)) {
		if t.cookie.is(c.Value) {
			return true
		}
	}
	return false
}
