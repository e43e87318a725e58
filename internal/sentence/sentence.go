// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package sentence makes sentences for people of the texts of errors, which begin in
// lower case.
package sentence

import (
	"unicode"
	"unicode/utf8"
)

// Begin begins a text with a capital letter.
func Begin(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if first == utf8.RuneError {
		return text
	}
	return string(unicode.ToUpper(first)) + text[size:]
}
