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
	// one replacement can displace, whatever the size of the caller's buffer. It is
	// less than the usual 32 KiB of a caller: most texts grow, and what does not
	// fit costs another read and write of a few bytes.
	readSize = 30 << 10

	// minRead is the least room that makes a read worth it.
	minRead = 512

	// maxCarried is the most that is carried over to the next read into the
	// caller's buffer. More stays in the window and grows there: carrying a long
	// tag to and fro with every byte of a slow source would be quadratic.
	maxCarried = 256

	// maxPooled is the largest buffer that goes back to the pool. A page with one
	// enormous tag must not cost memory for every page after it.
	maxPooled = 128 << 10

	// maxEmptyReads is how often in a row a source may return nothing.
	maxEmptyReads = 100
)

// errClosed is what Read returns after Close.
var errClosed = errors.New("rewrite: read after close")

// An edit is what a scanner has decided about the bytes it was shown: the
// first pass bytes stay, the next cut bytes go, and text stands in their place.
// An edit that cuts nothing and writes nothing says that the bytes after pass
// are undecided until more is known. Edits are valid until the scanner is asked
// again; the Reader takes from them what it has returned.
type edit struct {
	pass, cut int
	text      []byte
}

func (e *edit) changes() bool { return e.cut > 0 || len(e.text) > 0 }

// A scanner decides what becomes of a body, piece by piece.
type scanner interface {
	// next looks at window[at:], where the undecided bytes begin, and returns
	// what it can decide: at least one edit, each from where the one before
	// ends. Only the last may change nothing. At the end nothing may stay
	// undecided. Bytes that were returned as undecided are shown again, with
	// more after them; everything else is shown once.
	next(window []byte, at int, end bool) []edit

	// forget says that these decided bytes will no longer be in front of the
	// window.
	forget(old []byte)

	// counts returns how many URLs were replaced.
	counts() (pictures, links int)

	// size returns how many bytes the scanner's buffers take.
	size() int

	// release gives up the scanner; it goes back to its pool.
	release()
}

// A Reader is a body whose URLs are changed while it is read.
//
// It reads from its source into the caller's buffer and scans there; bytes are
// moved only from the first replacement of a read to that read's end, and where
// a tag or a URL is cut in two by the end of a read. It never waits for more of
// the source while it has something to return.
//
// Read must not be called concurrently with itself. Close may be called at any
// time.
type Reader struct {
	src  io.Reader
	err  error   // of the source; returned after the last byte
	scan scanner // nil when all is returned

	window []byte // bytes of the source from at on are not returned yet
	at     int
	box    *[]byte // what the window came in from its pool
	todo   []edit  // decided, not returned yet
	short  bool    // the scanner needs more than the window holds

	closed atomic.Bool
	final  [2]int // the counts, when the scanner is gone
}

// windows keeps the Readers' buffers between bodies.
var windows = sync.Pool{New: func() any { return new([]byte) }}

func newReader(src io.Reader, scan scanner) *Reader {
	return &Reader{src: src, scan: scan}
}

// Read implements [io.Reader]. Errors of the source come unchanged, after
// everything that was read before them.
func (r *Reader) Read(p []byte) (n int, err error) {
	if r.closed.Load() {
		return 0, errClosed
	}
	if len(p) == 0 {
		return 0, nil
	}
	if !r.empty() {
		n = r.drain(p)
	}
	for n == 0 {
		if r.err != nil && r.empty() {
			r.release()
			return 0, r.err
		}
		n = r.fill(p)
		if !r.empty() {
			n += r.drain(p[n:])
		}
	}
	return n, nil
}

// empty reports whether all that was read has been returned.
func (r *Reader) empty() bool { return r.at == len(r.window) && len(r.todo) == 0 }

// drain returns what is decided, and decides as far as the window allows.
func (r *Reader) drain(p []byte) (n int) {
	for {
		for len(r.todo) > 0 {
			e := &r.todo[0]
			k := copy(p[n:], r.window[r.at:r.at+e.pass])
			r.at += k
			n += k
			if e.pass -= k; e.pass > 0 {
				return n
			}
			r.at += e.cut
			e.cut = 0
			k = copy(p[n:], e.text)
			n += k
			if e.text = e.text[k:]; len(e.text) > 0 {
				return n
			}
			r.todo = r.todo[1:]
		}
		if n == len(p) || r.short || r.at == len(r.window) {
			return n
		}
		r.do(r.scan.next(r.window, r.at, r.err != nil))
	}
}

