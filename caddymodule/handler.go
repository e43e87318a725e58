// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httputil"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
	"go.uber.org/zap"

	"github.com/caddy-onenote/caddy-onenote/guard"
	"github.com/caddy-onenote/caddy-onenote/proxy"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
	"github.com/caddy-onenote/caddy-onenote/tokens/signin"
)

// Handler is a site in front of the OneNote API. It decides who may use the
// site, serves its pages and probes, and proxies what it admits: it attaches
// the access token of an account, refreshes the token and sends the request
// once more when the API responds with a 401, and rewrites the response so that
// links lead to this site and pictures load without a token.
//
// It is terminal: it responds to each request that it takes. It refuses requests
// in the shape of the API's own errors. Besides the API it serves the status page, the pages that sign an account in and out, and the
// probes `/healthz` and `/readyz`.
//
// Without `client_key` requests from this machine are admitted, also those of a
// forwarder on this machine that adds no header field. Others need an address in
// `trusted_peers`, or to have been authenticated by Caddy (`basic_auth`, a
// verified client certificate). With any `client_key` every request needs a
// key or one of these. Pages of other web sites are refused in every browser,
// and so are hosts that are neither loopback names nor configured.
//
// The client's own credentials are removed. The token is attached to a copy of
// the request and so appears in no log. It is sent over TLS, or to this
// machine, and to the configured host only: the certificate has to be that of
// the upstream, whatever address is dialed.
//
// Placeholders, known once the response was sent:
//
// Placeholder | Description
// ------------|-------------
// `{http.onenote.account}` | The account whose token was sent; known from the start
// `{http.onenote.retried}` | Whether the request was sent a second time, with a refreshed token
// `{http.onenote.rewritten}` | How many URLs were replaced; final once the body was sent
//
// The placeholders of `reverse_proxy` (`{http.reverse_proxy.status_code}`, `.latency`,
// `.upstream.hostport`, `.header.*` and so on) are set as well. Those about
// load balancing (`upstream.requests`, `upstream.max_requests`,
// `upstream.fails`) need an option of `reverse_proxy`.
type Handler struct {
	Access

	// The API: `onenote`, `graph`, `onedrive` or a URL of scheme, host and
	// port. It decides which paths are proxied and where tokens go. Default:
	// the API that the site's account is for, else `onenote`.
	Upstream string `json:"upstream,omitempty" onenote:"[<upstream>]"`

	// What an upstream speaks that is given as a URL: `onenote`, `graph` or
	// `onedrive`. In front of Microsoft Graph, requests of apps that were written
	// against the OneNote API (`/api/...`) are translated, and those of apps that
	// speak Graph (`/v1.0/...`, `/beta/...`) pass. Default: by the host of the
	// upstream, else `onenote`.
	UpstreamAPI string `json:"upstream_api,omitempty" onenote:"upstream_api onenote | graph | onedrive"`

	// The SharePoint host of notebooks in sites, such as `contoso.sharepoint.com`, for
	// apps whose requests are translated for Microsoft Graph: they name a site without
	// its host. Default: what the responses of Graph have said about the site.
	SharePointHost string `json:"sharepoint_host,omitempty" onenote:"sharepoint_host <host>"`

	// How pictures in pages are rewritten: `direct` (the API's own public URLs,
	// good for an hour), `local` (signed URLs of this site, which open the
	// picture without a key until they expire), `links` (they lead to this site
	// like all links, for apps that fetch pictures themselves or read ids out of
	// their URLs) or `off`. Default: `direct`, or `local` where the API has no
	// public pictures, or where `allowed_hosts`, `public_url` or `image_url` names
	// one of the API's own hosts, so that its public URLs lead to this site.
	Images string `json:"images,omitempty" onenote:"images direct | local | links | off"`

	// Lets apps sign in by themselves, at the paths of Microsoft's sign-in services
	// (`/oauth20_authorize.srf`, `/common/oauth2/v2.0/token` and so on), with any client id
	// and secret. An app gets a key of this site, never a token of Microsoft, and is sent
	// back to these redirect URIs only: written exactly as the app sends them, except that
	// a loopback address without a port stands for any port. Clients on other machines
	// need `allow_remote_signin`. Default: off.
	AppSignin []string `json:"app_signin,omitempty" onenote:"app_signin <redirect_uri...>"`

	// Whether URLs of the API are rewritten to lead to this site: `local` or `off`.
	// Default: `local`.
	Links string `json:"links,omitempty" onenote:"links local | off" default:"local"`

	// The address under which browsers reach this site for local pictures.
	// Default: `public_url`.
	ImageURL string `json:"image_url,omitempty" onenote:"image_url <url>"`

	// How long the URL of a local picture works. Default: `1h`.
	ImageLifetime caddy.Duration `json:"image_lifetime,omitempty" onenote:"image_lifetime <duration>" default:"1h"`

	// How many bytes of a request body are buffered for the second try: up to
	// 1 MiB in memory, then in a temporary file. A larger body is sent without a
	// second try, so the client gets the 401. Default: `80MiB`.
	MaxReplay int64 `json:"max_replay,omitempty" onenote:"max_replay <size>" default:"80MiB"`

	// The largest request body in bytes. Default: no limit.
	MaxBody int64 `json:"max_body,omitempty" onenote:"max_body <size>"`

	// How many requests of one account are sent to one API at once. The others wait in
	// the order of their arrival, up to 100; more get a 429 (`throttled`). A request
	// counts until its response has ended, or its client has not read for two
	// seconds. Of several sites in front of one API the smallest number counts.
	// Default: 4 where the API is Microsoft Graph, which allows 5; else no limit.
	MaxConcurrent int `json:"max_concurrent,omitempty" onenote:"max_concurrent <n>"`

	// How long a `GET` or `HEAD` may wait, in all, for an API that throttles (429,
	// 503, or error 20166), before the client gets the API's response. It is sent
	// again after the time that the API names, else after pauses that grow from 2
	// seconds to a minute. Other requests are sent again only where the API says that
	// it has not executed them. Default: `0`, no request waits.
	MaxWait caddy.Duration `json:"max_wait,omitempty" onenote:"max_wait <duration>|0"`

	// More hosts whose API URLs are rewritten. Default: none.
	APIHosts []string `json:"api_hosts,omitempty" onenote:"api_hosts <host...>"`

	// How the API is reached: the options of Caddy's HTTP transport. In a
	// Caddyfile they are written over those of the global option. Default:
	// those of Caddy's transport, with a `response_header_timeout` of `5m`.
	Transport *reverseproxy.HTTPTransport `json:"transport,omitempty" onenote:"transport { ... }"`

	// Options of Caddy's `reverse_proxy`. Requests go through that handler if
	// it is given. It has neither upstreams nor a transport of its own, and it
	// may not rewrite requests.
	ReverseProxy *reverseproxy.Handler `json:"reverse_proxy,omitempty" onenote:"-"`

	site         site
	upstream     upstream
	roundTripper *siteTransport
	direct       httputil.ReverseProxy // each request takes a copy
	nested       bool                  // ReverseProxy was provisioned
}

