// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxReply bounds an identity answer; the longest real ones have some 10 KiB.
const maxReply = 1 << 20

// errNoOAuth means that something answered that is not an OAuth endpoint: the
// sign-in page of a hotel network, a firewall's block page, an empty body.
var errNoOAuth = errors.New("the answer is not one of an OAuth endpoint")

// tokenTransport makes token answers readable for x/oauth2, which refuses a
// whole answer for an expires_in of "3600.5" and takes text/plain for a form.
// Expiry is judged by our own clock from the member that lifetime reads.
type tokenTransport struct {
	next http.RoundTripper
	date func(time.Time) // told the Date of each answer
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
	body, err := readReply(res.Body)
	if err != nil {
		return nil, err
	}
	if res.StatusCode >= 200 && res.StatusCode < 300 {
		if body, err = plainReply(body); err != nil {
			return nil, err
		}
	}
	res.Header.Set("Content-Type", "application/json")
	res.Body = io.NopCloser(bytes.NewReader(body))
	res.ContentLength = int64(len(body))
	return res, nil
}

func readReply(body io.ReadCloser) ([]byte, error) {
	defer body.Close()
	b, err := io.ReadAll(io.LimitReader(body, maxReply+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxReply {
		return nil, errNoOAuth
	}
	return b, nil
}

// lifetimeMember is where expires_in waits for lifetime.
const lifetimeMember = "x_expires_in"

// plainReply returns a success as JSON without an expires_in.
func plainReply(body []byte) ([]byte, error) {
	reply, err := parseReply(body)
	if err != nil {
		return nil, err
	}
	if token, _ := reply["access_token"].(string); token == "" && reply["error"] == nil {
		return nil, errNoOAuth
	}
	if v, ok := reply["expires_in"]; ok {
		reply[lifetimeMember] = v
		delete(reply, "expires_in")
	}
	return json.Marshal(reply)
}

// parseReply reads an answer written as JSON or, by some old servers, as a form.
func parseReply(body []byte) (map[string]any, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var reply map[string]any
	if err := dec.Decode(&reply); err == nil && reply != nil {
		return reply, nil
	}
	form, err := url.ParseQuery(strings.TrimSpace(string(body)))
	if err != nil || !(form.Has("access_token") || form.Has("error")) {
		return nil, errNoOAuth
	}
	reply = make(map[string]any, len(form))
	for name := range form {
		reply[name] = form.Get(name)
	}
	return reply, nil
}

// assumedLifetime is what a token gets whose answer does not say: short enough
// to be safe, as MSAL does it.
const assumedLifetime = 10 * time.Minute

// lifetime reads how long a token lives off an answer: expires_in as a number
// or text, else expires_on, else an assumption.
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
