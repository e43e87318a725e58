// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"errors"
	"io"
	"net/http"
)

// maxPeeked is how much of an error response's body is read ahead for its code. The
// API's errors have a few hundred bytes.
const maxPeeked = 64 << 10

// A peekedBody is a response's body of which the beginning was read ahead.
type peekedBody struct {
	peeked []byte // read ahead, not returned yet
	err    error  // with which reading ahead ended; nil where there is more
	rest   io.ReadCloser
}

// peek reads the body of a response off its connection, so that it is still
// there when the token has been refreshed and the connection has been closed. It
// returns what it has read. Of a body larger than maxPeeked the rest stays on the
// connection.
func peek(res *http.Response) []byte {
	if res.Body == nil || res.Body == http.NoBody {
		return nil
	}
	peeked, err := io.ReadAll(io.LimitReader(res.Body, maxPeeked+1))
	if err == nil && len(peeked) <= maxPeeked {
		err = io.EOF
	}
	res.Body = &peekedBody{peeked: peeked, err: err, rest: res.Body}
	return peeked
}

// peekedOf returns the body of a response after peek, and whether that is all of it.
func peekedOf(res *http.Response) (body []byte, whole bool) {
	b, ok := res.Body.(*peekedBody)
	if !ok {
		return nil, true // there is none
	}
	return b.peeked, errors.Is(b.err, io.EOF)
}

// Read implements [io.Reader].
func (b *peekedBody) Read(p []byte) (int, error) {
	if len(b.peeked) > 0 {
		n := copy(p, b.peeked)
		b.peeked = b.peeked[n:]
		return n, nil
	}
	if b.err != nil {
		return 0, b.err
	}
	return b.rest.Read(p)
}

// Close implements [io.Closer].
func (b *peekedBody) Close() error { return b.rest.Close() }
