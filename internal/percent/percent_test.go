// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package percent

import "testing"

func TestDecodeLeavesBadEscapes(t *testing.T) {
	for s, want := range map[string]string{
		"": "", "abc": "abc", "a%20b": "a b", "%2F%2f": "//", "%": "%", "%2": "%2", "%zz%41": "%zzA", "%%41": "%A",
		"a+b": "a+b", "%252e": "%2e", "%C3%9c": "Ü", "x%00": "x\x00",
	} {
		if got := Decode(s); got != want {
			t.Errorf("Decode(%q) = %q, want %q", s, got, want)
		}
	}
}

func TestValueIsEscapedButForUnreservedCharactersAndSlash(t *testing.T) {
	for value, want := range map[string]string{
		"image/png":                     "image/png",
		"image/svg+xml":                 "image/svg%2Bxml",
		"a&b=c d%é":                     "a%26b%3Dc%20d%25%C3%A9",
		"ABCxyz019-._~/":                "ABCxyz019-._~/",
		"!#$'()*,:;?@[\\]^`{|}\"<>\x00": "%21%23%24%27%28%29%2A%2C%3A%3B%3F%40%5B%5C%5D%5E%60%7B%7C%7D%22%3C%3E%00",
	} {
		if got := string(AppendValue(nil, value)); got != want {
			t.Errorf("%q: got %q, want %q", value, got, want)
		}
		if got := Decode(want); got != value {
			t.Errorf("%q decoded: got %q, want %q", want, got, value)
		}
	}
}

func TestWordIsFoundInAnyCaseAndEncoding(t *testing.T) {
	for s, want := range map[string]bool{
		"a=b&Access_Token=x": true,
		"access%5Ftoken":     true,
		"%61ccess_token%zz":  true,
		"access%255Ftoken":   false,
		"accesstoken":        false,
	} {
		if got := ContainsFold(s, "access_token"); got != want {
			t.Errorf("%q: got %t, want %t", s, got, want)
		}
	}
}
