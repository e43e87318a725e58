// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-onenote/caddy-onenote/guard"
	"github.com/caddy-onenote/caddy-onenote/internal/repeated"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// A guardSource holds the guard of a site. If everything that the guard needs
// is in the configuration, it is made while that is provisioned. Client keys in
// files are read at the first request and again every few seconds, so that a
// key is replaced without a reload. A guard that verifies pictures waits for
// its first request as well, since the sealing key may have to be made.
type guardSource struct {
	config   guard.Config // all but client keys and pictures
	keys     []clientKey
	pictures *pictureSigner // nil unless pictures are local
	clock    oauth.Clock
	log      *zap.Logger

	// probesOnly serves until the keys could be read.
	probesOnly *guard.Guard

	current atomic.Pointer[madeGuard]
	making  sync.Mutex
	failure repeated.Failure
}

// clientKey is a client key whose value may be in a file.
type clientKey struct {
	name, account string
	secret        secret
}

// madeGuard is a guard and what it was made of.
type madeGuard struct {
	guard *guard.Guard
	keys  []guard.ClientKey
	asOf  time.Time
}

// keysEvery is how often files that hold client keys are read again.
const keysEvery = 5 * time.Second

// errKeysMissing is what clients are told, who need not know which file is
// missing.
var errKeysMissing = &apierror.Error{
	Cause:   apierror.Misconfigured,
	Message: "the site cannot tell who may use it, because a key of its configuration cannot be read; the log says why",
}

// waits reports whether the guard is made at the first request.
func (s *guardSource) waits() bool { return s.pictures != nil || s.hasKeyFiles() }

func (s *guardSource) hasKeyFiles() bool {
	return slices.ContainsFunc(s.keys, func(k clientKey) bool { return k.secret.inFile() })
}

// provision makes the guard, or one without what has to wait, so that mistakes
// in all else are found now.
func (s *guardSource) provision() error {
	made, err := s.make(slices.DeleteFunc(slices.Clone(s.keys), func(k clientKey) bool { return k.secret.inFile() }), nil)
	if err != nil {
		return err
	}
	s.probesOnly = made.guard.ProbesOnly(errKeysMissing)
	if !s.waits() {
		s.current.Store(made)
	}
	return nil
}

// get returns the guard.
func (s *guardSource) get() *guard.Guard {
	made := s.current.Load()
	if made != nil && (!s.hasKeyFiles() || s.clock.Now().Sub(made.asOf).Abs() < keysEvery) {
		return made.guard
	}
	return s.remake(made)
}

// remake makes the guard, or makes it again if a key has changed. The guard
// stays in use while its files cannot be read: a rotation that goes wrong must
// not lock everybody out.
func (s *guardSource) remake(old *madeGuard) *guard.Guard {
	s.making.Lock()
	defer s.making.Unlock()
	if made := s.current.Load(); made != old {
		return made.guard
	}
	made, err := s.make(s.keys, s.pictures)
	switch {
	case err != nil:
		s.failure.Log(s.log, s.clock.Now(), "keys of the site cannot be used", err)
		if old == nil {
			return s.probesOnly
		}
		made = &madeGuard{guard: old.guard, keys: old.keys, asOf: s.clock.Now()}
		s.current.Store(made)
		return made.guard
	case old != nil && slices.Equal(made.keys, old.keys):
		made.guard = old.guard // it remembers who sent wrong keys
	}
	s.failure.End()
	s.current.Store(made)
	return made.guard
}

func (s *guardSource) make(keys []clientKey, pictures *pictureSigner) (*madeGuard, error) {
	made := &madeGuard{asOf: s.clock.Now()}
	for _, k := range keys {
		value, err := k.secret.reveal()
		if err != nil {
			return nil, err
		}
		made.keys = append(made.keys, guard.ClientKey{Name: k.name, Key: value.Reveal(), Account: k.account})
	}
	config := s.config
	config.ClientKeys = made.keys
	var err error
	if pictures != nil {
		if config.Pictures, err = pictures.get(); err != nil {
			return nil, err
		}
	}
	made.guard, err = guard.New(config)
	return made, err
}
