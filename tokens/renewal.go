// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"strings"
	"time"

	"go.uber.org/zap"
)

// renewalLimit bounds one renewal, waiting for the storage lock included.
const renewalLimit = lockPatience + identityTimeout + 15*time.Second

// renew is the one renewal that many wait for. It looks into the storage
// before and after taking its lock: another process may have done the work.
func (a *Account) renew(d demand) (*bearer, error) {
	ctx, done := a.memory.work(renewalLimit)
	defer done()
	a.held.beginRenewal()
	defer a.endRenewal()
	if err := a.prepare(ctx); err != nil {
		return nil, err
	}
	if b := a.met(d); b != nil {
		return b, nil
	}
	if f := a.block(d); f != nil {
		return nil, f
	}
	unlock, err := a.lockOrNews(ctx, d)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if b := a.met(d); b != nil {
		return b, nil
	}
	if f := a.block(d); f != nil {
		return nil, f
	}
	return a.renewLocked(ctx, d)
}

// prepare learns what the storage knows and imports what is to be imported.
func (a *Account) prepare(ctx context.Context) error {
	if err := a.look(ctx); err != nil {
		return err
	}
	if a.imported.Load() {
		return nil
	}
	return a.importToken(ctx)
}

// renewLocked asks the identity provider. The caller holds the lock.
func (a *Account) renewLocked(ctx context.Context, d demand) (*bearer, error) {
	r, _ := a.held.known()
	if r == nil {
		r = &record{} // client credentials need none
	}
	started := a.clock.Now()
	g, err := a.askTwice(ctx, r, d.claims)
	took := a.clock.Now().Sub(started)
	if err != nil {
		f := a.failureOf(err)
		a.count(f.Class(), took)
		return a.renewalFailed(ctx, d, r, f)
	}
	next := r.renewed(g, a.renewOn(g))
	if f := a.unfit(g, next.User); f != nil {
		a.count(f.Class(), took)
		return a.renewedInVain(ctx, next, r.Trouble, f)
	}
	a.count("ok", took)
	a.wrong.Store(nil)
	a.save(ctx, next)
	a.log.Debug("renewed the access token", zap.Time("expires_at", next.Expiry))
	return a.held.live.Load(), nil
}

// askTwice asks once, and once more if the client secret was replaced in the
// meantime: its file is rotated under running programs.
func (a *Account) askTwice(ctx context.Context, r *record, claims string) (*Grant, error) {
	before := a.currentSecret()
	g, err := a.requestToken(ctx, a.renewalRequest(r, claims))
	f := asFailure(err)
	if f == nil || f.oauth != "invalid_client" || a.currentSecret() == before {
		return g, err
	}
	return a.requestToken(ctx, a.renewalRequest(r, claims))
}

func (a *Account) currentSecret() Secret {
	if !a.config.hasSecret() {
		return ""
	}
	s, _ := a.config.ClientSecret()
	return s
}

func (a *Account) renewalRequest(r *record, claims string) map[string][]string {
	if a.config.Flow == FlowClientCredentials {
		return a.clientCredentialsRequest(claims)
	}
	return a.refreshRequest(r, claims)
}

// renewed returns the record after a renewal. What the answer leaves out stays
// as it was: refresh token (RFC 6749 §6), scopes, user.
func (r *record) renewed(g *Grant, renewOn time.Time) *record {
	next := *r
	next.Generation = max(r.Generation, uint64(g.obtained.UnixMilli())) + 1
	next.AccessToken = g.accessToken.Reveal()
	next.ObtainedAt, next.Expiry, next.RenewOn = g.obtained, g.expiry, renewOn
	next.Trouble = nil
	if t := g.refreshToken.Reveal(); t != "" && t != r.RefreshToken {
		next.RefreshToken, next.RefreshTokenAt = t, g.obtained
	}
	if len(g.scopes) > 0 {
		next.Scopes = g.scopes
	}
	if g.user.ID != "" {
		next.User.ID = g.user.ID
	}
	if g.user.Name != "" {
		next.User.Name, next.User.Tenant = g.user.Name, g.user.Tenant
	}
	return &next
}

// renewOn says when a token is renewed ahead of its expiry: when the provider
// says, else well before; a little earlier by chance, so that many programs
// started together do not ask together.
func (a *Account) renewOn(g *Grant) time.Time {
	life := g.expiry.Sub(g.obtained)
	on := g.renewOn
	if before := a.config.RefreshBefore; before > 0 {
		on = g.expiry.Add(-min(before, life/2))
	}
	if on.IsZero() {
		on = g.expiry.Add(-min(max(5*time.Minute, life/10), life/2))
	}
	return on.Add(-rand.N(max(on.Sub(g.obtained)/10, 1)))
}

