// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"iter"
	"net/http"
	"slices"
	"strings"
)

// forbidSharedCaches keeps a response that depends on the client out of shared
// caches, and tells the client's own cache what it depends on (RFC 9111). The API
// knows nothing of the client's key: it sees our token. A shared cache does not
// know the key's field either, and some store responses to requests with
// Authorization.
func (x *exchange) forbidSharedCaches(h http.Header) {
	if x.Vary == "" {
		return
	}
	h["Vary"] = append(slices.Clone(h["Vary"]), x.Vary)
	h["Cache-Control"] = []string{privateCacheControl(h["Cache-Control"])}
	for name := range h {
		if isForSharedCaches(name) {
			delete(h, name)
		}
	}
}

// privateCacheControl returns Cache-Control with private in it (RFC 9111
// §5.2.2.7), or as it was if it is at least as strict. Everything else that it
// says stays, except for what is meant for shared caches.
func privateCacheControl(values []string) string {
	value := strings.Join(values, ", ")
	kept := []string{"private"}
	private, shared, noStore, understood := false, false, false, false
	for directive := range directives(value) {
		name, _, qualified := strings.Cut(strings.ToLower(directive), "=")
		switch name {
		case "private":
			private = private || !qualified // private="field" is about that field alone
			continue
		case "public", "s-maxage":
			shared = true
			continue
		case "no-store":
			noStore = true
		case "must-understand":
			understood = true // caches may then ignore no-store (RFC 9111 §5.2.2.3)
		}
		kept = append(kept, directive)
	}
	if noStore && !understood || private && !shared {
		return value
	}
	return strings.Join(kept, ", ")
}

// directives yields the members of a list (RFC 9110 §5.6.1). Commas inside of
// quoted strings separate nothing.
func directives(list string) iter.Seq[string] {
	return func(yield func(string) bool) {
		start, quoted := 0, false
		for i := 0; i <= len(list); i++ {
			switch {
			case i < len(list) && quoted && list[i] == '\\':
				i++
				continue
			case i < len(list) && list[i] == '"':
				quoted = !quoted
				continue
			case i < len(list) && (quoted || list[i] != ','):
				continue
			}
			if member := strings.TrimSpace(list[start:min(i, len(list))]); member != "" && !yield(member) {
				return
			}
			start = i + 1
		}
	}
}

// isForSharedCaches reports whether a field tells some shared caches to ignore
// Cache-Control: targeted ones (RFC 9213) and those of single products.
func isForSharedCaches(name string) bool {
	switch name {
	case "Surrogate-Control", "Edge-Control", "X-Accel-Expires":
		return true
	}
	return strings.HasSuffix(name, "-Cache-Control")
}
