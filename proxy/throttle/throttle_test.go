// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package throttle

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-onenote/caddy-onenote/internal/testclock"
)

// An upstream responds with the next of its responses, the last one again and again.
type upstream struct {
	mu        sync.Mutex
	responses []response
	bodies    []string // of the requests
}

type response struct {
	status     int
	retryAfter string
	body       string
}

func (u *upstream) RoundTrip(req *http.Request) (*http.Response, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	body := ""
	if req.Body != nil {
		b, _ := io.ReadAll(req.Body)
		body = string(b)
	}
	u.bodies = append(u.bodies, body)
	r := u.responses[0]
	if len(u.responses) > 1 {
		u.responses = u.responses[1:]
	}
	res := &http.Response{StatusCode: r.status, Header: make(http.Header), Body: io.NopCloser(strings.NewReader(r.body)), Request: req}
	if r.retryAfter != "" {
		res.Header.Set("Retry-After", r.retryAfter)
	}
	return res, nil
}

func (u *upstream) asked() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.bodies)
}

func code(res *http.Response) string {
	b, _ := io.ReadAll(res.Body)
	res.Body = io.NopCloser(bytes.NewReader(b))
	if strings.Contains(string(b), "20166") {
		return "20166"
	}
	return ""
}

func TestWhenAThrottledRequestIsSentAgain(t *testing.T) {
	const throttledBody = `{"error":{"code":"20166"}}`
	for _, test := range []struct {
		name       string
		method     string
		body       string
		noGetBody  bool
		maxWait    time.Duration
		responses  []response
		waits      []time.Duration // between the tries
		status     int
		retryAfter string
	}{
		{name: "the service's time", method: "GET", maxWait: time.Minute, responses: []response{{429, "3", ""}, {200, "", ""}}, waits: []time.Duration{3 * time.Second}, status: 200},
		{name: "a fraction", method: "GET", maxWait: time.Minute, responses: []response{{429, "2.128", ""}, {200, "", ""}}, waits: []time.Duration{2128 * time.Millisecond}, status: 200},
		{name: "a date", method: "HEAD", maxWait: time.Minute, responses: []response{{503, start.Add(7 * time.Second).Format(http.TimeFormat), ""}, {200, "", ""}}, waits: []time.Duration{7 * time.Second}, status: 200},
		{name: "a growing pause", method: "GET", maxWait: time.Minute, responses: []response{{429, "", ""}, {429, "", ""}, {503, "", ""}, {200, "", ""}}, waits: []time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second}, status: 200},
		{name: "a time that is over", method: "GET", maxWait: time.Minute, responses: []response{{429, "0", ""}, {429, start.Format(http.TimeFormat), ""}, {200, "", ""}}, waits: []time.Duration{2 * time.Second, 4 * time.Second}, status: 200},
		{name: "a code in another status", method: "GET", maxWait: time.Minute, responses: []response{{403, "1", throttledBody}, {200, "", ""}}, waits: []time.Duration{time.Second}, status: 200},
		{name: "no time at all", method: "GET", responses: []response{{429, "", ""}}, status: 429, retryAfter: "2"},
		{name: "more time than allowed", method: "GET", maxWait: 10 * time.Second, responses: []response{{429, "11", ""}}, status: 429, retryAfter: "11"},
		{name: "time is used up", method: "GET", maxWait: 10 * time.Second, responses: []response{{429, "6", ""}}, waits: []time.Duration{6 * time.Second}, status: 429, retryAfter: "6"},
		{name: "a fraction is passed on as whole seconds", method: "GET", responses: []response{{503, "2.1", ""}}, status: 503, retryAfter: "3"},
		{name: "a write that was not executed", method: "POST", body: "page", maxWait: time.Minute, responses: []response{{429, "1", ""}, {201, "", ""}}, waits: []time.Duration{time.Second}, status: 201},
		{name: "a write that may have been executed", method: "POST", body: "page", maxWait: time.Minute, responses: []response{{503, "1", ""}}, status: 503, retryAfter: "1"},
		{name: "a write that cannot be sent again", method: "POST", body: "page", noGetBody: true, maxWait: time.Minute, responses: []response{{429, "1", ""}}, status: 429, retryAfter: "1"},
		{name: "another error", method: "GET", maxWait: time.Minute, responses: []response{{403, "", "{}"}}, status: 403},
	} {
		t.Run(test.name, func(t *testing.T) {
			clock := testclock.New(start)
			told := 0
			th := &Throttle{Clock: clock, MaxWait: test.maxWait, Code: code, Throttled: func(string) { told++ }}
			u := &upstream{responses: test.responses}
			req, err := http.NewRequest(test.method, "https://api.example/", strings.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			if test.noGetBody {
				req.GetBody = nil
			}
			done := make(chan *http.Response, 1)
			go func() {
				res, err := th.RoundTrip(u, req, "work")
				if err != nil {
					t.Error(err)
				}
				done <- res
			}()
			for i, wait := range test.waits {
				clock.Waiters(1)
				clock.Advance(wait - time.Millisecond)
				if got := u.asked(); got != i+1 {
					t.Errorf("got %d requests before the pause was over, want %d", got, i+1)
				}
				clock.Advance(time.Millisecond)
			}
			res := <-done
			if res.StatusCode != test.status || res.Header.Get("Retry-After") != test.retryAfter {
				t.Errorf("got %d with Retry-After %q, want %d with %q", res.StatusCode, res.Header.Get("Retry-After"), test.status, test.retryAfter)
			}
			for _, body := range u.bodies {
				if body != test.body {
					t.Errorf("the API got the body %q, want %q each time", body, test.body)
				}
			}
			if want := len(u.bodies); test.status < 300 && told != want-1 || test.status == 429 && told != want {
				t.Errorf("told of %d throttled responses of %d", told, want)
			}
		})
	}
}

