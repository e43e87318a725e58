// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"errors"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
)

// checkReverseProxy refuses options that would send requests, and tokens with them,
// to another server, or change what the guard has checked.
func checkReverseProxy(p *reverseproxy.Handler) error {
	switch {
	case len(p.Upstreams) > 0 || p.DynamicUpstreamsRaw != nil:
		return errors.New("reverse_proxy: tokens go to one upstream only; write it as the site's upstream, and leave out upstreams and dynamic_upstreams")
	case p.TransportRaw != nil:
		return errors.New("reverse_proxy: the site brings its own transport; write the options of transport http as its member transport")
	case p.Rewrite != nil:
		return errors.New("reverse_proxy: requests go to the API as they come; leave out rewrite")
	}
	return nil
}

// runNested lets Caddy's reverse_proxy send the request, through the site's
// transport.
func (x *apiRequest) runNested() error {
	r := x.request.WithContext(withAPIRequest(x.request.Context(), x))
	r = withoutReferer(withoutSecrets(r))
	x.guardBody(r)
	return x.h.ReverseProxy.ServeHTTP(&x.response, r, caddyhttp.HandlerFunc(x.noResponse))
}

// guardBody makes the request's body a onceBody.
func (x *apiRequest) guardBody(r *http.Request) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	x.body.ReadCloser = r.Body
	r.Body = &x.body
}

// noResponse is the handler after reverse_proxy. Only a route of handle_response
// that sends no response gets here.
func (x *apiRequest) noResponse(w http.ResponseWriter, r *http.Request) error {
	return x.h.site.refuse(w, r, x.call.Account, &apierror.Error{
		Cause:   apierror.Misconfigured,
		Message: "a handle_response block of the site ended without a response. End it with copy_response or respond.",
	})
}
