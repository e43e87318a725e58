// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"testing"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// The table at the top of state.go.
func TestStateFollowsFromCondition(t *testing.T) {
	failure := func(class oauth.Class, code string) *oauth.Failure {
		return oauth.NewFailure("default", class, code, "message", "hint")
	}
	transient := failure(oauth.Transient, "http_503")
	notSaved := failure(oauth.Transient, codeNotSaved)
	signin := failure(oauth.SigninRequired, "invalid_grant")
	signedOut := failure(oauth.SigninRequired, codeSignedOut)
	misconfigured := failure(oauth.Misconfigured, "invalid_client")
	noRefreshToken := failure(oauth.SigninRequired, codeNoRefreshToken)
	for _, test := range []struct {
		failure                   *oauth.Failure
		token, signingIn, refused bool
		want                      State
	}{
		{nil, false, false, false, Ready},
		{nil, true, false, false, Ready},
		{nil, false, true, false, Ready},
		{nil, true, false, true, Refused},
		{nil, false, false, true, Refused},
		{misconfigured, false, false, false, NeedsOperator},
		{misconfigured, true, true, false, NeedsOperator},
		{misconfigured, true, true, true, NeedsOperator},
		{transient, true, false, false, Degraded},
		{transient, true, true, false, Degraded},
		{transient, true, false, true, Refused},
		{notSaved, false, true, false, Degraded},
		{notSaved, false, false, true, Refused},
		{noRefreshToken, true, false, false, Degraded},
		{noRefreshToken, true, false, true, Refused},
		{noRefreshToken, false, false, true, NeedsSignin},
		{transient, false, true, false, SigningIn},
		{signin, false, true, false, SigningIn},
		{signin, false, true, true, SigningIn},
		{signedOut, false, true, false, SigningIn},
		{transient, false, false, false, Unavailable},
		{transient, false, false, true, Unavailable},
		{signedOut, false, false, false, SignedOut},
		{signin, false, false, false, NeedsSignin},
		{signin, true, false, false, NeedsSignin},
		{signin, true, true, false, NeedsSignin},
		{signin, true, false, true, NeedsSignin},
	} {
		c := condition{test.failure, test.token, test.signingIn, test.refused}
		if got := c.state(); got != test.want {
			t.Errorf("%v, token %v, signing in %v, refused %v: got %s, want %s",
				test.failure, test.token, test.signingIn, test.refused, got, test.want)
		}
	}
}
