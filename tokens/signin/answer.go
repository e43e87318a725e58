// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"errors"
	"net/url"
)

// answerFields are the parameters of a provider's answer that are understood
// (RFC 6749 §4.1.2 and §4.2.2, RFC 9207, OpenID Connect, Microsoft's own).
// Whatever else an answer holds is ignored, and not handed on.
var answerFields = []string{
	"state", "iss",
	"code", "session_state",
	"access_token", "token_type", "expires_in", "scope", "id_token", "user_id",
	"error", "error_description", "error_uri", "error_subcode", "claims",
}

// errTwice means that a parameter came twice, which RFC 6749 §3.1 forbids: two
// readers of such an answer may see two different answers.
var errTwice = errors.New("the answer holds a parameter twice")

// readAnswer keeps the parameters that are understood.
func readAnswer(values url.Values) (url.Values, error) {
	answer := url.Values{}
	for _, name := range answerFields {
		switch v := values[name]; {
		case len(v) > 1:
			return nil, errTwice
		case len(v) == 1 && v[0] != "":
			answer.Set(name, v[0])
		}
	}
	return answer, nil
}

// errTokenInQuery means that an answer came where a token may not stand.
var errTokenInQuery = errors.New("the answer holds a token in the query")

// isAnswer reports whether there is any answer at all: a browser that returns
// from the provider's sign-out brings none.
func isAnswer(answer url.Values) bool {
	for _, name := range []string{"state", "code", "access_token", "id_token", "error"} {
		if answer.Has(name) {
			return true
		}
	}
	return false
}
