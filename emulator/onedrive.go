// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"net/http"
	"strings"
	"time"
)

// serveOneDrive answers the part of the OneDrive API that shows whether a
// token fits it: the drive, its root and what is in there. The OneDrive API
// also takes its token from the query.
func (c *call) serveOneDrive() {
	if c.r.Header.Get("Authorization") == "" && c.options.has("access_token") {
		c.r.Header.Set("Authorization", "Bearer "+c.options.get("access_token"))
	}
	if !c.authorize(oneDrive) {
		return
	}
	if c.r.Method != http.MethodGet && c.r.Method != http.MethodHead {
		c.write(http.StatusNotImplemented, object{{"error", object{{"code", "notSupported"}, {"message", "The emulator's drive is read-only."}}}})
		return
	}
	a := c.token.grant.account
	switch strings.ToLower(strings.Join(c.segments, "/")) {
	case "drive", "drives/me":
		c.write(http.StatusOK, object{
			{"@odata.context", c.base() + "$metadata#drives/$entity"},
			{"id", strings.ToLower(a.cid())},
			{"driveType", "personal"},
			{"owner", object{{"user", object{{"id", strings.ToLower(a.cid())}, {"displayName", a.displayName()}}}}},
			{"quota", object{{"total", 5368709120}, {"used", 64}, {"state", "normal"}}},
		})
	case "drive/root":
		c.write(http.StatusOK, c.driveItem("root", a.cid()+"!101", true))
	case "drive/root/children", "drive/items/root/children":
		c.list(c.base()+"$metadata#drives('me')/items('root')/children", []object{
			c.driveItem("Documents", a.cid()+"!105", true),
			c.driveItem("Getting started.pdf", a.cid()+"!106", false),
		}, everything)
	default:
		c.write(http.StatusNotFound, object{{"error", object{{"code", "itemNotFound"}, {"message", "The resource could not be found."}}}})
	}
}

func (c *call) driveItem(name, id string, folder bool) object {
	o := object{
		{"id", id},
		{"name", name},
		{"createdDateTime", seedTime().Format(time.RFC3339)},
		{"webUrl", "https://onedrive.live.com/redir?resid=" + id},
	}
	if folder {
		return append(o, member{"folder", object{{"childCount", 2}}})
	}
	return append(o, member{"size", 64}, member{"file", object{{"mimeType", "application/pdf"}}})
}
