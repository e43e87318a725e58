// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package throttle

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/caddy-onenote/caddy-onenote/internal/testclock"
)

var picture = FlightKey{Account: "work", Target: "/api/v1.0/me/notes/resources/1/content"}

// shared lets one request lead and another wait while the leading client reads the body.
func shared(t *testing.T, body io.Reader, length int64, read func(io.ReadCloser)) (*http.Response, error) {
	t.Helper()
	flights := NewFlights(testclock.New(start))
	lead, leads := flights.Join(picture)
	if !leads {
		t.Fatal("the first request does not lead")
	}
	follow, leads := flights.Join(picture)
	if leads {
		t.Fatal("the second request leads as well")
	}
	res := &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"image/png"}}, Body: io.NopCloser(body), ContentLength: length}
	lead.Lead(res)
	res.Header.Set("Content-Type", "changed later")
	read(res.Body)
	got, err := follow.Wait(t.Context(), nil)
	if next, leads := flights.Join(picture); !leads {
		t.Error("a request that came later waits for one that has ended")
	} else {
		next.Fail()
	}
	return got, err
}

func readAll(b io.ReadCloser) {
	_, _ = io.Copy(io.Discard, b)
	b.Close()
}

func TestEqualRequestsShareOneResponse(t *testing.T) {
	for name, body := range map[string]string{"a picture": strings.Repeat("x", 100_000), "nothing": ""} {
		res, err := shared(t, iotest.HalfReader(strings.NewReader(body)), -1, readAll)
		if err != nil || res == nil {
			t.Fatalf("%s: got %v, %v; want a response", name, res, err)
		}
		got, _ := io.ReadAll(res.Body)
		if string(got) != body || res.StatusCode != 200 || res.Header.Get("Content-Type") != "image/png" || res.ContentLength != int64(len(body)) {
			t.Errorf("%s: got %d, %v and %d bytes, want the response as it came", name, res.StatusCode, res.Header, len(got))
		}
	}
}

func TestSmallResponseThatNobodyWaitsForIsNotCopied(t *testing.T) {
	flights := NewFlights(testclock.New(start))
	lead, _ := flights.Join(picture)
	body := io.NopCloser(strings.NewReader("x"))
	res := &http.Response{StatusCode: 200, Body: body, ContentLength: 1}
	lead.Lead(res)
	if res.Body != body {
		t.Errorf("got a body of %T, want the one of the response", res.Body)
	}
	if _, leads := flights.Join(picture); !leads {
		t.Error("a request that came later waits for one that has ended")
	}
}

func TestLargeResponseIsSharedWithThoseThatComeWhileItIsRead(t *testing.T) {
	flights := NewFlights(testclock.New(start))
	lead, _ := flights.Join(picture)
	body := strings.Repeat("x", atOnce+1)
	res := &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
	lead.Lead(res)
	follow, leads := flights.Join(picture)
	if leads {
		t.Fatal("a request for what is being read leads")
	}
	readAll(res.Body)
	got, err := follow.Wait(t.Context(), nil)
	if err != nil || got.ContentLength != int64(len(body)) {
		t.Errorf("got %v, %v; want the whole response", got, err)
	}
}

func TestBodiesAreHeldOnlyWithinABudget(t *testing.T) {
	flights := NewFlights(testclock.New(start))
	lead := func(target string) (*Flight, *http.Response) {
		key := FlightKey{Target: target}
		leading, _ := flights.Join(key)
		follow, _ := flights.Join(key)
		res := &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(make([]byte, maxShared))), ContentLength: maxShared}
		leading.Lead(res)
		readAll(res.Body)
		return follow, res
	}
	var held []*http.Response
	for i := range maxHeld / maxShared {
		follow, _ := lead(strconv.Itoa(i))
		res, err := follow.Wait(t.Context(), nil)
		if err != nil {
			t.Fatalf("picture %d: %v", i, err)
		}
		held = append(held, res)
	}
	follow, _ := lead("one more")
	if _, err := follow.Wait(t.Context(), nil); !errors.Is(err, ErrNotShared) {
		t.Errorf("beyond the budget: got %v, want %v", err, ErrNotShared)
	}
	for _, res := range held {
		res.Body.Close()
		res.Body.Close()
	}
	if flights.held != 0 {
		t.Errorf("got %d bytes held when all have read them", flights.held)
	}
	follow, _ = lead("after that")
	if _, err := follow.Wait(t.Context(), nil); err != nil {
		t.Errorf("within the budget again: %v", err)
	}
}

func TestWhatIsNotShared(t *testing.T) {
	large := bytes.NewReader(make([]byte, maxShared+1))
	for name, test := range map[string]struct {
		body   io.Reader
		length int64
		read   func(io.ReadCloser)
	}{
		"a body that breaks":              {io.MultiReader(strings.NewReader("x"), iotest.ErrReader(errors.New("broken"))), -1, readAll},
		"a body that is not read":         {strings.NewReader("x"), 1, func(b io.ReadCloser) { b.Close() }},
		"a large body":                    {large, -1, readAll},
		"a large body that says its size": {strings.NewReader("x"), maxShared + 1, readAll},
	} {
		if res, err := shared(t, test.body, test.length, test.read); res != nil || !errors.Is(err, ErrNotShared) {
			t.Errorf("%s: got %v, %v; want to ask for itself", name, res, err)
		}
	}
}

func TestRequestDoesNotWaitForASlowClient(t *testing.T) {
	clock := testclock.New(start)
	flights := NewFlights(clock)
	lead, _ := flights.Join(picture)
	follow, _ := flights.Join(picture)
	done := make(chan *http.Response)
	go func() {
		res, _ := follow.Wait(t.Context(), nil)
		done <- res
	}()
	clock.Waiters(1)
	clock.Advance(shareWait)
	if res := <-done; res != nil {
		t.Errorf("got %v, want to ask for itself", res)
	}
	lead.Fail()

	gone, cancel := context.WithCancelCause(t.Context())
	left := errors.New("left")
	cancel(left)
	_, _ = flights.Join(picture)
	follow, _ = flights.Join(picture)
	if _, err := follow.Wait(gone, nil); !errors.Is(err, left) {
		t.Errorf("got %v, want %v", err, left)
	}
}

func TestDifferentRequestsShareNothing(t *testing.T) {
	flights := NewFlights(testclock.New(time.Time{}))
	for _, key := range []FlightKey{picture, {Account: "home", Target: picture.Target}, {Account: "work", Target: "/"}, {Account: "work", Target: picture.Target, AcceptEncoding: "gzip"}} {
		if _, leads := flights.Join(key); !leads {
			t.Errorf("%v waits for another", key)
		}
	}
}
