// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"encoding/json"
	"regexp"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
)

// parseDirective reads the directive onenote. Its options are those that the
// fields of [Handler] and [Access] declare; docs/options.md lists them. Any
// option of reverse_proxy may stand beside them.
//
// Options of reverse_proxy that change where requests go or what they are (to,
// dynamic, method, rewrite, a transport of another name) are refused: a token
// goes with them.
func parseDirective(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	// A segment begins at the current token.
	h.Next()
	d := h.NewFromNextSegment()

	p := siteParser{handler: new(Handler)}
	if err := p.inherit(h.Option("onenote")); err != nil {
		return nil, d.WrapErr(err)
	}
	if err := p.takeOptions(d); err != nil {
		return nil, err
	}
	if err := p.readReverseProxy(h, d); err != nil {
		return nil, err
	}
	return p.handler, nil
}

// A siteParser reads one directive onenote.
type siteParser struct {
	handler   *Handler
	plainHTTP bool // the upstream is http
}

// inherit makes the transport of the global option the site's default.
func (p *siteParser) inherit(global any) error {
	app, ok := global.(httpcaddyfile.App)
	if !ok {
		return nil
	}
	var options struct {
		Transport *reverseproxy.HTTPTransport `json:"transport"`
	}
	if err := json.Unmarshal(app.Value, &options); err != nil {
		return err
	}
	p.handler.Transport = options.Transport
	return nil
}

// takeOptions reads what is ours and takes it out of the segment; what stays
// is for reverse_proxy.
func (p *siteParser) takeOptions(d *caddyfile.Dispenser) error {
	d.Next() // the directive's name
	if err := p.takeUpstream(d); err != nil {
		return err
	}
	b := block{options: optionsOf(p.handler, blocks{"transport": p.readTransport})}
	for d.NextBlock(0) {
		word := d.Val()
		if why, ok := refused[word]; ok {
			return d.Errf("%s is not for onenote: %s", word, why)
		}
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
	return nil
}

// refused are the options of reverse_proxy that the directive does not take.
var refused = map[string]string{
	"to":      "tokens go to one upstream only; write it after the directive's name",
	"dynamic": "tokens go to one upstream only; write it after the directive's name",
	"method":  "requests go to the API as they come",
	"rewrite": "requests go to the API as they come",
}

// takeUpstream reads the upstream after the directive's name.
func (p *siteParser) takeUpstream(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	if len(args) > 1 {
		return d.Errf("expected one upstream, got %d", len(args))
	}
	if len(args) == 0 {
		return nil
	}
	up, err := parseUpstream(args[0], "")
	if err != nil {
		return d.WrapErr(err)
	}
	p.handler.Upstream = args[0]
	p.plainHTTP = up.url.Scheme == "http"
	// The global options may speak of TLS to the identity provider; an
	// upstream on this machine without TLS has no use for them.
	if p.plainHTTP && p.handler.Transport != nil {
		p.handler.Transport.TLS = nil
	}
	d.DeleteN(len(args))
	return nil
}

// takeSegment moves to the end of the option at hand, with its block, and
// returns its tokens and how many there were.
func takeSegment(d *caddyfile.Dispenser) (caddyfile.Segment, int) {
	segment := d.NextSegment()
	length := len(segment)
	// The braces of an empty block are passed over but not returned.
	if d.Val() == "}" && segment[length-1].Text != "}" {
		length += 2
	}
	return segment, length
}

func readSegment(b *block, segment caddyfile.Segment) error {
	d := caddyfile.NewDispenser(segment)
	d.Next()
	return b.read(d)
}

func (p *siteParser) readTransport(d *caddyfile.Dispenser, args []string) error {
	if len(args) != 0 {
		return d.Errf("onenote brings its own transport; write its options as transport { ... }, without a name")
	}
	d.Reset()
	if p.handler.Transport == nil {
		p.handler.Transport = new(reverseproxy.HTTPTransport)
	}
	if err := p.handler.Transport.UnmarshalCaddyfile(d); err != nil {
		return err
	}
	if p.plainHTTP && p.handler.Transport.TLS != nil {
		return d.Errf("the upstream %s is plain http, so its transport takes no tls options", p.handler.Upstream)
	}
	return nil
}

// unknownOption is how reverse_proxy begins the error about a word that it does not
// know.
var unknownOption = regexp.MustCompile(`^unrecognized subdirective (\S+),`)

// suggestOption adds to the error about a word that neither we nor reverse_proxy know
// the option of ours that was probably meant.
func (p *siteParser) suggestOption(err error) error {
	found := unknownOption.FindStringSubmatch(err.Error())
	if found == nil {
		return err
	}
	b := block{options: optionsOf(p.handler, blocks{"transport": p.readTransport})}
	return b.unknown(found[1], err)
}

// readReverseProxy lets reverse_proxy read what is left, if anything is.
func (p *siteParser) readReverseProxy(h httpcaddyfile.Helper, d *caddyfile.Dispenser) error {
	d.Next() // the directive's name
	some := d.NextBlock(0)
	d.Reset()
	if !some {
		return nil
	}
	p.handler.ReverseProxy = new(reverseproxy.Handler)
	if err := p.handler.ReverseProxy.UnmarshalCaddyfile(d); err != nil {
		return p.suggestOption(err)
	}
	return p.handler.ReverseProxy.FinalizeUnmarshalCaddyfile(h)
}
