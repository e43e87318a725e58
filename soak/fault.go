// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"
)

// A fault is something that goes wrong for a while.
type fault struct {
	name string

	// allows are the outcomes of requests that the fault explains, besides the right one.
	allows []outcome

	// grace is how long it explains them after its end: pauses, stored responses.
	grace time.Duration

	// spares says that a request that had begun before is not affected.
	spares bool

	// ends says that the process ends.
	ends bool

	do func(ctx context.Context, w *world, lasts time.Duration) error
}

// afterPause is how long the proxy may wait before it asks the provider again: twenty
// seconds and a fifth after the third failure in a row, of which one fault causes no more.
const afterPause = 25 * time.Second

func faults() []fault {
	return []fault{
		{name: "provider responds with 503", allows: []outcome{unavailable}, grace: afterPause, do: atIdentity(status(503, ""))},
		{name: "provider closes connections", allows: []outcome{unavailable}, grace: afterPause, do: atIdentity(closed)},
		{name: "provider throttles", allows: []outcome{unavailable}, grace: afterPause, do: atIdentity(status(429, "2"))},
		{name: "a page of another network comes from the provider", allows: []outcome{unavailable}, grace: afterPause, do: atIdentity(page)},
		{name: "provider takes a second", do: atIdentity(slow(time.Second))},
		{name: "provider does not respond", allows: []outcome{unavailable}, grace: afterPause, do: atIdentity(hangs)},
		{name: "provider is away, and all tokens are revoked", allows: []outcome{unavailable}, grace: afterPause, do: revokedAnd(atIdentity(closed))},
		{name: "all tokens are revoked", do: revokedAnd(nothing)},
		{name: "API throttles", allows: []outcome{passedOn, throttled}, grace: 6 * time.Second, do: atAPI(status(429, "1"))},
		{name: "API responds with 503", allows: []outcome{passedOn, throttled}, grace: 6 * time.Second, do: atAPI(status(503, "1"))},
		{name: "API closes connections", allows: []outcome{unreachable}, grace: time.Second, do: atAPI(closed)},
		{name: "API cuts bodies", allows: []outcome{cut, unreachable}, grace: time.Second, do: atAPI(cuts)},
		{name: "API is slow", do: atAPI(slow(200 * time.Millisecond))},
		{name: "storage is away", do: storageAway},
		{name: "reload", allows: []outcome{cut}, grace: time.Second, spares: true, do: reloads(1)},
		{name: "three reloads", allows: []outcome{cut}, grace: time.Second, spares: true, do: reloads(3)},
		{name: "process is frozen", do: frozen},
		{name: "process is restarted", allows: []outcome{cut}, grace: time.Second, ends: true, do: restarted(syscall.SIGTERM)},
		{name: "process is killed", allows: []outcome{cut}, grace: time.Second, ends: true, do: restarted(syscall.SIGKILL)},
	}
}

func atIdentity(d disturbance) func(context.Context, *world, time.Duration) error {
	return func(ctx context.Context, w *world, lasts time.Duration) error {
		w.service.disturb(d, nil)
		pause(ctx, lasts)
		w.service.disturb(nil, nil)
		return nil
	}
}

func atAPI(d disturbance) func(context.Context, *world, time.Duration) error {
	return func(ctx context.Context, w *world, lasts time.Duration) error {
		w.service.disturb(nil, d)
		pause(ctx, lasts)
		w.service.disturb(nil, nil)
		return nil
	}
}

func revokedAnd(next func(context.Context, *world, time.Duration) error) func(context.Context, *world, time.Duration) error {
	return func(ctx context.Context, w *world, lasts time.Duration) error {
		w.service.revoke()
		return next(ctx, w, lasts)
	}
}

func nothing(ctx context.Context, _ *world, lasts time.Duration) error {
	pause(ctx, lasts)
	return nil
}

type serveFunc = func() *httptest.ResponseRecorder

func status(code int, retryAfter string) disturbance {
	return func(w http.ResponseWriter, _ *http.Request, _ serveFunc) bool {
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		http.Error(w, "soak", code)
		return true
	}
}

func page(w http.ResponseWriter, _ *http.Request, _ serveFunc) bool {
	w.Header().Set("Content-Type", "text/html")
	_, _ = w.Write([]byte("<html>Welcome to our hotel</html>"))
	return true
}

func closed(http.ResponseWriter, *http.Request, serveFunc) bool { panic(http.ErrAbortHandler) }

func cuts(w http.ResponseWriter, _ *http.Request, serve serveFunc) bool {
	res := serve()
	send(w, res, res.Body.Len()/2)
	panic(http.ErrAbortHandler)
}

func slow(d time.Duration) disturbance {
	return func(_ http.ResponseWriter, r *http.Request, _ serveFunc) bool {
		pause(r.Context(), d)
		return false
	}
}

// hangs keeps a request for as long as its sender waits, ten seconds at most.
func hangs(_ http.ResponseWriter, r *http.Request, _ serveFunc) bool {
	pause(r.Context(), 10*time.Second)
	panic(http.ErrAbortHandler)
}

