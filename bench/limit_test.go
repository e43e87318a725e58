// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package main

import "testing"

func TestAMissedGoalIsSaid(t *testing.T) {
	tests := []struct {
		goal   limit
		got    float64
		missed bool
		text   string
	}{
		{limit{}, 1e9, false, ""},
		{atLeast(0.97), 0.97, false, "at least 0.97"},
		{atLeast(0.97), 0.96, true, "at least 0.97"},
		{atMost(1.4), 1.4, false, "at most 1.4"},
		{atMost(1.4), 1.41, true, "at most 1.4"},
		{limit{most: 1.05, orMost: 1.2}, 1.2, false, "at most 1.05, or as the baseline"},
		{limit{most: 1.05, orMost: 1.2}, 1.21, true, "at most 1.05, or as the baseline"},
		{limit{most: 1.05, orMost: 0.9}, 1.05, false, "at most 1.05, or as the baseline"},
		{atMost(-40), -40.5, false, "at most -40"},
		{atMost(-40), -39, true, "at most -40"},
	}
	for _, tt := range tests {
		if got := tt.goal.verdict(tt.got) != ""; got != tt.missed {
			t.Errorf("%v of %q: got missed %t, want %t", tt.got, tt.goal, got, tt.missed)
		}
		if got := tt.goal.String(); got != tt.text {
			t.Errorf("got %q, want %q", got, tt.text)
		}
	}
}
