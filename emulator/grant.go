// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ImportedRefreshToken is a refresh token that every token endpoint accepts at
// any time, in strict mode too, and that is never revoked. Using it starts a
// new family, whose tokens are as mortal as any.
const ImportedRefreshToken = "emulator-refresh-token"

// Lives of tokens. Microsoft's access tokens live an hour or a little more;
// its refresh tokens die when they were not used for 90 days.
const (
	accessTokenLife  = time.Hour
	refreshTokenLife = 90 * 24 * time.Hour
)

// grant is what a token stands for: who allowed whom what.
type grant struct {
	account  account
	provider provider
	tenant   string // as in the path of the endpoint
	client   string // empty for grants that any client may use
	redirect string // empty where none was involved
	scope    string
	resource string // v1 only
	nonce    string
	family   string
	appOnly  bool // the app itself, without a person
}

// audiences returns the APIs that the grant opens.
func (g grant) audiences() []audience {
	switch g.provider {
	case azureAD:
		if a, ok := audienceOfResource(g.resource); ok {
			return []audience{a}
		}
		return []audience{other}
	case entra:
		if a, err := entraScope(g.scope); err == nil && a != "" {
			return []audience{a}
		}
		return []audience{graph} // the user info endpoint
	}
	return liveAudiences(g.scope)
}

// grantedScope is the scope as the token answer names it.
func (g grant) grantedScope() string {
	switch g.provider {
	case azureAD:
		return "Notes.ReadWrite"
	case entra:
		words := slices.DeleteFunc(strings.Fields(g.scope), func(s string) bool { return s == "offline_access" })
		return strings.Join(words, " ")
	}
	return g.scope
}

// accessToken is an access token that this emulator issued.
type accessToken struct {
	value   string
	grant   grant
	expires time.Time
}

func (t *accessToken) opens(a audience) bool { return slices.Contains(t.grant.audiences(), a) }

// ending is why a refresh token is no longer good.
type ending string

const (
	expired ending = "expired"
	revoked ending = "revoked"
)

// recall is one POST /_emulator/tokens/expire or …/revoke: it ends the refresh
// tokens of an account, or of all, that were issued before it.
type recall struct {
	account account // empty: everybody
	how     ending
	serial  int
}

// grantBook remembers what became of tokens.
type grantBook struct {
	strict   bool
	access   map[string]*accessToken
	families map[string]*family
	recalls  []recall
}

// family is a refresh token with all its successors.
type family struct {
	current string // the id of the newest
	dead    bool
}

func newGrantBook() grantBook {
	return grantBook{access: make(map[string]*accessToken), families: make(map[string]*family)}
}

// issueAccess makes an access token.
func (e *Emulator) issueAccess(g grant, life time.Duration) *accessToken {
	t := &accessToken{grant: g, expires: e.clock().Add(life)}
	switch g.provider {
	case azureAD, entra:
		t.value = e.accessJWT(g, t.expires)
	default:
		t.value = "EwB" + e.mint.opaque("access")
	}
	e.state.grants.forget(e.clock())
	e.state.grants.access[t.value] = t
	return t
}

// maxAccess is how many access tokens are kept before the expired ones among
// them are dropped.
const maxAccess = 4096

func (b *grantBook) forget(now time.Time) {
	if len(b.access) < maxAccess {
		return
	}
	for value, t := range b.access {
		if !now.Before(t.expires) {
			delete(b.access, value)
		}
	}
}

// accessTokenOf returns the living access token of a value, or nil.
func (e *Emulator) accessTokenOf(value string) *accessToken {
	t := e.state.grants.access[value]
	if t == nil || !e.clock().Before(t.expires) {
		return nil
	}
	return t
}

// endAccess makes access tokens invalid. An API answers 401 for an expired
// one as it does for a revoked one.
func (e *Emulator) endAccess(name string) {
	for value, t := range e.state.grants.access {
		if name == "" || t.grant.account == accountNamed(name) {
			delete(e.state.grants.access, value)
		}
	}
}

// endRefresh makes refresh tokens invalid.
func (e *Emulator) endRefresh(name string, how ending) {
	m := recall{how: how, serial: e.mint.serial}
	if name != "" {
		m.account = accountNamed(name)
	}
	e.state.grants.recalls = append(e.state.grants.recalls, m)
}

