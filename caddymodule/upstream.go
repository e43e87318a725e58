// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/internal/hostport"
	"github.com/caddy-onenote/caddy-onenote/internal/loopback"
	"github.com/caddy-onenote/caddy-onenote/proxy/api"
)

// An upstream is the API that a site stands in front of. It is fixed by the
// configuration: a token goes nowhere else.
type upstream struct {
	preset api.Preset
	url    *url.URL
}

// graphAPI is the name of the API for which requests are translated.
const graphAPI = "graph"

// parseUpstream reads onenote, graph, onedrive, or scheme://host[:port];
// nothing at all means onenote. speaks says which API a URL is of; if it is empty,
// its host does.
func parseUpstream(text, speaks string) (upstream, error) {
	if text == "" {
		text = api.Presets[0].Name
	}
	preset, known := api.PresetNamed(text)
	if known {
		text = preset.Upstream
	}
	u, err := parseUpstreamURL(text)
	if err != nil {
		return upstream{}, err
	}
	if !known {
		preset, known = api.PresetOf(u)
	}
	if speaks == "" || speaks == preset.Name {
		return upstream{preset: preset, url: u}, nil
	}
	if known {
		return upstream{}, fmt.Errorf("upstream_api %s: the upstream %s speaks %s; leave upstream_api out, or write %s as the upstream", speaks, text, preset.Name, speaks)
	}
	preset, _ = api.PresetNamed(speaks)
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
	case u.Scheme == "http" && loopback.Host(u.Hostname()):
	case u.Scheme == "http":
		return nil, fmt.Errorf("upstream %q: tokens are sent over https only, or over http to a loopback address", text)
	default:
		return nil, fmt.Errorf("upstream %q: expected the scheme https, or http for a loopback address", text)
	}
	u.Host = hostport.WithoutDefaultPort(u)
	return u, nil
}

// wordsFor returns what to write so that requests go to the API with that name.
func (u upstream) wordsFor(name string) string {
	if _, known := api.PresetOf(u.url); known {
		return name + " as the upstream"
	}
	return "upstream_api " + name + " into the block of onenote, if that is what the upstream speaks"
}

// dial returns the address to connect to.
func (u upstream) dial() string {
	return hostport.Dial(u.url)
}

// port returns the port of that address.
func (u upstream) port() string {
	if port := u.url.Port(); port != "" {
		return port
	}
	return hostport.DefaultPort(u.url.Scheme)
}

// loopback reports whether the upstream is on this machine.
func (u upstream) loopback() bool { return loopback.Host(u.url.Hostname()) }

// pictureMode returns what becomes of pictures: what the option says, else
// direct, or local where the API has no public pictures or where unusable says why the
// site cannot use them. links says whether links lead to the site.
func (u upstream) pictureMode(word string, links bool, unusable error) (api.PictureMode, error) {
	if word != "" {
		mode, err := api.ParsePictureMode(word)
		if err == nil && mode == api.Direct && !u.preset.PublicPictures {
			unusable = fmt.Errorf("%s serves no public pictures; expected local, links or off", u.preset.Name)
		}
		if err == nil && mode == api.Direct {
			err = unusable
		}
		if err == nil && mode == api.Links && !links {
			err = errors.New("with links off no URL leads to this site; expected direct, local or off, or links local")
		}
		return mode, err
	}
	if u.preset.PublicPictures && unusable == nil {
		return api.Direct, nil
	}
	return api.Local, nil
}
