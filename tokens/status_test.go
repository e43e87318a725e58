// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

func TestAccountIsUnavailableWhenTokenIsRefusedAndRefreshFails(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config())
	_, generation := r.wantToken(a)
	r.fault(fault{"path": "/oauth20_token.srf", "status": 503})
	_, _, err := a.Refresh(context.Background(), upstream, generation, "")
	wantFailure(t, err, oauth.Transient, "http_503")
	wantState(t, a, Unavailable)
}
