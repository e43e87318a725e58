// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-onenote/caddy-onenote/appsignin"
	"github.com/caddy-onenote/caddy-onenote/guard"
	"github.com/caddy-onenote/caddy-onenote/internal/drain"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
	"github.com/caddy-onenote/caddy-onenote/tokens/signin"
)

// A site is what the handlers onenote and onenote_status have in common: the
// guard, and the pages and probes behind it.
type site struct {
	app    *App
	logger *zap.Logger

	account string // as configured, or the only one
	dynamic bool   // it holds placeholders

	bases             []*url.URL // where it is reached, as far as that is known
	guard             guardSource
	pages             *signin.Pages
	allowRemoteSignin bool
	forwardedScheme   forwardedScheme

	// appSignin lets apps sign in by themselves; nil without app_signin.
	appSignin *appsignin.Site

	// serveAPI proxies what the guard admits to the API. It is nil where no
	// path is the API's.
	serveAPI func(w http.ResponseWriter, r *http.Request, route *guard.Route) error
}

// chooseAccount settles whose token is used, as far as that can be known before
// a request.
func (s *site) chooseAccount(a *Access) error {
	s.account, s.dynamic = a.Account, strings.Contains(a.Account, "{")
	names := s.app.names()
	if s.account == "" && len(names) == 1 {
		s.account = names[0]
	}
	if s.account != "" && !s.dynamic {
		if err := s.exists("account", s.account); err != nil {
			return err
		}
	}
	for _, k := range a.ClientKeys {
		if k.Account == "" {
			continue
		}
		if err := s.exists("client_key "+k.Name, k.Account); err != nil {
			return err
		}
	}
	return nil
}

// exists returns an error if there is no such account.
func (s *site) exists(option, name string) error {
	if s.app.account(name) != nil {
		return nil
	}
	return fmt.Errorf("%s: there is no account %q; the accounts are %s", option, name, strings.Join(s.app.names(), ", "))
}

// servedAccounts returns whether the site can give a request an account: its
// own one, any one if it is chosen for each request, or that of a key.
func (s *site) servedAccounts(keys []ClientKey) func(account string) bool {
	return func(account string) bool {
		if s.dynamic {
			return s.app.account(account) != nil
		}
		return account != "" && account == s.account ||
			slices.ContainsFunc(keys, func(k ClientKey) bool { return k.Account != "" && k.Account == account })
	}
}

// audience returns the API that the tokens of the site's accounts are for:
// empty if that is not known, an error if it is not one.
func (s *site) audience(keys []ClientKey) (string, error) {
	names := []string{s.account}
	if s.dynamic {
		names = s.app.names()
	}
	for _, k := range keys {
		if k.Account != "" {
			names = append(names, k.Account)
		}
	}
	found, of := "", ""
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		audience := s.app.audience[name]
		if found != "" && audience != "" && audience != found {
			return "", fmt.Errorf("the tokens of account %s are for the %s API and those of account %s for the %s API; "+
				"a site has one upstream: give them a site each, or write the upstream of this site after the word onenote", of, found, name, audience)
		}
		if found == "" {
			found, of = audience, name
		}
	}
	return found, nil
}

// provision prepares the guard and the pages behind it. r has collected the
// mistakes of other options of the site.
func (s *site) provision(ctx caddy.Context, a *Access, r *resolver, config guard.Config, pictures *pictureSigner) error {
	config = a.guardConfig(r, config)
	serves := s.servedAccounts(a.ClientKeys)
	config.Account, config.AccountPerRequest, config.Serves = s.account, s.dynamic, serves
	config.Now = s.app.clock.Now
	s.allowRemoteSignin = a.AllowRemoteSignin
	keys := a.secretKeys(r, s.app.warn)
	if err := errors.Join(r.errs...); err != nil {
		return err
	}
	for _, warning := range r.warnings {
		s.app.warn(warning)
	}
	s.warnOfClientAddress(ctx, a)
	s.pages = s.app.newPages(config.PublicURL)
	s.pages.NotFound = func(w http.ResponseWriter, r *http.Request) { _ = s.refuse(w, r, "", noSuchPage()) } // it has responded
	config.Callback = s.pages.HasState
	s.bases = s.app.addSite(ctx, serves, config.PublicURL, config.AllowedHosts)
	s.app.intercept(ownNames(config.AllowedHosts, config.PublicURL, config.ImageURL))
	s.guard = guardSource{config: config, keys: keys, pictures: pictures, clock: s.app.clock, log: s.logger}
	return s.guard.provision()
}

