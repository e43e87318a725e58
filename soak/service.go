// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/caddy-onenote/caddy-onenote/emulator"
)

// tokenLife is how long access tokens live.
const tokenLife = time.Minute

// service is the emulator behind a server that makes it fail, gives its tokens a
// shorter life, and counts what must happen once.
type service struct {
	address  string
	emulator *emulator.Emulator
	server   *http.Server

	mu                sync.Mutex
	atIdentity, atAPI disturbance          // what happens to requests; nil for nothing
	tokens            map[string]time.Time // access tokens, and when they expire
	used              map[string]int       // refresh tokens, and how often they were served
	excused           time.Time            // until then a refresh may be repeated: the process was ended
	reused            []string             // refresh tokens that were used twice without an excuse
	refreshes         int
	writes            map[string]int // pages by title, and how often they were created
}

// A disturbance serves a request in place of the emulator, or changes what it says. It
// reports false to let it be served.
type disturbance func(w http.ResponseWriter, r *http.Request, serve func() *httptest.ResponseRecorder) bool

func startService(ctx context.Context) (*service, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &service{
		address: l.Addr().String(), emulator: emulator.New(emulator.Options{}),
		tokens: make(map[string]time.Time), used: make(map[string]int), writes: make(map[string]int),
	}
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	go func() { _ = s.server.Serve(l) }()
	return s, nil
}

func (s *service) close() { _ = s.server.Close() }

func (s *service) url() string { return "http://" + s.address }

// ServeHTTP implements http.Handler.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the proxy has given up
	}
	identity := r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/token") || strings.HasSuffix(r.URL.Path, "/oauth20_token.srf")
	s.mu.Lock()
	disturb := s.atAPI
	if identity {
		disturb = s.atIdentity
	}
	s.mu.Unlock()
	serve := func() *httptest.ResponseRecorder { return s.serveAPI(r, body) }
	if identity {
		serve = func() *httptest.ResponseRecorder { return s.serveIdentity(r, body) }
	}
	if disturb != nil && disturb(w, r, serve) {
		return
	}
	send(w, serve(), -1)
}

// send sends a recorded response, or its first bytes.
func send(w http.ResponseWriter, res *httptest.ResponseRecorder, n int) {
	for name, values := range res.Header() {
		w.Header()[name] = values
	}
	body := res.Body.Bytes()
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(res.Code)
	if n >= 0 {
		body = body[:min(n, len(body))]
	}
	_, _ = w.Write(body)
}

// ask has the emulator serve a request.
func (s *service) ask(r *http.Request, body []byte) *httptest.ResponseRecorder {
	again := r.Clone(r.Context())
	again.Body = io.NopCloser(strings.NewReader(string(body)))
	again.Header.Del("Accept-Encoding") // what is sent has to be read here
	res := httptest.NewRecorder()
	s.emulator.ServeHTTP(res, again)
	return res
}

// serveIdentity serves a token request, and notes which refresh token was used.
func (s *service) serveIdentity(r *http.Request, body []byte) *httptest.ResponseRecorder {
	res := s.ask(r, body)
	var tokens map[string]any
	if res.Code != http.StatusOK || json.Unmarshal(res.Body.Bytes(), &tokens) != nil {
		return res
	}
	form, _ := url.ParseQuery(string(body))
	refresh := form.Get("refresh_token")
	access, _ := tokens["access_token"].(string)
	s.mu.Lock()
	s.tokens[access] = time.Now().Add(tokenLife)
	s.refreshes++
	if refresh != emulator.ImportedRefreshToken {
		if s.used[refresh]++; s.used[refresh] > 1 && time.Now().After(s.excused) {
			s.reused = append(s.reused, fmt.Sprintf("%s at %s", refresh[:min(8, len(refresh))], time.Now().Format(time.TimeOnly)))
		}
	}
	for token, until := range s.tokens {
		if time.Since(until) > time.Minute {
			delete(s.tokens, token)
		}
	}
	s.mu.Unlock()
	tokens["expires_in"] = int(tokenLife / time.Second)
	delete(tokens, "refresh_in")
	text, _ := json.Marshal(tokens) // it was JSON
	res.Body.Reset()
	res.Body.Write(text)
	return res
}

var soakTitle = regexp.MustCompile(`<title>(soak [0-9]+)</title>`)

// serveAPI serves a request to the API, if its token is good.
func (s *service) serveAPI(r *http.Request, body []byte) *httptest.ResponseRecorder {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	s.mu.Lock()
	until, known := s.tokens[token]
	s.mu.Unlock()
	if token != "" && known && time.Now().After(until) {
		res := httptest.NewRecorder()
		res.Header().Set("Content-Type", "application/json")
		res.WriteHeader(http.StatusUnauthorized)
		_, _ = res.WriteString(`{"error":{"code":"40001","message":"The request does not contain a valid authentication token."}}`)
		return res
	}
	res := s.ask(r, body)
	if r.Method == http.MethodPost && res.Code == http.StatusCreated {
		if title := soakTitle.FindSubmatch(body); title != nil {
			s.mu.Lock()
			s.writes[string(title[1])]++
			s.mu.Unlock()
		}
	}
	return res
}

// revoke makes all access tokens invalid.
func (s *service) revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for token := range s.tokens {
		s.tokens[token] = time.Now()
	}
}

// disturb sets what happens to requests, until the next call.
func (s *service) disturb(atIdentity, atAPI disturbance) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.atIdentity, s.atAPI = atIdentity, atAPI
}

// excuse says that a refresh may just have been cut off.
func (s *service) excuse() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.excused = time.Now().Add(tokenLife)
}

// twice returns what happened more than once.
func (s *service) twice() (tokens, writes []string, refreshes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for title, n := range s.writes {
		if n > 1 {
			writes = append(writes, title)
		}
	}
	return s.reused, writes, s.refreshes
}
