// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"context"
	"net/url"
	"time"

	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// Attempt is what the operator who began a sign-in may know of it.
type Attempt struct {
	// ID names the attempt for [Pages.Attempt] and [Pages.Paste]. Who knows it
	// owns the attempt.
	ID string `json:"id"`

	// URL is where to sign in; empty for a device sign-in.
	URL string `json:"url,omitempty"`

	// Paste says that the browser does not come back here: its user has to paste the
	// address that it ended on.
	Paste bool `json:"paste,omitempty"`

	// UserCode is what to type at VerificationURI; device sign-ins only.
	UserCode        string `json:"user_code,omitempty"`
	VerificationURI string `json:"verification_uri,omitempty"`

	// ExpiresAt is when the attempt ends, or its result is deleted.
	ExpiresAt time.Time `json:"expires_at"`

	// State is pending, done or failed.
	State string `json:"state"`

	// User is who signed in, as the provider names them; empty while pending
	// and where the provider does not say.
	User string `json:"user,omitempty"`

	// Error is why the attempt failed.
	Error *oauth.FailureStatus `json:"error,omitempty"`

	// Warning is what should be done although the sign-in succeeded: it has no
	// refresh token.
	Warning *oauth.FailureStatus `json:"warning,omitempty"`

	// Tested is what the APIs responded to a request with the new token.
	Tested []Test `json:"tested,omitempty"`
}

// The states of an Attempt.
const (
	AttemptPending = "pending"
	AttemptDone    = "done"
	AttemptFailed  = "failed"
)

// phase is the progress of an attempt.
type phase int

const (
	// waiting for the provider's response: the state parameter is valid.
	waiting phase = iota
	// redeeming: the response came and the state parameter is used.
	redeeming
	// deciding: another user signed in, and has to confirm that the account is to
	// change hands.
	deciding
	done
	failed
)

// attempt is one pending sign-in. Attempts guards its fields; all others work on
// copies.
type attempt struct {
	id      string
	account string

	// fingerprint is the configuration's: a response is valid for that one only.
	fingerprint string

	flow        oauth.Flow
	state       digest
	verifier    oauth.Secret
	redirectURI string
	elsewhere   bool // no redirect leads the browser back here

	// endpoint is the authorization endpoint that the browser was sent to.
	endpoint *url.URL

	// operator: an operator began it and owns it by its id; no browser is bound.
	operator bool
	cookie   digest

	// app is the app that waits for this sign-in; empty for none.
	app string

	// url is kept where a person opens it: for the operator, and for a browser that
	// cannot reach the provider itself.
	url string

	device  *oauth.DeviceCode
	polled  bool
	ctx     context.Context // ends with the attempt, and with it the polling
	end     context.CancelCauseFunc
	expires time.Time

	phase   phase
	grant   *oauth.Grant
	other   *tokens.OtherUserError
	user    string
	failure *oauth.FailureStatus
	warning *oauth.FailureStatus
	tested  []Test
}

// settled reports whether the attempt is over: nothing can be done with its id any
// more but to see how it ended.
func (t attempt) settled() bool { return t.phase == done || t.phase == failed }

// public returns what the operator may know.
func (t attempt) public() *Attempt {
	a := &Attempt{
		ID:        t.id,
		URL:       t.url,
		Paste:     t.elsewhere,
		ExpiresAt: t.expires.UTC(),
		State:     AttemptPending,
		User:      t.user,
		Error:     t.failure,
		Warning:   t.warning,
		Tested:    t.tested,
	}
	if t.device != nil {
		a.UserCode, a.VerificationURI = t.device.UserCode, t.device.VerificationURI
	}
	if t.device != nil && t.phase == waiting {
		a.ExpiresAt = t.device.ExpiresAt.UTC()
	}
	switch t.phase {
	case done:
		a.State = AttemptDone
	case failed:
		a.State = AttemptFailed
	}
	return a
}
