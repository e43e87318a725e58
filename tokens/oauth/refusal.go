// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
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

	"github.com/caddy-onenote/caddy-onenote/internal/netfail"
	"github.com/caddy-onenote/caddy-onenote/internal/sentence"
)

// failureOf says what an error of an identity request means.
func (c *Client) failureOf(err error) *Failure {
	if f := AsFailure(err); f != nil {
		return f
	}
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		return c.refusal(refused.Response.StatusCode, refused.Response.Header, refused.Body)
	}
	if errors.Is(err, errNotOAuth) {
		return c.failure(Transient, "no_oauth_answer", "something other than the identity provider responded",
			between)
	}
	why := netfail.Explain(err, c.config.TokenHost())
	if why.Kind == netfail.Loop {
		// Nothing was said of the sign-in, and another try would only come back too.
		return c.misconfigured(string(why.Kind), "the request for a token came back: "+why.Message, sentence.Begin(why.Advice)+".")
	}
	f := c.failure(Transient, string(why.Kind), why.Message, byItself+"; "+why.Advice+".")
	f.Status.Cause = netfail.Text(err)
	var dial *net.OpError
	var dns *net.DNSError
	f.RetrySoon = errors.As(err, &dns) || errors.As(err, &dial) && dial.Op == "dial" || why.Kind == netfail.Reset
	return f
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

// errorCode is an AADSTS number, which some responses write as text.
type errorCode string

// UnmarshalJSON accepts both.
func (c *errorCode) UnmarshalJSON(b []byte) error {
	*c = errorCode(strings.Trim(string(b), `"`))
	return nil
}

// refusal classifies an error response of an identity endpoint: by status, by
// error, and by the few AADSTS numbers that contradict their error. Microsoft
// asks clients not to branch on the other numbers; they choose the hint.
func (c *Client) refusal(status int, header http.Header, body []byte) *Failure {
	f := refusalOf(c.config.Name, readRefusal(body))
	s := &f.Status
	busy := status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status >= 500
	if f.oauth == "" {
		s.Code = "http_" + strconv.Itoa(status)
	}
	if f.oauth == "" || busy && s.Class != Transient {
		// What a failing server says of the sign-in is not trusted.
		s.Class = Transient
		s.Message = fmt.Sprintf("the identity provider responded with status %d", status)
		s.Hint = waits
		if f.oauth == "" && isFromBetween(status) {
			s.Hint = between
		}
	}
	if s.Class == Transient {
		f.Wait = retryAfter(header, c.clock.Now())
	}
	if s.Class == SigninRequired && c.config.Flow == FlowClientCredentials {
		s.Class = Misconfigured
		s.Hint = "No user signs in to this account: ask an administrator to grant the app its own permissions (application permissions with admin consent) and to enable it."
	}
	return f
}

// isFromBetween reports whether a response without an OAuth error is most likely not
// the identity provider's. A token endpoint never redirects, and the others are those
// of proxies and of networks that want a sign-in (RFC 6585 §6).
func isFromBetween(status int) bool {
	return status >= 300 && status < 400 || status == http.StatusProxyAuthRequired ||
		status == http.StatusNetworkAuthenticationRequired
}

// readRefusal reads an error written as JSON or, by some endpoints behind gateways, as
// a form. Of members with an unexpected type the others are still read. Anything else,
// such as a firewall's page, is no OAuth error.
func readRefusal(body []byte) refusalBody {
	body = withoutMark(body)
	var r refusalBody
	var typeError *json.UnmarshalTypeError
	if err := json.Unmarshal(body, &r); err == nil || errors.As(err, &typeError) {
		return r
	}
	form := readFormResponse(body)
	return refusalBody{
		Error:         form.Get("error"),
		Description:   form.Get("error_description"),
		Suberror:      form.Get("suberror"),
		TraceID:       form.Get("trace_id"),
		CorrelationID: form.Get("correlation_id"),
		Claims:        form.Get("claims"),
	}
}

// refusalOf classifies an OAuth error.
func refusalOf(account string, r refusalBody) *Failure {
	known, ok := oauthErrors[r.Error]
	if !ok {
		known = unknownError
	}
	f := NewFailure(account, known.class, publishedWord(r.Error, ok), known.message, known.hint)
	f.oauth = r.Error
	f.Claims = r.Claims
	f.Status.Suberror = publishedWord(r.Suberror, suberrors[r.Suberror])
	f.Status.TraceID = guid.FindString(r.TraceID)
	f.Status.CorrelationID = guid.FindString(r.CorrelationID)
	code := decisiveCode(codesOf(r))
	if code == "" {
		return f
	}
	f.Status.Code = "AADSTS" + code
	if c, ok := aadsts[code]; ok {
		f.Status.Message, f.Status.Hint = c.message, c.hint
		if c.transient {
			f.Status.Class = Transient
		}
	}
	return f
}

// decisiveCode chooses among AADSTS numbers: one that contradicts the error,
// whatever stands beside it; else the last known one, since they go from the
// general to the cause; else the last.
func decisiveCode(codes []string) string {
	chosen := ""
	for _, code := range slices.Backward(codes) {
		c, known := aadsts[code]
		if c.transient {
			return code
		}
		if _, already := aadsts[chosen]; known && !already || chosen == "" {
			chosen = code
		}
	}
	return chosen
}

// maxCodes bounds the numbers that are read.
const maxCodes = 16

// codesOf returns the AADSTS numbers of a refusal; responses without a list name
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

// publishedWord returns a word of the provider if it is a published one. These
// words go into logs, pages and metrics, and a server that echoes what it was
// sent could put anything into them, even a refresh token.
func publishedWord(word string, published bool) string {
	if published || word == "" {
		return word
	}
	return "unknown"
}

// guid is what trace and correlation ids are.
var guid = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)

// AuthorizeFailure classifies the error that came back from the authorization
// endpoint (RFC 6749 §4.1.2.1): at the redirect URI, or on live's err.srf.
func AuthorizeFailure(account string, values url.Values) *Failure {
	return AsFailure(duringSignin(refusalOf(account, refusalBody{
		Error:         values.Get("error"),
		Description:   values.Get("error_description"),
		Suberror:      values.Get("error_subcode"),
		TraceID:       values.Get("trace_id"),
		CorrelationID: values.Get("correlation_id"),
		Claims:        values.Get("claims"),
	})))
}

// longestWait caps a Retry-After.
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
