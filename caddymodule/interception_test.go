// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/caddy-onenote/caddy-onenote/emulator"
	"github.com/caddy-onenote/caddy-onenote/internal/nameserver"
	"github.com/caddy-onenote/caddy-onenote/internal/testdns"
)

// namedMicrosoft is the emulator under names that only a DNS server of the test knows.
type namedMicrosoft struct {
	*microsoft
	dns       *testdns.Server
	api       string // its URL
	login     string // the same as a provider
	transport string // options of a transport that trusts it
	address   string // where it listens
}

func startNamedMicrosoft(t *testing.T) namedMicrosoft {
	t.Helper()
	e := emulator.New(emulator.Options{})
	plain, named := httptest.NewServer(e), httptest.NewTLSServer(e)
	t.Cleanup(plain.Close)
	t.Cleanup(named.Close)
	authority := filepath.Join(t.TempDir(), "ca.pem")
	write(t, authority, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: named.Certificate().Raw})))
	address := named.Listener.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	n := namedMicrosoft{
		microsoft: &microsoft{t: t, url: plain.URL},
		dns:       testdns.Start(t, "api.example.com. CNAME edge.test.", "edge.test. A 127.0.0.1", "login.example.com. A 127.0.0.1"),
		api:       "https://api.example.com:" + port,
		login:     "https://login.example.com:" + port,
		transport: "tls_trust_pool file " + authority + "\n",
		address:   address,
	}
	return n
}

// resolving is the transport block with these DNS servers.
func (n namedMicrosoft) resolving(servers ...string) string {
	return "transport {\n" + n.transport + "resolvers " + strings.Join(servers, " ") + "\n}\n"
}

func (n namedMicrosoft) account() string {
	return strings.Replace(importedAccount(n.microsoft), n.url, n.login, 1)
}

func TestResolversAreAskedForAPIAndProvider(t *testing.T) {
	for name, options := range map[string]string{
		"own proxy":     "",
		"reverse_proxy": " {\nlb_retries 1\n}",
	} {
		t.Run(name, func(t *testing.T) {
			n, s := startNamedMicrosoft(t), newServer(t)
			// The first server does not respond.
			s.mustLoad(s.config(n.account()+"\n"+n.resolving("127.0.0.1:"+freePort(t), n.dns.Address), "onenote "+n.api+options))
			s.get(notebooks).want(t, 200, "")
			want := []string{"api.example.com A", "api.example.com AAAA", "login.example.com A", "login.example.com AAAA"}
			if got := n.dns.Asked(); !slices.Equal(got, want) {
				t.Errorf("got questions %q, want %q", got, want)
			}
		})
	}
}

func TestResolversOfASiteReplaceThoseOfAll(t *testing.T) {
	n, s := startNamedMicrosoft(t), newServer(t)
	other := testdns.Start(t, "api.example.com. A 127.0.0.1")
	s.mustLoad(s.config(n.account()+"\n"+n.resolving(n.dns.Address), "onenote "+n.api+" {\ntransport {\nresolvers "+other.Address+"\n}\n}"))
	s.get(notebooks).want(t, 200, "")
	if got := n.dns.Asked(); slices.Contains(got, "api.example.com A") || !slices.Contains(other.Asked(), "api.example.com A") {
		t.Errorf("got questions %q and %q, want the API's name at the second server only", got, other.Asked())
	}
}

func TestMissingNameAndSilentServerAreToldApart(t *testing.T) {
	n := startNamedMicrosoft(t)
	empty := testdns.Start(t)
	for name, tt := range map[string]struct{ server, want, not string }{
		"missing name":  {empty.Address, "is not known to DNS", "resolvers"},
		"silent server": {"127.0.0.1:" + freePort(t), "no DNS server could tell; if it stays so, look at resolvers", "is not known"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			want := strings.ReplaceAll(tt.want, "; if", ". Try again; if")
			s.mustLoad(s.config(importedAccount(n.microsoft), "onenote "+n.api+" {\n"+n.resolving(tt.server)+"}"))
			res := s.get(notebooks)
			res.want(t, 502, "upstream_unreachable")
			if !strings.Contains(res.body, want) || strings.Contains(res.body, tt.not) {
				t.Errorf("the API: got %s, want %q and not %q in it", res.body, want, tt.not)
			}
			s = newServer(t)
			s.mustLoad(s.config(n.account()+"\n"+n.resolving(tt.server), "onenote "+n.url))
			res = s.get(notebooks)
			res.want(t, 503, "identity_unavailable")
			want, _, _ = strings.Cut(tt.want, ";")
			if !strings.Contains(res.body, want) || !strings.Contains(s.get("/auth/status").body, `"code": "dns"`) {
				t.Errorf("the provider: got %s, want %q in it, and dns as the code of the status", res.body, want)
			}
		})
	}
}

