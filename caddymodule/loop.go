// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"net/http"

	"github.com/caddy-onenote/caddy-onenote/internal/netfail"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
)

// loopWatch notices that the response to a request is our own guard's, which recognised
// the mark of a request that had been here before. Otherwise it would be taken for an
// error of the API's or of the identity provider's.
type loopWatch struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (l loopWatch) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := l.next.RoundTrip(req)
	if err != nil || res.StatusCode != http.StatusLoopDetected || res.Header.Get(apierror.Header) != string(apierror.LoopDetected) {
		return res, err
	}
	res.Body.Close()
	return nil, netfail.ErrLoop
}

// Interface guard
var _ http.RoundTripper = loopWatch{}
