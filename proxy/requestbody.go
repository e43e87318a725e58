// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/caddy-onenote/caddy-onenote/proxy/rewrite"
)

// keepBody makes the request's body one that can be sent twice.
func (x *exchange) keepBody() {
	if x.in.Body == nil || x.in.Body == http.NoBody {
		return
	}
	length := x.in.ContentLength
	if length == 0 {
		length = -1 // with a body, it means that nobody knows
	}
	x.body = newReplay(x.in.Body, length, x.MaxReplay, x.Spool)
	if x.body.whole {
		// net/http sends again by itself where the connection turns out to be
		// gone before the API can have seen the request.
		x.out.GetBody = func() (io.ReadCloser, error) { return x.openBody(x.body.start()) }
	}
}

// mapBody makes URLs of ours in the request's body the API's again, where
// there are any. What the app read from us it may send back, and the API can
// fetch nothing from localhost.
//
// The body is read to its end first: only then is its new length known. One
// without such URLs goes up as it came, with its length; so does one for which
// there is no room, which is sent while it is still read.
func (x *exchange) mapBody() error {
	if x.body == nil || !x.body.whole {
		return nil
	}
	mapping, ok := x.mappingOf(x.in.Header)
	if !ok {
		return nil
	}
	all, err := x.body.spool()
	if err != nil || !all {
		return err
	}
	length, links, err := x.measure(mapping)
	if err != nil || links == 0 {
		return err
	}
	x.mapping = mapping
	x.observeRewritten(0, 0, 0, links)
	x.announce(length)
	return nil
}

// mappingOf returns how the body is mapped; false where it stays as it is.
func (x *exchange) mappingOf(h http.Header) (rules, bool) {
	if !x.Links || x.Base == nil || codingOf(h) != "" {
		return rules{}, false
	}
	contentType := h.Get("Content-Type")
	r := rules{kind: mediaTypeOf(contentType)}
	switch r.kind {
	case htmlType, jsonType:
	case multipartType:
		if r.boundary = boundaryOf(contentType); r.boundary == "" {
			return r, false
		}
	default:
		return r, false
	}
	ours := x.ours()
	if x.content == pageContent || r.kind == multipartType {
		// What changes a page comes as JSON to its content, or in a batch.
		r.commands = hostNames(ours)
	}
	r.jsonLink = x.Hosts.UpstreamLink(x.upstream(), ours...)
	r.jsonHosts = anchorsOfBases(ours...)
	r.html = rewrite.HTMLRules{Link: r.jsonLink, LinkPictures: true}
	if r.kind == multipartType {
		r.head = headRules{to: x.Hosts.upstreamReference(r.jsonLink, ours), ours: r.commands, host: x.out.Host}
	}
	return r, true
}

// measure maps the spooled body once without sending it.
func (x *exchange) measure(mapping rules) (length int64, links int, err error) {
	body, err := x.body.start()
	if err != nil {
		return 0, 0, err
	}
	mapped := mapping.open(body)
	defer func() {
		_ = mapped.Close() // returns buffers, and
		_ = body.Close()   // ends the reading; neither fails
	}()
	length, err = io.Copy(io.Discard, mapped)
	pictures, links := mapped.Rewritten()
	return length, pictures + links, err
}

// announce says how long the mapped body is, unless trailers follow it, which
// need chunks. What was said of the bytes before is no longer true.
func (x *exchange) announce(length int64) {
	h := x.out.Header
	for _, name := range [...]string{"Content-Length", "Content-Md5", "Digest", "Content-Digest", "Repr-Digest"} {
		delete(h, name)
	}
	if len(x.in.Trailer) > 0 {
		return
	}
	x.out.ContentLength = length
	x.out.TransferEncoding = nil
	h["Content-Length"] = []string{strconv.FormatInt(length, 10)}
}

// openBody returns what is sent of a body that has been opened for a try.
func (x *exchange) openBody(body io.ReadCloser, err error) (io.ReadCloser, error) {
	if err != nil || x.mapping.kind == otherType {
		return body, err
	}
	return &rewriting{src: body, rewriter: x.mapping.open(body)}, nil
}

// start opens the body for the first try.
func (x *exchange) start() (io.ReadCloser, error) { return x.openBody(x.body.start()) }

// restart opens it for the second.
func (x *exchange) restart(ctx context.Context) (io.ReadCloser, error) {
	return x.openBody(x.body.restart(ctx))
}

// ours returns the bases under which the client may know us: those it is told,
// and any spelling of loopback.
func (x *exchange) ours() []string {
	bases := []string{x.Base.String(), x.imageBase()}
	for _, port := range x.ports() {
		for _, host := range [...]string{"localhost", "127.0.0.1", "[::1]"} {
			bases = append(bases, "http://"+host+port)
		}
	}
	slices.Sort(bases)
	return slices.Compact(bases)
}

// ports returns the ports, each with its colon, at which the request may have
// reached us: the one of the base, and the one of the listener.
func (x *exchange) ports() []string {
	ports := []string{portOf(x.Base)}
	if addr, ok := x.in.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		if _, port, err := net.SplitHostPort(addr.String()); err == nil && ":"+port != ports[0] {
			ports = append(ports, ":"+port)
		}
	}
	return ports
}

func portOf(u *url.URL) string {
	if port := u.Port(); port != "" {
		return ":" + port
	}
	return ""
}

// hostNames returns the hosts of bases, each once.
func hostNames(bases []string) []string {
	var hosts []string
	for _, b := range basesOf(bases) {
		hosts = append(hosts, b.host)
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}
