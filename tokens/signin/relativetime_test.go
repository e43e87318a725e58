// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"testing"
	"time"
)

func TestRelativeTimeKeepsTwoUnits(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                             "now",
		-time.Millisecond:             "now",
		time.Second:                   "in 1 second",
		-90 * time.Second:             "90 seconds ago",
		time.Hour:                     "in 60 minutes",
		2*time.Hour - 1:               "in 119 minutes",
		2 * time.Hour:                 "in 2 hours",
		-47 * time.Hour:               "47 hours ago",
		-90*24*time.Hour - time.Hour:  "90 days ago",
		36*time.Hour + 59*time.Minute: "in 36 hours",
	} {
		if got := relativeTime(d); got != want {
			t.Errorf("%s: got %q, want %q", d, got, want)
		}
	}
}
