// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"errors"
	"net/http"

	"github.com/caddy-onenote/caddy-onenote/proxy/answer"
)

// errLoop means that a request came back to the proxy that sent it.
var errLoop = errors.New("the name of the API leads back to this proxy, by a hosts file or an HTTPS_PROXY variable")

// loopWatch notices that the API's answer is our own guard's, which recognised
// the mark of a request that had been here before. Otherwise it would be taken
// for an error of the API's.
type loopWatch struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (l loopWatch) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := l.next.RoundTrip(req)
	if err != nil || res.StatusCode != http.StatusLoopDetected || res.Header.Get(answer.Header) != string(answer.LoopDetected) {
		return res, err
	}
	res.Body.Close()
	return nil, errLoop
}

// Interface guard
var _ http.RoundTripper = loopWatch{}
