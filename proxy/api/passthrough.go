// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/http"
	"time"

	"github.com/caddy-onenote/caddy-onenote/internal/ascii"
	"github.com/caddy-onenote/caddy-onenote/internal/credentials"
	"github.com/caddy-onenote/caddy-onenote/internal/hostport"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
	"github.com/caddy-onenote/caddy-onenote/proxy/picture"
	"github.com/caddy-onenote/caddy-onenote/proxy/rewrite"
)

// Passthrough is the [Dialect] of apps that speak what the API speaks. It
// translates nothing: it makes URLs of the API lead to the proxy, URLs of the
// proxy lead to the API, and pictures load without a token.
type Passthrough struct {
	// Hosts decides which URLs are the API's.
	Hosts *Hosts

	// Pictures says what becomes of pictures in pages. Default: Direct.
	Pictures PictureMode

	// Links makes the API's URLs lead to the proxy, and the proxy's URLs in
	// request bodies lead to the API.
	Links bool

	// ImageLifetime is how long the URL of a local picture works. It is needed
	// where Pictures is Local.
	ImageLifetime time.Duration

	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// Paths implements [Dialect]. The apps use the paths of the API.
func (p *Passthrough) Paths() []string { return p.Hosts.Paths() }

// Translate implements [Dialect]. It never returns an error.
func (p *Passthrough) Translate(r *Request) (Translation, *apierror.Error) {
	t := &r.passthrough
	t.dialect, t.request, t.content = p, r, contentOf(r.Path)
	switch t.content {
	case resourceContent:
		r.Query = picture.StripQuery(r.Query)
	case pageContent:
		if p.Pictures == Direct && r.Method == http.MethodGet {
			query := withPreAuthenticated(r.Query)
			t.madePublic = len(query) > len(r.Query)
			r.Query = query
		}
	}
	if ascii.ContainsFold(r.Path, siteCollections) {
		r.Path = string(withSites([]byte(r.Path)))
	}
	r.RewriteResponse = t.rewritesResponse()
	return t, nil
}

// passthrough is the [Translation] of a [Passthrough].
type passthrough struct {
	dialect *Passthrough
	request *Request
	content content

	// madePublic says that the page's pictures are public because the request was
	// changed.
	madePublic bool

	link  rewrite.LinkFunc
	rules rewrite.Rules // of the response's body
}

// rewritesResponse reports whether the response could need rewriting, as far as
// the request tells.
func (t *passthrough) rewritesResponse() bool {
	if t.request.Method == http.MethodHead || t.content == resourceContent {
		return false
	}
	d := t.dialect
	return d.Links || d.Pictures == Local || d.Pictures == Direct && t.content == pageContent
}

// RequestBody implements [Translation].
func (t *passthrough) RequestBody() BodyRules {
	if !t.dialect.Links || t.request.Base == nil {
		return nil
	}
	rules, ok := rewrite.NewRules(t.request.Header.Get("Content-Type"))
	if !ok {
		return nil
	}
	bases := basesOf(t.request.Bases())
	link := t.dialect.Hosts.upstreamLink(t.request.upstream(), bases)
	rules.Embedding = rewrite.Embedding{
		// The commands that change a page are JSON, sent to the page's content, in
		// a form or in a batch.
		Commands: t.holdsCommands() || rules.Type == rewrite.MultipartType,
		Batch:    t.content == batchContent,
	}
	rules.JSONHosts, rules.JSONLink = bases.anchors(), link
	rules.HTML = rewrite.HTMLRules{Link: link, LinkPictures: true}
	// In a request of a batch the API needs no credentials: the token around the batch
	// counts. What an app copies into each request is its client key, or a token that
	// the API would refuse.
	rules.Head.Removed = credentials.Field
	if rules.Type == rewrite.MultipartType {
		rules.Head = rewrite.HeadRules{
			Reference: t.dialect.Hosts.upstreamReference(link, bases),
			Removed:   credentials.Field,
			Hosts:     bases.hosts(),
			Host:      hostport.WithoutDefaultPort(t.request.Upstream),
		}
	}
	return &rules
}

// holdsCommands reports whether a JSON body may hold commands that change a page.
// Microsoft's documentation told apps for a while to send them to the page itself.
func (t *passthrough) holdsCommands() bool {
	switch t.content {
	case pageContent, pageItem, commandContent, batchContent:
		return true
	}
	return false
}

// ResponseHeader implements [Translation]. It makes the addresses in the header
// lead to the proxy. Addresses of other hosts stay: the app follows them without
// a token.
func (t *passthrough) ResponseHeader(res *http.Response) (urls int) {
	if p := t.request.Picture; p != nil {
		SetResourceExpires(res, p.Expires, t.dialect.now())
	}
	if !t.dialect.Links || t.request.Base == nil {
		return 0
	}
	for _, name := range rewrite.Locations {
		for i, value := range res.Header[name] {
			n := 0
			res.Header[name][i], n = rewrite.Location(name, value, t.localReference)
			urls += n
		}
	}
	return urls
}

// ResponseBody implements [Translation].
//
// HTML is rewritten where it is the content of a page: an attachment that
// happens to be HTML stays as it is. A multipart response is a page with its
// ink, or the responses of a batch.
func (t *passthrough) ResponseBody(res *http.Response) BodyRules {
	rules, ok := rewrite.NewRules(res.Header.Get("Content-Type"))
	if !ok {
		return nil
	}
	isPage := t.content == pageContent && t.request.Method == http.MethodGet && res.StatusCode == http.StatusOK
	if rules.Type == rewrite.HTMLType && !isPage {
		return nil
	}
	rules.Embedding.Batch = t.content == batchContent
	rules.HTML.Picture = t.picture(isPage)
	if t.dialect.Links && t.request.Base != nil {
		t.linkBody(&rules)
	}
	if rules.Type != rewrite.HTMLType {
		rules.JSONHosts, rules.JSONLink = t.dialect.Hosts.Anchors(), t.jsonLink(rules.HTML.Picture)
	}
	if isPage && t.madePublic {
		rules.HTML.EscapePicture = t.dialect.Hosts.isPublicPicture
	}
	if !rules.Rewrites() {
		return nil
	}
	if rules.HTML.Picture != nil && rules.Type != rewrite.JSONType {
		// The URLs of the pictures expire, so a page that a client has cached must
		// not be validated as unchanged.
		delete(res.Header, "Last-Modified")
	}
	t.rules = rules
	return &t.rules
}

// picture returns what becomes of the pictures in HTML, or nil. Public URLs
// work only where the request asked the API to make the pictures public, which
// the parts of a batch did not.
func (t *passthrough) picture(isPage bool) rewrite.PictureFunc {
	switch t.dialect.Pictures {
	case Direct:
		if isPage && !refusesPreAuthenticated(t.request.Query) {
			return t.dialect.Hosts.publicPicture
		}
	case Local:
		if sign := t.request.PictureSigner(PictureExpiry(t.dialect.now(), t.dialect.ImageLifetime)); sign != nil {
			return t.dialect.Hosts.LocalPicture(sign)
		}
	}
	return nil
}

// linkBody makes links in HTML lead to the proxy.
func (t *passthrough) linkBody(rules *rewrite.Rules) {
	if rules.Type != rewrite.JSONType || rules.Embedding.Batch {
		rules.HTML.Link = t.localLink()
		rules.HTML.LinkPictures = t.dialect.Pictures == Links
	}
	if rules.Type == rewrite.MultipartType {
		rules.Head.Reference = t.localReference
	}
}

// jsonLink returns what becomes of URLs in JSON. There is one picture that the API
// names in JSON, the preview of a page, and it is public.
func (t *passthrough) jsonLink(picture rewrite.PictureFunc) rewrite.LinkFunc {
	hosts := t.dialect.Hosts
	links := t.dialect.Links && t.request.Base != nil
	switch {
	case t.dialect.Pictures == Local && picture != nil:
		return t.localPictureInJSON(picture, links)
	case !links:
		return nil
	case t.dialect.Pictures == Links:
		return t.localLink()
	}
	return hosts.localLinkInJSON(t.request.Base.String())
}

func (t *passthrough) localPictureInJSON(picture rewrite.PictureFunc, links bool) rewrite.LinkFunc {
	var link rewrite.LinkFunc
	if links {
		link = t.localLink()
	}
	return func(dst, url []byte) (text []byte, rest int, ok bool) {
		if t.dialect.Hosts.isPublicPicture(url) {
			text, ok = picture.Replace(dst, url, nil)
			return text, len(url), ok
		}
		if link == nil {
			return dst, 0, false
		}
		return link(dst, url)
	}
}

func (p *Passthrough) now() time.Time {
	if p.Now == nil {
		return time.Now()
	}
	return p.Now()
}

var (
	_ Dialect     = (*Passthrough)(nil)
	_ Translation = (*passthrough)(nil)
	_ BodyRules   = (*rewrite.Rules)(nil)
)
