// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-onenote/caddy-onenote/proxy/api"
)

func TestRequestIsSentAgainAfterRefreshWhenTokenIsRefused(t *testing.T) {
	type sent struct {
		name, method, target string
		body                 []byte
		chunked              bool
		header               []string
	}
	requests := []sent{
		{name: "GET", method: "GET", target: "/api/v1.0/me/notes/notebooks"},
		{name: "PATCH", method: "PATCH", target: "/api/v1.0/me/notes/pages/1/content", body: []byte(`[{"target":"body","action":"append","content":"<p>x</p>"}]`), header: []string{"Content-Type", "application/json"}},
		{name: "20 MB multipart POST", method: "POST", target: "/api/v1.0/me/notes/pages", body: noise(20 << 20), header: []string{"Content-Type", "multipart/form-data; boundary=b"}},
		{name: "20 MB chunked POST", method: "POST", target: "/api/v1.0/me/notes/pages", body: noise(20 << 20), chunked: true, header: []string{"Content-Type", "application/octet-stream"}},
		{name: "exactly what is buffered in memory", method: "POST", target: "/api/v1.0/me/notes/pages", body: noise(maxInMemory)},
		{name: "one byte more", method: "POST", target: "/api/v1.0/me/notes/pages", body: noise(maxInMemory + 1)},
		{name: "empty POST", method: "POST", target: "/api/v1.0/me/notes/pages"},
		{name: "DELETE", method: "DELETE", target: "/api/v1.0/me/notes/pages/1"},
	}
	protocols := map[string][]func(*site){"HTTP/1.1": nil, "TLS": {overTLS(false)}, "HTTP/2": {overTLS(true)}}
	for protocol, options := range protocols {
		for _, request := range requests {
			t.Run(protocol+"/"+request.name, func(t *testing.T) {
				seen := new(log)
				s := newSite(t, refuseUntil(seen, "token-2", created), options...)
				var body io.Reader
				if request.body != nil {
					body = bytes.NewReader(request.body)
				}
				if request.chunked {
					body = chunked(request.body)
				}
				res := s.send(request.method, request.target, body, request.header...)
				if res.StatusCode != http.StatusCreated {
					t.Errorf("got %s, want 201", res.Status)
				}
				if got := s.account.count(); got != 1 {
					t.Errorf("got %d refreshes, want 1", got)
				}
				uploads := seen.all()
				if len(uploads) != 2 {
					t.Fatalf("the API saw %d requests, want 2", len(uploads))
				}
				if got := []string{uploads[0].Authorization, uploads[1].Authorization}; !slices.Equal(got, []string{"Bearer token-1", "Bearer token-2"}) {
					t.Errorf("got tokens %q, want the first and then the second", got)
				}
				for i := range uploads {
					if want := sha256.Sum256(request.body); uploads[i].Sum != want {
						t.Errorf("try %d: got %d bytes with another sum than the %d that were sent", i+1, uploads[i].Bytes, len(request.body))
					}
					uploads[i].Authorization = ""
				}
				if diff := cmp.Diff(uploads[0], uploads[1]); diff != "" {
					t.Errorf("the second try differs from the first (-first +second):\n%s", diff)
				}
				requests, retries, _ := s.observer.told()
				if !slices.Equal(requests, []string{"work ok"}) || !slices.Equal(retries, []string{"work ok"}) {
					t.Errorf("told of requests %q and retries %q, want work ok once each", requests, retries)
				}
			})
		}
	}
}

func TestTrailersAreSentWithBothTries(t *testing.T) {
	seen := new(log)
	s := newSite(t, refuseUntil(seen, "token-2", created))
	req := must(http.NewRequest("POST", s.api.URL+"/api/v1.0/me/notes/pages", nil))
	req.Trailer = http.Header{"X-Sum": nil}
	req.ContentLength = -1
	req.Body = io.NopCloser(&atEnd{Reader: bytes.NewReader(noise(3 << 20)), do: func() { req.Trailer.Set("X-Sum", "42") }})
	res, err := s.transport.For(s.call).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	for i, u := range seen.all() {
		if got := u.Trailer.Get("X-Sum"); got != "42" {
			t.Errorf("try %d: got trailer %q, want 42", i+1, got)
		}
		if !slices.Equal(u.Coding, []string{"chunked"}) {
			t.Errorf("try %d: got transfer coding %q, want chunked", i+1, u.Coding)
		}
	}
	if got := len(seen.all()); got != 2 {
		t.Errorf("the API saw %d requests, want 2", got)
	}
}

