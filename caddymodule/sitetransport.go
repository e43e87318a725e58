// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/headers"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/caddy-onenote/caddy-onenote/proxy"
	"github.com/caddy-onenote/caddy-onenote/proxy/api"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
	"github.com/caddy-onenote/caddy-onenote/proxy/graph"
	"github.com/caddy-onenote/caddy-onenote/proxy/throttle"
)

// A siteTransport sends the requests of one site: Caddy's own HTTP transport
// with the site's proxy.Transport in front of it. It has the optional
// interfaces of Caddy's transport, which reverse_proxy looks for.
type siteTransport struct {
	*reverseproxy.HTTPTransport
	proxy    proxy.Transport
	pictures *pictureSigner // nil unless pictures are local
	ended    *atomic.Bool   // the configuration of the site has ended
}

// defaultResponseHeaderTimeout is longer than any response can take: the load
// balancers in front of the API close a connection that is idle for four minutes.
const defaultResponseHeaderTimeout = 5 * time.Minute

// newTransport makes the transport of the site. It uses neither network nor
// storage.
func (h *Handler) newTransport(ctx caddy.Context) (*siteTransport, error) {
	r := resolver{subject: "onenote"}
	names := ownNames(h.AllowedHosts, r.url("public_url", h.PublicURL), r.url("image_url", h.ImageURL))
	pictures, err := h.upstream.pictureMode(h.Images, h.Links == "local", h.publicPictures(names))
	if err != nil {
		return nil, fmt.Errorf("images: %w", err)
	}
	if err := h.provisionHTTP(ctx); err != nil {
		return nil, err
	}
	app := h.site.app
	t := &siteTransport{HTTPTransport: h.Transport, ended: new(atomic.Bool), proxy: proxy.Transport{
		Next:      loopWatch{h.Transport},
		Upstream:  h.upstream.url,
		Dialect:   h.newDialect(pictures),
		MaxReplay: h.MaxReplay,
		Spool:     app.spool,
		Throttle:  h.newThrottle(),
		Loop:      app.loop,
		Observer:  app.observer,
		Logger:    ctx.Slogger(),
	}}
	if pictures == api.Local {
		t.pictures = app.pictures
	}
	return t, nil
}

// newDialect returns what the apps of the site speak, in terms of its API.
func (h *Handler) newDialect(pictures api.PictureMode) api.Dialect {
	app := h.site.app
	native := &api.Passthrough{
		Hosts:         api.NewHosts(h.upstream.preset, h.upstream.url, h.APIHosts...),
		Pictures:      pictures,
		Links:         h.Links == "local",
		ImageLifetime: time.Duration(h.ImageLifetime),
		Now:           app.clock.Now,
	}
	if h.upstream.preset.Name != graphAPI {
		return native
	}
	return &graph.Dialect{
		Native:     native,
		OneNote:    api.NewHosts(api.Presets[0], nil),
		Sites:      graph.NewSites(h.SharePointHost),
		Operations: &graph.Operations{Keys: app.pictures.sealingKeys, Now: app.clock.Now},
	}
}

// graphConcurrent is how many requests are sent to Microsoft Graph at once: one less
// than it allows for each app and user.
const graphConcurrent = 4

// newThrottle returns what keeps the site's requests within what its API allows.
func (h *Handler) newThrottle() *throttle.Throttle {
	app := h.site.app
	limit := h.MaxConcurrent
	if limit == 0 && h.upstream.preset.Name == graphAPI {
		limit = graphConcurrent
	}
	return &throttle.Throttle{
		Clock:     app.clock,
		Queues:    app.queuesOf(h.upstream.url.String(), limit),
		MaxWait:   time.Duration(h.MaxWait),
		Code:      proxy.ErrorCode,
		Throttled: app.observer.Throttled,
		Brake:     &app.brake,
		Braked:    app.observer.Braked,
		Flights:   throttle.NewFlights(app.clock),
	}
}

// provisionHTTP prepares Caddy's HTTP transport.
func (h *Handler) provisionHTTP(ctx caddy.Context) error {
	if h.Transport == nil {
		h.Transport = new(reverseproxy.HTTPTransport)
	}
	if err := h.checkHTTP(); err != nil {
		return err
	}
	if h.upstream.url.Scheme == "https" && h.Transport.TLS == nil {
		h.Transport.TLS = new(reverseproxy.TLSConfig)
	}
	if h.Transport.ResponseHeaderTimeout == 0 {
		h.Transport.ResponseHeaderTimeout = caddy.Duration(defaultResponseHeaderTimeout)
	}
	if err := provisionTransport(ctx, h.Transport); err != nil {
		return err
	}
	if h.upstream.loopback() {
		keepOnThisMachine(h.Transport.Transport)
	}
	return nil
}

