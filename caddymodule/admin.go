// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/signin"
)

// adminAPI lets the operator look after accounts over Caddy's admin endpoint:
//
//	GET    /onenote/accounts                            all accounts
//	GET    /onenote/accounts/{name}                     one account
//	POST   /onenote/accounts/{name}/renew               renew its access token now
//	POST   /onenote/accounts/{name}/signin              begin a sign-in: {"flow":"code"|"device"}
//	GET    /onenote/accounts/{name}/signin/{id}         how it goes
//	POST   /onenote/accounts/{name}/signin/{id}/paste   end it: {"address":"<where the browser ended>"}
//	DELETE /onenote/accounts/{name}                     sign out
//
// Accounts look as they do at /auth/status. Nothing here tells a token, but
// whoever reaches the endpoint can change Caddy's configuration and so owns
// them all.
//
// It holds nothing: Caddy makes it before the apps of a configuration, keeps
// it when that configuration then fails, and never cleans it up. So it asks
// for the running app at each request.
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
		adminRoute("POST /onenote/accounts/{name}/renew", forAccount(renewAccount)),
		adminRoute("POST /onenote/accounts/{name}/signin", forAccount(beginSignin)),
		adminRoute("GET /onenote/accounts/{name}/signin/{id}", forAccount(showSignin)),
		adminRoute("POST /onenote/accounts/{name}/signin/{id}/paste", forAccount(pasteSignin)),
		adminRoute("DELETE /onenote/accounts/{name}", forAccount(signOut)),
	}
}

// accountList is how accounts are told.
type accountList struct {
	Accounts []tokens.Status `json:"accounts"`
}

// noContent is the answer that has none.
type noContent struct{}

// adminFunc answers a request to the admin endpoint with what is to be
// written as JSON, or with noContent.
type adminFunc func(a *App, r *http.Request) (any, error)

// adminRoute runs f with the running app.
func adminRoute(pattern string, f adminFunc) caddy.AdminRoute {
	return caddy.AdminRoute{Pattern: pattern, Handler: caddy.AdminHandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		mod, err := caddy.ActiveContext().AppIfConfigured("onenote")
		if err != nil {
			return notFound("no account is configured in the running configuration")
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

// forAccount runs f with the account of the path.
func forAccount(f func(a *App, account *tokens.Account, r *http.Request) (any, error)) adminFunc {
	return func(a *App, r *http.Request) (any, error) {
		account := a.account(r.PathValue("name"))
		if account == nil {
			return nil, notFound(fmt.Sprintf("there is no account %q", r.PathValue("name")))
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
	return a.statusOf(account, r), nil
}

// statusOf returns the account with the address to sign in at.
func (a *App) statusOf(account *tokens.Account, r *http.Request) tokens.Status {
	s := account.Status(r.Context())
	base := a.firstSite()
	if base != nil && account.Config().Flow != tokens.FlowClientCredentials {
		url := a.operatorPages().SigninURL(base, account.Name())
		s.SigninURL = &url
	}
	return s
}

func renewAccount(a *App, account *tokens.Account, r *http.Request) (any, error) {
	if err := account.Retry(r.Context()); err != nil {
		return nil, accountError(err)
	}
	return a.statusOf(account, r), nil
}

func beginSignin(a *App, account *tokens.Account, r *http.Request) (any, error) {
	var ask struct {
		Flow tokens.Flow `json:"flow"`
	}
	if err := decode(r, &ask); err != nil {
		return nil, err
	}
	if ask.Flow != "" && ask.Flow != tokens.FlowCode && ask.Flow != tokens.FlowDevice {
		return nil, badRequest(fmt.Errorf("flow %q: expected code or device", ask.Flow))
	}
	attempt, err := a.operatorPages().Begin(r.Context(), account.Name(), ask.Flow, "")
	if err != nil {
		return nil, accountError(err)
	}
	return attempt, nil
}

func showSignin(a *App, account *tokens.Account, r *http.Request) (any, error) {
	attempt, ok := a.operatorPages().Attempt(account.Name(), r.PathValue("id"))
	if !ok {
		return nil, notFound(signin.ErrNoAttempt.Error())
	}
	return attempt, nil
}

func pasteSignin(a *App, account *tokens.Account, r *http.Request) (any, error) {
	var ask struct {
		Address string `json:"address"`
	}
	if err := decode(r, &ask); err != nil {
		return nil, err
	}
	attempt, err := a.operatorPages().Paste(r.Context(), account.Name(), r.PathValue("id"), ask.Address)
	if errors.Is(err, signin.ErrNoAttempt) {
		return nil, notFound(err.Error())
	}
	if err != nil {
		return nil, badRequest(err)
	}
	return attempt, nil
}

func signOut(a *App, account *tokens.Account, r *http.Request) (any, error) {
	a.attempts.Forget(account.Name()) // what was begun before must not bring the user back
	if err := account.SignOut(r.Context()); err != nil {
		return nil, accountError(err)
	}
	return noContent{}, nil
}

// maxAsk bounds the body of a request to the admin endpoint.
const maxAsk = 64 << 10

// decode reads a JSON body; no body is an empty object.
func decode(r *http.Request, v any) error {
	d := json.NewDecoder(io.LimitReader(r.Body, maxAsk))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil && !errors.Is(err, io.EOF) {
		// The error could quote an address with a code in it.
		return badRequest(errors.New("the body is not the JSON object that is expected here"))
	}
	return nil
}

// accountError gives a failure the status that says who can cure it.
func accountError(err error) error {
	e := caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: err}
	var f *tokens.Failure
	if !errors.As(err, &f) {
		return e
	}
	if f.Hint() != "" {
		e.Err = fmt.Errorf("%w. %s", err, f.Hint())
	}
	switch tokens.Class(f.Class()) {
	case tokens.Passing:
		e.HTTPStatus = http.StatusServiceUnavailable
	case tokens.SigninRequired:
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
