// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// oauthError is an error of an identity endpoint (RFC 6749, sections 4.1.2.1
// and 5.2). Azure AD adds its own number; Microsoft accounts have none.
type oauthError struct {
	status      int // of the token endpoint's answer
	code        string
	number      int // AADSTS number, or 0
	description string
	suberror    string
}

// liveError is an error as Microsoft accounts have it.
func liveError(code, format string, args ...any) *oauthError {
	return &oauthError{status: http.StatusBadRequest, code: code, description: fmt.Sprintf(format, args...)}
}

// aadError is an error as Azure AD has it, v1 and v2.0 alike. A client that
// could not be authenticated is 401 (RFC 6749, section 5.2).
func aadError(code string, number int, format string, args ...any) *oauthError {
	status := http.StatusBadRequest
	if code == "invalid_client" {
		status = http.StatusUnauthorized
	}
	return &oauthError{status: status, code: code, number: number, description: fmt.Sprintf(format, args...)}
}

func (err *oauthError) with(suberror string) *oauthError {
	err.suberror = suberror
	return err
}

// text is the description with its number, as people see it.
func (err *oauthError) text() string {
	if err.number == 0 {
		return err.description
	}
	return fmt.Sprintf("AADSTS%d: %s", err.number, err.description)
}

// object is the error as the token endpoint answers it. The ids of Azure AD's
// answers follow from what is wrong, so that answers can be compared.
func (err *oauthError) object(now time.Time) object {
	if err.number == 0 {
		return object{{"error", err.code}, {"error_description", err.description}}
	}
	trace, correlation := guidOf("trace", err.text()), guidOf("correlation", err.text())
	description := strings.Join([]string{
		err.text(),
		"Trace ID: " + trace,
		"Correlation ID: " + correlation,
		"Timestamp: " + now.Format("2006-01-02 15:04:05Z"),
	}, "\r\n")
	o := object{
		{"error", err.code},
		{"error_description", description},
		{"error_codes", []int{err.number}},
		{"timestamp", now.Format("2006-01-02 15:04:05Z")},
		{"trace_id", trace},
		{"correlation_id", correlation},
		{"error_uri", fmt.Sprintf("https://login.microsoftonline.com/error?code=%d", err.number)},
	}
	if err.suberror != "" {
		o = append(o, member{"suberror", err.suberror})
	}
	return o
}
