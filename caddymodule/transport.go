// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/headers"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/caddy-onenote/caddy-onenote/proxy"
	"github.com/caddy-onenote/caddy-onenote/proxy/answer"
)

// Transport is a transport of `reverse_proxy` that sends requests to the
// OneNote API with the token of an account, renews the token and sends once
// more when the API answers with a 401, and rewrites what comes back so that
// links lead to this proxy and pictures load without a token.
//
// It wraps Caddy's own HTTP transport, whose options stand beside its own; only
// `response_header_timeout` has another default, `5m`.
// Which account a request belongs to is decided by the `onenote` handler
// (directive `onenote_guard`), which has to come before `reverse_proxy`; a
// request that did not pass it is answered with a 500 and never gets a token.
// Active health checks are sent without a token.
//
// The client's own credentials are removed, the token is attached to a copy of
// the request, and so it appears in no log. It is sent over TLS, or to this
// machine, and to the configured host only: the certificate has to be that of
// `upstream`, whatever address is dialed.
//
// Placeholders after the round trip:
//
// Placeholder | Description
// ------------|-------------
// `{http.onenote.account}` | The account whose token was sent
// `{http.onenote.retried}` | Whether the request was sent a second time, with a renewed token
// `{http.onenote.rewritten}` | How many URLs were replaced; known once the answer was sent
type Transport struct {
	reverseproxy.HTTPTransport

	// The API: `onenote`, `graph`, `onedrive` or a URL of scheme, host and
	// port. It says which host the token is for and which URLs are rewritten;
	// `reverse_proxy` still has to be told where to connect to. Default:
	// `onenote`.
	Upstream string `json:"upstream,omitempty"`

	// What becomes of pictures in pages: `direct` (the API's own public URLs,
	// good for an hour), `local` (signed URLs of this proxy) or `off`.
	// Default: `direct`, or `local` where the API has no public pictures.
	Images string `json:"images,omitempty"`

	// Whether URLs of the API are made to lead here: `local` or `off`.
	// Default: `local`.
	Links string `json:"links,omitempty"`

	// How long the URL of a local picture works. Default: `1h`.
	ImageLifetime caddy.Duration `json:"image_lifetime,omitempty"`

	// How many bytes of a request body are kept for the second try, up to
	// 1 MiB in memory, then in a temporary file. A larger body is sent all the
	// same, but a 401 is then passed on. Default: 80 MiB.
	MaxReplay int64 `json:"max_replay,omitempty"`

	// More hosts whose API URLs are rewritten.
	APIHosts []string `json:"api_hosts,omitempty"`

	upstream upstream
	app      *App
	way      proxy.Transport
	pictures *pictureSigner
}

// Defaults of the transport.
const (
	defaultMaxReplay     = 80 << 20
	defaultImageLifetime = time.Hour

	// The load balancers in front of the API give up a connection on which
	// nothing came for four minutes: what has not been answered after five
	// never will be.
	defaultResponseHeaderTimeout = 5 * time.Minute
)

// CaddyModule returns the Caddy module information.
func (*Transport) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.reverse_proxy.transport.onenote",
		New: func() caddy.Module { return new(Transport) },
	}
}

// Provision prepares the transport. It uses neither network nor storage.
func (t *Transport) Provision(ctx caddy.Context) error {
	app, err := appOf(ctx)
	if err != nil {
		return err
	}
	t.app = app
	if t.upstream, err = parseUpstream(t.Upstream); err != nil {
		return err
	}
	if err := t.checkHTTP(); err != nil {
		return err
	}
	if t.ResponseHeaderTimeout == 0 {
		t.ResponseHeaderTimeout = caddy.Duration(defaultResponseHeaderTimeout)
	}
	if err := t.HTTPTransport.Provision(ctx); err != nil {
		return err
	}
	return t.provisionWay(ctx)
}

// checkHTTP refuses options of the HTTP transport under which the token would
// not go to the API alone.
func (t *Transport) checkHTTP() error {
	if t.ProxyProtocol != "" {
		return errors.New("proxy_protocol: the API does not speak it, and it would tell the API who its clients are")
	}
	if t.TLS == nil || t.upstream.loopback() {
		return nil
	}
	if t.TLS.InsecureSkipVerify {
		return fmt.Errorf("tls_insecure_skip_verify: anybody could pose as %s and take the tokens; "+
			"write tls_trust_pool with the certificate authority to trust", t.upstream.url.Host)
	}
	return nil
}

