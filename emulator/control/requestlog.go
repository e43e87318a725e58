// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package control

import (
	"net/http"

	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// maxLogged is the number of requests in the log. The oldest are dropped, so that
// an emulator that runs for weeks does not grow.
const maxLogged = 10_000

// requestLog holds the requests in the order of their arrival, except those to the
// control surface.
type requestLog struct {
	entries []*logEntry
}

// copy returns the entries as they are now.
func (l *requestLog) copy() []logEntry {
	entries := make([]logEntry, 0, len(l.entries))
	for _, entry := range l.entries {
		entries = append(entries, *entry)
	}
	return entries
}

// logEntry is one request as it was sent.
type logEntry struct {
	Method  string      `json:"method"`
	Path    string      `json:"path"`    // as sent
	Query   string      `json:"query"`   // as sent, without the question mark
	Status  int         `json:"status"`  // of the response; 0 while there is none
	Headers http.Header `json:"headers"` // with Host and Transfer-Encoding, which Go keeps elsewhere
	SHA256  string      `json:"sha256"`  // of the whole body, in hex
	Bytes   int64       `json:"bytes"`   // length of the body
}

func (l *requestLog) add(r *http.Request) *logEntry {
	path, query := wire.Target(r)
	entry := &logEntry{
		Method:  r.Method,
		Path:    path,
		Query:   query,
		Headers: wireHeader(r),
		SHA256:  emptySum,
	}
	l.entries = append(l.entries, entry)
	if len(l.entries) > maxLogged {
		l.entries[0] = nil // so that the array does not keep it
		l.entries = l.entries[1:]
	}
	return entry
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
