// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite

import (
	"bufio"
	"bytes"
	"io"
)

// maxHead bounds what is read of a part before its body: its header, and in a
// batch the HTTP message's. It is also the longest line of those.
const maxHead = 32 << 10

// A splitter cuts a body at the delimiters of its parts. As a reader it ends
// where a delimiter begins, and goes on after it once the delimiter was read.
type splitter struct {
	src       *bufio.Reader
	delim     []byte // with the line break in front of it: "\n--boundary"
	lineStart bool   // what comes next begins a line
	last      bool   // no delimiter counts any more
	known     int    // buffered bytes that are known to be the part's
}

func newSplitter(src io.Reader, boundary string) *splitter {
	s := &splitter{src: bufio.NewReaderSize(src, maxHead)}
	s.reset(src, boundary)
	return s
}

// reset makes s the splitter of another body. Nothing of the one before is left.
func (s *splitter) reset(src io.Reader, boundary string) {
	s.src.Reset(src)
	*s = splitter{src: s.src, delim: []byte("\n--" + boundary), lineStart: true}
}

// finish makes all that follows one last part.
func (s *splitter) finish() { s.last = true }

// Read implements [io.Reader].
func (s *splitter) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if s.known == 0 {
		if err := s.scan(); err != nil {
			return 0, err
		}
	}
	buf, _ := s.src.Peek(s.known)
	n := copy(p, buf)
	s.lineStart = buf[n-1] == '\n'
	s.known -= n
	_, _ = s.src.Discard(n) // it is buffered
	return n, nil
}

// scan finds out how much of what comes next is the part's. It returns io.EOF
// where the part ends.
func (s *splitter) scan() error {
	for want := 1; ; want++ {
		buf, err := s.peek(want)
		if len(buf) == 0 {
			return err
		}
		want = len(buf)
		end, decided := s.partEnd(buf, err != nil)
		if end > 0 {
			s.known = end
			return nil
		}
		if decided {
			return io.EOF
		}
	}
}

// peek returns all that is buffered, at least want bytes unless the source ends
// before.
func (s *splitter) peek(want int) ([]byte, error) {
	_, err := s.src.Peek(want)
	buf, _ := s.src.Peek(s.src.Buffered())
	return buf, err
}

// partEnd returns how many of the buffered bytes belong to the part. Where it
// returns 0, the next byte is a delimiter's (decided), or it is not known yet.
func (s *splitter) partEnd(buf []byte, atEnd bool) (end int, decided bool) {
	if s.last {
		return len(buf), true
	}
	if s.lineStart {
		is, known := s.isDelimiter(buf, atEnd)
		if is || !known {
			return 0, known
		}
	}
	for at := 0; ; {
		i := bytes.Index(buf[at:], s.delim)
		if i < 0 {
			break
		}
		at += i + 1 // the line break is the part's
		is, known := s.isDelimiter(buf[at:], atEnd)
		if is || !known {
			return at, true
		}
	}
	if atEnd {
		return len(buf), true
	}
	return len(buf) - s.beginning(buf), false
}

// beginning returns how many bytes at the end of buf, after a line break,
// could be the beginning of a delimiter.
func (s *splitter) beginning(buf []byte) int {
	i := bytes.LastIndexByte(buf[max(0, len(buf)-len(s.delim)):], '\n')
	if i < 0 {
		return 0
	}
	tail := buf[max(0, len(buf)-len(s.delim))+i:]
	if bytes.HasPrefix(s.delim, tail) {
		return len(tail) - 1
	}
	return 0
}

// isDelimiter reports whether a line is a delimiter: the boundary, then "--" or
// white space or nothing. It may need more of the line to know.
func (s *splitter) isDelimiter(line []byte, atEnd bool) (is, known bool) {
	delim := s.delim[1:]
	if len(line) < len(delim) {
		return false, atEnd || !bytes.HasPrefix(delim, line)
	}
	rest, ok := bytes.CutPrefix(line, delim)
	if !ok {
		return false, true
	}
	if len(rest) == 0 {
		return atEnd, atEnd
	}
	switch rest[0] {
	case ' ', '\t', '\r', '\n':
		return true, true
	case '-':
		if len(rest) == 1 {
			return false, atEnd
		}
		return rest[1] == '-', true
	}
	return false, true
}

// delimiter takes the delimiter that stands here, with the rest of its line. At
// the very start there may be none, and then a preamble follows.
func (s *splitter) delimiter() (line []byte, closing bool, err error) {
	is, err := s.atDelimiter()
	if err != nil || !is {
		return nil, false, err
	}
	line = s.line()
	return line, bytes.HasPrefix(line[len(s.delim)-1:], []byte("--")), nil
}

// line takes the rest of a line, or of the buffer where the line is longer.
func (s *splitter) line() []byte {
	line, _ := s.src.ReadSlice('\n')
	s.lineStart = len(line) > 0 && line[len(line)-1] == '\n'
	return bytes.Clone(line)
}

// head takes the lines up to an empty one. It stops early at a delimiter, at
// the end, and at maxHead: then the last line is not empty.
func (s *splitter) head() (head []byte) {
	for len(head) < maxHead {
		if is, err := s.atDelimiter(); is || err != nil || !s.lineStart {
			return head
		}
		line := s.line()
		head = append(head, line...)
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			return head
		}
	}
	return head
}

// atDelimiter reports whether a delimiter follows. The error is that of the
// source where nothing follows at all.
func (s *splitter) atDelimiter() (bool, error) {
	for want := 1; ; want++ {
		buf, err := s.peek(want)
		if len(buf) == 0 {
			return false, err
		}
		want = len(buf)
		if s.last || !s.lineStart {
			return false, nil
		}
		if is, known := s.isDelimiter(buf, err != nil); known {
			return is, nil
		}
	}
}
