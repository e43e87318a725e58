// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package givenvalue

import (
	"strings"
	"testing"
)

func TestBytesAroundAValueAreTakenOff(t *testing.T) {
	for _, given := range []string{
		"s3~cret", "s3~cret\n", "s3~cret\r\n", " s3~cret ", "\ts3~cret\t\n\n", "\ufeffs3~cret", "\ufeff s3~cret\r\n", "\u00a0s3~cret\u200b",
	} {
		if got, err := Clean(given); err != nil || got != "s3~cret" {
			t.Errorf("%q: got %q, %v", given, got, err)
		}
	}
	for _, kept := range []string{"", "it's", `a"b"c`, `"`, "ends with '", "a b", "ä"} {
		if got, err := Clean(kept); err != nil || got != kept {
			t.Errorf("%q: got %q, %v, want it as it is", kept, got, err)
		}
	}
}

func TestValueThatCannotBeMeantIsRefusedInWords(t *testing.T) {
	for given, want := range map[string]string{
		`"s3cret"`:              "quotes",
		`'s3cret'`:              "quotes",
		" \"s3cret\"\n":         "quotes",
		"\u201cs3cret\u201d":    "quotes",
		`""`:                    "quotes",
		"\xff\xfes\x003\x00":    "UTF-16",
		"\xfe\xff\x00s\x003":    "UTF-16",
		"s\x003\x00c\x00":       "UTF-16",
		"s3cret\nanother":       "several lines",
		"s3cret\r\n\r\nanother": "several lines",
		"s3\x1bcret":            "control character",
	} {
		_, err := Clean(given)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", given, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "s3") {
			t.Errorf("%q: the error quotes the value: %v", given, err)
		}
	}
}
