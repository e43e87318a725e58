// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard

// setAccount notes in the route which account the client may use and see. This
// is the one rule, for the API, pages and probes alike: the account of the
// client's key; else the one that was chosen for the request; else, for a
// remote client, the configured one. Everybody else uses the configured one and
// sees all.
func (g *Guard) setAccount(c *candidate, route *Route, key *hashedKey) {
	switch {
	case key != nil && key.account != "":
		route.Account, route.Bound = key.account, true
	case g.accountPerRequest:
		route.Account, route.Bound = c.account, true
	case route.Remote && g.account != "":
		route.Account, route.Bound = g.account, true
	case route.Kind == API || route.Kind == AppSignin:
		route.Account = g.account
	}
}

// serves reports whether setAccount can give a request this account.
func (g *Guard) serves(account string) bool {
	if g.served != nil {
		return g.served(account)
	}
	if account == g.account && !g.accountPerRequest {
		return true
	}
	return g.keys.bindTo(account)
}
