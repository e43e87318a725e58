// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bufio"
	"errors"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// maxDecoded is how large a response may become by decoding its gzip: 1 GiB, ten
// times what the API takes in one request. It stops a response that was made to
// be endless.
const maxDecoded = 1 << 30

// errTooLarge is the error with which reading such a response ends.
var errTooLarge = errors.New("the response decodes to more than 1 GiB")

// A gzipReader decodes a body in gzip. It comes from a pool and must be returned
// with release, after the last Read.
type gzipReader struct {
	reader gzip.Reader
	src    *bufio.Reader
	inside bool // in a member
	begun  bool // there was a member
	left   int64
}

var gzipReaders = sync.Pool{New: func() any { return &gzipReader{src: bufio.NewReaderSize(nil, 16<<10)} }}

// newGzipReader returns a reader of what src holds. It reads nothing yet: the
// header of the response must not wait for its body.
func newGzipReader(src io.Reader) *gzipReader {
	z := gzipReaders.Get().(*gzipReader)
	z.src.Reset(src)
	z.inside, z.begun = false, false
	z.left = maxDecoded
	return z
}

// Read implements [io.Reader].
func (z *gzipReader) Read(p []byte) (int, error) {
	for {
		if !z.inside {
			if err := z.enter(); err != nil {
				return 0, err
			}
		}
		if z.left == 0 {
			return 0, errTooLarge
		}
		n, err := z.reader.Read(p[:min(int64(len(p)), z.left)])
		z.left -= int64(n)
		if errors.Is(err, io.EOF) {
			z.inside, err = false, nil
		}
		if n > 0 || z.inside {
			return n, err
		}
	}
}

// enter begins the next member (RFC 1952 §2.2), or returns io.EOF where there
// is none. An empty body is not gzip, but what some servers send for nothing.
func (z *gzipReader) enter() error {
	magic, err := z.src.Peek(2)
	switch {
	case len(magic) == 0:
		return err
	case z.begun && string(magic) != "\x1f\x8b":
		return z.skip()
	}
	if err := z.reader.Reset(z.src); err != nil {
		return err
	}
	z.reader.Multistream(false)
	z.inside, z.begun = true, true
	return nil
}

// skip ignores the bytes after the last member, padding or what a server in
// between has added, as browsers do. Where the connection breaks there, it is
// unknown whether that member was the last.
func (z *gzipReader) skip() error {
	_, err := io.CopyN(io.Discard, z.src, maxDecoded)
	if err == nil {
		return errTooLarge
	}
	return err
}

// release returns the buffers to the pool.
func (z *gzipReader) release() {
	z.src.Reset(nil)
	gzipReaders.Put(z)
}
