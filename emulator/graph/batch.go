// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/emulator/odata"
	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// maxBatch is the number of requests that a batch can have.
const maxBatch = 20

// batchItem is a request of a batch.
type batchItem struct {
	ID        string            `json:"id"`
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	Body      json.RawMessage   `json:"body"`
	DependsOn []string          `json:"dependsOn"`
}

// batchResult is the response to one of them.
type batchResult struct {
	ID      string            `json:"id"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body,omitempty"`
}

// serveBatch serves $batch: several requests in one JSON object, each with a
// status of its own. Their URLs are relative, and bodies that are not JSON are in
// base64.
func (a *API) serveBatch(x *odata.Exchange) {
	if !x.Allow(http.MethodPost) {
		return
	}
	var batch struct {
		Requests []batchItem `json:"requests"`
	}
	if err := json.Unmarshal(x.Body.Data, &batch); err != nil {
		badRequest(x, "Invalid batch payload format.")
		return
	}
	if wrong := complaintAbout(batch.Requests); wrong != "" {
		badRequest(x, wrong)
		return
	}
	results := make([]batchResult, 0, len(batch.Requests))
	failed := make(map[string]bool)
	for _, item := range batch.Requests {
		var res *wire.Response
		if slices.ContainsFunc(item.DependsOn, func(id string) bool { return failed[id] }) {
			res = a.refused(x, http.StatusFailedDependency, "FailedDependency", "A request that this one depends on has failed.")
		} else {
			res = a.batched(x, item)
		}
		failed[item.ID] = res.Status() >= http.StatusBadRequest
		results = append(results, resultOf(item.ID, res))
	}
	encoded, err := json.Marshal(map[string]any{"responses": results})
	if err != nil {
		badRequest(x, "Invalid batch payload format.") // the bodies are JSON that was written here
		return
	}
	x.W.Header().Set("Content-Type", "application/json")
	x.W.WriteHeader(http.StatusOK)
	_, _ = x.W.Write(encoded) // a buffer never fails
}

// complaintAbout says what is wrong with a batch, before any of its requests is
// served. It is empty if nothing is.
func complaintAbout(items []batchItem) string {
	if len(items) == 0 {
		return "Invalid batch payload format."
	}
	if len(items) > maxBatch {
		return fmt.Sprintf("Number of batch request steps exceeds the maximum value of %d.", maxBatch)
	}
	seen := make(map[string]bool)
	for _, item := range items {
		if item.ID == "" || seen[item.ID] {
			return "Request Id is missing or not unique."
		}
		for _, id := range item.DependsOn {
			if !seen[id] {
				return fmt.Sprintf("Request '%s' depends on '%s', which does not stand before it.", item.ID, id)
			}
		}
		seen[item.ID] = true
	}
	return ""
}

// batched serves one of the requests.
func (a *API) batched(x *odata.Exchange, item batchItem) *wire.Response {
	target, err := url.Parse("/" + x.Version + "/" + strings.TrimPrefix(item.URL, "/"))
	if err != nil || strings.Contains(item.URL, "://") || strings.Contains(strings.ToLower(item.URL), "$batch") {
		return a.refused(x, http.StatusBadRequest, "BadRequest", "Invalid batch request URL.")
	}
	header := make(http.Header)
	for name, value := range item.Headers {
		header.Set(name, value)
	}
	header.Set("Authorization", x.R.Header.Get("Authorization"))
	body, err := contentOf(item.Body, header.Get("Content-Type"))
	if err != nil {
		return a.refused(x, http.StatusBadRequest, "BadRequest", "Invalid batch request body: content other than JSON must be a string in base64.")
	}
	r := x.R.Clone(x.R.Context())
	r.Method, r.URL, r.Header, r.RequestURI = strings.ToUpper(item.Method), target, header, target.RequestURI()
	res := wire.NewResponse(r, x.Now())
	if !a.Serve(res, r, wire.Body{Data: body, Size: int64(len(body))}) {
		return a.refused(x, http.StatusBadRequest, "BadRequest", "Invalid batch request URL.")
	}
	return res
}

// refused responds to one of the requests with an error.
func (a *API) refused(x *odata.Exchange, status int, code, message string) *wire.Response {
	res := wire.NewResponse(x.R, x.Now())
	inner := *x
	inner.W = res
	res.Header().Set(x.Traits.RequestID, x.W.Header().Get(x.Traits.RequestID))
	inner.Fail(status, code, message)
	return res
}

// contentOf returns the bytes of a request's body.
func contentOf(body json.RawMessage, contentType string) ([]byte, error) {
	body = bytes.TrimSpace(body)
	if len(body) == 0 || string(body) == "null" {
		return nil, nil
	}
	if strings.HasPrefix(strings.ToLower(contentType), "application/json") {
		return body, nil
	}
	var coded string
	if err := json.Unmarshal(body, &coded); err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(coded)
}

// resultOf makes the result of a response.
func resultOf(id string, res *wire.Response) batchResult {
	result := batchResult{ID: id, Status: res.Status(), Headers: make(map[string]string)}
	for name, values := range res.Header() {
		result.Headers[name] = strings.Join(values, ", ")
	}
	switch body := res.Bytes(); {
	case len(body) == 0:
	case strings.HasPrefix(res.Header().Get("Content-Type"), "application/json"):
		result.Body = body
	default:
		result.Body, _ = json.Marshal(base64.StdEncoding.EncodeToString(body)) // a string cannot fail
	}
	return result
}