func TestHostsOfThisMachineAreNotAskedOfResolvers(t *testing.T) {
	n := startNamedMicrosoft(t)
	for _, host := range []string{"localhost", "127.0.0.1", "LOCALHOST"} {
		s := newServer(t)
		base := strings.Replace(n.url, "127.0.0.1", host, 1)
		account := strings.Replace(importedAccount(n.microsoft), n.url, base, 1)
		s.mustLoad(s.config(account+"\ntransport {\nresolvers "+n.dns.Address+"\n}", "onenote "+base))
		s.get(notebooks).want(t, 200, "")
	}
	if got := n.dns.Asked(); len(got) > 0 {
		t.Errorf("got questions %q, want none", got)
	}
}

// A proxy is told the name, and looks it up itself.
func TestNothingIsResolvedThroughANetworkProxy(t *testing.T) {
	n, s := startNamedMicrosoft(t), newServer(t)
	through := strings.Replace(n.resolving(n.dns.Address), "transport {", "transport {\nnetwork_proxy url "+startTunnel(t, n.address), 1)
	s.mustLoad(s.config(n.account()+"\n"+through, "onenote "+n.api))
	s.get(notebooks).want(t, 200, "")
	if got := n.dns.Asked(); len(got) > 0 {
		t.Errorf("got questions %q, want none", got)
	}
}

