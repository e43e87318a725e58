// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// Two processes and whatever can happen between two accesses to the storage: the
// account keeps its promises.
//
//   - No refresh token is used twice at a strict provider, but in the windows that
//     SECURITY.md lists.
//   - After a sign-out there is no token of an earlier sign-in: in the process that
//     signed out at once, in others after their next look at the storage.
//   - No earlier sign-in replaces a later one.
//   - The state says what requests get.
//   - What was signed in last, and stored, is served.
func TestAccountKeepsPromisesInAnyInterleaving(t *testing.T) {
	steps, seeds := 400_000, 80
	if testing.Short() || raceEnabled {
		steps = 40_000
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { newWorld(t, uint64(seed)).run(steps / seeds) })
		})
	}
}

func (w *world) run(steps int) {
	w.start(0, "")
	w.start(1, "")
	defer func() {
		for _, p := range w.processes {
			w.kill(p)
		}
	}()
	for w.step = 1; w.step <= steps; w.step++ {
		w.clock.advance(time.Millisecond)
		if w.step >= w.until {
			w.stopped = nil
		}
		switch n := w.rng.IntN(1000); {
		case n < 700:
			w.resume()
		case n < 930:
			w.operate(w.processes[w.rng.IntN(2)])
		case n < 985:
			w.passTime()
		case n < 997:
			w.disturb()
		default:
			w.settle()
		}
		w.check()
	}
	w.settle()
}

// operate starts something in a process.
func (w *world) operate(p *process) {
	if p.ops >= 2 || p == w.stopped {
		return
	}
	switch n := w.rng.IntN(100); {
	case n < 45:
		w.token(p)
	case n < 65:
		w.poll(p)
	case n < 75:
		w.begin(p, "refresh", func() { _ = p.account.ForceRefresh(context.Background()) })
	case n < 80:
		w.begin(p, "background", func() { p.account.refreshInBackground(context.Background()) })
	case n < 88:
		w.signIn(p)
	case n < 93:
		w.signOut(p)
	case n < 97:
		w.restart(p, "")
	default:
		w.restart(p, w.importable())
	}
}

// begin runs an operation until it ends or waits for the scheduler.
func (w *world) begin(p *process, name string, do func()) {
	w.tracef("%s begins %s", p.name, name)
	p.ops++
	go func() {
		do()
		w.mu.Lock()
		defer w.mu.Unlock()
		p.ops--
		w.tracef("%s ends %s", p.name, name)
	}()
	synctest.Wait()
}

func (w *world) token(p *process) {
	begun := w.step
	w.begin(p, "token", func() {
		authorization, _, err := p.account.Token(context.Background())
		if err == nil {
			w.served(p, strings.TrimPrefix(authorization, "Bearer "), begun)
		}
	})
}

// poll looks at the storage, as each process does every two seconds.
func (w *world) poll(p *process) {
	begun, touched := w.step, p.touched
	w.begin(p, "poll", func() {
		p.account.followStorage(context.Background())
		w.mu.Lock()
		defer w.mu.Unlock()
		if p.touched == touched {
			p.polled = max(p.polled, begun)
		}
	})
}

func (w *world) signIn(p *process) {
	w.mu.Lock()
	name := fmt.Sprintf("s%d%s", w.step, p.name)
	refresh := w.provider.issue(name)
	s := &worldSignin{family: name, process: p, begun: w.step}
	w.signIns = append(w.signIns, s)
	w.mu.Unlock()
	now := w.clock.Now()
	g := &oauth.Grant{AccessToken: oauth.Secret(name), RefreshToken: oauth.Secret(refresh), ObtainedAt: now, Expiry: now.Add(time.Hour), User: oauth.User{ID: name}}
	w.begin(p, "sign-in "+name, func() {
		err := p.account.Adopt(context.Background(), g, true)
		w.mu.Lock()
		defer w.mu.Unlock()
		s.end = w.step
		s.saved = err == nil && !p.dead && p.account.state.unsavedError() == nil
		if !s.saved {
			w.provider.excuse(name, "the sign-in could not be saved")
		}
		w.tracef("%s: sign-in %s: %v, saved %v", p.name, name, err, s.saved)
	})
}

