// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-onenote/caddy-onenote/appsignin"
	"github.com/caddy-onenote/caddy-onenote/guard"
	"github.com/caddy-onenote/caddy-onenote/internal/apppath"
	"github.com/caddy-onenote/caddy-onenote/internal/repeated"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// checkOption implements optionChecker, besides what Access checks.
func (h *Handler) checkOption(name string) error {
	if name != "app_signin" {
		return h.Access.checkOption(name)
	}
	for _, uri := range h.AppSignin {
		if err := appsignin.CheckRedirectURI(uri); err != nil && !strings.Contains(uri, "{") {
			return err
		}
	}
	return nil
}

// provisionAppSignin prepares the sign-in of apps, and lets the guard know their keys.
func (h *Handler) provisionAppSignin(config *guard.Config) error {
	if len(h.AppSignin) == 0 {
		return nil
	}
	service, err := h.site.app.appService()
	if err != nil {
		return err
	}
	if h.site.appSignin, err = service.NewSite(h.AppSignin); err != nil {
		return fmt.Errorf("app_signin: %w", err)
	}
	config.AppKeys = &appKeys{service: service, log: h.site.logger}
	return nil
}

// appService returns what the sites with app_signin share. Nothing is read or made before
// the first app signs in.
func (a *App) appService() (*appsignin.Service, error) {
	if a.appSignin != nil {
		return a.appSignin, nil
	}
	memory, err := a.lease.appMemory()
	if err != nil {
		return nil, err
	}
	records := appRecords{tokens.Vault{Storage: a.store, Keys: a.keys, Folder: "onenote/app_signin"}}
	a.appSignin = &appsignin.Service{
		Account:     a.appAccount,
		Memory:      memory,
		Keys:        &appsignin.Keyring{Secrets: func() ([][]byte, error) { return a.keys.Keys(true) }},
		Revocations: &appsignin.Revocations{Records: records, Now: a.clock.Now, Logger: a.logger},
		SigningKey:  &appsignin.SigningKey{Records: records},
		Now:         a.clock.Now,
		Logger:      a.logger,
	}
	return a.appSignin, nil
}

// hasAppKeys reports whether apps have keys of any site: they may send them to any other.
func (a *App) hasAppKeys() bool { return a.appSignin != nil }

// appAccount returns an account as apps sign in to it, or nil.
func (a *App) appAccount(name string) appsignin.Account {
	account := a.account(name)
	if account == nil {
		return nil
	}
	return appAccount{account}
}

type appAccount struct{ *tokens.Account }

// SignIn implements appsignin.Account.
func (a appAccount) SignIn(ctx context.Context) (appsignin.SignIn, error) {
	s, err := a.CurrentSignIn(ctx)
	return a.signIn(s, err)
}

// Latest implements appsignin.Account.
func (a appAccount) Latest(ctx context.Context) (appsignin.SignIn, error) {
	s, err := a.LatestSignIn(ctx)
	return a.signIn(s, err)
}

// signIn tells it in the words of package appsignin.
func (appAccount) signIn(s tokens.CurrentSignIn, err error) (appsignin.SignIn, error) {
	if err != nil || s.ID == "" {
		return appsignin.SignIn{}, err
	}
	signin := appsignin.SignIn{ID: s.ID, Name: s.User.FullName}
	switch s.State {
	case tokens.Ready, tokens.Degraded, tokens.Unavailable, tokens.Refused:
		signin.Usable = true
	}
	if strings.Contains(s.User.Name, "@") {
		signin.Address = s.User.Name
	}
	if signin.Name == "" && signin.Address == "" {
		signin.Name = s.Label
	}
	return signin, nil
}

// appRecords keeps what apps need in the storage of the accounts.
type appRecords struct{ vault tokens.Vault }

// Load implements appsignin.Records.
func (r appRecords) Load(ctx context.Context, name string, content any) error {
	err := r.vault.Load(ctx, name, content)
	if errors.Is(err, tokens.ErrNoValue) {
		return appsignin.ErrNoRecord
	}
	return err
}

// Update implements appsignin.Records.
func (r appRecords) Update(ctx context.Context, name string, content any, change func() bool) error {
	return r.vault.Update(ctx, name, content, change)
}

// appKeys tells the guard which keys apps have.
type appKeys struct {
	service *appsignin.Service
	log     *zap.Logger
	failure repeated.Failure
}

// Has implements guard.AppKeys.
func (k *appKeys) Has(text string) bool { return appsignin.IsKey(text) }

