// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// A ClientKey lets a client in. Several keys may have one name and account, so
// that a key can be replaced without locking out an app.
type ClientKey struct {
	// Name says which client the key is for. It appears in logs; the key never
	// does.
	Name string

	// Key is the secret.
	Key string

	// Account is the only account that the client may use and see. Empty: all
	// accounts.
	Account string
}

// A keyring holds the keys as hashes: so all have one length when they are
// compared, and the keys themselves are not in memory.
type keyring []hashedKey

type hashedKey struct {
	index   int
	name    string
	account string
	hash    keyHash
}

// A keyHash is the part of a key that is kept.
type keyHash [sha256.Size]byte

func hashOf(key string) keyHash { return sha256.Sum256([]byte(key)) }

func newKeyring(keys []ClientKey) (keyring, error) {
	ring := make(keyring, 0, len(keys))
	for i, k := range keys {
		if k.Name == "" {
			return nil, fmt.Errorf("client_key: key %d has no name; give each key a name", i+1)
		}
		if k.Key == "" {
			return nil, fmt.Errorf("client_key %q: the key is empty; check the variable or file that should hold it", k.Name)
		}
		if strings.TrimSpace(k.Key) != k.Key || hasControl(k.Key) {
			return nil, fmt.Errorf("client_key %q: the key begins or ends with a space, or holds a line break, which a header cannot carry", k.Name)
		}
		key := hashedKey{index: i, name: k.Name, account: k.Account, hash: hashOf(k.Key)}
		for _, other := range ring {
			if other.hash == key.hash {
				return nil, fmt.Errorf("client_key %q: the same key is given to %q; give each its own", k.Name, other.name)
			}
			if other.name == key.name && other.account != key.account {
				return nil, fmt.Errorf("client_key %q: its keys are bound to different accounts (%q and %q); keys of one name replace each other: bind them to the same account or give them different names", k.Name, other.account, key.account)
			}
		}
		ring = append(ring, key)
	}
	return ring, nil
}

// match returns the key with that hash, or nil. How long it takes depends on
// the number of keys and not on their content.
func (ring keyring) match(hash keyHash) *hashedKey {
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

// bindTo reports whether a key binds its client to the account.
func (ring keyring) bindTo(account string) bool {
	return account != "" && slices.ContainsFunc(ring, func(k hashedKey) bool { return k.account == account })
}

// id tells the key from any other, without telling it.
func (k *hashedKey) id() string { return hex.EncodeToString(k.hash[:keyIDSize]) }

// keyIDSize is how many bytes of its hash tell a key from any other.
const keyIDSize = 16

// letIn reports whether the key with that id is one of the ring and may use the account.
func (ring keyring) letIn(id, account string) bool {
	return slices.ContainsFunc(ring, func(k hashedKey) bool { return k.id() == id && (k.account == "" || k.account == account) })
}