// serveHTTP responds to a request. If its URL or header is not for the access log,
// it is kept out of it. An app may send its key to any site.
func (s *site) serveHTTP(w http.ResponseWriter, r *http.Request) error {
	dropAltSvc(w, r)
	if !holdsSecret(r) && (!s.app.hasAppKeys() || !holdsAppSecret(r)) {
		return s.serve(w, r)
	}
	u := s.keepOutOfLog(w, r)
	defer u.log()
	u.finish(s.serve(u, r))
	return nil
}

// serve admits the request and serves what it is for, or refuses it.
func (s *site) serve(w http.ResponseWriter, r *http.Request) error {
	g := s.guard.get()
	route, refusal := g.Admit(r, s.peerOf(r))
	if refusal != nil {
		g.SetCORS(w.Header(), r)
		return s.refuse(w, r, "", refusal)
	}
	s.forwardedScheme.check(s.logger, &s.guard.config, r, route)
	switch route.Kind {
	case guard.Preflight:
		g.ServePreflight(w, r)
		return nil
	case guard.Probe:
		s.serveProbe(w, r, route)
		return nil
	case guard.Page:
		s.servePage(w, r, route)
		return nil
	case guard.AppSignin:
		g.SetCORS(w.Header(), r)
		s.appSignin.ServeHTTP(w, r, appAdmission(route))
		return nil
	}
	g.SetCORS(w.Header(), r)
	return s.serveAPI(w, r, route)
}

func (s *site) servePage(w http.ResponseWriter, r *http.Request, route *guard.Route) {
	access := signin.Access{
		All:       !route.Bound,
		Base:      route.Base,
		Remote:    route.Remote,
		MaySignIn: !route.Remote || s.allowRemoteSignin,
	}
	if route.Bound {
		access.Account = route.Account
	}
	s.pages.ServeHTTPFor(w, r, access)
}

// refuse sends an error response of ours and counts it. A person in a browser gets it as
// a page, except at the API's paths and for what may be one of them: apps read pages
// of notes there, and parse errors.
func (s *site) refuse(w http.ResponseWriter, r *http.Request, account string, e *apierror.Error) error {
	s.app.observer.Request(account, string(e.Cause))
	drainBody(w, r)
	if !s.isForPerson(r, e.Cause) {
		e.ServeHTTP(w, r)
		return nil
	}
	e.SetHeader(w.Header(), r)
	s.pages.ServeRefusal(w, r, signin.Refusal{
		Status:      e.Status(),
		Message:     e.Message,
		Cause:       string(e.Cause),
		Explanation: e.Explanation(),
	})
	return nil
}

// drainTime bounds how long a refused client may send its body. net/http sets the time
// for the next request anew.
const drainTime = 30 * time.Second

func drainBody(w http.ResponseWriter, r *http.Request) {
	if drain.IsNeeded(r) {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(drainTime)) // some writers know none
		drain.Body(r)
	}
}

// isForPerson reports whether a person reads what comes.
func (s *site) isForPerson(r *http.Request, cause apierror.Cause) bool {
	if !signin.WantsPage(r) {
		return false
	}
	g := s.guard.get()
	if cause == apierror.BadPath {
		return !g.MayBeAPI(r)
	}
	kind := g.KindOf(r)
	return kind != guard.API && kind != guard.Probe
}
