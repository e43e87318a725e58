// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/caddy-onenote/caddy-onenote/emulator/grant"
	"github.com/caddy-onenote/caddy-onenote/emulator/mint"
	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// oauthError is an error of a sign-in endpoint (RFC 6749, sections 4.1.2.1 and
// 5.2). Azure AD adds a number.
type oauthError struct {
	status      int // of the token endpoint's response
	code        string
	number      int // AADSTS number, or 0
	description string
	suberror    string
}

// liveError makes an error of a Microsoft account.
func liveError(code, format string, args ...any) *oauthError {
	return &oauthError{status: http.StatusBadRequest, code: code, description: fmt.Sprintf(format, args...)}
}

// aadError makes an error of Azure AD, v1 or v2.0. The status is 401 if the client
// could not be authenticated (RFC 6749, section 5.2).
func aadError(code string, number int, format string, args ...any) *oauthError {
	status := http.StatusBadRequest
	if code == "invalid_client" {
		status = http.StatusUnauthorized
	}
	return &oauthError{status: status, code: code, number: number, description: fmt.Sprintf(format, args...)}
}

// providerError makes an error that differs between the providers only by its
// number, which Microsoft accounts do not have.
func providerError(p grant.Provider, code string, number int, description string) *oauthError {
	if p == grant.Live {
		return liveError(code, "%s", description)
	}
	return aadError(code, number, "%s", description)
}

func (err *oauthError) with(suberror string) *oauthError {
	err.suberror = suberror
	return err
}

// text is the description with its number.
func (err *oauthError) text() string {
	if err.number == 0 {
		return err.description
	}
	return fmt.Sprintf("AADSTS%d: %s", err.number, err.description)
}

// object is the error as the token endpoint sends it. Azure AD's ids are derived
// from the error, so that responses can be compared.
func (err *oauthError) object(now time.Time) wire.Object {
	if err.number == 0 {
		return wire.Object{{"error", err.code}, {"error_description", err.description}}
	}
	trace, correlation := mint.GUID("trace", err.text()), mint.GUID("correlation", err.text())
	description := strings.Join([]string{
		err.text(),
		"Trace ID: " + trace,
		"Correlation ID: " + correlation,
		"Timestamp: " + now.Format("2006-01-02 15:04:05Z"),
	}, "\r\n")
	o := wire.Object{
		{"error", err.code},
		{"error_description", description},
		{"error_codes", []int{err.number}},
		{"timestamp", now.Format("2006-01-02 15:04:05Z")},
		{"trace_id", trace},
		{"correlation_id", correlation},
		{"error_uri", fmt.Sprintf("https://login.microsoftonline.com/error?code=%d", err.number)},
	}
	if err.suberror != "" {
		o = append(o, wire.Member{"suberror", err.suberror})
	}
	return o
}

// writeJSON writes a JSON response of a sign-in endpoint (RFC 6749, section 5.1).
func writeJSON(w http.ResponseWriter, status int, o wire.Object) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store, no-cache")
	h.Set("Pragma", "no-cache")
	w.WriteHeader(status)
	_, _ = w.Write(o.Encode()) // a buffer never fails
}
