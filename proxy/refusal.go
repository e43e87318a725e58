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
		return x.refuse(x.unavailable(0, nil)), nil
	}
	switch failure.Class() {
	case "signin_required":
		return x.refuse(x.signinRequired(failure)), nil
	case "misconfigured":
		return x.refuse(x.misconfigured(failure)), nil
	}
	return x.refuse(x.unavailable(failure.RetryAfter(), failure)), nil
}

func (x *exchange) signinRequired(f TokenError) *answer.Answer {
	a := &answer.Answer{Cause: answer.SigninRequired, Message: sentences(reason(f), f.Hint())}
	if x.SigninURL != nil {
		a.URL = x.SigninURL()
		a.Message = sentences(a.Message, "The page for it is "+a.URL)
	}
	return a
}

func (x *exchange) unavailable(wait time.Duration, f TokenError) *answer.Answer {
	if wait <= 0 {
		wait = askAgain
	}
	a := &answer.Answer{
		Cause:      answer.IdentityUnavailable,
		Message:    "The token of account " + x.Name + " cannot be renewed at the moment. Send the request again later.",
		RetryAfter: wait,
	}
	if f != nil {
		a.Message = sentences(reason(f), "Send the request again later.", f.Hint())
	}
	return a
}

func (x *exchange) misconfigured(f TokenError) *answer.Answer {
	return &answer.Answer{
		Cause:   answer.Misconfigured,
		Message: sentences(reason(f), f.Hint()),
	}
}

// reason returns what failed, as a sentence.
func reason(f TokenError) string {
	text := f.Error()
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
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
