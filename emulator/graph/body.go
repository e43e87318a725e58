// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/emulator/odata"
)

// decodeBody decodes a body in gzip: Microsoft's SDKs for Graph compress what they
// send. It responds with an error and reports false for any other coding.
func decodeBody(x *odata.Exchange) bool {
	switch strings.ToLower(x.R.Header.Get("Content-Encoding")) {
	case "", "identity":
		return true
	case "gzip":
	default:
		x.Fail(http.StatusUnsupportedMediaType, "UnsupportedMediaType", "The content coding is not supported.")
		return false
	}
	z, err := gzip.NewReader(bytes.NewReader(x.Body.Data))
	if err != nil {
		badRequest(x, "The request body is not in gzip.")
		return false
	}
	data, err := io.ReadAll(io.LimitReader(z, maxBody+1))
	switch {
	case err != nil:
		badRequest(x, "The request body is not in gzip.")
		return false
	case len(data) > maxBody:
		x.TooLarge()
		return false
	}
	x.Body.Data, x.Body.Size = data, int64(len(data))
	return true
}
