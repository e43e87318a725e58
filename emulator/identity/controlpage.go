// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package identity

import "net/http"

// WritePage responds with a page that looks like those of a sign-in. body is HTML.
func WritePage(w http.ResponseWriter, status int, title, body string) {
	writePage(w, status, page(title, body))
}
