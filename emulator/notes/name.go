// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package notes

import (
	"fmt"
	"net/http"
	"strings"
)

// CheckName checks the name of a new notebook, section group or section. limit is
// the longest name.
func CheckName(name string, limit int, taken bool) error {
	switch {
	case strings.TrimSpace(name) == "":
		return BadRequest("20152", "There is no name value specified for the entity. The name must be defined, and it cannot contain whitespaces only.")
	case strings.HasPrefix(name, " "):
		return BadRequest("20154", "The entity name cannot start with a space.")
	case len([]rune(name)) > limit:
		return BadRequest("20155", fmt.Sprintf("The entity name is too long. The limit is %d characters.", limit))
	case strings.ContainsAny(name, `?*\/:<>|&#"%~`+"`"):
		return BadRequest("20153", "The entity name contains invalid characters. The name cannot contain the following characters: ?*\\/:<>|&#\"%~")
	case taken:
		return NewError(http.StatusConflict, "20117", "An item with this name already exists in this location.")
	}
	return nil
}
