// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/caddy-onenote/caddy-onenote/proxy/answer"
)

// askAgain is the Retry-After of a passing failure that names none of its own.
const askAgain = 5 * time.Second

// refuse returns the answer as the API's would come, and counts it.
func (x *exchange) refuse(a *answer.Answer) *http.Response {
	x.observe(string(a.Cause))
	return a.Response(x.in)
}

// tokenFailure turns a failure to get a token into an answer. It is no error:
// those make whoever balances load believe that the API is ill. A client that
// left needs no answer.
func (x *exchange) tokenFailure(err error) (*http.Response, error) {
	if gone := x.in.Context().Err(); gone != nil {
		return nil, fmt.Errorf("waiting for a token of account %s: %w", x.Name, gone)
	}
	var failure TokenError
	if !errors.As(err, &failure) {
		return x.refuse(x.unavailable(0, "")), nil
	}
	switch failure.Class() {
	case "signin_required":
		return x.refuse(x.signinRequired(failure.Hint())), nil
	case "misconfigured":
		return x.refuse(x.misconfigured(failure.Hint())), nil
	}
	return x.refuse(x.unavailable(failure.RetryAfter(), failure.Hint())), nil
}

func (x *exchange) signinRequired(hint string) *answer.Answer {
	return &answer.Answer{
		Cause:   answer.SigninRequired,
		Message: sentences("Account "+x.Name+" is not signed in. Open "+x.SigninURL+" in a browser and sign in.", hint),
		URL:     x.SigninURL,
	}
}

func (x *exchange) unavailable(wait time.Duration, hint string) *answer.Answer {
	if wait <= 0 {
		wait = askAgain
	}
	return &answer.Answer{
		Cause:      answer.IdentityUnavailable,
		Message:    sentences("The identity provider of account "+x.Name+" cannot be asked for a token at the moment. Send the request again later.", hint),
		RetryAfter: wait,
	}
}

func (x *exchange) misconfigured(hint string) *answer.Answer {
	return &answer.Answer{
		Cause:   answer.Misconfigured,
		Message: sentences("The identity provider refuses the configuration of account "+x.Name+". The operator has to change it.", hint),
	}
}

// sentences joins what is said, leaving out what is not.
func sentences(said ...string) string {
	var b strings.Builder
	for _, s := range said {
		if s == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(s)
	}
	return b.String()
}
