// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package caddymodule makes a Caddy module of the packages that do the work:
// guard decides who may send requests, proxy sends them to the API, tokens keeps
// accounts signed in, and appsignin lets apps sign in to the proxy. This package
// configures them, connects them, and gives them Caddy's storage, events, metrics,
// admin API and command line. Two parts of the work are its own: batches in front of
// Microsoft Graph, and the request that tests a token.
package caddymodule

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"

	"github.com/caddy-onenote/caddy-onenote/appsignin"
	"github.com/caddy-onenote/caddy-onenote/internal/accountname"
	"github.com/caddy-onenote/caddy-onenote/proxy"
	"github.com/caddy-onenote/caddy-onenote/proxy/throttle"
	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
	"github.com/caddy-onenote/caddy-onenote/tokens/signin"
)

// App signs in to Microsoft accounts and keeps their tokens fresh, for the
// sites that proxy the OneNote API.
//
// The options of an account that stand at the top are the defaults of all
// accounts. Without `accounts` they are the only account, named `default`.
//
// Tokens are sealed and kept in Caddy's storage, so that they survive a
// restart. A reload of the configuration ends neither the state of an account nor
// requests that are under way.
//
// Events: `onenote.signed_in`, `onenote.signed_out` and `onenote.refresh_failed`,
// each with `account`, `class` and `code`; `onenote.state_changed` has `from` and
// `to` as well, the states of the account.
type App struct {
	AccountConfig

	// The accounts by name: 1 to 63 of a-z, 0-9, _ and -, beginning with a
	// letter or digit. What an account leaves out is taken from the options at
	// the top.
	// Default: one account, named `default`, that has the options at the top.
	Accounts map[string]*AccountConfig `json:"accounts,omitempty" onenote:"account <name> { ... }"`

	// The keys that seal tokens at rest: 32 bytes in base64 each, made with
	// `caddy onenote keygen`. The first seals, all of them open. Write them as
	// {env.NAME} or {file./path}. Default: a key made at the first save in
	// `onenote/seal.key` in Caddy's data folder; required where a storage is
	// configured.
	EncryptionKey []string `json:"encryption_key,omitempty" onenote:"encryption_key <key...>" placeholders:"secret"`

	// Where tokens are kept. Default: Caddy's storage.
	StorageRaw json.RawMessage `json:"storage,omitempty" caddy:"namespace=caddy.storage inline_key=module" onenote:"storage <module> ..."`

	// How the identity provider is reached: the options of Caddy's HTTP
	// transport (proxy, trusted authorities, timeouts). In a Caddyfile the same
	// options are the defaults of each site's transport. The names of the provider
	// and of the API are asked of the DNS servers of `resolvers` only, never of the
	// hosts file; behind a `network_proxy` that proxy looks them up. Default: the
	// defaults of Caddy's transport.
	Transport *reverseproxy.HTTPTransport `json:"transport,omitempty" onenote:"transport { ... }"`

	// Who is told of each change of the state of an account: a webhook, a program,
	// or both. Default: nobody; the log has each change.
	Notify *Notify `json:"notify,omitempty" onenote:"notify { ... }"`

	ctx      caddy.Context
	logger   *zap.Logger
	clock    oauth.Clock
	store    certmagic.Storage
	shared   bool // other nodes may use the storage too
	identity *http.Client
	viaProxy bool // identity goes through a network_proxy
	observer *observer
	queues   map[string]*throttle.Queues // by upstream
	brake    throttle.Brake
	batches  batchBudget
	changes  changes
	events   eventQueue
	channels []*channel // of notices

	// undelivered are the notices of all channels; nil without the option notify.
	undelivered *outboxes

	spool     *proxy.Spool
	loop      string // marks requests of this process
	pictures  *pictureSigner
	keys      tokens.KeySource
	appSignin *appsignin.Service // nil without app_signin
	attempts  *signin.Attempts
	lease     lease
	accounts  map[string]*tokens.Account
	audience  map[string]string // of each account's tokens; empty where nothing says
	waiters   chan struct{}
	begun     map[string]*atomic.Bool // see pooledCache

	// What sites add while they are provisioned.
	mu       sync.Mutex
	warnings []string
	sites    []siteAddress
	tests    []tokenTest
	opened   []*signin.Pages

	intercepted []string // names of Microsoft's that sites have

	operatorOnce sync.Once
	operator     *signin.Pages

	// registering: the configuration is provisioned only to say how its apps
	// are registered, so neither their ids nor any secret need exist yet.
	registering bool

	ended   chan struct{} // closed by Stop
	stop    context.CancelFunc
	running sync.WaitGroup
}

