// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"mime"
	"strings"
)

// A mediaType is what a Content-Type says, as far as it matters here.
type mediaType int

const (
	otherType     mediaType = iota
	htmlType                // text/html, application/xhtml+xml
	jsonType                // application/json, …+json
	multipartType           // multipart/…
	httpType                // application/http, a part of a batch
)

// mediaTypeOf tells the type, its parameters aside. HTML and JSON count only
// in UTF-8, which is what the rewriters read; both are UTF-8 if nothing is said.
func mediaTypeOf(contentType string) mediaType {
	full, params, _ := strings.Cut(contentType, ";")
	t := typeNamed(strings.TrimSpace(full))
	if (t == htmlType || t == jsonType) && !isUTF8(contentType, params) {
		return otherType
	}
	return t
}

func typeNamed(name string) mediaType {
	switch {
	case strings.EqualFold(name, "text/html"), strings.EqualFold(name, "application/xhtml+xml"):
		return htmlType
	case strings.EqualFold(name, "application/json"), hasSuffixFold(name, "+json"):
		return jsonType
	case strings.EqualFold(name, "application/http"):
		return httpType
	case len(name) > len("multipart/") && strings.EqualFold(name[:len("multipart/")], "multipart/"):
		return multipartType
	}
	return otherType
}

func hasSuffixFold(s, suffix string) bool {
	return len(s) >= len(suffix) && strings.EqualFold(s[len(s)-len(suffix):], suffix)
}

// isUTF8 reports whether the parameters leave the text in UTF-8. Where they
// cannot be read, it is not known to be.
func isUTF8(contentType, params string) bool {
	if !containsFold(params, "charset") || strings.EqualFold(strings.TrimSpace(params), "charset=utf-8") {
		return true
	}
	_, read, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	switch strings.ToLower(read["charset"]) {
	case "", "utf-8", "utf8", "us-ascii", "ascii":
		return true
	}
	return false
}

// maxBoundary is the longest boundary that is looked for. RFC 2046 allows 70
// characters.
const maxBoundary = 256

// boundaryOf returns the boundary of a multipart type, or nothing.
func boundaryOf(contentType string) string {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil || len(params["boundary"]) > maxBoundary {
		return ""
	}
	return params["boundary"]
}
