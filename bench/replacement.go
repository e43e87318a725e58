// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"io"
	"regexp"

	"github.com/icholy/replace"
	"golang.org/x/text/transform"
)

// What Caddy's replace-response would do, by the library that it is made of and
// as it uses it for responses that stream: each read of the body is a write to
// the transformer.

// pictureTag finds a picture's URLs as one would in a configuration: it expects
// the attributes in the service's own order and spelling.
var pictureTag = regexp.MustCompile(`(<img [^>]*src="https://www\.onenote\.com/api/[^"]*/resources/[^"/]*)/(?:content|\$value)(" data-src-type=")([^"]*)(" data-fullres-src="https://www\.onenote\.com/api/[^"]*/resources/[^"/]*)/(?:content|\$value)(" data-fullres-src-type=")([^"]*)"`)

const pictureTemplate = "$1/content?publicAuth=true&amp;mimeType=$3$2$3$4/content?publicAuth=true&amp;mimeType=$6$5$6\""

// templated replaces by a regular expression with a template.
func (h *harness) templated(body []byte) {
	h.transformed(body, replace.RegexpString(pictureTag, pictureTemplate))
}

// streamed replaces a string by another, wherever it stands.
func (h *harness) streamed(body []byte) {
	h.transformed(body, replace.String(apiRoot, base+"/api/"))
}

func (h *harness) transformed(body []byte, t transform.Transformer) {
	w := transform.NewWriter(&h.sink, t)
	for src := h.from(body); ; {
		n, err := src.Read(h.buf)
		if _, failed := w.Write(h.buf[:n]); failed != nil || err != nil {
			break
		}
	}
	_ = w.Close() // hands out the rest; the sink takes all
}

// apiRoot is how the API's URLs begin.
const apiRoot = "https://www.onenote.com/api/"

// replacedWhole reads the whole body and replaces where the API's URLs begin,
// in texts and keys as well.
func (h *harness) replacedWhole(body []byte) {
	all, err := io.ReadAll(h.from(body))
	if err != nil {
		return
	}
	h.sink += sink(len(bytes.ReplaceAll(all, []byte(apiRoot), []byte(base+"/api/"))))
}
