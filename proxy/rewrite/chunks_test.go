// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite

import (
	"io"
	"math/rand/v2"
	"testing"
)

// A chunked source returns its text in pieces of random length, sometimes
// nothing, and sometimes the end together with the last piece.
type chunked struct {
	text string
	max  int
	rand *rand.Rand
}

func (c *chunked) Read(p []byte) (int, error) {
	if c.text == "" {
		return 0, io.EOF
	}
	if c.rand.IntN(8) == 0 {
		return 0, nil
	}
	n := copy(p[:min(len(p), 1+c.rand.IntN(c.max))], c.text)
	c.text = c.text[n:]
	if c.text == "" && c.rand.IntN(2) == 0 {
		return n, io.EOF
	}
	return n, nil
}

// readChunked is readAll with the source and the buffers cut at random.
func readChunked(t testing.TB, text string, seed uint64, open func(io.Reader) *Reader) string {
	t.Helper()
	rnd := rand.New(rand.NewPCG(seed, 0))
	sizes := [...]int{1, 7, 40, 600, 5000, 40000}
	size := func() int { return sizes[rnd.IntN(len(sizes))] }
	r := open(&chunked{text, size(), rnd})
	defer r.Close()
	var out []byte
	buf := make([]byte, size())
	for {
		n, err := r.Read(buf[:1+rnd.IntN(len(buf))])
		out = append(out, buf[:n]...)
		if err == io.EOF {
			return string(out)
		}
		if err != nil {
			t.Fatalf("Read: %v", err)
		}
	}
}
