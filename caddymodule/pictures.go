// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-onenote/caddy-onenote/internal/repeated"
	"github.com/caddy-onenote/caddy-onenote/proxy/picture"
	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// pictureSigner signs the URLs of local pictures with keys derived from the
// sealing keys. It is made at its first use, because that may have to make or
// read a key file, which provisioning must not do. Keys that are rotated later
// take part after a reload.
type pictureSigner struct {
	keys tokens.KeySource
	now  func() time.Time
	log  *zap.Logger

	made    atomic.Pointer[picture.Signer]
	making  sync.Mutex
	failure repeated.Failure
}

// errNoPictureKey is told to clients, who need not know where the key is.
var errNoPictureKey = errors.New("pictures cannot be signed, because the sealing key cannot be used; the log says why")

// get returns the signer. While there is none it tries again at each use, so
// that a key file that appears later is found.
func (p *pictureSigner) get() (*picture.Signer, error) {
	if s := p.made.Load(); s != nil {
		return s, nil
	}
	p.making.Lock()
	defer p.making.Unlock()
	if s := p.made.Load(); s != nil {
		return s, nil
	}
	s, err := p.make()
	if err != nil {
		p.failure.Log(p.log, p.now(), "pictures cannot be signed", err)
		return nil, errNoPictureKey
	}
	p.made.Store(s)
	return s, nil
}

// sealingKeys returns the keys from which those that sign are derived.
func (p *pictureSigner) sealingKeys() ([][]byte, error) { return p.keys.Keys(true) }

func (p *pictureSigner) make() (*picture.Signer, error) {
	keys, err := p.sealingKeys()
	if err != nil {
		return nil, err
	}
	return picture.New(p.now, keys...)
}
