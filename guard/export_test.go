// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard

// Addresses returns how many addresses the rate limiter remembers.
func (g *Guard) Addresses() int {
	g.limiter.mu.Lock()
	defer g.limiter.mu.Unlock()
	return max(len(g.limiter.byNet), g.limiter.recent.Len())
}
