// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"net/http"
	"slices"
)

// A methodSet is a set of the methods that the proxy knows.
type methodSet uint8

const (
	get methodSet = 1 << iota
	head
	post
	put
	patch
	del
	options

	reading    = get | head
	form       = get | head | post
	submitting = post
	proxied    = get | head | post | put | patch | del | options
)

// methodNames are the methods in the order of their bits.
var methodNames = [...]string{
	http.MethodGet,
	http.MethodHead,
	http.MethodPost,
	http.MethodPut,
	http.MethodPatch,
	http.MethodDelete,
	http.MethodOptions,
}

// has reports whether the method is in the set. Methods are case-sensitive
// (RFC 9110 §9.1).
func (m methodSet) has(method string) bool {
	i := slices.Index(methodNames[:], method)
	return i >= 0 && m&(1<<i) != 0
}

// names returns the methods of the set for the Allow field.
func (m methodSet) names() []string {
	var names []string
	for i, name := range methodNames {
		if m&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}
