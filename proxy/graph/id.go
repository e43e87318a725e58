// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"strings"

	"github.com/caddy-onenote/caddy-onenote/internal/ascii"
	"github.com/caddy-onenote/caddy-onenote/internal/percent"
)

// maxID is the longest id in bytes. Those of the API have some 80; an operation of
// the proxy's own says in its id what it was.
const maxID = 2048

// isID reports whether a decoded segment can be an id. What some server could read
// as more than one segment, as its end, or as an action is none: separators,
// dot segments, percent signs, parentheses, and words like $value.
func isID(s string) bool { return hasOnly(s, "!@+=,{}|") }

// isUserID is isID for users. Their names may hold more: o'neill@example.com, and
// guests are called name_example.org#EXT#@example.com. Nowhere else is a number sign
// in a name.
func isUserID(s string) bool {
	s = strings.Replace(strings.Replace(s, "#EXT#", "", 1), "#ext#", "", 1)
	return hasOnly(s, "!@+=,{}|'^&")
}

// isSitePart reports whether s can be one part of the id of a site.
func isSitePart(s string) bool { return hasOnly(s, "{}") }

// hasOnly reports whether s is more than dots, is not too long, and consists of
// unreserved characters and of others.
func hasOnly(s, others string) bool {
	if strings.Trim(s, ".") == "" || len(s) > maxID {
		return false
	}
	for i := range len(s) {
		if !percent.IsUnreserved(s[i]) && strings.IndexByte(others, s[i]) < 0 {
			return false
		}
	}
	return true
}

// isConsumerID reports whether an id is of a personal account. Such ids name the
// OneDrive that holds the notebook by 16 digits and an item in it, ids of work
// accounts name the notebook or section by a GUID. Both may have a page or a
// resource in front:
//
//	0-752C1AAF7737895C!482    0-{32hex}!209-752C1AAF7737895C!153
//	1-{guid}                  1-{32hex}!14-{guid}
func isConsumerID(id string) bool {
	if strings.HasPrefix(id, "0-") {
		return true
	}
	container := strings.TrimPrefix(id, "1-")
	if page, rest, ok := strings.Cut(container, "!"); ok && len(page) == 32 {
		_, container, _ = strings.Cut(rest, "-")
	}
	return strings.Contains(container, "!")
}

// appendGraphID appends an id to a path for Microsoft Graph. It wants "!" encoded:
// PATCH and DELETE with a raw one fail.
func appendGraphID(dst []byte, id string) []byte { return appendID(dst, id, "@,") }

// appendLegacyID appends an id to a path as the OneNote API writes it.
func appendLegacyID(dst []byte, id string) []byte { return appendID(dst, id, "!@,{}") }

func appendID(dst []byte, id, bare string) []byte {
	for i := range len(id) {
		if c := id[i]; ascii.IsAlphanumeric(c) || percent.IsUnreserved(c) || strings.IndexByte(bare, c) >= 0 {
			dst = append(dst, c)
		} else {
			dst = percent.Append(dst, c)
		}
	}
	return dst
}

// appendKey appends the key form of an id, as both APIs write it in contexts.
func appendKey(dst []byte, id string) []byte {
	dst = append(dst, "('"...)
	dst = appendID(dst, strings.ReplaceAll(id, "'", "''"), "'")
	return append(dst, "')"...)
}
