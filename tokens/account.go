// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package tokens keeps the tokens of accounts fresh.
//
// An [Account] returns the access token it has, refreshes it before it expires,
// and keeps it sealed in a storage so that restarts, reloads and other processes
// find it. However many callers need a token, in however many processes, it is
// refreshed once. Failures have classes: transient ones end by themselves, the
// others need the user or the operator. A failure never removes a refresh token. A
// token can be lost all the same where a provider accepts each one only once, and its
// response, or the save of the next token, fails.
//
// Where to read on: state.go has the states of an account and the invariants of
// its fields, token.go how a caller gets a token, refresh.go the refresh, store.go
// what is stored. Package oauth knows the requests to the identity provider. This
// package uses neither Caddy nor OneNote: only hints for people name them.
package tokens

import (
	"net/http"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// Options is what an account is made of.
type Options struct {
	// Config says how to sign in; it is complete and checked.
	Config oauth.Config

	// Cache is what is kept in memory across reloads.
	Cache *Cache

	// Storage has the record, Keys seal it.
	Storage Storage
	Keys    KeySource

	// Client sends identity requests; see oauth.NewHTTPClient.
	Client *http.Client

	// Clock defaults to the machine's.
	Clock oauth.Clock

	// Logger defaults to none.
	Logger *zap.Logger

	// Observer receives refreshes, changes and events; may be nil.
	Observer Observer
}

// Account is one account under one configuration.
type Account struct {
	config      oauth.Config
	fingerprint string
	key         string
	client      *oauth.Client
	cache       *Cache
	state       *accountState
	storage     Storage
	keys        KeySource
	clock       oauth.Clock
	log         *zap.Logger
	observer    Observer

	imported atomic.Bool // the configured refresh token needs no decision any more

	// candidate is a configured refresh token that has not worked yet, while there
	// is another sign-in; nil for none.
	candidate atomic.Pointer[candidate]

	// importsUnsaved says that the list of imports has to be saved again.
	importsUnsaved atomic.Bool

	// cannot is why no refresh could be tried; nil where nothing stops it.
	cannot atomic.Pointer[impediment]

	lockRefused atomic.Bool // the storage could not be locked last, and that was logged
	unreadable  atomic.Bool // the storage could not be read last, and that was logged

	// imports is the list that was read or saved last; nil before.
	imports atomic.Pointer[imports]

	// unprepared is why the storage could not be read, or the configured
	// refresh token not be imported, when that was tried last.
	unprepared atomic.Pointer[oauth.Failure]

	// loggedFailure is the failed refresh that was logged last; nil once one worked.
	loggedFailure atomic.Pointer[oauth.FailureStatus]

	// misconfigured is the last failure that only a change of the configuration
	// fixes. It ends with the configuration, so it is not part of the state.
	misconfigured atomic.Pointer[misconfiguration]
}

// misconfiguration is a failure of the configuration. The provider is not asked
// again before the time in until.
type misconfiguration struct {
	failure *oauth.Failure
	until   time.Time
}

// NewAccount returns an account. It uses neither storage nor network.
func NewAccount(o Options) *Account {
	a := &Account{
		config:      o.Config,
		fingerprint: o.Config.Fingerprint(),
		key:         RecordKey(o.Config.Name),
		cache:       o.Cache,
		storage:     o.Storage,
		keys:        o.Keys,
		clock:       o.Clock,
		log:         o.Logger,
		observer:    o.Observer,
	}
	if a.clock == nil {
		a.clock = oauth.SystemClock{}
	}
	if a.log == nil {
		a.log = zap.NewNop()
	}
	a.log = a.log.With(zap.String("account", o.Config.Name))
	a.client = oauth.NewClient(o.Config, o.Client, a.clock, a.log)
	a.state = o.Cache.state(a.fingerprint)
	return a
}

// Name returns the account's name.
func (a *Account) Name() string { return a.config.Name }

// Config returns the account's configuration.
func (a *Account) Config() oauth.Config { return a.config }

// Client returns the client that sends the account's identity requests, for the
// steps of a sign-in.
func (a *Account) Client() *oauth.Client { return a.client }

// failure returns a failure of this account.
func (a *Account) failure(class oauth.Class, code, message, hint string) *oauth.Failure {
	return oauth.NewFailure(a.config.Name, class, code, message, hint)
}
