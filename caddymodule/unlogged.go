// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"errors"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/caddy-onenote/caddy-onenote/appsignin"
)

// An unlogged request is one that is kept out of the access log. It has a log line
// of its own instead, without query and header, and without the path if even that
// gives access.
type unlogged struct {
	caddyhttp.ResponseRecorder
	s     *site
	r     *http.Request
	start time.Time
}

// keepOutOfLog keeps the request out of the access log.
func (s *site) keepOutOfLog(w http.ResponseWriter, r *http.Request) *unlogged {
	caddyhttp.SetVar(r.Context(), caddyhttp.LogSkipVar, true)
	return &unlogged{caddyhttp.NewResponseRecorder(w, nil, nil), s, r, s.app.clock.Now()}
}

// log writes that line, unless the server has no access log.
func (u *unlogged) log() {
	server, ok := u.r.Context().Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if !ok || server.Logs == nil {
		return
	}
	fields := []zap.Field{
		zap.String("method", u.r.Method),
		zap.String("host", appsignin.Mask(u.r.Host)),
		zap.Int("status", u.Status()),
		zap.Int("size", u.Size()),
		zap.Duration("duration", u.s.app.clock.Now().Sub(u.start)),
	}
	if ip, ok := caddyhttp.GetVar(u.r.Context(), caddyhttp.ClientIPVarKey).(string); ok {
		fields = append(fields, zap.String("client_ip", ip))
	}
	if !opensPicture(u.r) {
		fields = append(fields, zap.String("path", appsignin.Mask(u.r.URL.Path)))
	}
	repl := u.r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	if account, ok := repl.GetString("http.onenote.account"); ok {
		fields = append(fields, zap.String("onenote_account", account))
	}
	u.s.logger.Log(u.level(), "handled request that is kept out of the access log", fields...)
}

// level is the level of that line. A page that waits for a sign-in asks every few
// seconds whether it has ended.
func (u *unlogged) level() zapcore.Level {
	if u.r.Method == http.MethodGet && u.Status() == http.StatusOK && u.r.URL.Query().Has("attempt") {
		return zapcore.DebugLevel
	}
	return zapcore.InfoLevel
}

// finish ends a request that failed. Caddy would log the URL and the header of
// a request whose error it gets, whatever is kept out of the access log.
func (u *unlogged) finish(err error) {
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
	u.s.logger.Log(level, "a request that is kept out of the access log failed", zap.Int("status", status), zap.Error(err))
	if u.Status() < http.StatusOK {
		u.WriteHeader(status)
	}
}
