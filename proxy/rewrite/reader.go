// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"
)

const (
	// readSize is the most that is asked of the source at once. It bounds what
	// one replacement can displace, whatever buffer the caller brings.
	readSize = 32 << 10

	// minRead is the least room that makes a read worth it.
	minRead = 512

	// maxCarried is the most that is carried over to the next read into the
	// caller's buffer. More stays in the window and grows there: carrying a long
	// tag to and fro with every byte of a slow source would be quadratic.
	maxCarried = 256

	// maxKept is the largest buffer that goes back to the pool. A page with one
	// enormous tag shall not fatten every page after it.
	maxKept = 128 << 10

	// maxEmptyReads is how often in a row a source may return nothing.
	maxEmptyReads = 100
)

// errClosed is what Read returns after Close.
var errClosed = errors.New("rewrite: read after close")

// An edit is what a scanner has decided about the bytes it was shown: the
// first pass bytes stay, the next cut bytes go, and text stands in their place.
// An edit that cuts nothing and writes nothing says that the bytes after pass
// are undecided until more is known.
type edit struct {
	pass, cut int
	text      []byte // valid until the scanner is asked again
}

func (e edit) changes() bool { return e.cut > 0 || len(e.text) > 0 }

// A scanner decides what becomes of a body, piece by piece.
type scanner interface {
	// next looks at window[at:], where the undecided bytes begin, and returns
	// what it can decide. At the end nothing may stay undecided. Bytes that
	// were returned as undecided are shown again, with more after them;
	// everything else is shown once.
	next(window []byte, at int, end bool) edit

	// forget says that these decided bytes will no longer be in front of the
	// window.
	forget(old []byte)

	// counts returns how many URLs were replaced.
	counts() (pictures, links int)

	// release gives up the scanner; it goes back to its pool.
	release()
}

// A Reader is a body whose URLs are changed while it is read.
//
// It reads from its source into the caller's buffer and scans there; bytes are
// moved only from the first replacement of a read to that read's end, and where
// a tag or a URL is cut in two by the end of a read. It never waits for more of
// the source while it has something to hand out.
//
// Close returns the buffers. It does not close the source, whose owner knows
// when. Close may be called at any time, also while another goroutine reads;
// Read must not be called concurrently with itself.
type Reader struct {
	src  io.Reader
	err  error // of the source; handed out after the last byte
	scan scanner

	window []byte // bytes of the source from at on are not handed out yet
	at     int
	box    *[]byte // what the window came in from its pool
	todo   edit    // decided, not handed out yet
	short  bool    // the scanner needs more than the window holds

	use   atomic.Int32 // idle, reading or closed
	final [2]int       // the counts, when the scanner is gone
}

// Who uses a Reader's buffers. A Close during a Read leaves them to the Read:
// waiting for it could take as long as the source likes, and giving them away
// would show one body's bytes in another.
const (
	idle = iota
	reading
	closed
)

// windows keeps the Readers' buffers between bodies.
var windows = sync.Pool{New: func() any { return new([]byte) }}

func newReader(src io.Reader, scan scanner) *Reader {
	return &Reader{src: src, scan: scan}
}

// Read implements [io.Reader]. Errors of the source come unchanged, after
// everything that was read before them.
func (r *Reader) Read(p []byte) (n int, err error) {
	if !r.use.CompareAndSwap(idle, reading) {
		return 0, errClosed
	}
	n, err = r.read(p)
	if !r.use.CompareAndSwap(reading, idle) {
		r.release()
	}
	return n, err
}

func (r *Reader) read(p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	if !r.empty() {
		n = r.drain(p)
	}
	for n == 0 {
		if r.err != nil && r.empty() {
			return 0, r.err
		}
		n = r.fill(p)
		if !r.empty() {
			n += r.drain(p[n:])
		}
	}
	return n, nil
}

// empty reports whether all that was read has been handed out.
func (r *Reader) empty() bool {
	return r.at == len(r.window) && !r.todo.changes()
}

