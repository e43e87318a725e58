// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package repeated

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func TestFailureIsLoggedOnceInTenMinutes(t *testing.T) {
	core, logs := observer.New(zapcore.ErrorLevel)
	log, now := zap.New(core), time.Unix(1_800_000_000, 0)
	var f Failure
	wantLines := func(when string, want int) {
		t.Helper()
		for range 20 { // clients may choose between the two
			f.Log(log, now, "it failed", errors.New("one"))
			f.Log(log, now, "it failed", errors.New("another"))
		}
		if got := logs.Len(); got != want {
			t.Errorf("%s: got %d lines, want %d", when, got, want)
		}
	}
	wantLines("at first", 2)
	now = now.Add(Every - 1)
	wantLines("later", 2)
	now = now.Add(1)
	wantLines("after ten minutes", 4)
	f.End()
	wantLines("after it has worked", 6)
}

func TestTextsThatDifferEachTimeAreBounded(t *testing.T) {
	core, logs := observer.New(zapcore.ErrorLevel)
	now := time.Unix(1_800_000_000, 0)
	var f Failure
	for i := range 1000 {
		f.Log(zap.New(core), now, "it failed", fmt.Errorf("number %d", i))
	}
	if got := logs.Len(); got != maxTexts {
		t.Errorf("got %d lines, want %d", got, maxTexts)
	}
}
