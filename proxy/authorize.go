// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"errors"
	"maps"
	"net/http"

	"github.com/caddy-onenote/caddy-onenote/internal/percent"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
)

// errSwitched is the error for an upgrade that nobody asked for.
var errSwitched = errors.New("the API switched protocols without being asked")

// authorize sends the request with the account's token. Where the API refuses
// the token with a 401, it has the token refreshed and sends the same request
// once more. This is the only place that sends with a token. A 403, and a 401 that
// is about the item, do not depend on the token's age and are never retried.
func (x *exchange) authorize() (*http.Response, error) {
	token, generation, err := x.Tokens.Token(x.in.Context())
	if err != nil {
		return x.tokenFailure(err)
	}
	x.generation = generation
	if res := x.braked(generation); res != nil {
		x.rewriteResponse(res)
		return res, nil
	}
	x.authorization[0] = token
	x.out.Header["Authorization"] = x.authorization[:]
	if x.body != nil {
		if x.out.Body, err = x.start(); err != nil {
			return nil, err
		}
	}
	res, err := x.send(&x.out)
	if err != nil || res.StatusCode != http.StatusUnauthorized {
		x.accepted(res, generation)
		return x.finish(res, err)
	}
	return x.retry(res, generation)
}

// accepted tells the account that its token was accepted: by a response to a
// request that needs one.
func (x *exchange) accepted(res *http.Response, generation uint64) {
	if res == nil || res.StatusCode >= http.StatusBadRequest || isPublic(x.url.RawQuery) {
		return
	}
	x.Tokens.Accepted(x.url.Host, generation)
}

// isPublic reports whether a request is for a public resource, which the API
// serves whatever the token.
func isPublic(query string) bool { return query != "" && percent.ContainsFold(query, "publicauth") }

// retry has the token refreshed and sends the request once more. Where that
// cannot be done, or cannot help, the client gets the first response as it came.
func (x *exchange) retry(first *http.Response, generation uint64) (*http.Response, error) {
	code := ErrorCode(first)
	if code == apierror.CodeNoPermission {
		return x.finish(first, nil)
	}
	token, next, err := x.Tokens.Refresh(x.in.Context(), x.url.Host, generation, claimsOf(first.Header))
	if err != nil {
		// Over HTTP/2, Close waits for an upload that is still running, and so
		// for the client; the client waits for us.
		go closeResponse(first)
		return x.tokenFailure(err)
	}
	if next == generation {
		x.Tokens.Refused(x.url.Host, generation, code)
		return x.finish(first, nil)
	}
	out, err := x.secondTry(token)
	if errors.Is(err, errNotBuffered) {
		x.observeRetry("not_replayable")
		return x.finish(first, nil)
	}
	closeResponse(first)
	if err != nil {
		return nil, err
	}
	x.generation = next
	if x.Trace != nil {
		x.Trace.Retried = true
	}
	res, err := x.send(out)
	if err != nil {
		return x.finish(nil, err)
	}
	x.noteSecondTry(res, next)
	return x.finish(res, nil)
}

// noteSecondTry tells what became of the second try.
func (x *exchange) noteSecondTry(res *http.Response, generation uint64) {
	if res.StatusCode != http.StatusUnauthorized {
		x.accepted(res, generation)
		x.observeRetry("ok")
		return
	}
	if code := ErrorCode(res); code != apierror.CodeNoPermission {
		x.Tokens.Refused(x.url.Host, generation, code)
	}
	x.observeRetry("still_401")
}

// secondTry returns the request once more, equal but for its token. It is a
// copy: the first may still be in use where the API responded early.
func (x *exchange) secondTry(token string) (*http.Request, error) {
	out := new(http.Request)
	*out = x.out
	out.Header = maps.Clone(x.out.Header)
	out.Header["Authorization"] = []string{token}
	if x.body == nil {
		return out, nil
	}
	body, err := x.restart(x.in.Context())
	if err != nil {
		return nil, err
	}
	out.Body = body
	return out, nil
}

// send sends a prepared request.
func (x *exchange) send(out *http.Request) (*http.Response, error) {
	res, err := x.sendThrottled(out)
	if err != nil {
		return nil, err
	}
	if res.StatusCode == http.StatusSwitchingProtocols {
		closeResponse(res)
		return nil, errSwitched
	}
	return res, nil
}

// finish makes the API's response one for the client.
func (x *exchange) finish(res *http.Response, err error) (*http.Response, error) {
	if err != nil {
		if refusal, ok := x.refuseThrottled(err); ok {
			return refusal, nil
		}
		return nil, err
	}
	x.noteCall(res)
	if res.StatusCode >= http.StatusBadRequest {
		x.observe("upstream_error")
	} else {
		x.observe("ok")
	}
	x.rewriteResponse(res)
	return res, nil
}

// closeResponse closes a response that nobody will read.
func closeResponse(res *http.Response) {
	if res.Body != nil {
		_ = res.Body.Close()
	}
}
