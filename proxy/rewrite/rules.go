// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite

import "io"

// A Body is a body whose URLs are replaced while it is read.
type Body interface {
	io.ReadCloser

	// Rewritten returns how many URLs have been replaced so far.
	Rewritten() (pictures, links int)
}

// Rules say how a body is rewritten. What is nil stays as it is.
type Rules struct {
	// Type is what the body is.
	Type MediaType

	// HTML are the rules for HTML, in parts of multipart bodies too.
	HTML HTMLRules

	// JSONHosts and JSONLink are the arguments of [JSON].
	JSONHosts []string
	JSONLink  LinkFunc

	// Embedding says which strings of JSON are rewritten as HTML.
	Embedding Embedding

	// Head are the rules for the heads of the messages in a batch.
	Head HeadRules

	boundary string // of a multipart body
}

// NewRules returns rules for a body of that Content-Type, which change nothing
// yet. It reports false for a type that cannot be rewritten.
func NewRules(contentType string) (Rules, bool) {
	r := Rules{Type: MediaTypeOf(contentType)}
	switch r.Type {
	case HTMLType, JSONType:
		return r, true
	case MultipartType:
		r.boundary = boundaryOf(contentType)
		return r, r.boundary != ""
	}
	return r, false
}

// Rewrites reports whether the rules could change a body of their type.
func (r *Rules) Rewrites() bool { return r.Type == MultipartType || r.rewrites(r.Type) }

// rewrites reports whether bodies of that type, which is not a multipart type,
// are rewritten.
func (r *Rules) rewrites(t MediaType) bool {
	switch t {
	case HTMLType:
		return r.HTML.rewrites()
	case JSONType:
		return r.JSONLink != nil || r.embeds()
	}
	return false
}

// Open returns src with its URLs replaced. Closing it does not close src.
func (r *Rules) Open(src io.Reader) Body { return r.open(src, r.Type) }

func (r *Rules) open(src io.Reader, t MediaType) Body {
	switch t {
	case HTMLType:
		return HTML(src, r.HTML)
	case JSONType:
		return r.openJSON(src)
	}
	return newMultipart(src, r, r.boundary, 0)
}

func (r *Rules) openJSON(src io.Reader) Body {
	switch {
	case !r.embeds():
		return JSON(src, r.JSONHosts, r.JSONLink)
	case r.JSONLink == nil:
		return newEmbedded(Unchanged(src), r.Embedding, r.HTML, r.Head.Removed)
	}
	return newEmbedded(JSON(src, r.JSONHosts, r.JSONLink), r.Embedding, r.HTML, r.Head.Removed)
}

// embeds reports whether HTML in the strings of JSON is rewritten.
func (r *Rules) embeds() bool { return r.Embedding != Embedding{} && r.HTML.rewrites() }

// Unchanged returns src as a Body in which nothing is replaced. Closing it does
// not close src.
func Unchanged(src io.Reader) Body { return unchanged{src} }

type unchanged struct{ io.Reader }

func (unchanged) Close() error                     { return nil }
func (unchanged) Rewritten() (pictures, links int) { return 0, 0 }

var (
	_ Body = (*Reader)(nil)
	_ Body = unchanged{}
)
