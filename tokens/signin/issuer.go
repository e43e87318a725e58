// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"errors"
	"net/url"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/internal/hostport"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// errOtherIssuer means that the response comes from another authorization server
// than the request went to: a mix-up attack (RFC 9207 §2.4).
var errOtherIssuer = errors.New("the response names another issuer")

// v1Issuer is what Azure AD v1 calls itself.
const v1Issuer = "sts.windows.net"

// checkIssuer compares the iss parameter of a response with the configured issuer, to
// the letter (RFC 9207 §2.4). Where none is configured, its scheme and host are compared
// with the authorization endpoint that the browser was sent to: an issuer's identifier
// may be beside or below the path of its endpoint, and Microsoft's names the directory
// that the tenant common stood for.
func checkIssuer(c oauth.Config, endpoint *url.URL, iss string) error {
	if iss == "" {
		return nil // RFC 9207 §2.4: not every server says
	}
	if c.Issuer != "" {
		if iss != c.Issuer {
			return errOtherIssuer
		}
		return nil
	}
	u, err := url.Parse(iss)
	if err != nil || endpoint == nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errOtherIssuer
	}
	if c.Provider == oauth.AzureAD && u.Scheme == "https" && u.Host == v1Issuer {
		return nil
	}
	if u.Scheme != endpoint.Scheme || !strings.EqualFold(hostport.WithoutDefaultPort(u), hostport.WithoutDefaultPort(endpoint)) {
		return errOtherIssuer
	}
	return nil
}
