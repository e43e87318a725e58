// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package givenvalue reads values that people put into environment variables and files:
// ids, keys and secrets. Editors, shells and container tools add bytes around them that
// nobody sees, and a provider then says that the secret is wrong.
package givenvalue

import (
	"errors"
	"strings"
	"unicode"
)

// Why a value is refused. The errors do not quote it: it may be most of a secret.
var (
	errUTF16   = errors.New("it is in UTF-16: save it as UTF-8 (PowerShell: Set-Content -Encoding utf8)")
	errQuotes  = errors.New("it stands in quotes, which would be sent as part of it: write it without them (docker --env-file keeps quotes)")
	errLines   = errors.New("it has several lines: only one is expected")
	errControl = errors.New("it holds a control character: copy it again")
)

// Clean returns a value without line ends, spaces and byte order marks around it. It
// refuses what cannot be meant: quotes around it, several lines, control characters and
// UTF-16.
func Clean(value string) (string, error) {
	if strings.HasPrefix(value, "\xff\xfe") || strings.HasPrefix(value, "\xfe\xff") || strings.ContainsRune(value, 0) {
		return "", errUTF16
	}
	value = strings.TrimFunc(value, isAround)
	switch {
	case InQuotes(value):
		return "", errQuotes
	case strings.ContainsAny(value, "\r\n\u2028\u2029"):
		return "", errLines
	case strings.ContainsFunc(value, unicode.IsControl):
		return "", errControl
	}
	return value, nil
}

// isAround reports whether a character may stand around a value and is no part of it:
// spaces of all kinds and characters without any width, the byte order mark among them.
func isAround(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }

// InQuotes reports whether a value begins and ends with quotes.
func InQuotes(value string) bool {
	for _, pair := range []string{`""`, `''`, "``", "\u201c\u201d", "\u2018\u2019", "\u201e\u201c", "\u00ab\u00bb"} {
		quotes := []rune(pair)
		first, last := string(quotes[0]), string(quotes[1])
		if len(value) >= len(pair) && strings.HasPrefix(value, first) && strings.HasSuffix(value, last) {
			return true
		}
	}
	return false
}
