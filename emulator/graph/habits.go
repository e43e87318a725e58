// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import "fmt"

// Habits are those of Graph's habits about which reports differ. POST
// /_emulator/graph sets them; those that it does not name have their default.
type Habits struct {
	// Strict requires the dollar sign of OData query options, as the gateway does.
	// Otherwise those without it get past the gateway, and OneNote reads them, with
	// its old names too (graph-docs #9764). Default: true.
	Strict bool `json:"strict"`
	// PublicForm makes preAuthenticated=true change the addresses of pictures to
	// the publicAuth form, which needs a token all the same. That was so in 2018;
	// since 2019 the documentation says that the option is not supported. Default:
	// false, the option is ignored.
	PublicForm bool `json:"public_form"`
	// Copies says how a copy is announced: "operation" by Operation-Location, as
	// documented, or "location" by the address of the copy in Location and no
	// operation, as it was seen in June 2026. Default: location for a Microsoft
	// account, else operation.
	Copies string `json:"copies"`
	// Status is how the status of a copy is spelled: "Completed", as in the schema
	// and in most responses, or "completed". Default: Completed.
	Status string `json:"status"`
	// Polls is how often a client finds a copy running. Default: 1.
	Polls int `json:"polls"`
}

// DefaultHabits returns the habits of an emulator in its seed state.
func DefaultHabits() Habits { return Habits{Strict: true, Status: completed, Polls: 1} }

// SetHabits changes the habits.
func (a *API) SetHabits(h Habits) error {
	switch h.Copies {
	case "", byOperation, byLocation:
	default:
		return fmt.Errorf("copies is %s or %s", byOperation, byLocation)
	}
	switch h.Status {
	case completed, lowerCompleted:
	default:
		return fmt.Errorf("status is %s or %s", completed, lowerCompleted)
	}
	if h.Polls < 0 {
		return fmt.Errorf("polls is 0 or more")
	}
	a.habits = h
	return nil
}

// Reset restores the default habits.
func (a *API) Reset() { a.habits = DefaultHabits() }
