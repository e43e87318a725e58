// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin_test

import (
	"testing"

	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
	"github.com/caddy-onenote/caddy-onenote/tokens/signin"
)

// TestSignInWithoutRefreshTokenSaysSo: on the page that the sign-in ends on, and to
// the operator.
func TestSignInWithoutRefreshTokenSaysSo(t *testing.T) {
	s := newSite(t, oauth.Config{Scopes: []string{"office.onenote_update", "wl.signin"}})
	b := newBrowser(t)
	s.begin(b, "default")
	b.decide("accept", "")
	b.sees("the provider gave no refresh token", "wl.offline_access", "no_refresh_token")
	s.wantState("default", tokens.Degraded)

	a := s.beginAsOperator("")
	b.open(a.URL)
	b.decide("accept", "")
	got := s.attempt(a.ID)
	if got.State != signin.AttemptDone || got.Error != nil || got.Warning == nil || got.Warning.Code != "no_refresh_token" {
		t.Errorf("attempt: got %+v, want it done with a warning", got)
	}
}