// checkHTTP refuses options of the HTTP transport under which the token would
// not go to the API alone.
func (h *Handler) checkHTTP() error {
	t := h.Transport
	if t.ProxyProtocol != "" {
		return errors.New("proxy_protocol: the API does not speak it, and it would tell the API who its clients are")
	}
	if h.upstream.loopback() && usesNetworkProxy(t) {
		return fmt.Errorf("network_proxy: the upstream %s is on this machine, and the proxy would look for it on its own; "+
			"write network_proxy none in the transport block of the site", h.upstream.url)
	}
	if t.TLS == nil {
		return nil
	}
	if h.upstream.url.Scheme == "http" {
		return fmt.Errorf("the upstream %s is plain http, so its transport takes no tls options", h.upstream.url)
	}
	if t.TLS.InsecureSkipVerify && !h.upstream.loopback() {
		return fmt.Errorf("tls_insecure_skip_verify: anybody could pose as %s and take the tokens; "+
			"write tls_trust_pool with the certificate authority to trust", h.upstream.url.Host)
	}
	if t.TLS.ServerName != "" && !h.upstream.loopback() {
		return fmt.Errorf("tls_server_name: the certificate of another host would do for %s, and that host could take the tokens; leave it out", h.upstream.url.Host)
	}
	return nil
}

// Cleanup closes the connections that are idle.
func (t *siteTransport) Cleanup() error {
	t.ended.Store(true)
	return t.HTTPTransport.Cleanup()
}

// afterRequest closes the connection of a request that was under way when its
// configuration ended: Caddy does not wait for such requests before Cleanup, and with
// each reload some connections would stay open for minutes that nobody uses.
func (t *siteTransport) afterRequest() {
	if t.ended.Load() {
		t.Transport.CloseIdleConnections()
	}
}

// send sends an admitted request.
func (t *siteTransport) send(req *http.Request, call proxy.Call) (*http.Response, error) {
	if t.pictures != nil {
		var err error
		if call.Signer, err = t.pictures.get(); err != nil {
			return misconfiguredResponse(req, err.Error()), nil
		}
	}
	return t.proxy.For(call).RoundTrip(req)
}

// RoundTrip implements http.RoundTripper for reverse_proxy: it sends the request
// of an apiRequest, or a health check, which gets no token.
func (t *siteTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if x := apiRequestFrom(req.Context()); x != nil {
		return x.roundTrip(x.h.site.withoutAppKeysInHeader(req))
	}
	if isHealthCheck(req) {
		return t.HTTPTransport.RoundTrip(req)
	}
	return misconfiguredResponse(req, "the request did not come through the guard, so it has no account"), nil
}

// isHealthCheck reports whether reverse_proxy asks on its own account: such a
// request runs outside of any server and so has none of the variables of one.
func isHealthCheck(req *http.Request) bool {
	return req.Context().Value(caddyhttp.VarsCtxKey) == nil
}

// RequestHeaderOps changes nothing. Caddy's own transport would name the
// address it dials in the Host field, with its port; the copy of the request to
// which the token is attached names the API.
func (*siteTransport) RequestHeaderOps() *headers.HeaderOps { return nil }

// misconfiguredResponse responds in place of the API.
func misconfiguredResponse(req *http.Request, message string) *http.Response {
	if req.Body != nil {
		req.Body.Close()
	}
	e := apierror.Error{Cause: apierror.Misconfigured, Message: message}
	return e.Response(req)
}

// Interface guards. Those of the embedded transport are part of what reverse_proxy
// looks for.
var (
	_ http.RoundTripper                                = (*siteTransport)(nil)
	_ caddy.CleanerUpper                               = (*siteTransport)(nil)
	_ reverseproxy.TLSTransport                        = (*siteTransport)(nil)
	_ reverseproxy.H2CTransport                        = (*siteTransport)(nil)
	_ reverseproxy.ProxyProtocolTransport              = (*siteTransport)(nil)
	_ reverseproxy.RequestHeaderOpsTransport           = (*siteTransport)(nil)
	_ reverseproxy.HealthCheckSchemeOverriderTransport = (*siteTransport)(nil)
)
