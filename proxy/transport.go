// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package proxy is the way of a request: it goes up with the account's token
// and comes back with URLs that lead here.
//
// [Transport] is an [http.RoundTripper] that wraps another. On the way up it
// removes what the client has no business sending, keeps the request target
// byte for byte, attaches the bearer, and keeps the body, so that a 401 leads
// to one renewal of the token and one second try with the very same bytes. On
// the way down it rewrites the URLs of pictures and of the API itself and
// takes away headers that would damage localhost.
//
// The package knows neither the server around it nor how tokens are made:
// [Account] is all that it asks of them.
package proxy

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/caddy-onenote/caddy-onenote/proxy/picture"
)

// DefaultImageLifetime is how long a local picture's URL works unless it is
// configured: as long as the service's own public ones.
const DefaultImageLifetime = time.Hour

// A Transport sends requests to one API. There is one for each site. It is
// safe for concurrent use; nothing in it may change once it has sent a request.
type Transport struct {
	// Next sends what is ready to be sent. It must not follow redirects and
	// must not add credentials. http.Transport is one that does neither.
	Next http.RoundTripper

	// Upstream is scheme and host of the API, where the requests that come in
	// name the address that is dialed. Default: that of each request's URL.
	Upstream *url.URL

	// Preset says which paths and hosts belong to the API.
	Preset Preset

	// Hosts decides which URLs are the API's and what becomes of them.
	Hosts *APIHosts

	// Pictures says what becomes of pictures in pages. Default: Direct.
	Pictures PictureMode

	// Links makes the API's URLs lead to us, and ours in request bodies to the
	// API.
	Links bool

	// Signer signs the URLs of local pictures. Needed for Local only.
	Signer *picture.Signer

	// ImageLifetime is how long a local picture's URL works. Default:
	// DefaultImageLifetime.
	ImageLifetime time.Duration

	// MaxReplay is how many bytes of a request body are kept for the second
	// try. A larger body is sent all the same, but a 401 passes through.
	// Default, as any value below 1: nothing is kept.
	MaxReplay int64

	// Spool holds the kept bodies and bounds them in all. Default: nothing is
	// kept.
	Spool *Spool

	// Loop is added to CDN-Loop (RFC 8586), so that a request that comes back
	// to us can be told. Default: nothing is added.
	Loop string

	// Now is the clock. Default: time.Now.
	Now func() time.Time

	// Observer is told what happens, for metrics. May be nil.
	Observer Observer

	// Logger gets debug lines about bodies that could not be rewritten. It
	// never gets a token, a query or a body. May be nil.
	Logger *slog.Logger
}

// An Account has tokens. Its methods are called by many requests at once.
type Account interface {
	// Token returns the value for the Authorization header, ready to be sent,
	// and the generation of that token: a number that grows with each renewal.
	Token(ctx context.Context) (authorization string, generation uint64, err error)

	// Renew is called when the API has refused the token of that generation
	// with a 401. It returns a newer token, whoever fetched it; the same
	// generation means that there is nothing newer to be had. The claims are
	// those of a claims challenge, decoded, or empty.
	Renew(ctx context.Context, generation uint64, claims string) (authorization string, next uint64, err error)

	// Refused says that the token of that generation, fresh from Renew, was
	// refused as well, so that the next Renew does not fetch yet another.
	Refused(generation uint64)
}

// A TokenError is an error of an [Account] that knows what it means. Any other
// error is taken for a passing one.
type TokenError interface {
	// Error says what failed; it is shown to the client and holds no secret.
	error

	// Class is "passing", "signin_required" or "misconfigured".
	Class() string

	// RetryAfter is how long to wait before asking again; 0 if unknown.
	RetryAfter() time.Duration

	// Hint tells the operator what to do. It holds no secret.
	Hint() string
}

// An Observer counts. Its methods are called by many requests at once and must
// not block.
type Observer interface {
	// Request is told how a request ended that got an answer: "ok",
	// "upstream_error" where the API answered with 400 or more, or the cause
	// of an answer of ours. Requests that end in an error of the transport are
	// not told: only the server around us knows whether they are tried again.
	Request(account, outcome string)

	// Retry is told how a 401 ended that called for a second try: "ok",
	// "still_401" or "not_replayable".
	Retry(account, result string)

	// Rewritten is told how many URLs were replaced in one message: pictures
	// and links in an answer's body, its headers, and the request's body. It
	// is not told of messages in which there was nothing to replace.
	Rewritten(pictures, links, headers, body int)
}

// A Call is what is known of one request beyond the request itself. Somebody
// who knows the caller has decided it; a Call without an Account sends nothing.
type Call struct {
	// Account is whose token goes with the request.
	Account Account

	// Name is the account's name, for messages and metrics.
	Name string

	// Base is where the client reaches us: scheme, host and perhaps a path
	// without a slash at its end. Links lead there.
	Base *url.URL

	// ImageBase is the same for local pictures. Default: Base.
	ImageBase *url.URL

	// SigninURL returns where a person signs in to the account. It is asked
	// only where somebody has to, and may be nil.
	SigninURL func() string

	// Target is the request target as the client wrote it. Default: that of
	// the request.
	Target string

	// Picture is the signed picture that is asked for, if it is one.
	Picture *picture.Picture

	// Trace, where not nil, is filled with what became of the request.
	Trace *Trace
}

// A Trace is what became of one request. Retried is known when RoundTrip
// returns, the rest when the answer's body is closed.
type Trace struct {
	Retried                        bool // sent a second time, with a newer token
	Pictures, Links, Headers, Body int  // URLs replaced, as in Observer
}

// For returns the transport for that call. The request that it is given must
// have a URL with scheme and host, those of the API unless Upstream says them;
// it is not changed.
//
// A failure to get a token is an answer, so that the one who balances load
// does not blame the API for it: 401, 503 or 500 in the API's own shape. A
// failure to reach the API is an error.
func (t *Transport) For(c Call) http.RoundTripper {
	return &caller{Transport: t, Call: c}
}

// A caller sends the requests of one call. That is one, in most cases, and so
// its exchange comes with it: one allocation in place of two.
type caller struct {
	*Transport
	Call
	first exchange
	taken atomic.Bool // the first exchange
}

// RoundTrip implements [http.RoundTripper].
func (c *caller) RoundTrip(req *http.Request) (*http.Response, error) {
	x := &c.first
	if c.taken.Swap(true) {
		x = new(exchange)
	}
	x.caller, x.in = c, req
	res, err := x.run()
	if err != nil {
		return nil, err
	}
	// The answer belongs to the request that was asked, not to our copy of it,
	// which carries the token.
	res.Request = req
	return res, nil
}

func (c *caller) now() time.Time {
	if c.Now == nil {
		return time.Now()
	}
	return c.Now()
}

func (c *caller) observe(outcome string) {
	if c.Observer != nil {
		c.Observer.Request(c.Name, outcome)
	}
}

func (c *caller) observeRetry(result string) {
	if c.Observer != nil {
		c.Observer.Retry(c.Name, result)
	}
}

// observeRewritten tells the numbers to those who asked for them.
func (c *caller) observeRewritten(pictures, links, headers, body int) {
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

var _ http.RoundTripper = (*caller)(nil)