// defaultAccount is the name of the account where none is named.
const defaultAccount = "default"

// CaddyModule returns the Caddy module information.
func (*App) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "onenote",
		New: func() caddy.Module { return new(App) },
	}
}

// appOf returns the app of the configuration that is being provisioned.
func appOf(ctx caddy.Context) (*App, error) {
	mod, err := ctx.App("onenote")
	if err != nil {
		return nil, err
	}
	return mod.(*App), nil
}

// logRefusal logs why a configuration is refused, and returns the error. Caddy's own
// message has a prefix for each module on the way to ours; what to do stands at its end.
func logRefusal(ctx caddy.Context, err error) error {
	if err != nil && ctx.Value(commandKey{}) == nil {
		ctx.Logger().Error("the configuration is refused", zap.Error(err))
	}
	return err
}

// Provision resolves the configuration and checks it. It uses no network, no
// storage and no file, so that a configuration can be validated anywhere.
func (a *App) Provision(ctx caddy.Context) error {
	a.logger = ctx.Logger()
	return logRefusal(ctx, a.provision(ctx))
}

func (a *App) provision(ctx caddy.Context) error {
	a.ctx = ctx
	a.registering = ctx.Value(registeringKey{}) != nil
	a.clock = oauth.SystemClock{}
	a.spool = proxy.NewSpool(proxy.DefaultSpoolMemory, proxy.DefaultSpoolDisk, "")
	a.waiters = make(chan struct{}, maxWaiters)
	a.ended = make(chan struct{})
	steps := []func(caddy.Context) error{
		a.provisionLoop, a.provisionEvents, a.provisionStorage, a.provisionIdentity, a.provisionNotify, a.provisionAccounts,
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return registerMetrics(ctx.GetMetricsRegistry())
}

func (a *App) provisionLoop(caddy.Context) (err error) {
	a.loop, err = a.lease.loopMark()
	return err
}

func (a *App) provisionEvents(ctx caddy.Context) error {
	mod, err := ctx.App("events")
	if err != nil {
		return fmt.Errorf("getting the events app: %w", err)
	}
	a.events.ctx, a.events.events = ctx, mod.(*caddyevents.App)
	a.queues = make(map[string]*throttle.Queues)
	a.observer = &observer{events: &a.events, changes: &a.changes, notify: a.notify, begin: a.welcome, counts: make(map[string]*servedCount)}
	return nil
}

// provisionAccounts makes the accounts around what is already known of them.
func (a *App) provisionAccounts(caddy.Context) error {
	keys, err := a.keySource()
	if err != nil {
		return err
	}
	a.keys = keys
	a.pictures = &pictureSigner{keys: keys, now: a.clock.Now, log: a.logger}
	if a.attempts, err = a.lease.attempts(); err != nil {
		return err
	}
	configured := a.configured()
	storage := storageID(a.store)
	a.accounts = make(map[string]*tokens.Account, len(configured))
	a.audience = make(map[string]string, len(configured))
	a.begun = make(map[string]*atomic.Bool, len(configured))
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(configured)) {
		errs = append(errs, a.provisionAccount(name, configured[name], storage, keys))
	}
	return errors.Join(errs...)
}

func (a *App) provisionAccount(name string, own *AccountConfig, storage [sha256.Size]byte, keys tokens.KeySource) error {
	config, err := a.accountConfig(name, own)
	if err != nil {
		return err
	}
	if err := a.checkEndpoints(config); err != nil {
		return err
	}
	cache, err := a.lease.cache(cacheKey{storage: storage, record: tokens.RecordKey(name)})
	if err != nil {
		return err
	}
	if a.observer.counts[name], err = a.lease.served(name, a.clock.Now()); err != nil {
		return err
	}
	a.audience[name] = config.Audience()
	a.begun[name] = cache.begun
	a.accounts[name] = tokens.NewAccount(tokens.Options{
		Config:   config,
		Cache:    cache.Cache,
		Storage:  withSureKeys(a.store),
		Keys:     keys,
		Client:   a.identity,
		Clock:    a.clock,
		Logger:   a.logger,
		Observer: a.observer,
	})
	return nil
}

// configured returns the accounts of the configuration: those that are named,
// else the one that the options at the top are.
func (a *App) configured() map[string]*AccountConfig {
	if len(a.Accounts) == 0 {
		return map[string]*AccountConfig{defaultAccount: {}}
	}
	return a.Accounts
}