// CaddyModule returns the Caddy module information.
func (*Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.handlers.onenote",
		New: func() caddy.Module { return new(Handler) },
	}
}

// Provision prepares the handler. It uses neither network nor files.
func (h *Handler) Provision(ctx caddy.Context) error {
	app, err := appOf(ctx)
	if err != nil {
		return err
	}
	h.site = site{app: app, logger: ctx.Logger(), serveAPI: h.serveAPI}
	return logRefusal(ctx, h.provision(ctx))
}

func (h *Handler) provision(ctx caddy.Context) error {
	app := h.site.app
	r := resolver{subject: "onenote", absent: app.registering}
	if err := r.prepare(h); err != nil {
		return err
	}
	if err := h.site.chooseAccount(&h.Access); err != nil {
		return err
	}
	if h.site.account == "" && !slices.ContainsFunc(h.ClientKeys, func(k ClientKey) bool { return k.Account != "" }) {
		return fmt.Errorf("account is missing: there are several (%s); say which one this site uses", strings.Join(app.names(), ", "))
	}
	if err := h.provisionUpstream(); err != nil {
		return err
	}
	var err error
	if h.roundTripper, err = h.newTransport(ctx); err != nil {
		return err
	}
	if err := h.provisionSite(ctx, &r); err != nil {
		return err
	}
	h.addTokenTest()
	return h.provisionProxy(ctx)
}

