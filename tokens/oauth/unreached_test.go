// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/zap/zapcore"

	"github.com/caddy-onenote/caddy-onenote/internal/netfail"
)

// failing is a transport that reaches nobody.
type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

// A request for a token that comes back says nothing of the sign-in.
func TestRequestThatComesBackIsMisconfigured(t *testing.T) {
	r := newRig(t)
	for name, send := range map[string]func(c *Client) error{
		"refresh": func(c *Client) error { _, err := refresh(c); return err },
		"code": func(c *Client) error {
			_, err := c.ExchangeCode(t.Context(), "code", "", "http://localhost/cb")
			return err
		},
		"device": func(c *Client) error { _, err := c.StartDevice(t.Context()); return err },
	} {
		c := NewClient(r.config(), NewHTTPClient(failing{fmt.Errorf("sent: %w", netfail.ErrLoop)}), r.clock, nil)
		f := wantFailure(t, send(c), Misconfigured, "loop_detected")
		if !f.Loop() || !strings.Contains(f.Status.Message, "login.live.com leads back to this proxy") ||
			!strings.Contains(f.Status.Hint, "hosts file") || !strings.Contains(f.Status.Hint, "resolvers") {
			t.Errorf("%s: got %q, %q, want that the name leads back, and what to do", name, f.Status.Message, f.Status.Hint)
		}
	}
}

// TestCauseOfMissingResponseIsNamed: TLS interception, a proxy that wants a password
// and an unknown name need different fixes.
func TestCauseOfMissingResponseIsNamed(t *testing.T) {
	intercepted := httptest.NewUnstartedServer(http.NotFoundHandler())
	intercepted.Config.ErrorLog = log.New(io.Discard, "", 0)
	intercepted.StartTLS()
	defer intercepted.Close()
	untrusting := &http.Transport{}
	defer untrusting.CloseIdleConnections()

	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	for _, test := range []struct {
		name      string
		transport http.RoundTripper
		code      string
		message   string
		hint      string
		soon      bool
	}{
		{"TLS interception", untrusting, "tls", "certificate", "tls_trust_pool", false},
		{"proxy wants a password", failing{errors.New("Proxy Authentication Required")}, "proxy", "407", "network_proxy", false},
		{"unknown proxy", failing{&net.OpError{Op: "proxyconnect", Net: "tcp", Err: dial(&net.DNSError{Err: "no such host", Name: "proxy.example"})}}, "proxy", "name of the proxy", "network_proxy", true},
		{"unknown name", failing{dial(&net.DNSError{Err: "no such host", Name: "login.example"})}, "dns", "cannot be resolved", "DNS", true},
		{"connection cut", failing{&net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}}, "reset", "was reset", "firewall", true},
		{"anything else", failing{errors.New("no idea")}, "unreachable", "cannot be reached", "network", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t)
			c := NewClient(r.config(func(c *Config) { c.Authority = intercepted.URL }), NewHTTPClient(test.transport), r.clock, nil)
			_, err := refresh(c)
			f := wantFailure(t, err, Transient, test.code)
			if !strings.Contains(f.Status.Message, test.message) || !strings.Contains(f.Status.Hint, test.hint) {
				t.Errorf("got message %q and hint %q, want %q and %q", f.Status.Message, f.Status.Hint, test.message, test.hint)
			}
			if !strings.HasPrefix(f.Status.Hint, "It is tried again by itself") {
				t.Errorf("got hint %q, want that it is tried again", f.Status.Hint)
			}
			if f.RetrySoon != test.soon {
				t.Errorf("got RetrySoon %t, want %t", f.RetrySoon, test.soon)
			}
			enc := zapcore.NewMapObjectEncoder()
			if err := f.Status.MarshalLogObject(enc); err != nil {
				t.Fatal(err)
			}
			if cause, _ := enc.Fields["cause"].(string); cause == "" || strings.Contains(cause, "/oauth20_token.srf") {
				t.Errorf("got cause %q in the log, want the error without the URL", cause)
			}
		})
	}
}
