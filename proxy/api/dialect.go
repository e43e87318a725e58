// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package api is what is known of the OneNote API and its siblings: where they
// live ([Preset]), which URLs are theirs ([Hosts]), what a URL leads to, and how
// requests and responses change on their way between an app and an API
// ([Dialect]). It sends nothing and knows no tokens.
//
// To speak to an API that differs from what the apps speak, implement [Dialect].
// [Passthrough] is the one for all APIs that do not differ.
package api

import (
	"io"
	"net/http"

	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
	"github.com/caddy-onenote/caddy-onenote/proxy/rewrite"
)

// A Dialect is what apps speak, in terms of what an API speaks. The transport
// asks it what to send to the API in place of an app's request, and what to give
// to the app in place of the API's response. It is safe for concurrent use.
type Dialect interface {
	// Paths returns the prefixes of the paths that apps may request. No other
	// path leads to the API.
	Paths() []string

	// Translate turns an app's request into one that the API understands. It
	// may change the method, path, query and header of r. It returns an error,
	// which is the response to the app, where the API has nothing like it; then
	// nothing is sent.
	Translate(r *Request) (Translation, *apierror.Error)
}

// A Translation serves one request that a [Dialect] has translated.
type Translation interface {
	// RequestBody returns how the request's body is rewritten, or nil where it
	// is sent as it is. It is not called for a body that is compressed or cannot
	// be buffered.
	RequestBody() BodyRules

	// ResponseHeader changes the header of a response, and its status where the
	// app expects another, and returns how many URLs it has replaced. It is
	// called once for the response that the app gets, whatever its status.
	ResponseHeader(res *http.Response) (urls int)

	// ResponseBody returns how the body of that response is rewritten, or nil
	// where it is passed on as it is. It is called after ResponseHeader, only
	// where the request has RewriteResponse, and only for a body that is
	// complete, is not compressed in an unknown way, and may be changed. It may
	// change header fields that say something about the body. The bodies of the
	// API's error responses are bodies like all others.
	ResponseBody(res *http.Response) BodyRules
}

// BodyRules say how a body is rewritten. [*rewrite.Rules] are some.
type BodyRules interface {
	// Open returns src rewritten. Closing it does not close src.
	Open(src io.Reader) rewrite.Body
}
