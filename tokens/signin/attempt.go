// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"context"
	"net/url"
	"time"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// Attempt is what the operator who began a sign-in is told about it.
type Attempt struct {
	// ID names the attempt towards [Pages.Attempt] and [Pages.Paste]. Whoever
	// knows it owns the attempt.
	ID string `json:"id"`

	// URL is where to sign in; empty for a device sign-in.
	URL string `json:"url,omitempty"`

	// UserCode is what to type at VerificationURI; device sign-ins only.
	UserCode        string `json:"user_code,omitempty"`
	VerificationURI string `json:"verification_uri,omitempty"`

	// ExpiresAt is when the attempt ends, or when its result is forgotten.
	ExpiresAt time.Time `json:"expires_at"`

	// State is pending, done or failed.
	State string `json:"state"`

	// User is who signed in, as the provider names them; empty while pending
	// and where the provider does not say.
	User string `json:"user,omitempty"`

	// Error is why the attempt failed.
	Error *tokens.StatusError `json:"error,omitempty"`
}

// The states of an Attempt.
const (
	AttemptPending = "pending"
	AttemptDone    = "done"
	AttemptFailed  = "failed"
)

// phase is how far an attempt has come.
type phase int

const (
	// waiting for the provider's answer: the state parameter is live.
	waiting phase = iota
	// redeeming: the answer came and the state parameter is used up.
	redeeming
	// deciding: somebody else signed in, and the user has to say whether that
	// was meant.
	deciding
	done
	failed
)

// attempt is one pending sign-in. Attempts guards its fields; everybody else
// works on copies.
type attempt struct {
	id      string
	account string

	// fingerprint is the configuration's: an answer is good for that one only.
	fingerprint string

	flow        tokens.Flow
	state       digest
	verifier    tokens.Secret
	redirectURI string

	// endpoint is the authorization endpoint that the browser was sent to.
	endpoint *url.URL

	// operator: whoever began it holds the id; no browser is bound.
	operator bool
	cookie   digest

	// url is kept for the operator, who may ask for it again.
	url string

	device  *tokens.DeviceCode
	polled  bool
	ctx     context.Context // ends with the attempt; stops whoever polls for it
	end     context.CancelCauseFunc
	expires time.Time

	phase   phase
	grant   *tokens.Grant
	other   *tokens.OtherUserError
	user    string
	failure *tokens.StatusError
}

// public returns what the operator may know.
func (t attempt) public() *Attempt {
	a := &Attempt{
		ID:        t.id,
		URL:       t.url,
		ExpiresAt: t.expires.UTC(),
		State:     AttemptPending,
		User:      t.user,
		Error:     t.failure,
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