// storageAway takes the folder of the storage away, as if its volume were unmounted,
// and puts it back as it was.
func storageAway(ctx context.Context, w *world, lasts time.Duration) error {
	at, away := w.caddy.storage(), w.caddy.storage()+".away"
	if err := os.Rename(at, away); err != nil {
		return err
	}
	pause(ctx, lasts)
	if err := os.RemoveAll(at); err != nil {
		return err
	}
	return os.Rename(away, at)
}

func reloads(n int) func(context.Context, *world, time.Duration) error {
	return func(_ context.Context, w *world, _ time.Duration) error {
		for range n {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			err := w.caddy.reload(ctx)
			cancel()
			if err != nil {
				return err
			}
			w.report.reloads++
		}
		return nil
	}
}

func frozen(ctx context.Context, w *world, lasts time.Duration) error {
	if err := w.caddy.signal(syscall.SIGSTOP); err != nil {
		return err
	}
	pause(ctx, lasts)
	return w.caddy.signal(syscall.SIGCONT)
}

func restarted(s os.Signal) func(context.Context, *world, time.Duration) error {
	return func(_ context.Context, w *world, _ time.Duration) error {
		w.service.excuse()
		if err := w.caddy.stop(s); err != nil {
			return err
		}
		w.service.excuse()
		return w.caddy.start(context.Background())
	}
}

// pause waits, or until the context ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// world is the product and everything around it.
type world struct {
	caddy   *caddy
	service *service
	report  *report
	random  *rand.Rand

	mu      sync.Mutex
	windows []window // the faults so far that may still explain something
}

// A window is a fault with its time.
type window struct {
	fault        *fault
	began, ended time.Time // ended is zero while it lasts
}

// explains reports whether a fault explains the outcome of a request.
func (w *world) explains(o outcome, began, ended time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.windows {
		if !slices.Contains(f.fault.allows, o) || ended.Before(f.began) || f.fault.spares && began.Before(f.began) {
			continue
		}
		if f.ended.IsZero() || began.Before(f.ended.Add(f.fault.grace)) {
			return true
		}
	}
	return false
}

// current names the fault of this moment.
func (w *world) current() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.windows) == 0 {
		return "before the first fault"
	}
	last := w.windows[len(w.windows)-1]
	if last.ended.IsZero() {
		return "during: " + last.fault.name
	}
	return fmt.Sprintf("%.1fs after: %s", time.Since(last.ended).Seconds(), last.fault.name)
}

// The times of the schedule.
const (
	shortestFault, longestFault = time.Second, 3 * time.Second
	shortestQuiet, longestQuiet = 2 * time.Second, 4 * time.Second
)

func (w *world) between(shortest, longest time.Duration) time.Duration {
	return shortest + time.Duration(w.random.Int64N(int64(longest-shortest)))
}

// soak lets one fault follow the other, in random order, each as often as any other.
func (w *world) soak(ctx context.Context) {
	var deck []fault
	half := time.Now().Add(w.report.duration / 2)
	pause(ctx, longestQuiet)
	for ctx.Err() == nil {
		if len(deck) == 0 {
			deck = faults()
			w.random.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
		}
		f := deck[0]
		deck = deck[1:]
		if f.ends && time.Now().After(half) {
			continue
		}
		if f.grace == afterPause {
			if err := w.settle(ctx); err != nil {
				w.report.violate(err.Error())
			}
		}
		w.begin(&f)
		err := f.do(ctx, w, w.between(shortestFault, longestFault))
		w.end()
		if err != nil {
			w.report.violate(fmt.Sprintf("%s: %v", f.name, err))
			return
		}
		pause(ctx, w.between(shortestQuiet, longestQuiet))
		w.sample(half)
	}
}

// settle waits until all accounts are ready again after the last fault: with each failure
// in a row the proxy waits twice as long before it asks the provider, up to minutes.
func (w *world) settle(ctx context.Context) error {
	for deadline := time.Now().Add(afterPause); ; pause(ctx, 100*time.Millisecond) {
		states, err := w.caddy.states(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil && !slices.ContainsFunc(states, func(state string) bool { return state != "ready" }):
			return nil
		case time.Now().After(deadline):
			return fmt.Errorf("after %v the accounts are %v, %w", afterPause, states, cmp.Or(err, errors.New("not ready")))
		}
	}
}

func (w *world) begin(f *fault) {
	w.mu.Lock()
	w.windows = append(w.windows, window{fault: f, began: time.Now()})
	if len(w.windows) > 20 {
		w.windows = w.windows[1:]
	}
	w.mu.Unlock()
	w.report.countFault(f.name)
}

func (w *world) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.windows[len(w.windows)-1].ended = time.Now()
}

func (w *world) sample(half time.Time) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	s, err := w.caddy.sample(ctx)
	if err != nil {
		w.report.violate("metrics: " + err.Error())
		return
	}
	w.report.sample(s, time.Now().After(half))
}

// finish notes what happened more than once.
func (w *world) finish() {
	tokens, writes, refreshes := w.service.twice()
	w.report.refreshes = refreshes
	if least := int(w.report.duration / tokenLife); refreshes < least {
		w.report.conclude(fmt.Sprintf("%d refreshes are too few: the tokens of two accounts live %v", refreshes, tokenLife))
	}
	for _, t := range tokens {
		w.report.conclude("a refresh token was used twice: " + t)
	}
	for _, t := range writes {
		w.report.conclude("a page was created twice: " + t)
	}
}
