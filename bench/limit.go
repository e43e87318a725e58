// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package main

import "fmt"

// A limit is what a goal asks of a number. The zero limit asks nothing.
type limit struct {
	least, most float64
	orMost      float64 // accepted too, because the measurement is that uncertain
}

func atLeast(v float64) limit { return limit{least: v} }
func atMost(v float64) limit  { return limit{most: v} }

// String returns the limit as it stands in the report.
func (l limit) String() string {
	switch {
	case l.least != 0:
		return fmt.Sprintf("at least %.4g", l.least)
	case l.orMost != 0:
		return fmt.Sprintf("at most %.4g, or as the baseline", l.most)
	case l.most != 0:
		return fmt.Sprintf("at most %.4g", l.most)
	}
	return ""
}

// verdict says that a number misses the limit; it is empty if it does not.
func (l limit) verdict(got float64) string {
	most := l.most
	if l.orMost != 0 {
		most = max(most, l.orMost)
	}
	if l.least != 0 && got < l.least || most != 0 && got > most {
		return ", **goal missed**"
	}
	return ""
}