// provisionUpstream settles which API the site is in front of, and makes sure
// that the tokens of its accounts are for that API.
func (h *Handler) provisionUpstream() error {
	text := h.Upstream
	if text == "" {
		text = h.UpstreamAPI
	}
	if text == "" {
		var err error
		if text, err = h.site.audience(h.ClientKeys); err != nil {
			return err
		}
	}
	var err error
	if h.upstream, err = parseUpstream(text, h.UpstreamAPI); err != nil {
		return err
	}
	if h.SharePointHost != "" && h.upstream.preset.Name != graphAPI {
		return fmt.Errorf("sharepoint_host: it is used in front of Microsoft Graph only, and the upstream is %s (%s)", h.upstream.url, h.upstream.preset.Name)
	}
	if h.site.account != "" && !h.site.dynamic {
		if err := h.checkAudience(h.site.account); err != nil {
			return err
		}
	}
	for _, k := range h.ClientKeys {
		if k.Account == "" {
			continue
		}
		if err := h.checkAudience(k.Account); err != nil {
			return err
		}
	}
	return nil
}

// checkAudience says what is wrong with using an account here: its tokens are for
// another API.
func (h *Handler) checkAudience(name string) error {
	audience := h.site.app.audience[name]
	if audience == "" || audience == h.upstream.preset.Name {
		return nil
	}
	return fmt.Errorf("the tokens of account %s are for the %s API, but the upstream is %s (%s); change the account's scopes or resource, or write %s",
		name, audience, h.upstream.url, h.upstream.preset.Name, h.upstream.wordsFor(audience))
}

// provisionSite prepares the guard and the pages.
func (h *Handler) provisionSite(ctx caddy.Context, r *resolver) error {
	config := guard.Config{
		Paths:    h.roundTripper.proxy.Dialect.Paths(),
		Upstream: h.upstream.url.String(),
		ImageURL: r.url("image_url", h.ImageURL),
		Loop:     h.site.app.loop,
	}
	if err := h.provisionAppSignin(&config); err != nil {
		return err
	}
	if err := h.site.provision(ctx, &h.Access, r, config, h.roundTripper.pictures); err != nil {
		return err
	}
	if h.site.appSignin != nil {
		h.site.pages.Resume = h.site.resumeApp
	}
	h.site.pages.API = h.api()
	return nil
}

// api returns what the pages say of the API: whose place the site takes for apps, and a
// request to try.
func (h *Handler) api() *signin.API {
	api := &signin.API{
		Addresses: []string{h.upstream.preset.Upstream},
		Sample:    "/api/v1.0/me/notes/notebooks",
		Keyed:     len(h.ClientKeys) > 0,
	}
	switch h.upstream.preset.Name {
	case graphAPI:
		// Apps that were written against either API come here.
		api.Addresses = []string{"https://www.onenote.com", h.upstream.preset.Upstream}
	case "onedrive":
		api.Sample = "/v1.0/drive"
	}
	return api
}

// provisionProxy sets up what carries requests to the API.
func (h *Handler) provisionProxy(ctx caddy.Context) error {
	if h.ReverseProxy == nil {
		h.direct = newDirectProxy(h.site.logger)
		return nil
	}
	if err := checkReverseProxy(h.ReverseProxy); err != nil {
		return err
	}
	h.ReverseProxy.Transport = h.roundTripper
	h.ReverseProxy.Upstreams = reverseproxy.UpstreamPool{{Dial: h.upstream.dial()}}
	if h.ReverseProxy.FlushInterval == 0 {
		h.ReverseProxy.FlushInterval = caddy.Duration(flushInterval)
	}
	h.nested = true
	return h.ReverseProxy.Provision(ctx)
}

