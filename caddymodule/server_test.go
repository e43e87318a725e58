// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-onenote/caddy-onenote/emulator"
	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// microsoft is the emulator behind a server of its own, so that it outlives
// the configurations that a test loads.
type microsoft struct {
	t   *testing.T
	url string
}

func startMicrosoft(t *testing.T) *microsoft {
	t.Helper()
	s := httptest.NewServer(emulator.New(emulator.Options{}))
	t.Cleanup(s.Close)
	return &microsoft{t: t, url: s.URL}
}

// control uses the emulator's control surface.
func (m *microsoft) control(method, path, body string) []byte {
	m.t.Helper()
	req, err := http.NewRequest(method, m.url+"/_emulator/"+path, strings.NewReader(body))
	if err != nil {
		m.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		m.t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 300 {
		m.t.Fatalf("%s %s: got %s, %v: %s", method, path, res.Status, err, got)
	}
	return got
}

// seen is a request that the emulator saw.
type seen struct {
	Method  string      `json:"method"`
	Path    string      `json:"path"`
	Query   string      `json:"query"`
	Status  int         `json:"status"`
	Headers http.Header `json:"headers"`
	SHA256  string      `json:"sha256"`
	Bytes   int64       `json:"bytes"`
}

// requests returns what the emulator saw at that path, or below it where the
// path ends in a slash.
func (m *microsoft) requests(path string) []seen {
	m.t.Helper()
	var all, found []seen
	if err := json.Unmarshal(m.control("GET", "requests", ""), &all); err != nil {
		m.t.Fatal(err)
	}
	for _, r := range all {
		if r.Path == path || strings.HasSuffix(path, "/") && strings.HasPrefix(r.Path, path) {
			found = append(found, r)
		}
	}
	return found
}

// tokenPath is the token endpoint of microsoft_account.
const tokenPath = "/oauth20_token.srf"

// notebooks is a request that every test may make.
const notebooks = "/api/v1.0/me/notes/notebooks"

// caddyServer is Caddy with a configuration.
type caddyServer struct {
	t     *testing.T
	url   string // of the site
	admin string // address of the admin endpoint
	dir   string // of storage and log
}

// newServer reserves what a configuration needs. Nothing runs yet.
func newServer(t *testing.T) *caddyServer {
	t.Helper()
	s := &caddyServer{t: t, url: "http://localhost:" + freePort(t), admin: "127.0.0.1:" + freePort(t), dir: t.TempDir()}
	t.Setenv("ONENOTE_TEST_KEY", tokens.GenerateKey())
	t.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// freePort returns a port on which nobody listens. It is none of those that
// systems give to whoever asks for any (from 32768 on): other tests, and the
// connections of this one, would take it before Caddy does.
func freePort(t *testing.T) string {
	t.Helper()
	for range 1000 {
		port := fmt.Sprint(20000 + rand.IntN(12000))
		if _, given := givenPorts.LoadOrStore(port, true); given {
			continue
		}
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			continue
		}
		l.Close()
		return port
	}
	t.Fatal("no port is free")
	return ""
}

// givenPorts are those that were given already. Two listeners of Caddy can have the same
// port: it would be a site that responds as an admin endpoint now and then.
var givenPorts sync.Map

func (s *caddyServer) port() string { return s.url[strings.LastIndexByte(s.url, ':')+1:] }

// config is a Caddyfile with these options. Lines of the global options may be
// added with further.
func (s *caddyServer) config(account, site string, further ...string) string {
	return fmt.Sprintf(`{
	admin %s
	persist_config off
	grace_period 10s
	storage file_system %s
	log {
		output file %s
		level DEBUG
	}
	%s
	onenote {
		encryption_key {env.ONENOTE_TEST_KEY}
		%s
	}
}
http://:%s {
	bind 127.0.0.1
	%s
}
`, s.admin, filepath.Join(s.dir, "storage"), filepath.Join(s.dir, "log"), strings.Join(further, "\n"), account, s.port(), site)
}

// plain is the configuration of a site on the emulator, with its everlasting
// refresh token.
func (s *caddyServer) plain(m *microsoft, options ...string) string {
	return s.config(importedAccount(m), "onenote "+m.url+" {\n"+strings.Join(options, "\n")+"\n}")
}

func importedAccount(m *microsoft) string {
	return "client_id test\nauthority " + m.url + "\nrefresh_token emulator-refresh-token"
}

func (s *caddyServer) load(config string) error {
	s.t.Helper()
	adapted, err := adapt(config)
	if err != nil {
		s.t.Fatal(err)
	}
	if throughReverseProxy {
		adapted = nested(adapted)
	}
	return caddy.Load(adapted, true)
}

func (s *caddyServer) mustLoad(config string) {
	s.t.Helper()
	if err := s.load(config); err != nil {
		s.t.Fatal(err)
	}
}

// response is a response whose body was read.
type response struct {
	*http.Response
	body string
}

// inReload reports whether a connection may have been opened in the very moment of a
// reload. It may be reset, whatever Caddy serves: the old listener had it in its queue.
// Clients try again then, and so do tests; a request that is under way is never one of
// those.
func inReload(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) }

