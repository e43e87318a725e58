// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/caddy-onenote/caddy-onenote/internal/testclock"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// The clocks of two nodes are a minute apart. What one does counts for the other, in
// the order in which it was done.
func TestNodesAgreeWhenTheirClocksDiffer(t *testing.T) {
	for _, ahead := range []time.Duration{time.Minute, -time.Minute} {
		t.Run(fmt.Sprint("second node ", ahead), func(t *testing.T) {
			r := newRig(t)
			r.control("POST", "strict", map[string]bool{"on": true})
			other := testclock.New(r.clock.Now().Add(ahead))
			a := r.account(r.config())
			b := r.account(r.config(), func(o *Options) { o.Clock = other })
			ctx := context.Background()
			pass := func(d time.Duration) {
				r.clock.Advance(d)
				other.Advance(d)
				for _, n := range []*Account{a, b} {
					n.followStorage(ctx)
				}
			}
			for range 3 { // refreshes, in which either node comes first
				r.wantToken(a)
				r.wantToken(b)
				pass(2 * time.Hour)
				r.wantToken(b)
				r.wantToken(a)
				pass(2 * time.Hour)
			}
			if got := r.tokenRequests(); got != 6 {
				t.Errorf("token requests: got %d, want one for each of 6 tokens", got)
			}
			for i, nodes := range [][2]*Account{{a, b}, {b, a}} {
				if err := nodes[0].SignOut(ctx); err != nil {
					t.Fatal(err)
				}
				pass(2 * time.Second)
				wantState(t, nodes[1], SignedOut)
				g := r.signedIn(fmt.Sprint("token", i), "refresh")
				g.ObtainedAt = nodes[1].clock.Now()
				g.Expiry = g.ObtainedAt.Add(time.Hour)
				g.RequestedAt = g.ObtainedAt
				if err := nodes[1].Adopt(ctx, g, true); err != nil {
					t.Errorf("a sign-in after a sign-out on the other node: %v", oauth.AsFailure(err))
				}
				pass(2 * time.Second)
				for _, n := range nodes {
					wantState(t, n, Ready)
				}
			}
		})
	}
}
