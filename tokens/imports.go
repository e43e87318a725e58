// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io/fs"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// imports is the record of the refresh tokens that were ever imported for an
// account. It survives sign-out: a value that still stands in a configuration
// must not undo a sign-out, nor replace the newer token that its refreshes led
// to.
type imports struct {
	Salt []byte   `json:"salt"`
	Seen [][]byte `json:"seen"`
}

func importsKey(account string) string { return "onenote/imports/" + account + ".json" }

// importsFingerprint is used instead of an account's fingerprint: the list outlives
// changes of the client.
const importsFingerprint = "imports"

func (i *imports) fingerprint(token oauth.Secret) []byte {
	m := hmac.New(sha256.New, i.Salt)
	m.Write([]byte(token.Reveal()))
	return m.Sum(nil)
}

func (i *imports) has(fingerprint []byte) bool {
	return slices.ContainsFunc(i.Seen, func(seen []byte) bool { return hmac.Equal(seen, fingerprint) })
}

// candidate is a configured refresh token that is to replace a sign-in. It does so
// only after its first refresh worked: it may be mistyped, or used up.
type candidate struct {
	token     oauth.Secret
	notBefore time.Time // no earlier try, after one that failed for a transient reason
}

// importDue reports whether a configured refresh token is to be tried.
func (a *Account) importDue() bool {
	c := a.candidate.Load()
	return c != nil && !a.clock.Now().Before(c.notBefore)
}

// importUntried reports whether there is a candidate of which nothing is known yet.
// One that failed for a transient reason says nothing of what requests get.
func (a *Account) importUntried() bool {
	c := a.candidate.Load()
	return c != nil && c.notBefore.IsZero()
}

// importToken decides what becomes of the configured refresh token: nothing if it was
// ever imported; where nobody is signed in, it becomes the account's; else it is a
// candidate. It is not used here yet: the provider may be this very server, which is
// not listening at that time.
func (a *Account) importToken(ctx context.Context) error {
	if a.config.RefreshToken == nil || !a.config.Refreshes() {
		a.imported.Store(true)
		return nil
	}
	token, err := a.config.RefreshToken()
	if err != nil {
		return a.failure(oauth.Misconfigured, "refresh_token", "the refresh token to import cannot be read: "+err.Error(),
			"Make the file or variable that refresh_token names readable for Caddy.")
	}
	list, stale, err := a.loadImports(ctx)
	if err != nil {
		return a.importsUnreadable(err)
	}
	r, unusable := a.state.known()
	switch isNew := !a.wasImported(list, token, r); {
	case isNew && r == nil && unusable == nil, stale:
		return a.importLocked(ctx, token)
	case isNew:
		a.candidate.Store(&candidate{token: token})
	default:
		a.importsUnsaved.Store(!list.has(list.fingerprint(token)))
	}
	a.imports.Store(list)
	a.imported.Store(true)
	return nil
}

// wasImported reports whether a value was ever imported.
func (a *Account) wasImported(list *imports, token oauth.Secret, r *record) bool {
	return list.has(list.fingerprint(token)) || r != nil && bytes.Equal(r.ImportOf, importOf(token))
}

// importOf is what a record says of the value that it was imported from.
func importOf(token oauth.Secret) []byte {
	sum := sha256.Sum256([]byte(token.Reveal()))
	return sum[:]
}

// importLocked is importToken where something has to be stored.
func (a *Account) importLocked(ctx context.Context, token oauth.Secret) error {
	lock, err := a.takeLock(ctx, a.mayRefreshUnlocked())
	if err != nil {
		return err
	}
	defer lock.unlock()
	if err := a.load(ctx); err != nil {
		return err
	}
	list, stale, err := a.loadImports(ctx)
	if err != nil {
		return a.importsUnreadable(err)
	}
	r, unusable := a.state.known()
	isNew := !a.wasImported(list, token, r)
	switch {
	case isNew && r == nil && unusable == nil:
		if err := a.adoptImport(ctx, token); err != nil {
			return err
		}
		a.saveImports(ctx, list.with(token))
	case isNew:
		a.candidate.Store(&candidate{token: token})
	}
	if stale {
		a.saveImports(ctx, list)
	}
	a.imports.Store(list)
	a.imported.Store(true)
	return nil
}

