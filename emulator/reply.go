// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// reply is an answer that is made whole before any of it is sent. Only so can
// its status stand in the request log before the client sees it, and can a
// fault replace it or cut it short.
type reply struct {
	header     http.Header
	code       int
	body       bytes.Buffer
	acceptGzip bool
}

func newReply(r *http.Request, now time.Time) *reply {
	a := &reply{header: make(http.Header), acceptGzip: acceptsGzip(r.Header)}
	// The emulator's own clock, so that a client which compares its clock
	// with the Date header can be tested.
	a.header.Set("Date", now.Format(http.TimeFormat))
	return a
}

func (a *reply) Header() http.Header { return a.header }

func (a *reply) WriteHeader(status int) {
	if a.code == 0 {
		a.code = status
	}
}

func (a *reply) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}

func (a *reply) status() int {
	if a.code == 0 {
		return http.StatusOK
	}
	return a.code
}

// compress codes the body with gzip if the client takes that. Pictures and
// attachments, of which ranges can be asked for, stay as they are.
func (a *reply) compress() {
	if !a.acceptGzip || a.body.Len() == 0 || !isText(a.header.Get("Content-Type")) {
		return
	}
	if a.header.Get("Accept-Ranges") != "" {
		return
	}
	var coded bytes.Buffer
	z := gzip.NewWriter(&coded)
	if _, err := z.Write(a.body.Bytes()); err != nil {
		return
	}
	if err := z.Close(); err != nil {
		return
	}
	a.body = coded
	a.header.Set("Content-Encoding", "gzip")
	a.header.Add("Vary", "Accept-Encoding")
}

func isText(contentType string) bool {
	for _, prefix := range []string{"text/", "application/json", "application/xml", "multipart/"} {
		if strings.HasPrefix(contentType, prefix) {
			return true
		}
	}
	return false
}

// acceptsGzip reads Accept-Encoding (RFC 9110, section 12.5.3).
func acceptsGzip(h http.Header) bool {
	for _, coding := range strings.Split(strings.Join(h.Values("Accept-Encoding"), ","), ",") {
		name, weight, _ := strings.Cut(coding, ";")
		name = strings.ToLower(strings.TrimSpace(name))
		if name != "gzip" && name != "*" {
			continue
		}
		q, found := strings.CutPrefix(strings.ReplaceAll(weight, " ", ""), "q=")
		if !found {
			return true
		}
		value, err := strconv.ParseFloat(q, 64)
		return err == nil && value > 0
	}
	return false
}

// send writes the reply.
func (a *reply) send(w http.ResponseWriter) {
	a.writeHead(w)
	_, _ = w.Write(a.body.Bytes()) // an error means that the client left
}

// sendCut sends the head and the first n bytes of the body and then severs
// the connection. It does not return.
func (a *reply) sendCut(w http.ResponseWriter, n int) {
	control := http.NewResponseController(w)
	_ = control.EnableFullDuplex() // or net/http would first wait for a body that nobody reads
	a.writeHead(w)
	_, _ = w.Write(a.body.Bytes()[:min(n, a.body.Len())])
	_ = control.Flush() // or the abort would overtake the bytes
	sever(w)
}

// sever drops the connection in net/http's own way. That way also reads some
// of what is left of the request, unless the time for reading is over. Where
// there are no deadlines, as with HTTP/2, there is no such wait either.
func sever(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Unix(1, 0))
	panic(http.ErrAbortHandler)
}

func (a *reply) writeHead(w http.ResponseWriter) {
	h := w.Header()
	for name, values := range a.header {
		h[name] = values
	}
	if a.hasLength() {
		h.Set("Content-Length", strconv.Itoa(a.body.Len()))
	}
	w.WriteHeader(a.status())
}

// hasLength tells whether the length of the body is that of the content: not
// where there can be no content, and not where only its head was asked for.
func (a *reply) hasLength() bool {
	switch a.status() {
	case http.StatusNoContent, http.StatusNotModified:
		return false
	}
	return a.body.Len() > 0 || a.header.Get("Content-Length") == ""
}

// Interface guard
var _ http.ResponseWriter = (*reply)(nil)