// The names of a proxy and of a webhook are of this network: its own DNS and its hosts
// file know them.
func TestNamesOfThisNetworkAreLookedUpAsTheSystemDoes(t *testing.T) {
	n := startNamedMicrosoft(t)
	failed := errors.New("not connected")
	var dialed []string
	transport := &reverseproxy.HTTPTransport{Transport: &http.Transport{
		Proxy: func(req *http.Request) (*url.URL, error) {
			if req.URL.Hostname() != "api.example.com" {
				return nil, nil
			}
			return &url.URL{Scheme: "http", Host: "proxy.internal:3128"}, nil
		},
		DialContext: func(_ context.Context, _, address string) (net.Conn, error) {
			dialed = append(dialed, address)
			return nil, failed
		},
	}}
	askOnly(transport, []nameserver.Server{{Network: "udp", Address: n.dns.Address}})
	for address, rt := range map[string]http.RoundTripper{
		"https://api.example.com/":  transport.Transport,
		"http://hook.internal:8080": roundTripper(webhookTransport{transport}.RoundTrip),
	} {
		req, err := http.NewRequest("GET", address, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := rt.RoundTrip(req); !errors.Is(err, failed) {
			t.Errorf("%s: got %v, want that it was dialed", address, err)
		}
	}
	slices.Sort(dialed)
	if want := []string{"hook.internal:8080", "proxy.internal:3128"}; !slices.Equal(dialed, want) {
		t.Errorf("got %q dialed, want %q", dialed, want)
	}
	if got := n.dns.Asked(); len(got) > 0 {
		t.Errorf("got questions %q, want none", got)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func TestResolversThatCannotWorkAreRefused(t *testing.T) {
	for _, tt := range []jsonCase{
		{"several servers", `{"client_id":"x"}`, `{"handler":"onenote","transport":{"resolver":{"addresses":["1.1.1.1","tcp/9.9.9.9","[2606:4700:4700::1111]:5353","udp4/dns.example"]}}}`, ""},
		{"none", `{"client_id":"x"}`, `{"handler":"onenote","transport":{"resolver":{}}}`, "resolvers: expected the addresses of DNS servers"},
		{"none for the provider", `{"client_id":"x","transport":{"resolver":{}}}`, `{"handler":"onenote"}`, "transport: resolvers: expected the addresses of DNS servers"},
		{"a socket", `{"client_id":"x"}`, `{"handler":"onenote","transport":{"resolver":{"addresses":["unix//run/dns"]}}}`, `resolvers: "unix//run/dns": expected the address of a DNS server, such as 1.1.1.1`},
		{"a range of ports", `{"client_id":"x"}`, `{"handler":"onenote","transport":{"resolver":{"addresses":["1.1.1.1:53-54"]}}}`, "expected the address of a DNS server"},
		{"HTTP/3", `{"client_id":"x"}`, `{"handler":"onenote","transport":{"versions":["3"],"resolver":{"addresses":["1.1.1.1"]}}}`, "resolvers: HTTP/3 (versions 3) looks names up by itself"},
		{"what connects past them", `{"client_id":"x","transport":{"proxy_protocol":"v1","tls":{},"resolver":{"addresses":["1.1.1.1"]}}}`, `{"handler":"onenote"}`, "transport: resolvers: proxy_protocol"},
	} {
		t.Run(tt.name, tt.check)
	}
}

// The provider's name may lead to the proxy itself. An app signs in there; the proxy's own
// refresh token must not be taken for an app's.
func TestRefreshThatComesBackIsALoop(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	there := freePort(t)
	provider := "http://127.0.0.1:" + there
	account := importedAccount(&microsoft{url: provider})
	s.mustLoad(s.config(account, "onenote "+m.url) + "http://:" + there + " {\nbind 127.0.0.1\nonenote " + m.url + "\n}\n")
	for range 2 { // the second response is of what is remembered
		res := s.get(notebooks)
		res.want(t, 508, "loop_detected")
		for _, want := range []string{"hosts file", "resolvers", "leads back to this proxy", `"19999"`} {
			if !strings.Contains(res.body, want) {
				t.Errorf("got %s, want %q in it", res.body, want)
			}
		}
	}
	status := s.get("/auth/status").body
	for _, want := range []string{`"state": "misconfigured"`, `"class": "misconfigured"`, `"code": "loop_detected"`} {
		if !strings.Contains(status, want) {
			t.Errorf("status: got %s, want %s", status, want)
		}
	}
	// Nothing was lost: the name leads to the provider again.
	s.mustLoad(s.config(account, "onenote "+provider))
	l, err := net.Listen("tcp", "127.0.0.1:"+there)
	if err != nil {
		t.Fatal(err)
	}
	again := &httptest.Server{Listener: l, Config: &http.Server{Handler: emulator.New(emulator.Options{})}}
	again.Start()
	defer again.Close()
	s.get(notebooks).want(t, 200, "")
}

func TestRequestsForTokensCarryTheLoopMark(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	marks := make(map[string]bool)
	for range 2 { // a request of the configuration before a reload may come back after it
		s.mustLoad(s.plain(m))
		s.get(notebooks).want(t, 200, "")
		if res := s.adminDo("POST", "/onenote/accounts/default/refresh", ""); res.StatusCode != 200 {
			t.Fatalf("refresh: got %s: %s", res.Status, res.body)
		}
	}
	requests := append(m.requests(tokenPath), m.requests(notebooks)...)
	for _, r := range requests {
		marks[r.Headers.Get("CDN-Loop")] = true
	}
	if len(requests) < 4 || len(marks) != 1 || marks[""] {
		t.Errorf("got marks %v in %d requests, want one in all", marks, len(requests))
	}
}

func TestPicturesAreLocalWhereTheAPIsNameLeadsHere(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	for _, option := range []string{"allowed_hosts other.example WWW.OneNote.com.", "public_url http://www.onenote.com", "image_url http://www.onenote.com:8443/x",
		"allowed_hosts eu.apimonolith.onenote.com", "api_hosts notes.example\nallowed_hosts notes.example"} {
		s.mustLoad(s.plain(m, option, "links off"))
		page := s.page("/api/v1.0/me/notes/", "Pictures")
		html := s.get(strings.TrimPrefix(page.ContentURL, m.url)).body
		if !strings.Contains(html, "sig=") {
			t.Errorf("%s: got pictures that are not signed: %s", option, html)
		}
		host, _, _ := strings.Cut(option, " ")
		if err := validated(t, s.plain(m, option, "images direct")); err == nil || !strings.Contains(err.Error(), "images: ") || !strings.Contains(err.Error(), " names ") {
			t.Errorf("%s: got %v, want an error that says which name it is", host, err)
		}
	}
	for _, option := range []string{"allowed_hosts login.live.com", "allowed_hosts www.onenote.com\nimages off"} {
		s.mustLoad(s.plain(m, option))
		page := s.page("/api/v1.0/me/notes/", "Pictures")
		if html := s.get(strings.TrimPrefix(page.ContentURL, s.url)).body; strings.Contains(html, "sig=") {
			t.Errorf("%s: got signed pictures: %s", option, html)
		}
	}
}

// A client would remember HTTP/3 for a host of Microsoft's, also for when the name leads
// to Microsoft again.
func TestAltSvcIsNotSentInTheNameOfMicrosoft(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	port := freePort(t)
	names := []string{"www.onenote.com", "login.live.com", "login.microsoftonline.com", "notes.example"}
	config := s.config(importedAccount(m), "onenote "+m.url, "skip_install_trust\nauto_https disable_redirects")
	config += "https://" + strings.Join(names, ":"+port+", https://") + ":" + port + " {\nbind 127.0.0.1\ntls internal\n" +
		"onenote " + m.url + " {\nallowed_hosts " + strings.Join(names, " ") + "\n}\n}\n"
	s.mustLoad(config)
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, "127.0.0.1:"+port)
		},
	}}
	eventually(t, "the certificates are there", func() bool {
		for _, name := range names {
			res, err := client.Get("https://" + name + ":" + port + "/healthz")
			if err != nil {
				return false
			}
			res.Body.Close()
		}
		return true
	})
	for _, name := range names {
		for _, path := range []string{notebooks, "/", "/nothing"} {
			res, err := client.Get("https://" + name + ":" + port + path)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if got := res.Header.Get("Alt-Svc"); (got != "") != (name == "notes.example") {
				t.Errorf("https://%s%s: got Alt-Svc %q", name, path, got)
			}
		}
	}
}

