// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// Observer receives what happens to accounts, for metrics and events. Its methods
// are called from many goroutines. They must not block and must not call the
// account.
type Observer interface {
	// Refresh is called after each refresh. result is "ok" or the class of the
	// failure.
	Refresh(account, result string, took time.Duration)

	// Status is called when the tokens of an account changed, or what is known of
	// them. The calls for one account come one at a time.
	Status(s Status)

	// Event is called for each event.
	Event(e Event)
}

// resultOK is the result of a refresh that worked.
const resultOK = "ok"

// The names of events.
const (
	EventSignedIn      = "onenote.signed_in"
	EventSignedOut     = "onenote.signed_out"
	EventRefreshFailed = "onenote.refresh_failed"
	EventStateChanged  = "onenote.state_changed"
)

// Event is something that happened to an account. It holds no secret.
type Event struct {
	Name    string
	Account string

	// From and To are the states of EventStateChanged.
	From, To State

	// Class and Code are the failure's, where one is the reason.
	Class oauth.Class
	Code  string

	// Message and Hint say of EventStateChanged what failed and what to do; empty
	// where nothing did.
	Message, Hint string

	// At is when it happened.
	At time.Time
}

func (a *Account) reportRefresh(result string, took time.Duration) {
	if a.observer != nil {
		a.observer.Refresh(a.config.Name, result, took)
	}
}

// reportFailure reports a failed refresh, after logFailure.
func (a *Account) reportFailure(f *oauth.Failure) {
	a.emit(Event{Name: EventRefreshFailed, Class: f.Status.Class, Code: f.Status.Code})
	a.reportStatus()
}

// logFailure logs a failed refresh, before the change of the state that it causes. It
// is an error where only a person can help. The same failure again is no news.
func (a *Account) logFailure(f *oauth.Failure) {
	level := zapcore.WarnLevel
	if f.Status.Class != oauth.Transient {
		level = zapcore.ErrorLevel
	}
	if last := a.loggedFailure.Swap(&f.Status); last != nil && last.Class == f.Status.Class && last.Code == f.Status.Code {
		level = zapcore.DebugLevel
	}
	a.log.Log(level, "refresh failed", zap.Object("error", f.Status))
}

func (a *Account) emit(e Event) {
	if a.observer == nil {
		return
	}
	e.Account, e.At = a.config.Name, a.clock.Now()
	a.observer.Event(e)
}

// reportStatus reports the status to the observer, and the change of the state
// where it is another than the one that was reported last.
func (a *Account) reportStatus() { a.reportUnless(func(State) bool { return false }) }

// reportChange is reportStatus for changes that time makes, such as an expiry: it
// reports nothing while the state is the same.
func (a *Account) reportChange() {
	a.reportUnless(func(now State) bool { return now == a.cache.reported })
}

// reportUnless computes the status and reports it, one report at a time: changes
// are then reported in their order, and each of them once. The state that a
// process begins with is no change, and an app whose first token is on its way
// has not begun.
func (a *Account) reportUnless(unchanged func(State) bool) {
	a.cache.reporting.Lock()
	defer a.cache.reporting.Unlock()
	s := a.status()
	if unchanged(s.State) {
		return
	}
	if a.observer != nil {
		a.observer.Status(s)
	}
	from := a.cache.reported
	if from == "" && s.Error != nil && s.Error.Code == codeNoTokenYet {
		return
	}
	a.cache.reported = s.State
	switch from {
	case s.State:
		return
	case "":
		a.logBegin(s)
		return
	}
	a.logChange(from, s)
	e := Event{Name: EventStateChanged, From: from, To: s.State}
	if s.Error != nil {
		e.Class, e.Code, e.Message, e.Hint = s.Error.Class, s.Error.Code, s.Error.Message, s.Error.Hint
	}
	a.emit(e)
}

// wasReported reports whether that is the state that was reported last.
func (c *Cache) wasReported(s State) bool {
	c.reporting.Lock()
	defer c.reporting.Unlock()
	return c.reported == s
}

// logBegin logs the state that a process begins with, if requests are not served.
// Where nobody is signed in, the server says where to sign in, which is not known
// here.
func (a *Account) logBegin(s Status) {
	if !s.State.Usable() && s.State != SignedOut && s.State != SigningIn {
		a.log.Log(a.stateLevel(s), "the account is not ready", stateFields("state", s)...)
	}
}

// logChange logs a change of the state.
func (a *Account) logChange(from State, s Status) {
	a.log.Log(a.stateLevel(s), "state changed", append([]zap.Field{zap.String("from", string(from))}, stateFields("to", s)...)...)
}

func stateFields(name string, s Status) []zap.Field {
	fields := []zap.Field{zap.String(name, string(s.State))}
	if s.Error != nil {
		fields = append(fields, zap.Object("error", *s.Error))
	}
	return fields
}

// stateLevel is the level of a line about a state: an error where only a person can
// help. If the failed refresh that is the reason was logged already, the change is no
// second error.
func (a *Account) stateLevel(s Status) zapcore.Level {
	if last := a.loggedFailure.Load(); last != nil && s.Error != nil && last.Class == s.Error.Class && last.Code == s.Error.Code {
		return zapcore.InfoLevel
	}
	switch s.State {
	case NeedsSignin, NeedsOperator, Refused:
		return zapcore.ErrorLevel
	case Degraded, Unavailable:
		return zapcore.WarnLevel
	}
	return zapcore.InfoLevel
}
