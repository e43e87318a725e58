// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package proxy sends requests to an API with an account's token and gives its
// responses back to the client.
//
// [Transport] is an [http.RoundTripper] that wraps another. It removes the
// headers that the client must not send to the API, keeps the request target
// byte for byte, and attaches the bearer token. It buffers the request body, so
// that after a 401 the token can be refreshed once and the same request sent
// again. It removes the headers of the response that would damage localhost.
//
// What the API's URLs and bodies mean is the business of the [api.Dialect]. Known
// here are only what the decision to retry needs, the code of an error response and
// the parameter of public resources, and the parameter that can hold a token.
//
// The package knows neither the server around it nor how tokens are made:
// [TokenSource] is all that it asks of them.
package proxy

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/caddy-onenote/caddy-onenote/proxy/api"
	"github.com/caddy-onenote/caddy-onenote/proxy/picture"
	"github.com/caddy-onenote/caddy-onenote/proxy/throttle"
)

// A Transport sends requests to one API. There is one for each site. It is
// safe for concurrent use; it must not be changed once it has sent a request.
type Transport struct {
	// Next sends the prepared requests. It must not follow redirects and must
	// not add credentials. http.Transport does neither.
	Next http.RoundTripper

	// Upstream is the scheme and host of the API. It is needed where the URL of
	// a request names the address to connect to. Default: that URL's.
	Upstream *url.URL

	// Dialect says what to send to the API and what to give to the client.
	Dialect api.Dialect

	// MaxReplay is how many bytes of a request body are buffered for the second
	// try. A larger body is sent all the same, but a 401 is passed on. Default,
	// as any value below 1: nothing is buffered.
	MaxReplay int64

	// Spool holds the buffered bodies and bounds their total size. Default:
	// nothing is buffered.
	Spool *Spool

	// Throttle keeps the requests within what the API allows. Default: they are sent
	// as they come.
	Throttle *throttle.Throttle

	// Loop is added to CDN-Loop (RFC 8586), so that a request that comes back
	// can be detected. Default: nothing is added.
	Loop string

	// Observer counts requests, for metrics. May be nil.
	Observer Observer

	// Logger gets debug lines about bodies that could not be rewritten. It
	// never gets a token, a query or a body. May be nil.
	Logger *slog.Logger
}

// A TokenSource has the tokens of one account. Its methods are called
// concurrently.
type TokenSource interface {
	// Token returns the value for the Authorization header, ready to be sent,
	// and the generation of that token: a number that grows with each refresh.
	Token(ctx context.Context) (authorization string, generation uint64, err error)

	// Refresh is called when the upstream, a host of the API, has refused the
	// token of that generation with a 401. It returns a newer token, whoever
	// fetched it; the same generation means that there is no newer one. The
	// claims are those of a claims challenge, decoded, or empty.
	Refresh(ctx context.Context, upstream string, generation uint64, claims string) (authorization string, next uint64, err error)

	// Refused reports that the upstream has refused the newest token that Refresh
	// has, so that the next Refresh does not fetch yet another. The code is that
	// of the API's error response; empty if it has none.
	Refused(upstream string, generation uint64, code string)

	// Accepted reports that the upstream has accepted the token of that
	// generation. It is called for each request that succeeds.
	Accepted(upstream string, generation uint64)
}

// A TokenError is an error of a [TokenSource] that knows its class. Any other
// error is taken for a transient one.
type TokenError interface {
	// Error says what failed; it is shown to the client and holds no secret.
	error

	// Class is "transient", "signin_required" or "misconfigured".
	Class() string

	// RetryAfter is how long to wait before asking again; 0 if unknown.
	RetryAfter() time.Duration

	// Hint tells the operator what to do. It holds no secret.
	Hint() string

	// Loop reports whether the request for a token came back to this proxy.
	Loop() bool
}

