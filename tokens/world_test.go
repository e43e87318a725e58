// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// world is what the property test drives: two processes with one account each on
// one storage, at a provider that ends a family of refresh tokens when one of them
// is used twice. Each access to the storage and the provider waits until the
// scheduler lets it go on, so that any interleaving can happen; between two of them
// a process may be stopped for as long as the clock is advanced.
type world struct {
	t     *testing.T
	rng   *rand.Rand
	clock worldClock
	step  int

	tracing sync.Mutex
	trace   []string

	mu       sync.Mutex // guards what follows
	parked   []*parked
	values   map[string][]byte
	written  int // changes of the record
	lock     worldLock
	provider strictProvider

	processes [2]*process
	stopped   *process // does not run until the step until; nil for none
	until     int
	signIns   []*worldSignin
	signouts  []*worldSignout
}

// worldClock stands still until the test moves it. No timer ever fires: what wakes a
// goroutine is decided by the scheduler alone.
type worldClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *worldClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *worldClock) After(time.Duration) (<-chan time.Time, func()) { return nil, func() {} }

func (c *worldClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// parked is a goroutine that waits for the scheduler.
type parked struct {
	p     *process
	point string
	ready func() bool
	leave chan struct{}
}

// worldLock is the lock of the storage, as a file storage has it: who shows no sign
// of life for ten seconds loses it, and an unlock does not look whose it is.
type worldLock struct {
	holder  *process // nil for nobody
	id      int
	aliveAt time.Time
}

// process is one process from its start to its end.
type process struct {
	w       *world
	name    string
	cache   *Cache
	account *Account
	born    int
	dead    bool
	ops     int
	full    bool // its storage takes no writes
	faulty  bool // its storage refuses everything
	touched int  // how often its storage has failed

	loaded   int            // the number of changes of the record when it read it last
	polled   int            // the step at which its last complete look at the storage began
	inFlight map[string]int // families whose token was sent and whose record is not stored: 2 after the response
}

// worldSignin is a sign-in or an import: a family of refresh tokens.
type worldSignin struct {
	family     string
	process    *process
	begun, end int // steps; end is 0 while it goes on
	saved      bool
	replaced   bool // overwritten by a write that came late (the third window)
	imported   bool
}

type worldSignout struct {
	process    *process
	begun, end int
	ok         bool
	unmarked   bool // the time of the sign-out could not be stored
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{t: t, rng: rand.New(rand.NewPCG(seed, 1)), values: make(map[string][]byte)}
	w.clock.now = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	w.provider.families = make(map[string]*family)
	w.provider.tokens = make(map[string]*refreshToken)
	return w
}

func (w *world) tracef(format string, args ...any) {
	w.tracing.Lock()
	defer w.tracing.Unlock()
	w.trace = append(w.trace, fmt.Sprintf("%6d %s ", w.step, w.clock.Now().Format("02 15:04:05"))+fmt.Sprintf(format, args...))
	if len(w.trace) > 4000 {
		w.trace = append([]string(nil), w.trace[2000:]...)
	}
}

// fail ends the test with what led there.
func (w *world) fail(format string, args ...any) {
	w.t.Helper()
	w.tracing.Lock()
	defer w.tracing.Unlock()
	last := w.trace[max(0, len(w.trace)-traceShown):]
	w.t.Fatalf("step %d: "+format+"\n%s", append(append([]any{w.step}, args...), strings.Join(last, "\n"))...)
}

const traceShown = 120

// start starts a process in a place. token is the refresh_token of its configuration.
func (w *world) start(place int, token string) {
	c := oauth.Config{
		Name: "default", Provider: oauth.Custom, ClientID: "client",
		AuthorizeURL: "https://provider.example/authorize", TokenURL: "https://provider.example/token",
	}
	if token != "" {
		c.RefreshToken = func() (oauth.Secret, error) { return oauth.Secret(token), nil }
	}
	c.Complete()
	p := &process{w: w, name: fmt.Sprintf("%c%d", 'A'+place, w.step), cache: NewCache(), born: w.step, polled: w.step, inFlight: make(map[string]int)}
	p.account = NewAccount(Options{
		Config: c, Cache: p.cache, Storage: worldStorage{p}, Keys: FixedKeys{bytes.Repeat([]byte{1}, KeySize)},
		Clock: &w.clock, Client: oauth.NewHTTPClient(worldTransport{p}),
	})
	w.processes[place] = p
	w.tracef("%s starts, refresh_token %q", p.name, token)
}

// kill ends a process at once: nothing that it was doing happens any more.
func (w *world) kill(p *process) {
	w.mu.Lock()
	p.dead = true
	for name, phase := range p.inFlight {
		if phase == 2 {
			w.provider.excuse(name, "killed before the response was saved")
		}
	}
	var rest []*parked
	for _, q := range w.parked {
		if q.p == p {
			close(q.leave)
			continue
		}
		rest = append(rest, q)
	}
	w.parked = rest
	w.tracef("%s is killed", p.name)
	w.mu.Unlock()
	p.cache.Close()
}

// errKilled is what a killed process gets, which nobody sees.
var errKilled = errors.New("the process was killed")

// pause waits for the scheduler. It returns with the lock of the world.
func (p *process) pause(point string, ready func() bool) error {
	w := p.w
	w.mu.Lock()
	if p.dead {
		w.mu.Unlock()
		return errKilled
	}
	q := &parked{p: p, point: point, ready: ready, leave: make(chan struct{})}
	w.parked = append(w.parked, q)
	w.mu.Unlock()
	<-q.leave
	w.mu.Lock()
	if p.dead {
		w.mu.Unlock()
		return errKilled
	}
	return nil
}

// resume lets one goroutine go on, and reports whether there was one.
func (w *world) resume() bool {
	w.mu.Lock()
	var ready []int
	for i, q := range w.parked {
		if q.p == w.stopped {
			continue
		}
		if q.ready == nil || q.ready() {
			ready = append(ready, i)
		}
	}
	if len(ready) == 0 {
		w.mu.Unlock()
		return false
	}
	i := ready[w.rng.IntN(len(ready))]
	q := w.parked[i]
	w.parked = append(w.parked[:i], w.parked[i+1:]...)
	w.tracef("%s: %s", q.p.name, q.point)
	w.mu.Unlock()
	close(q.leave)
	synctest.Wait()
	return true
}

// advance moves the clock. A process that is stopped meanwhile shows no sign of life.
func (w *world) advance(d time.Duration, stopped *process) {
	w.clock.advance(d)
	w.mu.Lock()
	defer w.mu.Unlock()
	if h := w.lock.holder; h != nil && !h.dead && h != stopped && h != w.stopped {
		w.lock.aliveAt = w.clock.Now()
	}
	name := "nobody"
	if stopped != nil {
		name = stopped.name
	}
	w.tracef("the clock advances by %v, %s is stopped", d, name)
}

// worldStorage is the storage as one process sees it.
type worldStorage struct{ p *process }

var errWorldStorage = errors.New("input/output error")

func (s worldStorage) access(point string, write bool) error {
	if err := s.p.pause(point, nil); err != nil {
		return err
	}
	if s.p.faulty || write && s.p.full {
		s.p.touched++
		s.p.w.tracef("%s: %s fails", s.p.name, point)
		s.p.w.mu.Unlock()
		return errWorldStorage
	}
	return nil
}

func (s worldStorage) Load(_ context.Context, key string) ([]byte, error) {
	if strings.HasPrefix(key, "locks/") { // not worth a step
		s.p.w.mu.Lock()
	} else if err := s.access("load "+key, false); err != nil {
		return nil, err
	}
	w := s.p.w
	defer w.mu.Unlock()
	if key == RecordKey("default") {
		s.p.loaded = w.written
	}
	value, ok := w.values[key]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return value, nil
}

func (s worldStorage) Store(_ context.Context, key string, value []byte) error {
	w := s.p.w
	if err := s.access("store "+key, true); err != nil {
		if key == RecordKey("default") && !errors.Is(err, errKilled) {
			w.mu.Lock()
			w.excuseInFlight(s.p, "its record could not be saved")
			w.mu.Unlock()
		}
		return err
	}
	defer w.mu.Unlock()
	if key == RecordKey("default") {
		if s.p.loaded != w.written {
			w.overwritten()
		}
		w.written++
		s.p.loaded = w.written
		clear(s.p.inFlight)
	}
	w.values[key] = bytes.Clone(value)
	return nil
}

func (s worldStorage) Delete(_ context.Context, key string) error {
	if err := s.access("delete "+key, true); err != nil {
		return err
	}
	w := s.p.w
	defer w.mu.Unlock()
	if key == RecordKey("default") {
		if s.p.loaded != w.written {
			w.overwritten()
		}
		w.written++
		s.p.loaded = w.written
	}
	delete(w.values, key)
	return nil
}

// Filename makes this a file storage, whose lock files tell their owner.
func (s worldStorage) Filename(key string) string { return "/nonexistent/" + key }

const worldLockKey = "locks/onenote_account_default.lock"

func (s worldStorage) Lock(ctx context.Context, _ string) error {
	w, since := s.p.w, s.p.w.clock.Now()
	waited := func() bool { return w.clock.Now().Sub(since) > lockLimit }
	err := s.p.pause("lock", func() bool {
		return waited() || ctx.Err() != nil || w.lock.holder == nil || w.clock.Now().Sub(w.lock.aliveAt) > lockTrust || s.p.faulty || s.p.full
	})
	if err != nil {
		return err
	}
	defer w.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if h := w.lock.holder; h != nil && waited() && w.clock.Now().Sub(w.lock.aliveAt) <= lockTrust {
		return context.DeadlineExceeded
	}
	if s.p.faulty || s.p.full {
		s.p.touched++
		return errWorldStorage
	}
	if h := w.lock.holder; h != nil {
		w.tracef("%s takes the lock from %s", s.p.name, h.name)
		w.excuseInFlight(h, "stopped with a request under way")
	}
	clear(s.p.inFlight)
	w.lock = worldLock{holder: s.p, id: w.lock.id + 1, aliveAt: w.clock.Now()}
	w.values[worldLockKey] = fmt.Appendf(nil, `{"created":"%d"}`, w.lock.id)
	return nil
}

func (s worldStorage) Unlock(context.Context, string) error {
	s.p.w.mu.Lock()
	mine := s.p.w.lock.holder == s.p
	s.p.w.mu.Unlock()
	if err := s.access("unlock", false); err != nil {
		return err
	}
	w := s.p.w
	defer w.mu.Unlock()
	clear(s.p.inFlight)
	if h := w.lock.holder; h != nil && h != s.p {
		w.tracef("%s releases the lock of %s", s.p.name, h.name)
		if !mine {
			w.t.Errorf("step %d: %s released a lock that it had lost", w.step, s.p.name)
		}
		w.excuseInFlight(h, "its lock was released by a process that was stopped")
	}
	w.lock.holder = nil
	delete(w.values, worldLockKey)
	return nil
}

// excuseInFlight notes that what a process has under way may end its family: one of
// the windows in SECURITY.md. The caller has the lock.
func (w *world) excuseInFlight(p *process, why string) {
	for name := range p.inFlight {
		w.provider.excuse(name, why)
	}
}

// overwritten notes that a write came after a stop between its comparison and the
// write: the third window. Sign-ins that it may have replaced do not count.
func (w *world) overwritten() {
	w.tracef("a write came after another that it did not see")
	for _, s := range w.signIns {
		s.replaced = true
	}
	for name := range w.provider.families {
		w.provider.excuse(name, "a late write")
	}
}

// strictProvider ends a family when one of its refresh tokens is used twice.
type strictProvider struct {
	families map[string]*family
	tokens   map[string]*refreshToken
	issued   int
	fault    string // what happens to the next request: "503", "lost", or nothing
	reused   string // a reuse that nothing excuses
}

type family struct {
	dead   bool
	excuse string
}

type refreshToken struct {
	family string
	used   bool
}

func (s *strictProvider) excuse(name, why string) {
	if f := s.families[name]; f != nil && f.excuse == "" {
		f.excuse = why
	}
}

// issue returns a new refresh token.
func (s *strictProvider) issue(name string) string {
	if s.families[name] == nil {
		s.families[name] = &family{}
	}
	s.issued++
	token := fmt.Sprintf("%s-%d", name, s.issued)
	s.tokens[token] = &refreshToken{family: name}
	return token
}

func (s *strictProvider) respond(token string) (status int, body string) {
	r := s.tokens[token]
	if r == nil || s.families[r.family].dead {
		return 400, `{"error":"invalid_grant"}`
	}
	f := s.families[r.family]
	if r.used {
		f.dead = true
		if f.excuse == "" {
			s.reused = token
		}
		return 400, `{"error":"invalid_grant"}`
	}
	r.used = true
	next := s.issue(r.family)
	return 200, fmt.Sprintf(`{"access_token":"%s","refresh_token":"%s","expires_in":3600,"token_type":"bearer"}`, r.family, next)
}

// worldTransport sends token requests of a process to the provider.
type worldTransport struct{ p *process }

func (t worldTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	w, token := t.p.w, form.Get("refresh_token")
	w.mu.Lock()
	name := ""
	if r := w.provider.tokens[token]; r != nil {
		name = r.family
		t.p.inFlight[name] = 1
	}
	w.mu.Unlock()
	if err := t.p.pause("send "+token, nil); err != nil {
		return nil, err
	}
	fault := w.provider.fault
	w.provider.fault = ""
	status, text := 503, ""
	if fault != "503" {
		status, text = w.provider.respond(token)
	}
	if status == 200 {
		t.p.inFlight[name] = 2
	}
	if fault == "lost" {
		w.provider.excuse(name, "the response was lost on the wire")
	}
	w.tracef("%s: the provider responds to %s with %d %s %s", t.p.name, token, status, text, fault)
	w.mu.Unlock()
	if err := t.p.pause("receive", nil); err != nil {
		return nil, err
	}
	w.mu.Unlock()
	if fault == "lost" {
		return nil, io.ErrUnexpectedEOF
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Request: req,
		Body: io.NopCloser(strings.NewReader(text)),
	}, nil
}
