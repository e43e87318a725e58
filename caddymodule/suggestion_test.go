// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import "testing"

func TestOptionThatWasMeantIsTheClosest(t *testing.T) {
	known := []string{"account", "allowed_hosts", "client_certificate", "client_id", "client_secret", "tenant", "flow"}
	for word, want := range map[string]string{
		"acount":       "account",
		"ClientID":     "client_id",
		"client":       "client_id", // the shortest that begins so
		"allowed_host": "allowed_hosts",
		"tennant":      "tenant",
		"fl":           "",
		"x":            "",
		"password":     "",
		"":             "",
	} {
		if got := closest(word, known); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}
