// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io/fs"
	"slices"

	"go.uber.org/zap"
)

// imports is the record of the refresh tokens that were ever imported for an
// account. It survives sign-out: a value that still stands in a configuration
// must not bring back what somebody signed out of, nor replace the newer token
// that its renewals led to.
type imports struct {
	Salt []byte   `json:"salt"`
	Seen [][]byte `json:"seen"`
}

func importsKey(account string) string { return "onenote/imports/" + account + ".json" }

// importsFingerprint stands where an account's fingerprint would: the list
// outlives changes of the client.
const importsFingerprint = "imports"

func (i *imports) mark(token Secret) []byte {
	m := hmac.New(sha256.New, i.Salt)
	m.Write([]byte(token.Reveal()))
	return m.Sum(nil)
}

func (i *imports) has(mark []byte) bool {
	return slices.ContainsFunc(i.Seen, func(seen []byte) bool { return hmac.Equal(seen, mark) })
}

// importToken makes the configured refresh token the account's, if it never
// was. It is not tried out here: the provider may be this very server, which
// is not listening yet.
func (a *Account) importToken(ctx context.Context) error {
	if a.config.RefreshToken == nil || !a.config.refreshes() {
		a.imported.Store(true)
		return nil
	}
	token, err := a.config.RefreshToken()
	if err != nil {
		return a.misconfigured("refresh_token", "the refresh token to import cannot be read: "+err.Error(),
			"Make the file or variable that refresh_token names readable for Caddy.")
	}
	unlock, err := a.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := a.look(ctx); err != nil {
		return err
	}
	list, stale, err := a.loadImports(ctx)
	if err != nil {
		return a.withoutImports(err)
	}
	mark := list.mark(token)
	isNew := !list.has(mark)
	if isNew {
		a.adoptImport(ctx, token)
		list.Seen = append(list.Seen, mark)
	}
	if isNew || stale {
		a.saveImports(ctx, list)
	}
	a.imports.Store(list)
	a.imported.Store(true)
	return nil
}

// withoutImports decides what becomes of an account whose list cannot be read:
// nothing is imported then, but a sign-in that is there, or what is wrong with
// it, is all that matters.
func (a *Account) withoutImports(err error) error {
	if r, reason := a.held.known(); r == nil && reason == nil {
		return err
	}
	if f := asFailure(err); f == nil || f.class == Misconfigured {
		a.log.Warn("refresh_token is not imported, because the list of those that were cannot be read", zap.Error(err))
		a.imported.Store(true)
	}
	return nil
}

// adoptImport saves the token as a sign-in whose user is not known yet. The
// list is saved after it: cut off in between, the same token is imported
// again, which loses nothing, since it was not used yet.
func (a *Account) adoptImport(ctx context.Context, token Secret) {
	now := a.clock.Now()
	a.save(ctx, &record{
		Generation:     a.nextGeneration(),
		RefreshToken:   token.Reveal(),
		RefreshTokenAt: now,
		SignedInAt:     now,
		RedirectURI:    a.config.RedirectURI,
	})
	a.log.Info("imported the refresh token of the configuration")
}

// loadImports reads the list. stale says that it is to be sealed anew, with the
// first key.
func (a *Account) loadImports(ctx context.Context) (list *imports, stale bool, err error) {
	list = &imports{}
	key := importsKey(a.config.Name)
	stored, err := a.storage.Load(ctx, key)
	if errors.Is(err, fs.ErrNotExist) {
		list.Salt = make([]byte, 32)
		rand.Read(list.Salt)
		return list, false, nil
	}
	if err != nil {
		return nil, false, a.storageFailure(err)
	}
	id, err := openRecord(a.keys, key, importsFingerprint, stored, list)
	switch {
	case err == nil:
		return list, a.isOldKey(id), nil
	case errors.Is(err, errUnknownKey):
		return nil, false, a.misconfigured("unknown_key", "the list of imported refresh tokens is "+err.Error()+", so none is imported",
			"Put the key that sealed it into encryption_key, after the new one, or sign in.")
	case errors.Is(err, errDamaged), errors.Is(err, errOtherClient):
		return nil, false, a.misconfigured("damaged_imports", "the list of imported refresh tokens is damaged, so none is imported",
			"Sign in; or delete "+key+" in the storage if refresh_token was never imported.")
	}
	return nil, false, a.unusable(err) // the key itself
}

// restoreImports saves the list back to a storage that lost it. Without it, the
// next start would import the configured token again, over the newer one.
func (a *Account) restoreImports(ctx context.Context) {
	list := a.imports.Load()
	if list == nil {
		return
	}
	if _, err := a.storage.Load(ctx, importsKey(a.config.Name)); errors.Is(err, fs.ErrNotExist) {
		a.saveImports(ctx, list)
	}
}

func (a *Account) saveImports(ctx context.Context, list *imports) {
	key := importsKey(a.config.Name)
	sealed, err := sealRecord(a.keys, key, importsFingerprint, list)
	if err == nil {
		err = a.storage.Store(ctx, key, sealed)
	}
	if err != nil {
		a.log.Error("the list of imported refresh tokens could not be saved", zap.Error(err))
	}
}
