// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/dustin/go-humanize"
	"go.uber.org/zap"

	"github.com/caddy-onenote/caddy-onenote/proxy/answer"
)

// fail answers a request that reverse_proxy gave up, in the shape that the app
// understands. What is neither about the API nor about the body is left to
// Caddy, as is a client that is gone.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, account string, err error) error {
	a := failureOf(err)
	if a == nil || r.Context().Err() != nil {
		return err
	}
	// Caddy logs only errors that reach it.
	h.logger.Error("the API could not be asked",
		zap.String("account", account), zap.String("cause", string(a.Cause)), zap.Error(err))
	return h.refuse(w, r, account, a)
}

// settle ends a request that failed and whose URL or header is not for any
// log: Caddy logs both of a request whose error it gets, whatever is kept out
// of the access log.
func (h *Handler) settle(w *skippedLog, err error) {
	if err == nil {
		return
	}
	status := http.StatusInternalServerError
	var failed caddyhttp.HandlerError
	if errors.As(err, &failed) {
		status = failed.StatusCode
	}
	level := zap.DebugLevel
	if status >= http.StatusInternalServerError {
		level = zap.ErrorLevel
	}
	h.logger.Log(level, "a request that is kept out of the log failed", zap.Int("status", status), zap.Error(err))
	if w.Status() < http.StatusOK {
		w.WriteHeader(status)
	}
}

func failureOf(err error) *answer.Answer {
	if errors.Is(err, errLoop) {
		return &answer.Answer{
			Cause:   answer.LoopDetected,
			Message: "the request came back to this proxy: the name of the API leads here, by a hosts file or an HTTPS_PROXY variable. Change that where the proxy runs, or write \"network_proxy none\" in the transport block of the Caddyfile.",
		}
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return bodyTooLarge(tooLarge.Limit)
	}
	var failed caddyhttp.HandlerError
	if !errors.As(err, &failed) {
		return nil
	}
	switch failed.StatusCode {
	case http.StatusGatewayTimeout:
		return &answer.Answer{
			Cause:   answer.UpstreamTimeout,
			Message: "the API did not answer in time. Try again; how long the proxy waits is set with response_header_timeout in the transport block of the Caddyfile.",
		}
	case http.StatusBadGateway, http.StatusServiceUnavailable:
		return &answer.Answer{
			Cause:   answer.UpstreamUnreachable,
			Message: "the API could not be reached. Try again; if it stays so, look at the network, DNS and proxy settings of the machine the proxy runs on. The log says what failed.",
		}
	}
	return nil
}

func bodyTooLarge(limit int64) *answer.Answer {
	return &answer.Answer{
		Cause: answer.BodyTooLarge,
		Message: fmt.Sprintf("the request body is larger than %s. The limit is set with max_body in the onenote block of the Caddyfile.",
			humanize.IBytes(uint64(limit))),
	}
}

func unknownAccount() *answer.Answer {
	return &answer.Answer{
		Cause:   answer.UnknownAccount,
		Message: "there is no account for this request. Which one it uses is set with account, or with the client key, in the onenote block of the Caddyfile.",
	}
}

// answeredWriter notes whether an answer was begun, after which another one
// would only be appended to it.
type answeredWriter struct {
	*caddyhttp.ResponseWriterWrapper
	begun bool
}

// WriteHeader implements http.ResponseWriter. Interim answers of the API stay
// here: reverse_proxy hands them on as they came, with cookies and with links
// that lead past us, and no client of the API waits for any. The server itself
// says 100 to those who wait for that.
func (w *answeredWriter) WriteHeader(status int) {
	if status < 200 && status != http.StatusSwitchingProtocols {
		return
	}
	w.begun = true
	w.ResponseWriterWrapper.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *answeredWriter) Write(p []byte) (int, error) {
	w.begun = true
	return w.ResponseWriterWrapper.Write(p)
}

// ReadFrom implements io.ReaderFrom.
func (w *answeredWriter) ReadFrom(r io.Reader) (int64, error) {
	w.begun = true
	return w.ResponseWriterWrapper.ReadFrom(r)
}

// Interface guards
var (
	_ http.ResponseWriter = (*answeredWriter)(nil)
	_ io.ReaderFrom       = (*answeredWriter)(nil)
)
