// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite

import "bytes"

// A commentState is what of a comment's end has been seen.
type commentState uint8

const (
	commentText      commentState = iota
	commentStart                  // nothing since "<!--": ">" ends it
	commentStartDash              // "-" since then: ">" ends it
	commentDash                   // "-"
	commentEnd                    // "--"
	commentBang                   // "--!"
)

// skipComment goes on to the end of the comment, or of b.
func (s *htmlScanner) skipComment(b []byte, i int) int {
	st := s.comment
	for i < len(b) {
		if st == commentText {
			k := bytes.IndexByte(b[i:], '-')
			if k < 0 {
				break
			}
			i += k + 1
			st = commentDash
			continue
		}
		c := b[i]
		i++
		if c == '>' && st != commentDash {
			s.state = inText
			return i
		}
		st = st.after(c)
	}
	s.comment = st
	if st == commentText {
		return len(b)
	}
	return i
}

// after is the state after one more byte that does not end the comment.
func (st commentState) after(c byte) commentState {
	if c == '-' {
		switch st {
		case commentStart:
			return commentStartDash
		case commentStartDash, commentDash, commentEnd:
			return commentEnd
		}
		return commentDash
	}
	if c == '!' && st == commentEnd {
		return commentBang
	}
	return commentText
}