func (w *world) signOut(p *process) {
	s := &worldSignout{process: p, begun: w.step}
	touched := p.touched
	w.signouts = append(w.signouts, s)
	w.begin(p, "sign-out", func() {
		err := p.account.SignOut(context.Background())
		w.mu.Lock()
		defer w.mu.Unlock()
		s.end, s.ok, s.unmarked = w.step, err == nil && !p.dead, p.touched != touched
		w.tracef("%s: sign-out: %v", p.name, err)
	})
}

// importable returns a refresh token for a configuration: a good one, or a mistyped.
func (w *world) importable() string {
	name := fmt.Sprintf("i%d", w.step)
	if w.rng.IntN(3) == 0 {
		return "mistyped-" + name
	}
	w.signIns = append(w.signIns, &worldSignin{family: name, begun: w.step, imported: true})
	return w.provider.issue(name)
}

func (w *world) restart(p *process, token string) {
	place := 0
	if w.processes[1] == p {
		place = 1
	}
	w.kill(p)
	synctest.Wait()
	w.start(place, token)
}

func (w *world) passTime() {
	spans := []time.Duration{time.Second, 3 * time.Second, 11 * time.Second, 11 * time.Second, time.Minute, 40 * time.Minute, 2 * time.Hour}
	var stopped *process
	if i := w.rng.IntN(4); i < 2 {
		stopped = w.processes[i]
		if w.rng.IntN(2) == 0 { // as by SIGSTOP
			w.stopped, w.until = stopped, w.step+20+w.rng.IntN(100)
		}
	}
	w.advance(spans[w.rng.IntN(len(spans))], stopped)
}

// disturb makes something fail, or work again.
func (w *world) disturb() {
	p := w.processes[w.rng.IntN(2)]
	w.mu.Lock()
	defer w.mu.Unlock()
	switch w.rng.IntN(6) {
	case 0:
		p.full = true
	case 1:
		p.faulty = true
	case 2, 3:
		w.provider.fault = "503"
	case 4:
		w.provider.fault = "lost"
	case 5:
		p.full, p.faulty = false, false
	}
	w.tracef("%s: full %v, faulty %v; provider: %q", p.name, p.full, p.faulty, w.provider.fault)
}

// check fails on what was noticed since the last step.
func (w *world) check() {
	w.t.Helper()
	w.mu.Lock()
	reused := w.provider.reused
	w.mu.Unlock()
	if reused != "" {
		w.fail("refresh token %s was used twice", reused)
	}
	if w.t.Failed() {
		w.fail("see above")
	}
}

// served checks a token that a process gave to a request that began at a step.
func (w *world) served(p *process, name string, begun int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.dead {
		return
	}
	w.tracef("%s: token %s", p.name, name)
	s := w.signin(name)
	if s == nil {
		w.t.Errorf("step %d: %s gave a token of nobody: %s", w.step, p.name, name)
		return
	}
	if s.imported && s.end == 0 {
		s.end = w.step
	}
	for _, o := range w.signouts {
		seen := o.process == p || p.polled > o.end
		if o.ok && !o.unmarked && o.end < begun && seen && s.end != 0 && s.end < o.begun {
			w.t.Errorf("step %d: %s gave a token of %s after the sign-out of %s (%d to %d)", w.step, p.name, name, o.process.name, o.begun, o.end)
		}
	}
	for _, n := range w.signIns {
		seen := n.process == p || p.polled > n.end
		if n.saved && !n.replaced && n.end != 0 && n.end < begun && seen && s.end != 0 && s.end < n.begun {
			w.t.Errorf("step %d: %s gave a token of %s after the later sign-in %s (%d to %d)", w.step, p.name, name, n.family, n.begun, n.end)
		}
	}
}

