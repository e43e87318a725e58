// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"net/http"
	"strings"
)

// codingOf returns the Content-Encoding in lower case, all of them where there
// are several, and nothing for identity.
func codingOf(h http.Header) string {
	values := h["Content-Encoding"]
	if len(values) == 0 {
		return ""
	}
	coding := strings.ToLower(strings.TrimSpace(strings.Join(values, ", ")))
	if coding == "identity" {
		return ""
	}
	return coding
}

func isGzip(coding string) bool { return coding == "gzip" || coding == "x-gzip" }

// acceptsGzip reports whether a client has said that it reads gzip (RFC 9110
// §12.5.3). By the letter of the standard, a client that says nothing may get
// any coding, but most likely it knows none.
func acceptsGzip(h http.Header) bool {
	for _, value := range h["Accept-Encoding"] {
		for element := range strings.SplitSeq(value, ",") {
			coding, weight, _ := strings.Cut(strings.ToLower(element), ";")
			if coding = strings.TrimSpace(coding); isGzip(coding) || coding == "*" {
				return !isZeroWeight(weight)
			}
		}
	}
	return false
}

// acceptsOnlyKnown reports whether a client names codings, and each of them can be
// decoded here.
func acceptsOnlyKnown(h http.Header) bool {
	values := h["Accept-Encoding"]
	for _, value := range values {
		for element := range strings.SplitSeq(value, ",") {
			coding, weight, _ := strings.Cut(strings.ToLower(element), ";")
			coding = strings.TrimSpace(coding)
			if !isGzip(coding) && coding != "identity" && !isZeroWeight(weight) {
				return false
			}
		}
	}
	return len(values) > 0
}

// isZeroWeight reports whether a parameter is q=0, in any of its spellings.
func isZeroWeight(weight string) bool {
	q, ok := strings.CutPrefix(strings.ReplaceAll(weight, " ", ""), "q=")
	return ok && strings.Trim(q, "0.") == ""
}