// Check implements guard.AppKeys.
func (k *appKeys) Check(ctx context.Context, key string) (guard.AppGrant, *apierror.Error) {
	holder, err := k.service.Check(ctx, key)
	switch {
	case err == nil:
		k.failure.End()
		return guard.AppGrant(holder), nil
	case appsignin.IsDead(err):
		return guard.AppGrant{}, deadAppKey(err)
	}
	k.failure.Log(k.log, k.service.Now(), "keys of apps cannot be checked", err)
	return guard.AppGrant{}, &apierror.Error{
		Cause:      apierror.IdentityUnavailable,
		Message:    "the key of the app cannot be checked now, because the storage or the sealing key cannot be used; the log says why. Try again.",
		RetryAfter: 5 * time.Second,
	}
}

// appAdmission tells what the guard knows of a request with which an app signs in.
func appAdmission(route *guard.Route) appsignin.Admission {
	v := appsignin.Admission{Target: route.Target, Base: route.Base, Account: route.Account, ClientKey: route.ClientKey}
	if route.Remote {
		v.Client = route.Client.String()
	}
	if route.LetsIn != nil {
		v.LetsIn = func(h appsignin.Holder) bool { return route.LetsIn(guard.AppGrant(h)) }
	}
	return v
}

// deadAppKey makes an app refresh its key, or sign in again.
func deadAppKey(err error) *apierror.Error {
	return &apierror.Error{
		Cause:   apierror.SigninRequired,
		Message: "the key that the app got from this proxy (app_signin) opens nothing any more: " + err.Error() + ". The app has to refresh it, or to sign in again.",
	}
}

// resumeApp returns where an app goes on that waits for somebody to sign in.
func (s *site) resumeApp(id string) (address, source string) {
	return s.appSignin.Memory.Resume(s.app.clock.Now(), id)
}

// holdsAppSecret reports whether the access log would hold what apps exchange when they
// sign in, or a key of theirs in a place where Caddy does not hide it.
func holdsAppSecret(r *http.Request) bool {
	if _, ok := apppath.Parse(r.URL.Path); ok {
		return true
	}
	if referer, err := url.Parse(r.Header.Get("Referer")); err == nil {
		if _, ok := apppath.Parse(referer.Path); ok && referer.RawQuery != "" {
			return true // a link on a page that an app has led to
		}
	}
	if appsignin.Holds(r.RequestURI) || appsignin.Holds(r.URL.RawQuery) {
		return true
	}
	for name, values := range r.Header {
		switch name {
		case "Authorization", "Proxy-Authorization":
			continue // hidden by Caddy, or by holdsSecret
		case "Cookie":
			if !logsCredentials(r) {
				continue // hidden by Caddy
			}
		}
		for _, value := range values {
			if appsignin.Holds(value) {
				return true
			}
		}
	}
	return false
}

// withAppKey returns a request that has the key of its app in a field, wherever the app has
// put it: the requests of a batch have the fields of the whole.
func withAppKey(r *http.Request, route *guard.Route) *http.Request {
	if route.AppKey == "" || len(r.Header[guard.KeyHeader]) > 0 {
		return r
	}
	keyed := *r
	keyed.Header = r.Header.Clone()
	keyed.Header.Set(guard.KeyHeader, route.AppKey)
	return &keyed
}

// withoutAppKeys returns a request and its route without keys of apps, wherever the app has
// put them: they do not go upstream, and reverse_proxy does not log them.
func withoutAppKeys(r *http.Request, route *guard.Route) (*http.Request, *guard.Route) {
	masked := *r
	masked.Header = appsignin.MaskHeader(r.Header)
	masked.Body = appsignin.MaskBody(r.Body, r.Trailer)
	if appsignin.Holds(route.Target) {
		url := *r.URL
		url.Path, url.RawPath, url.RawQuery = appsignin.Mask(url.Path), appsignin.Mask(url.RawPath), appsignin.Mask(url.RawQuery)
		masked.URL, masked.RequestURI = &url, appsignin.Mask(r.RequestURI)
		withoutKey := *route
		withoutKey.Target = appsignin.Mask(route.Target)
		route = &withoutKey
	}
	return &masked, route
}

// withoutAppKeysInHeader returns a request without keys of apps in its header: header_up may
// have copied there what the client has sent, from before withoutAppKeys.
func (s *site) withoutAppKeysInHeader(req *http.Request) *http.Request {
	if !s.app.hasAppKeys() {
		return req
	}
	masked := *req
	masked.Header = appsignin.MaskHeader(req.Header)
	return &masked
}

// Interface guards
var (
	_ appsignin.Account = appAccount{}
	_ appsignin.Records = appRecords{}
	_ guard.AppKeys     = (*appKeys)(nil)
	_ optionChecker     = (*Handler)(nil)
)