// provisionWay sets up what does the work.
func (t *Transport) provisionWay(ctx caddy.Context) error {
	pictures, err := t.upstream.pictureMode(t.Images)
	if err != nil {
		return fmt.Errorf("images: %w", err)
	}
	links, err := linksLocal(t.Links)
	if err != nil {
		return err
	}
	if t.MaxReplay == 0 {
		t.MaxReplay = defaultMaxReplay
	}
	if t.ImageLifetime == 0 {
		t.ImageLifetime = caddy.Duration(defaultImageLifetime)
	}
	if t.ImageLifetime < 0 {
		return errors.New("image_lifetime: expected a positive duration")
	}
	if pictures == proxy.Local {
		t.pictures = t.app.pictures
	}
	t.way = proxy.Transport{
		Next:          loopWatch{&t.HTTPTransport},
		Upstream:      t.upstream.url,
		Preset:        t.upstream.preset,
		Hosts:         proxy.NewAPIHosts(t.upstream.preset, t.upstream.url, t.APIHosts...),
		Pictures:      pictures,
		Links:         links,
		ImageLifetime: time.Duration(t.ImageLifetime),
		MaxReplay:     t.MaxReplay,
		Spool:         t.app.spool,
		Loop:          t.app.loop,
		Now:           t.app.clock.Now,
		Observer:      t.app.observer,
		Logger:        ctx.Slogger(),
	}
	return nil
}

// RequestHeaderOps changes nothing. Caddy's own transport would name the
// address it dials in the Host field, with its port; the copy of the request to
// which the token is attached names the API.
func (*Transport) RequestHeaderOps() *headers.HeaderOps { return nil }

// RoundTrip sends a request that the guard admitted, or a health check.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	to := routeFrom(req.Context())
	if to == nil && isProbe(req) {
		return t.HTTPTransport.RoundTrip(req)
	}
	if to == nil {
		return refuse(req, "the request did not come through the guard, so it has no account; "+
			"write onenote_guard before reverse_proxy, or onenote instead of both"), nil
	}
	if t.upstream.url.Scheme == "http" && !dialsLoopback(req) {
		return refuse(req, "reverse_proxy is told to connect to another machine over plain http; tokens are not sent there"), nil
	}
	way, err := t.signed()
	if err != nil {
		return refuse(req, err.Error()), nil
	}
	call := to.Call
	call.Target = to.target
	return way.For(call).RoundTrip(req)
}

// isProbe reports whether it is a health check of reverse_proxy: those run
// outside of any server and so have none of the variables of one.
func isProbe(req *http.Request) bool {
	return req.Context().Value(caddyhttp.VarsCtxKey) == nil
}

// dialsLoopback reports whether reverse_proxy connects to this machine.
func dialsLoopback(req *http.Request) bool {
	di, ok := reverseproxy.GetDialInfo(req.Context())
	if !ok {
		return isLoopbackHost(req.URL.Hostname())
	}
	return caddy.IsUnixNetwork(di.Network) || isLoopbackHost(di.Host)
}

// signed returns the way of a request, able to sign pictures where it has to.
func (t *Transport) signed() (*proxy.Transport, error) {
	if t.pictures == nil {
		return &t.way, nil
	}
	signer, err := t.pictures.get()
	if err != nil {
		return nil, err
	}
	way := t.way
	way.Signer = signer
	return &way, nil
}

// refuse answers in place of the API.
func refuse(req *http.Request, message string) *http.Response {
	if req.Body != nil {
		req.Body.Close()
	}
	a := answer.Answer{Cause: answer.Misconfigured, Message: message}
	return a.Response(req)
}

// Interface guards. Those of the embedded transport are part of what this
// module promises, since reverse_proxy looks for each of them.
var (
	_ caddy.Provisioner                                = (*Transport)(nil)
	_ caddy.CleanerUpper                               = (*Transport)(nil)
	_ http.RoundTripper                                = (*Transport)(nil)
	_ reverseproxy.TLSTransport                        = (*Transport)(nil)
	_ reverseproxy.H2CTransport                        = (*Transport)(nil)
	_ reverseproxy.RequestHeaderOpsTransport           = (*Transport)(nil)
	_ reverseproxy.HealthCheckSchemeOverriderTransport = (*Transport)(nil)
)
