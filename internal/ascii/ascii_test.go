// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package ascii

import "testing"

func TestFoldingComparesASCIILettersOnly(t *testing.T) {
	tests := []struct {
		text, word      string
		equal, contains bool
	}{
		{"content", "content", true, true},
		{"CONTENT", "content", true, true},
		{"$Value", "$value", true, true},
		{"xContentx", "content", false, true},
		{"conten", "content", false, false},
		{"preauthenticated=\u212aeep", "keep", false, false},
		{"re\u017fource", "resource", false, false},
		{"@", "`", false, false},
		{"", "", true, true},
	}
	for _, tt := range tests {
		if got := EqualFold([]byte(tt.text), tt.word); got != tt.equal {
			t.Errorf("EqualFold(%q, %q): got %t, want %t", tt.text, tt.word, got, tt.equal)
		}
		if got := ContainsFold(tt.text, tt.word); got != tt.contains {
			t.Errorf("ContainsFold(%q, %q): got %t, want %t", tt.text, tt.word, got, tt.contains)
		}
	}
}

func TestAlphanumericIsALetterOrDigit(t *testing.T) {
	for c := range 256 {
		want := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if got := IsAlphanumeric(byte(c)); got != want {
			t.Errorf("IsAlphanumeric(%q): got %t, want %t", rune(c), got, want)
		}
	}
}
