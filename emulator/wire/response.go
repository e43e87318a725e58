// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Response is a response that is complete before any of it is sent. So its status
// is in the request log before the client sees it, and a fault can replace it or
// cut it short.
type Response struct {
	header     http.Header
	code       int
	body       bytes.Buffer
	acceptGzip bool
}

// NewResponse returns an empty response to r. now is the emulator's time.
func NewResponse(r *http.Request, now time.Time) *Response {
	res := &Response{header: make(http.Header), acceptGzip: acceptsGzip(r.Header)}
	// Tests of clients compare their clock with this one.
	res.header.Set("Date", now.Format(http.TimeFormat))
	return res
}

// Header implements [http.ResponseWriter].
func (res *Response) Header() http.Header { return res.header }

// WriteHeader implements [http.ResponseWriter].
func (res *Response) WriteHeader(status int) {
	if res.code == 0 {
		res.code = status
	}
}

// Write implements [http.ResponseWriter].
func (res *Response) Write(p []byte) (int, error) {
	res.WriteHeader(http.StatusOK)
	return res.body.Write(p)
}

// Status returns the status code.
func (res *Response) Status() int {
	if res.code == 0 {
		return http.StatusOK
	}
	return res.code
}

// Bytes returns the body.
func (res *Response) Bytes() []byte { return res.body.Bytes() }

// Compress encodes the body with gzip if the client accepts it. Pictures and
// attachments stay as they are, because they support range requests.
func (res *Response) Compress() {
	if !res.acceptGzip || res.body.Len() == 0 || !isText(res.header.Get("Content-Type")) {
		return
	}
	if res.header.Get("Accept-Ranges") != "" {
		return
	}
	var coded bytes.Buffer
	z := gzip.NewWriter(&coded)
	if _, err := z.Write(res.body.Bytes()); err != nil {
		return
	}
	if err := z.Close(); err != nil {
		return
	}
	res.body = coded
	res.header.Set("Content-Encoding", "gzip")
	res.header.Add("Vary", "Accept-Encoding")
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

// Send sends the response.
func (res *Response) Send(w http.ResponseWriter) {
	res.writeHead(w)
	_, _ = w.Write(res.body.Bytes()) // an error means that the client has disconnected
}

// SendCut sends the header and the first n bytes of the body, and then severs the
// connection. It does not return.
func (res *Response) SendCut(w http.ResponseWriter, n int) {
	control := http.NewResponseController(w)
	_ = control.EnableFullDuplex() // otherwise net/http waits for the rest of the request body
	res.writeHead(w)
	_, _ = w.Write(res.body.Bytes()[:min(n, res.body.Len())])
	_ = control.Flush() // otherwise the connection is closed before the bytes are sent
	Sever(w)
}

// Sever closes the connection by [http.ErrAbortHandler]. net/http would first
// read some of the rest of the request, unless its read deadline has passed.
// HTTP/2 has no such deadline, and does not read.
func Sever(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Unix(1, 0))
	panic(http.ErrAbortHandler)
}

func (res *Response) writeHead(w http.ResponseWriter) {
	h := w.Header()
	for name, values := range res.header {
		h[name] = values
	}
	if res.hasLength() {
		h.Set("Content-Length", strconv.Itoa(res.body.Len()))
	}
	w.WriteHeader(res.Status())
}

// hasLength reports whether Content-Length is the length of the body. It is not
// if the status allows no content or if the request is a HEAD.
func (res *Response) hasLength() bool {
	switch res.Status() {
	case http.StatusNoContent, http.StatusNotModified:
		return false
	}
	return res.body.Len() > 0 || res.header.Get("Content-Length") == ""
}

// Interface guard
var _ http.ResponseWriter = (*Response)(nil)
