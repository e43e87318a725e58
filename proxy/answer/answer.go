// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package answer writes the answers that are ours and not the service's, in
// the shape in which the OneNote API writes its errors, so that an app that
// can read the one can read the other:
//
//	HTTP/1.1 401 Unauthorized
//	Cache-Control: no-store
//	Content-Type: application/json
//	X-Content-Type-Options: nosniff
//	X-CorrelationId: 8943c159-ee49-4c71-8cd0-ebf0861d07a6
//	X-Onenote-Proxy-Error: signin_required
//
//	{"error":{"code":"40001","message":"…","@api.url":"…"}}
//
// An answer of the service never has the header X-Onenote-Proxy-Error, and an
// answer of ours always has it: that is how an app or a script tells them
// apart. The package also holds the only table from cause to status.
package answer

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Header is the header field that names the cause of an answer of ours.
const Header = "X-Onenote-Proxy-Error"

// manual is where the README explains each cause under its own name.
const manual = "https://github.com/caddy-onenote/caddy-onenote#"

// An Answer is one answer of ours: an error that knows how to be sent. It may
// be sent as a handler does (ServeHTTP) or as a transport does (Response);
// both give the same bytes. An Answer is not changed by being sent.
type Answer struct {
	// Cause decides the status and the code, and is sent in Header.
	Cause Cause

	// Message says in plain words what is wrong and what to do about it. It
	// goes to whoever called, so it holds no secret.
	Message string

	// URL becomes @api.url. Default: the README's section on the cause.
	URL string

	// RetryAfter, where positive, is sent as Retry-After (RFC 9110 §10.2.3),
	// rounded up to whole seconds.
	RetryAfter time.Duration

	// Allow lists the methods that the path takes (RFC 9110 §10.2.1). It is
	// sent with MethodNotAllowed, also when empty.
	Allow []string

	// Challenge, where not empty, is sent as WWW-Authenticate and turns the
	// status into 401 (RFC 9110 §11.6.1). For pages, which a person opens in
	// a browser; an API path never has one, since apps take a challenge for
	// the service's own and browsers would ask for a password.
	Challenge string
}

// Error returns the cause and the message.
func (a *Answer) Error() string {
	return string(a.Cause) + ": " + a.Message
}

// Status returns the status with which the answer is sent: that of its cause,
// or 401 where it carries a challenge.
func (a *Answer) Status() int {
	if a.Challenge != "" {
		return http.StatusUnauthorized
	}
	return a.Cause.Status()
}

// ServeHTTP sends the answer. Header fields that w already holds stay, unless
// the answer has fields of the same name. A HEAD request gets no body.
func (a *Answer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := a.body()
	a.setHeader(w.Header(), r.Header.Get("X-CorrelationId"), len(body))
	w.WriteHeader(a.Status())
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(body) // it fails only where the caller is gone
}

// Response returns the answer as if the upstream had sent it, for an
// [http.RoundTripper] that answers req itself. The request body is not
// touched: closing it stays the transport's duty.
func (a *Answer) Response(req *http.Request) *http.Response {
	body := a.body()
	status := a.Status()
	res := &http.Response{
		Status:        strconv.Itoa(status) + " " + http.StatusText(status),
		StatusCode:    status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        make(http.Header),
		Body:          http.NoBody,
		ContentLength: int64(len(body)),
		Request:       req,
	}
	a.setHeader(res.Header, req.Header.Get("X-CorrelationId"), len(body))
	if req.Method != http.MethodHead {
		res.Body = io.NopCloser(bytes.NewReader(body))
	}
	return res
}

func (a *Answer) setHeader(h http.Header, correlationID string, length int) {
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(length))
	h.Set("Content-Type", "application/json")
	// The moment of origination (RFC 9110 §6.6.1). Nothing is decided by it,
	// so it is the machine's clock and not an injected one.
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-CorrelationId", correlation(correlationID))
	h.Set(Header, string(a.Cause))
	if a.RetryAfter > 0 {
		h.Set("Retry-After", strconv.FormatInt(ceilSeconds(a.RetryAfter), 10))
	}
	if a.Cause == MethodNotAllowed {
		h.Set("Allow", strings.Join(a.Allow, ", "))
	}
	if a.Challenge != "" {
		h.Set("WWW-Authenticate", a.Challenge)
	}
	// Whatever was prepared for another body is not true of this one.
	h.Del("Content-Encoding")
	h.Del("Etag")
	h.Del("Last-Modified")
}

// body returns the JSON document, without a final line break, as the service
// sends it.
func (a *Answer) body() []byte {
	var doc struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
			URL     string `json:"@api.url"`
		} `json:"error"`
	}
	doc.Error.Code = a.Cause.Code()
	doc.Error.Message = a.Message
	doc.Error.URL = a.URL
	if a.URL == "" {
		doc.Error.URL = manual + string(a.Cause)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	// People read these answers in a terminal: "allowed_hosts <host>" and an
	// address with "&" stay legible. The content type and nosniff keep
	// browsers from taking them for HTML.
	e.SetEscapeHTML(false)
	if err := e.Encode(doc); err != nil {
		return nil // three strings always encode
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

func ceilSeconds(d time.Duration) int64 {
	return int64((d-1)/time.Second) + 1
}

// Interface guards
var (
	_ error        = (*Answer)(nil)
	_ http.Handler = (*Answer)(nil)
)