// drain hands out what is decided, and decides as far as the window allows.
func (r *Reader) drain(p []byte) (n int) {
	for {
		if r.todo.pass > 0 {
			k := copy(p[n:], r.window[r.at:r.at+r.todo.pass])
			r.todo.pass -= k
			r.at += k
			n += k
		}
		if n == len(p) {
			return n
		}
		if r.todo.changes() {
			r.at += r.todo.cut
			r.todo.cut = 0
			k := copy(p[n:], r.todo.text)
			r.todo.text = r.todo.text[k:]
			n += k
			if n == len(p) {
				return n
			}
		}
		if r.short || r.at == len(r.window) {
			return n
		}
		r.todo = r.scan.next(r.window, r.at, r.err != nil)
		r.short = !r.todo.changes()
	}
}

// fill reads once from the source: into p if there is room to scan in place,
// else into the window. It returns how much of p is decided and in its place.
func (r *Reader) fill(p []byte) int {
	held := r.window[r.at:]
	if r.err != nil {
		// Nothing more will come: what was undecided must be decided now.
		r.short = false
		return 0
	}
	r.short = false
	if len(held) > maxCarried || len(p)-len(held) < minRead {
		r.grow()
		n := r.readInto(r.window[len(r.window):cap(r.window)])
		r.window = r.window[:len(r.window)+n]
		return 0
	}
	r.forget(r.window[:r.at])
	copy(p, held)
	n := len(held) + r.readInto(p[len(held):min(len(p), len(held)+readSize)])
	todo := r.scan.next(p[:n], 0, r.err != nil)
	r.keep(p[todo.pass+todo.cut : n])
	r.forget(p[:todo.pass+todo.cut])
	r.short = !todo.changes()
	r.todo = edit{text: todo.text}
	return todo.pass
}

// forget tells the scanner that these bytes will be gone.
func (r *Reader) forget(old []byte) {
	if len(old) > 0 {
		r.scan.forget(old)
	}
}

// keep makes b the window.
func (r *Reader) keep(b []byte) {
	if len(b) > 0 {
		r.borrow()
	}
	r.window = append(r.window[:0], b...)
	r.at = 0
}

// grow makes room in the window for one read.
func (r *Reader) grow() {
	r.borrow()
	if cap(r.window)-len(r.window) >= minRead {
		return
	}
	held := r.window[r.at:]
	r.forget(r.window[:r.at])
	r.at = 0
	if cap(r.window)-len(held) >= readSize/2 {
		r.window = r.window[:copy(r.window, held)]
		return
	}
	r.window = append(make([]byte, 0, 2*len(held)+readSize/2), held...)
}

// borrow gets a window from the pool, if there is none yet: a page that needs
// no changes needs no window either.
func (r *Reader) borrow() {
	if r.box == nil {
		r.box = windows.Get().(*[]byte)
		r.window = (*r.box)[:0]
	}
}

// readInto reads from the source until something comes, and remembers its error.
func (r *Reader) readInto(p []byte) int {
	for range maxEmptyReads {
		n, err := r.src.Read(p)
		r.err = err
		if n > 0 || err != nil {
			return n
		}
	}
	r.err = io.ErrNoProgress
	return 0
}

// Rewritten returns how many URLs of pictures and how many other URLs were
// replaced in what was read so far. It must not be called concurrently with
// Read or Close, but may be called after both.
func (r *Reader) Rewritten() (pictures, links int) {
	if r.scan == nil {
		return r.final[0], r.final[1]
	}
	return r.scan.counts()
}

// Close gives the buffers back. What was not read yet is lost; the source
// stays open. It never fails, and closing twice does nothing.
func (r *Reader) Close() error {
	if r.use.Swap(closed) == idle {
		r.release()
	}
	return nil
}

// release gives the buffers back. It is called once: by the Close that found
// the Reader idle, or by the Read during which it was closed.
func (r *Reader) release() {
	r.final[0], r.final[1] = r.scan.counts()
	r.scan.release()
	r.scan, r.todo = nil, edit{}
	if r.box != nil {
		*r.box = nil
		if cap(r.window) <= maxKept {
			*r.box = r.window[:0]
		}
		windows.Put(r.box)
	}
	r.box, r.window, r.at = nil, nil, 0
}

var _ io.ReadCloser = (*Reader)(nil)
