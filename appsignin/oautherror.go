// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package appsignin

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/caddy-onenote/caddy-onenote/internal/apppath"
)

// oauthError is an error of OAuth (RFC 6749 §5.2), in the words of Microsoft. It repeats
// nothing that the app has sent.
type oauthError struct {
	code   string
	number int // of AADSTS
	text   string
	status int // default 400
}

func (e *oauthError) Error() string { return e.code + ": " + e.text }

func (e *oauthError) description() string { return fmt.Sprintf("AADSTS%d: %s", e.number, e.text) }

// response returns the error as an authorization response. Live has no numbers.
func (e *oauthError) response(v apppath.Version) fields {
	description := e.description()
	if v == apppath.Live {
		description = e.text
	}
	return fields{{"error", e.code}, {"error_description", description}}
}

// refuse sends the error as a token endpoint does.
func (s *Site) refuse(q *request, e *oauthError) {
	body := map[string]any{"error": e.code, "error_description": e.text}
	if q.path.Version != apppath.Live {
		trace, correlation := uuidOf("trace", newGrantID()), uuidOf("correlation", newGrantID())
		at := s.Now().UTC().Format("2006-01-02 15:04:05Z")
		body["error_description"] = fmt.Sprintf("%s\r\nTrace ID: %s\r\nCorrelation ID: %s\r\nTimestamp: %s", e.description(), trace, correlation, at)
		body["error_codes"] = []int{e.number}
		body["timestamp"] = at
		body["trace_id"], body["correlation_id"] = trace, correlation
	}
	status := e.status
	if status == 0 {
		status = http.StatusBadRequest
	}
	writeJSON(q, status, body)
}

// writeJSON sends a document.
func writeJSON(q *request, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil { // strings, numbers and booleans: it cannot fail
		http.Error(q.w, "the response could not be written", http.StatusInternalServerError)
		return
	}
	q.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	q.w.WriteHeader(status)
	if q.r.Method != http.MethodHead {
		_, _ = q.w.Write(text) // it fails only where the client has left
	}
}

// unavailable is the error for what cannot be known now.
func (s *Site) unavailable(q *request, err error) {
	s.logUnavailable(err)
	s.refuse(q, &oauthError{code: "temporarily_unavailable", number: 90033, status: http.StatusServiceUnavailable,
		text: "The proxy cannot reach its storage or its sealing key at the moment; its log says more. Try again."})
}
