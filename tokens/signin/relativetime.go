// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"fmt"
	"time"
)

// relativeTime says how far away a moment is: "in 52 minutes", "3 days ago".
func relativeTime(d time.Duration) string {
	if d.Abs() < time.Second {
		return "now"
	}
	if d < 0 {
		return amount(-d) + " ago"
	}
	return "in " + amount(d)
}

// amount rounds down to the largest unit of which there are at least two, so that a
// token of an hour has minutes left and not "1 hour" for its whole life. That is why
// it is not go-humanize, which has no form with "in" either.
func amount(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= 2*day:
		return count(int(d/day), "day")
	case d >= 2*time.Hour:
		return count(int(d/time.Hour), "hour")
	case d >= 2*time.Minute:
		return count(int(d/time.Minute), "minute")
	}
	return count(int(d/time.Second), "second")
}

func count(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}
