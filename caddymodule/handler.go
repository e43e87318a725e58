// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddy-onenote/caddy-onenote/guard"
	"github.com/caddy-onenote/caddy-onenote/proxy"
	"github.com/caddy-onenote/caddy-onenote/proxy/answer"
	"github.com/caddy-onenote/caddy-onenote/tokens/signin"
)

// Handler decides who may use the OneNote API through this site. What it
// admits goes on to the next handler, a `reverse_proxy` with the `onenote`
// transport; what it refuses is answered in the shape of the API's own errors.
// It also serves the status page, the pages that sign an account in and out,
// and the probes `/healthz` and `/readyz`.
//
// Requests from this machine are admitted. Others need a client key, an
// address in `trusted_peers`, or to have been authenticated by Caddy
// (`basic_auth`, a verified client certificate). Pages of other web sites are
// refused whoever's browser they are in, and so are hosts that are neither
// loopback names nor configured.
type Handler struct {
	// The API: `onenote`, `graph`, `onedrive` or a URL of scheme, host and
	// port. It decides which paths are proxied. Default: `onenote`.
	Upstream string `json:"upstream,omitempty"`

	// The account whose token is used. Placeholders are resolved for each
	// request; choose one that the server sets, such as {http.auth.user.id},
	// never one that the client can. Default: the only account.
	Account string `json:"account,omitempty"`

	// What becomes of pictures, as in the transport: `direct`, `local` or
	// `off`. With `local` the URLs of pictures that this proxy signed open
	// them without a key until they expire.
	Images string `json:"images,omitempty"`

	// The address under which apps and browsers reach this site; it may have
	// a path. Default: scheme and host of each request.
	PublicURL string `json:"public_url,omitempty"`

	// The same for local pictures. Default: `public_url`.
	ImageURL string `json:"image_url,omitempty"`

	// The largest request body in bytes. Default: no limit.
	MaxBody int64 `json:"max_body,omitempty"`

	// Keys that let remote callers in. A caller sends one as
	// `Authorization: Bearer`, as a Basic password, or in
	// `X-Onenote-Proxy-Key`.
	ClientKeys []ClientKey `json:"client_keys,omitempty"`

	// Addresses or networks (CIDR) whose callers need no key.
	TrustedPeers []string `json:"trusted_peers,omitempty"`

	// Hosts to answer for, besides loopback names and those of `public_url`
	// and `image_url`.
	AllowedHosts []string `json:"allowed_hosts,omitempty"`

	// Origins whose pages may use the site, exactly as a browser writes them:
	// scheme, host and port, or `null`.
	AllowedOrigins []string `json:"allowed_origins,omitempty"`

	// Whether callers that are not on this machine may sign in and out.
	AllowRemoteSignin bool `json:"allow_remote_signin,omitempty"`

	logger   *zap.Logger
	app      *App
	upstream upstream
	account  string // as configured, or the only one
	dynamic  bool   // it holds placeholders
	gate     gate
	pages    *signin.Pages
}

// ClientKey is a key that lets a caller in.
type ClientKey struct {
	// Whose key it is. Several keys of one name replace each other.
	Name string `json:"name,omitempty"`

	// The key; write it as {env.NAME} or {file./path}. A file is read again
	// when it changes.
	Key string `json:"key,omitempty"`

	// The only account that the caller may use and see. Default: all.
	Account string `json:"account,omitempty"`
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
	h.logger = ctx.Logger()
	var err error
	if h.app, err = appOf(ctx); err != nil {
		return err
	}
	if h.upstream, err = parseUpstream(h.Upstream); err != nil {
		return err
	}
	if h.MaxBody < 0 {
		return errors.New("max_body: expected a positive size")
	}
	if err := h.provisionAccount(); err != nil {
		return err
	}
	return h.provisionGate(ctx)
}

// provisionAccount settles whose token is used, as far as that can be known
// before a request.
func (h *Handler) provisionAccount() error {
	h.account, h.dynamic = h.Account, strings.Contains(h.Account, "{")
	names := h.app.names()
	if h.account == "" && len(names) == 1 {
		h.account = names[0]
	}
	if h.account == "" && !slices.ContainsFunc(h.ClientKeys, func(k ClientKey) bool { return k.Account != "" }) {
		return fmt.Errorf("account is missing: there are several (%s); say which one this site uses", strings.Join(names, ", "))
	}
	if !h.dynamic && h.account != "" {
		if err := h.fits("account", h.account); err != nil {
			return err
		}
	}
	for _, k := range h.ClientKeys {
		if k.Account == "" {
			continue
		}
		if err := h.fits("client_key "+k.Name, k.Account); err != nil {
			return err
		}
	}
	return nil
}