func (w *world) signin(name string) *worldSignin {
	for _, s := range w.signIns {
		if s.family == name {
			return s
		}
	}
	return nil
}

// settle lets everything end, repairs what is broken, and compares state and requests.
func (w *world) settle() {
	w.t.Helper()
	w.drain()
	for _, p := range w.processes {
		w.agree(p) // with whatever is broken
	}
	w.mu.Lock()
	w.provider.fault = ""
	for _, p := range w.processes {
		p.full, p.faulty = false, false
	}
	w.mu.Unlock()
	w.advance(10*time.Minute, nil)
	for range 2 { // one saves what it has, the other sees it
		for _, p := range w.processes {
			w.poll(p)
			w.drain()
		}
	}
	var got [2]string
	for i, p := range w.processes {
		got[i] = w.agree(p)
		w.poll(w.processes[1-i])
		w.drain()
	}
	if got[0] != got[1] && got[1] != "" {
		got[0] = w.agree(w.processes[0])
	}
	if got[0] != got[1] {
		w.fail("%s serves %q, %s serves %q", w.processes[0].name, got[0], w.processes[1].name, got[1])
	}
	w.wantNewest(got[0])
	w.tracef("settled: %q", got[0])
}

func (w *world) drain() {
	w.t.Helper()
	w.stopped = nil
	for range 2000 {
		w.check()
		if w.resume() {
			continue
		}
		w.mu.Lock()
		left := len(w.parked)
		w.mu.Unlock()
		if left == 0 {
			return
		}
		w.advance(11*time.Second, nil) // only a dead process can have the lock
	}
	w.fail("the processes do not come to an end: %d wait, the lock is %+v", len(w.parked), w.lock.holder)
}

// agree checks that the state is what a request gets, and returns whose token that is.
func (w *world) agree(p *process) (name string) {
	w.t.Helper()
	w.poll(p)
	w.drain()
	w.advance(loadEvery, nil) // both may read the storage again
	var err error
	w.begin(p, "token", func() {
		var authorization string
		authorization, _, err = p.account.Token(context.Background())
		name = strings.TrimPrefix(authorization, "Bearer ")
	})
	w.drain()
	if err == nil {
		w.served(p, name, w.step)
		w.check()
	}
	var s Status
	w.begin(p, "status", func() { s = p.account.Status(context.Background()) })
	w.drain()
	f := oauth.AsFailure(err)
	ok := false
	switch s.State {
	case Ready, Degraded:
		ok = err == nil
	case Unavailable:
		ok = f != nil && f.Status.Class == oauth.Transient
	case SignedOut:
		ok = f != nil && f.Status.Code == codeSignedOut
	case NeedsSignin:
		ok = err == nil || f != nil && f.Status.Class == oauth.SigninRequired
	}
	if !ok {
		w.fail("%s: the state is %s (%+v), a request got %q, %v", p.name, s.State, s.Error, name, err)
	}
	return name
}

// wantNewest checks that the last sign-in is served, or nothing after a sign-out.
func (w *world) wantNewest(got string) {
	w.t.Helper()
	var newest *worldSignin
	for _, s := range w.signIns {
		if s.saved && (newest == nil || s.end > newest.end) {
			newest = s
		}
	}
	if newest == nil || newest.replaced || got == newest.family {
		return
	}
	for _, o := range w.signouts {
		if o.end >= newest.begun {
			return
		}
	}
	for _, s := range w.signIns {
		if s != newest && (s.end == 0 || s.end >= newest.begun) && !s.saved {
			return // an import, or a sign-in that was saved later
		}
		if s != newest && s.saved && s.end >= newest.begun {
			return // they overlapped
		}
	}
	if f := w.provider.families[newest.family]; f.dead || f.excuse != "" {
		return
	}
	w.fail("got a token of %q, want one of the last sign-in %q", got, newest.family)
}