// An atEnd calls do when its reader ends.
type atEnd struct {
	io.Reader
	do func()
}

func (r *atEnd) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err == io.EOF {
		r.do()
	}
	return n, err
}

func TestSecond401IsPassedOnAndReported(t *testing.T) {
	seen := new(log)
	s := newSite(t, refuseUntil(seen, "another", created))
	for range 3 {
		res := s.send("POST", "/api/v1.0/me/notes/pages", strings.NewReader("<p>"), "Content-Type", "text/html")
		if res.StatusCode != http.StatusUnauthorized || res.body != tokenRefused {
			t.Errorf("got %s %s, want the API's own 401", res.Status, res.body)
		}
		if got := res.Header.Get("X-CorrelationId"); got != "8943c159-ee49-4c71-8cd0-ebf0861d07a6" {
			t.Errorf("got correlation %q, want the API's", got)
		}
	}
	if got := s.account.count(); got != 1 {
		t.Errorf("got %d refreshes, want 1", got)
	}
	if got := len(seen.all()); got != 4 {
		t.Errorf("the API saw %d requests, want 4: the first twice, the others once", got)
	}
	requests, retries, _ := s.observer.told()
	if want := []string{"work upstream_error", "work upstream_error", "work upstream_error"}; !slices.Equal(requests, want) {
		t.Errorf("told of requests %q, want %q", requests, want)
	}
	if want := []string{"work still_401"}; !slices.Equal(retries, want) {
		t.Errorf("told of retries %q, want %q", retries, want)
	}
}

func TestOnly401IsRetried(t *testing.T) {
	for _, status := range []int{400, 403, 404, 407, 409, 429, 500, 502, 503} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			seen := new(log)
			s := newSite(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_ = seen.add(r)
				w.Header().Set("Retry-After", "17")
				w.WriteHeader(status)
				_, _ = io.WriteString(w, "as it came")
			}))
			res := s.send("GET", "/api/v1.0/me/notes/notebooks", nil)
			if res.StatusCode != status || res.body != "as it came" || res.Header.Get("Retry-After") != "17" {
				t.Errorf("got %s %v %q, want the API's response", res.Status, res.Header, res.body)
			}
			if len(seen.all()) != 1 || s.account.count() != 0 {
				t.Errorf("got %d requests and %d refreshes, want 1 and 0", len(seen.all()), s.account.count())
			}
		})
	}
}

func Test401IsPassedOnWhenThereIsNoNewerToken(t *testing.T) {
	seen := new(log)
	s := newSite(t, refuseUntil(seen, "another", created))
	s.account.stale = true
	res := s.send("GET", "/api/v1.0/me/notes/notebooks", nil)
	if res.StatusCode != http.StatusUnauthorized || res.body != tokenRefused {
		t.Errorf("got %s %s, want the API's own 401", res.Status, res.body)
	}
	if got := len(seen.all()); got != 1 {
		t.Errorf("the API saw %d requests, want 1", got)
	}
}

func Test401LargerThanThePeekedPartIsPassedOnWhole(t *testing.T) {
	large := strings.Repeat("why it was refused ", 20000)
	s := newSite(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, large)
	}))
	s.account.stale = true
	if res := s.send("GET", "/api/v1.0/me/notes/notebooks", nil); res.body != large {
		t.Errorf("got %d bytes, want all %d", len(res.body), len(large))
	}
}