// with adds a value to the list.
func (i *imports) with(token oauth.Secret) *imports {
	if f := i.fingerprint(token); !i.has(f) {
		i.Seen = append(i.Seen, f)
	}
	return i
}

// importsUnreadable handles a list that cannot be read. Nothing is imported then.
// That is a failure only where there is no stored sign-in.
func (a *Account) importsUnreadable(err error) error {
	if r, unusable := a.state.known(); r == nil && unusable == nil {
		return err
	}
	if f := oauth.AsFailure(err); f == nil || f.Status.Class == oauth.Misconfigured {
		a.log.Warn("refresh_token is not imported, because the list of imported tokens cannot be read", zap.Error(err))
		a.imported.Store(true)
	}
	return nil
}

// adoptImport saves the token as a sign-in whose user is not known yet. The list
// is saved after it: if the process ends in between, the record says what it was
// imported from.
func (a *Account) adoptImport(ctx context.Context, token oauth.Secret) error {
	m, err := a.loadMarker(ctx)
	if err != nil {
		return a.storageFailure(err)
	}
	now := a.clock.Now()
	saved := a.saveSignin(ctx, &record{
		Generation:     a.nextGeneration(),
		RefreshToken:   token.Reveal(),
		RefreshTokenAt: now,
		SignedInAt:     signInTime(now, nil, m),
		SignInID:       rand.Text(),
		RedirectURI:    a.config.RedirectURI,
		ImportOf:       importOf(token),
	})
	if saved {
		a.log.Info("imported the refresh token of the configuration")
	}
	return nil
}

// tryImport tries the candidate. It returns a token if the import worked; nothing if
// there is no candidate, or what is signed in stays. The caller has the lock.
//
//nolint:nilnil // no token and no error: what is signed in serves on
func (a *Account) tryImport(ctx context.Context, lock *heldLock, d demand) (*bearer, error) {
	if !a.importDue() {
		return nil, nil
	}
	c := a.candidate.Load()
	list, _, err := a.loadImports(ctx)
	if err != nil {
		a.postponeImport(c, misconfiguredPause)
		return nil, nil
	}
	b, err := a.importBasis(ctx)
	if err != nil {
		return nil, a.storageFailure(err)
	}
	if b.stored.value == nil || a.wasImported(list, c.token, b.record) {
		// Somebody signed out, or another process has imported it.
		a.endImport(ctx, list, c)
		return nil, nil
	}
	if lock.outlived(ctx) {
		return nil, errOutlived
	}
	began := a.clock.Now()
	g, err := a.client.Refresh(ctx, oauth.RefreshRequest{RefreshToken: c.token, Claims: d.claims})
	next := &record{}
	if err == nil {
		next, err = a.importedRecord(ctx, b, c, g, began)
	}
	if f := oauth.AsFailure(err); f != nil {
		a.importFailed(ctx, list, c, f, a.clock.Now().Sub(began))
		return nil, nil
	}
	a.reportRefresh(resultOK, a.clock.Now().Sub(began))
	saved := a.save(ctx, lock, b, next)
	a.endImport(ctx, list, c)
	if !saved {
		return nil, nil
	}
	a.misconfigured.Store(nil)
	a.log.Info("imported the refresh token of the configuration")
	return a.refreshedTo(next.Generation)
}

// importBasis is the basis of an import, which may also replace a record that this
// configuration cannot use.
func (a *Account) importBasis(ctx context.Context) (basis, error) {
	b := a.state.basis()
	if b.stored.value != nil {
		return b, nil
	}
	f, err := a.find(ctx, b)
	b.stored.value = f.value
	return b, err
}

