// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"cmp"
	"context"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// User returns who is signed in, as the provider says: the zero value where it does
// not. It reports false where nobody is signed in, or nothing is known of it.
func (a *Account) User(ctx context.Context) (oauth.User, bool) {
	if r, _ := a.state.known(); r == nil {
		if err := a.prepare(ctx); err != nil {
			return oauth.User{}, false
		}
	}
	r, _ := a.state.known()
	if r == nil {
		return oauth.User{}, false
	}
	return r.User, true
}

// nameOf returns what people call a user of the account: the provider's own name for
// them, else the account's label. An id, which no person knows, comes last.
func (a *Account) nameOf(u oauth.User) string { return cmp.Or(u.Name, a.config.Label, u.ID) }
