// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/url"
	"slices"
	"strings"
)

// A Preset is what this product knows about one API: where it lives, under
// which paths, on which sibling hosts, and whether it serves public pictures.
type Preset struct {
	// Name is the word of the configuration: onenote, graph or onedrive.
	Name string

	// Upstream is the address that the word stands for.
	Upstream string

	// Paths are the prefixes of the API's own paths. What apps request is said by
	// the Dialect.
	Paths []string

	// Hosts are the API's own hosts. URLs on them are rewritten whatever
	// upstream is configured; a leading "*." matches any one region label.
	Hosts []string

	// PublicPictures reports whether the API honours preAuthenticated=true
	// and then serves pictures without a token. Microsoft Graph never did.
	PublicPictures bool
}

// Presets are the APIs that have a word of their own. The first is the default.
var Presets = [...]Preset{
	{
		Name:     "onenote",
		Upstream: "https://www.onenote.com",
		Paths:    []string{"/api/"},
		Hosts: []string{
			"www.onenote.com",
			"onenote.com",
			"onenote.gcc.osi.office365.us",
			"onenote.osi.office365.us",
			"onenote.osi.apps.mil",
			"apimonolith.onenote.partner.office365.cn",
			"*.apimonolith.onenote.com",
		},
		PublicPictures: true,
	},
	{
		Name:     "graph",
		Upstream: "https://graph.microsoft.com",
		Paths:    []string{"/v1.0/", "/beta/"},
		Hosts: []string{
			"graph.microsoft.com",
			"graph.microsoft.us",
			"dod-graph.microsoft.us",
			"microsoftgraph.chinacloudapi.cn",
		},
	},
	{
		Name:     "onedrive",
		Upstream: "https://api.onedrive.com",
		Paths:    []string{"/v1.0/"},
		Hosts:    []string{"api.onedrive.com"},
	},
}

// PresetNamed returns the preset with that word.
func PresetNamed(name string) (Preset, bool) {
	for _, p := range Presets {
		if p.Name == name {
			return p, true
		}
	}
	return Preset{}, false
}

// PresetOf returns the preset whose host the upstream is, else the first and false:
// an unknown address is taken for a OneNote API.
func PresetOf(upstream *url.URL) (p Preset, known bool) {
	host := strings.ToLower(upstream.Hostname())
	for _, p := range Presets {
		if p.HasHost(host) {
			return p, true
		}
	}
	return Presets[0], false
}

// HasHost reports whether a host, in lower case and without a port, is one of the API's
// own.
func (p Preset) HasHost(host string) bool {
	return slices.ContainsFunc(p.Hosts, func(own string) bool { return matchHost(own, host) })
}

func matchHost(pattern, host string) bool {
	region, ok := strings.CutPrefix(pattern, "*")
	if !ok {
		return pattern == host
	}
	label, ok := strings.CutSuffix(host, region)
	return ok && label != "" && !strings.Contains(label, ".")
}
