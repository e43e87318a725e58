// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"slices"
	"strings"
	"time"

	"github.com/caddy-onenote/caddy-onenote/emulator/person"
)

// AccessTokenLife is the life of an access token. Microsoft's live an hour or a
// little more.
const AccessTokenLife = time.Hour

// AccessToken is an access token that this emulator issued.
type AccessToken struct {
	Value   string
	Grant   Grant
	Expires time.Time
}

// Opens reports whether the token is for an API.
func (t *AccessToken) Opens(a Audience) bool { return slices.Contains(t.Grant.audiences(), a) }

// Writes reports whether the token permits changes of notes. On v1 the
// registration of the app decides that; the emulator permits them all.
func (t *AccessToken) Writes() bool {
	return t.Grant.Provider == AzureAD || writes(t.Grant.Scope)
}

// Permits reports whether the token's scope has one of these permissions, such as
// Notes.Read. A scope that leaves it to the registration of the app permits
// everything.
func (t *AccessToken) Permits(permissions ...string) bool {
	if t.Grant.Provider == AzureAD {
		return true
	}
	for _, word := range t.permissions() {
		if word == ".default" || slices.Contains(permissions, word) {
			return true
		}
	}
	return false
}

// OfAllNotes reports whether the scope is for the notes of others too.
func (t *AccessToken) OfAllNotes() bool {
	return slices.ContainsFunc(t.permissions(), func(word string) bool {
		return strings.HasPrefix(word, "Notes.") && strings.HasSuffix(word, ".All")
	})
}

// OwnPagesOnly reports whether the token is only for pages that the client made.
func (t *AccessToken) OwnPagesOnly() bool {
	mentioned := false
	for _, word := range t.permissions() {
		if word == "Notes.ReadWrite.CreatedByApp" {
			mentioned = true
		} else if strings.HasPrefix(word, "Notes.") && word != "Notes.Create" {
			return false
		}
	}
	return mentioned
}

// permissions returns the words of the scope without the API that they are for.
func (t *AccessToken) permissions() []string {
	words := strings.Fields(t.Grant.Scope)
	for i, word := range words {
		words[i] = word[strings.LastIndex(word, "/")+1:]
	}
	return words
}

// IssueAccess makes an access token.
func (b *Book) IssueAccess(g Grant, life time.Duration) *AccessToken {
	t := &AccessToken{Grant: g, Expires: b.now().Add(life)}
	switch {
	case g.Provider == AzureAD, g.Provider == Entra && g.readable():
		t.Value = b.accessJWT(g, t.Expires)
	default:
		t.Value = "EwB" + b.mint.Opaque("access")
	}
	b.forget(b.now())
	b.access[t.Value] = t
	return t
}

// maxAccess is the number of access tokens from which on expired ones are
// dropped.
const maxAccess = 4096

// forget drops expired access tokens if there are many.
func (b *Book) forget(now time.Time) {
	if len(b.access) < maxAccess {
		return
	}
	for value, t := range b.access {
		if !now.Before(t.Expires) {
			delete(b.access, value)
		}
	}
}

// AccessTokenOf returns the valid access token of a value, or nil.
func (b *Book) AccessTokenOf(value string) *AccessToken {
	t := b.access[value]
	if t == nil || !b.now().Before(t.Expires) {
		return nil
	}
	return t
}

// EndAccess makes the access tokens of an account invalid, or, without a name, of
// all accounts. An API responds with 401 to an expired
// and to a revoked one alike.
func (b *Book) EndAccess(name string) {
	for value, t := range b.access {
		if name == "" || t.Grant.Account == person.Named(name) {
			delete(b.access, value)
		}
	}
}