// refreshToken is what is inside of a refresh token: all of it, so that an
// emulator which was restarted can read it.
type refreshToken struct {
	Account  account  `json:"a"`
	Provider provider `json:"p,omitempty"`
	Tenant   string   `json:"t,omitempty"`
	Client   string   `json:"c,omitempty"`
	Redirect string   `json:"u,omitempty"`
	Scope    string   `json:"s,omitempty"`
	Resource string   `json:"r,omitempty"`
	Family   string   `json:"f"`
	Instance string   `json:"i"`
	Serial   int      `json:"n"`
	Issued   int64    `json:"d"`
}

func (t refreshToken) id() string { return t.Instance + "-" + strconv.Itoa(t.Serial) }

func (t refreshToken) grant() grant {
	return grant{
		account: t.Account, provider: t.Provider, tenant: t.Tenant, client: t.Client,
		redirect: t.Redirect, scope: t.Scope, resource: t.Resource, family: t.Family,
	}
}

// issueRefresh makes a refresh token: the newest of the grant's family, or
// the first of a new one.
func (e *Emulator) issueRefresh(g grant) string {
	t := refreshToken{
		Account: g.account, Provider: g.provider, Tenant: g.tenant, Client: g.client,
		Redirect: g.redirect, Scope: g.scope, Resource: g.resource, Family: g.family,
		Instance: e.mint.instance, Serial: e.mint.next(), Issued: e.clock().Unix(),
	}
	if t.Family == "" {
		t.Family = t.id()
	}
	payload, _ := json.Marshal(t) // strings and numbers: it cannot fail
	e.state.grants.families[t.Family] = &family{current: t.id()}
	return "M." + e.mint.sign(payload)
}

// redeem returns the grant of a refresh token. In strict mode the use of a
// token that has a successor ends the whole family (RFC 9700, section
// 4.14.2); Microsoft lets old ones be.
func (e *Emulator) redeem(t *tokenCall, value string) (grant, *oauthError) {
	p := t.provider
	if value == ImportedRefreshToken {
		return grant{account: DefaultAccount, provider: anyProvider}, nil
	}
	old, ok := e.openRefresh(value)
	if !ok || (old.Provider != anyProvider && old.Provider != p) || (old.Client != "" && old.Client != t.client) {
		return grant{}, p.malformedGrant()
	}
	if err := t.checkRedirect(old); err != nil {
		return grant{}, err
	}
	switch e.endingOf(old) {
	case expired:
		return grant{}, p.expiredGrant()
	case revoked:
		return grant{}, p.revokedGrant()
	}
	f := e.state.grants.families[old.Family]
	if f != nil && e.state.grants.strict && f.current != old.id() {
		f.dead = true
	}
	if f != nil && f.dead {
		return grant{}, p.revokedGrant()
	}
	return old.grant(), nil
}

// checkRedirect compares the redirect URI with that of the sign-in. The
// articles about Microsoft accounts make it a required parameter of a refresh;
// Azure AD looks at it only if it is there.
func (t *tokenCall) checkRedirect(old refreshToken) *oauthError {
	redirect := t.form.Get("redirect_uri")
	switch {
	case old.Redirect == "" || redirect == old.Redirect:
		return nil
	case redirect != "":
		return t.provider.redirectMismatch(redirect, old.Redirect)
	case t.provider == live:
		return t.provider.missing("redirect_uri")
	}
	return nil
}

func (e *Emulator) openRefresh(value string) (t refreshToken, ok bool) {
	signed, found := strings.CutPrefix(value, "M.")
	if !found {
		return t, false
	}
	payload, ok := e.mint.open(signed)
	if !ok {
		return t, false
	}
	return t, json.Unmarshal(payload, &t) == nil
}

// endingOf tells whether a refresh token was ended or is too old. What an
// earlier emulator issued was issued before anything that happened here.
func (e *Emulator) endingOf(t refreshToken) ending {
	for _, m := range slices.Backward(e.state.grants.recalls) {
		before := t.Instance != e.mint.instance || t.Serial <= m.serial
		if before && (m.account == "" || m.account == t.Account) {
			return m.how
		}
	}
	if e.clock().Sub(time.Unix(t.Issued, 0)) > refreshTokenLife {
		return expired
	}
	return ""
}
