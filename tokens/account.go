// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package tokens signs in to Microsoft accounts and keeps their tokens fresh.
//
// An Account hands out the access token it holds, renews it before it ends,
// and keeps it sealed in a storage so that restarts, reloads and other
// processes find it. However many callers ask, in however many processes, a
// token is renewed once. What fails is told apart: passing failures cure
// themselves, others need the user or the operator, and no failure ever costs
// a refresh token.
//
// The package knows OAuth 2.0 as Microsoft publishes it (articles 000 to 003)
// and neither Caddy nor OneNote.
package tokens

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// Options is what an account is made of.
type Options struct {
	// Config says how to sign in; it is complete and checked.
	Config Config

	// Memory is what is remembered across reloads.
	Memory *Memory

	// Storage keeps the record, Keys seal it.
	Storage Storage
	Keys    KeySource

	// Client sends identity requests; see NewClient.
	Client *http.Client

	// Clock defaults to the machine's.
	Clock Clock

	// Logger defaults to none.
	Logger *zap.Logger

	// Observer is told of renewals and changes; may be nil.
	Observer Observer

	// Shared says that other nodes may change the record: it is looked at
	// every two seconds.
	Shared bool
}

// Observer is told what happens, for metrics and events. Its methods are
// called from many goroutines and must not block.
type Observer interface {
	// Renewal ended: ok, passing, signin_required or misconfigured.
	Renewal(account, result string, took time.Duration)

	// Tokens changed, or what is known of them.
	Tokens(account string, s Status)

	// Event is one of onenote.signed_in, onenote.signed_out,
	// onenote.renewal_failed and onenote.signin_required.
	Event(name, account string, class Class, code string)
}

// Account is one account under one configuration.
type Account struct {
	config      Config
	fingerprint string
	key         string
	memory      *Memory
	held        *holding
	storage     Storage
	keys        KeySource
	client      *http.Client
	clock       Clock
	log         *zap.Logger
	observer    Observer
	shared      bool

	imported atomic.Bool // nothing is left to import
	skewed   atomic.Bool // the clocks differ, and it was said
	expiring atomic.Bool // the client certificate ends soon, and it was said

	// imports is the list that was read or saved last; nil before.
	imports atomic.Pointer[imports]

	// wrong is the last failure that only a change of the configuration
	// cures. It ends with the configuration, so it is not in the memory.
	wrong atomic.Pointer[wrong]
}

// wrong is a failure of the configuration, not asked about again until then.
type wrong struct {
	failure *Failure
	until   time.Time
}

// NewAccount returns an account. It asks neither storage nor network.
func NewAccount(o Options) *Account {
	a := &Account{
		config:      o.Config,
		fingerprint: o.Config.Fingerprint(),
		key:         RecordKey(o.Config.Name),
		memory:      o.Memory,
		storage:     o.Storage,
		keys:        o.Keys,
		client:      o.Client,
		clock:       o.Clock,
		log:         o.Logger,
		observer:    o.Observer,
		shared:      o.Shared,
	}
	if a.clock == nil {
		a.clock = SystemClock{}
	}
	if a.log == nil {
		a.log = zap.NewNop()
	}
	if a.client == nil {
		a.client = NewClient(http.DefaultTransport)
	}
	a.log = a.log.With(zap.String("account", o.Config.Name))
	a.held = o.Memory.holding(a.fingerprint)
	return a
}

// Name returns the account's name.
func (a *Account) Name() string { return a.config.Name }

// Config returns the account's configuration.
func (a *Account) Config() Config { return a.config }

// Token returns the value of the Authorization header for a request and the
// generation of the token in it. While the token is good this reads one
// pointer; near its end it is renewed in the background; at its end callers
// wait, each with its own context, for one renewal. The error is a *Failure,
// or the context's.
func (a *Account) Token(ctx context.Context) (authorization string, generation uint64, err error) {
	b := a.held.live.Load()
	now := a.clock.Now()
	if !a.serves(b, now) {
		return a.sent(a.obtain(ctx, demand{}))
	}
	if now.After(b.renewOn) {
		a.renewAhead(now)
	}
	return a.sent(b, nil)
}

// sent notes that a token goes out.
func (a *Account) sent(b *bearer, err error) (string, uint64, error) {
	if err != nil {
		return "", 0, err
	}
	if !a.held.used.Load() {
		a.held.used.Store(true)
	}
	return b.authorization, b.generation, nil
}