func TestBodyThatIsNotBufferedIsSentOnce(t *testing.T) {
	tests := map[string]func(*site){
		"larger than max_replay":    func(s *site) { s.transport.MaxReplay = 100 },
		"nothing is to be buffered": func(s *site) { s.transport.MaxReplay = 0 },
		"there is no spool":         func(s *site) { s.transport.Spool = nil },
		"the spool is spent":        func(s *site) { s.transport.Spool = NewSpool(1000, 1000, s.spoolDir) },
		"the spool has no disk":     func(s *site) { s.transport.Spool = NewSpool(1<<20, 0, s.spoolDir) },
		"there is no directory":     func(s *site) { s.transport.Spool = NewSpool(1<<20, 1<<30, s.spoolDir+"/missing") },
		"not all of it fits memory": func(s *site) { s.transport.Spool = NewSpool(100<<10, 0, s.spoolDir) },
	}
	for name, option := range tests {
		for _, contentType := range []string{"image/png", "text/html"} {
			for _, length := range []string{"known", "unknown"} {
				t.Run(name+"/"+contentType+"/"+length, func(t *testing.T) {
					seen := new(log)
					s := newSite(t, refuseUntil(seen, "token-2", created), option)
					payload := noise(2 << 20)
					body := io.Reader(bytes.NewReader(payload))
					if length == "unknown" {
						body = chunked(payload)
					}
					res := s.send("POST", "/api/v1.0/me/notes/pages", body, "Content-Type", contentType)
					if res.StatusCode != http.StatusUnauthorized || res.body != tokenRefused {
						t.Errorf("got %s %s, want the API's own 401", res.Status, res.body)
					}
					uploads := seen.all()
					if len(uploads) != 1 || uploads[0].Sum != sha256.Sum256(payload) {
						t.Errorf("got %d uploads of %d bytes, want one with the bytes that were sent", len(uploads), uploads[0].Bytes)
					}
					if _, retries, _ := s.observer.told(); !slices.Equal(retries, []string{"work not_replayable"}) {
						t.Errorf("told of retries %q, want not_replayable", retries)
					}
					if got := s.account.count(); got != 1 {
						t.Errorf("got %d refreshes, want 1, so that the client's own second try succeeds", got)
					}
				})
			}
		}
	}
}

func TestTokenFailureBecomesAnErrorResponse(t *testing.T) {
	tests := []struct {
		name      string
		err       error
		status    int
		cause     string
		code      string
		after     string
		inMessage string
	}{
		{"nobody is signed in", failure{class: "signin_required"}, 401, "signin_required", "40001", "", "http://localhost:8080/auth/work/signin"},
		{"the provider is down", failure{class: "transient", after: 90 * time.Second}, 503, "identity_unavailable", "10002", "90", "Ask the owner"},
		{"the provider is down for an unknown time", failure{class: "transient"}, 503, "identity_unavailable", "10002", "5", "No token: transient."},
		{"the secret is wrong", failure{class: "misconfigured"}, 500, "misconfigured", "19999", "", "Ask the owner"},
		{"the request for a token came back", failure{class: "misconfigured", loop: true}, 508, "loop_detected", "19999", "", "Ask the owner"},
		{"it is wrapped", fmt.Errorf("account work: %w", failure{class: "signin_required"}), 401, "signin_required", "40001", "", "work"},
		{"nobody knows", errors.New("strange: Bearer token-1"), 503, "identity_unavailable", "10002", "5", "work"},
	}
	for _, tt := range tests {
		for _, when := range []string{"at first", "after a refusal"} {
			t.Run(tt.name+"/"+when, func(t *testing.T) {
				seen := new(log)
				s := newSite(t, refuseUntil(seen, "another", created))
				if when == "at first" {
					s.account.tokenErr = tt.err
				} else {
					s.account.refreshErr = tt.err
				}
				res := s.send("POST", "/api/v1.0/me/notes/pages", bytes.NewReader(noise(100<<10)))
				if res.StatusCode != tt.status || res.Header.Get("X-Onenote-Proxy-Error") != tt.cause {
					t.Errorf("got %s %v, want %d %s", res.Status, res.Header, tt.status, tt.cause)
				}
				if got := res.Header.Get("Retry-After"); got != tt.after {
					t.Errorf("got Retry-After %q, want %q", got, tt.after)
				}
				if !strings.Contains(res.body, `"code":"`+tt.code+`"`) || !strings.Contains(res.body, tt.inMessage) {
					t.Errorf("got %s, want code %s and %q", res.body, tt.code, tt.inMessage)
				}
				if strings.Contains(res.body, "token-1") || res.Header.Get("WWW-Authenticate") != "" {
					t.Errorf("got %v %s, want neither an error's own text nor a challenge", res.Header, res.body)
				}
				want := map[string]int{"at first": 0, "after a refusal": 1}[when]
				if got := len(seen.all()); got != want {
					t.Errorf("the API saw %d requests, want %d", got, want)
				}
				if requests, _, _ := s.observer.told(); !slices.Equal(requests, []string{"work " + tt.cause}) {
					t.Errorf("told of requests %q, want %q", requests, tt.cause)
				}
			})
		}
	}
}

