// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"cmp"
	"context"
	"strconv"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// A CurrentSignIn is the sign-in of an account, for those who bind something to it.
type CurrentSignIn struct {
	// ID tells it from any other sign-in, of the same user too. A refresh keeps it.
	// Empty: nobody is signed in.
	ID string

	// State is the state of the account.
	State State

	User oauth.User

	// Label is what the configuration calls the account; it may be empty.
	Label string
}

// clientCredentialsID stands for the sign-in of an account that no user signs in to: it is
// that of its client, at its provider.
const clientCredentialsID = "client-credentials "

// CurrentSignIn returns the sign-in in use. It reads the storage only where nothing is in
// memory yet. An error says that the sign-in cannot be known now.
func (a *Account) CurrentSignIn(ctx context.Context) (CurrentSignIn, error) {
	r, unusable := a.state.known()
	if r == nil || !a.imported.Load() {
		err := a.prepare(ctx)
		if r, unusable = a.state.known(); r == nil && err != nil {
			return CurrentSignIn{}, err
		}
	}
	if f := a.unopened(r, unusable); f != nil {
		return CurrentSignIn{}, f
	}
	return CurrentSignIn{ID: a.signInID(r), State: a.status().State, User: a.userOf(r), Label: a.config.Label}, nil
}

// LatestSignIn is CurrentSignIn after a look at the storage, for who knows of a sign-in that
// is not the current one: it may have happened at another node a moment ago.
func (a *Account) LatestSignIn(ctx context.Context) (CurrentSignIn, error) {
	if !a.loadedLately() {
		if err := a.load(ctx); err != nil {
			return CurrentSignIn{}, err
		}
	}
	return a.CurrentSignIn(ctx)
}

// unopened returns the failure of a record that is good but cannot be opened: it says
// nothing of who is signed in.
func (a *Account) unopened(r *record, unusable error) *oauth.Failure {
	if r != nil || a.matters(unusable) == nil {
		return nil
	}
	if f := a.unusableRecord(unusable); f.Status.Class == oauth.Misconfigured {
		return f
	}
	return nil
}

func (a *Account) userOf(r *record) oauth.User {
	if r == nil {
		return oauth.User{}
	}
	return r.User
}

// signInID returns the id of a record's sign-in; empty for none.
func (a *Account) signInID(r *record) string {
	if a.config.Flow == oauth.FlowClientCredentials {
		return clientCredentialsID + a.fingerprint
	}
	return r.signInID()
}

// signInID returns the id of the record's sign-in. Records of earlier versions have the
// time only.
func (r *record) signInID() string {
	if r == nil {
		return ""
	}
	return cmp.Or(r.SignInID, "at-"+strconv.FormatInt(r.SignedInAt.UnixNano(), 36))
}

// SignInTokens are the tokens of one sign-in to an account. A request that was admitted for
// that sign-in may take its time: its body is slow, or it is sent a second time. It never
// gets the token of the next person.
type SignInTokens struct {
	*Account
	id string
}

// OfSignIn returns the tokens of the sign-in with that id (CurrentSignIn.ID).
func (a *Account) OfSignIn(id string) SignInTokens { return SignInTokens{a, id} }

// Token is Account.Token for the sign-in alone.
func (s SignInTokens) Token(ctx context.Context) (authorization string, generation uint64, err error) {
	return s.send(s.only(s.current(ctx)))
}

// Refresh is Account.Refresh for the sign-in alone.
func (s SignInTokens) Refresh(ctx context.Context, upstream string, generation uint64, claims string) (authorization string, next uint64, err error) {
	return s.send(s.only(s.another(ctx, upstream, generation, claims)))
}

// only returns the token if it is one of the sign-in.
func (s SignInTokens) only(b *bearer, err error) (*bearer, error) {
	if err != nil || b.signIn == s.id || s.config.Flow == oauth.FlowClientCredentials {
		return b, err
	}
	return nil, s.failure(oauth.SigninRequired, "other_sign_in", "the sign-in that this request was admitted for has ended",
		"The app has to sign in again.")
}
