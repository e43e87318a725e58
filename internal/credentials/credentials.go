// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package credentials knows the header fields in which a client shows who it is. They are
// for the proxy: none of them is sent to the API or stands in a log.
package credentials

import (
	"net/textproto"
	"strings"
)

// KeyHeader is the header field for the client key of an app that cannot set
// Authorization, which some libraries use for a token of their own.
const KeyHeader = "X-Onenote-Proxy-Key"

// Field reports whether a header field of that name shows who the client is. An
// underscore counts as a hyphen, as servers in the manner of CGI read it.
func Field(name string) bool {
	if strings.IndexByte(name, '_') >= 0 {
		name = strings.ReplaceAll(name, "_", "-")
	}
	switch textproto.CanonicalMIMEHeaderKey(name) {
	case "Authorization", "Proxy-Authorization", "Cookie", "Cookie2", KeyHeader:
		return true
	}
	return false
}
