// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"strings"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// Codes of failures that are about the user who signed in.
const (
	codeUnknownUser    = "unknown_user"
	codeUnexpectedUser = "unexpected_user"
)

func isAboutUser(code string) bool { return code == codeUnknownUser || code == codeUnexpectedUser }

// unexpected returns why tokens of this user are not used, by expected_user.
func (a *Account) unexpected(u oauth.User) *oauth.Failure {
	want := a.config.ExpectedUser
	switch {
	case want == "", u.ID == want, u.Name != "" && strings.EqualFold(u.Name, want):
		return nil
	case u == (oauth.User{}):
		return a.failure(oauth.SigninRequired, codeUnknownUser, "the provider did not say who signed in, so expected_user cannot be checked",
			"Add openid and profile to scopes and sign in again, or remove expected_user.")
	case u.Name == "" && strings.Contains(want, "@"):
		return a.failure(oauth.SigninRequired, codeUnexpectedUser, "the provider gave an id and no name, so the user cannot be compared with expected_user, and the tokens are not used",
			"Add openid and profile to scopes (entra), or set expected_user to the user's oid or user_id.")
	}
	return a.failure(oauth.SigninRequired, codeUnexpectedUser, "the tokens are of another user than expected_user, and are not used",
		"Sign in as the expected user, or correct expected_user.")
}

// unexpectedIfKnown is unexpected for a user who may not be known yet: the next
// refresh tells.
func (a *Account) unexpectedIfKnown(u oauth.User) *oauth.Failure {
	if u == (oauth.User{}) {
		return nil
	}
	return a.unexpected(u)
}

// replacesUser reports whether one known user would replace another. A user whom
// expected_user does not allow is replaced without a question.
func (a *Account) replacesUser(old, new oauth.User) bool {
	return old != (oauth.User{}) && new != (oauth.User{}) && !old.Is(new) && a.unexpected(old) == nil
}
