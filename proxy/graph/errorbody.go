// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
	"github.com/caddy-onenote/caddy-onenote/proxy/rewrite"
)

const (
	// maxErrorBody is the most that is read of an error response. Those of Graph
	// have a few hundred bytes.
	maxErrorBody = 64 << 10

	// errorDocs is where the OneNote API leads the readers of its errors.
	errorDocs = "https://aka.ms/onenote-errors#C"
)

// ErrorRules translate the body of an error response, whatever its shape, into an
// error of the OneNote API:
//
//	{"error":{"code":"20102","message":"…","@api.url":"https://aka.ms/onenote-errors#C20102"}}
//
// The numbers of the OneNote API's errors are those of Graph and stay; the words of
// Graph's gateway become numbers. Messages stay as they are. A body that is no
// error of Graph, such as a page in HTML, or that is longer than 64 KiB, becomes
// an error that says what the status says.
type ErrorRules struct {
	// Status is that of the response.
	Status int
}

// Open returns the error that src is. Closing it does not close src. An error of
// src is not passed on: the status says enough. Rewritten counts nothing, since no URL
// is replaced.
func (r *ErrorRules) Open(src io.Reader) rewrite.Body {
	return &wholeJSON{src: src, open: r.translate}
}

func (r *ErrorRules) translate(src io.Reader) (out io.Reader, changes int) {
	text, _ := io.ReadAll(io.LimitReader(src, maxErrorBody)) // what was cut off is no JSON
	e, _ := parseError(text)
	return bytes.NewReader(e.encode(r.Status)), 0
}

// A graphError is what an error says. Empty is what it does not say.
type graphError struct {
	code    string
	message *string
	url     string
}

// An errorDoc has the members of all shapes of errors. Names are matched in any
// case, so it also reads {"Message":…}, which comes for routes that do not exist.
type errorDoc struct {
	Error       json.RawMessage `json:"error"`
	Code        json.RawMessage `json:"code"`
	Message     json.RawMessage `json:"message"`
	Description json.RawMessage `json:"error_description"`
	URL         json.RawMessage `json:"@api.url"`
}

// parseError reads an error. It reports false for a body that is none.
func parseError(text []byte) (e graphError, ok bool) {
	var doc errorDoc
	if decodeFirstJSON(text, &doc) != nil {
		return e, false
	}
	if bytes.HasPrefix(doc.Error, []byte("{")) {
		var inner errorDoc
		if json.Unmarshal(doc.Error, &inner) != nil {
			return e, false
		}
		doc = inner
	} else if doc.Error != nil {
		doc.Code = doc.Error // as OAuth has it, a word
	}
	if doc.Message == nil {
		doc.Message = doc.Description
	}
	if code := textOfJSON(doc.Code); code != nil {
		e.code = *code
	} else if isErrorNumber(string(doc.Code)) {
		e.code = string(doc.Code)
	}
	if url := textOfJSON(doc.URL); url != nil {
		e.url = *url
	}
	e.message = textOfJSON(doc.Message)
	return e, e.code != "" || e.message != nil
}

// decodeFirstJSON decodes the first value of a text; what follows is nobody's.
func decodeFirstJSON(text []byte, into any) error {
	return json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff")))).Decode(into)
}

// textOfJSON returns a string of JSON, or nil for any other value.
func textOfJSON(value json.RawMessage) *string {
	var text *string
	if json.Unmarshal(value, &text) != nil {
		return nil
	}
	return text
}

// isErrorNumber reports whether a code is one of the OneNote API.
func isErrorNumber(code string) bool {
	return code != "" && strings.Trim(code, "0123456789") == ""
}

// oneNoteCode returns the number for a code.
func oneNoteCode(code string) string {
	switch {
	case isErrorNumber(code):
		return code
	case strings.EqualFold(code, "InvalidAuthenticationToken"):
		return apierror.CodeInvalidToken
	case strings.EqualFold(code, "TooManyRequests"):
		return apierror.CodeThrottled
	case strings.EqualFold(code, "UnknownError"), strings.EqualFold(code, "ServiceUnavailable"):
		return apierror.CodeUnavailable
	case strings.EqualFold(code, "itemNotFound"):
		return apierror.CodeNoSuchID
	}
	return apierror.CodeUnknown
}

// codeOfStatus returns the number for an error that has none.
func codeOfStatus(status int) string {
	switch {
	case status == http.StatusNotFound:
		return apierror.CodeNoSuchID
	case status >= 500:
		return apierror.CodeUnavailable
	}
	return apierror.CodeUnknown
}

// encode returns the error as the OneNote API writes it.
func (e *graphError) encode(status int) []byte {
	var doc struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
			URL     string `json:"@api.url"`
		} `json:"error"`
	}
	doc.Error.Code = codeOfStatus(status)
	if e.code != "" {
		doc.Error.Code = oneNoteCode(e.code)
	}
	doc.Error.Message = statusMessage(status)
	if e.message != nil {
		doc.Error.Message = *e.message
	}
	doc.Error.URL = e.url
	if e.url == "" {
		doc.Error.URL = errorDocs + doc.Error.Code
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(doc) != nil {
		return nil // three strings always encode
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

// statusMessage is the message of an error that has none of its own.
func statusMessage(status int) string {
	return strings.TrimSpace("Microsoft Graph responded with "+strconv.Itoa(status)+" "+http.StatusText(status)) +
		" and did not say why."
}
