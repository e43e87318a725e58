// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard

// Addresses returns how many addresses the slow-down of wrong keys remembers.
func (g *Guard) Addresses() int {
	g.attempts.mu.Lock()
	defer g.attempts.mu.Unlock()
	return max(len(g.attempts.byNet), g.attempts.recent.Len())
}