// renewalFailed keeps what failed for everybody else who would ask.
func (a *Account) renewalFailed(ctx context.Context, d demand, r *record, f *Failure) (*bearer, error) {
	if f.class == SigninRequired && f.Claims == "" {
		f.Claims = d.claims
	}
	if f.class == Misconfigured {
		return a.refusedConfig(f)
	}
	if f.class == SigninRequired {
		// Somebody may have renewed without the lock; the storage knows.
		if err := a.look(ctx); err == nil {
			if b := a.met(d); b != nil {
				return b, nil
			}
			if now, _ := a.held.known(); now.generation() != r.Generation {
				return nil, f // signed in anew or signed out in the meantime
			}
		}
	}
	next := *r
	if f.class == SigninRequired && d.refused && d.other == r.Generation {
		// Neither upstream nor the provider wants it any more; sent until its
		// expiry it would cost each request a way to upstream and back.
		next.dropAccess()
	}
	next.Trouble = a.troubleOf(f, r.Trouble)
	if f.class == Passing {
		f.retryAfter = next.Trouble.NotBefore.Sub(a.clock.Now())
	}
	a.save(ctx, &next)
	a.report("renewal failed", f)
	return nil, f
}

// renewedInVain keeps the refresh token of an answer whose access token is not
// used: the one it replaced may be worth nothing any more.
func (a *Account) renewedInVain(ctx context.Context, next *record, earlier *trouble, f *Failure) (*bearer, error) {
	next.dropAccess()
	if f.class == SigninRequired {
		next.Trouble = a.troubleOf(f, earlier)
	}
	a.save(ctx, next)
	if f.class == Misconfigured {
		return a.refusedConfig(f)
	}
	a.report("renewal failed", f)
	return nil, f
}

// refusedConfig remembers a failure that only a change of the configuration
// cures.
func (a *Account) refusedConfig(f *Failure) (*bearer, error) {
	a.wrong.Store(&wrong{failure: f, until: a.clock.Now().Add(wrongPause)})
	a.report("renewal failed", f)
	return nil, f
}

// unfit says why the tokens of a renewal are not used.
func (a *Account) unfit(g *Grant, u user) *Failure {
	if f := a.foreignType(g); f != nil {
		return f
	}
	f := a.unexpected(u)
	if f != nil && a.config.Flow == FlowClientCredentials {
		f.class = Misconfigured
		f.hint = "Remove expected_user, or set it to the object id of the app's service principal."
	}
	return f
}

// foreignType refuses tokens that are of no use as a bearer (RFC 6749 §7.1).
func (a *Account) foreignType(g *Grant) *Failure {
	if g.tokenType != "" && !strings.EqualFold(g.tokenType, "bearer") {
		return a.misconfigured("token_type", "the identity provider gave a token that is no bearer token",
			"Switch proof of possession off for the app, at the provider or in authorize_param.")
	}
	if strings.ContainsFunc(g.accessToken.Reveal(), notInToken) {
		return a.misconfigured("access_token", "the identity provider gave an access token with a line break, a space or a foreign character in it, which no header can hold",
			"Something is added to the token on its way. Check token_url, authorize_url, and what stands between here and the provider.")
	}
	return nil
}

// notInToken reports whether a character cannot stand in a header as part of a
// token (RFC 6750 §2.1, and what else is visible).
func notInToken(r rune) bool { return r <= ' ' || r > '~' }

// wrongPause is how long a refused configuration is not tried again.
const wrongPause = 30 * time.Second

// The pauses after passing failures: doubled each time, spread by a fifth.
// Microsoft asks for five seconds at least; where nobody was reached nobody
// is bothered by an earlier try.
const (
	firstPause     = 5 * time.Second
	unreachedPause = time.Second
	longestPause   = 5 * time.Minute
)

