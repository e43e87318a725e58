// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
)

// A skippedLog stands for the line of the access log of a request that is kept
// out of it: no URL, no header, but that there was one.
type skippedLog struct {
	caddyhttp.ResponseRecorder
	h     *Handler
	r     *http.Request
	start time.Time
}

// skipLog keeps the request out of the access log.
func (h *Handler) skipLog(w http.ResponseWriter, r *http.Request) *skippedLog {
	caddyhttp.SetVar(r.Context(), caddyhttp.LogSkipVar, true)
	return &skippedLog{caddyhttp.NewResponseRecorder(w, nil, nil), h, r, h.app.clock.Now()}
}

// log writes the line where there would have been one.
func (s *skippedLog) log() {
	server, ok := s.r.Context().Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if !ok || server.Logs == nil {
		return
	}
	fields := []zap.Field{
		zap.String("method", s.r.Method),
		zap.String("host", s.r.Host),
		zap.Int("status", s.Status()),
		zap.Int("size", s.Size()),
		zap.Duration("duration", s.h.app.clock.Now().Sub(s.start)),
	}
	if ip, ok := caddyhttp.GetVar(s.r.Context(), caddyhttp.ClientIPVarKey).(string); ok {
		fields = append(fields, zap.String("client_ip", ip))
	}
	if !opensPicture(s.r) {
		fields = append(fields, zap.String("path", s.r.URL.Path))
	}
	repl := s.r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	if account, ok := repl.GetString("http.onenote.account"); ok {
		fields = append(fields, zap.String("onenote_account", account))
	}
	s.h.logger.Info("handled request that is kept out of the access log", fields...)
}
