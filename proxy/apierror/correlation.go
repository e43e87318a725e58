// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package apierror

import (
	"crypto/rand"
	"encoding/hex"
)

// correlation returns the id under which both sides may log this request: the
// one that the client sent, as the Web Clipper and the onenoteapi library do and
// then expect in the response, or else a fresh one.
func correlation(sent string) string {
	if isGUID(sent) {
		return sent
	}
	return newGUID()
}

// newGUID returns a random UUID (RFC 9562, version 4).
func newGUID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails, see crypto/rand
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	var s [36]byte
	hex.Encode(s[0:8], b[0:4])
	s[8] = '-'
	hex.Encode(s[9:13], b[4:6])
	s[13] = '-'
	hex.Encode(s[14:18], b[6:8])
	s[18] = '-'
	hex.Encode(s[19:23], b[8:10])
	s[23] = '-'
	hex.Encode(s[24:36], b[10:16])
	return string(s[:])
}

// isGUID reports whether s is 8-4-4-4-12 hexadecimal digits. Nothing else that
// a client sends is repeated in an error response.
func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch i {
		case 8, 13, 18, 23:
			if s[i] != '-' {
				return false
			}
		default:
			if !isHex(s[i]) {
				return false
			}
		}
	}
	return true
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}
