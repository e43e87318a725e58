// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package appsignin

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"sync"

	"github.com/go-jose/go-jose/v4"
)

// signingKeyRecord is the name of the record.
const signingKeyRecord = "signing-key"

// SigningKey signs id_tokens with RS256. Its key is made at the first need and kept sealed,
// so that restarts and other nodes sign with the same one.
type SigningKey struct {
	Records Records

	mu     sync.Mutex
	key    *jose.JSONWebKey
	signer jose.Signer
}

// signingKeyBits is the size of the key.
const signingKeyBits = 2048

// get returns the key.
func (k *SigningKey) get(ctx context.Context) (*jose.JSONWebKey, jose.Signer, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.key != nil {
		return k.key, k.signer, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordLimit)
	defer cancel()
	stored := new(jose.JSONWebKey)
	err := k.Records.Load(ctx, signingKeyRecord, stored)
	if errors.Is(err, ErrNoRecord) || err == nil && !isSigningKey(stored) {
		stored, err = k.make(ctx)
	}
	if err != nil {
		return nil, nil, err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: *stored}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return nil, nil, err
	}
	k.key, k.signer = stored, signer
	return stored, signer, nil
}

// make makes a key and stores it, unless another node was faster: then that one's counts.
func (k *SigningKey) make(ctx context.Context) (*jose.JSONWebKey, error) {
	made, err := newSigningKey()
	if err != nil {
		return nil, err
	}
	stored := new(jose.JSONWebKey)
	err = k.Records.Update(ctx, signingKeyRecord, stored, func() bool {
		if isSigningKey(stored) {
			return false
		}
		*stored = *made
		return true
	})
	return stored, err
}

func isSigningKey(k *jose.JSONWebKey) bool {
	_, ok := k.Key.(*rsa.PrivateKey)
	return ok && k.Valid() && k.KeyID != ""
}

func newSigningKey() (*jose.JSONWebKey, error) {
	private, err := rsa.GenerateKey(rand.Reader, signingKeyBits)
	if err != nil {
		return nil, err
	}
	key := &jose.JSONWebKey{Key: private, Algorithm: string(jose.RS256), Use: "sig"}
	thumbprint, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, err
	}
	key.KeyID = base64.RawURLEncoding.EncodeToString(thumbprint)
	return key, nil
}

// sign returns a JSON Web Token with that payload.
func (k *SigningKey) sign(ctx context.Context, payload []byte) (string, error) {
	_, signer, err := k.get(ctx)
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

// public returns the keys with which apps verify id_tokens.
func (k *SigningKey) public(ctx context.Context) (jose.JSONWebKeySet, error) {
	key, _, err := k.get(ctx)
	if err != nil {
		return jose.JSONWebKeySet{}, err
	}
	return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key.Public()}}, nil
}