func TestPauseThatTheAPINamedIsUsedWhereItNamesNone(t *testing.T) {
	clock := testclock.New(start)
	th := &Throttle{Clock: clock}
	for i, test := range []struct {
		response
		want  string
		after time.Duration
	}{
		{response{429, "", ""}, "2", 0},
		{response{429, "", ""}, "2", 0}, // as it was under way with the first
		{response{429, "", ""}, "1", time.Second},
		{response{429, "", ""}, "4", time.Second},
		{response{429, "1800", ""}, "1800", 0},
		{response{429, "", ""}, "1800", 0},
		{response{200, "", ""}, "", time.Hour},
		{response{429, "", ""}, "2", 0}, // 1800 seconds is no news
	} {
		clock.Advance(test.after)
		req, _ := http.NewRequest("GET", "https://api.example/", nil)
		res, err := th.RoundTrip(&upstream{responses: []response{test.response}}, req, "work")
		if err != nil {
			t.Fatal(err)
		}
		if got := res.Header.Get("Retry-After"); got != test.want {
			t.Errorf("response %d: got Retry-After %q, want %q", i, got, test.want)
		}
	}
}

func TestClientThatLeavesIsNotWaitedFor(t *testing.T) {
	clock := testclock.New(start)
	th := &Throttle{Clock: clock, MaxWait: time.Hour}
	ctx, cancel := context.WithCancel(t.Context())
	req, _ := http.NewRequestWithContext(ctx, "GET", "https://api.example/", nil)
	done := make(chan error, 1)
	go func() {
		_, err := th.RoundTrip(&upstream{responses: []response{{429, "60", ""}}}, req, "work")
		done <- err
	}()
	clock.Waiters(1)
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

// open is an upstream whose responses end when they are told to.
type open struct {
	begun chan *io.PipeWriter
}

func (o open) RoundTrip(req *http.Request) (*http.Response, error) {
	r, w := io.Pipe()
	o.begun <- w
	return &http.Response{StatusCode: 200, Header: make(http.Header), Body: r, Request: req}, nil
}

func TestPlaceIsFreeWhenTheResponseHasEnded(t *testing.T) {
	for name, end := range map[string]func(clock *testclock.Clock, res *http.Response, w *io.PipeWriter){
		"its last byte was read": func(_ *testclock.Clock, res *http.Response, w *io.PipeWriter) {
			go w.Close()
			_, _ = io.Copy(io.Discard, res.Body)
		},
		"it was closed": func(_ *testclock.Clock, res *http.Response, _ *io.PipeWriter) { res.Body.Close() },
		"the client does not read": func(clock *testclock.Clock, _ *http.Response, _ *io.PipeWriter) {
			clock.Waiters(1)
			clock.Advance(idle)
		},
	} {
		t.Run(name, func(t *testing.T) {
			clock := testclock.New(start)
			th := &Throttle{Clock: clock, Queues: NewQueues(clock, 1, nil)}
			o := open{begun: make(chan *io.PipeWriter, 2)}
			responses := make(chan *http.Response, 2)
			send := func() {
				req, _ := http.NewRequest("GET", "https://api.example/", nil)
				res, err := th.RoundTrip(o, req, "work")
				if err != nil {
					t.Error(err)
				}
				responses <- res
			}
			go send()
			w, first := <-o.begun, <-responses
			go send()
			select {
			case <-o.begun:
				t.Fatal("got a second request before the first has ended")
			default:
			}
			end(clock, first, w)
			second := <-responses
			first.Body.Close()
			second.Body.Close()
		})
	}
}

// reading reads a request's body before it responds.
type reading struct{ begun chan string }

func (u reading) RoundTrip(req *http.Request) (*http.Response, error) {
	u.begun <- req.URL.Path
	if req.Body != nil {
		defer req.Body.Close()
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			return nil, err
		}
	}
	return &http.Response{StatusCode: 200, Header: make(http.Header), Body: http.NoBody, Request: req}, nil
}

