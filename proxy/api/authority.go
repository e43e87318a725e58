// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package api

import "bytes"

// maxAuthority is the longest host with port that is looked up. DNS allows 253
// bytes for the name.
const maxAuthority = 253 + len(":65535")

// cutAuthority appends to dst the authority of an http or https URL, in lower case and without the scheme's own port, and
// returns where the path begins. It reports false for any other URL and for one
// without a path.
func cutAuthority(dst, u []byte) (host []byte, path int, ok bool) {
	const http = "http"
	if len(u) < len("http://") || !bytes.EqualFold(u[:len(http)], []byte(http)) {
		return nil, 0, false
	}
	ownPort := ":80"
	i := len(http)
	if u[i]|0x20 == 's' {
		ownPort = ":443"
		i++
	}
	rest, ok := bytes.CutPrefix(u[i:], []byte("://"))
	if !ok {
		return nil, 0, false
	}
	n := bytes.IndexByte(rest, '/')
	if n <= 0 || n > maxAuthority {
		return nil, 0, false
	}
	for _, c := range rest[:n] {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return bytes.TrimSuffix(dst, []byte(ownPort)), len(u) - len(rest) + n, true
}
