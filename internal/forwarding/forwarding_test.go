// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package forwarding

import "testing"

func TestFieldsThatForwardersAddAreRecognised(t *testing.T) {
	for name, want := range map[string]bool{
		"Forwarded": true, "Via": true, "X-Real-IP": true, "X-Real-Ip": true,
		"X-Forwarded-For": true, "X-Forwarded-Client-Cert": true, "x-forwarded-proto": true, "X_Forwarded_For": true, "X-Forwarded_For": true,
		"CF-Connecting-IP": true, "Cf_Connecting_Ip": true, "True-Client-IP": true, "X-Client-IP": true, "X-Cluster-Client-IP": true,
		"": false, "Vi": false, "Viable": false, "X-Forward": false, "X-Forwarded": false, "X-Forwarded-": false, "Forwarded-X": false,
		"X-Client": false, "X-Correlationid": false, "Content-Type": false, "Te": false, "Client-Ip-X": false,
	} {
		if got := Field(name); got != want {
			t.Errorf("Field(%q) = %t, want %t", name, got, want)
		}
	}
}
