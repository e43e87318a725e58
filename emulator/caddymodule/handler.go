// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package caddymodule makes the emulator a Caddy handler. It is compiled into
// test and demonstration binaries only: whoever reaches the emulator can mint
// its tokens.
package caddymodule

import (
	"fmt"
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-onenote/caddy-onenote/emulator"
)

func init() {
	caddy.RegisterModule(new(Handler))
	httpcaddyfile.RegisterHandlerDirective("onenote_emulator", parseCaddyfile)
	httpcaddyfile.RegisterDirectiveOrder("onenote_emulator", httpcaddyfile.Before, "respond")
}

// emulators keeps the state over config reloads: a reload must not revoke
// what the emulator issued.
var emulators = caddy.NewUsagePool()

// poolKey is the one entry of the pool: all handlers of a process are the same
// emulator, as all of Microsoft's hosts are the same service.
const poolKey = "onenote_emulator"

// Handler answers in the place of www.onenote.com, login.live.com and
// login.microsoftonline.com: the OneNote API under /api/, sign-in under the
// real paths, and a control surface for tests under /_emulator/, which takes
// loopback peers only. See the emulator package for what it can do.
//
// State is in memory, is shared by all handlers of the process, survives
// config reloads and is gone when the process ends; only refresh tokens stay
// good. The Caddyfile directive takes no arguments:
//
//	onenote_emulator
type Handler struct {
	emulator *emulator.Emulator
}

// CaddyModule returns the Caddy module information.
func (*Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.handlers.onenote_emulator",
		New: func() caddy.Module { return new(Handler) },
	}
}

// Provision takes the emulator from the pool, or makes it.
func (h *Handler) Provision(caddy.Context) error {
	value, _, err := emulators.LoadOrNew(poolKey, func() (caddy.Destructor, error) {
		return &pooled{emulator.New(emulator.Options{})}, nil
	})
	if err != nil {
		return fmt.Errorf("starting the OneNote emulator: %w", err)
	}
	h.emulator = value.(*pooled).emulator
	return nil
}

// Cleanup gives the emulator back to the pool.
func (h *Handler) Cleanup() error {
	if h.emulator == nil {
		return nil // Provision failed, so nothing was taken
	}
	_, err := emulators.Delete(poolKey)
	return err
}

// ServeHTTP answers everything; no request reaches the next handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	h.emulator.ServeHTTP(w, r)
	return nil
}

// UnmarshalCaddyfile sets up the handler from Caddyfile tokens:
//
//	onenote_emulator
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the directive's name
	if d.NextArg() {
		return d.ArgErr()
	}
	if d.NextBlock(0) {
		return d.Err("onenote_emulator takes no options")
	}
	return nil
}

func parseCaddyfile(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	handler := new(Handler)
	return handler, handler.UnmarshalCaddyfile(h.Dispenser)
}

// pooled is the emulator as the pool holds it.
type pooled struct {
	emulator *emulator.Emulator
}

// Destruct has nothing to do: the state is memory, and goes with it.
func (*pooled) Destruct() error { return nil }

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddy.CleanerUpper          = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
	_ caddyfile.Unmarshaler       = (*Handler)(nil)
	_ caddy.Destructor            = (*pooled)(nil)
)
