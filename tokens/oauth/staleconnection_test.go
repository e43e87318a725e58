// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
)

const goodResponse = `{"access_token":"t","expires_in":3600}`

// closingProvider is a token endpoint that treats its connections as servers do that
// are restarted: act says what it does with the request of that number, over the
// connection of that number, both from 1 on. It returns what to send before the
// connection is closed, or nothing at all for a good response over a connection that
// stays open.
type closingProvider struct {
	t        *testing.T
	listener net.Listener
	act      func(connection, request int) (send string, closes bool)

	mu    sync.Mutex
	forms []string // the bodies of the requests
	conns []net.Conn
	done  sync.WaitGroup
}

func startClosing(t *testing.T, act func(connection, request int) (string, bool)) *closingProvider {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &closingProvider{t: t, listener: l, act: act}
	p.done.Go(p.accept)
	t.Cleanup(func() {
		l.Close()
		p.mu.Lock()
		for _, c := range p.conns {
			c.Close()
		}
		p.mu.Unlock()
		p.done.Wait()
	})
	return p
}

func (p *closingProvider) accept() {
	for connection := 1; ; connection++ {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		p.conns = append(p.conns, c)
		p.mu.Unlock()
		p.done.Go(func() { p.serve(c, connection) })
	}
}

func (p *closingProvider) serve(c net.Conn, connection int) {
	defer c.Close()
	in := bufio.NewReader(c)
	for request := 1; ; request++ {
		req, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		body, err := io.ReadAll(req.Body)
		if err != nil {
			p.t.Error(err)
			return
		}
		p.mu.Lock()
		p.forms = append(p.forms, string(body))
		p.mu.Unlock()
		send, closes := p.act(connection, request)
		if !closes {
			send = fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(goodResponse), goodResponse)
		}
		if _, err := io.WriteString(c, send); err != nil || closes {
			return
		}
	}
}

// requests returns the bodies of all requests.
func (p *closingProvider) requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.forms
}

func (p *closingProvider) client(r *rig) *Client {
	return r.client(r.config(func(c *Config) { c.Authority = "http://" + p.listener.Addr().String() }))
}

// A server closes a kept connection in the moment in which a request is sent over it.
func TestRequestOverStaleConnectionIsSentOnceMore(t *testing.T) {
	r := newRig(t)
	p := startClosing(t, func(connection, request int) (string, bool) { return "", connection == 1 && request == 2 })
	c := p.client(r)
	for range 2 {
		if _, err := refresh(c); err != nil {
			t.Fatal(err)
		}
	}
	sent := p.requests()
	if len(sent) != 3 {
		t.Fatalf("got %d requests, want 3: the second one twice", len(sent))
	}
	if sent[2] != sent[1] || !strings.Contains(sent[2], "refresh_token=refresh") {
		t.Errorf("the second try differs from the first: %q, %q", sent[2], sent[1])
	}
}

// Where the server may have served the request, it is not sent again at once.
func TestRequestIsNotSentOnceMoreWhen(t *testing.T) {
	for _, test := range []struct {
		name string
		act  func(connection, request int) (string, bool)
		want int // requests for two refreshes
	}{
		{"connection is new", func(connection, _ int) (string, bool) { return "", connection == 1 }, 2},
		{"response has begun", func(_, request int) (string, bool) { return "HTTP/1.1 200 OK\r\n", request == 2 }, 2},
		{"body of response is cut", func(_, request int) (string, bool) {
			return "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", request == 2
		}, 2},
		{"second try fails too", func(connection, request int) (string, bool) { return "", connection > 1 || request == 2 }, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t)
			p := startClosing(t, test.act)
			c := p.client(r)
			var failed error
			for range 2 {
				if _, err := refresh(c); err != nil {
					failed = err
				}
			}
			f := wantFailure(t, failed, Transient, "reset")
			if !f.RetrySoon {
				t.Error("the failure does not allow a retry soon")
			}
			if got := len(p.requests()); got != test.want {
				t.Errorf("got %d requests, want %d", got, test.want)
			}
		})
	}
}
