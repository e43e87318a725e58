// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite

import "strings"

// A ReferenceFunc decides about a URI reference in the head of a message (RFC 3986
// §4.1): it returns the reference to write instead, or false.
type ReferenceFunc func(value string) (string, bool)

// Locations are the header fields whose references lead to the API: all but
// Link are one reference and nothing else. OData-EntityId names what was made
// where a response has no body (OData 4.0 part 1, §8.3.3).
var Locations = [...]string{"Location", "Operation-Location", "Content-Location", "Odata-Entityid", "Link"}

// Location rewrites the value of one of the Locations and returns how many
// references were replaced.
func Location(name, value string, to ReferenceFunc) (string, int) {
	if name == "Link" {
		return rewriteLinkField(value, to)
	}
	if there, ok := to(value); ok {
		return there, 1
	}
	return value, 0
}

// rewriteLinkField rewrites the targets of a Link field (RFC 8288), which
// stand in angle brackets, and nothing in its quoted parameters.
func rewriteLinkField(value string, to ReferenceFunc) (string, int) {
	var b strings.Builder
	n, from := 0, 0
	quoted := false
	for i := 0; i < len(value); i++ {
		switch value[i] {
		case '\\':
			if quoted {
				i++
			}
		case '"':
			quoted = !quoted
		case '<':
			end := strings.IndexByte(value[i:], '>')
			if quoted || end < 0 {
				continue
			}
			if there, ok := to(value[i+1 : i+end]); ok {
				b.WriteString(value[from : i+1])
				b.WriteString(there)
				from = i + end
				n++
			}
			i += end
		}
	}
	if n == 0 {
		return value, 0
	}
	b.WriteString(value[from:])
	return b.String(), n
}
