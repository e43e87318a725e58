// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-onenote/caddy-onenote/guard"
)

// StatusHandler serves the pages and the probes of the proxy without the API:
// the status page, the pages that sign an account in and out, `/auth/status`,
// `/healthz` and `/readyz`. It serves them at a port of their own, next to a site
// with the handler `onenote`. All other paths are a 404, also those of the API.
//
// The options decide who may see the pages, as they do for the handler `onenote`.
type StatusHandler struct {
	Access

	site site
}

// CaddyModule returns the Caddy module information.
func (*StatusHandler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.handlers.onenote_status",
		New: func() caddy.Module { return new(StatusHandler) },
	}
}

// Provision prepares the handler. It uses neither network nor files.
func (h *StatusHandler) Provision(ctx caddy.Context) error {
	app, err := appOf(ctx)
	if err != nil {
		return err
	}
	h.site = site{app: app, logger: ctx.Logger()}
	return logRefusal(ctx, h.provision(ctx))
}

func (h *StatusHandler) provision(ctx caddy.Context) error {
	if err := h.site.chooseAccount(&h.Access); err != nil {
		return err
	}
	app := h.site.app
	r := resolver{subject: "onenote_status", absent: app.registering}
	if err := r.prepare(h); err != nil {
		return err
	}
	if err := h.site.provision(ctx, &h.Access, &r, guard.Config{Loop: app.loop}, nil); err != nil {
		return err
	}
	h.site.pages.PagesOnly = true
	return nil
}

// ServeHTTP responds to the request.
func (h *StatusHandler) ServeHTTP(w http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	return h.site.serveHTTP(w, r)
}

// parseStatusDirective reads the directive onenote_status.
func parseStatusDirective(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	handler := new(StatusHandler)
	if err := handler.UnmarshalCaddyfile(h.Dispenser); err != nil {
		return nil, err
	}
	return handler, nil
}

// UnmarshalCaddyfile sets up the handler from Caddyfile tokens. Its options are
// those that the fields of [Access] declare; docs/options.md lists them.
func (h *StatusHandler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the directive's name
	if d.NextArg() {
		return d.Errf("onenote_status has no upstream: it serves pages and probes only")
	}
	b := block{options: optionsOf(h, nil)}
	for d.NextBlock(0) {
		if !b.has(d.Val()) {
			return b.unknown(d.Val(), d.Errf("unrecognized onenote_status option %q", d.Val()))
		}
		if err := b.read(d); err != nil {
			return err
		}
	}
	return nil
}

// Interface guards
var (
	_ caddy.Provisioner           = (*StatusHandler)(nil)
	_ caddyhttp.MiddlewareHandler = (*StatusHandler)(nil)
	_ caddyfile.Unmarshaler       = (*StatusHandler)(nil)
)
