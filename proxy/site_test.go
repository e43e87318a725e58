// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/caddy-onenote/caddy-onenote/proxy/api"
)

// A site is a client, a proxy that sends through a Transport, and an API, each
// on loopback with a real server.
type site struct {
	t         *testing.T
	api       *httptest.Server
	front     *httptest.Server
	account   *account
	transport *Transport
	preset    api.Preset
	dialect   *api.Passthrough // of the transport
	observer  *observer
	spoolDir  string
	call      Call // what each request's Call starts from
	errs      chan error
}

// newSite starts a site whose API is that handler. The options may change the
// transport before it is used.
func newSite(t *testing.T, upstream http.Handler, options ...func(*site)) *site {
	t.Helper()
	s := &site{
		t:        t,
		account:  newAccount(),
		observer: new(observer),
		spoolDir: t.TempDir(),
		errs:     make(chan error, 100),
	}
	s.api = httptest.NewUnstartedServer(upstream)
	s.preset = api.Presets[0]
	s.dialect = &api.Passthrough{Links: true, ImageLifetime: time.Hour, Now: testNow}
	s.transport = &Transport{
		Dialect:   s.dialect,
		MaxReplay: 80 << 20,
		Spool:     NewSpool(DefaultSpoolMemory, DefaultSpoolDisk, s.spoolDir),
		Loop:      "onenote-test",
		Observer:  s.observer,
	}
	s.call = Call{Tokens: s.account, Account: "work", SigninURL: func() string { return "http://localhost:8080/auth/work/signin" }}
	for _, option := range options {
		option(s)
	}
	if s.api.URL == "" {
		s.api.Start()
	}
	target := must(url.Parse(s.api.URL))
	if s.transport.Next == nil {
		s.transport.Next = s.api.Client().Transport
	}
	s.dialect.Hosts = api.NewHosts(s.preset, target)
	s.front = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := s.call
		if call.Base == nil {
			call.Base = &url.URL{Scheme: "http", Host: r.Host}
		}
		proxy := httputil.ReverseProxy{
			Rewrite: func(p *httputil.ProxyRequest) {
				p.Out.URL.Scheme, p.Out.URL.Host = target.Scheme, target.Host
			},
			Transport: s.transport.For(call),
			ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
				s.errs <- err
				w.WriteHeader(http.StatusBadGateway)
			},
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(s.close)
	return s
}

func testNow() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) }

// overTLS makes the API speak TLS, and HTTP/2 where that is wanted.
func overTLS(http2 bool) func(*site) {
	return func(s *site) {
		s.api.EnableHTTP2 = http2
		s.api.StartTLS()
	}
}

// close stops the servers and checks that nothing was left behind.
func (s *site) close() {
	s.front.Client().CloseIdleConnections()
	s.front.Close()
	if t, ok := s.transport.Next.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
	s.api.Close()
	if spool := s.transport.Spool; spool != nil {
		if memory, disk := spool.Used(); memory != 0 || disk != 0 {
			s.t.Errorf("the spool still holds %d bytes of memory and %d of disk", memory, disk)
		}
	}
	left, err := os.ReadDir(s.spoolDir)
	if err != nil || len(left) > 0 {
		s.t.Errorf("the spool's directory holds %v, %v; want nothing", left, err)
	}
}

// send sends a request to the proxy and returns the response, read to its end.
func (s *site) send(method, target string, body io.Reader, header ...string) *received {
	s.t.Helper()
	return s.sendWith(s.t.Context(), method, target, body, header...)
}

func (s *site) sendWith(ctx context.Context, method, target string, body io.Reader, header ...string) *received {
	s.t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, s.front.URL+target, body)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	res, err := s.front.Client().Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return &received{Response: res, body: string(b)}
}

// A received is a response as the client got it.
type received struct {
	*http.Response
	body string
}

// An account is a TokenSource that holds its tokens in memory: token-1, token-2
// and so on.
type account struct {
	mu         sync.Mutex
	generation uint64
	refreshes  int
	refused    []uint64
	accepted   []uint64
	codes      []string // with which tokens were refused
	upstreams  []string // of all calls
	claims     []string

	refreshed            chan struct{} // gets one for each refresh
	tokenErr, refreshErr error
	stale                bool // there is nothing newer to be had
}

func newAccount() *account { return &account{generation: 1, refreshed: make(chan struct{}, 100)} }

func (a *account) authorization() string { return fmt.Sprintf("Bearer token-%d", a.generation) }

