// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package odata

import (
	"net/http"
	"strings"
	"time"
)

// appOnlyEnd is the date since which OneNote rejects app-only tokens.
func appOnlyEnd() time.Time { return time.Date(2025, time.March, 31, 0, 0, 0, 0, time.UTC) }

const appOnlyMessage = "The request does not contain a valid authentication token. Detailed error information: To improve the security of our customers' data, this API will no longer support app-only tokens starting from March 31st 2025. Customers may still call these APIs using delegated (app+user) tokens. Please refer to this link: https://learn.microsoft.com/en-us/graph/auth-v2-user"

// Authorize checks the access token. It responds with 401 and reports false if it
// is missing, expired, revoked or for another API.
func (x *Exchange) Authorize() bool {
	x.Token = x.server.Grants.AccessTokenOf(x.Bearer())
	if x.Token == nil || !x.Token.Opens(x.Traits.Audience) {
		x.face.Unauthorized(x)
		return false
	}
	if x.Traits.PeopleOnly && x.Token.Grant.AppOnly && !x.Now().Before(appOnlyEnd()) {
		x.Fail(http.StatusUnauthorized, "40001", appOnlyMessage)
		return false
	}
	if !x.IsRead() && !x.Token.Writes() {
		x.Fail(http.StatusForbidden, "40004", "The OAuth token provided does not have the necessary scopes to complete the request.")
		return false
	}
	return true
}

// Bearer returns the token of the request (RFC 6750, section 2.1), or "".
func (x *Exchange) Bearer() string {
	scheme, token, _ := strings.Cut(x.R.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
