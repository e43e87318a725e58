// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// RecordKey returns where an account's record is in the storage.
func RecordKey(account string) string { return "onenote/accounts/" + account + ".json" }

// envelope is a record as it is stored: what may be read by anyone, and what
// may not.
type envelope struct {
	Version     int    `json:"v"`
	KeyID       string `json:"key_id"`
	Fingerprint string `json:"fingerprint"`
	Sealed      []byte `json:"sealed"`
}

// recordVersion is the version this program writes and reads.
const recordVersion = 1

// record is the sealed part: one account's tokens and what is known of them.
// Its token fields are plain strings, because it exists to be stored; it is
// never logged or shown.
type record struct {
	// Generation changes whenever the tokens do.
	Generation uint64 `json:"generation"`

	AccessToken string    `json:"access_token,omitempty"`
	Expiry      time.Time `json:"expiry,omitzero"`
	RenewOn     time.Time `json:"renew_on,omitzero"`

	RefreshToken string `json:"refresh_token,omitempty"`

	// ObtainedAt is when the access token was received, RefreshTokenAt when
	// the refresh token was, SignedInAt when the user last signed in.
	ObtainedAt     time.Time `json:"obtained_at,omitzero"`
	RefreshTokenAt time.Time `json:"refresh_token_at,omitzero"`
	SignedInAt     time.Time `json:"signed_in_at,omitzero"`

	RedirectURI string   `json:"redirect_uri,omitempty"`
	Scopes      []string `json:"scopes,omitempty"`
	User        user     `json:"user,omitzero"`

	// Trouble is why the last renewal failed; nil after one that succeeded.
	Trouble *trouble `json:"trouble,omitempty"`
}

// trouble is a failure that other processes and later starts have to know of:
// what was refused is not asked again, and nobody asks before NotBefore.
type trouble struct {
	Class     Class     `json:"class"`
	Code      string    `json:"code"`
	Message   string    `json:"message"`
	Hint      string    `json:"hint"`
	Claims    string    `json:"claims,omitempty"`
	At        time.Time `json:"at"`
	NotBefore time.Time `json:"not_before,omitzero"`

	// Tries counts the failures in a row.
	Tries int `json:"tries"`
}

// skewAllowed is how far in the future a token may seem to be obtained. More
// means that the clock was set back, and that its expiry means nothing.
const skewAllowed = 5 * time.Minute

// hardMargin is how long before its expiry a token is no longer sent: it has
// to arrive and be checked. Short-lived tokens get a tenth of their life.
func (r *record) hardMargin() time.Duration {
	return min(30*time.Second, r.Expiry.Sub(r.ObtainedAt)/10)
}

// usable reports whether the access token may be sent.
func (r *record) usable(now time.Time) bool {
	return r.AccessToken != "" &&
		now.Before(r.Expiry.Add(-r.hardMargin())) &&
		r.ObtainedAt.Before(now.Add(skewAllowed))
}

// generation returns the record's generation; 0 for none.
func (r *record) generation() uint64 {
	if r == nil {
		return 0
	}
	return r.Generation
}

// dropAccess forgets an access token that must not be sent.
func (r *record) dropAccess() {
	r.AccessToken = ""
	r.Expiry, r.RenewOn = time.Time{}, time.Time{}
}

// lagsBehind reports whether a record is an earlier one of the sign-in that is
// known: some storages answer for a while with what was there before. A refresh
// token that was used already could end the sign-in (RFC 9700 §4.14.2).
func (r *record) lagsBehind(known *record) bool {
	return r != nil && known != nil &&
		r.Generation < known.Generation && !r.SignedInAt.After(known.SignedInAt)
}

// Reasons why a stored record is not used. Only a sign-in writes over it.
var (
	errOtherClient = errors.New("the stored sign-in is of another client, tenant or provider")
	errDamaged     = errors.New("the stored sign-in is damaged or was moved here from elsewhere")
)

// sealRecord writes a record. It is bound to its place and its fingerprint:
// copied to another account it does not open.
func sealRecord(keys KeySource, key, fingerprint string, content any) ([]byte, error) {
	raw, err := keys.Keys(true)
	if err != nil {
		return nil, err
	}
	s, err := newSealer(raw)
	if err != nil {
		return nil, err
	}
	plain, err := json.Marshal(content)
	if err != nil {
		return nil, err
	}
	sealed, err := s.seal(plain, associatedData(key, fingerprint))
	if err != nil {
		return nil, err
	}
	return json.Marshal(envelope{Version: recordVersion, KeyID: s.primary, Fingerprint: fingerprint, Sealed: sealed})
}

// openRecord reads a record into content and returns the id of its key.
func openRecord(keys KeySource, key, fingerprint string, stored []byte, content any) (keyID string, err error) {
	var e envelope
	if err := json.Unmarshal(stored, &e); err != nil {
		return "", errDamaged
	}
	if e.Version > recordVersion {
		return "", fmt.Errorf("%w: a newer version of this program wrote it", errUnknownKey)
	}
	if e.Version != recordVersion || len(e.Sealed) == 0 {
		return "", errDamaged
	}
	if e.Fingerprint != fingerprint {
		return "", errOtherClient
	}
	raw, err := keys.Keys(false)
	if errors.Is(err, ErrNoKey) {
		return "", errUnknownKey
	}
	if err != nil {
		return "", err
	}
	s, err := newSealer(raw)
	if err != nil {
		return "", err
	}
	plain, err := s.open(e.KeyID, e.Sealed, associatedData(key, fingerprint))
	if errors.Is(err, errUnknownKey) {
		return "", err
	}
	if err != nil || json.Unmarshal(plain, content) != nil {
		return "", errDamaged
	}
	return e.KeyID, nil
}

// associatedData is what a record is bound to.
func associatedData(key, fingerprint string) []byte {
	return []byte("caddy-onenote/v1|" + key + "|" + fingerprint)
}
