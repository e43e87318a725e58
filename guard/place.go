// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import "strings"

// The actions that the guard treats in ways of their own.
const (
	statusAction   = "status"   // /auth/status
	signinAction   = "signin"   // the page with the button, and the button
	callbackAction = "callback" // where the identity provider sends the browser
	pasteAction    = "paste"
	signoutAction  = "signout"
)

// A place is what the listener has under a path. Nothing is there where the
// kind is zero.
type place struct {
	kind    Kind // API, Page or Probe
	methods methodSet
	account string // of /auth/<account>/<action>
	action  string // what follows it; empty for the status page
}

// placeOf finds the place by the raw path: for the API because that is what
// goes upstream, for ours because none of them needs an encoding.
func (g *Guard) placeOf(path string) place {
	switch path {
	case "/":
		return place{kind: Page, methods: reading}
	case "/auth/status":
		return place{kind: Page, methods: reading, action: statusAction}
	case "/healthz", "/readyz":
		return place{kind: Probe, methods: reading}
	}
	if rest, ok := strings.CutPrefix(path, "/auth/"); ok {
		return accountPlace(rest)
	}
	for _, prefix := range g.paths {
		if strings.HasPrefix(path, prefix) {
			return place{kind: API, methods: proxied}
		}
	}
	return place{}
}

// accountPlace finds the place of <account>/<action>.
func accountPlace(rest string) place {
	account, action, ok := strings.Cut(rest, "/")
	if !ok || !isAccountName(account) || !isActionName(action) {
		return place{}
	}
	p := place{kind: Page, methods: form, account: account, action: action}
	switch action {
	case pasteAction, signoutAction:
		p.methods = submitting
	}
	return p
}

// isAccountName reports whether s is [a-z0-9][a-z0-9_-]{0,62}.
func isAccountName(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '_' || s[0] == '-' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '_' || c == '-') {
			return false
		}
	}
	return true
}

// isActionName reports whether s is lower-case words, separated by slashes, so
// that decoding it gives the same.
func isActionName(s string) bool {
	for word := range strings.SplitSeq(s, "/") {
		if !isAccountName(word) {
			return false
		}
	}
	return true
}

// isOwn reports whether a prefix would take paths away from our own places.
func isOwn(prefix string) bool {
	return strings.HasPrefix(prefix, "/auth/") ||
		strings.HasPrefix(prefix, "/healthz/") || strings.HasPrefix(prefix, "/readyz/")
}