// fits says what is wrong with using an account here: it does not exist, or
// its tokens are for another API.
func (h *Handler) fits(option, name string) error {
	if h.app.account(name) == nil {
		return fmt.Errorf("%s: there is no account %q; the accounts are %s", option, name, strings.Join(h.app.names(), ", "))
	}
	audience := h.app.audience[name]
	if audience == "" || audience == h.upstream.preset.Name {
		return nil
	}
	return fmt.Errorf("the tokens of account %s are for the %s API, but the upstream is %s (%s); "+
		"change the account's scopes or resource, or write %q as the upstream",
		name, audience, h.upstream.url, h.upstream.preset.Name, audience)
}

// provisionGate prepares the guard and the pages behind it.
func (h *Handler) provisionGate(ctx caddy.Context) error {
	r := resolver{subject: "onenote"}
	config := guard.Config{
		Paths:             h.upstream.preset.Paths,
		Upstream:          h.upstream.url.String(),
		PublicURL:         r.url("public_url", h.PublicURL),
		ImageURL:          r.url("image_url", h.ImageURL),
		AllowedHosts:      r.list("allowed_hosts", h.AllowedHosts),
		AllowedOrigins:    r.list("allowed_origins", h.AllowedOrigins),
		TrustedPeers:      r.networks("trusted_peers", h.TrustedPeers),
		AllowRemoteSignin: h.AllowRemoteSignin,
		Account:           h.account,
		Loop:              h.app.loop,
		Now:               h.app.clock.Now,
	}
	h.gate = gate{clock: h.app.clock, log: h.logger, keys: h.secretKeys(&r)}
	pictures, err := h.upstream.pictureMode(h.Images)
	if err != nil {
		r.errs = append(r.errs, fmt.Errorf("images: %w", err))
	}
	if err := errors.Join(r.errs...); err != nil {
		return err
	}
	if pictures == proxy.Local {
		h.gate.pictures = h.app.pictures
	}
	h.pages = h.app.newPages(config.PublicURL)
	config.Callback = h.pages.HasState
	h.gate.config = config
	h.app.addPlace(placeOf(ctx, config.PublicURL))
	return h.gate.provision()
}

// secretKeys prepares the client keys.
func (h *Handler) secretKeys(r *resolver) []clientKey {
	var keys []clientKey
	for _, k := range h.ClientKeys {
		s, err := newSecret("client_key "+k.Name, k.Key)
		if err != nil {
			r.errs = append(r.errs, err)
		}
		if literal(k.Key) {
			h.app.warn("client_key " + k.Name + " is written out in the configuration, " +
				"which Caddy saves and shows at /config/; write {env.NAME} or {file./absolute/path}")
		}
		keys = append(keys, clientKey{name: k.Name, account: k.Account, secret: s})
	}
	return keys
}

// ServeHTTP admits the request, serves what is ours, or refuses.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if !tellsTooMuch(r) {
		return h.serve(w, r, next)
	}
	rec := h.skipLog(w, r)
	defer rec.log()
	h.settle(rec, h.serve(rec, r, next))
	return nil
}

func (h *Handler) serve(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	g, err := h.gate.get()
	route, refusal := g.Admit(r, peerOf(r))
	// Without all of its keys the guard cannot tell who may come in, but that
	// the process lives it can tell everybody.
	if err != nil && (refusal != nil || route.Kind != guard.Probe) {
		return h.refuse(w, r, "", &answer.Answer{Cause: answer.Misconfigured, Message: err.Error()})
	}
	if refusal != nil {
		g.SetCORS(w.Header(), r)
		return h.refuse(w, r, "", refusal)
	}
	switch route.Kind {
	case guard.Preflight:
		g.ServePreflight(w, r)
		return nil
	case guard.Probe:
		h.serveProbe(w, r, route)
		return nil
	case guard.Page:
		h.servePage(w, r, route)
		return nil
	}
	g.SetCORS(w.Header(), r)
	return h.proxy(w, r, route, next)
}

func (h *Handler) servePage(w http.ResponseWriter, r *http.Request, route *guard.Route) {
	visitor := signin.Visitor{
		Base:      route.Base,
		Remote:    route.Remote,
		MaySignIn: !route.Remote || h.AllowRemoteSignin,
	}
	if route.Bound {
		visitor.Account = route.Account
	}
	h.pages.ServeHTTPFor(w, r, visitor)
}