// importedRecord returns the record that a candidate leads to. The sign-in counts
// from the time of the request: what somebody else did since wins.
func (a *Account) importedRecord(ctx context.Context, b basis, c *candidate, g *oauth.Grant, began time.Time) (*record, error) {
	m, err := a.loadMarker(ctx)
	if err != nil {
		m = marker{}
	}
	r := &record{Generation: a.nextGeneration(), RefreshToken: c.token.Reveal(), RefreshTokenAt: g.ObtainedAt}
	next := r.refreshed(g, a.refreshOn(g))
	next.RedirectURI, next.ImportOf = a.config.RedirectURI, importOf(c.token)
	next.SignedInAt, next.SignInID = began, rand.Text()
	if !m.SignedOutAt.After(began) || m.SignedOutAt.After(a.clock.Now()) {
		next.SignedInAt = signInTime(began, b.record, m)
	}
	if f := a.unfit(g, next.User); f != nil {
		return nil, f
	}
	return next, nil
}

// importFailed decides what becomes of a candidate that did not work. The sign-in
// that it was to replace stays.
func (a *Account) importFailed(ctx context.Context, list *imports, c *candidate, f *oauth.Failure, took time.Duration) {
	a.reportRefresh(string(f.Status.Class), took)
	if f.Status.Class != oauth.SigninRequired {
		a.log.Warn("the refresh token of the configuration could not be tried; the sign-in in use stays", zap.Object("error", f.Status))
		a.postponeImport(c, max(f.Wait, misconfiguredPause))
		return
	}
	a.log.Error("the refresh token of the configuration was refused and is not imported; the sign-in in use stays", zap.Object("error", f.Status))
	a.endImport(ctx, list, c)
}

// postponeImport lets the candidate wait.
func (a *Account) postponeImport(c *candidate, pause time.Duration) {
	a.candidate.CompareAndSwap(c, &candidate{token: c.token, notBefore: a.clock.Now().Add(pause)})
}

// endImport ends a candidate for good: it worked, or never will.
func (a *Account) endImport(ctx context.Context, list *imports, c *candidate) {
	a.saveImports(ctx, list.with(c.token))
	a.imports.Store(list)
	a.candidate.CompareAndSwap(c, nil)
}

// dropCandidate ends the candidate after a sign-out, which it must not undo.
func (a *Account) dropCandidate(ctx context.Context) {
	c := a.candidate.Load()
	if c == nil {
		return
	}
	a.candidate.CompareAndSwap(c, nil)
	if list, _, err := a.loadImports(ctx); err == nil {
		a.saveImports(ctx, list.with(c.token))
		a.imports.Store(list)
	}
}

// saveImportsAgain repeats a save of the list that failed.
func (a *Account) saveImportsAgain(ctx context.Context) {
	token, err := a.config.RefreshToken()
	if err != nil {
		return
	}
	list, _, err := a.loadImports(ctx)
	if err != nil {
		return
	}
	a.saveImports(ctx, list.with(token))
	a.imports.Store(list)
}

// loadImports reads the list. stale says that it has to be sealed again, with the
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
		return nil, false, a.failure(oauth.Misconfigured, "unknown_key", "the list of imported refresh tokens is "+err.Error()+", so none is imported",
			"Put the key that sealed it into encryption_key, after the new one, or sign in.")
	case errors.Is(err, errDamaged), errors.Is(err, errOtherClient):
		return nil, false, a.failure(oauth.Misconfigured, "damaged_imports", "the list of imported refresh tokens is damaged, so none is imported",
			"Sign in; or delete "+key+" in the storage if refresh_token was never imported.")
	}
	return nil, false, a.unusableRecord(err) // the key itself
}

// restoreImports saves the list again to a storage that lost it. Without it, the
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
	if err != nil && !a.importsUnsaved.Load() {
		a.log.Error("the list of imported refresh tokens could not be saved; it is tried again", zap.Error(err))
	}
	a.importsUnsaved.Store(err != nil)
}
