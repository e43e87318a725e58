// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"errors"
	"io"
	"maps"
	"net/http"
)

// maxHeld is how much of a 401's body is kept while a newer token is fetched.
// The API's errors have a few hundred bytes.
const maxHeld = 64 << 10

// errSwitched is what an upgrade that nobody asked for is turned into.
var errSwitched = errors.New("the API switched protocols without being asked")

// authorize sends the request with the account's token; where the API refuses
// that with a 401 it has the token renewed and sends the same request once
// more. This is the only place that sends with a token. 403 is no matter of
// the token's age and is never retried.
func (x *exchange) authorize() (*http.Response, error) {
	token, generation, err := x.Account.Token(x.in.Context())
	if err != nil {
		return x.tokenFailure(err)
	}
	x.values[0] = token
	x.out.Header["Authorization"] = x.values[0:1:1]
	if x.body != nil {
		if x.out.Body, err = x.start(); err != nil {
			return nil, err
		}
	}
	res, err := x.send(&x.out)
	if err != nil || res.StatusCode != http.StatusUnauthorized {
		return x.finish(res, err)
	}
	return x.again(res, generation)
}

// again has the token renewed and sends the request once more. Where that
// cannot be done the first answer goes to the client, as it came.
func (x *exchange) again(first *http.Response, generation uint64) (*http.Response, error) {
	hold(first)
	token, next, err := x.Account.Renew(x.in.Context(), generation, claimsOf(first.Header))
	if err != nil {
		// Over HTTP/2, Close waits for an upload that is still running, and so
		// for the client; the client waits for us.
		go closeAnswer(first)
		return x.tokenFailure(err)
	}
	if next == generation {
		return x.finish(first, nil)
	}
	out, err := x.secondTry(token)
	if errors.Is(err, errNotKept) {
		x.observeRetry("not_replayable")
		return x.finish(first, nil)
	}
	closeAnswer(first)
	if err != nil {
		return nil, err
	}
	if x.Trace != nil {
		x.Trace.Retried = true
	}
	res, err := x.send(out)
	if err != nil {
		return nil, err
	}
	if res.StatusCode == http.StatusUnauthorized {
		x.Account.Refused(next)
		x.observeRetry("still_401")
	} else {
		x.observeRetry("ok")
	}
	return x.finish(res, nil)
}

// secondTry returns the request once more, byte for byte but for its token. It
// is a copy: the first may still be in use where the API answered early.
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
	res, err := x.Next.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	if res.StatusCode == http.StatusSwitchingProtocols {
		closeAnswer(res)
		return nil, errSwitched
	}
	return res, nil
}

// finish makes the API's answer the client's.
func (x *exchange) finish(res *http.Response, err error) (*http.Response, error) {
	if err != nil {
		return nil, err
	}
	if res.StatusCode >= http.StatusBadRequest {
		x.observe("upstream_error")
	} else {
		x.observe("ok")
	}
	x.inbound(res)
	return res, nil
}

// hold takes the body of an answer off the connection, so that it is still
// there when the token is renewed and the connection is not. What is larger
// stays on it.
func hold(res *http.Response) {
	if res.Body == nil || res.Body == http.NoBody {
		return
	}
	held, err := io.ReadAll(io.LimitReader(res.Body, maxHeld+1))
	if err == nil && len(held) <= maxHeld {
		err = io.EOF
	}
	res.Body = &heldBody{held: held, err: err, rest: res.Body}
}

// closeAnswer closes an answer that nobody will read.
func closeAnswer(res *http.Response) {
	if res.Body != nil {
		_ = res.Body.Close()
	}
}
