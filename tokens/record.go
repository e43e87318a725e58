// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"cmp"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// RecordKey returns where an account's record is in the storage.
func RecordKey(account string) string { return "onenote/accounts/" + account + ".json" }

// envelope is a record as it is stored: the part that anyone may read, and the
// sealed part.
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
// never logged or shown. The names in JSON are those of version 1 and stay, so
// that records of earlier versions open.
type record struct {
	// Generation changes whenever the tokens do.
	Generation uint64 `json:"generation"`

	AccessToken string    `json:"access_token,omitempty"`
	Expiry      time.Time `json:"expiry,omitzero"`
	RefreshOn   time.Time `json:"renew_on,omitzero"`

	RefreshToken string `json:"refresh_token,omitempty"`

	// ObtainedAt is when the access token was received, RefreshTokenAt when
	// the refresh token was, SignedInAt when the user last signed in.
	ObtainedAt     time.Time `json:"obtained_at,omitzero"`
	RefreshTokenAt time.Time `json:"refresh_token_at,omitzero"`
	SignedInAt     time.Time `json:"signed_in_at,omitzero"`

	// SignInID tells the sign-in from any other; a refresh keeps it. Records of
	// earlier versions have none.
	SignInID string `json:"sign_in_id,omitempty"`

	RedirectURI string     `json:"redirect_uri,omitempty"`
	Scopes      []string   `json:"scopes,omitempty"`
	User        oauth.User `json:"user,omitzero"`

	// ImportOf names the configured refresh token that this sign-in began with, so
	// that the same value is not imported again, even if the list of imports could
	// not be saved. Empty for any other sign-in.
	ImportOf []byte `json:"import_of,omitempty"`

	// LastFailure is why the last refresh failed, in the records of earlier versions.
	// Now failures have a place of their own (failureNote).
	LastFailure *lastFailure `json:"trouble,omitempty"`
}

// skewAllowed is how far in the future a token may seem to be obtained. A longer
// time means that the clock was set back, and that the expiry says nothing.
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

// withoutAccess returns the record without its access token, which must not be sent.
func (r *record) withoutAccess() *record {
	next := *r
	next.AccessToken = ""
	next.Expiry, next.RefreshOn = time.Time{}, time.Time{}
	return &next
}

// signIn names a sign-in: two may happen at the same time by two clocks.
type signIn struct {
	at time.Time
	id string
}

// signIn returns the sign-in of the record; the zero value for none.
func (r *record) signIn() signIn {
	if r == nil {
		return signIn{}
	}
	return signIn{r.SignedInAt, r.SignInID}
}

// compare orders sign-ins: the later one wins.
func (s signIn) compare(t signIn) int {
	return cmp.Or(s.at.Compare(t.at), strings.Compare(s.id, t.id))
}

// Reasons why a stored record is not used. Only a sign-in overwrites it.
var (
	errOtherClient = errors.New("the stored sign-in is of another client, tenant or provider")
	errDamaged     = errors.New("the stored sign-in is damaged or was moved here from elsewhere")
)

// sealRecord seals a record. It is bound to its key in the storage and to its
// fingerprint: copied to another account it does not open.
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
		return "", errNewer
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

// sealedBy returns the id of the key that sealed a stored value; empty if it is none.
func sealedBy(stored []byte) string {
	var e envelope
	if json.Unmarshal(stored, &e) != nil {
		return ""
	}
	return e.KeyID
}

// associatedData is what a record is bound to.
func associatedData(key, fingerprint string) []byte {
	return []byte("caddy-onenote/v1|" + key + "|" + fingerprint)
}
