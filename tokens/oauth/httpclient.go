// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"net/http"
	"time"
)

// RequestTimeout bounds one request to an identity endpoint, response included.
const RequestTimeout = 30 * time.Second

// NewHTTPClient returns the client for identity requests over a transport. It
// follows no redirect, since one would carry the refresh token to another
// host; it keeps no cookies; it does not take a connection that was closed meanwhile
// for a provider that fails; and it gives up after half a minute.
func NewHTTPClient(rt http.RoundTripper) *http.Client {
	return &http.Client{
		Transport: staleConnections{rt},
		Timeout:   RequestTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
}
