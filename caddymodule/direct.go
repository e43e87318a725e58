// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// flushInterval is how long a part of a response may wait for the next part, so that
// both are sent together. A response that is rewritten does not say how long it is,
// and flushing each of its writes costs more than rewriting them.
const flushInterval = 50 * time.Millisecond

// statusClientClosed is how Caddy logs a request whose client left.
const statusClientClosed = 499

// newDirectProxy returns the proxy of a site without options of reverse_proxy.
// It copies responses to clients; the requests are sent by apiRequest.
func newDirectProxy(log *zap.Logger) httputil.ReverseProxy {
	warnings, _ := zap.NewStdLogAt(log, zapcore.WarnLevel) // it fails for levels that do not exist
	return httputil.ReverseProxy{
		Rewrite:       func(*httputil.ProxyRequest) {},
		FlushInterval: flushInterval,
		BufferPool:    copyBuffers{},
		ErrorLog:      warnings,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			w.(*responseRecorder).err = err
		},
	}
}

// runDirect sends the request and copies the response to the client.
//
// httputil.ReverseProxy changes the request that it is given: it drops query
// parameters that it cannot parse, and refuses upgrades although none is sent to
// the API. It also clears the header of the response at each 1xx response. So it
// gets a skeleton of the request, and RoundTrip sends the whole request.
func (x *apiRequest) runDirect() error {
	x.skeleton = *x.request
	x.skeleton.URL = &noURL
	x.skeleton.Header, x.skeleton.Trailer, x.skeleton.TransferEncoding = nil, nil, nil
	x.proxy = x.h.direct
	x.proxy.Transport = x

	// A response that breaks off is aborted by a panic. The client gets the part
	// that was received.
	complete := false
	defer func() {
		if !complete {
			_ = http.NewResponseController(&x.response).Flush() // the client may be gone
		}
	}()
	x.proxy.ServeHTTP(&x.response, &x.skeleton)
	complete = true
	if x.response.err != nil {
		return withStatus(x.response.err)
	}
	return nil
}

// noURL is the URL of the skeleton. The proxy copies it and never changes it.
var noURL url.URL

// RoundTrip implements http.RoundTripper. It takes no more than the body from
// the request that it is given, because reading that ends with the handler.
func (x *apiRequest) RoundTrip(out *http.Request) (*http.Response, error) {
	x.whole = *x.request
	x.whole.Body = out.Body
	res, err := x.roundTrip(&x.whole)
	x.logRoundTrip(res, err)
	if err != nil {
		return nil, err
	}
	x.status, x.header = res.StatusCode, res.Header
	if isShort(res) {
		x.proxy.FlushInterval = 0
	}
	h := x.response.Header()
	// As Caddy's reverse_proxy does: the Server field is the upstream's, and
	// Via says that Caddy was there.
	delete(h, "Server")
	h["Via"] = append(h["Via"], viaCaddy(res))
	return res, nil
}

// serverBuffer is how many bytes of a response net/http collects before it sends them.
const serverBuffer = 2048

// isShort reports whether a response leaves in one write as it is, so that a timer that
// flushes it would only cost time. ContentLength does not tell: it is kept from being
// negative where a body is rewritten.
func isShort(res *http.Response) bool {
	return res.Header["Content-Length"] != nil && res.ContentLength < serverBuffer
}

func viaCaddy(res *http.Response) string {
	if res.ProtoMajor == 1 && res.ProtoMinor == 1 {
		return "1.1 Caddy" // nearly always
	}
	return strconv.Itoa(res.ProtoMajor) + "." + strconv.Itoa(res.ProtoMinor) + " Caddy"
}

// logRoundTrip writes the line that reverse_proxy would write for debugging,
// without header and query.
func (x *apiRequest) logRoundTrip(res *http.Response, err error) {
	entry := x.h.site.logger.Check(zapcore.DebugLevel, "upstream roundtrip")
	if entry == nil {
		return
	}
	fields := []zap.Field{
		zap.String("upstream", x.h.upstream.url.Host),
		zap.String("account", x.call.Account),
		zap.String("method", x.request.Method),
		zap.Duration("duration", x.times.latency),
		zap.Error(err),
	}
	if res != nil {
		fields = append(fields, zap.Int("status", res.StatusCode))
	}
	entry.Write(fields...)
}

// withStatus gives an error of a round trip the status that Caddy's
// reverse_proxy gives it.
func withStatus(err error) error {
	var timeout net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return caddyhttp.Error(statusClientClosed, err)
	case errors.As(err, &timeout) && timeout.Timeout():
		return caddyhttp.Error(http.StatusGatewayTimeout, err)
	}
	return caddyhttp.Error(http.StatusBadGateway, err)
}

// copyBuffers are the buffers through which response bodies are copied.
type copyBuffers struct{}

// copyBufferSize is twice the size of Caddy's buffers: rewritten responses are sent
// in chunks, and each chunk costs one more system call than plain bytes do.
const copyBufferSize = 64 << 10

var copyBufferPool = sync.Pool{New: func() any { return new([copyBufferSize]byte) }}

// Get implements httputil.BufferPool.
func (copyBuffers) Get() []byte { return copyBufferPool.Get().(*[copyBufferSize]byte)[:] }

// Put implements httputil.BufferPool.
func (copyBuffers) Put(b []byte) { copyBufferPool.Put((*[copyBufferSize]byte)(b)) }

// Interface guards
var (
	_ http.RoundTripper   = (*apiRequest)(nil)
	_ httputil.BufferPool = copyBuffers{}
)
