// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
)

// signingSeed is public on purpose: every emulator shares it, so that each
// accepts the refresh tokens that any of them issued.
const signingSeed = "caddy-onenote emulator"

// mint makes values that nobody else made: tokens, codes, family names.
type mint struct {
	key []byte
	// instance tells this emulator's values from those of the one that was
	// running before a restart. It is the one thing here that is random: an
	// access token of before must not be mistaken for one of now.
	instance string
	serial   int
}

func newMint() *mint {
	key := sha256.Sum256([]byte(signingSeed))
	return &mint{key: key[:], instance: rand.Text()[:12]}
}

// next counts what this emulator has made.
func (m *mint) next() int {
	m.serial++
	return m.serial
}

// opaque makes a new value that says nothing.
func (m *mint) opaque(kind string) string {
	return m.mac(kind + "\x00" + m.instance + "\x00" + strconv.Itoa(m.next()))
}

// userCode makes a new code that a person can type: eight letters without
// vowels, so that no words come out.
func (m *mint) userCode() string {
	const letters = "BCDFGHJKLMNPQRSTVWXZ"
	code := []byte(m.opaque("user code"))[:8]
	for i, c := range code {
		code[i] = letters[int(c)%len(letters)]
	}
	return string(code)
}

// sign appends a MAC to a payload.
func (m *mint) sign(payload []byte) string {
	coded := base64.RawURLEncoding.EncodeToString(payload)
	return coded + "." + m.mac(coded)
}

// open returns the payload of a signed value.
func (m *mint) open(signed string) ([]byte, bool) {
	coded, mac, found := strings.Cut(signed, ".")
	if !found || !hmac.Equal([]byte(mac), []byte(m.mac(coded))) {
		return nil, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(coded)
	return payload, err == nil
}

func (m *mint) mac(s string) string {
	h := hmac.New(sha256.New, m.key)
	h.Write([]byte(s))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}
