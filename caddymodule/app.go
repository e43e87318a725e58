// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package caddymodule makes a Caddy module of the packages that do the work:
// guard decides who may speak, proxy carries requests, tokens keeps accounts
// signed in. Nothing is decided here that one of them could decide; here they
// are configured, introduced to each other, and given Caddy's storage, events,
// metrics, admin API and command line.
package caddymodule

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"

	"github.com/caddy-onenote/caddy-onenote/proxy"
	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/signin"
)

// App signs in to Microsoft accounts and keeps their tokens fresh, for the
// sites that proxy the OneNote API.
//
// The options of an account that stand at the top are the defaults of all
// accounts. Without `accounts` they are the only account, named `default`.
//
// Tokens are sealed and kept in Caddy's storage, so that they survive a
// restart. What is known of an account also survives a reload of the
// configuration, and requests that are under way.
//
// Events: `onenote.signed_in`, `onenote.signed_out`, `onenote.renewal_failed`
// and `onenote.signin_required`, each with `account`, `class` and `code`.
type App struct {
	Account

	// The accounts by name: 1 to 63 of a-z, 0-9, _ and -, beginning with a
	// letter or digit. What an account leaves out is taken from the options at
	// the top.
	Accounts map[string]*Account `json:"accounts,omitempty"`

	// The keys that seal tokens at rest: 32 bytes in base64 each, made with
	// `caddy onenote keygen`. The first seals, all of them open. Write them as
	// {env.NAME} or {file./path}. Default: a key made at the first save in
	// `onenote/seal.key` in Caddy's data folder; required where a storage is
	// configured.
	EncryptionKey []string `json:"encryption_key,omitempty"`

	// Where tokens are kept. Default: Caddy's storage.
	StorageRaw json.RawMessage `json:"storage,omitempty" caddy:"namespace=caddy.storage inline_key=module"`

	// How the identity provider is reached: the options of Caddy's HTTP
	// transport (proxy, trusted authorities, timeouts). In a Caddyfile the same
	// options are the defaults of each site's transport.
	Transport *reverseproxy.HTTPTransport `json:"transport,omitempty"`

	logger   *zap.Logger
	clock    tokens.Clock
	store    certmagic.Storage
	shared   bool // other nodes may use the storage too
	identity *http.Client
	observer *observer
	changes  changes
	events   eventQueue
	spool    *proxy.Spool
	loop     string
	pictures *pictureSigner
	attempts *signin.Attempts
	lease    lease
	accounts map[string]*tokens.Account
	audience map[string]string // of each account's tokens; empty where nothing says
	waiters  chan struct{}

	// What sites add while they are provisioned.
	mu       sync.Mutex
	warnings []string
	places   []place
	opened   []*signin.Pages

	operatorOnce sync.Once
	operator     *signin.Pages

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

// Provision resolves the configuration and checks it. It uses no network, no
// storage and no file, so that a configuration can be validated anywhere.
func (a *App) Provision(ctx caddy.Context) error {
	a.logger = ctx.Logger()
	a.clock = tokens.SystemClock{}
	a.loop = "caddy-onenote-" + strings.ToLower(rand.Text()[:10])
	a.spool = proxy.NewSpool(proxy.DefaultSpoolMemory, proxy.DefaultSpoolDisk, "")
	a.waiters = make(chan struct{}, maxWaiters)
	a.ended = make(chan struct{})
	steps := []func(caddy.Context) error{
		a.provisionEvents, a.provisionStorage, a.provisionIdentity, a.provisionAccounts,
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return registerMetrics(ctx.GetMetricsRegistry())
}

func (a *App) provisionEvents(ctx caddy.Context) error {
	mod, err := ctx.App("events")
	if err != nil {
		return fmt.Errorf("getting the events app: %w", err)
	}
	a.events.ctx, a.events.events = ctx, mod.(*caddyevents.App)
	a.observer = &observer{events: &a.events, changes: &a.changes}
	return nil
}

// provisionAccounts makes the accounts around what is already known of them.
func (a *App) provisionAccounts(caddy.Context) error {
	keys, err := a.keySource()
	if err != nil {
		return err
	}
	a.pictures = &pictureSigner{keys: keys, now: a.clock.Now, log: a.logger}
	if a.attempts, err = a.lease.attempts(); err != nil {
		return err
	}
	configured := a.configured()
	storage := storageID(a.store)
	a.accounts = make(map[string]*tokens.Account, len(configured))
	a.audience = make(map[string]string, len(configured))
	for _, name := range slices.Sorted(maps.Keys(configured)) {
		config, err := a.accountConfig(name, configured[name])
		if err != nil {
			return err
		}
		memory, err := a.lease.memory(memoryKey{storage: storage, record: tokens.RecordKey(name)})
		if err != nil {
			return err
		}
		a.audience[name] = config.Audience()
		a.accounts[name] = tokens.NewAccount(tokens.Options{
			Config:   config,
			Memory:   memory,
			Storage:  a.store,
			Keys:     keys,
			Client:   a.identity,
			Clock:    a.clock,
			Logger:   a.logger,
			Observer: a.observer,
			Shared:   a.shared,
		})
	}
	return nil
}

// configured returns the accounts of the configuration: those that are named,
// else the one that the options at the top are.
func (a *App) configured() map[string]*Account {
	if len(a.Accounts) == 0 {
		return map[string]*Account{defaultAccount: {}}
	}
	return a.Accounts
}

func (a *App) accountConfig(name string, own *Account) (tokens.Config, error) {
	if err := tokens.ValidName(name); err != nil {
		return tokens.Config{}, err
	}
	if own == nil {
		own = new(Account)
	}
	config, warnings, err := own.withDefaults(a.Account).config(name)
	for _, w := range warnings {
		a.warn(w)
	}
	return config, err
}

// Start renews tokens ahead of time. Requests need none of it: a token that
// nobody renewed in the background is renewed when it is asked for.
func (a *App) Start() error {
	for _, w := range a.warnings {
		a.logger.Warn(w)
	}
	ctx, cancel := context.WithCancel(context.Background())
	a.stop = cancel
	for _, account := range a.accounts {
		a.running.Go(func() { account.Run(ctx) })
	}
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

// Cleanup gives back what Provision took.
func (a *App) Cleanup() error {
	a.closePages()
	err := a.lease.release(func(k memoryKey) {
		if !held(k.record) {
			forgetMetrics(accountOf(k.record))
		}
	})
	if a.Transport != nil {
		_ = a.Transport.Cleanup() // closes idle connections; it never fails
	}
	return err
}

// accountOf returns the account of a record.
func accountOf(record string) string {
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

// newPages returns the sign-in pages of a site with that public URL. They are
// closed with the app.
func (a *App) newPages(publicURL *url.URL) *signin.Pages {
	p := &signin.Pages{
		Accounts:  a.all(),
		Attempts:  a.attempts,
		Clock:     a.clock,
		Logger:    a.logger,
		PublicURL: publicURL,
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.opened = append(a.opened, p)
	return p
}

// operatorPages returns pages for the operator, who comes by the admin API and
// is sent to the first site.
func (a *App) operatorPages() *signin.Pages {
	a.operatorOnce.Do(func() { a.operator = a.newPages(a.firstSite()) })
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

// Interface guards
var (
	_ caddy.App          = (*App)(nil)
	_ caddy.Provisioner  = (*App)(nil)
	_ caddy.CleanerUpper = (*App)(nil)
)
