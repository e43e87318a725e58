// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package hostport adds and removes the default ports of http and https.
package hostport

import (
	"net"
	"net/url"
	"strings"
)

// DefaultPort returns the port of a scheme: 80 for http, else 443.
func DefaultPort(scheme string) string {
	if scheme == "http" {
		return "80"
	}
	return "443"
}

// WithoutDefaultPort returns the host of an http or https URL as it is sent in a
// Host header: net/http and browsers leave the default port out, and a server may
// not know its name as www.example.com:443.
func WithoutDefaultPort(u *url.URL) string {
	if port := u.Port(); port != "" && port == DefaultPort(u.Scheme) {
		return strings.TrimSuffix(u.Host, ":"+port)
	}
	return u.Host
}

// Dial returns the host and port to connect to.
func Dial(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = DefaultPort(u.Scheme)
	}
	return net.JoinHostPort(u.Hostname(), port)
}
