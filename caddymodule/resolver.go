// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// A resolver resolves the options of one subject and collects what is wrong
// with them, so that an operator sees all mistakes at once.
type resolver struct {
	subject  string
	harmless bool // its secrets open nothing real
	absent   bool // its secrets need not exist yet; see App.registering
	warnings []string
	errs     []error
}

// fail notes what is wrong with an option.
func (r *resolver) fail(option string, err error) {
	r.errs = append(r.errs, fmt.Errorf("%s: %s: %w", r.subject, option, err))
}

func (r *resolver) plain(option, text string) string {
	value, err := plain(r.subject+": "+option, text)
	if err != nil {
		r.errs = append(r.errs, err)
	}
	return value
}

func (r *resolver) secret(option, text string) func() (oauth.Secret, error) {
	if text == "" {
		return nil
	}
	s, err := newSecret(r.subject+": "+option, text, r.absent)
	if err != nil {
		r.errs = append(r.errs, err)
		return nil
	}
	if warning := literalWarning(r.subject+": "+option, text); warning != "" && !r.harmless {
		r.warnings = append(r.warnings, warning)
	}
	return s.reveal
}

func (r *resolver) list(option string, texts []string) []string {
	var values []string
	for _, text := range texts {
		values = append(values, r.plain(option, text))
	}
	return values
}

// url returns the address, or nil where there is none.
func (r *resolver) url(option, text string) *url.URL {
	if text = r.plain(option, text); text == "" {
		return nil
	}
	u, err := url.Parse(strings.TrimRight(text, "/"))
	if err != nil || u.Host == "" {
		r.errs = append(r.errs, fmt.Errorf("%s: %s %q: expected a URL such as https://notes.example", r.subject, option, text))
		return nil
	}
	return u
}

// networks reads addresses and networks in CIDR notation.
func (r *resolver) networks(option string, texts []string) []netip.Prefix {
	var networks []netip.Prefix
	for _, text := range r.list(option, texts) {
		network, err := parseNetwork(text)
		if err != nil {
			r.errs = append(r.errs, fmt.Errorf("%s: %s %q: expected an address or a network such as 10.0.0.0/8", r.subject, option, text))
			continue
		}
		networks = append(networks, network)
	}
	return networks
}

func parseNetwork(text string) (netip.Prefix, error) {
	if strings.Contains(text, "/") {
		return netip.ParsePrefix(text)
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	return addr.Prefix(addr.BitLen())
}
