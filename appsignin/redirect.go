// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package appsignin

import (
	"fmt"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/internal/loopback"
)

// redirectList holds the redirect URIs that the operator has listed. They are compared
// as text, never parsed into something that another reader may see differently.
type redirectList []redirectURI

// redirectURI is one of them.
type redirectURI struct {
	text string

	// Of a loopback URI: what stands before the port, the port, and what stands behind
	// it, with "/" for nothing.
	loopback          bool
	origin, port, end string
}

func newRedirectList(uris []string) (redirectList, error) {
	var list redirectList
	for _, text := range uris {
		if err := CheckRedirectURI(text); err != nil {
			return nil, err
		}
		uri := redirectURI{text: text}
		uri.origin, uri.port, uri.end, uri.loopback = splitLoopback(text)
		list = append(list, uri)
	}
	return list, nil
}

// has reports whether an app may be sent to the address: it is listed exactly, or it is
// the loopback address that is listed without a port.
func (l redirectList) has(address string) bool {
	if address == "" {
		return false
	}
	for _, uri := range l {
		if uri.matches(address) {
			return true
		}
	}
	return false
}

func (u redirectURI) matches(address string) bool {
	if address == u.text {
		return true
	}
	if !u.loopback {
		return false
	}
	origin, port, end, ok := splitLoopback(address)
	return ok && origin == u.origin && end == u.end && (u.port == "" || port == u.port)
}

// splitLoopback splits an http(s) address of this machine: scheme and host, port, and the
// rest with "/" for an empty one. It is false for any other address, also where userinfo,
// a fragment or a backslash could make another host of it.
func splitLoopback(address string) (origin, port, end string, ok bool) {
	scheme, rest, found := strings.Cut(address, "://")
	if !found || scheme != "http" && scheme != "https" || !isPlain(address) || strings.ContainsAny(address, `#\`) {
		return "", "", "", false
	}
	authority, end := rest, ""
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		authority, end = rest[:i], rest[i:]
	}
	host, port := authority, ""
	if i := strings.LastIndexByte(authority, ':'); i > strings.LastIndexByte(authority, ']') {
		host, port = authority[:i], authority[i+1:]
		if !isPort(port) {
			return "", "", "", false
		}
	}
	if !loopback.Host(host) || strings.Contains(host, ":") && host[0] != '[' {
		return "", "", "", false
	}
	if end == "" {
		end = "/"
	}
	return scheme + "://" + host, port, end, true
}

func isPort(s string) bool {
	if s == "" || len(s) > 5 || s[0] == '0' {
		return false
	}
	n := 0
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
		n = n*10 + int(c-'0')
	}
	return n < 1<<16
}

// isPlain reports whether s has printable ASCII characters only, and no blank.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// scriptSchemes are schemes that run what stands behind them, or open files.
var scriptSchemes = []string{"javascript", "data", "vbscript", "blob", "file", "about", "view-source", "filesystem"}

// CheckRedirectURI returns an error if no app can be sent to the address, or none should.
func CheckRedirectURI(text string) error {
	written, rest, ok := strings.Cut(text, ":")
	scheme := strings.ToLower(written)
	switch {
	case !ok || rest == "" || !isScheme(scheme):
		return fmt.Errorf("%q is no absolute address; write it with its scheme, as the app sends it, such as http://localhost/callback", text)
	case !isPlain(text) || strings.ContainsAny(text, "\\\"<>`^{|}"):
		return fmt.Errorf("%q holds characters that no address may hold", text)
	case strings.Contains(text, "#"):
		return fmt.Errorf("%q: a redirect URI has no fragment (#)", text)
	case strings.Contains(text, "*"):
		return fmt.Errorf("%q: redirect URIs are compared exactly, so list each one; a loopback address without a port stands for any port", text)
	}
	for _, bad := range scriptSchemes {
		if scheme == bad {
			return fmt.Errorf("%q: a browser would run or open an address that begins with %s", text, scheme)
		}
	}
	if scheme == "http" || scheme == "https" {
		if written != scheme {
			return fmt.Errorf("%q: write %s in small letters, as apps do", text, scheme)
		}
		return checkWebAddress(text, rest)
	}
	return nil
}

func checkWebAddress(text, rest string) error {
	authority, ok := strings.CutPrefix(rest, "//")
	if i := strings.IndexAny(authority, "/?"); i >= 0 {
		authority = authority[:i]
	}
	if !ok || authority == "" || authority[0] == ':' {
		return fmt.Errorf("%q names no host", text)
	}
	if strings.Contains(authority, "@") {
		return fmt.Errorf("%q: a redirect URI has no user name", text)
	}
	if strings.ContainsAny(authority, "!$%&'()*+,;=~_") {
		return fmt.Errorf("%q: the host holds characters that no host has", text)
	}
	if strings.HasPrefix(text, "http://") {
		if _, _, _, ok := splitLoopback(text); !ok {
			return fmt.Errorf("%q: http is for this machine only (http://localhost/...), since anybody on the way could read the code; write https", text)
		}
	}
	return nil
}

func isScheme(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z'
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '+' && c != '-' && c != '.') {
			return false
		}
	}
	return s != ""
}

// formSource returns the source expression of a Content-Security-Policy that lets a page
// post to a listed address.
func formSource(address string) string {
	scheme, rest, _ := strings.Cut(address, ":")
	if scheme != "http" && scheme != "https" {
		return scheme + ":"
	}
	authority := strings.TrimPrefix(rest, "//")
	if i := strings.IndexAny(authority, "/?"); i >= 0 {
		authority = authority[:i]
	}
	if strings.HasPrefix(authority, "[") {
		return scheme + ":" // the policy has no word for an IPv6 address
	}
	return scheme + "://" + authority
}
