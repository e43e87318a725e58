// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard

// varyOf returns the fields on which it depends whether a client gets a response
// of the API, and of which account. A cache that does not know of them would
// give the response to clients that have not shown who they are.
func (g *Guard) varyOf(c clientInfo) string {
	switch {
	case g.accountPerRequest:
		return "*" // the server around us may read anything
	case len(g.keys) > 0 || g.appKeys != nil:
		return "Authorization, " + KeyHeader
	case c.remote:
		return "Authorization"
	}
	return ""
}