// refusalMemory is how long a fresh token that upstream refused is not renewed
// for another refusal.
const refusalMemory = 5 * time.Minute

// Renew returns a token of another generation than the one that upstream
// answered 401 for, renewing if there is none yet. claims is the decoded
// claims challenge of that answer, or empty. The same generation comes back
// when a fresh token was refused a moment ago: then no renewal cures it.
func (a *Account) Renew(ctx context.Context, generation uint64, claims string) (authorization string, next uint64, err error) {
	b := a.held.live.Load()
	if a.serves(b, a.clock.Now()) && (b.generation != generation || a.refusedLately(generation)) {
		return a.sent(b, nil)
	}
	a.held.mu.Lock()
	a.held.rejected = generation
	a.held.mu.Unlock()
	return a.sent(a.obtain(ctx, demand{other: generation, claims: claims, refused: true}))
}

// Refused notes that upstream refused a token that had just been renewed.
func (a *Account) Refused(generation uint64) {
	a.held.mu.Lock()
	defer a.held.mu.Unlock()
	a.held.refused, a.held.refusedAt = generation, a.clock.Now()
}

func (a *Account) refusedLately(generation uint64) bool {
	a.held.mu.Lock()
	defer a.held.mu.Unlock()
	return a.held.refused == generation && generation != 0 &&
		a.clock.Now().Sub(a.held.refusedAt).Abs() < refusalMemory
}

// Retry renews now, even if the token is good and even if the last attempt
// said to wait: the operator has changed something.
func (a *Account) Retry(ctx context.Context) error {
	if err := a.prepare(ctx); err != nil {
		return err
	}
	var generation uint64
	if b := a.held.live.Load(); b != nil {
		generation = b.generation
	}
	_, err := a.obtain(ctx, demand{other: generation, insist: true})
	return err
}

// demand is what a caller needs of a token.
type demand struct {
	other   uint64 // any generation but this
	claims  string // what upstream wants to see proven
	insist  bool   // ask although the last answer said not to
	refused bool   // upstream refused the generation other
}

// met returns the token in use if it will do.
func (a *Account) met(d demand) *bearer {
	b := a.held.live.Load()
	if a.serves(b, a.clock.Now()) && (d.other == 0 || b.generation != d.other) {
		return b
	}
	return nil
}

// serves reports whether a token may be sent: it is good, and of somebody whom
// this configuration expects. Whoever signed in before the option expected_user
// was set did so unchecked.
func (a *Account) serves(b *bearer, now time.Time) bool {
	return b.usable(now) && (a.config.ExpectedUser == "" || a.unexpected(b.user) == nil)
}

// obtain waits for a token. One renewal serves all who wait; whoever finds
// that it answered another's demand looks again, and whoever insists does not
// take the word of one that did not.
func (a *Account) obtain(ctx context.Context, d demand) (*bearer, error) {
	var enough <-chan time.Time
	if !d.insist {
		c, stop := a.clock.After(callerPatience)
		defer stop()
		enough = c
	}
	for {
		if b := a.met(d); b != nil {
			return b, nil
		}
		if f := a.knownBlock(d); f != nil {
			return nil, f
		}
		own := false
		c := a.held.flight.DoChan("renew", func() (any, error) {
			own = true
			return a.renew(d)
		})
		select {
		case res := <-c:
			if res.Err != nil && (own || !d.insist) {
				return nil, res.Err
			}
			if res.Err != nil {
				continue
			}
			if b := res.Val.(*bearer); own || d.other == 0 || b.generation != d.other {
				return b, nil
			}
		case <-enough:
			return nil, a.giveUpWaiting()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// callerPatience is how long a request waits for a renewal. Apps give up after
// some time of their own and say less than an answer does; the renewal goes on
// for whoever asks next.
const callerPatience = 15 * time.Second

// renewAhead renews in the background while the old token serves.
func (a *Account) renewAhead(now time.Time) {
	if !a.held.ahead.CompareAndSwap(false, true) {
		return
	}
	b := a.held.live.Load()
	d := demand{}
	if b != nil {
		d.other = b.generation
	}
	if a.knownBlock(d) != nil {
		a.held.ahead.Store(false)
		return
	}
	c := a.held.flight.DoChan("renew", func() (any, error) { return a.renew(d) })
	go func() {
		<-c
		a.held.ahead.Store(false)
	}()
}

// asFailure returns the failure in err, if it is one.
func asFailure(err error) *Failure {
	var f *Failure
	errors.As(err, &f)
	return f
}
