// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/caddy-onenote/caddy-onenote/internal/drain"
	"github.com/caddy-onenote/caddy-onenote/internal/sentence"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
)

// defaultRetryAfter is the Retry-After of a transient failure that names none.
const defaultRetryAfter = 5 * time.Second

// refuse returns the error response as one of the API would come, and counts it.
func (x *exchange) refuse(e *apierror.Error) *http.Response {
	x.observe(string(e.Cause))
	drain.Body(x.in)
	return e.Response(x.in)
}

// tokenFailure turns a failure to get a token into a response. An error would
// make a load balancer believe that the API has failed. A client that has left
// needs no response.
func (x *exchange) tokenFailure(err error) (*http.Response, error) {
	if gone := x.in.Context().Err(); gone != nil {
		return nil, fmt.Errorf("waiting for a token of account %s: %w", x.Account, gone)
	}
	var failure TokenError
	if !errors.As(err, &failure) {
		return x.refuse(x.unavailable(0, nil)), nil
	}
	switch {
	case failure.Loop():
		return x.refuse(x.byOperator(apierror.LoopDetected, failure)), nil
	case failure.Class() == "signin_required":
		return x.refuse(x.signinRequired(failure)), nil
	case failure.Class() == "misconfigured":
		return x.refuse(x.byOperator(apierror.Misconfigured, failure)), nil
	}
	return x.refuse(x.unavailable(failure.RetryAfter(), failure)), nil
}

func (x *exchange) signinRequired(f TokenError) *apierror.Error {
	e := &apierror.Error{Cause: apierror.SigninRequired, Message: sentences(reason(f), f.Hint())}
	if x.SigninURL != nil {
		e.URL = x.SigninURL()
		e.Message = sentences(e.Message, "The page for it is "+e.URL)
	}
	return e
}

func (x *exchange) unavailable(wait time.Duration, f TokenError) *apierror.Error {
	if wait <= 0 {
		wait = defaultRetryAfter
	}
	e := &apierror.Error{
		Cause:      apierror.IdentityUnavailable,
		Message:    "The token of account " + x.Account + " cannot be refreshed at the moment. Send the request again later.",
		RetryAfter: wait,
	}
	if f != nil {
		e.Message = sentences(reason(f), "Send the request again later.", f.Hint())
	}
	return e
}

// byOperator is the response to a failure that only a change of the configuration fixes.
func (*exchange) byOperator(cause apierror.Cause, f TokenError) *apierror.Error {
	return &apierror.Error{Cause: cause, Message: sentences(reason(f), f.Hint())}
}

// reason returns what failed, as a sentence.
func reason(f TokenError) string {
	text := f.Error()
	if text == "" {
		return ""
	}
	return sentence.Begin(text) + "."
}

// sentences joins the sentences that are not empty.
func sentences(all ...string) string {
	var b strings.Builder
	for _, s := range all {
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
