// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"errors"
	"io"
	"os"
)

// keptInMemory is how much of one body is kept in memory before it moves to a
// temporary file. Nearly every request to the API is smaller.
const keptInMemory = 1 << 20

// errNotKept is what reading again from a body gives that could not be kept.
var errNotKept = errors.New("the request body was not kept for a second try")

// A kept is the beginning of a request body, up to what was read of it. It
// takes its room from a [Spool] and is used by one goroutine at a time.
type kept struct {
	spool *Spool
	max   int64 // bytes

	size    int64  // of all that is kept
	tail    []byte // the end of it, where it is not with the rest
	memory  []byte // its capacity is taken from the spool
	file    *os.File
	written int64 // to the file; taken from the spool
	named   bool  // the file still has a name, to be removed in the end
}

// append keeps p behind what is kept. Where there is no room it reports false
// and what was kept before still is.
func (k *kept) append(p []byte) bool {
	if k.tail != nil || k.size+int64(len(p)) > k.max || !k.put(p) {
		return false
	}
	k.size += int64(len(p))
	return true
}

// appendLast keeps p, the one piece for which there was no room any more, so
// that what was read ahead can be sent; nothing can be appended behind it.
func (k *kept) appendLast(p []byte) {
	k.tail = bytes.Clone(p)
	k.size += int64(len(p))
}

func (k *kept) put(p []byte) bool {
	if k.file == nil {
		if k.grow(len(p)) {
			k.memory = append(k.memory, p...)
			return true
		}
		if !k.spill() {
			return false
		}
	}
	return k.write(p, k.size)
}

// grow makes room for n more bytes of memory.
func (k *kept) grow(n int) bool {
	need := len(k.memory) + n
	if need <= cap(k.memory) {
		return true
	}
	if need > keptInMemory {
		return false
	}
	room := min(max(2*cap(k.memory), need, 4<<10), keptInMemory)
	if !k.spool.memory.take(int64(room)) {
		return false
	}
	k.spool.memory.give(int64(cap(k.memory)))
	k.memory = append(make([]byte, 0, room), k.memory...)
	return true
}

// spill moves what is in memory to a temporary file.
func (k *kept) spill() bool {
	if k.spool.disk.limit < 1 {
		return false
	}
	f, err := os.CreateTemp(k.spool.dir, "onenote-body-*") // mode 0600
	if err != nil {
		return false
	}
	k.file = f
	// Without a name nobody else finds it, and a crash leaves nothing behind.
	// Windows does not remove what is open: there it goes in the end.
	k.named = os.Remove(f.Name()) != nil
	if !k.write(k.memory, 0) {
		return false
	}
	k.dropMemory()
	return true
}

// write writes p at off, the file's end.
func (k *kept) write(p []byte, off int64) bool {
	if !k.spool.disk.take(int64(len(p))) {
		return false
	}
	if _, err := k.file.WriteAt(p, off); err != nil {
		k.spool.disk.give(int64(len(p)))
		return false
	}
	k.written += int64(len(p))
	return true
}

// ReadAt implements [io.ReaderAt].
func (k *kept) ReadAt(p []byte, off int64) (int, error) {
	if off >= k.size {
		return 0, io.EOF
	}
	body := k.size - int64(len(k.tail))
	switch {
	case off >= body:
		return copy(p, k.tail[off-body:]), nil
	case k.file == nil:
		return copy(p, k.memory[off:]), nil
	}
	n, err := k.file.ReadAt(p[:min(int64(len(p)), body-off)], off)
	if n > 0 {
		return n, nil
	}
	return 0, err
}

// release gives all room back. Releasing twice does nothing.
func (k *kept) release() {
	k.dropMemory()
	k.dropFile()
	k.tail = nil
	k.size = 0
}

func (k *kept) dropMemory() {
	if k.memory != nil {
		k.spool.memory.give(int64(cap(k.memory)))
		k.memory = nil
	}
}

func (k *kept) dropFile() {
	if k.file == nil {
		return
	}
	// Closing or removing may fail where the disk does; there is nothing that
	// could be done about it, and the request does not depend on it.
	_ = k.file.Close()
	if k.named {
		_ = os.Remove(k.file.Name())
	}
	k.file = nil
	k.spool.disk.give(k.written)
	k.written = 0
}
