// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/proxy"
)

// An upstream is the API that a site stands in front of. It is fixed by the
// configuration: a token goes nowhere else.
type upstream struct {
	preset proxy.Preset
	url    *url.URL
}

// parseUpstream reads onenote, graph, onedrive, or scheme://host[:port];
// nothing at all means onenote.
func parseUpstream(text string) (upstream, error) {
	if text == "" {
		text = proxy.Presets[0].Name
	}
	preset, known := proxy.PresetNamed(text)
	if known {
		text = preset.Upstream
	}
	u, err := parseUpstreamURL(text)
	if err != nil {
		return upstream{}, err
	}
	if !known {
		preset = proxy.PresetOf(u)
	}
	return upstream{preset: preset, url: u}, nil
}

func parseUpstreamURL(text string) (*url.URL, error) {
	if strings.Contains(text, "{") {
		return nil, fmt.Errorf("upstream %q: placeholders are not allowed, because where tokens go is not decided by a request", text)
	}
	if !strings.Contains(text, "://") {
		return nil, fmt.Errorf("upstream %q: expected onenote, graph, onedrive or scheme://host[:port]", text)
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("upstream: %w", err)
	}
	// A slash at the end is what people paste from the address bar.
	if u.Path == "/" {
		u.Path = ""
	}
	if u.Hostname() == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, fmt.Errorf("upstream %q: expected only scheme://host[:port]; the path comes with each request", text)
	}
	u.Host = strings.ToLower(u.Host)
	switch {
	case u.Scheme == "https":
	case u.Scheme == "http" && isLoopbackHost(u.Hostname()):
	case u.Scheme == "http":
		return nil, fmt.Errorf("upstream %q: tokens are sent over https only, or over http to a loopback address", text)
	default:
		return nil, fmt.Errorf("upstream %q: expected the scheme https, or http for a loopback address", text)
	}
	u.Host = withoutDefaultPort(u)
	return u, nil
}

// withoutDefaultPort returns the host as it stands in a Host header: net/http
// and browsers leave the scheme's own port out, and so do the API's URLs.
func withoutDefaultPort(u *url.URL) string {
	if u.Port() == defaultPort(u.Scheme) {
		return strings.TrimSuffix(u.Host, ":"+u.Port())
	}
	return u.Host
}

func defaultPort(scheme string) string {
	if scheme == "http" {
		return "80"
	}
	return "443"
}

// dial returns the address that reverse_proxy connects to.
func (u upstream) dial() string {
	port := u.url.Port()
	if port == "" {
		port = defaultPort(u.url.Scheme)
	}
	return net.JoinHostPort(u.url.Hostname(), port)
}

// loopback reports whether the upstream is on this machine.
func (u upstream) loopback() bool { return isLoopbackHost(u.url.Hostname()) }

// isLoopbackHost reports whether a host name or address is this machine's own.
func isLoopbackHost(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// pictureMode returns what becomes of pictures: what the option says, else
// direct, or local where the API has no public pictures.
func (u upstream) pictureMode(word string) (proxy.PictureMode, error) {
	if word != "" {
		mode, err := proxy.ParsePictureMode(word)
		if err == nil && mode == proxy.Direct && !u.preset.PublicPictures {
			err = fmt.Errorf("%s serves no public pictures; expected local or off", u.preset.Name)
		}
		return mode, err
	}
	if u.preset.PublicPictures {
		return proxy.Direct, nil
	}
	return proxy.Local, nil
}

// linksLocal reports what the option links says; its default is local.
func linksLocal(word string) (bool, error) {
	switch word {
	case "", "local":
		return true, nil
	case "off":
		return false, nil
	}
	return false, fmt.Errorf("links: expected local or off, got %q", word)
}
