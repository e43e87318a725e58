// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
	"github.com/caddy-onenote/caddy-onenote/tokens/signin"
)

// adminAPI lets the operator manage accounts over Caddy's admin endpoint:
//
//	GET    /onenote/accounts                            all accounts
//	GET    /onenote/accounts/{name}                     one account; with ?wait=30s as soon as it can be used
//	POST   /onenote/accounts/{name}/refresh             refresh its access token now
//	POST   /onenote/accounts/{name}/try                 make one request as the account: {"path":"/api/..."}
//	POST   /onenote/accounts/{name}/signin              begin a sign-in: {"flow":"code"|"device"}
//	GET    /onenote/accounts/{name}/signin/{id}         its state; with ?wait=30s as soon as it has ended
//	POST   /onenote/accounts/{name}/signin/{id}/paste   end it: {"address":"<at which the browser ended>"}
//	DELETE /onenote/accounts/{name}                     sign out
//
// Accounts have the same form as at /auth/status. No response holds a token, but
// a client of this endpoint can change Caddy's configuration and so read them
// all.
//
// It has no state: Caddy makes it before the apps of a configuration, keeps it
// if that configuration then fails, and never cleans it up. So it looks up the
// running app at each request.
type adminAPI struct{}

// CaddyModule returns the Caddy module information.
func (adminAPI) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "admin.api.onenote",
		New: func() caddy.Module { return adminAPI{} },
	}
}

// Routes implements caddy.AdminRouter.
func (adminAPI) Routes() []caddy.AdminRoute {
	return []caddy.AdminRoute{
		adminRoute("GET /onenote/accounts", listAccounts),
		adminRoute("GET /onenote/accounts/{name}", forAccount(showAccount)),
		adminRoute("POST /onenote/accounts/{name}/refresh", forAccount(refreshAccount)),
		adminRoute("POST /onenote/accounts/{name}/try", forAccount(testAccount)),
		adminRoute("POST /onenote/accounts/{name}/renew", renamedTo("/onenote/accounts/{name}/refresh")),
		adminRoute("POST /onenote/accounts/{name}/signin", forAccount(beginSignin)),
		adminRoute("GET /onenote/accounts/{name}/signin/{id}", forAccount(showSignin)),
		adminRoute("POST /onenote/accounts/{name}/signin/{id}/paste", forAccount(pasteSignin)),
		adminRoute("DELETE /onenote/accounts/{name}", forAccount(signOut)),
	}
}

// accountList is the JSON form of several accounts.
type accountList struct {
	Accounts []tokens.Status `json:"accounts"`
}

// noContent stands for a response without a body.
type noContent struct{}

// adminFunc handles a request to the admin endpoint. It returns what is to be
// written as JSON, or noContent.
type adminFunc func(a *App, r *http.Request) (any, error)

// adminRoute runs f with the running app.
func adminRoute(pattern string, f adminFunc) caddy.AdminRoute {
	return caddy.AdminRoute{Pattern: pattern, Handler: caddy.AdminHandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		mod, err := caddy.ActiveContext().AppIfConfigured("onenote")
		if err != nil {
			return caddy.APIError{HTTPStatus: http.StatusNotFound, Err: errNoAppRuns}
		}
		v, err := f(mod.(*App), r)
		if err != nil {
			return err
		}
		w.Header().Set("Cache-Control", "no-store")
		if v == (noContent{}) {
			w.WriteHeader(http.StatusNoContent)
			return nil
		}
		w.Header().Set("Content-Type", "application/json")
		return json.NewEncoder(w).Encode(v)
	})}
}

// errNoAppRuns is the error of a server whose configuration has no accounts.
var errNoAppRuns = errors.New("no account is configured in the running configuration")

// renamedTo refuses requests to a path that has another name now.
func renamedTo(path string) adminFunc {
	return func(*App, *http.Request) (any, error) {
		return nil, notFound("this is now POST " + path)
	}
}

// forAccount runs f with the account of the path.
func forAccount(f func(a *App, account *tokens.Account, r *http.Request) (any, error)) adminFunc {
	return func(a *App, r *http.Request) (any, error) {
		account := a.account(r.PathValue("name"))
		if account == nil {
			return nil, notFound(fmt.Sprintf("there is no account %q; the accounts are %s", r.PathValue("name"), strings.Join(a.names(), ", ")))
		}
		return f(a, account, r)
	}
}

