// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/internal/credentials"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
)

// KeyHeader is the header field for the client key of an app that cannot set
// Authorization or needs it for something else.
const KeyHeader = credentials.KeyHeader

// A credential is what a client sends to identify itself.
type credential struct {
	secret string
	given  bool // the request has one
	ours   bool // it is in KeyHeader, so it can only be meant for us
}

// credentialOf returns what may be a client key: the value of KeyHeader, else
// the Bearer token (RFC 6750), else the password of Basic (RFC 7617; any user
// name will do). A field that came twice is no key: another reader might take
// the other value.
func credentialOf(h http.Header) credential {
	if values := h[KeyHeader]; len(values) > 0 {
		c := credential{given: true, ours: true}
		if len(values) == 1 {
			c.secret = strings.TrimSpace(values[0])
		}
		return c
	}
	values := h["Authorization"]
	if len(values) == 0 {
		return credential{}
	}
	c := credential{given: true}
	if len(values) == 1 {
		c.secret = secretOf(values[0])
	}
	return c
}

// secretOf returns the secret in an Authorization field, or nothing.
func secretOf(authorization string) string {
	scheme, rest, _ := strings.Cut(strings.TrimSpace(authorization), " ")
	rest = strings.TrimSpace(rest)
	switch strings.ToLower(scheme) {
	case "bearer":
		return rest
	case "basic":
		pair, err := base64.StdEncoding.DecodeString(rest)
		if err != nil {
			return ""
		}
		_, password, _ := strings.Cut(string(pair), ":")
		return password
	}
	return ""
}

// authenticate returns the client's key, nil for a client that needs no key and
// sent none, or a refusal. If a client needs no key, an Authorization that holds
// none is ignored: old apps send the token they once had, and the server around
// us may use Authorization for its own passwords.
func (g *Guard) authenticate(h http.Header, c clientInfo, kind Kind) (*hashedKey, *apierror.Error) {
	sent := credentialOf(h)
	if g.appKeys != nil && g.appKeys.Has(sent.secret) {
		sent = credential{} // no guess at a client key
	}
	var key *hashedKey
	var hash keyHash
	if sent.given && len(g.keys) > 0 {
		hash = hashOf(sent.secret)
		key = g.keys.match(hash)
	}
	if !g.needsKey(c) {
		if key == nil && sent.ours {
			return nil, wrongKey(len(g.keys) > 0)
		}
		return key, nil
	}
	if !sent.given {
		return nil, keyMissing(c, kind)
	}
	if len(g.keys) > 0 {
		if wait := g.limiter.wait(c.limited(), key, hash); wait > 0 {
			return nil, tooManyWrongKeys(wait)
		}
	}
	switch {
	case key != nil:
		return key, nil
	case sent.ours:
		return nil, wrongKey(len(g.keys) > 0)
	}
	return nil, keyMissing(c, kind)
}
