// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"maps"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// UnmarshalCaddyfile sets up the transport from Caddyfile tokens. Syntax:
//
//	transport onenote {
//	    upstream onenote | graph | onedrive | <url>
//	    images direct | local | off
//	    links local | off
//	    image_lifetime <duration>
//	    max_replay <size>
//	    api_hosts <host...>
//	    ... options of "transport http"
//	}
func (t *Transport) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	b := block{options: t.options()}
	maps.Copy(b.options, map[string]option{
		"upstream": {usage: "onenote | graph | onedrive | <url>", read: t.readUpstream},
		"images":   {usage: "direct | local | off", read: t.readImages},
	})
	d.Next() // the transport's name
	if d.NextArg() {
		return d.ArgErr()
	}
	for d.NextBlock(0) {
		word := d.Val()
		segment, length := takeSegment(d)
		if !b.has(word) {
			continue
		}
		d.DeleteN(length)
		if err := readSegment(&b, segment); err != nil {
			return err
		}
	}
	d.Reset()
	return t.HTTPTransport.UnmarshalCaddyfile(d)
}

// options are the words that the transport shares with the directive onenote.
func (t *Transport) options() map[string]option {
	return map[string]option{
		"links":          choiceOption(&t.Links, "local", "off"),
		"image_lifetime": durationOption(&t.ImageLifetime),
		"max_replay":     sizeOption(&t.MaxReplay),
		"api_hosts":      listOption("<host...>", &t.APIHosts),
	}
}

func (t *Transport) readUpstream(_ *caddyfile.Dispenser, args []string) error {
	if len(args) != 1 {
		return errUsage
	}
	t.Upstream = args[0]
	_, err := parseUpstream(t.Upstream)
	return err
}

func (t *Transport) readImages(_ *caddyfile.Dispenser, args []string) error {
	if len(args) != 1 {
		return errUsage
	}
	t.Images = args[0]
	return nil // whether the upstream has it is known when both were read
}

// Interface guard
var _ caddyfile.Unmarshaler = (*Transport)(nil)
