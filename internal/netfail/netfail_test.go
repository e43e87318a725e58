// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package netfail

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// listen serves each connection with that function, on loopback.
func listen(t *testing.T, serve func(net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(c)
			}()
		}
	}()
	return l.Addr().String()
}

// responds reads a request and writes a response.
func responds(response string) func(net.Conn) {
	return func(c net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			io.WriteString(c, response)
		}
	}
}

func through(proxy string) *http.Transport {
	u, err := url.Parse(proxy)
	if err != nil {
		panic(err)
	}
	return &http.Transport{Proxy: http.ProxyURL(u)}
}

func withHook(t *http.Transport) *http.Transport {
	t.OnProxyConnectResponse = OnProxyConnectResponse
	return t
}

// resolving resolves no name, so that no test asks a name server.
func resolving(err error) *http.Transport {
	return &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
	}}
}

func TestEachCauseOfAFailedRequestIsToldApart(t *testing.T) {
	trusted := httptest.NewTLSServer(http.NotFoundHandler())
	defer trusted.Close()
	trusted.Config.ErrorLog = nil
	pool := trusted.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	closed := listen(t, func(net.Conn) {})
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := gone.Addr().String()
	gone.Close()
	silent := listen(t, func(c net.Conn) { io.Copy(io.Discard, c) })
	port := trusted.URL[strings.LastIndexByte(trusted.URL, ':'):]

	for _, test := range []struct {
		name      string
		transport *http.Transport
		url       string
		kind      Kind
		says      string // in the message
		advises   string
	}{
		{"TLS interception", &http.Transport{}, trusted.URL, TLS, "certificate of api.example is not trusted", "tls_trust_pool"},
		{"certificate of another host", &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}, "https://localhost" + port, TLS, "certificate that came from api.example is one of another host", "tls_trust_pool"},
		{"expired certificate", &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, Time: func() time.Time { return time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC) }}}, trusted.URL, TLS, "certificate of api.example has expired", "clock"},
		{"no common protocol", &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS11}}, trusted.URL, TLS, "certificate or protocol", "tls_trust_pool"},
		{"no TLS at all", &http.Transport{}, strings.Replace(plain.URL, "http:", "https:", 1), TLS, "certificate or protocol", "tls_trust_pool"},
		{"proxy wants a password", through("http://" + listen(t, responds("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"))), "https://api.example", Proxy, "407", "network_proxy"},
		{"proxy wants a password, in its own words", withHook(through("http://" + listen(t, responds("HTTP/1.1 407 authenticationrequired\r\nContent-Length: 0\r\n\r\n")))), "https://api.example", Proxy, "407", "network_proxy"},
		{"proxy forbids", through("http://" + listen(t, responds("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"))), "https://api.example", Proxy, "403", "network_proxy"},
		{"proxy is not there", through("http://" + nobody), "https://api.example", Proxy, "proxy on the way to api.example cannot be reached", "network_proxy"},
		{"SOCKS proxy is not there", through("socks5://" + nobody), "https://api.example", Proxy, "proxy on the way to api.example cannot be reached", "network_proxy"},
		{"unknown name", resolving(&net.DNSError{Err: "no such host", Name: "api.example", IsNotFound: true}), "https://api.example", DNS, "api.example is not known to DNS", "spelling"},
		{"name server does not respond", resolving(&net.DNSError{Err: "i/o timeout", Name: "api.example", IsTimeout: true}), "https://api.example", DNS, "api.example cannot be resolved: no DNS server could tell", "resolvers"},
		{"unknown name behind Caddy's error", resolving(hiddenError{&net.DNSError{Err: "no such host", Name: "api.example", IsNotFound: true}}), "https://api.example", DNS, "api.example is not known to DNS", "spelling"},
		{"name server does not respond, behind Caddy's error", resolving(hiddenError{&net.DNSError{Err: "i/o timeout", Name: "api.example", IsTimeout: true}}), "https://api.example", DNS, "no DNS server could tell", "resolvers"},
		{"loop", resolving(fmt.Errorf("the way: %w", ErrLoop)), "https://api.example", Loop, "api.example leads back to this proxy", "hosts file"},
		{"loop, and what helps", resolving(ErrLoop), "https://api.example", Loop, "leads back", "resolvers"},
		{"refused", &http.Transport{}, "http://" + nobody, Refused, "api.example refuses", "firewall"},
		{"closed", &http.Transport{}, "http://" + closed, Reset, "was reset", "cuts connections"},
		{"response cut off", &http.Transport{}, "http://" + listen(t, responds("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n")), Reset, "was reset", "cuts connections"},
		{"silent", &http.Transport{ResponseHeaderTimeout: 20 * time.Millisecond}, "http://" + silent, Timeout, "did not respond in time", "network"},
	} {
		t.Run(test.name, func(t *testing.T) {
			defer test.transport.CloseIdleConnections()
			res, err := (&http.Client{Transport: test.transport}).Get(test.url)
			if err == nil {
				res.Body.Close()
				t.Fatalf("got %s, want an error", res.Status)
			}
			got := Explain(err, "api.example")
			if got.Kind != test.kind || !strings.Contains(got.Message, test.says) || !strings.Contains(got.Advice, test.advises) {
				t.Errorf("%v: got %+v, want %s, %q and %q", err, got, test.kind, test.says, test.advises)
			}
			if strings.Contains(Text(err), test.url) {
				t.Errorf("text: got %q, want it without the URL", Text(err))
			}
		})
	}
}

