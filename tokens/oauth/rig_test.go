// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/caddy-onenote/caddy-onenote/internal/testclock"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const wireRedirect = "http://localhost:8080/auth/default/callback"

func wireSecret() (Secret, error) { return "s3cret", nil }

// rig is a clock and the clients that use it.
type rig struct {
	t     *testing.T
	clock *testclock.Clock
}

func newRig(t *testing.T) *rig {
	return &rig{t: t, clock: testclock.New(time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC))}
}

// config is the configuration of a personal account, completed and checked.
func (r *rig) config(edit ...func(*Config)) Config {
	r.t.Helper()
	c := Config{Name: "default", ClientID: "client"}
	for _, e := range edit {
		e(&c)
	}
	c.Complete()
	if _, err := c.Check(); err != nil {
		r.t.Fatal(err)
	}
	return c
}

func (r *rig) client(config Config) *Client { return r.loggingClient(config, nil, r.clock) }

func (r *rig) loggingClient(config Config, logger *zap.Logger, clock Clock) *Client {
	transport := &http.Transport{}
	r.t.Cleanup(transport.CloseIdleConnections)
	return NewClient(config, NewHTTPClient(transport), clock, logger)
}

// refresh sends one refresh with the refresh token "refresh".
func refresh(c *Client) (*Grant, error) {
	return c.Refresh(context.Background(), RefreshRequest{RefreshToken: "refresh"})
}

// wantFailure checks class and code of an error.
func wantFailure(t *testing.T, err error, class Class, code string) *Failure {
	t.Helper()
	f := AsFailure(err)
	if f == nil {
		t.Fatalf("got error %v, want a failure of class %s", err, class)
	}
	if f.Status.Class != class || f.Status.Code != code {
		t.Fatalf("got %s %s (%v), want %s %s", f.Status.Class, f.Status.Code, f, class, code)
	}
	if f.Status.Hint == "" || f.Status.Message == "" {
		t.Errorf("%s: got message %q, hint %q, want text in both", code, f.Status.Message, f.Status.Hint)
	}
	return f
}

// fixedProvider is a token endpoint that always sends the same response and keeps
// the last request.
func fixedProvider(t *testing.T, contentType, body string) (authority string, sent func() url.Values) {
	t.Helper()
	authority, all := provider(t, func(w http.ResponseWriter, r *http.Request) {
		if h := r.Header.Get("Authorization"); h != "" {
			t.Errorf("the client's credentials were sent as %q", h)
		}
		w.Header().Set("Content-Type", contentType)
		w.Write([]byte(body))
	})
	return authority, func() url.Values { requests := all(); return requests[len(requests)-1] }
}

// provider is a token endpoint that sends one response after the other. The last
// one is repeated.
func provider(t *testing.T, responses ...http.HandlerFunc) (authority string, sent func() []url.Values) {
	t.Helper()
	var mu sync.Mutex
	var all []url.Values
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		mu.Lock()
		respond := responses[min(len(all), len(responses)-1)]
		all = append(all, r.PostForm)
		mu.Unlock()
		respond(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, func() []url.Values {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(all)
	}
}

func response(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		w.Write([]byte(body))
	}
}
