// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"fmt"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// A proxySite is a handler onenote and where its requests arrive, for people to read.
type proxySite struct {
	handler *Handler
	address string
}

// address returns where the requests of a handler arrive: the URL that is configured,
// else the hosts that lead to it, else what the server listens on.
func (s *serverSites) address(h *Handler, hosts []string) string {
	switch {
	case h.PublicURL != "":
		return h.PublicURL
	case len(hosts) > 0:
		return strings.Join(slices.Compact(slices.Clone(hosts)), ", ")
	}
	return strings.Join(s.server.Listen, ", ")
}

// siteLines says of each site in front of which API it is, and whether requests are
// translated. All apps of the configuration are provisioned.
func siteLines(http *caddyhttp.App) []string {
	var lines []string
	for _, s := range allSites(http) {
		for _, site := range s.proxy {
			lines = append(lines, site.line())
		}
	}
	return lines
}

func (s proxySite) line() string {
	h := s.handler
	account := "account " + h.site.account
	switch {
	case h.site.dynamic:
		account = "account of each request"
	case h.site.account == "":
		account = "accounts of its keys"
	}
	line := fmt.Sprintf("site %s (%s): speaks to %s at %s", s.address, account, apiTitle(h.upstream.preset.Name), h.upstream.url)
	if h.upstream.preset.Name != graphAPI {
		return line
	}
	return line + "; /api/ is translated for Microsoft Graph, /v1.0/ and /beta/ pass as they are"
}

// apiTitle returns the name of an API for people to read.
func apiTitle(preset string) string {
	switch preset {
	case graphAPI:
		return "Microsoft Graph"
	case "onedrive":
		return "the OneDrive API"
	}
	return "the OneNote API"
}
