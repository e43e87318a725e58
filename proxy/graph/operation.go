// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/caddy-onenote/caddy-onenote/proxy/api"
	"github.com/caddy-onenote/caddy-onenote/proxy/rewrite"
)

// visibleAfter is how long a copy may take to become visible. An operation of ours
// whose copy is not there then has failed.
const visibleAfter = 15 * time.Minute

// beginOperation makes the response to a copy one with both header fields that old
// clients look at: Operation-Location has the address of the operation, and Location
// that of the entity.
//
// Graph documents Operation-Location. Since 2026 it was seen to send Location alone,
// with the address of the new entity itself. Then the operation is one of ours.
func (t *translation) beginOperation(h http.Header, graphLocation string) (urls int) {
	switch {
	case h.Get("Operation-Location") != "":
	case isOperation(graphLocation):
		h.Set("Operation-Location", h.Get("Location"))
		h.Del("Location")
	case graphLocation != "":
		if t.copied = t.dialect.Operations.begin(t, graphLocation); t.copied == nil {
			return 0
		}
		h.Set("Operation-Location", t.operationURL(t.copied.id))
		return 1
	default:
		return 0
	}
	if h.Get("Location") == "" {
		source, _ := cutLast(strings.TrimSuffix(t.path, "/"))
		h.Set("Location", t.base()+source)
		return 1
	}
	return 0
}

// isOperation reports whether a URL of Graph is that of an operation.
func isOperation(url string) bool {
	rest, _ := cutLast(url)
	_, name := cutLast(rest)
	return strings.EqualFold(name, "operations")
}

func cutLast(path string) (rest, segment string) {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return "", path
	}
	return path[:i], path[i+1:]
}

// operationURL returns the address of an operation, below the root of the request.
func (t *translation) operationURL(id string) string {
	root, _, _ := strings.Cut(t.target.Path, "/onenote/")
	path, ok := t.mapper.ToLegacy(root + "/onenote/operations/" + id)
	if !ok { // an id of ours is always one
		path = legacyPath + v1 + "/me/notes/operations/" + id
	}
	return t.base() + path
}

// copyBody are the rules for the body of the response to a copy, or nil where Graph
// has an operation for it.
func (t *translation) copyBody(res *http.Response) api.BodyRules {
	if t.copied == nil {
		return nil
	}
	res.Header.Set("Content-Type", "application/json")
	return t.copied.state("not started")
}

// pollOwn makes the poll of an operation of ours a request for its copy.
func (t *translation) pollOwn() {
	c := t.dialect.Operations.open(t.request.Account, t.target.ID)
	if c == nil {
		return
	}
	t.copied = c
	t.request.Path, t.request.Query = c.path, ""
}

// pollStatus settles the status of the response to a poll of an operation of ours.
// The copy is not there at once, and Graph is not always able to say.
func (t *translation) pollStatus(res *http.Response) {
	switch res.StatusCode {
	case http.StatusNotFound, http.StatusServiceUnavailable:
		t.copied.missing = true
		t.copied.failed = res.StatusCode == http.StatusNotFound && t.dialect.now().Sub(t.copied.begun) > visibleAfter
		res.StatusCode, res.Status = http.StatusOK, "200 OK"
	}
}

// pollBody are the rules for the body of that response.
func (t *translation) pollBody(res *http.Response) api.BodyRules {
	if res.StatusCode != http.StatusOK {
		return nil
	}
	c := t.copied
	res.Header.Set("Content-Type", "application/json")
	switch {
	case c.failed:
		return c.state("failed")
	case c.missing:
		return c.state("running")
	}
	location, _ := t.appendLink(nil, []byte(t.upstream()+c.path))
	done := c.state("completed")
	done.Percent, done.Location, done.ResourceID = "100", string(location), c.entity()
	return done
}

// pollRules are the rules for the poll of an operation of Graph. What yields the new
// entity itself gets a status, for which apps wait.
type pollRules struct{ t *translation }

// Open implements [api.BodyRules].
func (r pollRules) Open(src io.Reader) rewrite.Body {
	text, err := io.ReadAll(io.LimitReader(src, maxErrorBody))
	if err == nil {
		if done := r.done(text); done != nil {
			return done.Open(src)
		}
		return r.t.jsonRules().Open(io.MultiReader(bytes.NewReader(text), src))
	}
	return r.t.jsonRules().Open(io.MultiReader(bytes.NewReader(text), failedReader{err}))
}

// done returns the state of the operation that has made an entity; nil where the text is
// no entity.
func (r pollRules) done(text []byte) *operationState {
	var entity struct {
		ID      string  `json:"id"`
		Self    string  `json:"self"`
		Status  *string `json:"status"`
		Created string  `json:"createdDateTime"`
	}
	if json.Unmarshal(text, &entity) != nil || entity.ID == "" || entity.Status != nil {
		return nil
	}
	location, _ := r.t.reference(entity.Self)
	return &operationState{
		ID: decodeSegment(r.t.target.ID), Status: "completed", Created: entity.Created,
		Percent: "100", Location: location, ResourceID: entity.ID,
	}
}

// A copied is a copy that Graph has begun without an operation.
type copied struct {
	id      string // of the operation
	path    string // of the copy at Graph
	begun   time.Time
	missing bool // Graph does not show the copy
	failed  bool
}

// entity returns the id of the copy.
func (c *copied) entity() string {
	_, id := cutLast(c.path)
	return decodeSegment(id)
}

func (c *copied) state(status string) *operationState {
	return &operationState{ID: c.id, Status: status, Created: c.begun.UTC().Format(time.RFC3339)}
}

// An operationState is what the app gets of an operation of ours. Its names are those
// of both APIs.
type operationState struct {
	ID         string `json:"id"`
	Status     string `json:"status"`
	Created    string `json:"createdDateTime,omitempty"`
	Percent    string `json:"percentComplete,omitempty"`
	Location   string `json:"resourceLocation,omitempty"`
	ResourceID string `json:"resourceId,omitempty"`
}

// Open implements [api.BodyRules]. It replaces the whole body.
func (s *operationState) Open(src io.Reader) rewrite.Body {
	return &wholeJSON{src: src, open: func(src io.Reader) (io.Reader, int) {
		_, _ = io.Copy(io.Discard, io.LimitReader(src, maxErrorBody)) // so that the connection can be used again
		body, err := json.Marshal(s)
		if err != nil {
			return failedReader{err}, 0
		}
		return bytes.NewReader(body), 1
	}}
}
