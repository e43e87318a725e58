// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync"

	"github.com/caddy-onenote/caddy-onenote/internal/ascii"
	"github.com/caddy-onenote/caddy-onenote/proxy/api"
	"github.com/caddy-onenote/caddy-onenote/proxy/rewrite"
)

// rewriteBody replaces the response's body by one that is rewritten while it is
// read, if there is something to rewrite, or by one that is only decoded, if it is
// gzip that the proxy has asked for and the client cannot read. It reports whether it
// has replaced the body.
// urls is the number of URLs that were replaced in the header.
func (x *exchange) rewriteBody(res *http.Response, urls int) bool {
	if !x.req.RewriteResponse || !isWholeBody(res) {
		return false
	}
	coding := codingOf(res.Header)
	rules, ok := x.responseRules(res, coding)
	if !ok || rules == nil && (coding == "" || acceptsGzip(x.in.Header)) {
		return false
	}
	length := res.ContentLength
	body := &x.rewritten
	*body = rewrittenBody{exchange: x, src: res.Body, headers: urls}
	src := io.Reader(res.Body)
	if coding != "" {
		body.gzip = newGzipReader(src)
		src = body.gzip
		delete(res.Header, "Content-Encoding")
	}
	if rules != nil {
		body.rewriter = rules.Open(src)
	} else {
		body.rewriter = rewrite.Unchanged(src)
	}
	res.Body = body
	dropBodyHeader(res)
	if 0 < length && length <= shortBody && len(res.Trailer) == 0 {
		body.readShort(res)
	}
	return true
}

const (
	// shortBody is the length of the longest body that is rewritten before its header
	// is sent. Then its new length is known, and it is sent in one piece, without
	// chunks. The API sends it in one piece, too, so that nobody waits for it.
	shortBody = 48 << 10

	// shortBuffer is the room for such a body, which may have grown.
	shortBuffer = 64 << 10
)

var shortBuffers = sync.Pool{New: func() any { return new([shortBuffer]byte) }}

// responseRules returns the rules for a response's body; nil where nothing is
// rewritten. It reports false for a body that cannot be decoded.
func (x *exchange) responseRules(res *http.Response, coding string) (rules api.BodyRules, ok bool) {
	known := coding == "" || isGzip(coding)
	if forbidsChange(res.Header) {
		return nil, known
	}
	if !known {
		x.debug("a response in this coding cannot be rewritten and is passed on as it is", slog.String("coding", coding))
		return nil, false
	}
	return x.translation.ResponseBody(res), true
}

// isWholeBody reports whether the response has a body, and all of it.
func isWholeBody(res *http.Response) bool {
	switch res.StatusCode {
	case http.StatusNoContent, http.StatusResetContent, http.StatusPartialContent, http.StatusNotModified:
		return false
	}
	return res.Body != nil && res.Body != http.NoBody && res.StatusCode >= 200
}

// forbidsChange reports whether the response must stay as it is (RFC 9111
// §5.2.2.6).
func forbidsChange(h http.Header) bool {
	for _, value := range h["Cache-Control"] {
		if ascii.ContainsFold(value, "no-transform") {
			return true
		}
	}
	return false
}

// dropBodyHeader removes the header fields that describe the bytes of the
// original body.
func dropBodyHeader(res *http.Response) {
	h := res.Header
	for _, name := range [...]string{
		"Content-Length", "Etag", "Content-Md5", "Digest", "Content-Digest", "Repr-Digest", "Accept-Ranges",
	} {
		delete(h, name)
	}
	// Caddy's reverse_proxy flushes after each write where the length is -1,
	// which costs more than rewriting does. Clients see the header; this field
	// only has to be non-negative.
	res.ContentLength = max(res.ContentLength, 1)
	res.Uncompressed = false
}

var errBodyClosed = errors.New("read of a closed body")

// A rewrittenBody is a body that is rewritten while it is read: a response's, or
// a request's.
type rewrittenBody struct {
	src      io.Closer
	exchange *exchange // gets the numbers of replaced URLs, if not nil
	headers  int       // URLs replaced in the response's header

	mu       sync.Mutex // guards the rest, which is used again after Close
	gzip     *gzipReader
	rewriter rewrite.Body
	closed   bool

	// What was read before the header was sent, and how that ended: nil where the
	// rest is read as it comes.
	buffer *[shortBuffer]byte
	ready  []byte
	err    error
	length [1]string // the value of Content-Length
}

// readShort reads a short body. If it has an end, the header says how long it is.
func (b *rewrittenBody) readShort(res *http.Response) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.buffer = shortBuffers.Get().(*[shortBuffer]byte)
	n := 0
	for n < len(b.buffer) && b.err == nil {
		var k int
		k, b.err = b.rewriter.Read(b.buffer[n:])
		n += k
	}
	b.ready = b.buffer[:n]
	if errors.Is(b.err, io.EOF) {
		res.ContentLength = int64(n)
		b.length[0] = strconv.Itoa(n)
		res.Header["Content-Length"] = b.length[:]
	}
}

// Read implements [io.Reader].
func (b *rewrittenBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		return 0, errBodyClosed
	case len(b.ready) > 0:
		n := copy(p, b.ready)
		b.ready = b.ready[n:]
		return n, nil
	case b.err != nil:
		return 0, b.err
	}
	return b.rewriter.Read(p)
}

// Close implements [io.Closer]. It closes the source first, which ends a Read
// that is still waiting for it.
func (b *rewrittenBody) Close() error {
	err := b.src.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return err
	}
	b.closed = true
	if b.buffer != nil {
		shortBuffers.Put(b.buffer)
		b.buffer, b.ready = nil, nil
	}
	_ = b.rewriter.Close() // returns buffers; it does not fail
	if b.gzip != nil {
		b.gzip.release()
	}
	if b.exchange != nil {
		pictures, links := b.rewriter.Rewritten()
		b.exchange.observeRewritten(pictures, links, b.headers, 0)
	}
	return err
}
