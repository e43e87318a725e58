// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// maxAddress bounds an address that is read.
const maxAddress = maxAdminBody - 1<<10

// lineGap is how long after a line end no more input has to come for it to be the
// user's: the lines of a pasted text come at once.
const lineGap = 250 * time.Millisecond

// addressReader reads addresses that somebody pastes. A terminal that reads lines cuts
// them off, mostly at 4095 characters, on macOS at 1024, and a response can be longer.
// So it is read key by key, without showing the text: there is a code in it.
type addressReader struct {
	out      io.Writer
	lines    *bufio.Scanner // where the input is no terminal
	terminal *os.File
	keys     chan []byte
}

func newAddressReader(in io.Reader, out io.Writer) *addressReader {
	if f, ok := in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return &addressReader{out: out, terminal: f}
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxAddress)
	return &addressReader{out: out, lines: lines}
}

// hidden reports whether the text is not shown while it is pasted.
func (r *addressReader) hidden() bool { return r.terminal != nil }

// read returns the next address that is not empty; io.EOF where there is none.
func (r *addressReader) read(ctx context.Context) (string, error) {
	if r.terminal != nil {
		return r.readTerminal(ctx)
	}
	for r.lines.Scan() {
		if text := r.lines.Text(); text != "" {
			return text, nil
		}
	}
	if err := r.lines.Err(); err != nil {
		return "", err
	}
	return "", io.EOF
}

// typed is what the user pasted, or why nothing more comes.
type typed struct {
	address string
	err     error
}

// readInBackground reads one address in the background. A nil reader reads none.
func (r *addressReader) readInBackground(ctx context.Context) <-chan typed {
	if r == nil {
		return nil
	}
	c := make(chan typed, 1)
	go func() {
		address, err := r.read(ctx)
		c <- typed{address, err}
	}()
	return c
}

func (r *addressReader) readTerminal(ctx context.Context) (text string, err error) {
	fd := int(r.terminal.Fd())
	before, err := term.MakeRaw(fd)
	if err != nil {
		return "", fmt.Errorf("reading from the terminal: %w", err)
	}
	defer func() {
		err = errors.Join(err, term.Restore(fd, before))
		fmt.Fprintln(r.out)
	}()
	if r.keys == nil {
		r.keys = make(chan []byte)
		go r.sendKeys()
	}
	return r.readKeys(ctx)
}

// sendKeys reads the terminal until it ends. A read cannot be interrupted, so after the
// last address it waits for a key until the process ends.
func (r *addressReader) sendKeys() {
	defer close(r.keys)
	for {
		b := make([]byte, 4096)
		n, err := r.terminal.Read(b)
		if n > 0 {
			r.keys <- b[:n]
		}
		if err != nil {
			return
		}
	}
}

// readKeys returns the text up to a line end after which nothing comes at once.
func (r *addressReader) readKeys(ctx context.Context) (string, error) {
	var e lineEditor
	for {
		var gap <-chan time.Time
		if e.ended {
			gap = time.After(lineGap)
		}
		select {
		case keys, ok := <-r.keys:
			if !ok {
				return e.text()
			}
			for _, key := range keys {
				if err := e.press(key); err != nil {
					return e.textUnless(err)
				}
			}
		case <-gap:
			return e.text()
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// errInterrupted means that the user pressed Ctrl-C, which no signal tells while keys
// are read one by one.
var errInterrupted = errors.New("interrupted")

// lineEditor collects what is typed.
type lineEditor struct {
	line   []byte
	ended  bool // by a line end
	escape int  // how far into an escape sequence: 0 not, 1 after ESC, 2 after ESC [
}

// The keys that mean something.
const (
	keyInterrupt = 0x03 // Ctrl-C
	keyEOF       = 0x04 // Ctrl-D
	keyBackspace = 0x08
	keyKill      = 0x15 // Ctrl-U
	keyEscape    = 0x1b
	keyDelete    = 0x7f
)

// press takes a key. io.EOF ends the text.
func (e *lineEditor) press(key byte) error {
	if e.skipEscape(key) {
		return nil
	}
	switch key {
	case keyInterrupt:
		return errInterrupted
	case keyEOF:
		return io.EOF
	case '\r', '\n':
		e.ended = len(e.line) > 0
		return nil
	case keyBackspace, keyDelete:
		e.line = e.line[:max(len(e.line)-1, 0)]
	case keyKill:
		e.line = nil
	default:
		if len(e.line) == maxAddress {
			return fmt.Errorf("the address is longer than %d characters", maxAddress)
		}
		e.line = append(e.line, key)
	}
	e.ended = false
	return nil
}

// skipEscape reports whether a key belongs to an escape sequence, such as that of an
// arrow key or those around a pasted text (ECMA-48 §5.4).
func (e *lineEditor) skipEscape(key byte) bool {
	switch {
	case key == keyEscape:
		e.escape = 1
		return true
	case e.escape == 1 && (key == '[' || key == 'O'):
		e.escape = 2
		return true
	case e.escape == 2:
		if key >= '@' && key <= '~' {
			e.escape = 0
		}
		return true
	}
	e.escape = 0
	return false
}

// text returns what was typed; io.EOF where that is nothing.
func (e *lineEditor) text() (string, error) {
	if len(e.line) == 0 {
		return "", io.EOF
	}
	return string(e.line), nil
}

func (e *lineEditor) textUnless(err error) (string, error) {
	if errors.Is(err, io.EOF) {
		return e.text()
	}
	return "", err
}
