// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// baseURLs returns the URLs at which the client reaches the proxy and its local
// pictures. The host of the request was checked before, so that no client can
// choose the host that links are written to.
func (g *Guard) baseURLs(r *http.Request) (base, image *url.URL) {
	base = g.publicURL
	if base == nil {
		base = &url.URL{Scheme: schemeOf(r), Host: strings.ToLower(r.Host)}
	}
	if g.imageURL == nil {
		return base, base
	}
	return base, g.imageURL
}

func schemeOf(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// parseBaseURL returns a copy of a configured URL without trailing slashes, or
// nil if none is configured.
func parseBaseURL(option string, u *url.URL) (*url.URL, error) {
	if u == nil {
		return u, nil
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("%s %q: write a whole address, such as https://notes.example", option, u.Redacted())
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, fmt.Errorf("%s %q: an address to which paths are added has no user, query or fragment", option, u.Redacted())
	}
	base := &url.URL{Scheme: u.Scheme, Host: u.Host}
	base.Path = strings.TrimRight(u.Path, "/")
	base.RawPath = strings.TrimRight(u.RawPath, "/")
	return base, nil
}
