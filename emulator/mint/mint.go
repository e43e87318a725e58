// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package mint makes the emulator's ids and tokens: those that are derived from
// words, and so are the same in every run, and those that are new.
package mint

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

// Mint makes new values: tokens, codes, ids. It is not safe for concurrent use.
type Mint struct {
	key []byte
	// instance is random, so that an access token issued before a restart is
	// not mistaken for one issued after it.
	instance string
	serial   int
}

// New returns a mint with an instance of its own.
func New() *Mint {
	key := sha256.Sum256([]byte(signingSeed))
	return &Mint{key: key[:], instance: rand.Text()[:12]}
}

// Next returns the number of a new value.
func (m *Mint) Next() int {
	m.serial++
	return m.serial
}

// Serial returns the number of the latest value.
func (m *Mint) Serial() int { return m.serial }

// Instance distinguishes the values of this mint from those of an earlier
// process.
func (m *Mint) Instance() string { return m.instance }

// Opaque makes a new value without a meaning.
func (m *Mint) Opaque(kind string) string {
	return m.MAC(kind + "\x00" + m.instance + "\x00" + strconv.Itoa(m.Next()))
}

// NewGUID makes a new GUID.
func (m *Mint) NewGUID(kind string) string {
	return GUID(kind, m.instance, strconv.Itoa(m.Next()))
}

// UserCode makes a new code that a person can type: eight consonants, so that
// no word results.
func (m *Mint) UserCode() string {
	const letters = "BCDFGHJKLMNPQRSTVWXZ"
	code := []byte(m.Opaque("user code"))[:8]
	for i, c := range code {
		code[i] = letters[int(c)%len(letters)]
	}
	return string(code)
}

// Sign appends a MAC to a payload.
func (m *Mint) Sign(payload []byte) string {
	coded := base64.RawURLEncoding.EncodeToString(payload)
	return coded + "." + m.MAC(coded)
}

// Open returns the payload of a value that Sign made.
func (m *Mint) Open(signed string) ([]byte, bool) {
	coded, mac, found := strings.Cut(signed, ".")
	if !found || !hmac.Equal([]byte(mac), []byte(m.MAC(coded))) {
		return nil, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(coded)
	return payload, err == nil
}

// MAC returns the message authentication code of a text.
func (m *Mint) MAC(s string) string {
	h := hmac.New(sha256.New, m.key)
	h.Write([]byte(s))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}
