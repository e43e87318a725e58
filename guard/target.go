// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"errors"
	"net/http"
	"strings"
)

// maxTarget is the longest request target in bytes: the API takes URIs of up
// to 16 KB (its error 20005).
const maxTarget = 16 << 10

// maxDecodings is how often the API, or something in front of it, may be
// thought to decode a path.
const maxDecodings = 3

// A target is what the request line asks for, as the client wrote it. It is
// looked at raw because it is sent raw: what net/http makes of it in URL.Path
// is another string, and a check of the one says little about the other.
type target struct {
	path  string // with the leading slash
	query string // without the question mark
}

// parseTarget returns the target of the request, or an error that says in
// plain words why it is none that may be sent upstream.
func parseTarget(r *http.Request) (target, error) {
	raw, err := originForm(r)
	if err != nil {
		return target{}, err
	}
	if len(raw) > maxTarget {
		return target{}, errors.New("the address is longer than 16 KB, which the API does not take")
	}
	var t target
	t.path, t.query, _ = strings.Cut(raw, "?")
	if err := checkPath(t.path); err != nil {
		return target{}, err
	}
	return t, checkQuery(t.query)
}

// originForm returns path and query as they came (RFC 9112 §3.2.1). From the
// absolute form (§3.2.2) scheme and authority are taken off; net/http has made
// that authority the Host of the request, and it must be exactly that: user
// information or encodings in it would be one more thing to disagree about.
func originForm(r *http.Request) (string, error) {
	raw := r.RequestURI
	if raw == "" { // made by a program and not read from a connection
		raw = r.URL.EscapedPath()
		if r.URL.RawQuery != "" {
			raw += "?" + r.URL.RawQuery
		}
	}
	if strings.HasPrefix(raw, "/") {
		return raw, nil
	}
	rest, ok := cutScheme(raw)
	if !ok {
		return "", errors.New("the request line names no path")
	}
	i := strings.IndexByte(rest, '/')
	if i < 0 {
		return "", errors.New("the address in the request line has no path")
	}
	if rest[:i] != r.Host {
		return "", errors.New("the address in the request line names its host in an unusual way")
	}
	return rest[i:], nil
}

func cutScheme(raw string) (rest string, ok bool) {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
		return "", false
	}
	return rest, true
}

// checkPath refuses paths that somebody between here and the notebooks could
// take for another path than the one that was checked: one that climbs out of
// the API, or one that names a host. All other encodings are the client's
// business and stay as they are: %21 and !, users('a%40b'),
// FromUrl(url='https%3A%2F%2F…').
//
// Decoding never takes a slash, a dot or a quotation mark away, so whatever is
// wrong after one decoding is still there after the last, and only that one is
// looked at.
func checkPath(raw string) error {
	if err := checkPathBytes(raw); err != nil {
		return err
	}
	path := raw
	for range maxDecodings {
		decoded := decode(path)
		if decoded == path {
			break
		}
		path = decoded
	}
	if hasControl(path) {
		return errors.New("the path holds a control character")
	}
	if hasOverlong(path) {
		return errors.New("the path holds a character encoded in more bytes than it takes, as only attacks do")
	}
	if hasDotSegment(path) {
		return errors.New(`the path holds a segment "." or "..", encoded or not; write the path that is meant`)
	}
	return checkSeparators(path)
}

// checkPathBytes refuses what RFC 3986 §3.3 does not allow in a path.
func checkPathBytes(raw string) error {
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		switch {
		case isPathByte(c):
		case c == '%' && isEscape(raw[i:]):
			i += 2
		case c == '%':
			return errors.New("the path holds a percent sign that begins no encoded byte; write it as %25")
		case c == '#':
			return errors.New("the address holds a #; a fragment stays in the browser, a # in a name is written as %23")
		case c == '\\':
			return errors.New(`the path holds a backslash; write a slash, or %5C inside a quoted literal`)
		default:
			return errors.New("the path holds a byte that has to be percent-encoded")
		}
	}
	return nil
}

