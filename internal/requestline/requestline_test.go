// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package requestline

import "testing"

func TestCutAuthorityLeavesPathAndQueryByteForByte(t *testing.T) {
	tests := []struct {
		target, authority, rest string
		ok                      bool
	}{
		{"http://localhost:8080/api/v1.0/x%2fy?z", "localhost:8080", "/api/v1.0/x%2fy?z", true},
		{"HTTPS://LOCALHOST/api/", "LOCALHOST", "/api/", true},
		{"http://localhost:8080", "localhost:8080", "", true},
		{"http://localhost?x/y", "localhost", "?x/y", true},
		{"http://localhost//host/api/", "localhost", "//host/api/", true},
		{"http://user@localhost/", "user@localhost", "/", true},
		{"/api/x?url=http://localhost/", "", "/api/x?url=http://localhost/", false},
		{"ftp://localhost/api/", "", "ftp://localhost/api/", false},
		{"localhost:443", "", "localhost:443", false},
		{"*", "", "*", false},
		{"", "", "", false},
	}
	for _, tt := range tests {
		authority, rest, ok := CutAuthority(tt.target)
		if authority != tt.authority || rest != tt.rest || ok != tt.ok {
			t.Errorf("%q: got %q, %q, %t; want %q, %q, %t", tt.target, authority, rest, ok, tt.authority, tt.rest, tt.ok)
		}
	}
}
