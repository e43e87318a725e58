// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"time"

	"github.com/caddy-onenote/caddy-onenote/emulator/mint"
)

// Book issues tokens and records what became of them. It is not safe for
// concurrent use.
type Book struct {
	now  func() time.Time
	mint *mint.Mint
	ledger
}

// ledger is the part that a reset empties.
type ledger struct {
	strict   bool
	access   map[string]*AccessToken
	families map[string]*family
	recalls  []recall
}

func newLedger() ledger {
	return ledger{access: make(map[string]*AccessToken), families: make(map[string]*family)}
}

// NewBook returns an empty book.
func NewBook(now func() time.Time, m *mint.Mint) *Book {
	return &Book{now: now, mint: m, ledger: newLedger()}
}

// Reset forgets all tokens.
func (b *Book) Reset() { b.ledger = newLedger() }

// SetStrict turns strict mode on or off. In strict mode the use of a refresh token
// that has a successor ends its family.
func (b *Book) SetStrict(on bool) { b.strict = on }