// checkQuery is more patient than checkPath: nothing in a query leads
// elsewhere, and browsers leave |, {, }, [, ] and more as they are there. What
// could end the request line, or the query, is refused.
func checkQuery(raw string) error {
	for i := range len(raw) {
		switch c := raw[i]; {
		case c == '#':
			return errors.New("the address holds a #; a fragment stays in the browser, a # in a value is written as %23")
		case c <= ' ' || c == 0x7f:
			return errors.New("the query holds a space or control character; write a space as %20")
		}
	}
	return nil
}

// checkSeparators refuses empty segments and backslashes outside of
// single-quoted literals: //host names a host to some, and a backslash is a
// slash to some. Inside of a literal they are text, as in FromUrl(url='…').
func checkSeparators(path string) error {
	for i := 0; i < len(path); i++ {
		switch path[i] {
		case '\'':
			i = literalEnd(path, i)
		case '\\':
			return errors.New("the path holds a backslash outside of a quoted literal")
		case '/':
			if strings.HasPrefix(path[i+1:], "/") {
				return errors.New("the path holds an empty segment (//) outside of a quoted literal")
			}
		}
	}
	return nil
}

// literalEnd returns the index of the quotation mark that ends the literal
// which begins at i, or i where none does: a literal stands behind (, = or a
// comma, and writes a quotation mark of its own twice (OData URL conventions
// §5.1.1.6.1).
func literalEnd(path string, i int) int {
	if i == 0 || !strings.ContainsRune("(=,", rune(path[i-1])) {
		return i
	}
	for end := i + 1; ; end += 2 {
		n := strings.IndexByte(path[end:], '\'')
		if n < 0 {
			return i
		}
		end += n
		if !strings.HasPrefix(path[end+1:], "'") {
			return end
		}
	}
}

// hasDotSegment looks at segments as the most lenient reader would: ended by
// slash or backslash, also in literals, and without what some take for
// parameters ("..;x") or trim ("..%20").
func hasDotSegment(path string) bool {
	for rest := path; rest != ""; {
		segment := rest
		if i := strings.IndexAny(rest, `/\`); i >= 0 {
			segment, rest = rest[:i], rest[i+1:]
		} else {
			rest = ""
		}
		segment, _, _ = strings.Cut(segment, ";")
		switch strings.Trim(segment, " ") {
		case ".", "..":
			return true
		}
	}
	return false
}

func hasControl(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return true
		}
	}
	return false
}

// hasOverlong reports whether s holds the beginning of an overlong form of
// UTF-8 (RFC 3629 §10), in which careless decoders find dots and slashes.
func hasOverlong(s string) bool {
	for i := 0; i+1 < len(s); i++ {
		next := s[i+1]
		switch s[i] {
		case 0xc0, 0xc1:
			if 0x80 <= next && next <= 0xbf {
				return true
			}
		case 0xe0:
			if 0x80 <= next && next <= 0x9f {
				return true
			}
		case 0xf0:
			if 0x80 <= next && next <= 0x8f {
				return true
			}
		}
	}
	return false
}

// decode decodes every encoded byte once. What is no encoding stays: a reader
// that does not mind it would go on behind it.
func decode(s string) string {
	i := strings.IndexByte(s, '%')
	if i < 0 {
		return s
	}
	decoded := make([]byte, 0, len(s))
	for ; i >= 0; i = strings.IndexByte(s, '%') {
		decoded = append(decoded, s[:i]...)
		s = s[i:]
		if isEscape(s) {
			decoded = append(decoded, unhex(s[1])<<4|unhex(s[2]))
			s = s[3:]
			continue
		}
		decoded = append(decoded, '%')
		s = s[1:]
	}
	return string(append(decoded, s...))
}

// isEscape reports whether s begins with an encoded byte.
func isEscape(s string) bool {
	return len(s) >= 3 && s[0] == '%' && isHex(s[1]) && isHex(s[2])
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&^0x20 - 'A' + 10
}

// isPathByte reports whether c may stand in a path as it is: a slash or pchar
// (RFC 3986 §3.3) without the percent sign.
func isPathByte(c byte) bool {
	if isUnreserved(c) {
		return true
	}
	switch c {
	case '/', ':', '@', '!', '$', '&', '\'', '(', ')', '*', '+', ',', ';', '=':
		return true
	}
	return false
}

// isUnreserved reports whether c is unreserved (RFC 3986 §2.3).
func isUnreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
}
