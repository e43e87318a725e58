// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-onenote/caddy-onenote/guard"
	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// A gate holds the guard of a site. Where everything that the guard needs is
// in the configuration it is made once, when that is provisioned. Keys in
// files are read at the first request and again every few seconds, so that a
// key is replaced without a reload; a guard that verifies pictures waits for
// its first request too, since the sealing key may have to be made.
type gate struct {
	config   guard.Config // all but keys from files, and pictures
	keys     []clientKey
	pictures *pictureSigner // nil unless pictures are local
	clock    tokens.Clock
	log      *zap.Logger

	partial *guard.Guard // made without what is read later
	open    atomic.Pointer[opened]
	making  sync.Mutex
}

// clientKey is a client key whose value may be in a file.
type clientKey struct {
	name, account string
	secret        secret
}

// opened is a guard and what it was made of.
type opened struct {
	guard *guard.Guard
	keys  []guard.ClientKey
	asOf  time.Time
}

// keysEvery is how often files that hold client keys are read again.
const keysEvery = 5 * time.Second

// errNoGate is told to clients, who need not know which file is missing.
var errNoGate = errors.New("the site cannot tell who may use it, because a key of its configuration cannot be read; the log says why")

// later reports whether the guard waits for the first request.
func (g *gate) later() bool { return g.pictures != nil || g.rereads() }

// rereads reports whether a key is in a file.
func (g *gate) rereads() bool {
	return slices.ContainsFunc(g.keys, func(k clientKey) bool { return k.secret.inFile() })
}

// provision makes the guard, or where that has to wait, one without what it
// waits for, so that mistakes in all else are found now.
func (g *gate) provision() error {
	o, err := g.make(slices.DeleteFunc(slices.Clone(g.keys), func(k clientKey) bool { return k.secret.inFile() }), nil)
	if err != nil {
		return err
	}
	g.partial = o.guard
	if !g.later() {
		g.open.Store(o)
	}
	return nil
}

// get returns the guard. With an error comes one that misses keys and is good
// for probes alone.
func (g *gate) get() (*guard.Guard, error) {
	o := g.open.Load()
	if o != nil && (!g.later() || !g.rereads() || g.clock.Now().Sub(o.asOf).Abs() < keysEvery) {
		return o.guard, nil
	}
	return g.renew(o)
}

// renew makes the guard, or makes it anew if a key has changed. A guard that
// was made stays when its files become unreadable: a rotation that goes wrong
// must not lock everybody out, and who had a key yesterday is no stranger.
func (g *gate) renew(old *opened) (*guard.Guard, error) {
	g.making.Lock()
	defer g.making.Unlock()
	if o := g.open.Load(); o != old {
		return o.guard, nil
	}
	o, err := g.makeLater(old)
	if err == nil {
		g.open.Store(o)
		return o.guard, nil
	}
	g.log.Error("keys of the site cannot be used", zap.Error(err))
	if old == nil {
		return g.partial, errNoGate
	}
	g.open.Store(&opened{guard: old.guard, keys: old.keys, asOf: g.clock.Now()})
	return old.guard, nil
}

func (g *gate) makeLater(old *opened) (*opened, error) {
	o, err := g.make(g.keys, g.pictures)
	if err != nil || old == nil || !slices.Equal(o.keys, old.keys) {
		return o, err
	}
	// Nothing changed: the old guard remembers who sent wrong keys.
	o.guard = old.guard
	return o, nil
}

func (g *gate) make(keys []clientKey, pictures *pictureSigner) (*opened, error) {
	o := &opened{asOf: g.clock.Now()}
	for _, k := range keys {
		value, err := k.secret.reveal()
		if err != nil {
			return nil, err
		}
		o.keys = append(o.keys, guard.ClientKey{Name: k.name, Key: value.Reveal(), Account: k.account})
	}
	config := g.config
	config.ClientKeys = o.keys
	var err error
	if pictures != nil {
		if config.Pictures, err = pictures.get(); err != nil {
			return nil, err
		}
	}
	o.guard, err = guard.New(config)
	return o, err
}
