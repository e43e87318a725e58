// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"net"
	"net/http"
	"net/netip"
	"net/textproto"
	"net/url"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/proxy/answer"
	"github.com/caddy-onenote/caddy-onenote/proxy/picture"
	"github.com/caddy-onenote/caddy-onenote/proxy/rewrite"
)

// An exchange is one request and its answer. The copy of the request that goes
// up lives in it, so that one allocation serves for all of it.
type exchange struct {
	*caller
	in      *http.Request
	out     http.Request
	url     url.URL
	values  [3]string // of header fields that we add
	safety  [3]string // of those that we add to the answer
	content content
	rewrite bool    // the answer's body may have to be rewritten
	body    *replay // nil where there is none
	mapping rules   // of the request's body; its zero value changes nothing
	link    rewrite.Link
}

// run sends the request and returns the answer for the client.
func (x *exchange) run() (*http.Response, error) {
	if a := x.prepare(); a != nil {
		x.closeBody()
		return x.refuse(a), nil
	}
	if err := x.mapBody(); err != nil {
		return nil, x.abandon(err)
	}
	res, err := x.authorize()
	if err != nil {
		return nil, x.abandon(err)
	}
	if x.body != nil {
		x.body.settle()
	}
	return res, nil
}

// abandon gives up the body and returns the error that says why: where the
// client's own body broke, that is the cause, however the API's side words it.
func (x *exchange) abandon(err error) error {
	if x.body == nil {
		return err
	}
	x.body.abandon()
	if broken := x.body.failure(); broken != nil {
		return broken
	}
	return err
}

// closeBody closes the client's body where nothing is sent, as the contract of
// RoundTripper demands.
func (x *exchange) closeBody() {
	if x.in.Body != nil {
		_ = x.in.Body.Close()
	}
}

// prepare makes the request that goes up, all but its token. It returns an
// answer where none may go up.
func (x *exchange) prepare() *answer.Answer {
	x.aim()
	if a := x.check(); a != nil {
		return a
	}
	t, ok := x.target()
	if !ok {
		return &answer.Answer{
			Cause:   answer.BadPath,
			Message: "The request target is not a path of the API. Send a path that begins with a single slash.",
		}
	}
	x.content = contentOf(t.path)
	x.rewrite = x.mayRewrite()

	x.out = *x.in
	x.out.Host = hostWithoutDefaultPort(&x.url)
	x.out.URL = x.upstreamURL(t)
	x.out.RequestURI = "" // it is for servers; clients take the URL
	x.out.Header = x.upstreamHeader()
	x.keepBody()
	return nil
}

// aim points our copy of the request's URL at the API: the certificate and the
// Host field have to be those of the API, whatever address is dialed.
func (x *exchange) aim() {
	x.url = *x.in.URL
	if x.Upstream != nil {
		x.url.Scheme, x.url.Host = x.Upstream.Scheme, x.Upstream.Host
	}
}

// target returns what the client asked for.
func (x *exchange) target() (target, bool) {
	if x.Target != "" {
		return targetIn(x.Target)
	}
	return targetOf(x.in)
}

// check makes sure that a token may be sent at all, before any is asked for.
func (x *exchange) check() *answer.Answer {
	if x.Account == nil {
		return &answer.Answer{
			Cause:   answer.Misconfigured,
			Message: "Nobody has decided whose token goes with this request. Put the handler onenote_guard in front of the transport, or use the directive onenote, which does.",
		}
	}
	if !mayCarryToken(&x.url) {
		return &answer.Answer{
			Cause:   answer.Misconfigured,
			Message: "The upstream " + x.url.Host + " is reached without TLS, and the token of account " + x.Name + " would be readable on the way. Use https, or an upstream on this machine.",
		}
	}
	return nil
}

