// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/caddy-onenote/caddy-onenote/emulator/grant"
	"github.com/caddy-onenote/caddy-onenote/emulator/person"
	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// codeLife is how long an authorization code is valid. At Microsoft accounts it
// is about five minutes.
const codeLife = 5 * time.Minute

// authorizationCode is a code that was issued. It is kept after its use, so that
// a second use is not taken for an unknown code.
type authorizationCode struct {
	authorization authorization
	account       person.Person
	expires       time.Time
	used          bool
}

// redeemCode exchanges an authorization code for tokens.
func (e *Endpoints) redeemCode(t *tokenCall) (wire.Object, *oauthError) {
	value := t.form.Get("code")
	if value == "" {
		return nil, missing(t.provider, "code")
	}
	code := e.codes[value]
	if code == nil {
		return nil, badCode(t.provider)
	}
	a := code.authorization
	if a.provider != t.provider || a.client != t.client {
		return nil, badCode(t.provider)
	}
	if err := e.authenticate(t, a.redirect); err != nil {
		return nil, err
	}
	switch {
	case code.used:
		return nil, usedCode(t.provider)
	case !e.now().Before(code.expires):
		return nil, expiredCode(t.provider)
	case !t.form.Has("redirect_uri"):
		return nil, missing(t.provider, "redirect_uri")
	case t.form.Get("redirect_uri") != a.redirect:
		return nil, redirectMismatch(t.provider, t.form.Get("redirect_uri"), a.redirect)
	case !a.verifies(t.form.Get("code_verifier")):
		return nil, badVerifier(t.provider)
	}
	g, err := t.narrow(a.grant(code.account))
	if err != nil {
		return nil, err
	}
	code.used = true
	return e.issueAll(g, t.provider == grant.AzureAD || grant.Offline(g.Scope)), nil
}

// verifies checks a PKCE verifier (RFC 7636, section 4.6).
func (a authorization) verifies(verifier string) bool {
	switch {
	case a.challenge == "":
		return true // without a challenge the verifier is ignored
	case a.method == "plain":
		return verifier == a.challenge
	}
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:]) == a.challenge
}
