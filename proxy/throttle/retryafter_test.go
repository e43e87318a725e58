// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package throttle

import (
	"net/http"
	"strconv"
	"testing"
	"time"
)

// FuzzRetryAfter looks for values that make a request wait forever, or not at all where
// the client is told to wait.
func FuzzRetryAfter(f *testing.F) {
	for _, value := range []string{
		"", "0", "1", "2.5", "-1", "1e309", "NaN", "Inf", " 7 ", "0x10", "1_0", "Sun, 29 Nov 2026 12:00:05 GMT",
		"Sunday, 29-Nov-26 12:00:05 GMT", "Sun, 29 Nov 1026 12:00:05 GMT", "soon", "99999999999999999999",
	} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		h := http.Header{"Retry-After": {value}}
		wait, ok := retryAfter(h, start)
		if wait < 0 || wait > longestRetryAfter || !ok && wait != 0 {
			t.Errorf("%q: got %v, %v", value, wait, ok)
		}
		pause := new(pauses).next("work", 0, start)
		if ok && wait > 0 {
			pause = wait
		}
		setRetryAfter(h, pause)
		got := h.Get("Retry-After")
		if _, err := strconv.ParseUint(got, 10, 31); err == nil {
			return
		}
		if _, err := http.ParseTime(got); err != nil {
			t.Errorf("%q: got %q, want whole seconds or a date", value, got)
		}
	})
}

func TestPausesGrowAndEnd(t *testing.T) {
	var p pauses
	now := start
	for _, want := range []time.Duration{2, 4, 8, 16, 32, 60, 60} {
		if got := p.next("work", 1, now); got != want*time.Second {
			t.Errorf("got a pause of %v, want %v", got, want*time.Second)
		}
		now = now.Add(want * time.Second)
	}
	p.end("work")
	if got := p.next("work", 1, now); got != firstPause {
		t.Errorf("after a request that was served: got %v, want %v", got, firstPause)
	}
}
