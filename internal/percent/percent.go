// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package percent decodes percent-encodings (RFC 3986 §2.1) leniently, as
// servers that are less strict than net/url do.
package percent

import (
	"strings"

	"github.com/caddy-onenote/caddy-onenote/internal/ascii"
)

// MaxDecodings is how often the API, or a server in front of it, might decode a path.
const MaxDecodings = 3

// Decode decodes s once. It leaves incomplete escapes as they are: a bad escape
// must not hide the one beside it. A plus sign stays a plus sign.
func Decode(s string) string {
	i := strings.IndexByte(s, '%')
	if i < 0 {
		return s
	}
	decoded := make([]byte, 0, len(s))
	for ; i >= 0; i = strings.IndexByte(s, '%') {
		decoded = append(decoded, s[:i]...)
		s = s[i:]
		if !IsEscape(s) {
			decoded = append(decoded, '%')
			s = s[1:]
			continue
		}
		decoded = append(decoded, unhex(s[1])<<4|unhex(s[2]))
		s = s[3:]
	}
	return string(append(decoded, s...))
}

// ContainsFold reports whether s holds the word, which is in lower case, in any
// case of letters, percent-encoded or not.
func ContainsFold(s, lower string) bool {
	if ascii.ContainsFold(s, lower) {
		return true
	}
	return strings.IndexByte(s, '%') >= 0 && ascii.ContainsFold(Decode(s), lower)
}

// Append appends c as an escape.
func Append(dst []byte, c byte) []byte {
	const hex = "0123456789ABCDEF"
	return append(dst, '%', hex[c>>4], hex[c&15])
}

// AppendValue appends a value of a query, with everything escaped but unreserved
// characters and the slash, which the OneNote API leaves bare in
// mimeType=image/png. A plus sign is escaped: read as a form it would be a space.
func AppendValue[T string | []byte](dst []byte, value T) []byte {
	for i := range len(value) {
		if c := value[i]; IsUnreserved(c) || c == '/' {
			dst = append(dst, c)
		} else {
			dst = Append(dst, c)
		}
	}
	return dst
}

// IsUnreserved reports whether c is unreserved (RFC 3986 §2.3).
func IsUnreserved(c byte) bool {
	return ascii.IsAlphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~'
}

// IsEscape reports whether s begins with an escape: a percent sign and two
// hexadecimal digits.
func IsEscape(s string) bool {
	return len(s) >= 3 && s[0] == '%' && isHex(s[1]) && isHex(s[2])
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}
