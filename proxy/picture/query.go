// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package picture

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/caddy-onenote/caddy-onenote/internal/percent"
	"github.com/caddy-onenote/caddy-onenote/internal/rawquery"
)

// The proxy's own parameters. The first two parameters of the query, publicAuth
// and mimeType, are the service's; these are never sent to the API.
const (
	paramAccount   = "account"
	paramExpires   = "expires"
	paramSignature = "sig"
)

// appendClaims appends the query up to the signature. It is the only
// spelling: a query that says the same in other bytes is not accepted.
func appendClaims(dst []byte, p Picture) []byte {
	dst = append(dst, "publicAuth=true"...)
	if p.MIMEType != "" {
		dst = append(dst, "&mimeType="...)
		dst = percent.AppendValue(dst, p.MIMEType)
	}
	dst = append(dst, "&"+paramAccount+"="...)
	dst = percent.AppendValue(dst, p.Account)
	dst = append(dst, "&"+paramExpires+"="...)
	dst = strconv.AppendInt(dst, p.Expires.Unix(), 10)
	return append(dst, "&"+paramSignature+"="...)
}

// parseClaims reads what appendClaims wrote. It is lenient: whether the query is
// exactly that is decided by writing it again. It reports false for a query that
// does not carry all three of the proxy's parameters.
func parseClaims(query string) (p Picture, signed bool) {
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
		return time.Unix(0, 0) // written again, it is not what was read
	}
	return time.Unix(n, 0)
}

// bare undoes the &amp; of a page's source. Several old clients cut the URL
// out of the HTML by a pattern and request it undecoded. No value holds
// an ampersand, so there is nothing to confuse.
func bare(rawQuery string) string {
	if !strings.Contains(rawQuery, "&amp;") {
		return rawQuery
	}
	return strings.ReplaceAll(rawQuery, "&amp;", "&")
}

// StripQuery returns rawQuery without the proxy's parameters account, expires and
// sig; all other bytes stay. A query that does not carry all three is not one of a
// local picture and is returned as it is: an API may well have an account or
// expires parameter of its own.
func StripQuery(rawQuery string) string {
	if _, signed := parseClaims(bare(rawQuery)); !signed {
		return rawQuery
	}
	return rawquery.Without(rawQuery, func(param string) bool {
		name, _, _ := strings.Cut(param, "=")
		switch strings.TrimPrefix(name, "amp;") {
		case paramAccount, paramExpires, paramSignature:
			return true
		}
		return false
	})
}
