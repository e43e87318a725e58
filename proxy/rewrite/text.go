// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite

import "bytes"

// An ordinaryNames has, for the letter that a tag's name begins with, a bit for each
// second byte (modulo 32, which upper and lower case share) with which no name in
// elements begins. It is 0 for what is no letter.
type ordinaryNames [256]uint32

// Pages from the API have very many div elements, and nothing in them changes.
var (
	ordinary       = ordinaryBut(div)
	ordinaryNoDivs = ordinaryBut(other)
)

func ordinaryBut(ordinary element) (t ordinaryNames) {
	for c := range t {
		if isLetter(byte(c)) {
			t[c] = ^uint32(0)
		}
	}
	for e, name := range elements {
		if name != "" && element(e) != ordinary {
			special := uint32(1) << (name[1] % 32)
			t[name[0]] &^= special
			t[name[0]-'a'+'A'] &^= special
		}
	}
	return t
}

// skipText goes on over text and ordinary tags to the next "<" that takes a
// closer look, or to the end of b. What takes a closer look is a special
// element, a comment, or a tag that b does not hold as a whole.
//
// Most of a page is read here and nowhere else. It is skipTag without stops: in
// a name all that matters is the "=" before a value and the ">".
func skipText(b []byte, i int, ordinary *ordinaryNames) int {
text:
	for i < len(b) {
		lt := i
		if b[i] != '<' {
			n := bytes.IndexByte(b[i:], '<')
			if n < 0 {
				return len(b)
			}
			lt += n
		}
		if lt+2 >= len(b) {
			return lt
		}
		i = lt + 2
		if c := b[lt+1]; ordinary[c]>>(b[i]%32)&1 == 0 {
			if c != '/' || !isLetter(b[i]) {
				if markup[c] == inText {
					i = lt + 1
					continue
				}
				return lt
			}
			i++
		}
		for {
			if uint(i) >= uint(len(b)) {
				return lt
			}
			c := class[b[i]]
			if c&endsName == 0 {
				i++
				continue
			}
			if c == greater {
				i++
				continue text
			}
			break
		}
		for {
			names := i
			for {
				if uint(i) >= uint(len(b)) {
					return lt
				}
				if c := class[b[i]]; c&(greater|equals) != 0 {
					if c == greater {
						i++
						continue text
					}
					if endsInName(b[names:i]) {
						break
					}
				}
				i++
			}
			i++
			if i < len(b) && b[i] == '"' {
				n := bytes.IndexByte(b[i+1:], '"')
				if n < 0 {
					return lt
				}
				i += n + 2
				continue
			}
			if _, i = parseValue(b, i); i < 0 {
				return lt
			}
		}
	}
	return i
}

// endsInName reports whether an "=" after b, which is between two values or
// before the first, is not the beginning of a name itself.
func endsInName(b []byte) bool {
	for i := len(b) - 1; i >= 0; i-- {
		if c := class[b[i]]; c&space == 0 {
			return c != slash
		}
	}
	return false
}
