// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package backend

import (
	"net/url"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/emulator/mint"
	"github.com/caddy-onenote/caddy-onenote/emulator/notes"
)

// Site is a SharePoint site. Every address is one.
type Site struct {
	Host       string
	Path       string // with a slash at its beginning; empty for the root site
	Collection string // id of the site collection
	ID         string
}

// FindSite returns the site at an address, and records where it is.
func (b *Backend) FindSite(address string) (Site, bool) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return Site{}, false
	}
	return b.SiteAt(u.Host, u.Path), true
}

// SiteAt returns the site at a host and a path, and records where it is. All sites
// below /sites/a and /teams/a are in one site collection.
func (b *Backend) SiteAt(host, path string) Site {
	host = strings.ToLower(host)
	path = strings.ToLower(strings.Trim(path, "/"))
	s := Site{Host: host}
	collection := ""
	if path != "" {
		s.Path = "/" + path
		names := strings.SplitN(path, "/", 3)
		if len(names) > 1 && (names[0] == "sites" || names[0] == "teams") {
			collection = names[0] + "/" + names[1]
		}
	}
	s.Collection = mint.GUID("site collection", host, collection)
	s.ID = mint.GUID("site", host, path)
	b.Store.PlaceSite(notes.SiteOwner(s.Collection, s.ID), host)
	return s
}
