// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"go.uber.org/zap"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// welcome logs where to sign in, if nobody is signed in when the process begins. A
// reload, and a sign-out later, log nothing.
func (a *App) welcome(s tokens.Status) {
	if s.State == tokens.Unavailable {
		return // what is stored is not known yet
	}
	begun := a.begun[s.Name]
	if begun.Load() || begun.Swap(true) || s.State != tokens.SignedOut {
		return
	}
	account := zap.String("account", s.Name)
	bases := a.basesOf(s.Name)
	if len(bases) == 0 {
		a.logger.Warn("nobody is signed in; sign in with: caddy onenote signin "+s.Name, account)
		return
	}
	address := bases[0].String() + "/"
	a.logger.Warn("nobody is signed in; open "+address+" in a browser, or run: caddy onenote signin "+s.Name,
		account, zap.String("address", address))
}
