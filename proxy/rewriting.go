// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/caddy-onenote/caddy-onenote/proxy/picture"
	"github.com/caddy-onenote/caddy-onenote/proxy/rewrite"
)

// A rewriter is a body whose URLs change while it is read.
type rewriter interface {
	io.ReadCloser
	Rewritten() (pictures, links int)
}

// rewriteBody puts a rewriter in the place of the answer's body, where there is
// something to rewrite, and reports whether it did. Where there is not, it only
// undoes the gzip that we asked for and the client cannot read.
func (x *exchange) rewriteBody(res *http.Response, headers int) bool {
	if !x.rewrite || !isWholeBody(res) {
		return false
	}
	how, ok := x.rulesFor(res)
	ok = ok && !forbidsChange(res.Header)
	body := &rewriting{x: x, src: res.Body, headers: headers}
	src := io.Reader(res.Body)
	switch coding := codingOf(res.Header); {
	case coding == "" && ok:
	case isGzip(coding) && (ok || !acceptsGzip(x.in.Header)):
		body.gunzip = newGunzip(src)
		src = body.gunzip
		delete(res.Header, "Content-Encoding")
	case ok:
		x.debug("an answer in this coding cannot be rewritten and is passed on as it is", slog.String("coding", coding))
		return false
	default:
		return false
	}
	body.rewriter = untouched{src}
	if ok {
		body.rewriter = how.open(src)
	}
	res.Body = body
	forgetOldBody(res)
	if ok && how.expires() {
		delete(res.Header, "Last-Modified")
	}
	return true
}

// codingOf returns the Content-Encoding in lower case, all of them where there
// are several, and nothing for identity.
func codingOf(h http.Header) string {
	values := h["Content-Encoding"]
	if len(values) == 0 {
		return ""
	}
	coding := strings.ToLower(strings.TrimSpace(strings.Join(values, ", ")))
	if coding == "identity" {
		return ""
	}
	return coding
}

func isGzip(coding string) bool { return coding == "gzip" || coding == "x-gzip" }

// acceptsGzip reports whether a client has said that it reads gzip (RFC 9110
// §12.5.3). One that says nothing may get any coding by the letter, but it is
// most likely one that knows none.
func acceptsGzip(h http.Header) bool {
	for _, value := range h["Accept-Encoding"] {
		for element := range strings.SplitSeq(value, ",") {
			coding, weight, _ := strings.Cut(strings.ToLower(element), ";")
			if coding = strings.TrimSpace(coding); isGzip(coding) || coding == "*" {
				return !isZeroWeight(weight)
			}
		}
	}
	return false
}

// isZeroWeight reports whether a parameter is q=0, in any of its spellings.
func isZeroWeight(weight string) bool {
	q, ok := strings.CutPrefix(strings.ReplaceAll(weight, " ", ""), "q=")
	return ok && strings.Trim(q, "0.") == ""
}

// isWholeBody reports whether the answer has a body, and all of it.
func isWholeBody(res *http.Response) bool {
	switch res.StatusCode {
	case http.StatusNoContent, http.StatusResetContent, http.StatusPartialContent, http.StatusNotModified:
		return false
	}
	return res.Body != nil && res.Body != http.NoBody && res.StatusCode >= 200
}

// forbidsChange reports whether the answer is to stay as it is (RFC 9111
// §5.2.2.6).
func forbidsChange(h http.Header) bool {
	for _, value := range h["Cache-Control"] {
		if containsFold(value, "no-transform") {
			return true
		}
	}
	return false
}

// forgetOldBody removes what was said of the body's bytes.
func forgetOldBody(res *http.Response) {
	h := res.Header
	for _, name := range [...]string{
		"Content-Length", "Etag", "Content-Md5", "Digest", "Content-Digest", "Repr-Digest", "Accept-Ranges",
	} {
		delete(h, name)
	}
	// Caddy's reverse_proxy flushes after each write where the length is -1,
	// which costs more than rewriting does. The header above is what clients
	// see; this field only has to be non-negative.
	res.ContentLength = max(res.ContentLength, 1)
	res.Uncompressed = false
}

// rules say how the bodies of an exchange are rewritten. What is nil stays.
type rules struct {
	kind      mediaType
	boundary  string // of a multipart body
	html      rewrite.HTMLRules
	jsonHosts []string
	jsonLink  rewrite.Link
	commands  []string  // hosts of URLs in HTML that stands in JSON, if any may
	head      headRules // of the messages in a batch
}

// open returns src with its URLs rewritten.
func (r rules) open(src io.Reader) rewriter {
	switch r.kind {
	case htmlType:
		return rewrite.HTML(src, r.html)
	case jsonType:
		values := rewrite.JSON(src, r.jsonHosts, r.jsonLink)
		if len(r.commands) > 0 {
			return newCommands(values, r.commands, r.jsonLink)
		}
		return values
	}
	return newMultipart(src, r)
}

// touches reports whether bodies of that type are rewritten.
func (r rules) touches(kind mediaType) bool {
	switch kind {
	case htmlType:
		return r.html.Picture != nil || r.html.Link != nil
	case jsonType:
		return r.jsonLink != nil
	}
	return false
}

// expires reports whether a body holds pictures whose addresses work for an
// hour: one that is kept for longer shows none.
func (r rules) expires() bool { return r.html.Picture != nil && r.kind != jsonType }