// A browser that the provider's name leads here cannot be sent to the provider.
func TestPagesLeadPastTheProxyWhereBrowsersMeetIt(t *testing.T) {
	s := newServer(t)
	const note = "may lead to this proxy"
	for name, tt := range map[string]struct {
		account, option string
		intercepted     bool
	}{
		"not intercepted":               {"client_id x", "", false},
		"the API alone":                 {"client_id x", "allowed_hosts www.onenote.com", false},
		"another provider's":            {"client_id x", "allowed_hosts login.microsoftonline.com", false},
		"the account's":                 {"client_id x", "allowed_hosts login.live.com", true},
		"as public URL":                 {"client_id x", "public_url https://login.live.com", true},
		"to which Entra sends people":   {"client_id x\nprovider entra", "allowed_hosts login.live.com", true},
		"an authority that is not that": {"client_id x\nauthority https://id.example", "allowed_hosts login.live.com id.example", false},
	} {
		t.Run(name, func(t *testing.T) {
			s.mustLoad(s.config(tt.account, "onenote onenote {\n"+tt.option+"\n}"))
			for _, path := range []string{"/", "/auth/default/signin"} {
				if got := s.get(path).body; strings.Contains(got, note) != tt.intercepted {
					t.Errorf("%s: got %s, want the note: %t", path, got, tt.intercepted)
				}
			}
			res := s.do("POST", "/auth/default/signin", "")
			if toProvider := strings.HasPrefix(res.Header.Get("Location"), "https://"); res.StatusCode != 303 || toProvider == tt.intercepted {
				t.Fatalf("button: got %s to %s, want the provider: %t", res.Status, res.Header.Get("Location"), !tt.intercepted)
			}
			if !tt.intercepted {
				return
			}
			page := s.submitGet(res)
			for _, want := range []string{note, "Open this address on another machine", "oauth2", "paste", "redirect_uri=http%3A%2F%2Flocalhost%3A" + s.port()} {
				if !strings.Contains(strings.ReplaceAll(page, "oauth20_authorize", "oauth2"), want) {
					t.Errorf("page of the sign-in: got %s, want %q in it", page, want)
				}
			}
			if res := s.do("POST", "/auth/default/signout", ""); strings.HasPrefix(res.Header.Get("Location"), "https://") {
				t.Errorf("sign-out: got %s, want that it stays here", res.Header.Get("Location"))
			}
			begun := s.adminDo("POST", "/onenote/accounts/default/signin", `{"flow":"code"}`).body
			if !strings.Contains(begun, `"paste":true`) {
				t.Errorf("command: got %s, want that the address has to be pasted", begun)
			}
		})
	}
}

// submitGet follows a redirect within the site.
func (s *caddyServer) submitGet(res response) string {
	s.t.Helper()
	to, err := res.Request.URL.Parse(res.Header.Get("Location"))
	if err != nil {
		s.t.Fatal(err)
	}
	return s.get(to.RequestURI()).body
}

// People reach a site in Microsoft's name by another address, if at all.
func TestNamesOfMicrosoftAreNoAddressesForPeople(t *testing.T) {
	s := newServer(t)
	pages := freePort(t)
	config := s.config("client_id x", "onenote_status", "auto_https disable_redirects\nskip_install_trust")
	config += "https://www.onenote.com:" + pages + " {\nbind 127.0.0.1\ntls internal\nonenote {\nallowed_hosts www.onenote.com\n}\n}\n"
	if got, want := registered(t, config, "default"), []string{s.url + "/auth/default/callback"}; !slices.Equal(got, want) {
		t.Errorf("with a site for people: got %q, want %q", got, want)
	}
	config = "{\npersist_config off\nadmin off\nonenote {\nclient_id x\n}\n}\n" + config[strings.Index(config, "https://www"):]
	if got, want := registered(t, config, "default"), []string{"https://localhost:" + pages + "/auth/default/callback"}; !slices.Equal(got, want) {
		t.Errorf("without: got %q, want %q", got, want)
	}
}
