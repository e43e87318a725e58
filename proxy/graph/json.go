// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/caddy-onenote/caddy-onenote/proxy/api"
	"github.com/caddy-onenote/caddy-onenote/proxy/rewrite"
)

// JSONRules say how the JSON of one response of Graph is translated for an app
// that was written against the OneNote API. What is nil stays as it is.
//
// Each member is translated by its own name, wherever it stands, and not by the
// route: some responses of Graph hold the names of the OneNote API already, and
// those stay. Every other byte is Graph's: white space, the order of the members,
// the spelling of numbers and strings. Names and texts that people wrote are
// never looked into.
//
// JSON that is broken or cut off stays so: from where it stops to be JSON, its
// bytes pass unchanged.
type JSONRules struct {
	// Shape is what the app selected and expanded. Nil: everything.
	Shape *Shape

	// URL appends the URL that the app is to see in place of one of Graph, or
	// reports false. It gets those that stand under the name of a URL.
	URL func(dst, url []byte) (text []byte, ok bool)

	// Context does the same for @odata.context, on all levels. It is called in the
	// order of the body, so that it can learn from one context for the next.
	Context func(dst, url []byte) (text []byte, ok bool)

	// NextLink returns the same for the @odata.nextLink of the whole response. That
	// of an expanded list goes to URL.
	NextLink func(url []byte) (text string, ok bool)

	// Picture does the same for previewImageUrl.
	Picture func(dst, url []byte) (text []byte, ok bool)

	// Operation says that the body is an operation. Its names stay, since the
	// OneNote API writes them as Graph does; its status is written in lower case.
	Operation bool
}

// Open returns src translated. Closing it does not close src.
func (r *JSONRules) Open(src io.Reader) rewrite.Body {
	scan := jsonScanners.Get().(*jsonScanner)
	scan.begin(r)
	return &jsonBody{src: src, scan: scan}
}

const (
	// jsonReadSize is the most that is asked of the source at once.
	jsonReadSize = 16 << 10

	// jsonMinRead is the least room that makes a read worth it.
	jsonMinRead = 512

	// jsonMaxPooled is the largest buffer that is kept for the next body.
	jsonMaxPooled = 128 << 10

	// jsonMaxEmptyReads is how often in a row a source may return nothing.
	jsonMaxEmptyReads = 100
)

var errJSONClosed = errors.New("graph: read after close")

// jsonScanners keeps the scanners, and their buffers, between bodies.
var jsonScanners = sync.Pool{New: func() any { return new(jsonScanner) }}

// A jsonBody is a body of JSON that is translated while it is read. It never waits
// for more of its source while it has something to return.
//
// Read must not be called concurrently with itself. Close may be called at any
// time.
type jsonBody struct {
	src  io.Reader
	err  error        // of the source; returned after the last byte
	scan *jsonScanner // nil when all is returned
	sent int          // bytes of its output that were returned

	closed          atomic.Bool
	pictures, links int // the counts, when the scanner is gone
}

// Read implements [io.Reader]. Errors of the source come unchanged, after
// everything that was read before them.
func (b *jsonBody) Read(p []byte) (int, error) {
	if b.closed.Load() {
		return 0, errJSONClosed
	}
	if len(p) == 0 {
		return 0, nil
	}
	scan := b.scan
	if scan == nil {
		return 0, b.err
	}
	for b.sent == len(scan.out) {
		if b.err != nil {
			b.release()
			return 0, b.err
		}
		scan.out, b.sent = scan.out[:0], 0
		b.fill(scan)
	}
	n := copy(p, scan.out[b.sent:])
	b.sent += n
	return n, nil
}

// fill reads once from the source and translates what came.
func (b *jsonBody) fill(scan *jsonScanner) {
	room := scan.room()
	for range jsonMaxEmptyReads {
		n, err := b.src.Read(room)
		b.err = err
		if n > 0 || err != nil {
			scan.add(n, err != nil)
			return
		}
	}
	b.err = io.ErrNoProgress
	scan.add(0, true)
}

// Rewritten returns how many URLs were replaced in what was read so far. It must
// not be called concurrently with Read, but may be called after Close.
func (b *jsonBody) Rewritten() (pictures, links int) {
	if b.scan == nil {
		return b.pictures, b.links
	}
	return b.scan.pictures, b.scan.links
}

// Close ends reading: what was not read yet is lost. It never fails. It does not
// give the scanner back, since a Read may still be using it; that of a body which
// is not read to its end is left to the garbage collector.
func (b *jsonBody) Close() error {
	b.closed.Store(true)
	return nil
}

// release gives the scanner back, once.
func (b *jsonBody) release() {
	b.pictures, b.links = b.Rewritten()
	b.scan.forget()
	jsonScanners.Put(b.scan)
	b.scan = nil
}

var (
	_ api.BodyRules = (*JSONRules)(nil)
	_ rewrite.Body  = (*jsonBody)(nil)
)