func TestClaimsOfAChallengeGoIntoTheRefresh(t *testing.T) {
	const claims = `{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}`
	s := newSite(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer token-2" {
			return
		}
		w.Header().Set("WWW-Authenticate", `Bearer realm="", error="insufficient_claims", claims="`+base64.StdEncoding.EncodeToString([]byte(claims))+`"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	if res := s.send("GET", "/api/v1.0/me/notes/notebooks", nil); res.StatusCode != http.StatusOK {
		t.Errorf("got %s, want 200", res.Status)
	}
	if !slices.Equal(s.account.claims, []string{claims}) {
		t.Errorf("got claims %q, want %q", s.account.claims, claims)
	}
}

// A client that leaves while its request waits for a token is no failure of the
// account, and all its resources are released.
func TestClientThatLeavesDuringRefreshIsAnError(t *testing.T) {
	waiting := make(chan struct{})
	account := &slowAccount{account: newAccount(), waiting: waiting}
	seen := new(log)
	s := newSite(t, refuseUntil(seen, "another", created), func(s *site) { s.call.Tokens = account })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		req := must(http.NewRequestWithContext(ctx, "POST", s.front.URL+"/api/v1.0/me/notes/pages", bytes.NewReader(noise(3<<20))))
		res, err := s.front.Client().Do(req)
		if err == nil {
			res.Body.Close()
		}
		done <- err
	}()
	<-waiting
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("the client got %v, want context canceled", err)
	}
	if err := <-s.errs; !errors.Is(err, context.Canceled) {
		t.Errorf("the proxy got %v, want context canceled", err)
	}
	if requests, _, _ := s.observer.told(); len(requests) != 0 {
		t.Errorf("told of requests %q, want none", requests)
	}
}

// A slowAccount never finishes its refresh.
type slowAccount struct {
	*account
	waiting chan struct{}
}

func (a *slowAccount) Refresh(ctx context.Context, _ string, _ uint64, _ string) (string, uint64, error) {
	close(a.waiting)
	<-ctx.Done()
	return "", 0, ctx.Err()
}

// A connection may be closed before the token is refreshed. The client still gets
// the API's response.
func Test401IsPassedOnAfterItsConnectionIsLost(t *testing.T) {
	account := &cuttingAccount{account: newAccount()}
	account.stale = true
	transport := &Transport{Dialect: passthrough(api.Passthrough{}), Next: roundTrip(func(*http.Request) (*http.Response, error) {
		body := &cutBody{Reader: strings.NewReader(tokenRefused), cut: &account.cut}
		return &http.Response{StatusCode: 401, Header: make(http.Header), Body: body}, nil
	})}
	res, err := transport.For(Call{Tokens: account}).RoundTrip(inRequest("GET", "/api/x", nil))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(res.Body); string(got) != tokenRefused || err != nil {
		t.Errorf("got %q, %v; want what the API said", got, err)
	}
	res.Body.Close()
}

// A cuttingAccount closes the connection to the API while it refreshes.
type cuttingAccount struct {
	*account
	cut bool
}

func (a *cuttingAccount) Refresh(ctx context.Context, upstream string, generation uint64, claims string) (string, uint64, error) {
	a.cut = true
	return a.account.Refresh(ctx, upstream, generation, claims)
}

type cutBody struct {
	io.Reader
	cut *bool
}

func (b *cutBody) Read(p []byte) (int, error) {
	if *b.cut {
		return 0, io.ErrUnexpectedEOF
	}
	return b.Reader.Read(p)
}

func (*cutBody) Close() error { return nil }
