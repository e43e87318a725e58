// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import "sync/atomic"

// Sizes for a [Spool] that suit a proxy of one machine: some hundred small
// uploads in memory, and a dozen of the largest that the API takes on disk.
const (
	DefaultSpoolMemory = 64 << 20
	DefaultSpoolDisk   = 1 << 30
)

// A Spool bounds what all buffered request bodies take together, in memory and
// in temporary files. When it is used up, bodies are sent without being
// buffered: many uploads at once cost retries, but never memory, disk or
// requests.
type Spool struct {
	memory budget
	disk   budget
	dir    string
}

// NewSpool returns a spool of that many bytes of memory and of disk. The
// temporary files are made in dir, readable by this user only and without a
// name where the system allows it; dir "" is the system's directory for them. A
// limit below 1 means that none of that kind is used.
func NewSpool(memory, disk int64, dir string) *Spool {
	s := &Spool{dir: dir}
	s.memory.limit = memory
	s.disk.limit = disk
	return s
}

// Used returns how many bytes are taken at the moment.
func (s *Spool) Used() (memory, disk int64) {
	return s.memory.used.Load(), s.disk.used.Load()
}

// A budget is a number of bytes that several bodies share.
type budget struct {
	limit int64
	used  atomic.Int64
}

// reserve takes n bytes, or takes none and reports false.
func (b *budget) reserve(n int64) bool {
	if b.used.Add(n) <= b.limit {
		return true
	}
	b.used.Add(-n)
	return false
}

func (b *budget) free(n int64) { b.used.Add(-n) }
