// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package apierror_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
)

func TestEachCauseHasItsStatusAndCode(t *testing.T) {
	tests := []struct {
		cause  apierror.Cause
		header string
		status int
		code   string
	}{
		{apierror.SigninRequired, "signin_required", 401, "40001"},
		{apierror.IdentityUnavailable, "identity_unavailable", 503, "10002"},
		{apierror.Misconfigured, "misconfigured", 500, "19999"},
		{apierror.ForbiddenHost, "forbidden_host", 403, "40003"},
		{apierror.ForbiddenOrigin, "forbidden_origin", 403, "40003"},
		{apierror.ForbiddenClient, "forbidden_client", 403, "40003"},
		{apierror.UnknownAccount, "unknown_account", 403, "40003"},
		{apierror.BadPath, "bad_path", 400, "20111"},
		{apierror.UpstreamUnreachable, "upstream_unreachable", 502, "10002"},
		{apierror.UpstreamTimeout, "upstream_timeout", 504, "10002"},
		{apierror.BodyTooLarge, "body_too_large", 413, "20016"},
		{apierror.TooManyAttempts, "too_many_attempts", 429, "20166"},
		{apierror.Throttled, "throttled", 429, "20166"},
		{apierror.LoopDetected, "loop_detected", 508, "19999"},
		{apierror.NotTranslatable, "not_translatable", 501, "20111"},
		{apierror.BadQuery, "bad_query", 400, "20108"},
		{apierror.NotFound, "not_found", 404, "20102"},
		{apierror.MethodNotAllowed, "method_not_allowed", 405, "20111"},
		{apierror.Cause("none of these"), "none of these", 500, "19999"},
	}
	for _, tt := range tests {
		t.Run(tt.header, func(t *testing.T) {
			rec := serve(&apierror.Error{Cause: tt.cause, Message: "m"}, "GET", nil)
			if rec.Code != tt.status {
				t.Errorf("status: got %d, want %d", rec.Code, tt.status)
			}
			if got := rec.Header().Get("X-Onenote-Proxy-Error"); got != tt.header {
				t.Errorf("X-Onenote-Proxy-Error: got %q, want %q", got, tt.header)
			}
			if got := errorOf(t, rec.Body.Bytes())["code"]; got != tt.code {
				t.Errorf("error.code: got %v, want %q", got, tt.code)
			}
			if got := rec.Header().Get("WWW-Authenticate"); got != "" {
				t.Errorf("WWW-Authenticate: got %q, want none: it is not a page", got)
			}
		})
	}
}

// An app that parses the API's errors must be able to parse the proxy's.
func TestShapeIsThatOfTheAPIsErrors(t *testing.T) {
	ours := errorOf(t, serve(&apierror.Error{Cause: apierror.SigninRequired, Message: "m"}, "GET", nil).Body.Bytes())
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("samples of the service's errors: got %d, %v", len(files), err)
	}
	for _, file := range files {
		sample, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		theirs := errorOf(t, sample)
		got, want := slices.Sorted(maps.Keys(ours)), slices.Sorted(maps.Keys(theirs))
		if !slices.Equal(got, want) {
			t.Errorf("%s: members of error: got %q, want %q", file, got, want)
		}
		for name := range theirs {
			if _, ok := ours[name].(string); !ok {
				t.Errorf("%s: %s: got %T, want a string as the service sends", file, name, ours[name])
			}
		}
	}
}

