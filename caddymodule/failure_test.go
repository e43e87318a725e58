// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"
)

// What the API says before it responds is not rewritten, and so it stays here.
func TestInterimResponsesAreNotPassedOn(t *testing.T) {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Set-Cookie", "secret=of-the-api")
		w.Header().Set("Link", "<https://www.onenote.com/api/v1.0/style>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"value":[]}`)
	}))
	defer api.Close()
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config(importedAccount(m), "onenote "+api.URL))
	req, err := http.NewRequest(http.MethodGet, s.url+"/api/v1.0/me/notes/pages", nil)
	if err != nil {
		t.Fatal(err)
	}
	req = req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
			t.Errorf("got %d with %v before the response", code, header)
			return nil
		},
	}))
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != `{"value":[]}` || res.StatusCode != http.StatusOK {
		t.Errorf("got %s with %q, %v, want the response of the API", res.Status, body, err)
	}
	if got := res.Header.Get("Set-Cookie"); got != "" {
		t.Errorf("got cookie %q, want none", got)
	}
}

// Each cause of a failure needs something else to be done, and "cannot be reached" names none.
func TestFailureOfUpstreamNamesItsCause(t *testing.T) {
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	defer untrusted.Close()
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusProxyAuthRequired)
	}))
	defer refusing.Close()
	resetting := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer resetting.Close()
	for _, tt := range []struct{ name, site, want, reason string }{
		{"certificate", "onenote " + untrusted.URL, "certificate", "tls"},
		{"proxy", "onenote https://onenote.invalid {\ntransport {\nnetwork_proxy url " + refusing.URL + "\n}\n}", "407", "proxy"},
		{"name", "onenote https://onenote.invalid", "DNS", "dns"},
		{"refused", "onenote http://127.0.0.1:" + freePort(t), "refuses the connection", "refused"},
		{"reset", "onenote " + resetting.URL, "reset", "reset"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, s := startMicrosoft(t), newServer(t)
			s.mustLoad(s.config(importedAccount(m), tt.site))
			res := s.get(notebooks)
			res.want(t, 502, "upstream_unreachable")
			if !strings.Contains(res.body, tt.want) {
				t.Errorf("got %s, want %q in it", res.body, tt.want)
			}
			if strings.Contains(res.body, "DNS") != (tt.name == "name") {
				t.Errorf("got %s", res.body)
			}
			if want := `"reason":"` + tt.reason + `"`; !strings.Contains(s.log(), want) {
				t.Errorf("log: got none with %s", want)
			}
		})
	}
}

// The API may end the connection while it is still sent a body, such as one that is too
// large for it. That is no matter of names.
func TestUploadThatTheAPICutsIsSaidToBeThat(t *testing.T) {
	cutting := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.CopyN(io.Discard, r.Body, 64<<10)
		panic(http.ErrAbortHandler)
	}))
	defer cutting.Close()
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config(importedAccount(m), "onenote "+cutting.URL))
	// The server reads so much of what is left before it closes the connection. A client
	// that still sends is reset, and may not read the response.
	const drained = 192 << 10
	res := s.do("POST", "/api/v1.0/me/notes/pages", strings.Repeat("x", 64<<10+drained), "Content-Type", "image/png")
	res.want(t, 502, "upstream_unreachable")
	if !strings.Contains(res.body, "was reset") || strings.Contains(res.body, "DNS") {
		t.Errorf("got %s, want that the connection was reset and nothing of DNS", res.body)
	}
	if want := `"reason":"reset"`; !strings.Contains(s.log(), want) {
		t.Errorf("log: got none with %s", want)
	}
}

// A firewall that drops packets does not go away by waiting longer for the header of a
// response.
func TestTimeoutNamesWhatCanHelp(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for _, tt := range []struct{ scheme, option, want, not string }{
		{"https", "tls_timeout 50ms", "firewall", "response_header_timeout"},
		{"http", "response_header_timeout 50ms", "response_header_timeout", "firewall"},
	} {
		t.Run(tt.scheme, func(t *testing.T) {
			m, s := startMicrosoft(t), newServer(t)
			s.mustLoad(s.config(importedAccount(m), "onenote "+tt.scheme+"://"+silent.Addr().String()+" {\ntransport {\n"+tt.option+"\n}\n}"))
			res := s.get(notebooks)
			res.want(t, 504, "upstream_timeout")
			if !strings.Contains(res.body, tt.want) || strings.Contains(res.body, tt.not) {
				t.Errorf("got %s, want %q and not %q in it", res.body, tt.want, tt.not)
			}
		})
	}
}
