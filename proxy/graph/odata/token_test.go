// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package odata

import (
	"slices"
	"strings"
	"testing"
)

func TestValueIsSplitIntoTokens(t *testing.T) {
	tests := []struct {
		value string
		want  []string
	}{
		{"", nil},
		{"  ", nil},
		{"name eq 'it''s'", []string{"name", "eq", "'it''s'"}},
		{"a/b(c,'d');$e=f:g*", []string{"a", "/", "b", "(", "c", ",", "'d'", ")", ";", "$e", "=", "f", ":", "g", "*"}},
		{"X.Y.Z'a'", []string{"X.Y.Z", "'a'"}},
		{"''''''", []string{"''''''"}},
		{"-1 -a - 2.5e-3", []string{"-1", "-", "a", "-", "2.5e-3"}},
		{"2015-07-01T10:00:00.5-02:00)", []string{"2015-07-01T10:00:00.5-02:00", ")"}},
		{"2015-07-01 10:30 10:30:15.25 2015-07-01T10:00Z", []string{"2015-07-01", "10:30", "10:30:15.25", "2015-07-01T10:00Z"}},
		{"a9d1a587-a84b-4264-3d15-669429be8cc5,b", []string{"a9d1a587-a84b-4264-3d15-669429be8cc5", ",", "b"}},
	}
	for _, tt := range tests {
		tokens, err := tokenize(tt.value)
		if err != nil {
			t.Errorf("%q: %v", tt.value, err)
			continue
		}
		var got []string
		for _, token := range tokens[:len(tokens)-1] {
			got = append(got, token.text)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%q: got %q, want %q", tt.value, got, tt.want)
		}
	}
}

func TestWhatIsNoTokenIsRefusedWithItsPlace(t *testing.T) {
	for value, pos := range map[string]int{
		"a 'b": 2, "'": 0, "'a''": 0, "a \"b\"": 2, "a{": 1, "é": 0, "a<b": 1, "1x": 0, "0x10": 0, "1_0": 0, "2015-7-1": 0, "2015-07-01Z": 0,
		"2015-07-01T10:00:00X": 0, "2015-07-01T10:00:00.": 0, "2015-07-01T10:00:00+2": 0, "10:30Z": 0, "a & b": 2,
		"a9d1a587-a84b-4264-3d15-669429be8cc5x": 13, // behind what could be two words
	} {
		if got, err := tokenize(value); err == nil || err.Pos != pos {
			t.Errorf("%q: got %+v, %v, want an error at %d", value, got, err, pos)
		}
	}
}

// The tokens of a value are the value, but for spaces, and quoted text is one token.
func FuzzTokenize(f *testing.F) {
	for _, seed := range []string{"name eq 'it''s'", "a/b(c,'d');$e=f:g*-1", "2015-07-01T10:00:00.5-02:00", "a9d1a587-a84b-4264-3d15-669429be8cc5", "''''"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		tokens, err := tokenize(value)
		if err != nil {
			if err.Pos < 0 || err.Pos > len(value) {
				t.Fatalf("%q: got an error at %d", value, err.Pos)
			}
			return
		}
		end := 0
		for _, token := range tokens {
			gap := value[end:token.pos]
			if strings.Trim(gap, " ") != "" || token.space != (gap != "") || token.text != value[token.pos:token.end] {
				t.Fatalf("%q: got %+v behind %d", value, token, end)
			}
			if quoted := token.text != "" && token.text[0] == '\''; quoted != (token.kind == stringToken) {
				t.Fatalf("%q: got %+v", value, token)
			}
			end = token.end
		}
		if end != len(value) {
			t.Fatalf("%q: got tokens up to %d", value, end)
		}
		again, err := tokenize(render(tokens))
		if err != nil || len(again) != len(tokens) {
			t.Fatalf("%q: rendered %q: got %+v, %v", value, render(tokens), again, err)
		}
		for i := range again {
			if again[i].text != tokens[i].text || again[i].kind != tokens[i].kind {
				t.Fatalf("%q: rendered %q: got %+v, want %+v", value, render(tokens), again[i], tokens[i])
			}
		}
	})
}
