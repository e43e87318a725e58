// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
)

// randomText returns 256 random bits that may stand in a URL, a form field or
// a cookie. crypto/rand does not fail: it ends the process rather than return
// what can be guessed.
func randomText() string {
	b := make([]byte, 32)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// digest is the SHA-256 of a random text. Only digests are kept, so that nobody who
// reads the memory of the process can take over a sign-in, and the duration of a
// comparison reveals nothing.
type digest [sha256.Size]byte

func digestOf(text string) digest { return sha256.Sum256([]byte(text)) }

// is compares in constant time.
func (d digest) is(text string) bool {
	other := digestOf(text)
	return subtle.ConstantTimeCompare(d[:], other[:]) == 1
}

// label is a short name of the text.
func (d digest) label() string { return hex.EncodeToString(d[:6]) }
