// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/internal/hostport"
	"github.com/caddy-onenote/caddy-onenote/internal/loopback"
	"github.com/caddy-onenote/caddy-onenote/internal/rawquery"
	"github.com/caddy-onenote/caddy-onenote/proxy/api"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
)

// An exchange is one request and its response. The copy of the request that is
// sent to the API is part of it: one allocation serves for all.
type exchange struct {
	*callTransport
	in          *http.Request // as it came
	out         http.Request  // as it is sent
	url         url.URL       // of out
	req         api.Request
	translation api.Translation
	generation  uint64         // of the token that was sent last
	body        *replay        // of the request; nil where there is none
	bodyRules   api.BodyRules  // of the request's body; nil where it is sent as it came
	trailer     cleanedTrailer // of the response
	rewritten   rewrittenBody  // of the response, if it is rewritten

	// The values of the header fields that are added to the request. They are arrays
	// because a header holds slices: slices of these need no allocation.
	authorization, cdnLoop, acceptEncoding [1]string

	// The values of the header fields that are added to the response.
	safety [3]string
}

// run sends the request and returns the response for the client.
func (x *exchange) run() (*http.Response, error) {
	if key, ok := x.sharedKey(); ok {
		return x.runShared(key)
	}
	return x.runAlone()
}

func (x *exchange) runAlone() (res *http.Response, err error) {
	defer func() {
		if res == nil && err == nil && x.body != nil { // a panic: its buffer would be lost to all
			x.body.abandon()
		}
	}()
	if e := x.prepare(); e != nil {
		defer x.closeBody()
		return x.refuse(e), nil
	}
	if err := x.limitBody(); err != nil {
		return x.failBody(err)
	}
	if err := x.mapBody(); err != nil {
		return nil, x.abandon(err)
	}
	if res, err = x.authorize(); err != nil {
		return nil, x.abandon(err)
	}
	if x.body != nil {
		x.body.settle()
	}
	return res, nil
}

// failBody ends a request whose body is refused or broken.
func (x *exchange) failBody(err error) (*http.Response, error) {
	var refusal *apierror.Error
	if !errors.As(err, &refusal) {
		return nil, x.abandon(err)
	}
	defer x.body.abandon()
	return x.refuse(refusal), nil
}

// abandon gives up the request's body and returns the error to report: where
// the client's body broke, that is the cause, whatever the API's side reports.
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

// prepare makes the request that is sent, all but its token. It returns an error
// where none may be sent.
func (x *exchange) prepare() *apierror.Error {
	x.setUpstream()
	if e := x.check(); e != nil {
		return e
	}
	forceQuery, e := x.translate()
	if e != nil {
		return e
	}
	if !isPath(x.req.Path) {
		return &apierror.Error{
			Cause:   apierror.BadPath,
			Message: "The request target is not a path of the API. Send a path that begins with a single slash.",
		}
	}
	x.out = *x.in
	x.out.Method = x.req.Method
	x.out.Host = hostport.WithoutDefaultPort(&x.url)
	x.out.URL = x.upstreamURL(forceQuery)
	x.out.RequestURI = "" // it is for servers; clients use the URL
	x.out.Close = false   // the client's wish is about its own connection
	x.out.Header = x.req.Header
	x.out.Trailer = x.upstreamTrailer()
	x.requestCoding(x.out.Header)
	x.bufferBody()
	return nil
}

// setUpstream points the copy of the request's URL at the API: the certificate
// and the Host field must be the API's, whatever address is connected to.
func (x *exchange) setUpstream() {
	x.url = *x.in.URL
	if x.Upstream != nil {
		x.url.Scheme, x.url.Host = x.Upstream.Scheme, x.Upstream.Host
	}
}

// check makes sure that a token may be sent at all, before any is asked for.
func (x *exchange) check() *apierror.Error {
	if x.Tokens == nil {
		return &apierror.Error{
			Cause:   apierror.Misconfigured,
			Message: "No account was chosen for this request, so there is no token to send. Use the directive onenote, which chooses the account.",
		}
	}
	if !mayCarryToken(&x.url) {
		return &apierror.Error{
			Cause:   apierror.Misconfigured,
			Message: "The upstream " + x.url.Host + " is reached without TLS, and others could read the token of account " + x.Account + " on the network. Use https, or an upstream on this machine.",
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
		return loopback.Host(u.Hostname())
	}
	return false
}

// translate asks the dialect what to send. It reports whether the client wrote a
// question mark with nothing after it, which is sent as well.
func (x *exchange) translate() (forceQuery bool, e *apierror.Error) {
	path, query, hasQuery := strings.Cut(x.target(), "?")
	forceQuery = hasQuery && query == ""
	if x.Picture != nil {
		// The signature of a local picture is for this proxy only. The account's
		// token opens the picture's path.
		query = ""
	}
	r := &x.req
	r.Incoming, r.Upstream, r.Account = x.in, &x.url, x.Account
	r.Method, r.Path, r.Query = x.in.Method, path, rawquery.WithoutAccessTokens(query)
	r.Header = x.upstreamHeader()
	r.Base, r.ImageBase, r.Picture, r.Signer = x.Base, x.ImageBase, x.Picture, x.Signer
	x.translation, e = x.Dialect.Translate(r)
	if x.Observer != nil && (r.Translated || e != nil) {
		x.Observer.Translated(e == nil)
	}
	return forceQuery, e
}

// upstreamURL returns the URL to send to. The path goes into Opaque, which
// net/http sends as it is; from Path it would write %2f and | in its own way.
func (x *exchange) upstreamURL(forceQuery bool) *url.URL {
	x.url.Opaque = x.req.Path
	x.url.RawQuery = x.req.Query
	x.url.ForceQuery = forceQuery
	x.url.User = nil
	x.url.Fragment, x.url.RawFragment = "", ""
	return &x.url
}