// An Observer counts. Its methods are called concurrently and must not block.
type Observer interface {
	// Request is called for each request that got a response, with its outcome:
	// "ok", "upstream_error" where the API responded with 400 or more, or the
	// cause of an error response of ours. It is not called for requests that end
	// in an error of the transport: only the server around it knows whether they
	// are tried again.
	Request(account, outcome string)

	// Retry is called for each 401 that called for a second try, with what
	// became of it: "ok", "still_401" or "not_replayable".
	Retry(account, result string)

	// Translated is called for each request that is translated for the API, or that
	// is refused because it cannot be.
	Translated(ok bool)

	// Rewritten is called with the number of URLs that were replaced in one
	// message: pictures and links in the response's body, its header, and the
	// request's body. It is not called where nothing was replaced.
	Rewritten(pictures, links, headers, body int)
}

// A Call is what is known of one request beyond the request itself. It is made by
// the server that has authorized the client; a Call without Tokens sends
// nothing.
type Call struct {
	// Tokens has the tokens to send.
	Tokens TokenSource

	// Account is the account's name, for messages and metrics.
	Account string

	// KeyName is the name of the client's key, or empty.
	KeyName string

	// Base is where the client reaches the proxy: scheme, host and perhaps a
	// path without a slash at its end. Links lead there.
	Base *url.URL

	// ImageBase is the same for local pictures. Default: Base.
	ImageBase *url.URL

	// SigninURL returns where a person signs in to the account. It is called
	// only where somebody has to, and may be nil.
	SigninURL func() string

	// Target is the request target as the client wrote it. Default: that of
	// the request.
	Target string

	// Picture is the signed picture that is requested, or nil.
	Picture *picture.Picture

	// Signer signs the URLs of local pictures. It is needed only where the
	// dialect makes them.
	Signer *picture.Signer

	// Vary names the fields of the client's request on which the response
	// depends, besides those that the API knows. The response is then kept out
	// of shared caches. Empty: the response is the same for all clients, and its
	// caching is the API's business.
	Vary string

	// Trace, where not nil, is filled with what became of the request.
	Trace *Trace
}

// A Trace is what became of one request. Retried is known when RoundTrip
// returns, the rest when the response's body is closed.
type Trace struct {
	Retried                        bool // sent a second time, with a newer token
	Pictures, Links, Headers, Body int  // URLs replaced, as in Observer
}

// For returns the transport for that call. Its requests must have a URL with
// scheme and host: those of the API, unless Upstream is set. It does not change
// the requests.
//
// A failure to get a token becomes an error response in the API's own shape,
// with 401, 503 or 500, so that a load balancer does not take it for a failure
// of the API. A failure to reach the API is an error.
func (t *Transport) For(c Call) http.RoundTripper {
	return &callTransport{Transport: t, Call: c}
}

// A callTransport sends the requests of one call. That is one request, in most
// cases, and so the first exchange is part of it: one allocation instead of two.
type callTransport struct {
	*Transport
	Call
	first exchange
	used  atomic.Bool // the first exchange
}

// RoundTrip implements [http.RoundTripper].
func (c *callTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	x := &c.first
	if c.used.Swap(true) {
		x = new(exchange)
	}
	x.callTransport, x.in = c, req
	res, err := x.run()
	if err != nil {
		return nil, err
	}
	// The response must not lead to the copy of the request that was sent, which
	// carries the token.
	res.Request = req
	return res, nil
}

func (c *callTransport) observe(outcome string) {
	if c.Observer != nil {
		c.Observer.Request(c.Account, outcome)
	}
}

func (c *callTransport) observeRetry(result string) {
	if c.Observer != nil {
		c.Observer.Retry(c.Account, result)
	}
}

// observeRewritten adds the numbers to the trace and the metrics.
func (c *callTransport) observeRewritten(pictures, links, headers, body int) {
	if pictures|links|headers|body == 0 {
		return
	}
	if c.Trace != nil {
		c.Trace.Pictures += pictures
		c.Trace.Links += links
		c.Trace.Headers += headers
		c.Trace.Body += body
	}
	if c.Observer != nil {
		c.Observer.Rewritten(pictures, links, headers, body)
	}
}

func (c *callTransport) debug(message string, attrs ...slog.Attr) {
	if c.Logger == nil {
		return
	}
	attrs = append(attrs, slog.String("account", c.Account))
	c.Logger.LogAttrs(context.Background(), slog.LevelDebug, message, attrs...)
}

var _ http.RoundTripper = (*callTransport)(nil)
