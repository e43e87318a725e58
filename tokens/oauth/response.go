// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// maxResponse bounds the body of a response; the longest real ones have some
// 10 KiB.
const maxResponse = 1 << 20

// errNotOAuth means that the response is not one of an OAuth endpoint, but the
// sign-in page of a hotel network, a firewall's block page, or empty.
var errNotOAuth = errors.New("the response is not one of an OAuth endpoint")

// tokenTransport makes token responses readable for x/oauth2, which refuses a
// whole response for an expires_in of "3600.5" and reads text/plain as a form.
// The expiry is computed with our own clock from the member that lifetime reads.
type tokenTransport struct {
	next http.RoundTripper
	date func(time.Time) // is given the Date of each response
}

// RoundTrip implements http.RoundTripper.
func (t tokenTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := t.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if date, err := http.ParseTime(res.Header.Get("Date")); err == nil {
		t.date(date)
	}
	body, err := readResponse(res.Body)
	if err != nil {
		return nil, err
	}
	if res.StatusCode >= 200 && res.StatusCode < 300 {
		if body, err = normalize(body); err != nil {
			return nil, err
		}
	}
	res.Header.Set("Content-Type", "application/json")
	res.Body = io.NopCloser(bytes.NewReader(body))
	res.ContentLength = int64(len(body))
	return res, nil
}

func readResponse(body io.ReadCloser) ([]byte, error) {
	defer body.Close()
	b, err := io.ReadAll(io.LimitReader(body, maxResponse+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxResponse {
		return nil, errNotOAuth
	}
	return b, nil
}

// lifetimeMember is the member that carries expires_in past x/oauth2.
const lifetimeMember = "x_expires_in"

// normalize returns a successful response as JSON without an expires_in.
func normalize(body []byte) ([]byte, error) {
	response, err := parseResponse(body)
	if err != nil {
		return nil, err
	}
	if token, _ := response["access_token"].(string); token == "" && response["error"] == nil {
		return nil, errNotOAuth
	}
	if v, ok := response["expires_in"]; ok {
		response[lifetimeMember] = v
		delete(response, "expires_in")
	}
	return json.Marshal(response)
}

// parseResponse reads a response written as JSON or, by some old servers, as a
// form.
func parseResponse(body []byte) (map[string]any, error) {
	body = withoutMark(body)
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var response map[string]any
	if err := dec.Decode(&response); err == nil && response != nil {
		return response, nil
	}
	form := readFormResponse(body)
	if !form.Has("access_token") && !form.Has("error") {
		return nil, errNotOAuth
	}
	response = make(map[string]any, len(form))
	for name := range form {
		response[name] = form.Get(name)
	}
	return response, nil
}

// byteOrderMark is what servers behind some gateways write before their JSON, which
// no JSON may begin with (RFC 8259 §8.1).
const byteOrderMark = "\ufeff"

func withoutMark(body []byte) []byte { return bytes.TrimPrefix(body, []byte(byteOrderMark)) }

// formResponse is how a response written as a form begins.
var formResponse = regexp.MustCompile(`^[A-Za-z_]+=`)

// readFormResponse reads a response written as a form, also where its values are not
// encoded as they should be; it is empty where the body is none. A page with an address
// in it is none.
func readFormResponse(body []byte) url.Values {
	text := strings.TrimSpace(string(body))
	if !formResponse.MatchString(text) || strings.ContainsAny(text, "<>") {
		return nil
	}
	text = strings.ReplaceAll(text, ";", "%3B") // prose may hold one; ParseQuery drops such a pair
	form, _ := url.ParseQuery(text)             // without the pairs that cannot be read
	return form
}

// assumedLifetime is the life of a token whose response does not say it: short
// enough to be safe, as MSAL does it.
const assumedLifetime = 10 * time.Minute

// lifetime returns how long a token lives: expires_in as a number or text, else
// expires_on, else an assumption.
func lifetime(expiresIn, expiresOn any, now time.Time) time.Duration {
	if d, ok := seconds(expiresIn); ok && d > 0 {
		return d
	}
	if d, ok := seconds(expiresOn); ok && d > 0 {
		if left := time.Unix(0, 0).Add(d).Sub(now); left > 0 {
			return left
		}
	}
	return assumedLifetime
}

// seconds reads a number of seconds in any of the forms seen in the field.
func seconds(v any) (time.Duration, bool) {
	var text string
	switch v := v.(type) {
	case json.Number:
		text = v.String()
	case string:
		text = strings.TrimSpace(v)
	case float64:
		text = strconv.FormatFloat(v, 'f', -1, 64)
	default:
		return 0, false
	}
	f, err := strconv.ParseFloat(text, 64)
	const longest = 1 << 33 // seconds; more overflows a Duration
	if err != nil || f != f || f < 0 || f > longest {
		return 0, false
	}
	return time.Duration(f * float64(time.Second)), true
}

// Interface guard
var _ http.RoundTripper = tokenTransport{}
