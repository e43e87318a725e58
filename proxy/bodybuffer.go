// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"errors"
	"io"
	"os"
)

// maxInMemory is how much of one body is buffered in memory before it moves to a
// temporary file. Nearly every request to the API is smaller.
const maxInMemory = 1 << 20

// errNotBuffered is the error of reading a body again that could not be
// buffered.
var errNotBuffered = errors.New("the request body was not buffered for a second try")

// A bodyBuffer is the beginning of a request body, up to what was read of it. It
// takes its room from a [Spool] and is used by one goroutine at a time.
type bodyBuffer struct {
	spool *Spool
	max   int64 // bytes

	size    int64  // of all that is buffered
	tail    []byte // the last piece, where it is not with the rest
	memory  []byte // its capacity is taken from the spool
	file    *os.File
	written int64 // to the file; taken from the spool
	named   bool  // the file still has a name, to be removed in the end
}

// append adds p to the buffer. Where there is no room it reports false and the
// buffer stays as it was.
func (b *bodyBuffer) append(p []byte) bool {
	if b.isFull() || b.size+int64(len(p)) > b.max || !b.put(p) {
		return false
	}
	b.size += int64(len(p))
	return true
}

// appendLast adds p, the one piece for which there was no room any more, so that
// what was read ahead can be sent; nothing can be appended after it.
func (b *bodyBuffer) appendLast(p []byte) {
	b.tail = bytes.Clone(p)
	b.size += int64(len(p))
}

// isFull reports whether nothing can be appended any more.
func (b *bodyBuffer) isFull() bool { return b.tail != nil }

func (b *bodyBuffer) put(p []byte) bool {
	if b.file == nil {
		if b.grow(len(p)) {
			b.memory = append(b.memory, p...)
			return true
		}
		if !b.spill() {
			return false
		}
	}
	return b.write(p, b.size)
}

// grow makes room for n more bytes of memory.
func (b *bodyBuffer) grow(n int) bool {
	need := len(b.memory) + n
	if need <= cap(b.memory) {
		return true
	}
	if need > maxInMemory {
		return false
	}
	room := min(max(2*cap(b.memory), need, 4<<10), maxInMemory)
	if !b.spool.memory.reserve(int64(room)) {
		return false
	}
	b.spool.memory.free(int64(cap(b.memory)))
	b.memory = append(make([]byte, 0, room), b.memory...)
	return true
}

// spill moves what is in memory to a temporary file.
func (b *bodyBuffer) spill() bool {
	if b.spool.disk.limit < 1 {
		return false
	}
	f, err := os.CreateTemp(b.spool.dir, "onenote-body-*") // mode 0600
	if err != nil {
		return false
	}
	b.file = f
	// Without a name nobody else finds it, and a crash leaves nothing behind.
	// Windows does not remove an open file: there it is removed in the end.
	b.named = os.Remove(f.Name()) != nil
	if !b.write(b.memory, 0) {
		b.dropFile() // what is buffered is still in memory, and is read from there
		return false
	}
	b.dropMemory()
	return true
}

// write writes p at off, the file's end.
func (b *bodyBuffer) write(p []byte, off int64) bool {
	if !b.spool.disk.reserve(int64(len(p))) {
		return false
	}
	if _, err := b.file.WriteAt(p, off); err != nil {
		b.spool.disk.free(int64(len(p)))
		return false
	}
	b.written += int64(len(p))
	return true
}

// ReadAt implements [io.ReaderAt].
func (b *bodyBuffer) ReadAt(p []byte, off int64) (int, error) {
	if off >= b.size {
		return 0, io.EOF
	}
	body := b.size - int64(len(b.tail))
	switch {
	case off >= body:
		return copy(p, b.tail[off-body:]), nil
	case b.file == nil:
		return copy(p, b.memory[off:]), nil
	}
	n, err := b.file.ReadAt(p[:min(int64(len(p)), body-off)], off)
	if n > 0 {
		return n, nil
	}
	return 0, err
}

// release frees all room. Releasing twice does nothing.
func (b *bodyBuffer) release() {
	b.dropMemory()
	b.dropFile()
	b.tail = nil
	b.size = 0
}

func (b *bodyBuffer) dropMemory() {
	if b.memory != nil {
		b.spool.memory.free(int64(cap(b.memory)))
		b.memory = nil
	}
}

func (b *bodyBuffer) dropFile() {
	if b.file == nil {
		return
	}
	// Closing or removing fails where the disk fails. Nothing can be done about
	// it, and the request does not depend on it.
	_ = b.file.Close()
	if b.named {
		_ = os.Remove(b.file.Name())
	}
	b.file = nil
	b.spool.disk.free(b.written)
	b.written = 0
}
