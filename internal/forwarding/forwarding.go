// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package forwarding reports whether a header field says that a proxy forwarded
// the request.
package forwarding

import "strings"

// fields are the fields that forwarders add, besides X-Forwarded-*: those of
// standards (RFC 7239, RFC 9110 §7.6.3) and those in which proxies and content
// delivery networks name the client.
var fields = [...]string{
	"Forwarded",
	"Via",
	"X-Real-Ip",
	"X-Client-Ip",
	"X-Cluster-Client-Ip",
	"Cf-Connecting-Ip",
	"True-Client-Ip",
}

const prefix = "X-Forwarded-"

// Field reports whether a header field of that name says that a proxy forwarded
// the request. An underscore counts as a hyphen, as CGI reads it: a proxy may
// have written either spelling.
func Field(name string) bool {
	if len(name) < len("Via") || !strings.ContainsRune("CFTVXcftvx", rune(name[0])) {
		return false
	}
	if strings.IndexByte(name, '_') >= 0 {
		name = strings.ReplaceAll(name, "_", "-")
	}
	if len(name) > len(prefix) && strings.EqualFold(name[:len(prefix)], prefix) {
		return true
	}
	for _, field := range fields {
		if strings.EqualFold(name, field) {
			return true
		}
	}
	return false
}
