// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	_ "embed"
	"net/http"
	"strconv"
)

// icon is the picture of templates/layout.html, for browsers that look for it where
// browsers do: the pages bring their own.
//
//go:embed templates/favicon.ico
var icon []byte

// showIcon serves the icon.
func (p *Pages) showIcon(q *pageRequest) {
	h := q.w.Header()
	h.Set("Cache-Control", "max-age=86400")
	h.Set("Content-Type", "image/x-icon")
	h.Set("Content-Length", strconv.Itoa(len(icon)))
	if q.r.Method != http.MethodHead {
		q.w.Write(icon)
	}
}
