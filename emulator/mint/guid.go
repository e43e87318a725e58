// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package mint

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// GUID derives a GUID from words. Its version and variant bits are those of a
// random one.
func GUID(words ...string) string {
	sum := digestOf(words...)
	sum[6] = sum[6]&0x0f | 0x40
	sum[8] = sum[8]&0x3f | 0x80
	s := hex.EncodeToString(sum[:16])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// Hex derives n hexadecimal digits from words.
func Hex(n int, words ...string) string {
	sum := digestOf(words...)
	return hex.EncodeToString(sum[:])[:n]
}

func digestOf(words ...string) [sha256.Size]byte {
	return sha256.Sum256([]byte(strings.Join(words, "\x00")))
}

// IsGUID reports whether s has the form of a GUID.
func IsGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(s) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (c == '-') {
			return false
		}
		if !dash && !strings.ContainsRune("0123456789abcdefABCDEF", rune(c)) {
			return false
		}
	}
	return true
}