func listAccounts(a *App, r *http.Request) (any, error) {
	list := accountList{Accounts: []tokens.Status{}}
	for _, account := range a.all() {
		list.Accounts = append(list.Accounts, a.statusOf(account, r))
	}
	return list, nil
}

func showAccount(a *App, account *tokens.Account, r *http.Request) (any, error) {
	wait, err := parseWait(r.URL.Query().Get("wait"))
	if err != nil {
		return nil, badRequest(err)
	}
	a.readyWithin(r.Context(), wait, account.Name())
	return a.statusOf(account, r), nil
}

// statusOf returns the account with the address to sign in at.
func (a *App) statusOf(account *tokens.Account, r *http.Request) tokens.Status {
	s := account.Status(r.Context())
	if url := a.signinURL(account.Name()); url != "" && account.Config().Flow != oauth.FlowClientCredentials {
		s.SigninURL = &url
	}
	return s
}

func refreshAccount(a *App, account *tokens.Account, r *http.Request) (any, error) {
	if err := account.ForceRefresh(r.Context()); err != nil {
		return nil, accountError(err)
	}
	return a.statusOf(account, r), nil
}

func beginSignin(a *App, account *tokens.Account, r *http.Request) (any, error) {
	var in struct {
		Flow oauth.Flow `json:"flow"`
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	if in.Flow != "" && in.Flow != oauth.FlowCode && in.Flow != oauth.FlowDevice {
		return nil, badRequest(fmt.Errorf("flow %q: expected code or device", in.Flow))
	}
	attempt, err := a.operatorPages().Begin(r.Context(), account.Name(), in.Flow, a.redirectURI(account.Config()))
	if err != nil {
		return nil, accountError(err)
	}
	return attempt, nil
}

func showSignin(a *App, account *tokens.Account, r *http.Request) (any, error) {
	wait, err := parseWait(r.URL.Query().Get("wait"))
	if err != nil {
		return nil, badRequest(err)
	}
	ctx, cancel := a.within(r.Context(), wait)
	defer cancel()
	attempt, ok := a.operatorPages().AwaitAttempt(ctx, account.Name(), r.PathValue("id"))
	if !ok {
		return nil, notFound(signin.ErrNoAttempt.Error())
	}
	return attempt, nil
}

// within returns a context that ends after that time at the latest, and with the
// configuration.
func (a *App) within(ctx context.Context, wait time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	go func() {
		select {
		case <-a.ended:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

func pasteSignin(a *App, account *tokens.Account, r *http.Request) (any, error) {
	var in struct {
		Address string `json:"address"`
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	attempt, err := a.operatorPages().Paste(r.Context(), account.Name(), r.PathValue("id"), in.Address)
	if errors.Is(err, signin.ErrNoAttempt) {
		return nil, notFound(err.Error())
	}
	if err != nil {
		return nil, badRequest(err)
	}
	return attempt, nil
}

func signOut(a *App, account *tokens.Account, r *http.Request) (any, error) {
	a.attempts.Forget(account.Name()) // a sign-in under way must not bring the user back
	if err := account.SignOut(r.Context()); err != nil {
		return nil, accountError(err)
	}
	return noContent{}, nil
}

// maxAdminBody bounds the body of a request to the admin endpoint.
const maxAdminBody = 64 << 10

// decode reads a JSON body; no body is an empty object.
func decode(r *http.Request, v any) error {
	d := json.NewDecoder(io.LimitReader(r.Body, maxAdminBody))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil && !errors.Is(err, io.EOF) {
		// The error could quote an address with a code in it.
		return badRequest(errors.New("the body is not the JSON object that is expected here"))
	}
	return nil
}

// accountError gives a failure the status that says who can fix it.
func accountError(err error) error {
	e := caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: err}
	var f *oauth.Failure
	if !errors.As(err, &f) {
		return e
	}
	if f.Status.Hint != "" {
		e.Err = fmt.Errorf("%w. %s", err, f.Status.Hint)
	}
	switch f.Status.Class {
	case oauth.Transient:
		e.HTTPStatus = http.StatusServiceUnavailable
	case oauth.SigninRequired:
		e.HTTPStatus = http.StatusConflict
	default:
		e.HTTPStatus = http.StatusInternalServerError
	}
	return e
}

func notFound(message string) error {
	return caddy.APIError{HTTPStatus: http.StatusNotFound, Err: errors.New(message)}
}

func badRequest(err error) error {
	return caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: err}
}

// Interface guard
var _ caddy.AdminRouter = adminAPI{}
