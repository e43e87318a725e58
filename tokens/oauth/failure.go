// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"go.uber.org/zap/zapcore"

	"github.com/caddy-onenote/caddy-onenote/internal/netfail"
)

// Class says who can fix a failure.
type Class string

// The three classes: a transient failure ends by itself, a required sign-in
// needs the user, a misconfiguration needs the operator.
const (
	Transient      Class = "transient"
	SigninRequired Class = "signin_required"
	Misconfigured  Class = "misconfigured"
)

// FailureStatus is what may be shown of a failure: on the pages, as JSON and in
// the log. It holds no secret, and nothing that the identity provider wrote in
// prose: descriptions can carry e-mail addresses.
type FailureStatus struct {
	Class Class `json:"class"`

	// Code is the provider's own: an AADSTS number where there was one, else
	// the OAuth error, else a word of ours such as "unreachable".
	Code string `json:"code"`

	// Message says in a sentence what failed.
	Message string `json:"message"`

	// Hint says what the operator or the user can do about it.
	Hint string `json:"hint"`

	// Suberror, TraceID and CorrelationID are the provider's, for its support.
	// They stand in the log only.
	Suberror      string `json:"-"`
	TraceID       string `json:"-"`
	CorrelationID string `json:"-"`

	// Cause is the text of the error where there was no response. It stands in the
	// log only.
	Cause string `json:"-"`
}

// MarshalLogObject implements zapcore.ObjectMarshaler.
func (s FailureStatus) MarshalLogObject(enc zapcore.ObjectEncoder) error {
	enc.AddString("class", string(s.Class))
	enc.AddString("code", s.Code)
	enc.AddString("message", s.Message)
	enc.AddString("hint", s.Hint)
	for _, f := range []struct{ name, value string }{
		{"suberror", s.Suberror}, {"trace_id", s.TraceID}, {"correlation_id", s.CorrelationID}, {"cause", s.Cause},
	} {
		if f.value != "" {
			enc.AddString(f.name, f.value)
		}
	}
	return nil
}

// Failure is the error that says why there is no token.
type Failure struct {
	// Account is the name of the account that has no token.
	Account string

	// Status is what may be shown of the failure.
	Status FailureStatus

	// Claims is the claims challenge that the next sign-in has to carry.
	Claims string

	// Wait is how long nobody needs to ask again; zero where waiting does not
	// help.
	Wait time.Duration

	// RetrySoon says that another request soon harms nobody: no server was reached,
	// or one has closed the connection without a response.
	RetrySoon bool

	oauth string // the OAuth error as it came
}

// NewFailure returns a failure of an account.
func NewFailure(account string, class Class, code, message, hint string) *Failure {
	return &Failure{Account: account, Status: FailureStatus{Class: class, Code: code, Message: message, Hint: hint}}
}

// AsFailure returns the failure in err, or nil.
func AsFailure(err error) *Failure {
	var f *Failure
	errors.As(err, &f)
	return f
}

// Error implements error.
func (f *Failure) Error() string {
	return fmt.Sprintf("account %s: %s (%s)", f.Account, f.Status.Message, f.Status.Code)
}

// Class, RetryAfter, Hint and Loop tell packages that do not import this one what the
// error means. All others read the fields.

// Class returns the class as a word.
func (f *Failure) Class() string { return string(f.Status.Class) }

// RetryAfter returns how long nobody needs to ask again.
func (f *Failure) RetryAfter() time.Duration { return f.Wait }

// Hint returns what the operator or the user can do.
func (f *Failure) Hint() string { return f.Status.Hint }

// Loop reports whether the request came back to the proxy that sent it.
func (f *Failure) Loop() bool { return f.Status.Code == string(netfail.Loop) }

// duringSignin returns the error of a step of a sign-in, which nobody repeats but the
// user.
func duringSignin(err error) error {
	f := AsFailure(err)
	if f == nil {
		return err
	}
	advice, promised := strings.CutPrefix(f.Status.Hint, byItself)
	if !promised {
		return f
	}
	g := *f
	g.Status.Hint = byUser + advice
	return &g
}

// failure returns a failure of the client's account.
func (c *Client) failure(class Class, code, message, hint string) *Failure {
	return NewFailure(c.config.Name, class, code, message, hint)
}

func (c *Client) misconfigured(code, message, hint string) *Failure {
	return c.failure(Misconfigured, code, message, hint)
}

// Interface guards
var (
	_ error                   = (*Failure)(nil)
	_ zapcore.ObjectMarshaler = FailureStatus{}
)
