// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"

	"github.com/caddy-onenote/caddy-onenote/internal/netfail"
)

// staleConnections sends a request once more if the connection that it was sent over
// turns out to be closed. Between two refreshes an hour goes by, so a server or a
// firewall often closes a kept connection at the moment of the next request. net/http
// sends a GET again by itself, but not the POST of a token request.
//
// The second request is sent only if the connection had carried another request before
// and not a byte of a response came back. That is a server that has not read the
// request. Should one have served it all the same, then its response is lost, and a
// provider that rotates strictly has ended the sign-in, whether the refresh token is
// sent again now or after a pause: the first window in SECURITY.md.
type staleConnections struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (s staleConnections) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil && req.GetBody == nil {
		return s.next.RoundTrip(req)
	}
	var reused, responded atomic.Bool
	first := req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		GotConn:              func(c httptrace.GotConnInfo) { reused.Store(c.Reused) },
		GotFirstResponseByte: func() { responded.Store(true) },
	}))
	res, err := s.next.RoundTrip(first)
	if err == nil || !reused.Load() || responded.Load() || !isClosed(err) || req.Context().Err() != nil {
		return res, err
	}
	s.CloseIdleConnections() // they are as old
	second := req.Clone(req.Context())
	if req.Body != nil {
		if second.Body, err = req.GetBody(); err != nil {
			return nil, err
		}
	}
	return s.next.RoundTrip(second)
}

// CloseIdleConnections is called by the method of that name of http.Client.
func (s staleConnections) CloseIdleConnections() {
	if c, ok := s.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// isClosed reports whether an error is that of a closed connection. The reset of one
// stream of HTTP/2 is not: the server has read the request and says so.
func isClosed(err error) bool {
	return netfail.KindOf(err) == netfail.Reset && !strings.HasPrefix(err.Error(), "stream error")
}

// Interface guard
var _ http.RoundTripper = staleConnections{}