// Cleanup releases what Provision took. Caddy calls it, too, where Provision
// failed, at whatever point.
func (h *Handler) Cleanup() error {
	var err error
	if h.nested {
		err = h.ReverseProxy.Cleanup()
	}
	if h.roundTripper != nil {
		err = errors.Join(err, h.roundTripper.Cleanup())
	}
	return err
}

// ServeHTTP responds to the request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	return h.site.serveHTTP(w, r)
}

// serveAPI proxies a request that the guard admitted. A batch is not sent: each of its
// requests goes through site.serve, and so through the guard and back to here.
func (h *Handler) serveAPI(w http.ResponseWriter, r *http.Request, route *guard.Route) error {
	defer h.roundTripper.afterRequest()
	repl := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	name, refusal := h.accountOf(route)
	if refusal != nil {
		return h.site.refuse(w, r, "", refusal)
	}
	logAccount(r, name)
	if h.MaxBody > 0 && r.ContentLength > h.MaxBody {
		repl.Set("http.onenote.account", name)
		return h.site.refuse(w, r, name, bodyTooLarge(h.MaxBody, maxBodyOption))
	}
	if h.MaxBody > 0 && r.Body != nil {
		r.Body = http.MaxBytesReader(w, r.Body, h.MaxBody)
	}
	if h.isBatch(r, route) {
		return h.serveBatch(w, withAppKey(r, route), name)
	}
	if h.site.app.hasAppKeys() {
		r, route = withoutAppKeys(r, route)
	}
	x := newAPIRequest(h, w, r, route, name)
	repl.Map(x.placeholder)
	err := x.run()
	switch {
	case err == nil:
		h.site.app.observer.counts[name].response(w.Header())
		return nil
	case x.response.begun:
		return err
	}
	return h.fail(w, r, name, err)
}

// accountOf returns the name of the account of a request. The guard has chosen
// it; there is none where only keys have accounts and the client needs no key.
func (h *Handler) accountOf(route *guard.Route) (string, *apierror.Error) {
	name := route.Account
	if h.site.app.account(name) == nil {
		return "", unknownAccount()
	}
	if !h.site.dynamic {
		return name, nil // checked while provisioning
	}
	if err := h.checkAudience(name); err != nil {
		return "", &apierror.Error{Cause: apierror.Misconfigured, Message: err.Error()}
	}
	return name, nil
}

// call returns what the transport has to know of an admitted request.
func (h *Handler) call(route *guard.Route, name string) proxy.Call {
	return proxy.Call{
		Tokens:    h.tokensOf(route, name),
		Account:   name,
		Base:      route.Base,
		ImageBase: route.ImageBase,
		SigninURL: func() string { return h.site.pages.SigninURL(route.Base, name) },
		Picture:   route.Picture,
		KeyName:   route.KeyName,
		Vary:      route.Vary,
	}
}

// tokensOf returns the tokens that may be sent for an admitted request.
func (h *Handler) tokensOf(route *guard.Route, name string) proxy.TokenSource {
	account := h.site.app.account(name)
	if route.SignIn != "" {
		return account.OfSignIn(route.SignIn)
	}
	return account
}

// logAccount names the account in the access log. It does nothing if there is no
// access log, because a field costs time even if nobody reads it.
func logAccount(r *http.Request, name string) {
	server, ok := r.Context().Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if !ok || server.Logs == nil {
		return
	}
	if fields, ok := r.Context().Value(caddyhttp.ExtraLogFieldsCtxKey).(*caddyhttp.ExtraLogFields); ok {
		fields.Set(zap.String("onenote_account", name))
	}
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddy.CleanerUpper          = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
)
