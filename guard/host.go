// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/net/idna"
)

// A hostSet holds the hosts for which the proxy answers, besides loopback. A
// browser that was led here by DNS rebinding still names the attacker's host
// (identity of the server, RFC 9110 §7.2), and the set does not hold that one.
// Ports say nothing about who speaks and are ignored.
type hostSet map[string]struct{}

func newHostSet(allowed []string, bases ...*url.URL) (hostSet, error) {
	hosts := make(hostSet)
	for _, s := range allowed {
		name, ok := configuredHost(s)
		if !ok {
			return nil, fmt.Errorf("allowed_hosts %q: not a host; write the name alone, such as notes.example", s)
		}
		hosts[name] = struct{}{}
	}
	for _, u := range bases {
		if u == nil {
			continue
		}
		name, ok := configuredHost(u.Host)
		if !ok {
			return nil, fmt.Errorf("%s: %q is not a host", u, u.Host)
		}
		hosts[name] = struct{}{}
	}
	return hosts, nil
}

// has reports whether the value of a Host field, or the authority of a request
// in absolute form, is one of the hosts or loopback.
func (hosts hostSet) has(host string) bool {
	name, ok := hostname(host)
	if !ok {
		return false
	}
	if _, ok := hosts[name]; ok {
		return true
	}
	return isLoopbackName(name)
}

// isLoopbackName reports whether the name means this machine whoever resolves
// it. Names under .localhost are left out: resolvers differ about them.
func isLoopbackName(name string) bool {
	if name == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(name)
	return err == nil && addr.Unmap().IsLoopback()
}

// hostname returns the host without port and brackets, in lower case and
// without the dot of the root, addresses in their shortest form. It fails
// where that is not all there is.
func hostname(host string) (string, bool) {
	if rest, ok := strings.CutPrefix(host, "["); ok {
		return hostname6(rest)
	}
	name, port := host, ""
	if i := strings.IndexByte(host, ':'); i >= 0 {
		name, port = host[:i], host[i:]
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	return name, name != "" && isPort(port)
}

// hostname6 does that for what follows the bracket of an IPv6 address. Zones
// mean nothing beyond the machine that wrote them.
func hostname6(rest string) (string, bool) {
	name, port, ok := strings.Cut(rest, "]")
	if !ok || !isPort(port) {
		return "", false
	}
	addr, err := netip.ParseAddr(name)
	if err != nil || !addr.Is6() || addr.Zone() != "" {
		return "", false
	}
	return addr.String(), true
}

// isPort reports whether s is nothing, or a colon and digits.
func isPort(s string) bool {
	if s == "" {
		return true
	}
	if s[0] != ':' {
		return false
	}
	for i := 1; i < len(s); i++ {
		if s[i] < '0' || '9' < s[i] {
			return false
		}
	}
	return true
}

// configuredHost returns a host of the configuration in the form in which has
// looks for it. Names outside of ASCII become what browsers send for them
// (RFC 5890).
func configuredHost(s string) (string, bool) {
	if addr, err := netip.ParseAddr(s); err == nil && addr.Is6() {
		s = "[" + s + "]"
	}
	name, ok := hostname(s)
	if !ok {
		return "", false
	}
	if !isASCII(name) {
		ascii, err := idna.Lookup.ToASCII(name)
		if err != nil {
			return "", false
		}
		name = ascii
	}
	return name, isHostText(name)
}

// isHostText reports whether s consists of what names and addresses are
// written with. Underscores are no host name (RFC 952) but common between
// containers.
func isHostText(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !isUnreserved(c) && c != ':' || c == '~' {
			return false
		}
	}
	return true
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
