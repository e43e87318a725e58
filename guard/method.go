// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"net/http"
	"slices"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/proxy/answer"
)

// A methodSet is a set of the methods that exist here.
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

// refuseProtocol refuses what would make the connection something else than a
// sequence of requests: a tunnel past all checks (CONNECT, Upgrade), or an
// echo of our credential (TRACE).
//
// An offer of HTTP/2 without TLS is declined in the way that RFC 9110 §7.8
// gives a server, by going on as if it had not been made: Java's HttpClient
// makes it to every http address. Its fields are removed, for a proxy that
// forwards the offer opens the tunnel after all.
func refuseProtocol(r *http.Request) *answer.Answer {
	if !proxied.has(r.Method) {
		return methodNotAllowed(proxied)
	}
	offers := r.Header["Upgrade"]
	if len(offers) == 0 {
		return nil
	}
	for _, offer := range offers {
		if !strings.EqualFold(strings.TrimSpace(offer), "h2c") {
			return upgradeRefused()
		}
	}
	r.Header.Del("Upgrade")
	r.Header.Del("Http2-Settings")
	return nil
}
