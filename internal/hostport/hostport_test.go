// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package hostport

import (
	"net/url"
	"testing"
)

func TestDefaultPortIsRemovedForHostAndAddedForDial(t *testing.T) {
	for text, want := range map[string]struct{ host, dial string }{
		"https://www.onenote.com:443": {"www.onenote.com", "www.onenote.com:443"},
		"https://www.onenote.com":     {"www.onenote.com", "www.onenote.com:443"},
		"http://localhost:80":         {"localhost", "localhost:80"},
		"http://localhost":            {"localhost", "localhost:80"},
		"http://localhost:443":        {"localhost:443", "localhost:443"},
		"https://[::1]:443":           {"[::1]", "[::1]:443"},
		"https://[::1]:8443":          {"[::1]:8443", "[::1]:8443"},
	} {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := WithoutDefaultPort(u); got != want.host {
			t.Errorf("WithoutDefaultPort(%s) = %q, want %q", text, got, want.host)
		}
		if got := Dial(u); got != want.dial {
			t.Errorf("Dial(%s) = %q, want %q", text, got, want.dial)
		}
	}
}
