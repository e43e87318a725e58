// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"

	"github.com/caddy-onenote/caddy-onenote/internal/ascii"
)

// siteCollections is the name in lower case.
const siteCollections = "sitecollections"

// withSites returns a path of Microsoft Graph with sites in place of
// siteCollections:
//
//	/v1.0/siteCollections/{host},{id},{id}/onenote/resources/{id}/$value
//
// Graph writes such paths into pages and contexts, and refuses them itself
// (microsoft-graph-docs, issue 6925). The OneNote API has siteCollections of its
// own, below /api/, and they stay.
func withSites(path []byte) []byte {
	begin := bytes.IndexByte(path[min(1, len(path)):], '/') + 2 // behind the version
	end := begin + len(siteCollections)
	if begin < 2 || end >= len(path) || path[end] != '/' && path[end] != '(' {
		return path
	}
	if !ascii.EqualFold(path[begin:end], siteCollections) || !bytes.Contains(path[end:], []byte("/onenote/")) {
		return path
	}
	repaired := make([]byte, 0, len(path))
	repaired = append(repaired, path[:begin]...)
	repaired = append(repaired, "sites"...)
	return append(repaired, path[end:]...)
}
