// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"bytes"
	"mime"
	"strings"
)

// hasBareLineFeed reports whether a boundary of a multipart body stands between
// line ends other than CR LF, which the service does not accept.
func hasBareLineFeed(contentType string, body []byte) bool {
	mediaType, parameters, err := mime.ParseMediaType(contentType)
	if err != nil || !strings.HasPrefix(mediaType, "multipart/") || parameters["boundary"] == "" {
		return false
	}
	boundary := []byte("--" + parameters["boundary"])
	for at := 0; ; {
		i := bytes.Index(body[at:], boundary)
		if i < 0 {
			return false
		}
		before, after := body[:at+i], body[at+i+len(boundary):]
		if bytes.HasSuffix(before, []byte("\n")) && !bytes.HasSuffix(before, []byte("\r\n")) || bytes.HasPrefix(after, []byte("\n")) {
			return true
		}
		at += i + len(boundary)
	}
}
