// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"fmt"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// parseGuard reads the directive onenote_guard.
func parseGuard(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	handler := new(Handler)
	if err := handler.UnmarshalCaddyfile(h.Dispenser); err != nil {
		return nil, err
	}
	return handler, nil
}

// UnmarshalCaddyfile sets up the handler from Caddyfile tokens. Syntax:
//
//	onenote_guard [<matcher>] [<upstream>] {
//	    account <name>
//	    images direct | local | off
//	    public_url <url>
//	    image_url <url>
//	    max_body <size>
//	    client_key <name> <key> [<account>]
//	    trusted_peers <cidr...>
//	    allowed_hosts <host...>
//	    allowed_origins <origin...>
//	    allow_remote_signin
//	}
//
// It is followed by a reverse_proxy with the transport onenote; the directive
// onenote is both.
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the directive's name
	args := d.RemainingArgs()
	if len(args) > 1 {
		return d.Errf("expected one upstream, got %d", len(args))
	}
	if len(args) == 1 {
		h.Upstream = args[0]
	}
	up, err := parseUpstream(h.Upstream)
	if err != nil {
		return d.WrapErr(err)
	}
	b := block{options: h.options()}
	b.options["images"] = imagesOption(up, &h.Images)
	for d.NextBlock(0) {
		if !b.has(d.Val()) {
			return d.Errf("unrecognized onenote_guard option %q", d.Val())
		}
		if err := b.read(d); err != nil {
			return err
		}
	}
	return nil
}

// imagesOption takes one of the words for pictures that the API allows.
func imagesOption(up upstream, dst ...*string) option {
	return option{usage: "direct | local | off", read: func(_ *caddyfile.Dispenser, args []string) error {
		if len(args) != 1 {
			return errUsage
		}
		for _, d := range dst {
			*d = args[0]
		}
		_, err := up.pictureMode(args[0])
		return err
	}}
}

// options are the words that the directives onenote and onenote_guard share.
func (h *Handler) options() map[string]option {
	return map[string]option{
		"account":             wordOption("<name>", &h.Account),
		"public_url":          wordOption("<url>", &h.PublicURL),
		"image_url":           wordOption("<url>", &h.ImageURL),
		"max_body":            sizeOption(&h.MaxBody),
		"client_key":          {usage: "<name> <key> [<account>]", repeat: true, read: h.readClientKey},
		"trusted_peers":       {usage: "<cidr...>", read: h.readTrustedPeers},
		"allowed_hosts":       listOption("<host...>", &h.AllowedHosts),
		"allowed_origins":     listOption("<origin...>", &h.AllowedOrigins),
		"allow_remote_signin": flagOption(&h.AllowRemoteSignin),
	}
}

func (h *Handler) readClientKey(_ *caddyfile.Dispenser, args []string) error {
	if len(args) != 2 && len(args) != 3 || args[0] == "" || args[1] == "" {
		return errUsage
	}
	k := ClientKey{Name: args[0], Key: args[1]}
	if len(args) == 3 {
		k.Account = args[2]
	}
	h.ClientKeys = append(h.ClientKeys, k)
	return nil
}

func (h *Handler) readTrustedPeers(_ *caddyfile.Dispenser, args []string) error {
	if len(args) == 0 {
		return errUsage
	}
	for _, text := range args {
		if _, err := parseNetwork(text); err != nil && text[0] != '{' {
			return fmt.Errorf("expected addresses or networks such as 10.0.0.0/8, got %q", text)
		}
	}
	h.TrustedPeers = args
	return nil
}

// Interface guard
var _ caddyfile.Unmarshaler = (*Handler)(nil)