func (a *account) Token(context.Context) (string, uint64, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.authorization(), a.generation, a.tokenErr
}

func (a *account) Refresh(_ context.Context, upstream string, generation uint64, claims string) (string, uint64, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if claims != "" {
		a.claims = append(a.claims, claims)
	}
	a.upstreams = append(a.upstreams, upstream)
	switch {
	case a.refreshErr != nil:
		return "", 0, a.refreshErr
	case a.generation == generation && !a.stale && !slices.Contains(a.refused, generation):
		a.refreshes++
		a.refreshed <- struct{}{}
		a.generation++
	}
	return a.authorization(), a.generation, nil
}

func (a *account) Refused(upstream string, generation uint64, code string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refused = append(a.refused, generation)
	a.codes = append(a.codes, code)
	a.upstreams = append(a.upstreams, upstream)
}

func (a *account) Accepted(upstream string, generation uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.accepted = append(a.accepted, generation)
	a.upstreams = append(a.upstreams, upstream)
}

// count returns how often a token was refreshed.
func (a *account) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.refreshes
}

// A failure is a TokenError.
type failure struct {
	class string
	loop  bool
	after time.Duration
}

func (f failure) Error() string             { return "no token: " + f.class }
func (f failure) Class() string             { return f.class }
func (f failure) RetryAfter() time.Duration { return f.after }
func (f failure) Hint() string              { return "Ask the owner of the tenant." }
func (f failure) Loop() bool                { return f.loop }

// An observer records the calls of its methods.
type observer struct {
	mu        sync.Mutex
	requests  []string
	retries   []string
	rewritten [4]int

	translated []bool
}

func (o *observer) Request(account, outcome string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.requests = append(o.requests, account+" "+outcome)
}

func (o *observer) Retry(account, result string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.retries = append(o.retries, account+" "+result)
}

func (o *observer) Translated(ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.translated = append(o.translated, ok)
}

func (o *observer) Rewritten(pictures, links, headers, body int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, n := range [...]int{pictures, links, headers, body} {
		o.rewritten[i] += n
	}
}

func (o *observer) told() (requests, retries []string, rewritten [4]int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.requests), slices.Clone(o.retries), o.rewritten
}

// An upload is what the API saw of one request.
type upload struct {
	Authorization string
	Header        http.Header
	Length        int64
	Coding        []string
	Trailer       http.Header
	Bytes         int64
	Sum           [sha256.Size]byte
}

// A log records uploads.
type log struct {
	mu      sync.Mutex
	uploads []upload
}

// add reads the whole request and records it.
func (l *log) add(r *http.Request) error {
	h := sha256.New()
	n, err := io.Copy(h, r.Body)
	if err != nil {
		return err
	}
	u := upload{
		Authorization: r.Header.Get("Authorization"),
		Header:        r.Header.Clone(),
		Length:        r.ContentLength,
		Coding:        r.TransferEncoding,
		Trailer:       r.Trailer.Clone(),
		Bytes:         n,
		Sum:           [sha256.Size]byte(h.Sum(nil)),
	}
	u.Header.Del("Authorization")
	l.mu.Lock()
	defer l.mu.Unlock()
	l.uploads = append(l.uploads, u)
	return nil
}

func (l *log) all() []upload {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.uploads)
}

// refuseUntil responds with 401 to all tokens before that one, after the request was
// read whole, and then as next does.
func refuseUntil(l *log, token string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := l.add(r); err != nil {
			panic(http.ErrAbortHandler)
		}
		if r.Header.Get("Authorization") != "Bearer "+token {
			unauthorized(w)
			return
		}
		next(w, r)
	}
}

// tokenRefused is how the API refuses a token.
const tokenRefused = `{"error":{"code":"40001","message":"The request does not contain a valid auth token.","@api.url":"http://aka.ms/onenote-errors#C40001"}}`

func unauthorized(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-CorrelationId", "8943c159-ee49-4c71-8cd0-ebf0861d07a6")
	w.WriteHeader(http.StatusUnauthorized)
	_, _ = io.WriteString(w, tokenRefused)
}

func created(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) }

// noise returns n bytes that do not repeat, the same each time.
func noise(n int) []byte {
	random := rand.NewChaCha8([32]byte{})
	b := make([]byte, n)
	_, _ = random.Read(b) // it never fails
	return b
}

// onlyReader hides everything of a reader but Read, so that its length is not
// known.
type onlyReader struct{ io.Reader }

func chunked(b []byte) io.Reader { return onlyReader{bytes.NewReader(b)} }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
