// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"encoding/json"
	"maps"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
)

// parseDirective reads the directive onenote. Syntax:
//
//	onenote [<matcher>] [<upstream>] {
//	    account <name>
//	    images direct | local | off
//	    links local | off
//	    public_url <url>
//	    image_url <url>
//	    image_lifetime <duration>
//	    max_replay <size>
//	    max_body <size>
//	    client_key <name> <key> [<account>]
//	    trusted_peers <cidr...>
//	    api_hosts <host...>
//	    allowed_hosts <host...>
//	    allowed_origins <origin...>
//	    allow_remote_signin
//	    transport {
//	        ... options of "transport http", over those of the global option
//	    }
//	    ... any option of reverse_proxy
//	}
//
// The upstream is onenote (the default), graph, onedrive, or scheme, host and
// port. The directive is short for
//
//	onenote_guard [<matcher>] [<upstream>] {
//	    ... account to allow_remote_signin
//	}
//	reverse_proxy [<matcher>] <upstream> {
//	    transport onenote {
//	        ... images, links, image_lifetime, max_replay, api_hosts
//	        ... options of "transport http"
//	    }
//	    ... any option of reverse_proxy
//	}
//
// Options of reverse_proxy that change where requests go or what they are (to,
// dynamic, method, rewrite, a transport of another name) are refused: a token
// goes with them.
func parseDirective(h httpcaddyfile.Helper) ([]httpcaddyfile.ConfigValue, error) {
	if !h.Next() {
		return nil, h.ArgErr()
	}
	matchers, err := h.ExtractMatcherSet()
	if err != nil {
		return nil, err
	}
	// ExtractMatcherSet went back to before the directive's name, and a
	// segment begins at the current token.
	h.Next()
	d := h.NewFromNextSegment()

	s := site{transport: new(Transport), proxy: new(reverseproxy.Handler)}
	if err := s.inherit(h.Option("onenote")); err != nil {
		return nil, d.WrapErr(err)
	}
	if err := s.takeOptions(d); err != nil {
		return nil, err
	}
	if err := s.unmarshalProxy(h, d); err != nil {
		return nil, err
	}
	return s.route(h, matchers), nil
}

// A site is what one directive adapts to.
type site struct {
	guard     Handler
	transport *Transport
	proxy     *reverseproxy.Handler
	upstream  upstream
}

// inherit makes the transport of the global option the site's default.
func (s *site) inherit(global any) error {
	app, ok := global.(httpcaddyfile.App)
	if !ok {
		return nil
	}
	var options struct {
		Transport *reverseproxy.HTTPTransport `json:"transport"`
	}
	options.Transport = &s.transport.HTTPTransport
	return json.Unmarshal(app.Value, &options)
}

// takeOptions reads what is ours and takes it out of the segment; what stays
// is for reverse_proxy.
func (s *site) takeOptions(d *caddyfile.Dispenser) error {
	d.Next() // the directive's name
	if err := s.takeUpstream(d); err != nil {
		return err
	}
	// The global options may speak of TLS to the identity provider; an
	// upstream on this machine without TLS has no use for them.
	if s.upstream.url.Scheme == "http" {
		s.transport.TLS = nil
	}
	b := block{options: s.options()}
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

// refused are the options of reverse_proxy that the shorthand does not take.
var refused = map[string]string{
	"to":      "tokens go to one upstream only; write it after the directive's name",
	"dynamic": "tokens go to one upstream only; write it after the directive's name",
	"method":  "requests go to the API as they come",
	"rewrite": "requests go to the API as they come",
}

// takeUpstream reads the upstream after the directive's name.
func (s *site) takeUpstream(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	if len(args) > 1 {
		return d.Errf("expected one upstream, got %d", len(args))
	}
	if len(args) == 1 {
		s.guard.Upstream = args[0]
	}
	var err error
	if s.upstream, err = parseUpstream(s.guard.Upstream); err != nil {
		return d.WrapErr(err)
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

func (s *site) options() map[string]option {
	options := s.guard.options()
	maps.Copy(options, s.transport.options())
	// Both halves need to know it.
	options["images"] = imagesOption(s.upstream, &s.guard.Images, &s.transport.Images)
	options["transport"] = option{usage: "{ ... }", nested: true, read: s.readTransport}
	return options
}

func (s *site) readTransport(d *caddyfile.Dispenser, args []string) error {
	if len(args) != 0 {
		return d.Errf("onenote brings its own transport; write its options as transport { ... }, without a name")
	}
	d.Reset()
	if err := s.transport.HTTPTransport.UnmarshalCaddyfile(d); err != nil {
		return err
	}
	if s.upstream.url.Scheme == "http" && s.transport.TLS != nil {
		return d.Errf("the upstream %s is plain http, so its transport takes no tls options", s.upstream.url)
	}
	return nil
}

// flushInterval is how long a part of an answer may wait for more to go on
// with. An answer that is rewritten does not say how long it is, and flushing
// each of its writes costs more than rewriting them.
const flushInterval = 50 * time.Millisecond

// unmarshalProxy lets reverse_proxy read its own options and gives it the
// upstream and the transport.
func (s *site) unmarshalProxy(h httpcaddyfile.Helper, d *caddyfile.Dispenser) error {
	if err := s.proxy.UnmarshalCaddyfile(d); err != nil {
		return err
	}
	if err := s.proxy.FinalizeUnmarshalCaddyfile(h); err != nil {
		return err
	}
	if s.proxy.FlushInterval == 0 {
		s.proxy.FlushInterval = caddy.Duration(flushInterval)
	}
	s.proxy.Upstreams = reverseproxy.UpstreamPool{{Dial: s.upstream.dial()}}
	s.transport.Upstream = s.guard.Upstream
	if s.upstream.url.Scheme == "https" && s.transport.TLS == nil {
		s.transport.TLS = new(reverseproxy.TLSConfig)
	}
	s.proxy.TransportRaw = caddyconfig.JSONModuleObject(s.transport, "protocol", "onenote", nil)
	return nil
}

// route returns the two handlers as one route.
func (s *site) route(h httpcaddyfile.Helper, matchers caddy.ModuleMap) []httpcaddyfile.ConfigValue {
	route := caddyhttp.Route{HandlersRaw: []json.RawMessage{
		caddyconfig.JSONModuleObject(&s.guard, "handler", "onenote", nil),
		caddyconfig.JSONModuleObject(s.proxy, "handler", "reverse_proxy", nil),
	}}
	if matchers != nil {
		route.MatcherSetsRaw = []caddy.ModuleMap{matchers}
	}
	return []httpcaddyfile.ConfigValue{{Class: "route", Value: route}}
}
