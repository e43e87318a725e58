// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"net/http"
	"time"
)

// identityTimeout bounds one request to an identity endpoint, answer included.
const identityTimeout = 30 * time.Second

// NewClient returns the client for identity requests over a transport. It
// follows no redirect, since one would carry the refresh token to another
// host; it keeps no cookies; and it gives up after half a minute.
func NewClient(rt http.RoundTripper) *http.Client {
	return &http.Client{
		Transport: rt,
		Timeout:   identityTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
}