// troubleOf records a failure after an earlier one.
func (a *Account) troubleOf(f *Failure, earlier *trouble) *trouble {
	now := a.clock.Now()
	t := &trouble{
		Class: f.class, Code: f.Code, Message: f.Message, Hint: f.hint, Claims: f.Claims, At: now, Tries: 1,
	}
	if earlier != nil && earlier.Class == f.class {
		t.Tries = earlier.Tries + 1
	}
	if f.class != Passing {
		return t
	}
	pause := firstPause
	if f.unreached {
		pause = unreachedPause
	}
	for range min(t.Tries-1, 10) {
		pause = min(pause*2, longestPause)
	}
	pause += rand.N(pause*2/5) - pause/5
	t.NotBefore = now.Add(max(pause, f.retryAfter))
	return t
}

// failure returns a recorded failure as one of now.
func (t *trouble) failure(a *Account) *Failure {
	f := a.failure(t.Class, t.Code, t.Message, t.Hint)
	f.Claims = t.Claims
	if t.Class == Passing {
		f.retryAfter = max(t.NotBefore.Sub(a.clock.Now()), 0)
	}
	return f
}

// A refused refresh token is tried once more after a minute: consumer accounts
// are sometimes refused and then not. A day later it is not tried any more.
const (
	probeAfter = time.Minute
	probeUntil = 24 * time.Hour
)

// block says why asking the provider is of no use now; nil if it may be.
func (a *Account) block(d demand) *Failure {
	now := a.clock.Now()
	if w := a.wrong.Load(); w != nil && now.Before(w.until) && !d.insist {
		return w.failure
	}
	r, reason := a.held.known()
	if reason = a.hindrance(reason); reason != nil {
		return a.unusable(reason)
	}
	if a.config.Flow != FlowClientCredentials {
		if f := a.noRefresh(r); f != nil {
			return f
		}
		if f := a.known(r.User); f != nil {
			return f
		}
	}
	t := a.trouble(r)
	if t == nil || d.insist {
		return nil
	}
	switch {
	case t.Class == Passing && now.Before(t.NotBefore):
		return t.failure(a)
	case t.Class == SigninRequired && (t.Tries > 1 || now.Before(t.At.Add(probeAfter)) || now.After(t.At.Add(probeUntil))):
		return t.failure(a)
	}
	return nil
}

// trouble returns why the last renewal failed, as far as it still matters: it
// was about the user, and expected_user was corrected since.
func (a *Account) trouble(r *record) *trouble {
	if r == nil || r.Trouble == nil {
		return nil
	}
	if isAboutUser(r.Trouble.Code) && a.unexpected(r.User) == nil {
		return nil
	}
	return r.Trouble
}

// hindrance is a reason why the stored record cannot be used, as far as that
// keeps the account from its tokens. An app's own are had again for the asking,
// whatever client or copy the record is of; only a missing key is worth saying.
func (a *Account) hindrance(reason error) error {
	if a.config.Flow == FlowClientCredentials && (errors.Is(reason, errOtherClient) || errors.Is(reason, errDamaged)) {
		return nil
	}
	return reason
}

// noRefresh says why there is nothing to renew with.
func (a *Account) noRefresh(r *record) *Failure {
	switch {
	case r == nil:
		return a.failure(SigninRequired, "signed_out", "nobody is signed in", a.howToBegin())
	case r.RefreshToken != "":
		return nil
	case a.config.Flow == FlowToken:
		return a.failure(SigninRequired, "token_expired", "the access token ended, and the token flow gives none to renew it with",
			"Sign in again; with flow code this happens by itself.")
	}
	return a.failure(SigninRequired, "no_refresh_token", "the access token ended, and the provider gave none to renew it with",
		"Add wl.offline_access (microsoft_account) or offline_access (entra) to scopes and sign in again.")
}

// howToBegin says what to do where nobody is signed in.
func (a *Account) howToBegin() string {
	if a.config.RefreshToken == nil {
		return "Sign in."
	}
	return "Sign in; the value of refresh_token was imported before, and is not taken twice."
}

// unusable says why the stored record is of no use.
func (a *Account) unusable(reason error) *Failure {
	switch {
	case errors.Is(reason, errUnknownKey):
		return a.misconfigured("unknown_key", "the stored sign-in is "+reason.Error(),
			"Put the key that sealed it into encryption_key, after the new one, or sign in again.")
	case errors.Is(reason, errOtherClient):
		return a.failure(SigninRequired, "other_client", reason.Error(), "Sign in again, or change the configuration back.")
	case errors.Is(reason, errDamaged):
		return a.failure(SigninRequired, "damaged_record", reason.Error(), "Sign in again.")
	}
	return a.misconfigured("sealing_key", reason.Error(), "Repair the sealing key or give one with encryption_key.")
}

