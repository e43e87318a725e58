// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/xchacha20poly1305"
	"github.com/tink-crypto/tink-go/v2/insecuresecretdataaccess"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/secretdata"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// sealer seals with one key and opens with several (XChaCha20-Poly1305 by
// Tink, which knows keys by id).
type sealer struct {
	aead    tink.AEAD
	primary string
	known   map[string]bool
}

// errUnknownKey means that a record was sealed with a key that is not
// configured. That is the operator's mistake, and the record is still good.
var errUnknownKey = errors.New("sealed with a key that is not configured")

// errNewer means the same for a record that a newer version has written: it is kept.
var errNewer error = newerError{}

type newerError struct{}

func (newerError) Error() string { return "written by a newer version of this program" }

func (newerError) Is(target error) bool { return target == errUnknownKey }

// newSealer takes the keys of a KeySource.
func newSealer(keys [][]byte) (*sealer, error) {
	if len(keys) == 0 {
		return nil, errors.New("no sealing key")
	}
	s := &sealer{known: make(map[string]bool)}
	manager := keyset.NewManager()
	params, err := xchacha20poly1305.NewParameters(xchacha20poly1305.VariantTink)
	if err != nil {
		return nil, err
	}
	for _, raw := range keys {
		id := keyID(raw)
		if s.known[hexID(id)] {
			continue
		}
		key, err := xchacha20poly1305.NewKey(secretdata.NewBytesFromData(raw, insecuresecretdataaccess.Token{}), id, params)
		if err != nil {
			return nil, fmt.Errorf("sealing key: %w", err)
		}
		if _, err := manager.AddKey(key); err != nil {
			return nil, fmt.Errorf("sealing key: %w", err)
		}
		if len(s.known) == 0 {
			s.primary = hexID(id)
			if err := manager.SetPrimary(id); err != nil {
				return nil, err
			}
		}
		s.known[hexID(id)] = true
	}
	handle, err := manager.Handle()
	if err != nil {
		return nil, err
	}
	s.aead, err = aead.New(handle)
	return s, err
}

// keyID names a key without revealing it.
func keyID(key []byte) uint32 {
	sum := sha256.Sum256(append([]byte("caddy-onenote key id\x00"), key...))
	if id := binary.BigEndian.Uint32(sum[:4]); id != 0 {
		return id
	}
	return 1 // Tink has no key 0
}

func hexID(id uint32) string {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], id)
	return hex.EncodeToString(b[:])
}

func (s *sealer) seal(plain, associated []byte) ([]byte, error) {
	return s.aead.Encrypt(plain, associated)
}

func (s *sealer) open(keyID string, sealed, associated []byte) ([]byte, error) {
	if !s.known[keyID] {
		return nil, errUnknownKey
	}
	return s.aead.Decrypt(sealed, associated)
}
