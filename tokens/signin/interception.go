// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"net/url"
	"slices"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// Names of Microsoft's may lead to this proxy, for apps that cannot be changed. A browser
// that such names reach too would be sent to the provider and meet the proxy. There,
// people sign in with a code on another device, or on another machine, and paste the
// address on which its browser ended.

// intercepted returns the hosts of an account's sign-in that lead to this proxy.
func (p *Pages) intercepted(c oauth.Config) []string {
	if p.Intercepted == nil {
		return nil
	}
	return slices.DeleteFunc(c.SigninHosts(), func(host string) bool { return !p.Intercepted(host) })
}

// isIntercepted reports whether a base is in the name of Microsoft's that leads here. No
// redirect URI may be there: the browser that brings a response may be on a machine where
// that name leads to Microsoft.
func (p *Pages) isIntercepted(base *url.URL) bool {
	return base != nil && p.Intercepted != nil && p.Intercepted(strings.ToLower(base.Hostname()))
}
