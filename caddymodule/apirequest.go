// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"context"
	"net/http"
	"net/http/httputil"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-onenote/caddy-onenote/guard"
	"github.com/caddy-onenote/caddy-onenote/proxy"
)

// An apiRequest is one admitted request and its response. It holds all that is needed
// for them, so that one allocation is enough.
type apiRequest struct {
	h        *Handler
	request  *http.Request
	call     proxy.Call
	trace    proxy.Trace
	response responseRecorder
	wrapper  caddyhttp.ResponseWriterWrapper // in response
	body     onceBody
	times    requestTimes
	status   int         // of the API's response; 0 before it came
	header   http.Header // of that response

	// For the direct proxy only; see direct.go.
	proxy    httputil.ReverseProxy
	skeleton http.Request
	whole    http.Request
}

func newAPIRequest(h *Handler, w http.ResponseWriter, r *http.Request, route *guard.Route, name string) *apiRequest {
	x := &apiRequest{h: h, request: r, call: h.call(route, name)}
	x.call.Target = route.Target
	x.call.Trace = &x.trace
	x.wrapper.ResponseWriter = w
	x.response.ResponseWriterWrapper = &x.wrapper
	return x
}

// run proxies the request. It returns an error if there was no response.
func (x *apiRequest) run() error {
	x.times.begin = time.Now()
	defer func() { x.times.end = time.Now() }()
	if x.h.ReverseProxy == nil {
		return x.runDirect()
	}
	return x.runNested()
}

// roundTrip sends the request through the site's transport.
func (x *apiRequest) roundTrip(req *http.Request) (*http.Response, error) {
	start := time.Now()
	res, err := x.h.roundTripper.send(req, x.call)
	x.times.latency = time.Since(start)
	return res, err
}

// apiRequestKey is the private key under which an apiRequest stands in the context
// of a request. Nobody else can put one there, so a request that did not pass
// the guard has no account, and without an account no token is sent.
type apiRequestKey struct{}

func withAPIRequest(ctx context.Context, x *apiRequest) context.Context {
	return context.WithValue(ctx, apiRequestKey{}, x)
}

func apiRequestFrom(ctx context.Context) *apiRequest {
	x, _ := ctx.Value(apiRequestKey{}).(*apiRequest)
	return x
}
