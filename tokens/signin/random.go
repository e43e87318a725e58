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

// digest is the SHA-256 of a random text. Only digests are kept, so that a
// look into the memory of the process is no way to take a sign-in over, and a
// comparison tells nothing by the time it takes.
type digest [sha256.Size]byte

func digestOf(text string) digest { return sha256.Sum256([]byte(text)) }

// is compares in constant time.
func (d digest) is(text string) bool {
	other := digestOf(text)
	return subtle.ConstantTimeCompare(d[:], other[:]) == 1
}

// label is a short name for what the digest stands for.
func (d digest) label() string { return hex.EncodeToString(d[:6]) }
