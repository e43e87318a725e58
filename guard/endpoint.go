// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"strings"

	"github.com/caddy-onenote/caddy-onenote/internal/accountname"
	"github.com/caddy-onenote/caddy-onenote/internal/apppath"
	"github.com/caddy-onenote/caddy-onenote/internal/authpath"
)

// The probes, and the actions of /auth/status and the icon, which belong to no account.
const (
	livePath     = "/healthz"
	readyPath    = "/readyz"
	statusAction = "status"
	iconAction   = "icon"
)

// An endpoint is what the listener serves under a path. If the kind is zero,
// it serves nothing there.
type endpoint struct {
	kind    Kind // API, Page, Probe or AppSignin
	methods methodSet
	account string           // of /auth/<account>/<action>
	action  string           // what follows the account; empty for the status page
	app     apppath.Endpoint // of a path at which apps sign in
}

// endpointOf finds the endpoint by the raw path: for the API because the raw
// path goes upstream, for our own because none of them needs an encoding.
func (g *Guard) endpointOf(path string) endpoint {
	switch path {
	case "/":
		return endpoint{kind: Page, methods: reading}
	case authpath.Status:
		return endpoint{kind: Page, methods: reading, action: statusAction}
	case authpath.Icon:
		return endpoint{kind: Page, methods: reading, action: iconAction}
	case livePath, readyPath:
		return endpoint{kind: Probe, methods: reading}
	}
	if strings.HasPrefix(path, authpath.Prefix) {
		return accountEndpoint(path)
	}
	for _, prefix := range g.paths {
		if strings.HasPrefix(path, prefix) {
			return endpoint{kind: API, methods: proxied}
		}
	}
	if g.appKeys != nil {
		return appEndpoint(path)
	}
	return endpoint{}
}

// appEndpoint finds the endpoint of a path at which apps sign in.
func appEndpoint(path string) endpoint {
	p, ok := apppath.Parse(path)
	if !ok {
		return endpoint{}
	}
	e := endpoint{kind: AppSignin, methods: reading, app: p.Endpoint}
	switch p.Endpoint {
	case apppath.Token, apppath.DeviceCode:
		e.methods = submitting
	case apppath.DevicePage, apppath.UserInfo:
		e.methods = form
	}
	return e
}

// accountEndpoint finds the endpoint of /auth/<account>/<action>.
func accountEndpoint(path string) endpoint {
	account, action, ok := authpath.Split(path)
	if !ok || !accountname.Valid(account) || !isActionName(action) {
		return endpoint{}
	}
	e := endpoint{kind: Page, methods: form, account: account, action: action}
	switch action {
	case authpath.PasteAction, authpath.SignoutAction:
		e.methods = submitting
	}
	return e
}

// isActionName reports whether s is lower-case words, separated by slashes, so
// that decoding it gives the same.
func isActionName(s string) bool {
	for word := range strings.SplitSeq(s, "/") {
		if !accountname.Valid(word) {
			return false
		}
	}
	return true
}

// hidesEndpoint reports whether a proxied prefix would cover endpoints of ours.
func hidesEndpoint(prefix string) bool {
	return strings.HasPrefix(prefix, authpath.Prefix) ||
		strings.HasPrefix(prefix, livePath+"/") || strings.HasPrefix(prefix, readyPath+"/")
}
