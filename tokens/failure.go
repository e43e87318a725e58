// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"fmt"
	"time"
)

// Class says who can cure a failure.
type Class string

// The three classes. What is passing cures itself, what needs a sign-in needs
// the user, what is misconfigured needs the operator.
const (
	Passing        Class = "passing"
	SigninRequired Class = "signin_required"
	Misconfigured  Class = "misconfigured"
)

// Failure is why there is no token. Its text holds no secret and nothing that
// the identity provider wrote in prose: descriptions can carry e-mail
// addresses.
type Failure struct {
	// Account is the name of the account it happened to.
	Account string

	// Code is the provider's own: an AADSTS number where there was one, else
	// the OAuth error, else a word of ours such as "unreachable".
	Code string

	// Message says in a sentence what failed.
	Message string

	// Suberror, TraceID and CorrelationID are the provider's, for its support.
	Suberror, TraceID, CorrelationID string

	// Claims is the claims challenge that the next sign-in has to carry.
	Claims string

	class      Class
	oauth      string // the OAuth error as it came
	hint       string
	retryAfter time.Duration
	unreached  bool // no server was reached: trying again soon harms nobody
}

// Error implements error.
func (f *Failure) Error() string {
	return fmt.Sprintf("account %s: %s (%s)", f.Account, f.Message, f.Code)
}

// Class returns passing, signin_required or misconfigured.
func (f *Failure) Class() string { return string(f.class) }

// RetryAfter returns how long nobody needs to ask again; zero when waiting
// does not help.
func (f *Failure) RetryAfter() time.Duration { return f.retryAfter }

// Hint returns what the operator or user can do about it.
func (f *Failure) Hint() string { return f.hint }

// status returns what the status page and the logs tell of it.
func (f *Failure) status() *StatusError {
	return &StatusError{Class: f.class, Code: f.Code, Message: f.Message, Hint: f.hint}
}

// failure makes one of the account's failures.
func (a *Account) failure(class Class, code, message, hint string) *Failure {
	return &Failure{Account: a.config.Name, class: class, Code: code, Message: message, hint: hint}
}

func (a *Account) misconfigured(code, message, hint string) *Failure {
	return a.failure(Misconfigured, code, message, hint)
}
