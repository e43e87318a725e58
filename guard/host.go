// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/net/idna"

	"github.com/caddy-onenote/caddy-onenote/internal/loopback"
	"github.com/caddy-onenote/caddy-onenote/internal/percent"
)

// A hostSet holds the hosts for which requests are accepted, besides loopback. A
// browser that comes by DNS rebinding still names the attacker's host (RFC 9110
// §7.2), which is not in the set. Ports say nothing about the client and are
// ignored.
type hostSet map[string]struct{}

func newHostSet(allowed []string, bases ...*url.URL) (hostSet, error) {
	hosts := make(hostSet)
	for _, s := range allowed {
		name, ok := ConfiguredHost(s)
		if !ok {
			return nil, fmt.Errorf("allowed_hosts %q: not a host; write the name alone, such as notes.example", s)
		}
		hosts[name] = struct{}{}
	}
	for _, u := range bases {
		if u == nil {
			continue
		}
		name, ok := ConfiguredHost(u.Host)
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
	return loopback.Host(name)
}

// hostname returns the host without port and brackets, in lower case and
// without the dot of the root, addresses in their shortest form. It reports
// false if the text holds anything else.
func hostname(host string) (string, bool) {
	if rest, ok := strings.CutPrefix(host, "["); ok {
		return hostname6(rest)
	}
	name, port := host, ""
	if i := strings.IndexByte(host, ':'); i >= 0 {
		name, port = host[:i], host[i:]
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	return name, name != "" && !strings.HasSuffix(name, ".") && isPort(port)
}

// hostname6 does that for the text after the bracket of an IPv6 address. Zones
// are refused: they mean nothing beyond the machine that wrote them.
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

// isPort reports whether s is empty, or a colon and digits.
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

// ConfiguredHost returns a host of the configuration in the form that has
// compares. Names outside of ASCII become what browsers send for them (RFC
// 5890).
func ConfiguredHost(s string) (string, bool) {
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

// isHostText reports whether s holds only bytes that host names and addresses
// are written with. Underscores are allowed: no host name has them (RFC 952), but
// they are common between containers.
func isHostText(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !percent.IsUnreserved(c) && c != ':' || c == '~' {
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
