// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"errors"
	"time"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// blocked returns why a request to the provider would be of no use now; nil if it
// may be sent.
func (a *Account) blocked(d demand) *oauth.Failure {
	if a.importDue() {
		return nil
	}
	now := a.clock.Now()
	if m := a.misconfigured.Load(); m != nil && now.Before(m.until) && !d.force {
		return m.failure
	}
	r, unusable := a.state.known()
	if unusable = a.matters(unusable); unusable != nil {
		return a.unusableRecord(unusable)
	}
	if a.config.Flow != oauth.FlowClientCredentials {
		if f := a.noRefreshToken(r); f != nil {
			return f
		}
		if f := a.unexpectedIfKnown(r.User); f != nil {
			return f
		}
	}
	l := a.lastFailure(r)
	if l == nil || d.force || !l.forbidsRefresh(now) {
		return nil
	}
	return l.failure(a)
}

// loadEvery is how often the storage is read for changes by other processes.
const loadEvery = 2 * time.Second

// blockedInMemory is blocked by what is in memory, for as long as that is fresh:
// during an outage no request reads the storage.
func (a *Account) blockedInMemory(d demand) *oauth.Failure {
	if !a.loadedLately() || !a.imported.Load() {
		return nil
	}
	return a.blocked(d)
}

// loadedLately reports whether the storage need not be read for changes.
func (a *Account) loadedLately() bool {
	a.state.mu.Lock()
	defer a.state.mu.Unlock()
	return a.clock.Now().Sub(a.state.loadedAt).Abs() < loadEvery
}

// matters returns why the stored record cannot be used, if that keeps the account
// from its tokens. The tokens of an app can be requested again whatever client or
// copy the record is of; only a missing key is reported.
func (a *Account) matters(unusable error) error {
	if a.config.Flow == oauth.FlowClientCredentials && (errors.Is(unusable, errOtherClient) || errors.Is(unusable, errDamaged)) {
		return nil
	}
	return unusable
}

// noRefreshToken returns why there is nothing to refresh with.
func (a *Account) noRefreshToken(r *record) *oauth.Failure {
	switch {
	case r == nil:
		return a.failure(oauth.SigninRequired, codeSignedOut, "nobody is signed in", a.howToBegin())
	case r.RefreshToken != "":
		return nil
	case a.config.Flow == oauth.FlowToken:
		return a.failure(oauth.SigninRequired, "token_expired", a.whyUseless(r)+", and the token flow gives no refresh token",
			"Sign in again; with flow code this happens by itself.")
	}
	message := a.whyUseless(r) + ", and the provider gave no refresh token"
	if r.usable(a.clock.Now()) && !a.state.wasRefused(r) {
		message = "the provider gave no refresh token, so somebody has to sign in again when the access token expires"
	}
	return a.failure(oauth.SigninRequired, codeNoRefreshToken, message, a.config.HowToGetRefreshToken())
}

// whyUseless says why an access token is of no more use.
func (a *Account) whyUseless(r *record) string {
	if r.usable(a.clock.Now()) && a.state.wasRefused(r) {
		return "the API does not accept the access token any more"
	}
	return "the access token expired"
}

// howToBegin says what to do where nobody is signed in.
func (a *Account) howToBegin() string {
	if a.config.RefreshToken == nil {
		return "Sign in."
	}
	return "Sign in; the value of refresh_token was imported before, and is not imported twice."
}

// unusableRecord returns the failure of a stored record that cannot be used.
func (a *Account) unusableRecord(reason error) *oauth.Failure {
	switch {
	case errors.Is(reason, errNewer):
		return a.failure(oauth.Misconfigured, "unknown_key", "the stored sign-in is "+reason.Error(),
			"Start that version again, or sign in again.")
	case errors.Is(reason, errUnknownKey):
		return a.failure(oauth.Misconfigured, "unknown_key", "the stored sign-in is "+reason.Error(),
			"Put the key that sealed it into encryption_key, after the new one, or sign in again.")
	case errors.Is(reason, errOtherClient):
		return a.failure(oauth.SigninRequired, "other_client", reason.Error(), "Sign in again, or change the configuration back.")
	case errors.Is(reason, errDamaged):
		return a.failure(oauth.SigninRequired, "damaged_record", reason.Error(), "Sign in again.")
	}
	return a.failure(oauth.Misconfigured, "sealing_key", reason.Error(), "Repair the sealing key or give one with encryption_key.")
}
