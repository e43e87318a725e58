// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package batch

import (
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
)

// A Writer writes the responses to a batch, each as it comes. It is used by one
// goroutine.
type Writer struct {
	w        io.Writer
	boundary string
	err      error
}

// NewWriter returns a writer of responses to w. Its boundary is random, so that no
// response can hold it.
func NewWriter(w io.Writer) *Writer {
	return &Writer{w: w, boundary: "batchresponse_" + rand.Text()}
}

// ContentType is the content type of what is written.
func (b *Writer) ContentType() string { return "multipart/mixed; boundary=" + b.boundary }

// Response begins the response to a request and returns where to write it.
func (b *Writer) Response(contentID string) *ResponseWriter {
	b.printf("--%s\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n", b.boundary)
	if contentID != "" {
		b.printf("Content-ID: %s\r\n", contentID)
	}
	b.printf("\r\n")
	return &ResponseWriter{batch: b, header: make(http.Header)}
}

// Close writes the end of the batch and returns the first error of writing.
func (b *Writer) Close() error {
	b.printf("--%s--\r\n", b.boundary)
	return b.err
}

func (b *Writer) printf(format string, args ...any) {
	if b.err == nil {
		_, b.err = fmt.Fprintf(b.w, format, args...)
	}
}

// A ResponseWriter writes one response as a part of the batch. Close ends it.
type ResponseWriter struct {
	batch  *Writer
	header http.Header
	begun  bool
}

// Header implements [http.ResponseWriter].
func (w *ResponseWriter) Header() http.Header { return w.header }

// WriteHeader implements [http.ResponseWriter]. Interim responses are dropped.
func (w *ResponseWriter) WriteHeader(status int) {
	if w.begun || status < http.StatusOK {
		return
	}
	w.begun = true
	w.batch.printf("HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	if w.batch.err == nil {
		w.batch.err = w.header.Write(w.batch.w)
	}
	w.batch.printf("\r\n")
}

// Write implements [http.ResponseWriter].
func (w *ResponseWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.batch.err != nil {
		return 0, w.batch.err
	}
	var n int
	n, w.batch.err = w.batch.w.Write(p)
	return n, w.batch.err
}

// Close ends the response. One that was not begun is an empty 200, as of an
// [http.Handler] that writes nothing.
func (w *ResponseWriter) Close() {
	w.WriteHeader(http.StatusOK)
	w.batch.printf("\r\n")
}

var _ http.ResponseWriter = (*ResponseWriter)(nil)
