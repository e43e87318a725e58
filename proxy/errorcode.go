// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
)

// maxCode is the length of the longest code that is believed. Those of the APIs
// have a few dozen characters.
const maxCode = 64

// ErrorCode returns the code in the body of an API's error response, such as 20166;
// empty if there is none. It reads at most maxPeeked bytes ahead; the response stays
// whole.
func ErrorCode(res *http.Response) string {
	peeked := peek(res)
	if !isGzip(codingOf(res.Header)) {
		return errorCode(bytes.NewReader(peeked))
	}
	z := newGzipReader(bytes.NewReader(peeked))
	defer z.release()
	return errorCode(io.LimitReader(z, maxPeeked))
}

// errorCode returns the code of an error as the APIs write it, a string or a
// number; empty if there is none:
//
//	{"error":{"code":"40001","message":"The request does not contain a valid auth token."}}
//
// What follows the code is not read, so it may be cut off.
func errorCode(body io.Reader) string {
	d := json.NewDecoder(body)
	d.UseNumber()
	if !enterMember(d, "error") || !enterMember(d, "code") {
		return ""
	}
	token, err := d.Token()
	if err != nil {
		return ""
	}
	code := ""
	switch v := token.(type) {
	case string:
		code = v
	case json.Number:
		code = v.String()
	}
	if !isCode(code) {
		return ""
	}
	return code
}

// enterMember reads an object up to the value of a member.
func enterMember(d *json.Decoder, name string) bool {
	if token, err := d.Token(); err != nil || token != json.Delim('{') {
		return false
	}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return false
		}
		if token == name {
			return true
		}
		var skipped json.RawMessage
		if d.Decode(&skipped) != nil {
			return false
		}
	}
	return false
}

// isCode reports whether a text may be shown as a code: it comes from the network.
func isCode(text string) bool {
	for _, c := range []byte(text) {
		word := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !word && c != '_' && c != '-' && c != '.' {
			return false
		}
	}
	return len(text) <= maxCode
}
