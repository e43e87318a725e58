// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caddy-onenote/caddy-onenote/emulator/person"
)

// ImportedRefreshToken is a refresh token that every token endpoint accepts at
// any time, in strict mode too, and that is never revoked. Using it starts a
// new family, whose tokens can expire and be revoked.
const ImportedRefreshToken = "emulator-refresh-token"

// refreshTokenLife is how long a refresh token works without being used.
const refreshTokenLife = 90 * 24 * time.Hour

// RefreshToken is the content of a refresh token. It is complete, so that an
// emulator that was restarted can read it.
type RefreshToken struct {
	Account  person.Person `json:"a"`
	Provider Provider      `json:"p,omitempty"`
	Tenant   string        `json:"t,omitempty"`
	Client   string        `json:"c,omitempty"`
	Redirect string        `json:"u,omitempty"`
	Scope    string        `json:"s,omitempty"`
	Resource string        `json:"r,omitempty"`
	Family   string        `json:"f"`
	Instance string        `json:"i"`
	Serial   int           `json:"n"`
	Issued   int64         `json:"d"`
}

func (t RefreshToken) id() string { return t.Instance + "-" + strconv.Itoa(t.Serial) }

// Grant returns what the refresh token permits.
func (t RefreshToken) Grant() Grant {
	return Grant{
		Account: t.Account, Provider: t.Provider, Tenant: t.Tenant, Client: t.Client,
		Redirect: t.Redirect, Scope: t.Scope, Resource: t.Resource, family: t.Family,
	}
}

// IssueRefresh makes a refresh token. It is the newest of the grant's family, or
// the first of a new one.
func (b *Book) IssueRefresh(g Grant) string {
	t := RefreshToken{
		Account: g.Account, Provider: g.Provider, Tenant: g.Tenant, Client: g.Client,
		Redirect: g.Redirect, Scope: g.Scope, Resource: g.Resource, Family: g.family,
		Instance: b.mint.Instance(), Serial: b.mint.Next(), Issued: b.now().Unix(),
	}
	if t.Family == "" {
		t.Family = t.id()
	}
	payload, _ := json.Marshal(t) // strings and numbers: it cannot fail
	b.families[t.Family] = &family{current: t.id()}
	return "M." + b.mint.Sign(payload)
}

// Use records that a refresh token was used, and reports whether its family is
// still valid. In strict mode the use of a token that has a successor ends the
// family (RFC 9700, section 4.14.2). Microsoft accepts old tokens.
func (b *Book) Use(t RefreshToken) bool {
	f := b.families[t.Family]
	if f == nil {
		return true
	}
	if b.strict && f.current != t.id() {
		f.dead = true
	}
	return !f.dead
}

// OpenRefresh reads a refresh token that this emulator, or one before it,
// issued.
func (b *Book) OpenRefresh(value string) (t RefreshToken, ok bool) {
	signed, found := strings.CutPrefix(value, "M.")
	if !found {
		return t, false
	}
	payload, ok := b.mint.Open(signed)
	if !ok {
		return t, false
	}
	return t, json.Unmarshal(payload, &t) == nil
}

// Ending is the reason why a refresh token is no longer valid. It is empty for a
// valid one.
type Ending string

// The reasons.
const (
	Expired Ending = "expired"
	Revoked Ending = "revoked"
)

// family is a refresh token and its successors.
type family struct {
	current string // the id of the newest
	dead    bool
}

// recall ends the refresh tokens of an account that were issued before it.
type recall struct {
	account person.Person // empty: all accounts
	how     Ending
	serial  int
}

// EndRefresh makes the refresh tokens of an account invalid, or, without a name,
// of all accounts.
func (b *Book) EndRefresh(name string, how Ending) {
	m := recall{how: how, serial: b.mint.Serial()}
	if name != "" {
		m.account = person.Named(name)
	}
	b.recalls = append(b.recalls, m)
}

// EndingOf returns why a refresh token is no longer valid, or "". A token of an
// earlier emulator was issued before every recall of this one.
func (b *Book) EndingOf(t RefreshToken) Ending {
	for _, m := range slices.Backward(b.recalls) {
		before := t.Instance != b.mint.Instance() || t.Serial <= m.serial
		if before && (m.account == "" || m.account == t.Account) {
			return m.how
		}
	}
	if b.now().Sub(time.Unix(t.Issued, 0)) > refreshTokenLife {
		return Expired
	}
	return ""
}