// rulesFor returns the rules for an answer; false where it stays as it is.
//
// HTML is rewritten where it is the content of a page: an attachment that
// happens to be HTML is not ours to touch. A multipart answer is a page with
// its ink, or the answers of a batch.
func (x *exchange) rulesFor(res *http.Response) (rules, bool) {
	contentType := res.Header.Get("Content-Type")
	r := rules{kind: mediaTypeOf(contentType)}
	isPage := x.content == pageContent && x.in.Method == http.MethodGet && res.StatusCode == http.StatusOK
	switch r.kind {
	case htmlType:
		if !isPage {
			return r, false
		}
	case multipartType:
		if r.boundary = boundaryOf(contentType); r.boundary == "" {
			return r, false
		}
	case jsonType:
	default:
		return r, false
	}
	if x.Links && x.Base != nil {
		r.html.Link = x.localLink()
		if r.kind == multipartType {
			r.head.to = x.localReference
		}
	}
	r.html.Picture = x.picture(isPage)
	r.jsonLink = x.jsonLink(r.html)
	r.jsonHosts = x.Hosts.Anchors()
	return r, r.kind == multipartType || r.touches(r.kind)
}

// picture returns what becomes of the pictures in HTML, or nil. Public URLs
// work only where the request asked the API to arm them, which parts of a
// batch did not.
func (x *exchange) picture(isPage bool) rewrite.Picture {
	switch x.Pictures {
	case Direct:
		if isPage && !refusesPreAuthenticated(x.out.URL.RawQuery) {
			return x.Hosts.PublicPicture
		}
	case Local:
		if x.Signer != nil && x.imageBase() != "" {
			return x.Hosts.LocalPicture(x.signPicture())
		}
	}
	return nil
}

// jsonLink returns what becomes of URLs in JSON. Where pictures are local, so is
// the one public picture that the API names there: a page's preview.
func (x *exchange) jsonLink(r rewrite.HTMLRules) rewrite.Link {
	if x.Pictures != Local || r.Picture == nil {
		return r.Link
	}
	return func(dst, url []byte) (text []byte, rest int, ok bool) {
		if res, ok := x.Hosts.resource(url); ok && res.isPublic() {
			text, ok = r.Picture.Replace(dst, url, nil)
			return text, len(url), ok
		}
		if r.Link == nil {
			return dst, 0, false
		}
		return r.Link(dst, url)
	}
}

// refusesPreAuthenticated reports whether the client's own word on it is no.
func refusesPreAuthenticated(query string) bool {
	return mentions(query, preAuthenticated) && !mentions(query, preAuthenticated+"=true")
}

// signPicture returns what makes the URL of a local picture.
func (x *exchange) signPicture() func(dst []byte, path, mimeType []byte) []byte {
	base := x.imageBase()
	lifetime := x.ImageLifetime
	if lifetime <= 0 {
		lifetime = DefaultImageLifetime
	}
	p := picture.Picture{
		Account:  x.Name,
		Upstream: x.upstream(),
		Expires:  x.now().Add(lifetime),
	}
	return func(dst []byte, path, mimeType []byte) []byte {
		p.Path, p.MIMEType = string(path), string(mimeType)
		dst = append(dst, base...)
		dst = append(dst, path...)
		dst = append(dst, '?')
		return x.Signer.AppendQuery(dst, p)
	}
}

func (x *exchange) imageBase() string {
	switch {
	case x.ImageBase != nil:
		return x.ImageBase.String()
	case x.Base != nil:
		return x.Base.String()
	}
	return ""
}

// upstream returns scheme and host of the API as it is configured.
func (x *exchange) upstream() string { return x.url.Scheme + "://" + x.out.Host }

// localLink returns what makes the API's URLs lead to us. It is made at first
// need: most answers of some apps have none.
func (x *exchange) localLink() rewrite.Link {
	if x.link == nil {
		x.link = x.Hosts.LocalLink(x.Base.String())
	}
	return x.link
}

func (c *caller) debug(message string, attrs ...slog.Attr) {
	if c.Logger == nil {
		return
	}
	attrs = append(attrs, slog.String("account", c.Name))
	c.Logger.LogAttrs(context.Background(), slog.LevelDebug, message, attrs...)
}

var errBodyClosed = errors.New("read of a closed body")

// A rewriting is a body that is rewritten while it is read: an answer's, or a
// request's.
type rewriting struct {
	src     io.Closer
	x       *exchange // told how many URLs were replaced, if not nil
	headers int       // URLs replaced in the answer's header

	mu       sync.Mutex // guards the rest, which others reuse after Close
	gunzip   *gunzip
	rewriter rewriter
	closed   bool
}

// Read implements [io.Reader].
func (b *rewriting) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return 0, errBodyClosed
	}
	return b.rewriter.Read(p)
}

// Close implements [io.Closer]. It closes the source first, which ends a Read
// that is still waiting for it.
func (b *rewriting) Close() error {
	err := b.src.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return err
	}
	b.closed = true
	_ = b.rewriter.Close() // returns buffers; it does not fail
	if b.gunzip != nil {
		b.gunzip.release()
	}
	if b.x != nil {
		pictures, links := b.rewriter.Rewritten()
		b.x.observeRewritten(pictures, links, b.headers, 0)
	}
	return err
}
