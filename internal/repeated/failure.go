// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package repeated logs failures that each request meets again.
package repeated

import (
	"sync"
	"time"

	"go.uber.org/zap"
)

// A Failure logs a failure that each request meets again: when it begins or changes, and
// then once in a while. Anybody can send requests, so there must not be a line for each.
// The zero value is ready.
type Failure struct {
	mu     sync.Mutex
	logged map[string]time.Time // when each text was logged last
}

const (
	// Every is how often an unchanged failure is logged.
	Every = 10 * time.Minute

	// maxTexts bounds the lines in that time: clients may choose between failures, and
	// some texts are never the same twice.
	maxTexts = 16
)

// Log logs err, unless it was logged before.
func (f *Failure) Log(log *zap.Logger, now time.Time, message string, err error) {
	if f.isNew(now, err.Error()) {
		log.Error(message, zap.Error(err))
	}
}

// isNew reports whether a text is to be logged, and notes it then.
func (f *Failure) isNew(now time.Time, text string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for known, last := range f.logged {
		if now.Sub(last).Abs() >= Every {
			delete(f.logged, known)
		}
	}
	if _, known := f.logged[text]; known || len(f.logged) >= maxTexts {
		return false
	}
	if f.logged == nil {
		f.logged = make(map[string]time.Time)
	}
	f.logged[text] = now
	return true
}

// End notes that what failed works, so that the next failure is logged.
func (f *Failure) End() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.logged)
}