func TestClientThatStopsInAnUploadDoesNotStopOthers(t *testing.T) {
	clock := testclock.New(start)
	th := &Throttle{Clock: clock, Queues: NewQueues(clock, 1, nil)}
	u := reading{make(chan string, 2)}
	body, client := io.Pipe()
	var wait sync.WaitGroup
	send := func(path string, body io.Reader) {
		wait.Go(func() {
			req, _ := http.NewRequest("POST", "https://api.example"+path, body)
			if _, err := th.RoundTrip(u, req, "work"); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		})
	}
	send("/stalled", body)
	<-u.begun
	for range 3 { // a client that sends keeps its slot, however long it takes
		if _, err := client.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		clock.Waiters(1)
		clock.Advance(idle / 2)
	}
	send("/other", nil)
	select {
	case path := <-u.begun:
		t.Fatalf("%s began while the client was sending", path)
	default:
	}
	clock.Waiters(1)
	clock.Advance(idle)
	if path := <-u.begun; path != "/other" {
		t.Errorf("got %s, want the other request", path)
	}
	client.Close() // the stalled one goes on and ends
	wait.Wait()
}

func TestSlotIsGivenBackAfterAPanic(t *testing.T) {
	clock := testclock.New(start)
	th := &Throttle{Clock: clock, Queues: NewQueues(clock, 1, nil)}
	req, _ := http.NewRequest("GET", "https://api.example/", nil)
	func() {
		defer func() { _ = recover() }()
		_, _ = th.RoundTrip(panicking{}, req, "work")
	}()
	if _, err := th.RoundTrip(reading{make(chan string, 1)}, req, "work"); err != nil {
		t.Error(err)
	}
}

type panicking struct{}

func (panicking) RoundTrip(*http.Request) (*http.Response, error) { panic("in the transport") }

func TestQueueThatIsFullRefuses(t *testing.T) {
	clock := testclock.New(start)
	th := &Throttle{Clock: clock, Queues: NewQueues(clock, 1, nil)}
	q := th.Queues.of("work")
	if err := q.Take(t.Context(), patient); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	stood := make(chan int, 1000)
	q.waiting = func(n int) { stood <- n }
	for range maxWaiting {
		group.Go(func() { _ = q.Take(ctx, patient) })
		<-stood
	}
	req, _ := http.NewRequest("POST", "https://api.example/", io.NopCloser(strings.NewReader("x")))
	if _, err := th.RoundTrip(&upstream{}, req, "work"); !errors.Is(err, ErrFull) {
		t.Errorf("got %v, want %v", err, ErrFull)
	}
	// The accounts do not share their slots.
	other, _ := http.NewRequest("GET", "https://api.example/", nil)
	res, err := th.RoundTrip(&upstream{responses: []response{{200, "", ""}}}, other, "home")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	cancel()
	group.Wait()
}

func TestThrottledResponsePausesTheWholeQueue(t *testing.T) {
	clock := testclock.New(start)
	th := &Throttle{Clock: clock, Queues: NewQueues(clock, 4, nil), MaxWait: 6 * time.Second}
	u := &upstream{responses: []response{{429, "5", ""}, {200, "", ""}}}
	send := func() int {
		req, _ := http.NewRequest("POST", "https://api.example/", io.NopCloser(strings.NewReader("x"))) // it cannot be sent again
		res, err := th.RoundTrip(u, req, "work")
		if err != nil {
			t.Error(err)
			return 0
		}
		res.Body.Close()
		return res.StatusCode
	}
	if got := send(); got != 429 {
		t.Fatalf("got %d, want 429", got)
	}
	done := make(chan int)
	go func() { done <- send() }()
	clock.Waiters(1)
	if got := u.asked(); got != 1 {
		t.Errorf("got %d requests in the pause, want 1", got)
	}
	clock.Advance(5 * time.Second)
	if got := <-done; got != 200 {
		t.Errorf("got %d after the pause, want 200", got)
	}
}

func TestRequestDoesNotWaitForALongPause(t *testing.T) {
	clock := testclock.New(start)
	th := &Throttle{Clock: clock, Queues: NewQueues(clock, 4, nil)}
	u := &upstream{responses: []response{{429, "5", ""}}}
	for range 2 {
		req, _ := http.NewRequest("GET", "https://api.example/", nil)
		res, err := th.RoundTrip(u, req, "work")
		if res != nil {
			res.Body.Close()
			continue
		}
		var paused *PausedError
		if !errors.As(err, &paused) || paused.For != 5*time.Second {
			t.Errorf("got %v, want a pause of 5 s", err)
		}
	}
	if got := u.asked(); got != 1 {
		t.Errorf("got %d requests, want none in the pause", got)
	}
}

func ExampleThrottle() {
	th := &Throttle{Clock: testclock.New(start)}
	req, _ := http.NewRequest("GET", "https://www.onenote.com/api/v1.0/me/notes/pages", nil)
	res, err := th.RoundTrip(&upstream{responses: []response{{429, "", ""}}}, req, "default")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Body.Close()
	fmt.Println(res.StatusCode, "Retry-After:", res.Header.Get("Retry-After"))
	// Output: 429 Retry-After: 2
}
