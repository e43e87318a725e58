// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package picture

import (
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Our parameters. The first two parameters of the query, publicAuth and
// mimeType, are the service's own and go upstream; these never do.
const (
	paramAccount   = "account"
	paramExpires   = "expires"
	paramSignature = "sig"
)

// appendClaims appends the query up to the signature. It is the only
// spelling: a query that says the same in other bytes is not ours.
func appendClaims(dst []byte, p Picture) []byte {
	dst = append(dst, "publicAuth=true"...)
	if p.MIMEType != "" {
		dst = append(dst, "&mimeType="...)
		dst = appendEscaped(dst, p.MIMEType)
	}
	dst = append(dst, "&"+paramAccount+"="...)
	dst = appendEscaped(dst, p.Account)
	dst = append(dst, "&"+paramExpires+"="...)
	dst = strconv.AppendInt(dst, p.Expires.Unix(), 10)
	return append(dst, "&"+paramSignature+"="...)
}

// appendEscaped appends s with everything encoded but unreserved characters
// and the slash, which the service leaves bare in mimeType=image/png. The
// plus of image/svg+xml is encoded: read as a form it would be a space.
func appendEscaped(dst []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		c := s[i]
		if isUnreserved(c) || c == '/' {
			dst = append(dst, c)
			continue
		}
		dst = append(dst, '%', hex[c>>4], hex[c&15])
	}
	return dst
}

func isUnreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
}

// parseClaims reads what appendClaims wrote. It is lenient: whether the query
// is exactly ours is decided by writing it again. The second result is false
// for a query that does not carry all three of our parameters.
func parseClaims(query string) (p Picture, ours bool) {
	var account, expires, signature bool
	for param := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(param, "=")
		switch name {
		case "mimeType":
			p.MIMEType = unescape(value)
		case paramAccount:
			account = true
			p.Account = unescape(value)
		case paramExpires:
			expires = true
			p.Expires = parseSeconds(value)
		case paramSignature:
			signature = true
		}
	}
	return p, account && expires && signature
}

// unescape returns s decoded, or s itself where it cannot be decoded; then
// writing it again gives other bytes and the query is refused.
func unescape(s string) string {
	u, err := url.PathUnescape(s)
	if err != nil {
		return s
	}
	return u
}

func parseSeconds(s string) time.Time {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return time.Unix(0, 0) // written again it is not what was read
	}
	return time.Unix(n, 0)
}

// bare undoes the &amp; of a page's source. Several old clients cut the URL
// out of the HTML by a pattern and request it undecoded. No value of ours
// holds an ampersand, so there is nothing to confuse.
func bare(rawQuery string) string {
	if !strings.Contains(rawQuery, "&amp;") {
		return rawQuery
	}
	return strings.ReplaceAll(rawQuery, "&amp;", "&")
}

// StripQuery returns rawQuery without our parameters account, expires and
// sig, every other byte kept. A query that does not carry all three is not
// one of ours and is returned as it is: an API may well have an account or
// expires parameter of its own.
func StripQuery(rawQuery string) string {
	if _, ours := parseClaims(bare(rawQuery)); !ours {
		return rawQuery
	}
	var kept strings.Builder
	kept.Grow(len(rawQuery))
	first := true
	for param := range strings.SplitSeq(rawQuery, "&") {
		name, _, _ := strings.Cut(param, "=")
		switch strings.TrimPrefix(name, "amp;") {
		case paramAccount, paramExpires, paramSignature:
			continue
		}
		if !first {
			kept.WriteByte('&')
		}
		first = false
		kept.WriteString(param)
	}
	return kept.String()
}
