// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/caddy-onenote/caddy-onenote/guard"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
	"github.com/caddy-onenote/caddy-onenote/proxy/batch"
	"github.com/caddy-onenote/caddy-onenote/proxy/graph"
)

// maxBatch is the size of the largest batch. It is read as a whole before the first
// of its requests is sent, and each of them may be as large as Graph takes.
const maxBatch = 16 << 20

// batchRetryAfter is when to send a batch again for which there was no room.
const batchRetryAfter = 5 * time.Second

// isBatch reports whether a request is a batch of the OneNote API, at a site in front
// of Microsoft Graph, which has no such batches.
func (h *Handler) isBatch(r *http.Request, route *guard.Route) bool {
	if h.upstream.preset.Name != graphAPI || r.Method != http.MethodPost {
		return false
	}
	path, _, _ := strings.Cut(route.Target, "?")
	return graph.IsBatch(r.Method, path)
}

// serveBatch sends the requests of a batch one by one, in their order, and responds
// with all responses. Each passes the guard and is translated as if it had come alone.
func (h *Handler) serveBatch(w http.ResponseWriter, r *http.Request, account string) error {
	body := h.site.app.batches.reader(http.MaxBytesReader(w, r.Body, maxBatch))
	defer body.release()
	requests, err := batch.Read(r.Header.Get("Content-Type"), body)
	if err != nil {
		return h.failBatch(w, r, account, err)
	}
	responses := batch.NewWriter(w)
	w.Header().Set("Content-Type", responses.ContentType())
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(http.StatusOK)
	for _, request := range requests {
		response := responses.Response(request.ContentID)
		if err := h.serveBatched(response, r, request); err != nil {
			return err
		}
		response.Close()
	}
	return responses.Close()
}

// failBatch responds to a batch that cannot be read.
func (h *Handler) failBatch(w http.ResponseWriter, r *http.Request, account string, err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge) && tooLarge.Limit == maxBatch:
		return h.site.refuse(w, r, account, &apierror.Error{
			Cause:   apierror.BodyTooLarge,
			Message: fmt.Sprintf("the batch is larger than %s. Send its requests in several batches, or one by one.", humanize.IBytes(maxBatch)),
		})
	case errors.Is(err, errBatchesFull):
		return h.site.refuse(w, r, account, &apierror.Error{
			Cause:      apierror.Throttled,
			Message:    "too many large batches are under way at once. Send this one again later.",
			RetryAfter: batchRetryAfter,
		})
	case errors.As(err, &tooLarge):
		return h.site.refuse(w, r, account, h.failureOf(err))
	case errors.Is(err, batch.ErrContentType), errors.Is(err, batch.ErrMalformed), errors.Is(err, batch.ErrEmpty), errors.Is(err, batch.ErrTooMany):
		return h.site.refuse(w, r, account, &apierror.Error{Cause: apierror.BadPath, Message: err.Error() + ". Nothing of the batch was sent."})
	}
	return err // of reading the body: the client is gone
}

// serveBatched serves one request of a batch.
func (h *Handler) serveBatched(w http.ResponseWriter, outer *http.Request, b batch.Request) error {
	if b.Err != nil {
		return h.site.refuse(w, outer, "", &apierror.Error{Cause: apierror.BadPath, Message: b.Err.Error() + "."})
	}
	r, refusal := newBatched(outer, b)
	if refusal != nil {
		return h.site.refuse(w, outer, "", refusal)
	}
	return h.site.serve(w, r)
}

// newBatched returns the request of a batch as if the client had sent it alone. What
// says who the client is, and from where the request came, is the outer request's.
func newBatched(outer *http.Request, b batch.Request) (*http.Request, *apierror.Error) {
	path, _, _ := strings.Cut(b.Target, "?")
	switch {
	case !strings.HasPrefix(path, "/api/"):
		return nil, &apierror.Error{Cause: apierror.NotFound, Message: "a request of a batch leads to a path of the OneNote API, which begins with /api/."}
	case graph.IsBatch(http.MethodPost, path):
		return nil, &apierror.Error{Cause: apierror.BadPath, Message: "a batch cannot hold another batch."}
	}
	target, err := url.ParseRequestURI(b.Target)
	if err != nil {
		return nil, &apierror.Error{Cause: apierror.BadPath, Message: "a request of the batch has an address that cannot be read."}
	}
	r := outer.Clone(outer.Context())
	r.Method, r.URL, r.RequestURI = b.Method, target, b.Target
	r.Header = batchedHeader(outer.Header, b.Header)
	r.Trailer, r.TransferEncoding = nil, nil
	r.ContentLength, r.Body = int64(len(b.Body)), http.NoBody
	if len(b.Body) > 0 {
		r.Body = io.NopCloser(bytes.NewReader(b.Body))
	}
	return r, nil
}

// batchedHeader returns the header of a request of a batch: the outer request's, and
// its own where a field is about the content.
func batchedHeader(outer, own http.Header) http.Header {
	h := outer.Clone()
	for name := range h {
		if isAboutContent(name) {
			delete(h, name)
		}
	}
	for name, values := range own {
		if isAboutContent(name) && name != "Content-Length" {
			h[name] = values
		}
	}
	return h
}

// isAboutContent reports whether a header field is about what is sent or wanted, and
// not about who sends it.
func isAboutContent(name string) bool {
	switch name {
	case "Accept", "Accept-Language", "Content-Type", "Content-Language", "Content-Length", "Content-Encoding",
		"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "Prefer", "X-Correlationid",
		"Accept-Encoding", "Range", "If-Range", "Expect", "Trailer", "Transfer-Encoding", "Digest", "Content-Md5":
		return true
	}
	return false
}
