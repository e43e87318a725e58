// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package apierror

import "net/http"

// A Cause is why the proxy responds itself. It is the value of the header
// X-Onenote-Proxy-Error and decides the status and the OneNote error code.
type Cause string

// The causes. Their words are part of the product's interface: scripts and
// dashboards match on them.
const (
	// SigninRequired: the account has no token and only a person can change
	// that. The message carries the address at which to sign in.
	SigninRequired Cause = "signin_required"

	// IdentityUnavailable: the identity provider cannot be asked at the
	// moment and no usable token is left. Comes with Retry-After.
	IdentityUnavailable Cause = "identity_unavailable"

	// Misconfigured: the configuration, here or in the app registration,
	// has to change before this can work.
	Misconfigured Cause = "misconfigured"

	// ForbiddenHost: the request names a host that this proxy does not serve, as
	// it does after DNS rebinding.
	ForbiddenHost Cause = "forbidden_host"

	// ForbiddenOrigin: a page of another site sent the request.
	ForbiddenOrigin Cause = "forbidden_origin"

	// ForbiddenClient: the client is neither local nor has shown a key.
	ForbiddenClient Cause = "forbidden_client"

	// UnknownAccount: there is no such account, or the client may not use it.
	UnknownAccount Cause = "unknown_account"

	// BadPath: the request target is not one that may be sent upstream.
	BadPath Cause = "bad_path"

	// UpstreamUnreachable: no connection to the API, or one that broke.
	UpstreamUnreachable Cause = "upstream_unreachable"

	// UpstreamTimeout: the API did not respond in time.
	UpstreamTimeout Cause = "upstream_timeout"

	// BodyTooLarge: the request body is larger than max_body, than what Microsoft
	// Graph takes, or than what a batch may be.
	BodyTooLarge Cause = "body_too_large"

	// TooManyAttempts: too many wrong client keys from one address. Comes
	// with Retry-After.
	TooManyAttempts Cause = "too_many_attempts"

	// Throttled: too many requests of the account wait for the API, or it refused them
	// for longer than the proxy waits. Comes with Retry-After.
	Throttled Cause = "throttled"

	// LoopDetected: the request has been through this proxy before.
	LoopDetected Cause = "loop_detected"

	// NotTranslatable: the API behind the proxy is Microsoft Graph, which has nothing
	// like what was requested. The message names the segment of the path.
	NotTranslatable Cause = "not_translatable"

	// BadQuery: a query option cannot be translated for Microsoft Graph.
	BadQuery Cause = "bad_query"

	// NotFound: neither the API nor a page of the proxy has this path.
	NotFound Cause = "not_found"

	// MethodNotAllowed: the path does not take this method. Comes with Allow.
	MethodNotAllowed Cause = "method_not_allowed"
)

// meanings is the only table from cause to status. The codes are those with
// which the OneNote API reports the nearest failure of its own, because apps
// already know how to treat them.
var meanings = [...]struct {
	cause  Cause
	status int
	code   string
}{
	{SigninRequired, http.StatusUnauthorized, CodeInvalidToken},
	{IdentityUnavailable, http.StatusServiceUnavailable, CodeUnavailable},
	{Misconfigured, http.StatusInternalServerError, CodeUnknown},
	{ForbiddenHost, http.StatusForbidden, CodeNoPermission},
	{ForbiddenOrigin, http.StatusForbidden, CodeNoPermission},
	{ForbiddenClient, http.StatusForbidden, CodeNoPermission},
	{UnknownAccount, http.StatusForbidden, CodeNoPermission},
	{BadPath, http.StatusBadRequest, CodeUnsupported},
	{UpstreamUnreachable, http.StatusBadGateway, CodeUnavailable},
	{UpstreamTimeout, http.StatusGatewayTimeout, CodeUnavailable},
	{BodyTooLarge, http.StatusRequestEntityTooLarge, CodeTooLarge},
	{TooManyAttempts, http.StatusTooManyRequests, CodeThrottled},
	{Throttled, http.StatusTooManyRequests, CodeThrottled},
	{LoopDetected, http.StatusLoopDetected, CodeUnknown},
	{NotTranslatable, http.StatusNotImplemented, CodeUnsupported},
	{BadQuery, http.StatusBadRequest, CodeBadQuery},
	{NotFound, http.StatusNotFound, CodeNoSuchID},
	{MethodNotAllowed, http.StatusMethodNotAllowed, CodeUnsupported},
}

// Status returns the HTTP status of the cause: 500 for one that is none of
// the constants.
func (c Cause) Status() int {
	for _, m := range meanings {
		if m.cause == c {
			return m.status
		}
	}
	return http.StatusInternalServerError
}

// Code returns the value of error.code, a number written as a string as the
// OneNote API does: "19999", its general error, for a cause that is none of
// the constants.
func (c Cause) Code() string {
	for _, m := range meanings {
		if m.cause == c {
			return m.code
		}
	}
	return "19999"
}
