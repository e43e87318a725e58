// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package apierror writes the proxy's own error responses in the shape of the
// OneNote API's errors, so that an app that can read the one can read the other:
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
// A response of the API never has the header X-Onenote-Proxy-Error, and an error
// response of the proxy always has it: that is how an app or a script tells them
// apart. The package also holds the only table from cause to status.
package apierror

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/caddy-onenote/caddy-onenote/internal/homepage"
)

// Header is the header field that names the cause of an error response.
const Header = "X-Onenote-Proxy-Error"

// manual is where the README explains each cause under its own name.
const manual = homepage.URL + "#"

// An Error is an error response of the proxy. It may be sent as a handler does
// (ServeHTTP) or as a transport does (Response); both give the same bytes. An
// Error is not changed by being sent.
type Error struct {
	// Cause decides the status and the code, and is sent in Header.
	Cause Cause

	// Message says in plain words what is wrong and what to do about it. It
	// goes to the client, so it holds no secret.
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
func (e *Error) Error() string {
	return string(e.Cause) + ": " + e.Message
}

// Status returns the status with which the error is sent: that of its cause,
// or 401 where it carries a challenge.
func (e *Error) Status() int {
	if e.Challenge != "" {
		return http.StatusUnauthorized
	}
	return e.Cause.Status()
}

// ServeHTTP sends the error. Header fields that w already holds stay, unless the
// error has fields of the same name. A HEAD request gets no body.
func (e *Error) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := e.body()
	e.SetHeader(w.Header(), r)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(e.Status())
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(body) // it fails only where the client has left
}

// Response returns the error as if the upstream had sent it, for an
// [http.RoundTripper] that responds to req itself. It does not close the request
// body: that stays the transport's duty.
func (e *Error) Response(req *http.Request) *http.Response {
	body := e.body()
	status := e.Status()
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
	e.SetHeader(res.Header, req)
	res.Header.Set("Content-Length", strconv.Itoa(len(body)))
	res.Header.Set("Content-Type", "application/json")
	if req.Method != http.MethodHead {
		res.Body = io.NopCloser(bytes.NewReader(body))
	}
	return res
}

// Explanation returns the address at which the cause is explained.
func (e *Error) Explanation() string {
	if e.URL != "" {
		return e.URL
	}
	return manual + string(e.Cause)
}

// SetHeader sets the fields of the error response, except those that describe its
// body: a person in a browser gets the same error as a page.
func (e *Error) SetHeader(h http.Header, r *http.Request) {
	h.Set("Cache-Control", "no-store")
	// The moment of origination (RFC 9110 §6.6.1). Nothing is decided by it,
	// so it is the machine's clock and not an injected one.
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-CorrelationId", correlation(r.Header.Get("X-CorrelationId")))
	h.Set(Header, string(e.Cause))
	if e.RetryAfter > 0 {
		h.Set("Retry-After", RetryAfter(e.RetryAfter))
	}
	if e.Cause == MethodNotAllowed {
		h.Set("Allow", strings.Join(e.Allow, ", "))
	}
	if e.Challenge != "" {
		h.Set("WWW-Authenticate", e.Challenge)
	}
	// What was set for another body is not true of this one.
	h.Del("Content-Encoding")
	h.Del("Etag")
	h.Del("Last-Modified")
}

// body returns the JSON document, without a final line break, as the service
// sends it.
func (e *Error) body() []byte {
	var doc struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
			URL     string `json:"@api.url"`
		} `json:"error"`
	}
	doc.Error.Code = e.Cause.Code()
	doc.Error.Message = e.Message
	doc.Error.URL = e.Explanation()
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	// People read these responses in a terminal: "allowed_hosts <host>" and an
	// address with "&" stay legible. The content type and nosniff prevent browsers
	// from taking them for HTML.
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(doc); err != nil {
		return nil // three strings always encode
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// RetryAfter returns the value of the header field Retry-After (RFC 9110 §10.2.3) for a
// time to wait: whole seconds, rounded up, at least one.
func RetryAfter(wait time.Duration) string {
	seconds := (wait + time.Second - 1) / time.Second
	return strconv.FormatInt(int64(max(seconds, 1)), 10)
}

// Interface guards
var (
	_ error        = (*Error)(nil)
	_ http.Handler = (*Error)(nil)
)
