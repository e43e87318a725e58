// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package caddymodule makes the emulator a Caddy handler, and adds the subcommand
// emulate. Compile it into test and demonstration binaries only: everyone who reaches
// the emulator can issue tokens.
package caddymodule

import (
	"net/http"
	"strconv"
	"unicode"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-onenote/caddy-onenote/emulator"
	"github.com/caddy-onenote/caddy-onenote/internal/subcommand"
)

func init() {
	caddy.RegisterModule(new(Handler))
	httpcaddyfile.RegisterHandlerDirective("onenote_emulator", parseCaddyfile)
	httpcaddyfile.RegisterDirectiveOrder("onenote_emulator", httpcaddyfile.Before, "respond")
	subcommand.Add(emulateCommand)
}

// Handler takes the place of www.onenote.com, graph.microsoft.com, login.live.com and
// login.microsoftonline.com: the OneNote API under /api/, Microsoft Graph's under /v1.0
// and /beta, sign-in under the real paths, and a control surface for tests under
// /_emulator/, which accepts loopback peers only. The emulator package documents them.
//
// The state is in memory and survives config reloads. When the process ends it is lost,
// except that refresh tokens stay valid.
type Handler struct {
	// Which emulator serves the site: sites with the same instance share one, with
	// its notes, tokens and faults. In a Caddyfile, each directive without this
	// option has an instance of its own, numbered in the order of the file, so that a
	// reload keeps its state. In JSON, handlers without it share one.
	Instance string `json:"instance,omitempty"`

	// The folder with the notes that every account begins with: a folder for each
	// notebook, in it a folder for each section, in that a file `.html` for each
	// page, with its pictures beside it. It is read when the instance is made.
	// Default: built-in notes.
	Seed string `json:"seed,omitempty"`

	// Lets clients on other machines use the control surface. Whoever does can issue
	// tokens.
	AllowRemote bool `json:"allow_remote,omitempty"`

	emulator *emulator.Emulator
	instance instance
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
	i := instance{name: h.Instance, seed: caddy.NewReplacer().ReplaceKnown(h.Seed, ""), allowRemote: h.AllowRemote}
	e, err := i.load()
	if err != nil {
		return err
	}
	h.emulator, h.instance = e, i
	return nil
}

// Cleanup returns the emulator to the pool.
func (h *Handler) Cleanup() error {
	if h.emulator == nil {
		return nil // Provision failed
	}
	return h.instance.release()
}

// ServeHTTP serves every request. None reaches the next handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	h.emulator.ServeHTTP(w, r)
	return nil
}

// UnmarshalCaddyfile sets up the handler from Caddyfile tokens:
//
//	onenote_emulator {
//	    instance <name>
//	    seed     <folder>
//	    allow_remote
//	}
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the directive's name
	if d.NextArg() {
		return d.Errf("onenote_emulator takes a block, got %q", d.Val())
	}
	given := make(map[string]bool)
	for d.NextBlock(0) {
		word := d.Val()
		if given[word] {
			return d.Errf("%s was given already", word)
		}
		given[word] = true
		if err := h.readOption(d, word, d.RemainingArgs()); err != nil {
			return err
		}
	}
	return nil
}

func (h *Handler) readOption(d *caddyfile.Dispenser, word string, args []string) error {
	switch word {
	case "instance":
		if len(args) != 1 || args[0] == "" || !unicode.IsLetter([]rune(args[0])[0]) {
			return d.Err("expected: instance <name>; a name begins with a letter")
		}
		h.Instance = args[0]
	case "seed":
		if len(args) != 1 || args[0] == "" {
			return d.Err("expected: seed <folder>")
		}
		h.Seed = args[0]
	case "allow_remote":
		if len(args) != 0 {
			return d.Err("expected: allow_remote")
		}
		h.AllowRemote = true
	default:
		return d.Errf("unrecognized onenote_emulator option %q; expected instance, seed or allow_remote", word)
	}
	return nil
}

func parseCaddyfile(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	handler := new(Handler)
	if err := handler.UnmarshalCaddyfile(h.Dispenser); err != nil {
		return nil, err
	}
	named := namedIn(h.State)
	if handler.Instance == "" {
		named.serial++
		handler.Instance = strconv.Itoa(named.serial)
		return handler, nil
	}
	first, again := named.first[handler.Instance]
	if again && (first.Seed != handler.Seed || first.AllowRemote != handler.AllowRemote) {
		return nil, h.Errf("instance %s was given already, with other options: write the same ones into both", handler.Instance)
	}
	named.first[handler.Instance] = handler
	return handler, nil
}

// named are the instances of the Caddyfile that is being adapted.
type named struct {
	serial int                 // the number of the latest one without a name
	first  map[string]*Handler // by name
}

func namedIn(state map[string]any) *named {
	const key = "onenote_emulator"
	n, ok := state[key].(*named)
	if !ok {
		n = &named{first: make(map[string]*Handler)}
		state[key] = n
	}
	return n
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddy.CleanerUpper          = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
	_ caddyfile.Unmarshaler       = (*Handler)(nil)
)
