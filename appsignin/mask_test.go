// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package appsignin

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
)

func TestKeysInTextAreOverwritten(t *testing.T) {
	key := marker + accessKind + strings.Repeat("aB-_9", 20)
	gone := strings.Repeat("x", len(key))
	for text, want := range map[string]string{
		"":                               "",
		"nothing":                        "nothing",
		key:                              gone,
		"a " + key + " b":                "a " + gone + " b",
		key + key + ";" + key:            gone + gone + ";" + gone,
		`{"access_token":"` + key + `"}`: `{"access_token":"` + gone + `"}`,
		"about " + marker + " itself":    "about " + marker + " itself",
		marker + marker[:4]:              marker + marker[:4],
		"onpx" + key:                     "onpx" + gone,
	} {
		if got := Mask(text); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
		for name, reader := range map[string]func(io.Reader) io.Reader{"whole": func(r io.Reader) io.Reader { return r }, "bytes": iotest.OneByteReader, "halves": iotest.HalfReader, "early end": iotest.DataErrReader} {
			trailer := http.Header{"X-Token": {key}}
			got, err := io.ReadAll(MaskBody(io.NopCloser(reader(strings.NewReader(text))), trailer))
			if err != nil || string(got) != want || trailer.Get("X-Token") != gone {
				t.Errorf("%s, %s: got %s, %v, want %s", text, name, got, err, want)
			}
		}
	}
}

func TestHeaderWithoutKeysIsNotCopied(t *testing.T) {
	key := marker + accessKind + strings.Repeat("a", minKey)
	plain := http.Header{"A": {"b"}}
	if got := MaskHeader(plain); len(got) != 1 || got.Get("A") != "b" {
		t.Errorf("got %v", got)
	}
	sent := http.Header{"A": {"b"}, "X-Token": {"c", "Bearer " + key}}
	got := MaskHeader(sent)
	for name, values := range got {
		if Holds(strings.Join(values, "")) {
			t.Errorf("got %s: %q", name, values)
		}
	}
	if got.Get("A") != "b" || !Holds(sent["X-Token"][1]) {
		t.Errorf("got %v of %v, want a masked copy", got, sent)
	}
}

// However a stream is cut, it is masked as a whole is, and keeps its length.
func FuzzMask(f *testing.F) {
	f.Add("a "+marker+strings.Repeat("k", 60)+" b", 3)
	f.Add(marker[:5]+marker, 1)
	f.Fuzz(func(t *testing.T, text string, size int) {
		whole := Mask(text)
		if len(whole) != len(text) {
			t.Fatalf("got %d bytes, want %d", len(whole), len(text))
		}
		var m masker
		var got []byte
		size = max(1, size%64)
		for rest := text; ; {
			n := min(size, len(rest))
			got = m.write(got, []byte(rest[:n]), n == len(rest))
			if n == len(rest) {
				break
			}
			rest = rest[n:]
		}
		if string(got) != whole {
			t.Fatalf("%q in pieces of %d: got %q, want %q", text, size, got, whole)
		}
		if i := strings.Index(whole, marker); i >= 0 && keyLength([]byte(whole[i+len(marker):])) >= minKey {
			t.Fatalf("%q still holds a key", whole)
		}
	})
}
