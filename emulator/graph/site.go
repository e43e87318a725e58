// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"net/http"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/emulator/backend"
	"github.com/caddy-onenote/caddy-onenote/emulator/mint"
	"github.com/caddy-onenote/caddy-onenote/emulator/notes"
	"github.com/caddy-onenote/caddy-onenote/emulator/odata"
	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// serveSite serves sites/root, sites/{host}, sites/{id},
// sites/{host}:/{path} and groups/{id}/sites/root: sites without their notes. Like Graph, it requires a
// permission for sites.
func (a *API) serveSite(x *odata.Exchange) bool {
	site, ok := a.siteOf(x.Segments)
	if !ok {
		return false
	}
	switch {
	case !x.Allow(http.MethodGet):
	case !x.Token.Permits("Sites.Read.All", "Sites.ReadWrite.All", "Sites.Manage.All", "Sites.FullControl.All", "Sites.Selected"):
		x.Fail(http.StatusForbidden, "accessDenied", "Access denied")
	case !strings.HasSuffix(site.Host, ".sharepoint.com"):
		x.Fail(http.StatusBadRequest, "invalidRequest", "Invalid hostname for this tenancy")
	default:
		x.Write(http.StatusOK, siteObject(x, site))
	}
	return true
}

// siteOf returns the site that a path is about, and reports false for any other
// path, such as that of a site's notes.
func (a *API) siteOf(s []string) (backend.Site, bool) {
	if len(s) == 4 && strings.EqualFold(s[0], "groups") && strings.EqualFold(s[2], "sites") && strings.EqualFold(s[3], "root") {
		return a.backend.SiteAt(notes.DefaultHost, "/sites/group-"+mint.Hex(8, "site", strings.ToLower(s[1]))), true
	}
	if len(s) < 2 || !strings.EqualFold(s[0], "sites") {
		return backend.Site{}, false
	}
	if ids := strings.Split(s[1], ","); len(ids) == 3 && len(s) == 2 {
		return backend.Site{Host: ids[0], Collection: ids[1], ID: ids[2]}, true
	}
	host, byPath := strings.CutSuffix(s[1], ":")
	switch {
	case byPath && !endsWithNotes(s):
		return a.backend.SiteAt(host, strings.Join(s[2:], "/")), true
	case len(s) == 2 && strings.EqualFold(host, "root"):
		return a.backend.SiteAt(notes.DefaultHost, ""), true
	case len(s) == 2:
		return a.backend.SiteAt(host, ""), true
	}
	return backend.Site{}, false
}

// endsWithNotes reports whether a path leads from a site to its notes.
func endsWithNotes(s []string) bool {
	for _, segment := range s[2:] {
		if strings.HasSuffix(segment, ":") {
			return true
		}
	}
	return false
}

func siteObject(x *odata.Exchange, s backend.Site) wire.Object {
	name := s.Path[strings.LastIndex(s.Path, "/")+1:]
	return wire.Object{
		{"@odata.context", x.Base() + "$metadata#sites/$entity"},
		{"createdDateTime", backend.FormatTime(notes.SeedTime())},
		{"id", s.Host + "," + s.Collection + "," + s.ID},
		{"lastModifiedDateTime", backend.FormatTime(notes.SeedTime())},
		{"name", name},
		{"webUrl", "https://" + s.Host + s.Path},
		{"displayName", name},
		{"siteCollection", wire.Object{{"hostname", s.Host}}},
	}
}