func TestBodyIsExact(t *testing.T) {
	tests := []struct {
		name string
		a    apierror.Error
		want string
	}{
		{
			"address of its own",
			apierror.Error{Cause: apierror.SigninRequired, Message: "sign in at http://localhost:8080/auth/a/signin", URL: "http://localhost:8080/auth/a/signin?x=1&y=2"},
			`{"error":{"code":"40001","message":"sign in at http://localhost:8080/auth/a/signin","@api.url":"http://localhost:8080/auth/a/signin?x=1&y=2"}}`,
		},
		{
			"address of the manual",
			apierror.Error{Cause: apierror.ForbiddenHost, Message: "write allowed_hosts <host>"},
			`{"error":{"code":"40003","message":"write allowed_hosts <host>","@api.url":"https://github.com/caddy-onenote/caddy-onenote#forbidden_host"}}`,
		},
		{
			"what would end the string does not",
			apierror.Error{Cause: apierror.BadPath, Message: "a\"b\\c\nd\x00e\xff", URL: "u"},
			`{"error":{"code":"20111","message":"a\"b\\c\nd\u0000e\ufffd","@api.url":"u"}}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := serve(&tt.a, "GET", nil).Body.String(); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestHeaderHasTypeDateAndNoStore(t *testing.T) {
	h := serve(&apierror.Error{Cause: apierror.NotFound, Message: "m"}, "GET", nil).Header()
	for name, want := range map[string]string{
		"Cache-Control":          "no-store",
		"Content-Type":           "application/json",
		"X-Content-Type-Options": "nosniff",
		"Retry-After":            "",
		"Allow":                  "",
		"Location":               "",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if _, err := http.ParseTime(h.Get("Date")); err != nil {
		t.Errorf("Date: got %q, want an HTTP date: %v", h.Get("Date"), err)
	}
}

func TestHeaderFieldsOfAnotherBodyAreRemoved(t *testing.T) {
	rec := httptest.NewRecorder()
	rec.Header().Set("Etag", `"1"`)
	rec.Header().Set("Content-Encoding", "gzip")
	rec.Header().Set("Access-Control-Allow-Origin", "https://app.example")
	a := &apierror.Error{Cause: apierror.NotFound, Message: "m"}
	a.ServeHTTP(rec, httptest.NewRequest("GET", "/", nil))
	if got := rec.Header().Get("Etag") + rec.Header().Get("Content-Encoding"); got != "" {
		t.Errorf("headers of the other body: got %q, want none", got)
	}
	if got := rec.Header().Get("Access-Control-Allow-Origin"); got != "https://app.example" {
		t.Errorf("Access-Control-Allow-Origin: got %q, want it to stay", got)
	}
}

func TestCorrelationIDIsEchoedOnlyWhenItIsAGUID(t *testing.T) {
	guid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	tests := []struct {
		name, sent string
		echoed     bool
	}{
		{"lower case", "8943c159-ee49-4c71-8cd0-ebf0861d07a6", true},
		{"upper case", "8943C159-EE49-4C71-8CD0-EBF0861D07A6", true},
		{"absent", "", false},
		{"braces", "{8943c159-ee49-4c71-8cd0-ebf0861d07a6}", false},
		{"not hexadecimal", "8943c159-ee49-4c71-8cd0-ebf0861d07ag", false},
		{"hyphens elsewhere", "8943c159e-e49-4c71-8cd0-ebf0861d07a6", false},
		{"something else", "<script>", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := &apierror.Error{Cause: apierror.NotFound, Message: "m"}
			got := serve(a, "GET", http.Header{"X-Correlationid": {tt.sent}}).Header().Get("X-CorrelationId")
			if tt.echoed && got != tt.sent {
				t.Errorf("got %q, want %q", got, tt.sent)
			}
			if !tt.echoed && !guid.MatchString(got) {
				t.Errorf("got %q, want a fresh UUID", got)
			}
			if again := serve(a, "GET", http.Header{"X-Correlationid": {tt.sent}}).Header().Get("X-CorrelationId"); !tt.echoed && again == got {
				t.Errorf("twice the same id: %q", got)
			}
		})
	}
}

func TestRetryAfterIsRoundedUp(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second:            "",
		0:                       "",
		time.Nanosecond:         "1",
		time.Second:             "1",
		time.Second + 1:         "2",
		1500 * time.Millisecond: "2",
		time.Minute:             "60",
	} {
		a := &apierror.Error{Cause: apierror.IdentityUnavailable, Message: "m", RetryAfter: d}
		if got := serve(a, "GET", nil).Header().Get("Retry-After"); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
}

func TestAllowIsSentWith405Only(t *testing.T) {
	a := &apierror.Error{Cause: apierror.MethodNotAllowed, Message: "m", Allow: []string{"GET", "HEAD"}}
	if got := serve(a, "PUT", nil).Header().Get("Allow"); got != "GET, HEAD" {
		t.Errorf("got %q, want %q", got, "GET, HEAD")
	}
	a.Cause = apierror.NotFound
	if got := serve(a, "PUT", nil).Header().Values("Allow"); len(got) != 0 {
		t.Errorf("with 404: got %q, want none", got)
	}
}

func TestChallengeTurnsTheStatusInto401(t *testing.T) {
	a := &apierror.Error{Cause: apierror.ForbiddenClient, Message: "m", Challenge: `Basic realm="onenote"`}
	rec := serve(a, "GET", nil)
	if rec.Code != 401 || rec.Header().Get("WWW-Authenticate") != a.Challenge {
		t.Errorf("got %d with %q, want 401 with %q", rec.Code, rec.Header().Get("WWW-Authenticate"), a.Challenge)
	}
	if got := rec.Header().Get("X-Onenote-Proxy-Error"); got != "forbidden_client" {
		t.Errorf("cause: got %q, want forbidden_client", got)
	}
}

// An app cannot tell, and need not know, whether the handler or the transport
// responded.
func TestServeHTTPAndResponseSendTheSame(t *testing.T) {
	all := []*apierror.Error{
		{Cause: apierror.SigninRequired, Message: "m", URL: "http://localhost/"},
		{Cause: apierror.IdentityUnavailable, Message: "m", RetryAfter: time.Minute},
		{Cause: apierror.MethodNotAllowed, Message: "m", Allow: []string{"GET"}},
		{Cause: apierror.ForbiddenClient, Message: "m", Challenge: "Basic"},
	}
	const id = "8943c159-ee49-4c71-8cd0-ebf0861d07a6"
	for _, a := range all {
		for _, method := range []string{"GET", "HEAD", "POST"} {
			t.Run(string(a.Cause)+" "+method, func(t *testing.T) {
				req := httptest.NewRequest(method, "/api/v1.0/me/notes/pages", nil)
				req.Header.Set("X-CorrelationId", id)
				rec := httptest.NewRecorder()
				a.ServeHTTP(rec, req)
				res := a.Response(req)
				body, err := io.ReadAll(res.Body)
				if err != nil {
					t.Fatal(err)
				}
				if err := res.Body.Close(); err != nil {
					t.Fatal(err)
				}
				if res.StatusCode != rec.Code || string(body) != rec.Body.String() {
					t.Errorf("transport %d %s, handler %d %s", res.StatusCode, body, rec.Code, rec.Body)
				}
				if res.Status != strconv.Itoa(rec.Code)+" "+http.StatusText(rec.Code) {
					t.Errorf("status line: got %q", res.Status)
				}
				if res.Request != req {
					t.Error("the response does not name its request")
				}
				res.Header.Del("Date")
				rec.Header().Del("Date")
				if !maps.EqualFunc(res.Header, rec.Header(), slices.Equal[[]string]) {
					t.Errorf("headers: transport %v, handler %v", res.Header, rec.Header())
				}
			})
		}
	}
}

func TestHEADGetsNoBodyButItsLength(t *testing.T) {
	a := &apierror.Error{Cause: apierror.NotFound, Message: "m"}
	srv := httptest.NewServer(a)
	defer srv.Close()
	get, err := srv.Client().Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer get.Body.Close()
	head, err := srv.Client().Head(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer head.Body.Close()
	if head.StatusCode != 404 || head.ContentLength != get.ContentLength || head.ContentLength <= 0 {
		t.Errorf("HEAD: got %d with length %d, want 404 with GET's length %d", head.StatusCode, head.ContentLength, get.ContentLength)
	}
	if body, _ := io.ReadAll(head.Body); len(body) != 0 {
		t.Errorf("HEAD: got body %q, want none", body)
	}
}

func TestErrorNamesCauseAndMessage(t *testing.T) {
	var err error = &apierror.Error{Cause: apierror.LoopDetected, Message: "the request came back"}
	if got, want := err.Error(), "loop_detected: the request came back"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func serve(a *apierror.Error, method string, h http.Header) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, "/api/v1.0/me/notes/pages", strings.NewReader(""))
	maps.Copy(req.Header, h)
	rec := httptest.NewRecorder()
	a.ServeHTTP(rec, req)
	return rec
}

func errorOf(t *testing.T, body []byte) map[string]any {
	t.Helper()
	var doc map[string]map[string]any
	if err := json.Unmarshal(body, &doc); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	if len(doc) != 1 || doc["error"] == nil {
		t.Fatalf("got %s, want one member, error", body)
	}
	return doc["error"]
}