// do takes what the scanner has decided.
func (r *Reader) do(todo []edit) {
	r.todo = todo
	r.short = !todo[len(todo)-1].changes()
}

// fill reads once from the source: into p if there is room to scan in place,
// else into the window. It returns how much of p is decided and in its place.
func (r *Reader) fill(p []byte) int {
	r.short = false
	if r.err != nil {
		return 0 // what was undecided must be decided now
	}
	held := len(r.window) - r.at
	if held > maxCarried || len(p)-held < minRead {
		r.grow()
		n := r.readInto(r.window[len(r.window):cap(r.window)])
		r.window = r.window[:len(r.window)+n]
		return 0
	}
	if len(r.window) > 0 {
		r.scan.forget(r.window[:r.at])
		copy(p, r.window[r.at:])
		r.window, r.at = r.window[:0], 0
	}
	n := held + r.readInto(p[held:min(len(p), held+readSize)])
	todo := r.scan.next(p[:n], 0, r.err != nil)
	if todo[0].pass == n {
		r.scan.forget(p[:n])
		return n
	}
	r.do(todo)
	count, used := r.fitting()
	r.scan.forget(p[:used])
	done := r.apply(p, count)
	if used < n {
		r.borrow()
		r.window = append(r.window, p[used:n]...)
	}
	return done
}

// fitting returns how many edits can be made in the caller's buffer, where no
// text may reach over bytes that are still to be moved, and how far they reach.
func (r *Reader) fitting() (count, used int) {
	shift := 0 // to the left
	for _, e := range r.todo {
		used += e.pass
		if shift += e.cut - len(e.text); shift < 0 {
			return count, used
		}
		used += e.cut
		count++
	}
	return count, used
}

// apply makes that many edits in p, and passes what comes before the next. It
// returns where in p they end.
func (r *Reader) apply(p []byte, count int) (done int) {
	from := 0
	for i := range r.todo[:min(count+1, len(r.todo))] {
		e := &r.todo[i]
		if from == done {
			done += e.pass
		} else {
			done += copy(p[done:], p[from:from+e.pass])
		}
		from += e.pass
		e.pass = 0
		if i < count {
			from += e.cut
			done += copy(p[done:], e.text)
		}
	}
	r.todo = r.todo[count:]
	return done
}

// grow makes room in the window for one read.
func (r *Reader) grow() {
	r.borrow()
	if cap(r.window)-len(r.window) >= minRead {
		return
	}
	held := r.window[r.at:]
	r.scan.forget(r.window[:r.at])
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
		if err != nil {
			r.err = err
			return n
		}
		if n > 0 {
			return n
		}
	}
	r.err = io.ErrNoProgress
	return 0
}

// Rewritten returns how many URLs of pictures and how many other URLs were
// replaced in what was read so far. It must not be called concurrently with
// Read, but may be called after Close.
func (r *Reader) Rewritten() (pictures, links int) {
	if r.scan == nil {
		return r.final[0], r.final[1]
	}
	return r.scan.counts()
}

// Close ends reading: what was not read yet is lost. It does not close the
// source, whose owner knows when. It never fails.
//
// It does not give the buffers back either. A Read may still be using them, for
// as long as its source likes, and in other hands they would show one body's
// bytes in another. They go back when the last byte is read; those of a body
// that is not read to its end are left to the garbage collector.
func (r *Reader) Close() error {
	r.closed.Store(true)
	return nil
}

// release gives the buffers back, once.
func (r *Reader) release() {
	if r.scan == nil {
		return
	}
	r.final[0], r.final[1] = r.scan.counts()
	r.scan.release()
	r.scan, r.todo = nil, nil
	if r.box != nil {
		*r.box = nil
		if cap(r.window) <= maxPooled {
			*r.box = r.window[:0]
		}
		windows.Put(r.box)
	}
	r.box, r.window, r.at = nil, nil, 0
}

var _ io.ReadCloser = (*Reader)(nil)
