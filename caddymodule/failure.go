// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/dustin/go-humanize"
	"go.uber.org/zap"

	"github.com/caddy-onenote/caddy-onenote/internal/netfail"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
)

// fail responds to a request that got no response from the API, in the shape that
// the app understands. It leaves to Caddy what is neither about the API nor about
// the body, and requests whose client is gone.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, account string, err error) error {
	e := h.failureOf(err)
	if e == nil || r.Context().Err() != nil {
		return err
	}
	// Caddy logs only errors that reach it.
	h.site.logger.Error("request to the API failed",
		zap.String("account", account), zap.String("cause", string(e.Cause)),
		zap.String("reason", string(netfail.KindOf(err))), zap.Error(err))
	return h.site.refuse(w, r, account, e)
}

// awaitedHeader is in the error of net/http for a server that took the request and then
// was silent. Other timeouts, such as that of the TLS handshake, are of the network.
const awaitedHeader = "awaiting response headers"

// failureOf returns the error response for an error, or nil if the error is
// neither about the API nor about the body.
func (h *Handler) failureOf(err error) *apierror.Error {
	if errors.Is(err, netfail.ErrLoop) {
		e := netfail.Explain(err, h.upstream.url.Host)
		return &apierror.Error{
			Cause:   apierror.LoopDetected,
			Message: fmt.Sprintf("the request came back: %s; %s.", e.Message, e.Advice),
		}
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		if tooLarge.Limit != h.MaxBody {
			return bodyTooLarge(tooLarge.Limit, "request_body in the site of the Caddyfile")
		}
		return bodyTooLarge(h.MaxBody, maxBodyOption)
	}
	var failed caddyhttp.HandlerError
	if !errors.As(err, &failed) {
		return nil
	}
	switch failed.StatusCode {
	case http.StatusGatewayTimeout:
		advice := "how long the proxy waits is set with response_header_timeout in the transport block of the Caddyfile"
		if !strings.Contains(err.Error(), awaitedHeader) {
			advice = "if it stays so, " + netfail.Explain(err, h.upstream.url.Host).Advice
		}
		return &apierror.Error{
			Cause:   apierror.UpstreamTimeout,
			Message: "the API did not respond in time. Try again; " + advice + ".",
		}
	case http.StatusBadGateway:
		e := netfail.Explain(err, h.upstream.url.Host)
		return &apierror.Error{
			Cause:   apierror.UpstreamUnreachable,
			Message: fmt.Sprintf("the API could not be reached: %s. Try again; if it stays so, %s.", e.Message, e.Advice),
		}
	case http.StatusServiceUnavailable:
		return &apierror.Error{
			Cause:   apierror.UpstreamUnreachable,
			Message: "the API is marked as down after failures, by the health checks of the site. Try again later; the log says what failed.",
		}
	}
	return nil
}

// maxBodyOption is where our own limit is set. Caddy's request_body, in front of
// the handler, may have a smaller one.
const maxBodyOption = "max_body in the onenote block of the Caddyfile"

func bodyTooLarge(limit int64, option string) *apierror.Error {
	return &apierror.Error{
		Cause:   apierror.BodyTooLarge,
		Message: fmt.Sprintf("the request body is larger than %s. The limit is set with %s.", humanize.IBytes(uint64(limit)), option),
	}
}

// noSuchPage does not tell whether there is an account of that name.
func noSuchPage() *apierror.Error {
	return &apierror.Error{
		Cause:   apierror.NotFound,
		Message: "there is no such page, or no account of that name. The status page, at /, lists the accounts.",
	}
}

func unknownAccount() *apierror.Error {
	return &apierror.Error{
		Cause:   apierror.UnknownAccount,
		Message: "there is no account for this request. Which one it uses is set with account, or with the client key, in the onenote block of the Caddyfile.",
	}
}
