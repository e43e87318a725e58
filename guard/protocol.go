// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"net/http"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
)

// checkProtocol refuses requests that would turn the connection into something
// else than a sequence of requests: a tunnel past all checks (CONNECT, Upgrade),
// or an echo of our credential (TRACE).
//
// It declines an offer of HTTP/2 without TLS by ignoring it, as RFC 9110 §7.8
// allows: Java's HttpClient sends one to every http address. It removes the
// fields of the offer, because forwarding them would open the tunnel after all.
func checkProtocol(r *http.Request) *apierror.Error {
	if !proxied.has(r.Method) {
		return methodNotAllowed(proxied)
	}
	offers := r.Header["Upgrade"]
	if len(offers) == 0 {
		return nil
	}
	for _, offer := range offers {
		if !strings.EqualFold(strings.TrimSpace(offer), "h2c") {
			return upgradeRefused()
		}
	}
	r.Header.Del("Upgrade")
	r.Header.Del("Http2-Settings")
	return nil
}
