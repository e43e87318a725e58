// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

// A Shape is what the app asked to see of the entities on one level of a response.
// Names are those of the OneNote API. A nil Shape asks for everything.
type Shape struct {
	// Select are the members of $select, in the order of the app. Nil: all.
	Select []string

	// Expand are the shapes of the navigation properties of $expand.
	Expand map[string]*Shape
}

// Wants reports whether a member, by its name in the OneNote API, was asked for.
func (s *Shape) Wants(member string) bool {
	if s == nil || s.Select == nil {
		return true
	}
	for _, name := range s.Select {
		if name == member || name == "*" {
			return true
		}
	}
	return false
}
