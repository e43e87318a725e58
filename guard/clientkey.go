// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/proxy/answer"
)

// KeyHeader is the header field in which an app that needs Authorization for
// something else, or cannot set it, sends its client key.
const KeyHeader = "X-Onenote-Proxy-Key"

// A ClientKey lets a caller in. Several keys may have one name and account:
// that is how a key is replaced without an app being locked out.
type ClientKey struct {
	// Name says whose key it is. It appears in logs; the key never does.
	Name string

	// Key is the secret.
	Key string

	// Account is the only account that the caller may use and see. Empty: it
	// sees all.
	Account string
}

// A keyring holds the keys as hashes, so that they are of one length when
// compared and in no memory dump of this package.
type keyring []clientKey

type clientKey struct {
	index   int
	name    string
	account string
	hash    keyHash
}

// keyHash is what is kept of a key.
type keyHash [sha256.Size]byte

func hashOf(key string) keyHash { return sha256.Sum256([]byte(key)) }

func newKeyring(keys []ClientKey) (keyring, error) {
	ring := make(keyring, 0, len(keys))
	for i, k := range keys {
		if k.Name == "" {
			return nil, fmt.Errorf("client_key: key %d has no name; write client_key <name> <key> [<account>]", i+1)
		}
		if k.Key == "" {
			return nil, fmt.Errorf("client_key %q: the key is empty; look whether the variable or file that is to hold it does", k.Name)
		}
		if strings.TrimSpace(k.Key) != k.Key || hasControl(k.Key) {
			return nil, fmt.Errorf("client_key %q: the key begins or ends with a space, or holds a line break, which no header can carry", k.Name)
		}
		key := clientKey{index: i, name: k.Name, account: k.Account, hash: hashOf(k.Key)}
		for _, other := range ring {
			if other.hash == key.hash {
				return nil, fmt.Errorf("client_key %q: the same key is given to %q; give each its own", k.Name, other.name)
			}
			if other.name == key.name && other.account != key.account {
				return nil, fmt.Errorf("client_key %q: its keys are bound to different accounts (%q and %q); keys of one name replace each other, so bind them alike or name them apart", k.Name, other.account, key.account)
			}
		}
		ring = append(ring, key)
	}
	return ring, nil
}

// match returns the key with that hash, or nil. Its time depends on how many
// keys there are, not on the content of any.
func (ring keyring) match(hash keyHash) *clientKey {
	found := -1
	for i := range ring {
		equal := subtle.ConstantTimeCompare(hash[:], ring[i].hash[:])
		found = subtle.ConstantTimeSelect(equal, i, found)
	}
	if found < 0 {
		return nil
	}
	return &ring[found]
}

// A credential is what a caller presents, and where.
type credential struct {
	secret string
	given  bool // there is one
	ours   bool // it is in KeyHeader and can mean nobody else
}

// credentialOf returns what may be a client key: that of KeyHeader, else the
// Bearer token (RFC 6750), else the password of Basic (RFC 7617; the user name
// is free). A field that came twice is no key: whoever else reads it may read
// the other.
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

// identify returns the caller's key, nil for a caller that needs none and has
// none, or a refusal. From callers that need no key an Authorization that is
// none is ignored: old apps send the token they once had, and Caddy's own
// basic_auth is sent there too.
func (g *Guard) identify(h http.Header, c caller, kind Kind) (*clientKey, *answer.Answer) {
	shown := credentialOf(h)
	var key *clientKey
	var hash keyHash
	if shown.given && len(g.keys) > 0 {
		hash = hashOf(shown.secret)
		key = g.keys.match(hash)
	}
	if !c.remote || c.known {
		if key == nil && shown.ours {
			return nil, wrongKey()
		}
		return key, nil
	}
	if !shown.given {
		return nil, needsKey(c, kind)
	}
	if len(g.keys) > 0 {
		if wait := g.attempts.wait(c.addr, key, hash); wait > 0 {
			return nil, tooManyAttempts(wait)
		}
	}
	switch {
	case key != nil:
		return key, nil
	case shown.ours:
		return nil, wrongKey()
	}
	return nil, needsKey(c, kind)
}