// do sends a request; headers are pairs of name and value.
func (s *caddyServer) do(method, path, body string, headers ...string) response {
	s.t.Helper()
	res, err := s.try(method, path, body, headers...)
	if inReload(err) {
		res, err = s.try(method, path, body, headers...)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return res
}

func (s *caddyServer) try(method, path, body string, headers ...string) (response, error) {
	req, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	if err != nil {
		return response{}, err
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
		if headers[i] == "Host" {
			req.Host = headers[i+1]
		}
	}
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	res, err := client.Do(req)
	if err != nil {
		return response{}, err
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	return response{res, string(got)}, err
}

func (s *caddyServer) get(path string, headers ...string) response {
	s.t.Helper()
	return s.do("GET", path, "", headers...)
}

// want fails the test unless the response has that status and, where it is one
// of ours, that cause.
func (r response) want(t *testing.T, status int, cause string) {
	t.Helper()
	if got := r.Header.Get("X-Onenote-Proxy-Error"); r.StatusCode != status || got != cause {
		t.Errorf("%s %s: got %d %q, want %d %q: %s", r.Request.Method, r.Request.URL.Path, r.StatusCode, got, status, cause, r.body)
	}
}

// adminDo uses the admin endpoint.
func (s *caddyServer) adminDo(method, path, body string) response {
	s.t.Helper()
	req, err := http.NewRequest(method, "http://"+s.admin+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return response{res, string(got)}
}

// log returns what was logged so far.
func (s *caddyServer) log() string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, "log"))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// eventually waits for what another goroutine does. It is no measure of time:
// the limit is only there to end a test that fails.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came to this: %s", what)
		}
	}
}

// browser is a client with cookies that follows redirects.
func browser() *http.Client {
	return &http.Client{Jar: newJar(), Transport: &http.Transport{DisableKeepAlives: true}}
}

// signIn presses the buttons of a sign-in and returns the page it ends on.
func (s *caddyServer) signIn(client *http.Client, account, user string) response {
	s.t.Helper()
	res := s.submit(client, s.url+"/auth/"+account+"/signin", nil)
	return s.submit(client, res.Request.URL.String(), url.Values{"user": {user}, "decision": {"accept"}})
}

func (s *caddyServer) submit(client *http.Client, address string, form url.Values) response {
	s.t.Helper()
	res, err := client.PostForm(address, form)
	if inReload(err) {
		res, err = client.PostForm(address, form)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(res.Body); err != nil {
		s.t.Fatal(err)
	}
	return response{res, body.String()}
}

func newJar() http.CookieJar {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // only options can be wrong
	}
	return jar
}

// lockedBuffer is written to by one goroutine and read by another.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// startTunnel starts a forward proxy that leads every tunnel (CONNECT) to one
// address, and returns its URL. With it an API responds under a name that is not
// its own.
func startTunnel(t *testing.T, address string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		to, err := net.Dial("tcp", address)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer to.Close()
		from, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer from.Close()
		_, _ = io.WriteString(from, "HTTP/1.1 200 Connection established\r\n\r\n")
		go func() {
			_, _ = io.Copy(to, buffered)
			_ = to.(*net.TCPConn).CloseWrite()
		}()
		_, _ = io.Copy(from, to)
	}))
	t.Cleanup(s.Close)
	return s.URL
}
