// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite

import (
	"mime"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/internal/ascii"
)

// A MediaType is what a Content-Type says, as far as it matters here.
type MediaType int

const (
	OtherType     MediaType = iota
	HTMLType                // text/html, application/xhtml+xml
	JSONType                // application/json, text/json, …+json
	MultipartType           // multipart/…
	HTTPType                // application/http, a part of a batch
)

// MediaTypeOf tells the type, its parameters aside. JSON counts only in UTF-8,
// HTML also where each byte is a character and those of ASCII are ASCII's: some
// HTTP clients write ISO-8859-1 unless they are told otherwise. Both are UTF-8 if
// nothing is said.
func MediaTypeOf(contentType string) MediaType {
	full, params, _ := strings.Cut(contentType, ";")
	t := typeNamed(strings.TrimSpace(full))
	if t != HTMLType && t != JSONType {
		return t
	}
	charset, ok := charsetOf(contentType, params)
	if !ok || !isUTF8(charset) && (t != HTMLType || !isSingleByte(charset)) {
		return OtherType
	}
	return t
}

func typeNamed(name string) MediaType {
	switch {
	case strings.EqualFold(name, "text/html"), strings.EqualFold(name, "application/xhtml+xml"):
		return HTMLType
	case strings.EqualFold(name, "application/json"), hasSuffixFold(name, "+json"),
		strings.EqualFold(name, "text/json"): // ASP.NET reads and writes it like the first
		return JSONType
	case strings.EqualFold(name, "application/http"):
		return HTTPType
	case len(name) > len("multipart/") && strings.EqualFold(name[:len("multipart/")], "multipart/"):
		return MultipartType
	}
	return OtherType
}

func hasSuffixFold(s, suffix string) bool {
	return len(s) >= len(suffix) && strings.EqualFold(s[len(s)-len(suffix):], suffix)
}

// charsetOf returns the charset that the parameters name in lower case, or nothing.
// It reports false where they cannot be read: the charset is not known then.
func charsetOf(contentType, params string) (charset string, ok bool) {
	if !ascii.ContainsFold(params, "charset") || strings.EqualFold(strings.TrimSpace(params), "charset=utf-8") {
		return "", true
	}
	_, read, err := mime.ParseMediaType(contentType)
	return strings.ToLower(read["charset"]), err == nil
}

func isUTF8(charset string) bool {
	switch charset {
	case "", "utf-8", "utf8", "us-ascii", "ascii":
		return true
	}
	return false
}

// isSingleByte reports whether a charset has one byte for each character, those of
// ASCII for ASCII's.
func isSingleByte(charset string) bool {
	return charset == "latin1" || strings.HasPrefix(charset, "iso-8859-") || strings.HasPrefix(charset, "windows-125")
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
