// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package odata

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// Path is the path of a request to an API.
type Path struct {
	// Prefix is "api" if that is the first segment, else empty.
	Prefix string
	// version is v1.0 or beta as it was sent, or empty if the path has neither.
	version string
	// Segments are the decoded segments after the version. A key is a segment of
	// its own.
	Segments []string
}

// ParsePath reads the path of a request.
func ParsePath(r *http.Request) Path {
	raw, _ := wire.Target(r)
	var p Path
	segments := SplitPath(raw)
	if len(segments) > 0 && strings.EqualFold(segments[0], "api") {
		p.Prefix, segments = "api", segments[1:]
	}
	if len(segments) > 0 && isVersion(segments[0]) {
		p.version, p.Segments = segments[0], SplitKeys(segments[1:])
	}
	return p
}

func isVersion(s string) bool { return strings.EqualFold(s, "v1.0") || strings.EqualFold(s, "beta") }

// SplitPath splits a path as it was sent into its decoded segments. A slash
// between single quotes is part of a key.
func SplitPath(path string) []string {
	var segments []string
	quoted, start := false, 0
	for i := 0; i <= len(path); i++ {
		if i < len(path) && path[i] == '\'' {
			quoted = !quoted
		}
		if i < len(path) && (path[i] != '/' || quoted) {
			continue
		}
		if segment, err := url.PathUnescape(path[start:i]); err == nil && segment != "" {
			segments = append(segments, segment)
		}
		start = i + 1
	}
	return segments
}

// SplitKeys turns the form name('key') into two segments, and removes namespaces
// and empty parentheses.
func SplitKeys(segments []string) []string {
	var split []string
	for _, s := range segments {
		s = strings.TrimSuffix(s, "()")
		if i := strings.Index(strings.ToLower(s), "microsoft.onenote.api."); i == 0 {
			s = s[len("microsoft.onenote.api."):]
		}
		name, key, found := strings.Cut(s, "('")
		if !found || !strings.HasSuffix(key, "')") {
			split = append(split, s)
			continue
		}
		split = append(split, name, strings.ReplaceAll(strings.TrimSuffix(key, "')"), "''", "'"))
	}
	return split
}

// Key returns the key form of an id: ('id').
func Key(id string) string {
	escaped := strings.ReplaceAll(url.PathEscape(id), "!", "%21")
	return "('" + strings.ReplaceAll(escaped, "@", "%40") + "')"
}

// EscapeID escapes an id for a path. It does not escape ! and the commas in the id
// of a site, as the service does not.
func EscapeID(id string) string {
	return strings.NewReplacer("%21", "!", "%2C", ",").Replace(url.PathEscape(id))
}
