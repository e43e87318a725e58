// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package signin is the browser side of signing in: the status page, the pages
// that begin and end a sign-in, and the callback that the provider sends the
// browser to. It is plain net/http.
//
//	GET  /                          status page
//	GET  /auth/status               the same as JSON
//	GET  /favicon.ico               the pages' icon
//	GET  /auth/<account>/signin     a page with a button
//	POST /auth/<account>/signin     begins: 303 to the provider, or to the page with the device code
//	GET  /auth/<account>/callback   the provider's response in the query, or a page that posts the fragment
//	POST /auth/<account>/callback   the provider's response in a form
//	POST /auth/<account>/paste      the provider's response as an address that the user pastes
//	POST /auth/<account>/signout    deletes the tokens, then 303 to the provider's sign-out
//
// The guard around the pages decides who may send a request, and stops other
// sites from posting forms in a user's name. The pages decide whether a response
// of the provider belongs to a sign-in that was begun here: its state parameter
// must be valid, unused, of this account, and come from the browser that began
// (RFC 6749 §10.12, RFC 9700 §4.7). The state is checked before everything else in
// a response, errors included, so that a stray request ends no sign-in.
//
// The pages load no other resource, and their links are relative, so they work below
// any path. They work without script, except where a fragment has to be read; with it
// they copy, show local times, and load themselves again without disturbing anybody.
package signin

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"go.uber.org/zap"

	"github.com/caddy-onenote/caddy-onenote/internal/authpath"
	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// Pages serves the pages of some accounts. Its exported fields are set before
// the first request and not changed any more. Close it when its configuration
// ends.
type Pages struct {
	// Accounts are shown and signed in, in this order.
	Accounts []*tokens.Account

	// Attempts are the sign-ins in progress. Several Pages may share them.
	Attempts *Attempts

	// Clock defaults to the machine's.
	Clock oauth.Clock

	// Logger defaults to none.
	Logger *zap.Logger

	// PublicURL is the base URL at which browsers reach us; it may have a path. Nil:
	// http://localhost and the port of the request.
	PublicURL *url.URL

	// API is what the site is in front of; nil where the pages do not tell.
	API *API

	// PagesOnly says that the pages stand at an address of their own, where no app
	// gets a response.
	PagesOnly bool

	// NotFound responds where there is no page, or none that the client may see. Nil: a
	// page does.
	NotFound http.HandlerFunc

	// Served returns what was served for an account; nil: not counted.
	Served func(account string) Served

	// Version is that of the product; it may be empty.
	Version string

	// Bases returns the base URLs of all sites that serve the accounts. They tell a
	// redirect URI that leads to one of them from one that leads elsewhere. May be nil.
	Bases func() []*url.URL

	// Intercepted reports whether a host of Microsoft's leads to this proxy where apps
	// run, so that a browser may meet the proxy there. Nil: none does.
	Intercepted func(host string) bool

	// Test sends a request with the token of an account to each API that the account
	// is used for, and returns what they responded. It is called after a sign-in,
	// while the user waits for the page. May be nil.
	Test func(ctx context.Context, account string) []Test

	// Resume returns the address, relative to our base URL, at which an app goes on that
	// waits for somebody to sign in, and where it is sent in the end, as a source of a
	// Content-Security-Policy. Both are empty where none waits under that id. May be nil.
	Resume func(id string) (address, source string)

	mu     sync.Mutex
	closed bool
	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	polls  sync.WaitGroup
}

// Close stops the polling for device sign-ins and waits for it. A sign-in in
// progress goes on with the next Pages that share its Attempts.
func (p *Pages) Close() error {
	p.mu.Lock()
	p.closed = true
	if p.cancel != nil {
		p.cancel()
	}
	p.mu.Unlock()
	p.polls.Wait()
	return nil
}

// handler serves one method of one path of one account.
type handler func(p *Pages, q *pageRequest)

// routes are the paths below /auth/<account>/ and the handlers of their methods.
// HEAD has the handler of GET.
var routes = map[string]map[string]handler{
	authpath.SigninAction:   {http.MethodGet: (*Pages).showSignin, http.MethodPost: (*Pages).postSignin},
	authpath.CallbackAction: {http.MethodGet: (*Pages).getCallback, http.MethodPost: (*Pages).postCallback},
	authpath.PasteAction:    {http.MethodPost: (*Pages).postPaste},
	authpath.SignoutAction:  {http.MethodPost: (*Pages).postSignout},
}

// ServeHTTPFor serves one request of a client with this access. An account that
// the client may not see does not exist for it.
func (p *Pages) ServeHTTPFor(w http.ResponseWriter, r *http.Request, access Access) {
	q := &pageRequest{w: w, r: r, access: access, base: access.base(r), root: "./"}
	setHeaders(w.Header())
	switch r.URL.Path {
	case "/":
		p.dispatch(q, map[string]handler{http.MethodGet: (*Pages).showStatus})
		return
	case authpath.Status:
		q.root = "../"
		p.dispatch(q, map[string]handler{http.MethodGet: (*Pages).statusJSON})
		return
	}
	if r.URL.Path == authpath.Icon {
		p.dispatch(q, map[string]handler{http.MethodGet: (*Pages).showIcon})
		return
	}
	name, action := splitPath(r.URL.Path)
	methods := routes[action]
	q.account = p.account(name, access)
	q.root = "../../"
	if methods == nil || q.account == nil {
		p.showNotFound(q)
		return
	}
	p.dispatch(q, methods)
}

func (p *Pages) showNotFound(q *pageRequest) {
	if p.NotFound != nil {
		p.NotFound(q.w, q.r)
		return
	}
	p.refuse(q, notFound)
}

// dispatch calls the handler of the request's method.
func (p *Pages) dispatch(q *pageRequest, methods map[string]handler) {
	method := q.r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if h := methods[method]; h != nil {
		h(p, q)
		return
	}
	var allow []string
	if methods[http.MethodGet] != nil {
		allow = append(allow, http.MethodGet, http.MethodHead)
	}
	if methods[http.MethodPost] != nil {
		allow = append(allow, http.MethodPost)
	}
	q.w.Header().Set("Allow", strings.Join(allow, ", "))
	p.refuse(q, badMethod)
}

// splitPath splits /auth/<account>/<action>; both are empty for any other path.
func splitPath(path string) (account, action string) {
	account, action, ok := authpath.Split(path)
	if !ok || account == "" || strings.Contains(action, "/") {
		return "", ""
	}
	return account, action
}

// account returns the account of that name, if the client may see it.
func (p *Pages) account(name string, access Access) *tokens.Account {
	if !access.Sees(name) {
		return nil
	}
	for _, a := range p.Accounts {
		if a.Name() == name {
			return a
		}
	}
	return nil
}

// visible returns the accounts that the client may see.
func (p *Pages) visible(access Access) []*tokens.Account {
	var visible []*tokens.Account
	for _, a := range p.Accounts {
		if access.Sees(a.Name()) {
			visible = append(visible, a)
		}
	}
	return visible
}

func (p *Pages) clock() oauth.Clock {
	if p.Clock == nil {
		return oauth.SystemClock{}
	}
	return p.Clock
}

func (p *Pages) log() *zap.Logger {
	if p.Logger == nil {
		return zap.NewNop()
	}
	return p.Logger
}