func (a *App) accountConfig(name string, own *AccountConfig) (oauth.Config, error) {
	if err := accountname.Check(name); err != nil {
		return oauth.Config{}, err
	}
	if own == nil {
		own = new(AccountConfig)
	}
	account := inherit(*own, a.AccountConfig)
	if a.registering {
		account.ClientID = "later"
	}
	config, warnings, err := account.config(name, resolver{subject: "account " + name, absent: a.registering})
	for _, w := range warnings {
		a.warn(w)
	}
	return config, err
}

// Start refreshes tokens ahead of time. Requests need none of it: a token that
// was not refreshed in the background is refreshed when it is asked for.
func (a *App) Start() error {
	for _, w := range a.allWarnings() {
		a.logger.Warn(w)
	}
	ctx, cancel := context.WithCancel(context.Background())
	a.stop = cancel
	for _, account := range a.accounts {
		a.running.Go(func() { account.Run(ctx) })
	}
	a.running.Go(func() { a.retestRefused(ctx) })
	a.startNotify(ctx)
	return nil
}

// Stop ends what Start began. Requests that are under way go on.
func (a *App) Stop() error {
	if a.stop == nil {
		return nil
	}
	close(a.ended)
	a.stop()
	a.stop = nil
	a.running.Wait()
	a.closePages()
	a.events.wait()
	return nil
}

// Cleanup releases what Provision took.
func (a *App) Cleanup() error {
	a.closePages()
	if a.appSignin != nil {
		a.appSignin.Revocations.Close()
	}
	err := a.lease.release(func(k cacheKey) {
		if !hasCache(k.record) {
			forgetMetrics(accountOfRecord(k.record))
		}
	})
	if a.Transport != nil {
		_ = a.Transport.Cleanup() // closes idle connections; it never fails
	}
	return err
}

// accountOfRecord returns the account of a record.
func accountOfRecord(record string) string {
	return strings.TrimSuffix(record[strings.LastIndexByte(record, '/')+1:], ".json")
}

// account returns the account with that name, or nil.
func (a *App) account(name string) *tokens.Account { return a.accounts[name] }

// names returns the names of the accounts in order.
func (a *App) names() []string { return slices.Sorted(maps.Keys(a.accounts)) }

// all returns the accounts in the order of their names.
func (a *App) all() []*tokens.Account {
	var all []*tokens.Account
	for _, name := range a.names() {
		all = append(all, a.accounts[name])
	}
	return all
}

// warn keeps a warning for Start: a configuration that is only validated, or
// that fails later, does not say it.
func (a *App) warn(text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.warnings = append(a.warnings, text)
}

// allWarnings returns the warnings about a configuration of which every app is
// provisioned.
func (a *App) allWarnings() []string {
	a.mu.Lock()
	warnings := slices.Clone(a.warnings)
	a.mu.Unlock()
	warnings = append(warnings, a.redirectAdvice()...)
	if mod, err := a.ctx.AppIfConfigured("http"); err == nil {
		warnings = append(warnings, siteAdvice(mod.(*caddyhttp.App))...)
	}
	return warnings
}

// newPages returns the sign-in pages of a site with that public URL. They are
// closed with the app.
func (a *App) newPages(publicURL *url.URL) *signin.Pages {
	p := &signin.Pages{
		Accounts:  a.all(),
		Attempts:  a.attempts,
		Clock:     a.clock,
		Logger:    a.logger,
		PublicURL: publicURL,
		Bases:     a.bases,
		Served:    func(account string) signin.Served { return a.observer.counts[account].served() },
		Version:   moduleVersion(),
		Test:      a.testToken,

		Intercepted: a.intercepts,
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.opened = append(a.opened, p)
	return p
}

// operatorPages returns pages for the operator, who comes by the admin API.
func (a *App) operatorPages() *signin.Pages {
	a.operatorOnce.Do(func() { a.operator = a.newPages(nil) })
	return a.operator
}

// closePages ends what pages do in the background.
func (a *App) closePages() {
	a.mu.Lock()
	opened := a.opened
	a.opened = nil
	a.mu.Unlock()
	for _, p := range opened {
		_ = p.Close() // it never fails
	}
}

// queuesOf returns the queues of an API, with at most that many places for each
// account; 0 is no limit.
func (a *App) queuesOf(upstream string, limit int) *throttle.Queues {
	q := a.queues[upstream]
	if q == nil {
		q = throttle.NewQueues(a.clock, limit, a.observer.Queued)
		a.queues[upstream] = q
	}
	q.Lower(limit)
	return q
}

// Interface guards
var (
	_ caddy.App          = (*App)(nil)
	_ caddy.Provisioner  = (*App)(nil)
	_ caddy.CleanerUpper = (*App)(nil)
)
