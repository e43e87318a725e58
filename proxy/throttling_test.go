// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/internal/testclock"
	"github.com/caddy-onenote/caddy-onenote/proxy/throttle"
)

// Calls whose bodies differ are not equal: one that is right follows many that fail.
func TestCallIsNotBrakedForFailuresOfOtherBodies(t *testing.T) {
	const target = "/api/v1.0/me/notes/notebooks/GetNotebookFromWebUrl"
	s := newSite(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); !strings.Contains(string(body), "right") {
			w.WriteHeader(http.StatusNotFound)
		}
	}), func(s *site) {
		s.transport.Throttle = &throttle.Throttle{Clock: testclock.New(testNow()), Code: ErrorCode, Brake: new(throttle.Brake)}
	})
	for range 10 {
		if res := s.send("POST", target, strings.NewReader(`{"webUrl":"https://wrong.example/"}`)); res.StatusCode != 404 {
			t.Fatalf("got %s, want 404", res.Status)
		}
	}
	if res := s.send("POST", target, strings.NewReader(`{"webUrl":"https://right.example/"}`)); res.StatusCode != 200 {
		t.Errorf("got %s for another body, want 200", res.Status)
	}
}

// panics is an upstream that panics at its first request.
type panics struct {
	next http.RoundTripper
	done atomic.Bool
}

func (p *panics) RoundTrip(req *http.Request) (*http.Response, error) {
	if !p.done.Swap(true) {
		if req.Body != nil {
			_, _ = io.Copy(io.Discard, req.Body)
		}
		panic("the first request")
	}
	return p.next.RoundTrip(req)
}

func TestPictureIsServedAfterARequestForItPanicked(t *testing.T) {
	const target = "/api/v1.0/me/notes/resources/1/content"
	clock := testclock.New(testNow()) // nobody advances it: a request that has to wait never ends
	s := newSite(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), func(s *site) {
		s.transport.Next = &panics{next: http.DefaultTransport}
		s.transport.Throttle = &throttle.Throttle{Clock: clock, Flights: throttle.NewFlights(clock)}
	})
	request := func() (res *http.Response, err error) {
		defer func() { _ = recover() }()
		req, _ := http.NewRequestWithContext(t.Context(), "GET", s.api.URL+target, nil)
		call := s.call
		call.Target = target
		return s.transport.For(call).RoundTrip(req)
	}
	_, _ = request()
	res, err := request()
	if err != nil || res == nil {
		t.Fatalf("got %v, %v; want a response", res, err)
	}
	res.Body.Close()
}

// The buffers for bodies are those of all requests: one that panics must not keep any.
// That is seen when the site is closed.
func TestPanicKeepsNoBuffer(t *testing.T) {
	const target = "/api/v1.0/me/notes/pages"
	s := newSite(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), func(s *site) {
		s.transport.Next = &panics{next: http.DefaultTransport}
	})
	defer func() {
		if recover() == nil {
			t.Error("got no panic")
		}
	}()
	req, _ := http.NewRequestWithContext(t.Context(), "POST", s.api.URL+target, strings.NewReader("<html></html>"))
	req.Header.Set("Content-Type", "text/html")
	call := s.call
	call.Target = target
	_, _ = s.transport.For(call).RoundTrip(req)
}

// What the response to a request for a picture says to one client is not for others.
func TestOnlyClientsThatGetTheSameShareAPicture(t *testing.T) {
	const target = "/api/v1.0/me/notes/resources/1/content"
	clock := testclock.New(testNow())
	key := func(change func(*Call)) throttle.FlightKey {
		call := Call{Account: "work", Target: target, Base: &url.URL{Scheme: "http", Host: "localhost:8080"}}
		change(&call)
		transport := &Transport{Throttle: &throttle.Throttle{Clock: clock, Flights: throttle.NewFlights(clock)}}
		req, err := http.NewRequestWithContext(t.Context(), "GET", "https://api.example"+target, nil)
		if err != nil {
			t.Fatal(err)
		}
		x := &exchange{callTransport: &callTransport{Transport: transport, Call: call}, in: req}
		key, ok := x.sharedKey()
		if !ok {
			t.Fatal("the picture is not shared")
		}
		return key
	}
	first := key(func(*Call) {})
	if again := key(func(*Call) {}); again != first {
		t.Errorf("got keys %v and %v for equal requests", first, again)
	}
	for name, change := range map[string]func(*Call){
		"another account":         func(c *Call) { c.Account = "home" },
		"another base":            func(c *Call) { c.Base = &url.URL{Scheme: "https", Host: "notes.example"} },
		"a client that is remote": func(c *Call) { c.Vary = "Authorization" },
	} {
		if other := key(change); other == first {
			t.Errorf("%s: got one key, want two", name)
		}
	}
}
