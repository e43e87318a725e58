// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"io"
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/caddy-onenote/caddy-onenote/proxy/rewrite"
)

// A trailedBody is the body of a request that announced trailers. At its end it
// copies those that are sent to the API. The trailers of the client's request
// are not shared: net/http adds any field to them that comes, announced or not.
type trailedBody struct {
	io.ReadCloser
	in, out http.Header
}

// Read implements [io.Reader].
func (b *trailedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		for name := range b.out {
			b.out[name] = b.in[name]
		}
	}
	return n, err
}

// upstreamTrailer returns the names of the client's trailers that are sent to the
// API, without values, or nil. What the header may not hold a trailer may not
// hold either: servers merge both.
func (x *exchange) upstreamTrailer() http.Header {
	var trailer http.Header
	for name := range x.in.Trailer {
		if isDropped(name) || isDroppedTrailer(name) || x.isConnectionField(name) {
			continue
		}
		if trailer == nil {
			trailer = make(http.Header)
		}
		trailer[name] = nil
	}
	return trailer
}

// isDroppedTrailer reports whether a field has no place in trailers, although it
// may stand in the header: it says how to read the message (RFC 9110 §6.5.1).
func isDroppedTrailer(name string) bool {
	name = textproto.CanonicalMIMEHeaderKey(strings.ReplaceAll(name, "_", "-"))
	return name == "Cdn-Loop" || !httpguts.ValidTrailerHeader(name)
}

// A cleanedTrailer is the body of a response of which the trailers are cleaned as
// its header is. The trailers are known once the body was read.
type cleanedTrailer struct {
	io.ReadCloser
	res *http.Response
}

func (b *cleanedTrailer) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF { // without it there are none
		b.clean()
	}
	return n, err
}

func (b *cleanedTrailer) clean() {
	for name := range b.res.Trailer {
		if isRemovedTrailer(name) {
			delete(b.res.Trailer, name)
		}
	}
}

// cleanTrailer removes trailers of a response, those that are announced and those
// that are not.
func (x *exchange) cleanTrailer(res *http.Response) {
	if res.Body == nil || res.Body == http.NoBody {
		return
	}
	x.trailer = cleanedTrailer{res.Body, res}
	x.trailer.clean()
	res.Body = &x.trailer
}

// isRemovedTrailer reports whether a trailer of the API is not sent to the client.
// Some clients add trailers to the header.
func isRemovedTrailer(name string) bool {
	name = textproto.CanonicalMIMEHeaderKey(name)
	return isRemoved(name) || isSafety(name) || slices.Contains(rewrite.Locations[:], name) || !httpguts.ValidTrailerHeader(name)
}
