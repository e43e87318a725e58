// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package signin is the browser side of signing in: the status page, the pages
// that begin and end a sign-in, and the callback that the provider sends the
// browser to. It is plain net/http.
//
//	GET  /                          status page
//	GET  /auth/status               the same as JSON
//	GET  /auth/<account>/signin     a page with a button
//	POST /auth/<account>/signin     begins: 303 to the provider, or to the page with the device code
//	GET  /auth/<account>/callback   the provider's answer in the query, or a page that posts the fragment
//	POST /auth/<account>/callback   the provider's answer in a form
//	POST /auth/<account>/paste      the provider's answer as an address that the user brings
//	POST /auth/<account>/signout    deletes the tokens, then 303 to the provider's sign-out
//
// Who may speak is not decided here but by the guard around the pages, which
// also stops other sites from posting forms in a visitor's name. What is
// decided here is whether an answer of the provider belongs to a sign-in that
// was begun: its state parameter has to be live, used for the first time, of
// this account, and in the browser that began (RFC 6749 §10.12, RFC 9700
// §4.7). The state is looked at before anything else in an answer, errors
// included, so that a stray request ends no sign-in.
//
// The pages load nothing, work without script except where a fragment has to
// be read, and their links are relative, so they work below any path.
package signin

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/caddy-onenote/caddy-onenote/tokens"
	"go.uber.org/zap"
)

// Pages serves the pages of some accounts. Its exported fields are set before
// the first request and not changed any more. Close it when its configuration
// ends.
type Pages struct {
	// Accounts are shown and signed in, in this order.
	Accounts []*tokens.Account

	// Attempts are the sign-ins under way. Several Pages may share them.
	Attempts *Attempts

	// Clock defaults to the machine's.
	Clock tokens.Clock

	// Logger defaults to none.
	Logger *zap.Logger

	// PublicURL is our base as browsers reach it; it may have a path. Nil:
	// http://localhost and the port of the request.
	PublicURL *url.URL

	mu     sync.Mutex
	closed bool
	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	polls  sync.WaitGroup
}

// Close stops the polling for device sign-ins and waits for it. A sign-in
// that is under way goes on with the next Pages that share its Attempts.
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

// handler answers one method of one path of one account.
type handler func(p *Pages, e *exchange)

// routes are the paths below /auth/<account>/ and what answers their methods.
// HEAD goes where GET goes.
var routes = map[string]map[string]handler{
	"signin":   {http.MethodGet: (*Pages).showSignin, http.MethodPost: (*Pages).postSignin},
	"callback": {http.MethodGet: (*Pages).getCallback, http.MethodPost: (*Pages).postCallback},
	"paste":    {http.MethodPost: (*Pages).postPaste},
	"signout":  {http.MethodPost: (*Pages).postSignout},
}

// ServeHTTPFor answers one request of a visitor. Accounts that the visitor may
// not see do not exist for them.
func (p *Pages) ServeHTTPFor(w http.ResponseWriter, r *http.Request, v Visitor) {
	e := &exchange{w: w, r: r, visitor: v, base: v.base(r), root: "./"}
	setHeaders(w.Header())
	switch r.URL.Path {
	case "/":
		p.dispatch(e, map[string]handler{http.MethodGet: (*Pages).showStatus})
		return
	case "/auth/status":
		e.root = "../"
		p.dispatch(e, map[string]handler{http.MethodGet: (*Pages).statusJSON})
		return
	}
	name, action := splitPath(r.URL.Path)
	methods := routes[action]
	e.account = p.account(name, v)
	e.root = "../../"
	if methods == nil || e.account == nil {
		p.refuse(e, notFound)
		return
	}
	p.dispatch(e, methods)
}

// dispatch calls the handler of the request's method.
func (p *Pages) dispatch(e *exchange, methods map[string]handler) {
	method := e.r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if h := methods[method]; h != nil {
		h(p, e)
		return
	}
	var allow []string
	if methods[http.MethodGet] != nil {
		allow = append(allow, http.MethodGet, http.MethodHead)
	}
	if methods[http.MethodPost] != nil {
		allow = append(allow, http.MethodPost)
	}
	e.w.Header().Set("Allow", strings.Join(allow, ", "))
	p.refuse(e, badMethod)
}

// splitPath takes /auth/<account>/<action> apart; both are empty for any other
// path.
func splitPath(path string) (account, action string) {
	rest, ok := strings.CutPrefix(path, "/auth/")
	if !ok {
		return "", ""
	}
	account, action, ok = strings.Cut(rest, "/")
	if !ok || account == "" || strings.Contains(action, "/") {
		return "", ""
	}
	return account, action
}

// account returns the account of that name, if the visitor may see it.
func (p *Pages) account(name string, v Visitor) *tokens.Account {
	for _, a := range p.visible(v) {
		if a.Name() == name {
			return a
		}
	}
	return nil
}

// visible returns the accounts that the visitor may see.
func (p *Pages) visible(v Visitor) []*tokens.Account {
	if v.Account == "" {
		return p.Accounts
	}
	for i, a := range p.Accounts {
		if a.Name() == v.Account {
			return p.Accounts[i : i+1]
		}
	}
	return nil
}

func (p *Pages) clock() tokens.Clock {
	if p.Clock == nil {
		return tokens.SystemClock{}
	}
	return p.Clock
}

func (p *Pages) log() *zap.Logger {
	if p.Logger == nil {
		return zap.NewNop()
	}
	return p.Logger
}