func TestUnknownNameOfProxyIsNoFailureOfTheUpstream(t *testing.T) {
	err := &url.Error{Op: "Post", URL: "https://api.example/", Err: &net.OpError{
		Op: "proxyconnect", Net: "tcp", Err: &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "proxy.example"}},
	}}
	got := Explain(err, "api.example")
	if got.Kind != Proxy || !strings.Contains(got.Message, "name of the proxy") {
		t.Errorf("got %+v, want the name of the proxy", got)
	}
	if got, want := Text(err), "proxyconnect tcp: dial tcp: lookup proxy.example: no such host"; got != want {
		t.Errorf("text: got %q, want %q", got, want)
	}
}

func TestTextQuotesNoServer(t *testing.T) {
	err := fmt.Errorf("net/http: malformed HTTP response %q", "refresh_token=s3cret")
	if got := Text(err); strings.Contains(got, "s3cret") || !strings.Contains(got, "malformed HTTP response") {
		t.Errorf("got %q, want the error without the quotation", got)
	}
	if got := Text(errors.New(strings.Repeat("ä", 1000))); len(got) > maxText {
		t.Errorf("got %d bytes, want at most %d", len(got), maxText)
	}
}

// hiddenError is an error that does not unwrap.
type hiddenError struct{ error }

func TestKindOfErrorThatHidesItsCause(t *testing.T) {
	for text, want := range map[string]Kind{
		"dial tcp: lookup onenote.invalid: no such host":                                                              DNS,
		"dial tcp: lookup onenote.invalid on 10.0.0.1:53: read udp: i/o timeout":                                      DNS,
		"dial tcp 127.0.0.1:9: connect: connection refused":                                                           Refused,
		"dial tcp 192.0.2.1:443: i/o timeout":                                                                         Timeout,
		"read tcp 127.0.0.1:9: read: connection reset by peer":                                                        Reset,
		"dial tcp 192.0.2.1:443: connect: network is unreachable":                                                     Unreachable,
		"http: server closed idle connection":                                                                         Reset,
		"http2: client connection lost":                                                                               Reset,
		"http2: server sent GOAWAY and closed the connection; LastStreamID=1":                                         Reset,
		"stream error: stream ID 1; INTERNAL_ERROR; received from peer":                                               Reset,
		"readfrom tcp 127.0.0.1:9->127.0.0.1:8: write tcp 127.0.0.1:9->127.0.0.1:8: use of closed network connection": Reset,
	} {
		if got := KindOf(hiddenError{errors.New(text)}); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

// A server that ends the connection while it is still sent a body: one goroutine of
// net/http reads the end and closes the connection, and another fails to write.
func TestBodyThatTheServerCutsIsAReset(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.CopyN(io.Discard, r.Body, 64<<10)
		panic(http.ErrAbortHandler)
	}))
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for range 50 {
		res, err := client.Post(server.URL, "image/png", bytes.NewReader(make([]byte, 8<<20)))
		if err == nil {
			res.Body.Close()
			t.Fatalf("got %s, want an error", res.Status)
		}
		if got := KindOf(err); got != Reset {
			t.Fatalf("%v: got %s, want %s", err, got, Reset)
		}
	}
}
