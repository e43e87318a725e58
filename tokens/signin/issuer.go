// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"errors"
	"net/url"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// errOtherIssuer means that another authorization server than the one that
// was asked claims to answer: a mix-up attack (RFC 9207 §2.4).
var errOtherIssuer = errors.New("the answer names another issuer")

// v1Issuer is what Azure AD v1 calls itself.
const v1Issuer = "sts.windows.net"

// checkIssuer holds the iss parameter of an answer against the authorization
// endpoint that the browser was sent to. An issuer's endpoints lie below its
// identifier, which is all that can be checked without discovery; Microsoft's
// identifiers name the directory that the tenant word common stood for, so of
// those the host has to do.
func checkIssuer(provider tokens.Provider, endpoint *url.URL, iss string) error {
	if iss == "" {
		return nil // RFC 9207 §2.4: not every server says
	}
	u, err := url.Parse(iss)
	if err != nil || endpoint == nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errOtherIssuer
	}
	if provider == tokens.AzureAD && u.Scheme == "https" && u.Host == v1Issuer {
		return nil
	}
	if u.Scheme != endpoint.Scheme || !strings.EqualFold(u.Host, endpoint.Host) {
		return errOtherIssuer
	}
	if provider == tokens.Custom && !isBelow(endpoint.Path, u.Path) {
		return errOtherIssuer
	}
	return nil
}

// isBelow reports whether a path is the directory or lies in it.
func isBelow(path, directory string) bool {
	directory = strings.TrimSuffix(directory, "/")
	return path == directory || strings.HasPrefix(path, directory+"/")
}