// mayCarryToken reports whether nobody else can read what is sent to u.
func mayCarryToken(u *url.URL) bool {
	switch u.Scheme {
	case "https":
		return u.Host != ""
	case "http":
		return isLoopback(u.Hostname())
	}
	return false
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// mayRewrite reports whether the answer could need rewriting, as far as the
// request tells. A part of a page (Range) cannot be rewritten.
func (x *exchange) mayRewrite() bool {
	if x.in.Method == http.MethodHead || x.content == resourceContent {
		return false
	}
	return x.Links || x.Pictures == Local || x.Pictures == Direct && x.content == pageContent
}

// upstreamURL returns the URL to send to, which was aimed before. The path goes
// into Opaque, which net/http sends as it is; from Path it would write %2f and |
// in its own way.
func (x *exchange) upstreamURL(t target) *url.URL {
	x.url.Opaque = t.path
	x.url.RawQuery = x.upstreamQuery(t.query)
	x.url.ForceQuery = t.hasQuery && t.query == ""
	x.url.User = nil
	x.url.Fragment, x.url.RawFragment = "", ""
	return &x.url
}

// hostWithoutDefaultPort returns the host as a browser would write it. The API
// does not know itself by the name www.onenote.com:443.
func hostWithoutDefaultPort(u *url.URL) string {
	host, port, err := net.SplitHostPort(u.Host)
	if err != nil {
		return u.Host
	}
	if port == "443" && u.Scheme == "https" || port == "80" && u.Scheme == "http" {
		if strings.Contains(host, ":") {
			return "[" + host + "]"
		}
		return host
	}
	return u.Host
}

// upstreamHeader returns the client's header without what is not to go up. The
// values are shared with the client's request: nobody changes them.
func (x *exchange) upstreamHeader() http.Header {
	// Few of the client's fields are left, most often; a small map is cheap.
	h := make(http.Header, 8)
	for name, values := range x.in.Header {
		if !staysHere(name) {
			h[name] = values
		}
	}
	for _, names := range x.in.Header["Connection"] {
		for name := range strings.SplitSeq(names, ",") {
			delete(h, textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name)))
		}
	}
	x.addLoop(h)
	x.askForCoding(h)
	return h
}

// addLoop adds us to CDN-Loop (RFC 8586). What others wrote stays.
func (x *exchange) addLoop(h http.Header) {
	if x.Loop == "" {
		return
	}
	x.values[1] = x.Loop
	if before := h["Cdn-Loop"]; len(before) > 0 {
		x.values[1] = strings.Join(before, ", ") + ", " + x.Loop
	}
	h["Cdn-Loop"] = x.values[1:2:2]
}

// askForCoding asks for gzip where the answer is to be rewritten, since that
// is what we can undo. Everywhere else the client's own wish stands; a client
// without one gets the bytes as they are, where net/http would ask for gzip on
// its own and lose the answer's length and validators by undoing it.
func (x *exchange) askForCoding(h http.Header) {
	_, ranged := h["Range"]
	switch {
	case ranged || x.in.Method == http.MethodHead:
		return
	case x.rewrite:
		x.values[2] = "gzip"
	case h.Get("Accept-Encoding") == "":
		x.values[2] = "identity"
	default:
		return
	}
	h["Accept-Encoding"] = x.values[2:3:3]
}

// staysHere reports whether a header field of the client does not go up:
// credentials, which are ours to choose; what tells of the way to us; what
// would make the API answer another request than the one that was checked; and
// what browsers say about pages, since the page is not the API's guest.
// Aliases with underscores count as the field itself, as CGI-like servers read
// them.
func staysHere(name string) bool {
	known := textproto.CanonicalMIMEHeaderKey(name)
	if strings.IndexByte(name, '_') >= 0 {
		known = textproto.CanonicalMIMEHeaderKey(strings.ReplaceAll(name, "_", "-"))
		switch known {
		case "Content-Length", "Host", "Te", "Trailer", "Cdn-Loop":
			return true
		}
	}
	switch known {
	case "Authorization", "Proxy-Authorization", "Cookie", "Cookie2",
		"Forwarded", "X-Real-Ip", "Via",
		"X-Method-Override", "X-Original-Url", "X-Rewrite-Url",
		"X-Onenote-Proxy-Key",
		"Origin", "Referer",
		// Of one connection only (RFC 9110 §7.6.1). The API is never asked to
		// switch protocols, and need not be: a server may ignore the wish, with
		// which some HTTP libraries begin each connection (Upgrade: h2c).
		"Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding",
		"Upgrade", "Http2-Settings":
		return true
	}
	return hasPrefixOf(known, "X-Forwarded", "X-Http-Method", "Sec-Fetch-", "Sec-Websocket-", "Access-Control-Request-")
}

func hasPrefixOf(s string, prefixes ...string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

// upstreamQuery returns the query to send, every byte kept but what is ours or
// the client's secret.
func (x *exchange) upstreamQuery(query string) string {
	if x.Picture != nil {
		// The path of a signed picture is the picture's private address, which
		// the account's token opens; its query says the rest, and only to us.
		return ""
	}
	query = withoutAccessToken(query)
	switch x.content {
	case resourceContent:
		return picture.StripQuery(query)
	case pageContent:
		if x.Pictures == Direct && x.in.Method == http.MethodGet {
			return withPreAuthenticated(query)
		}
	}
	return query
}