// lookEvery is how often the storage is looked at for what others did.
const lookEvery = 2 * time.Second

// knownBlock is block as far as memory knows, for as long as that is fresh:
// during an outage no request goes to the storage.
func (a *Account) knownBlock(d demand) *Failure {
	a.held.mu.Lock()
	fresh := a.clock.Now().Sub(a.held.lookedAt).Abs() < lookEvery
	a.held.mu.Unlock()
	if !fresh || !a.imported.Load() {
		return nil
	}
	return a.block(d)
}

// look learns what the storage has. A storage that cannot be read, or that lost
// all it had, is no loss while there is something in memory.
func (a *Account) look(ctx context.Context) error {
	h := a.held
	h.mu.Lock()
	before, owed := h.record, h.owed
	h.mu.Unlock()

	stored, err := a.storage.Load(ctx, a.key)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist) && before == nil:
		return a.storageFailure(err)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil && before != nil && a.lost(ctx, before):
		return nil
	}
	var seen sight
	if err == nil {
		seen = a.open(stored)
		if before == nil {
			a.noteMarker(ctx)
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.record != before {
		return nil // somebody was quicker, and knows better
	}
	h.lookedAt = a.clock.Now()
	h.take(seen, owed)
	return nil
}

// sight is what a look at the storage finds: a record, or none, or why the one
// there cannot be used.
type sight struct {
	record *record
	keyID  string // of the key that sealed it
	reason error
}

func (a *Account) open(stored []byte) sight {
	s := sight{record: new(record)}
	s.keyID, s.reason = openRecord(a.keys, a.key, a.fingerprint, stored, s.record)
	return s
}

// take puts what was seen into use, unless what is known is better. owed is why
// that was not in the storage when it was looked at; the caller holds the lock.
func (h *holding) take(seen sight, owed error) {
	known, r := h.record, seen.record
	switch {
	case seen.reason != nil:
		if known == nil {
			h.reason = seen.reason
		}
		return
	case errors.Is(owed, errEmptied) && r == nil:
		// Another node has filled the storage again, and signed out since.
	case owed != nil && (r == nil || r.Generation <= known.Generation):
		return // what is in memory could not be saved yet
	case r.lagsBehind(known):
		return
	}
	h.owed = nil
	h.keyID = seen.keyID
	h.put(r)
}

func (a *Account) storageFailure(err error) *Failure {
	a.log.Error("the storage cannot be read", zap.Error(err))
	return a.failure(Passing, "storage", "the storage of the sign-ins cannot be read", "Look at the storage; it is tried again by itself.")
}

// save stores a record, then puts it into use. One that cannot be stored is
// used all the same: losing it would cost the sign-in.
func (a *Account) save(ctx context.Context, r *record) {
	sealed, err := sealRecord(a.keys, a.key, a.fingerprint, r)
	if err == nil {
		err = a.storage.Store(ctx, a.key, sealed)
	}
	if err == nil {
		a.mark(ctx) // not before: who finds a marker alone takes it for a sign-out
	}
	h := a.held
	h.mu.Lock()
	h.owed = err
	if err == nil {
		h.keyID = "" // the newest; tend has nothing to seal anew
	}
	h.lookedAt = a.clock.Now()
	h.put(r)
	h.mu.Unlock()
	if err != nil {
		a.log.Error("the sign-in could not be saved; it is kept in memory and saving is tried again", zap.Error(err))
	}
	a.tell()
}

// report tells of a failed renewal, once and without secrets.
func (a *Account) report(what string, f *Failure) {
	a.log.Warn(what,
		zap.String("class", f.Class()), zap.String("code", f.Code), zap.String("reason", f.Message), zap.String("hint", f.hint),
		zap.String("suberror", f.Suberror), zap.String("trace_id", f.TraceID), zap.String("correlation_id", f.CorrelationID))
	a.emit("onenote.renewal_failed", f.class, f.Code)
	if f.class == SigninRequired {
		a.emit("onenote.signin_required", f.class, f.Code)
	}
	a.tell()
}

func (a *Account) emit(event string, class Class, code string) {
	if a.observer != nil {
		a.observer.Event(event, a.config.Name, class, code)
	}
}

func (a *Account) count(result string, took time.Duration) {
	if a.observer != nil {
		a.observer.Renewal(a.config.Name, result, took)
	}
}

func (a *Account) tell() {
	if a.observer != nil {
		a.observer.Tokens(a.config.Name, a.status())
	}
}
