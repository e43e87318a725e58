// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
)

// maxLogged is how many requests the log keeps; the oldest go first. It is
// more than any test sends between two looks at the log, and it keeps an
// emulator that runs for weeks from growing.
const maxLogged = 10_000

// requestLog is what GET /_emulator/requests shows: every request but those
// to the control surface, in the order of their arrival.
type requestLog struct {
	entries []*logEntry
}

// logEntry is one request as the server saw it.
type logEntry struct {
	Method  string      `json:"method"`
	Path    string      `json:"path"`    // as on the wire, undecoded
	Query   string      `json:"query"`   // as on the wire, without the question mark
	Status  int         `json:"status"`  // of the answer; 0 while there is none
	Headers http.Header `json:"headers"` // with Host and Transfer-Encoding, which Go keeps elsewhere
	SHA256  string      `json:"sha256"`  // of the whole body, in hex
	Bytes   int64       `json:"bytes"`   // length of the body
}

func (l *requestLog) add(r *http.Request) *logEntry {
	path, query := wireTarget(r)
	entry := &logEntry{
		Method:  r.Method,
		Path:    path,
		Query:   query,
		Headers: wireHeader(r),
		SHA256:  emptySum,
	}
	l.entries = append(l.entries, entry)
	if len(l.entries) > maxLogged {
		l.entries[0] = nil // or the array would keep it alive
		l.entries = l.entries[1:]
	}
	return entry
}

// wireTarget returns the path and query of the request line. r.URL would not
// do: it re-encodes what the standard does not allow, such as "|".
func wireTarget(r *http.Request) (path, query string) {
	if !strings.HasPrefix(r.RequestURI, "/") {
		return r.URL.EscapedPath(), r.URL.RawQuery
	}
	path, query, _ = strings.Cut(r.RequestURI, "?")
	return path, query
}

func wireHeader(r *http.Request) http.Header {
	h := r.Header.Clone()
	if h == nil {
		h = make(http.Header)
	}
	h.Set("Host", r.Host)
	if len(r.TransferEncoding) > 0 {
		h["Transfer-Encoding"] = append([]string(nil), r.TransferEncoding...)
	}
	return h
}

// emptySum is the SHA-256 of no bytes.
const emptySum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// maxBody is the service's limit of a request, 75 MB (error 20016), with some
// room for the head of its parts.
const maxBody = 76 << 20

// body is a request's body. What is larger than the service takes is counted
// and hashed but not kept.
type body struct {
	data []byte
	size int64
	sum  string // SHA-256, in hex
}

// readBody reads a request's body to its end, whatever becomes of the
// request. With an error it returns what came before.
func readBody(r io.Reader) (body, error) {
	var b body
	hash := sha256.New()
	_, err := io.Copy(io.MultiWriter(hash, &b), r)
	b.sum = hex.EncodeToString(hash.Sum(nil))
	return b, err
}

func (b *body) Write(p []byte) (int, error) {
	b.size += int64(len(p))
	if b.tooLarge() {
		b.data = nil
		return len(p), nil
	}
	b.data = append(b.data, p...)
	return len(p), nil
}

func (b *body) tooLarge() bool { return b.size > maxBody }
