// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package appsignin

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/caddy-onenote/caddy-onenote/internal/apppath"
)

const (
	// keyLife is how long a key opens the API.
	keyLife = time.Hour

	// refreshLife is how long a refresh token can be used; each use gives a new one.
	refreshLife = 90 * 24 * time.Hour
)

// Holder is whose key it is.
type Holder struct {
	// Account is the name of the account, SignIn the id of the sign-in to it.
	Account, SignIn string

	// ClientKey is Admission.ClientKey of the person who has let the app sign in.
	ClientKey string
}

// statement is what a key or a refresh token says.
type statement struct {
	Account string `json:"a"`
	SignIn  string `json:"s"`
	Shown   string `json:"k,omitempty"` // Holder.ClientKey
	Grant   string `json:"g"`
	Expires int64  `json:"e"`

	// What follows stands in refresh tokens only.
	Client   string          `json:"c,omitempty"`
	Scope    string          `json:"o,omitempty"`
	Resource string          `json:"r,omitempty"`
	Version  apppath.Version `json:"v,omitempty"`
}

func (st statement) holder() Holder { return Holder{st.Account, st.SignIn, st.Shown} }

func (s *Service) sealStatement(kind string, st statement, life time.Duration) (string, error) {
	st.Expires = s.Now().Add(life).Unix()
	plain, err := json.Marshal(st)
	if err != nil {
		return "", err
	}
	return s.Keys.seal(kind, plain)
}

// Why a key does not open anything.
var (
	ErrUnknownKey = errors.New("the key was not made by this proxy, or its sealing key was replaced")
	ErrExpired    = errors.New("the key has expired")
	ErrRevoked    = errors.New("the key was revoked, because its code was used twice")
	ErrEnded      = errors.New("the sign-in of the key has ended")
)

// IsKey reports whether a text looks like something that is handed out here.
func IsKey(text string) bool { return strings.HasPrefix(text, marker) }

// Check returns whose key it is, if it opens anything. The error is one of those above, or
// says why that cannot be known now.
func (s *Service) Check(ctx context.Context, key string) (Holder, error) {
	st, _, err := s.openStatement(ctx, accessKind, key)
	return st.holder(), err
}

// openStatement opens a key or a refresh token and makes sure that its sign-in is the
// account's.
func (s *Service) openStatement(ctx context.Context, kind, text string) (statement, SignIn, error) {
	var st statement
	plain, err := s.Keys.open(kind, text)
	if errors.Is(err, errNotOurs) || err == nil && json.Unmarshal(plain, &st) != nil {
		return statement{}, SignIn{}, ErrUnknownKey
	}
	if err != nil {
		return statement{}, SignIn{}, err
	}
	if s.Now().Unix() >= st.Expires {
		return statement{}, SignIn{}, ErrExpired
	}
	revoked, err := s.Revocations.has(ctx, st.Grant)
	switch {
	case err != nil:
		return statement{}, SignIn{}, err
	case revoked:
		return statement{}, SignIn{}, ErrRevoked
	}
	signin, err := s.current(ctx, st.holder())
	return st, signin, err
}

// current returns the sign-in of a holder if it is still the account's.
func (s *Service) current(ctx context.Context, h Holder) (SignIn, error) {
	a := s.Account(h.Account)
	if a == nil {
		return SignIn{}, ErrEnded
	}
	signin, err := a.SignIn(ctx)
	if err == nil && signin.ID != h.SignIn {
		signin, err = a.Latest(ctx) // the person may have signed in at another node
	}
	switch {
	case err != nil:
		return SignIn{}, err
	case signin.ID == "" || signin.ID != h.SignIn:
		return SignIn{}, ErrEnded
	}
	return signin, nil
}

// IsDead reports whether an error of Check means that the key opens nothing any more.
func IsDead(err error) bool {
	return errors.Is(err, ErrUnknownKey) || errors.Is(err, ErrExpired) || errors.Is(err, ErrRevoked) || errors.Is(err, ErrEnded)
}
