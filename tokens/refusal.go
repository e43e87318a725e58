// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// failureOf says what an error of a token request means.
func (a *Account) failureOf(err error) *Failure {
	var f *Failure
	if errors.As(err, &f) {
		return f
	}
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		return a.refusal(refused.Response.StatusCode, refused.Response.Header, refused.Body)
	}
	if errors.Is(err, errNoOAuth) {
		return a.failure(Passing, "no_oauth_answer", "something other than the identity provider answered",
			"Look for a network sign-in page, a proxy or a firewall between this machine and the provider.")
	}
	host := hostOf(a.config.endpoints().token)
	if errors.Is(err, context.DeadlineExceeded) || isTimeout(err) {
		return a.failure(Passing, "timeout", host+" did not answer in time", "It is tried again by itself; look at the network if it lasts.")
	}
	f = a.failure(Passing, "unreachable", host+" cannot be reached", "It is tried again by itself; look at network, DNS and proxy if it lasts.")
	var dial *net.OpError
	var dns *net.DNSError
	f.unreached = errors.As(err, &dns) || errors.As(err, &dial) && dial.Op == "dial"
	return f
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "the identity provider"
	}
	return u.Host
}

// refusalBody is an OAuth error (RFC 6749 §5.2) with what Entra adds.
type refusalBody struct {
	Error         string      `json:"error"`
	Description   string      `json:"error_description"`
	Codes         []errorCode `json:"error_codes"`
	Suberror      string      `json:"suberror"`
	TraceID       string      `json:"trace_id"`
	CorrelationID string      `json:"correlation_id"`
	Claims        string      `json:"claims"`
}

// errorCode is an AADSTS number, which some answers write as text.
type errorCode string

// UnmarshalJSON accepts both.
func (c *errorCode) UnmarshalJSON(b []byte) error {
	*c = errorCode(strings.Trim(string(b), `"`))
	return nil
}

// refusal classifies an answer of the token endpoint: by status, by error,
// and by the few AADSTS numbers that contradict their error. Microsoft asks
// clients not to branch on the others; they choose the hint.
func (a *Account) refusal(status int, header http.Header, body []byte) *Failure {
	var r refusalBody
	if json.Unmarshal(body, &r) != nil {
		r = refusalBody{}
	}
	f := refusalOf(a.config.Name, r)
	busy := status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status >= 500
	if f.oauth == "" {
		f.Code = "http_" + strconv.Itoa(status)
	}
	if f.oauth == "" || busy && f.class != Passing {
		// A server that fails is not believed what it says of the sign-in.
		f.class = Passing
		f.Message = fmt.Sprintf("the identity provider answered with status %d", status)
		f.hint = waits
	}
	if f.class == Passing {
		f.retryAfter = retryAfter(header, a.clock.Now())
	}
	if f.class == SigninRequired && a.config.Flow == FlowClientCredentials {
		f.class = Misconfigured
		f.hint = "No user signs in to this account: ask an administrator to grant the app its own permissions (application permissions with admin consent) and to enable it."
	}
	return f
}

// refusalOf classifies an OAuth error.
func refusalOf(account string, r refusalBody) *Failure {
	f := &Failure{
		Account:       account,
		Code:          knownWord(r.Error, oauthErrors[r.Error].class != ""),
		Suberror:      knownWord(r.Suberror, suberrors[r.Suberror]),
		TraceID:       guid.FindString(r.TraceID),
		CorrelationID: guid.FindString(r.CorrelationID),
		Claims:        r.Claims,
		oauth:         r.Error,
		class:         classOf(r.Error),
		Message:       sentenceOf(r.Error),
		hint:          adviceOn(r.Error),
	}
	code := tellingCode(codesOf(r))
	if code == "" {
		return f
	}
	f.Code = "AADSTS" + code
	if c, ok := aadsts[code]; ok {
		f.Message, f.hint = c.message, c.hint
		if c.passing {
			f.class = Passing
		}
	}
	return f
}

// tellingCode chooses among AADSTS numbers: one that contradicts the error,
// whatever stands beside it; else the last that is known, since they run from
// the general to the cause; else the last.
func tellingCode(codes []string) string {
	chosen := ""
	for _, code := range slices.Backward(codes) {
		c, known := aadsts[code]
		if c.passing {
			return code
		}
		if _, already := aadsts[chosen]; known && !already || chosen == "" {
			chosen = code
		}
	}
	return chosen
}

// maxCodes bounds the numbers that are looked at.
const maxCodes = 16

// codesOf returns the AADSTS numbers of a refusal; answers without a list name
// them in the description.
func codesOf(r refusalBody) []string {
	var codes []string
	for _, c := range r.Codes[:min(len(r.Codes), maxCodes)] {
		if d := digits(string(c)); d != "" {
			codes = append(codes, d)
		}
	}
	if len(codes) > 0 {
		return codes
	}
	for rest := r.Description; len(codes) < maxCodes; {
		_, after, ok := strings.Cut(rest, "AADSTS")
		if !ok {
			break
		}
		if d := digits(after); d != "" {
			codes = append(codes, d)
		}
		rest = after
	}
	return codes
}

func digits(s string) string {
	end := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(s)
	}
	return s[:min(end, 10)]
}

// knownWord returns a word of the provider if it is one that is published.
// These words go into logs, pages and metrics, and a server that echoes what
// it was sent could put anything into them, a refresh token among it.
func knownWord(word string, known bool) string {
	if known || word == "" {
		return word
	}
	return "unknown"
}

// guid is what trace and correlation ids are.
var guid = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)

// AuthorizeFailure classifies the error that came back from the authorization
// endpoint (RFC 6749 §4.1.2.1): at the redirect URI, or on live's err.srf.
func AuthorizeFailure(account string, values url.Values) *Failure {
	return refusalOf(account, refusalBody{
		Error:         values.Get("error"),
		Description:   values.Get("error_description"),
		Suberror:      values.Get("error_subcode"),
		TraceID:       values.Get("trace_id"),
		CorrelationID: values.Get("correlation_id"),
		Claims:        values.Get("claims"),
	})
}

// longestWait caps what a Retry-After may ask for.
const longestWait = time.Hour

// retryAfter reads Retry-After: seconds or a date (RFC 9110 §10.2.3).
func retryAfter(header http.Header, now time.Time) time.Duration {
	v := strings.TrimSpace(header.Get("Retry-After"))
	if v == "" {
		return 0
	}
	wait := time.Duration(0)
	if n, err := strconv.ParseInt(v, 10, 64); err == nil {
		wait = time.Duration(min(max(n, 0), int64(longestWait/time.Second))) * time.Second
	} else if t, err := http.ParseTime(v); err == nil {
		wait = t.Sub(now)
	}
	return min(max(wait, 0), longestWait)
}
