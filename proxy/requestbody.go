// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"context"
	"io"
	"math"
	"net/http"
	"strconv"

	"github.com/caddy-onenote/caddy-onenote/proxy/api"
)

// bufferBody makes the request's body one that can be sent twice.
func (x *exchange) bufferBody() {
	if x.in.Body == nil || x.in.Body == http.NoBody {
		return
	}
	length := x.in.ContentLength
	if length == 0 {
		length = -1 // with a body, it means that the length is unknown
	}
	body := x.in.Body
	if x.out.Trailer != nil {
		body = &trailedBody{ReadCloser: body, in: x.in.Trailer, out: x.out.Trailer}
	}
	x.body = newReplay(body, length, x.MaxReplay, x.Spool)
	if x.body.whole {
		// net/http sends again by itself where the connection turns out to be
		// closed before the API can have seen the request.
		x.out.GetBody = func() (io.ReadCloser, error) { return x.openBody(x.body.start()) }
	}
}

// mapBody makes URLs of the proxy in the request's body the API's again, where
// there are any. An app may send back what it has read here, and the API can
// fetch nothing from localhost.
//
// The body is read to its end first: only then is its new length known. A body
// without such URLs is sent as it came, with its length; so is a body for which
// there is no room, which is sent while it is still read.
func (x *exchange) mapBody() error {
	if x.body == nil || !x.body.whole || codingOf(x.in.Header) != "" {
		return nil
	}
	rules := x.translation.RequestBody()
	if rules == nil {
		return nil
	}
	all, err := x.body.spool(math.MaxInt64)
	if err != nil || !all {
		return err
	}
	length, links, err := x.measure(rules)
	if err != nil || links == 0 {
		return err
	}
	x.bodyRules = rules
	x.observeRewritten(0, 0, 0, links)
	x.setLength(length)
	return nil
}

// measure rewrites the spooled body once without sending it.
func (x *exchange) measure(rules api.BodyRules) (length int64, links int, err error) {
	body, err := x.body.start()
	if err != nil {
		return 0, 0, err
	}
	mapped := rules.Open(body)
	defer func() {
		_ = mapped.Close() // returns buffers, and
		_ = body.Close()   // ends the reading; neither fails
	}()
	length, err = io.Copy(io.Discard, mapped)
	pictures, links := mapped.Rewritten()
	return length, pictures + links, err
}

// setLength sets the length of the rewritten body, unless trailers follow it,
// which need chunks. It removes the header fields that describe the bytes of the
// original body.
func (x *exchange) setLength(length int64) {
	h := x.out.Header
	for _, name := range [...]string{"Content-Length", "Content-Md5", "Digest", "Content-Digest", "Repr-Digest"} {
		delete(h, name)
	}
	if x.out.Trailer != nil {
		return
	}
	x.out.ContentLength = length
	x.out.TransferEncoding = nil
	h["Content-Length"] = []string{strconv.FormatInt(length, 10)}
}

// openBody returns what is sent of a body that was opened for one try.
func (x *exchange) openBody(body io.ReadCloser, err error) (io.ReadCloser, error) {
	if err != nil || x.bodyRules == nil {
		return body, err
	}
	return &rewrittenBody{src: body, rewriter: x.bodyRules.Open(body)}, nil
}

// start opens the body for the first try.
func (x *exchange) start() (io.ReadCloser, error) { return x.openBody(x.body.start()) }

// restart opens it for the second.
func (x *exchange) restart(ctx context.Context) (io.ReadCloser, error) {
	return x.openBody(x.body.restart(ctx))
}
