// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/internal/percent"
	"github.com/caddy-onenote/caddy-onenote/internal/requestline"
)

// maxTarget is the longest request target in bytes: the API takes URIs of up
// to 16 KB (its error 20005).
const maxTarget = 16 << 10

// A requestTarget is what the request line asks for, as the client wrote it
// (RFC 9112 §3.2). It is checked raw because it is sent raw: the URL.Path that
// net/http makes of it is another string, and a check of one says little about
// the other.
type requestTarget struct {
	raw   string // path and query
	path  string // with the leading slash
	query string // without the question mark
}

// parseTarget returns the target of the request, or an error that says in
// plain words why that target may not be sent upstream.
func parseTarget(r *http.Request) (requestTarget, error) {
	raw, err := originForm(r)
	if err != nil {
		return requestTarget{}, err
	}
	if len(raw) > maxTarget {
		return requestTarget{}, errors.New("the address is longer than 16 KB, which the API does not take")
	}
	t := requestTarget{raw: raw}
	t.path, t.query, _ = strings.Cut(raw, "?")
	if err := checkPath(t.path); err != nil {
		return requestTarget{}, err
	}
	return t, checkQuery(t.query)
}

// originForm returns path and query as they came (RFC 9112 §3.2.1). It removes
// scheme and authority of the absolute form (§3.2.2). net/http has made that
// authority the Host of the request, and it must be exactly that: user
// information or encodings in it could be read in more than one way.
func originForm(r *http.Request) (string, error) {
	raw := r.RequestURI
	if raw == "" { // made by a program and not read from a connection
		raw = rawTarget(r.URL)
	}
	if strings.HasPrefix(raw, "/") {
		return raw, nil
	}
	authority, rest, ok := requestline.CutAuthority(raw)
	if !ok {
		return "", errors.New("the request line names no path")
	}
	if !strings.HasPrefix(rest, "/") {
		return "", errors.New("the address in the request line has no path")
	}
	if authority != r.Host {
		return "", errors.New("the address in the request line names its host in an unusual way")
	}
	return rest, nil
}

// rawTarget returns path and query as they were parsed. EscapedPath alone would
// not do: if the path holds a single byte that should be encoded, such as |, it
// encodes the whole path again, and %2F becomes a slash.
func rawTarget(u *url.URL) string {
	raw := u.RawPath
	if decoded, err := url.PathUnescape(raw); raw == "" || err != nil || decoded != u.Path {
		raw = u.EscapedPath()
	}
	if u.RawQuery != "" || u.ForceQuery {
		raw += "?" + u.RawQuery
	}
	return raw
}

// checkPath refuses paths that a server between here and the notebooks could
// read as another path than the one that was checked: a path that climbs out of
// the API, or one that names a host. All other encodings are the client's
// choice and stay as they are: %21 and !, users('a%40b'),
// FromUrl(url='https%3A%2F%2F…').
//
// Decoding never removes a slash, a dot or a quotation mark. So what is wrong
// after one decoding is still there after the last, and it is enough to check
// the result of the last.
func checkPath(raw string) error {
	if err := checkPathBytes(raw); err != nil {
		return err
	}
	path := raw
	for range percent.MaxDecodings {
		decoded := percent.Decode(path)
		if decoded == path {
			break
		}
		path = decoded
	}
	if hasControl(path) {
		return errors.New("the path holds a control character, encoded or not; remove it")
	}
	if hasOverlong(path) {
		return errors.New("the path holds a character in more bytes than it takes; write it in UTF-8")
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
		case c == '%' && percent.IsEscape(raw[i:]):
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

// checkQuery allows more than checkPath: nothing in a query leads to another
// path, and browsers leave |, {, }, [, ] and others unencoded there. It refuses
// what could end the request line or the query.
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
// single-quoted literals: some servers read //host as a host, and a backslash
// as a slash. Inside of a literal they are text, as in FromUrl(url='…').
func checkSeparators(path string) error {
	for i := 0; i < len(path); i++ {
		switch path[i] {
		case '\'':
			i = literalEnd(path, i)
		case '\\':
			return errors.New("the path holds a backslash outside of a quoted literal; write a slash")
		case '/':
			if strings.HasPrefix(path[i+1:], "/") {
				return errors.New("the path holds an empty segment (//) outside of a quoted literal; most often the base address in the app ends with a slash: remove it")
			}
		}
	}
	return nil
}

// literalEnd returns the index of the quotation mark that ends the literal
// beginning at i, or i if no literal begins there: a literal follows (, = or a
// comma, and doubles each quotation mark inside (OData URL conventions
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

// hasDotSegment reads segments as the most lenient server would: ended by a
// slash or backslash, also in literals, and without what some servers treat as
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
// UTF-8 (RFC 3629 §10), which careless decoders turn into dots and slashes.
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

// isPathByte reports whether c may stand in a path as it is: a slash or pchar
// (RFC 3986 §3.3) without the percent sign.
func isPathByte(c byte) bool {
	if percent.IsUnreserved(c) {
		return true
	}
	switch c {
	case '/', ':', '@', '!', '$', '&', '\'', '(', ')', '*', '+', ',', ';', '=':
		return true
	}
	return false
}
