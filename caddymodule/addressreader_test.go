// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// typedInto has a reader read these pieces, as a terminal gives them.
func typedInto(t *testing.T, pieces ...string) (string, error) {
	t.Helper()
	r := &addressReader{out: io.Discard, keys: make(chan []byte)}
	go func() {
		for _, piece := range pieces {
			r.keys <- []byte(piece)
		}
		if strings.HasSuffix(pieces[len(pieces)-1], "EOF") {
			close(r.keys)
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return r.readKeys(ctx)
}

func TestTerminalInputIsReadKeyByKey(t *testing.T) {
	long := "http://localhost/?code=" + strings.Repeat("a", 20_000)
	for name, test := range map[string]struct {
		pieces []string
		want   string
		err    error
	}{
		"longer than a line of a terminal": {[]string{long[:4096], long[4096:8192], long[8192:], "\r"}, long, nil},
		"line ends before it":              {[]string{"\r", "\n", "x\r"}, "x", nil},
		"wrapped over lines":               {[]string{"http://localhost/?co\r", "de=1\r\n", "&state=2", "\r"}, "http://localhost/?code=1&state=2", nil},
		"corrected":                        {[]string{"wrong\x15axy\x7f\x08b\r"}, "ab", nil},
		"more corrected than typed":        {[]string{"\x7f\x7fa\r"}, "a", nil},
		"pasted with marks":                {[]string{"\x1b[200~http://x/\x1b[201~\r"}, "http://x/", nil},
		"arrows":                           {[]string{"a\x1b[D\x1bOAb\r"}, "ab", nil},
		"interrupted":                      {[]string{"http://x\x03"}, "", errInterrupted},
		"ended":                            {[]string{"x\x04"}, "x", nil},
		"ended before anything":            {[]string{"\x04"}, "", io.EOF},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := typedInto(t, test.pieces...)
			if got != test.want || !errors.Is(err, test.err) {
				t.Errorf("got %d characters and %v, want %d and %v", len(got), err, len(test.want), test.err)
			}
		})
	}
	if _, err := typedInto(t, strings.Repeat("a", maxAddress+1)); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("got %v for a text without end, want an error", err)
	}
}
