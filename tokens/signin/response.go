// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"errors"
	"net/url"
)

// responseFields are the parameters of an authorization response that are used
// (RFC 6749 §4.1.2 and §4.2.2, RFC 9207, OpenID Connect, Microsoft's own). All
// others are ignored, and not passed on. An id_token is never requested here: it
// only shows that a response is one, and in a query that it went the wrong way.
var responseFields = []string{
	"state", "iss",
	"code", "session_state",
	"access_token", "token_type", "expires_in", "scope", "id_token",
	"error", "error_description", "error_uri", "error_subcode", "claims",
}

// errTwice means that a parameter came twice, which RFC 6749 §3.1 forbids: two
// readers of such a response may see two different responses.
var errTwice = errors.New("the response has a parameter twice")

// readResponse returns the parameters that are used.
func readResponse(values url.Values) (url.Values, error) {
	response := url.Values{}
	for _, name := range responseFields {
		switch v := values[name]; {
		case len(v) > 1:
			return nil, errTwice
		case len(v) == 1 && v[0] != "":
			response.Set(name, v[0])
		}
	}
	return response, nil
}

// errTokenInQuery means that a token came in the query.
var errTokenInQuery = errors.New("the response has a token in the query")

// isResponse reports whether there is a response at all: a browser that returns
// from the provider's sign-out has none.
func isResponse(response url.Values) bool {
	for _, name := range []string{"state", "code", "access_token", "id_token", "error"} {
		if response.Has(name) {
			return true
		}
	}
	return false
}