// proxy sends a request for the API on its way.
func (h *Handler) proxy(w http.ResponseWriter, r *http.Request, admitted *guard.Route, next caddyhttp.Handler) error {
	repl := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	name, refusal := h.accountOf(admitted, repl)
	if refusal != nil {
		return h.refuse(w, r, "", refusal)
	}
	repl.Set("http.onenote.account", name)
	logAccount(r, name)
	if h.MaxBody > 0 && r.ContentLength > h.MaxBody {
		return h.refuse(w, r, name, bodyTooLarge(h.MaxBody))
	}
	p := newPassage(w)
	defer p.report(repl)
	p.route = route{target: r.RequestURI, Call: proxy.Call{
		Account:   h.app.account(name),
		Name:      name,
		Base:      admitted.Base,
		ImageBase: admitted.ImageBase,
		SigninURL: func() string { return h.pages.SigninURL(admitted.Base, name) },
		Picture:   admitted.Picture,
		Trace:     &p.trace,
	}}
	out := withoutReferer(withoutSecrets(r.WithContext(withRoute(r.Context(), &p.route))))
	if h.MaxBody > 0 && out.Body != nil {
		out.Body = http.MaxBytesReader(w, out.Body, h.MaxBody)
	}
	p.guardBody(out)
	err := next.ServeHTTP(&p.answered, out)
	if err == nil || p.answered.begun {
		return err
	}
	return h.fail(w, r, name, err)
}

// A passage is what one request takes on its way and what becomes of it, all of
// it in one allocation.
type passage struct {
	route    route
	trace    proxy.Trace
	answered answeredWriter
	wrapper  caddyhttp.ResponseWriterWrapper // in answered
	body     onceBody
}

func newPassage(w http.ResponseWriter) *passage {
	p := new(passage)
	p.wrapper.ResponseWriter = w
	p.answered.ResponseWriterWrapper = &p.wrapper
	return p
}

// guardBody makes the request's body one that is read once.
func (p *passage) guardBody(r *http.Request) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	p.body.ReadCloser = r.Body
	r.Body = &p.body
}

// report fills the placeholders that tell what became of the request.
func (p *passage) report(repl *caddy.Replacer) {
	repl.Set("http.onenote.retried", p.trace.Retried)
	repl.Set("http.onenote.rewritten", p.trace.Pictures+p.trace.Links+p.trace.Headers+p.trace.Body)
}

// logAccount names the account in the access log, where there is one: a field
// that nobody reads costs as much as one that somebody does.
func logAccount(r *http.Request, name string) {
	server, ok := r.Context().Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if !ok || server.Logs == nil {
		return
	}
	if fields, ok := r.Context().Value(caddyhttp.ExtraLogFieldsCtxKey).(*caddyhttp.ExtraLogFields); ok {
		fields.Set(zap.String("onenote_account", name))
	}
}

// withoutReferer takes out the address of a page of ours, which may have a
// code or a state in its query: reverse_proxy logs the request that it is
// given. No Referer goes upstream.
func withoutReferer(r *http.Request) *http.Request {
	if strings.Contains(r.Header.Get("Referer"), "/auth/") {
		r.Header = r.Header.Clone()
		delete(r.Header, "Referer")
	}
	return r
}

// accountOf returns the name of the account of a request.
func (h *Handler) accountOf(route *guard.Route, repl *caddy.Replacer) (string, *answer.Answer) {
	name := route.Account
	if !route.Bound && h.dynamic {
		name = repl.ReplaceAll(h.account, "")
	}
	if h.app.account(name) == nil {
		return "", unknownAccount()
	}
	if !route.Bound && !h.dynamic {
		return name, nil // checked while provisioning
	}
	if err := h.fits("account", name); err != nil {
		return "", &answer.Answer{Cause: answer.Misconfigured, Message: err.Error()}
	}
	return name, nil
}

// refuse sends an answer of ours and counts it.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, account string, a *answer.Answer) error {
	h.app.observer.Request(account, string(a.Cause))
	a.ServeHTTP(w, r)
	return nil
}

// peerOf returns what Caddy knows of the caller.
func peerOf(r *http.Request) guard.Peer {
	var p guard.Peer
	if ip, ok := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string); ok {
		p.ClientIP = parseIP(ip)
	}
	if r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
		p.Authenticated = true
	}
	repl := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	if user, ok := repl.GetString("http.auth.user.id"); ok && user != "" {
		p.Authenticated = true
	}
	return p
}

// parseIP reads an address, with or without a port; the zero Addr where it is
// none.
func parseIP(text string) netip.Addr {
	if addr, err := netip.ParseAddr(text); err == nil {
		return addr
	}
	host, _, _ := net.SplitHostPort(text) // empty on error,
	addr, _ := netip.ParseAddr(host)      // and then it is none
	return addr
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
)
