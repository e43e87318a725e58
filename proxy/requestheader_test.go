// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bufio"
	"context"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-onenote/caddy-onenote/proxy/api"
	"github.com/caddy-onenote/caddy-onenote/proxy/picture"
)

// A roundTrip is a function as an http.RoundTripper.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// sentFor returns what is sent for a request, as the next transport gets it.
func sentFor(t *testing.T, transport *Transport, c Call, in *http.Request) *http.Request {
	t.Helper()
	var out *http.Request
	transport.Next = roundTrip(func(r *http.Request) (*http.Response, error) {
		out = r
		return &http.Response{StatusCode: 200, Header: make(http.Header), Body: http.NoBody, Request: r}, nil
	})
	if transport.Dialect == nil {
		transport.Dialect = passthrough(api.Passthrough{})
	}
	if c.Tokens == nil {
		c.Tokens = newAccount()
	}
	res, err := transport.For(c).RoundTrip(in)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if out == nil {
		t.Fatalf("nothing was sent; the response was %s", res.Header.Get("X-Onenote-Proxy-Error"))
	}
	return out
}

// passthrough returns the dialect for the hosts of the OneNote API.
func passthrough(p api.Passthrough) *api.Passthrough {
	p.Hosts = api.NewHosts(api.Presets[0], nil)
	return &p
}

// inRequest returns a request as a server and its reverse proxy hand it over.
func inRequest(method, target string, header http.Header) *http.Request {
	return &http.Request{
		Method:     method,
		RequestURI: target,
		URL:        &url.URL{Scheme: "https", Host: "www.onenote.com:443", Path: "/nobody/looks/here"},
		Header:     header,
		Host:       "localhost:8080",
	}
}

// droppedFields are sent neither in the header nor in trailers.
func droppedFields() []string {
	return []string{
		"Authorization", "Proxy-Authorization", "Cookie", "Forwarded",
		"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix", "X-Forwarded", "X-Real-Ip", "Via",
		"X-Http-Method", "X-Http-Method-Override", "X-Method-Override", "X-Original-Url", "X-Rewrite-Url",
		"X-Onenote-Proxy-Key", "Origin", "Referer", "Sec-Fetch-Site", "Sec-Fetch-Mode",
		"Access-Control-Request-Method", "Access-Control-Request-Private-Network",
		"Upgrade", "Connection", "Keep-Alive", "Proxy-Connection", "Http2-Settings", "Sec-Websocket-Key",
		// Aliases, as CGI-like servers read them, in the cases that arrive here.
		"X_forwarded_for", "X_http_method_override", "Proxy_authorization", "X-Forwarded_host",
		"Content_length", "Transfer_encoding", "X_onenote_proxy_key", "Cdn_loop",
		"authorization", "x_original_url",
		"Cf-Connecting-Ip", "True-Client-Ip", "X-Client-Ip", "X-Cluster-Client-Ip", "Cf_connecting_ip",
	}
}

func TestClientsConnectionDoesNotDecideAboutTheAPIs(t *testing.T) {
	in := inRequest("GET", "/api/v1.0/me/notes/notebooks", http.Header{
		"Connection": {"close, TE"},
		"Te":         {"gzip;q=0.5, Trailers"},
	})
	in.Close = true
	out := sentFor(t, new(Transport), Call{}, in)
	if out.Close || !in.Close {
		t.Errorf("the connection to the API is closed: %t; that of the client: %t; want false, true", out.Close, in.Close)
	}
	want := http.Header{"Accept-Encoding": {"identity"}, "Te": {"trailers"}, "User-Agent": {""}}
	if diff := cmp.Diff(want, dropToken(out.Header)); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	in.Header = http.Header{"Te": {"gzip"}, "User-Agent": {"app"}}
	want = http.Header{"Accept-Encoding": {"identity"}, "User-Agent": {"app"}}
	if diff := cmp.Diff(want, dropToken(sentFor(t, new(Transport), Call{}, in).Header)); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
}

func dropToken(h http.Header) http.Header {
	h = h.Clone()
	h.Del("Authorization")
	return h
}

func TestHeaderFieldsOfTheClientThatAreDropped(t *testing.T) {
	gone := droppedFields()
	sent := http.Header{
		"Accept":           {"application/json"},
		"Content-Type":     {"text/html"},
		"X-Correlationid":  {"8943c159-ee49-4c71-8cd0-ebf0861d07a6"},
		"X-Usersessionid":  {"1"},
		"Prefer":           {"respond-async"},
		"If-Match":         {`"a"`, `"b"`},
		"Range":            {"bytes=0-1"},
		"Accept-Language":  {"de"},
		"User-Agent":       {""},
		"Authorization-Id": {"sent"},
		"Custom_name":      {"sent"},
		"Accept-Encoding":  {"br"},
	}
	header := sent.Clone()
	for _, name := range gone {
		header[name] = []string{"Bearer of-the-client"}
	}
	in := inRequest("GET", "/api/v1.0/me/notes/notebooks", header)
	before := header.Clone()
	out := sentFor(t, &Transport{Dialect: passthrough(api.Passthrough{Links: true}), Loop: "here"}, Call{}, in)

	want := sent.Clone()
	want["Authorization"] = []string{"Bearer token-1"}
	want["Cdn-Loop"] = []string{"here"}
	if diff := cmp.Diff(want, out.Header); diff != "" {
		t.Errorf("the header that is sent (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, in.Header); diff != "" {
		t.Errorf("the client's own header was changed (-before +after):\n%s", diff)
	}
	if in.URL.Path != "/nobody/looks/here" || in.URL.Opaque != "" || in.RequestURI == "" {
		t.Errorf("the client's own request was changed: %v", in.URL)
	}
}

func TestFieldsNamedInConnectionAreDroppedButNotTheToken(t *testing.T) {
	out := sentFor(t, new(Transport), Call{}, inRequest("GET", "/api/x", http.Header{
		"Connection": {"close, Authorization", "x-hop"},
		"X-Hop":      {"1"},
		"X-End":      {"1"},
	}))
	if got := out.Header["Authorization"]; !slices.Equal(got, []string{"Bearer token-1"}) {
		t.Errorf("got Authorization %q, want ours", got)
	}
	if _, ok := out.Header["X-Hop"]; ok || out.Header.Get("X-End") != "1" {
		t.Errorf("got header %v, want X-End and not X-Hop", out.Header)
	}
}

func TestLoopIsAppendedToCDNLoop(t *testing.T) {
	out := sentFor(t, &Transport{Loop: "here"}, Call{}, inRequest("GET", "/api/x", http.Header{"Cdn-Loop": {"one; v=1", "two"}}))
	if got := out.Header["Cdn-Loop"]; !slices.Equal(got, []string{"one; v=1, two, here"}) {
		t.Errorf("got CDN-Loop %q", got)
	}
}

// A load balancer puts the address that it dials into the URL, and may leave out
// the request line.
func TestUpstreamAndTargetOverrideTheRequest(t *testing.T) {
	in := inRequest("GET", "/not/here", nil)
	in.URL = must(url.Parse("http://192.0.2.1:8443/nor/here?x"))
	transport := &Transport{Upstream: must(url.Parse("https://www.onenote.com"))}
	out := sentFor(t, transport, Call{Target: "/api/v1.0/a%2Fb?c=|"}, in)
	if got, want := out.URL.String(), "https://www.onenote.com/api/v1.0/a%2Fb?c=|"; out.Host != "www.onenote.com" || out.URL.Opaque+"?"+out.URL.RawQuery != "/api/v1.0/a%2Fb?c=|" || out.URL.Scheme != "https" || out.URL.Host != "www.onenote.com" {
		t.Errorf("got Host %q to %s, want %s", out.Host, got, want)
	}
	if in.URL.Host != "192.0.2.1:8443" || in.RequestURI != "/not/here" {
		t.Errorf("the client's own request was changed: %s, %s", in.URL, in.RequestURI)
	}
}

func TestHostHasNoDefaultPort(t *testing.T) {
	tests := map[string]string{
		"https://www.onenote.com:443":   "www.onenote.com",
		"https://www.onenote.com":       "www.onenote.com",
		"https://www.onenote.com:8443":  "www.onenote.com:8443",
		"http://localhost:80":           "localhost",
		"http://127.0.0.1:443":          "127.0.0.1:443",
		"https://[2001:db8::1]:443":     "[2001:db8::1]",
		"http://[::1]:8081":             "[::1]:8081",
		"http://user:secret@[::1]:8081": "[::1]:8081",
	}
	for upstream, want := range tests {
		in := inRequest("GET", "/api/x", nil)
		in.URL = must(url.Parse(upstream))
		out := sentFor(t, new(Transport), Call{}, in)
		if out.Host != want || out.URL.Host != in.URL.Host || out.URL.User != nil {
			t.Errorf("%s: got Host %q to %q, want Host %q", upstream, out.Host, out.URL.Host, want)
		}
	}
}

func TestQueryIsSentWithPreAuthenticatedAndWithoutSecrets(t *testing.T) {
	const page = "/api/v1.0/me/notes/pages/1/content"
	tests := []struct {
		mode                   api.PictureMode
		method, target, wanted string
	}{
		{api.Direct, "GET", page, page + "?preAuthenticated=true"},
		{api.Direct, "GET", page + "?", page + "?preAuthenticated=true"},
		{api.Direct, "GET", page + "?includeIDs=true", page + "?includeIDs=true&preAuthenticated=true"},
		{api.Direct, "GET", page + "?includeIDs=true,preAuthenticated=true", page + "?includeIDs=true,preAuthenticated=true"},
		{api.Direct, "GET", page + "?preauthenticated=false", page + "?preauthenticated=false"},
		{api.Direct, "GET", page + "?access_token=x", page + "?preAuthenticated=true"},
		{api.Direct, "GET", "/api/v1.0/me/notes/pages/1%21b/$value?a=%2f", "/api/v1.0/me/notes/pages/1%21b/$value?a=%2f&preAuthenticated=true"},
		{api.Direct, "HEAD", page, page},
		{api.Direct, "PATCH", page + "?x", page + "?x"},
		{api.Direct, "GET", "/api/v1.0/me/notes/pages?", "/api/v1.0/me/notes/pages?"},
		{api.Direct, "GET", "/api/v1.0/me/notes/resources/1/content?publicAuth=true&mimeType=image/png", "/api/v1.0/me/notes/resources/1/content?publicAuth=true&mimeType=image/png"},
		{api.Direct, "GET", "/api/v1.0/me/notes/resources/1/content?publicAuth=true&account=a&expires=1&sig=x", "/api/v1.0/me/notes/resources/1/content?publicAuth=true"},
		{api.Direct, "GET", "/api/v1.0/x?account=a&expires=1&sig=x", "/api/v1.0/x?account=a&expires=1&sig=x"},
		{api.Local, "GET", page, page},
		{api.Off, "GET", page + "?a", page + "?a"},
	}
	for _, tt := range tests {
		out := sentFor(t, &Transport{Dialect: passthrough(api.Passthrough{Pictures: tt.mode})}, Call{}, inRequest(tt.method, tt.target, nil))
		if got := out.URL.RequestURI(); got != tt.wanted {
			t.Errorf("%s %s %s: got %s, want %s", tt.mode, tt.method, tt.target, got, tt.wanted)
		}
	}
}

func TestSignedPictureIsRequestedWithoutItsQuery(t *testing.T) {
	in := inRequest("GET", "/api/v1.0/me/notes/resources/1%21a/content?publicAuth=true&mimeType=image/png&account=work&expires=1&sig=x", nil)
	out := sentFor(t, &Transport{Dialect: passthrough(api.Passthrough{Pictures: api.Local})}, Call{Picture: new(picture.Picture)}, in)
	if got, want := out.URL.RequestURI(), "/api/v1.0/me/notes/resources/1%21a/content"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := out.Header.Get("Authorization"); got != "Bearer token-1" {
		t.Errorf("got Authorization %q, want the account's token", got)
	}
}

func TestPictureOfSiteIsRequestedAsGraphServesIt(t *testing.T) {
	const path = "/v1.0/siteCollections/contoso.sharepoint.com,1,2/onenote/resources/1-i1!1-B/$value"
	preset, _ := api.PresetNamed("graph")
	graph := &api.Passthrough{Hosts: api.NewHosts(preset, nil), Pictures: api.Local, Links: true}
	for target, want := range map[string]string{
		path:          strings.Replace(path, "siteCollections", "sites", 1),
		path + "?a=b": strings.Replace(path, "siteCollections", "sites", 1),
		"/v1.0/me/onenote/resources/siteCollections/$value": "/v1.0/me/onenote/resources/siteCollections/$value",
	} {
		out := sentFor(t, &Transport{Dialect: graph}, Call{}, inRequest("GET", target, nil))
		if out.URL.Opaque != want {
			t.Errorf("%s: got %s, want %s", target, out.URL.Opaque, want)
		}
	}
}

func TestGzipIsRequestedWhereTheResponseIsRewritten(t *testing.T) {
	const list, page, resource = "/api/v1.0/me/notes/pages", "/api/v1.0/me/notes/pages/1/content", "/api/v1.0/me/notes/resources/1/content"
	tests := []struct {
		name           string
		dialect        api.Passthrough
		method, target string
		header         http.Header
		want           []string
	}{
		{"a list that is rewritten", api.Passthrough{Links: true}, "GET", list, http.Header{"Accept-Encoding": {"br, zstd"}}, []string{"gzip"}},
		{"a list that is not", api.Passthrough{}, "GET", list, http.Header{"Accept-Encoding": {"br, zstd"}}, []string{"br, zstd"}},
		{"a page that is rewritten", api.Passthrough{}, "GET", page, nil, []string{"gzip"}},
		{"a page that is not", api.Passthrough{Pictures: api.Off}, "GET", page, nil, []string{"identity"}},
		{"a picture", api.Passthrough{Links: true}, "GET", resource, http.Header{"Accept-Encoding": {"deflate"}}, []string{"deflate"}},
		{"a picture for a client without a wish", api.Passthrough{Links: true}, "GET", resource, nil, []string{"identity"}},
		{"a part of a page", api.Passthrough{Links: true}, "GET", page, http.Header{"Range": {"bytes=0-9"}, "Accept-Encoding": {"br"}}, []string{"br"}},
		{"a part for a client without a wish", api.Passthrough{Links: true}, "GET", page, http.Header{"Range": {"bytes=0-9"}}, nil},
		{"a new page", api.Passthrough{Links: true}, "POST", list, http.Header{"Accept-Encoding": {"br"}}, []string{"gzip"}},
		{"a new page for a client without a wish", api.Passthrough{Links: true}, "POST", list, nil, []string{"gzip"}},
		{"a new page in a coding that can be decoded", api.Passthrough{Links: true}, "POST", list, http.Header{"Accept-Encoding": {"identity, gzip;q=0.5", "br;q=0"}}, []string{"identity, gzip;q=0.5", "br;q=0"}},
		{"a new page in any coding", api.Passthrough{Links: true}, "POST", list, http.Header{"Accept-Encoding": {"gzip, *"}}, []string{"gzip"}},
		{"a response that is no JSON", api.Passthrough{Links: true}, "POST", list, http.Header{"Accept": {"text/plain, image/png"}, "Accept-Encoding": {"br"}}, []string{"br"}},
		{"a response that is JSON", api.Passthrough{Links: true}, "POST", list, http.Header{"Accept": {"text/plain", "application/JSON"}, "Accept-Encoding": {"br"}}, []string{"gzip"}},
		{"a change", api.Passthrough{Links: true}, "PATCH", page, http.Header{"Accept-Encoding": {"deflate"}}, []string{"deflate"}},
		{"a change for a client without a wish", api.Passthrough{Links: true}, "PATCH", page, nil, []string{"identity"}},
		{"a deletion", api.Passthrough{Links: true}, "DELETE", "/api/v1.0/me/notes/pages/1", http.Header{"Accept-Encoding": {"gzip, br"}}, []string{"gzip, br"}},
		{"the header only", api.Passthrough{Links: true}, "HEAD", page, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out := sentFor(t, &Transport{Dialect: passthrough(tt.dialect)}, Call{}, inRequest(tt.method, tt.target, tt.header))
			if got := out.Header["Accept-Encoding"]; !slices.Equal(got, tt.want) {
				t.Errorf("got Accept-Encoding %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTokenIsSentOnlyOverTLSOrToLoopback(t *testing.T) {
	tests := map[string]bool{
		"https://www.onenote.com:443":   true,
		"http://localhost:8081":         true,
		"http://LOCALHOST:8081":         true,
		"http://127.0.0.1:8081":         true,
		"http://127.8.9.1":              true,
		"http://[::1]:8081":             true,
		"http://[::ffff:127.0.0.1]":     true,
		"http://www.onenote.com":        false,
		"http://localhost.evil.example": false,
		"http://10.0.0.1":               false,
		"http://0.0.0.0":                false,
		"ws://localhost":                false,
		"//localhost":                   false,
		"https:///api":                  false,
	}
	for upstream, want := range tests {
		account := newAccount()
		sent := false
		transport := &Transport{Dialect: passthrough(api.Passthrough{}), Next: roundTrip(func(r *http.Request) (*http.Response, error) {
			sent = true
			return &http.Response{StatusCode: 200, Header: make(http.Header), Body: http.NoBody}, nil
		})}
		in := inRequest("GET", "/api/x", nil)
		in.URL = must(url.Parse(upstream))
		asked := &asking{TokenSource: account}
		res, err := transport.For(Call{Tokens: asked, Account: "work"}).RoundTrip(in)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if sent != want || asked.asked != want {
			t.Errorf("%s: sent %t, asked for a token %t; want %t", upstream, sent, asked.asked, want)
		}
		if !want && res.Header.Get("X-Onenote-Proxy-Error") != "misconfigured" {
			t.Errorf("%s: got %s %v, want misconfigured", upstream, res.Status, res.Header)
		}
	}
}

// An asking records whether it was asked for a token.
type asking struct {
	TokenSource
	asked bool
}

func (a *asking) Token(ctx context.Context) (string, uint64, error) {
	a.asked = true
	return a.TokenSource.Token(ctx)
}

func TestNothingIsSentWithoutAnAccount(t *testing.T) {
	s := newSite(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the API was asked") }))
	s.call.Tokens = nil
	res := s.send("POST", "/api/v1.0/me/notes/pages", strings.NewReader("x"))
	if res.StatusCode != 500 || res.Header.Get("X-Onenote-Proxy-Error") != "misconfigured" || !strings.Contains(res.body, "directive onenote,") {
		t.Errorf("got %s %v %s, want misconfigured, saying what is missing", res.Status, res.Header, res.body)
	}
}

// Some HTTP libraries begin each connection with a request for HTTP/2 in clear
// text. Refusing it would refuse these libraries; forwarding it would switch
// protocols on a connection that carries the token.
func TestUpgradeIsNotForwarded(t *testing.T) {
	s := newSite(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" || r.Header.Get("Connection") != "" {
			t.Errorf("got header %v, want no upgrade", r.Header)
		}
	}))
	res := s.send("GET", "/api/v1.0/me/notes/notebooks", nil, "Connection", "Upgrade, HTTP2-Settings", "Upgrade", "h2c", "HTTP2-Settings", "AAMAAABkAARAAAAAAAIAAAAA")
	if res.StatusCode != 200 {
		t.Errorf("got %s, want 200", res.Status)
	}
}

func TestSwitchingProtocolsIsAnError(t *testing.T) {
	ours, theirs := net.Pipe()
	defer theirs.Close()
	transport := &Transport{Dialect: passthrough(api.Passthrough{}), Next: roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 101, Header: make(http.Header), Body: ours}, nil
	})}
	_, err := transport.For(Call{Tokens: newAccount()}).RoundTrip(inRequest("GET", "/api/x", nil))
	if err == nil {
		t.Error("got no error")
	}
	if _, err := ours.Write(nil); err == nil {
		t.Error("the connection is still open")
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	asked := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer other.Close()
	s := newSite(t, http.RedirectHandler(other.URL+"/api/v1.0/x", http.StatusTemporaryRedirect))
	s.front.Client().CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res := s.send("GET", "/api/v1.0/x", nil)
	if res.StatusCode != 307 || res.Header.Get("Location") != other.URL+"/api/v1.0/x" {
		t.Errorf("got %s to %q, want the API's own redirect", res.Status, res.Header.Get("Location"))
	}
	if asked {
		t.Error("the other host was asked")
	}
}

func TestRequestOfTheResponseHasNoToken(t *testing.T) {
	in := inRequest("GET", "/api/x", nil)
	transport := &Transport{Dialect: passthrough(api.Passthrough{}), Next: roundTrip(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: make(http.Header), Body: http.NoBody, Request: r}, nil
	})}
	res, err := transport.For(Call{Tokens: newAccount()}).RoundTrip(in)
	if err != nil {
		t.Fatal(err)
	}
	if res.Request != in {
		t.Error("the response's request is not the one that was asked")
	}
}

// Whatever a client sends, exactly one Authorization goes to the API, it is the
// account's, and the target stays a path on the configured host.
func FuzzWhatGoesUp(f *testing.F) {
	f.Add("/api/v1.0/me/notes/notebooks", "Authorization", "Bearer x", "authorization", "Basic y")
	f.Add("//evil.example/api", "X_Authorization", "x", "Proxy_Authorization", "z")
	f.Add("http://evil.example//api/../x?access_token=a", "Connection", "Authorization", "Cookie", "a=b")
	f.Add("/api/x?a|b", "AUTHORIZATION", "", "Cdn-Loop", "x")
	f.Fuzz(func(t *testing.T, target, name1, value1, name2, value2 string) {
		header := make(textproto.MIMEHeader)
		header.Add(name1, value1)
		header[name2] = append(header[name2], value2)
		in := inRequest("GET", target, http.Header(header))
		before := maps.Clone(in.Header)
		var wire strings.Builder
		transport := &Transport{Dialect: passthrough(api.Passthrough{}), Loop: "here", Next: roundTrip(func(r *http.Request) (*http.Response, error) {
			if err := r.Write(&wire); err != nil {
				return nil, err
			}
			return &http.Response{StatusCode: 200, Header: make(http.Header), Body: http.NoBody}, nil
		})}
		res, err := transport.For(Call{Tokens: newAccount()}).RoundTrip(in)
		if err != nil {
			return // net/http refused to write it
		}
		res.Body.Close()
		if !cmp.Equal(before, in.Header) {
			t.Error("the client's own header was changed")
		}
		if wire.Len() == 0 {
			return
		}
		got, err := http.ReadRequest(bufio.NewReader(strings.NewReader(wire.String())))
		if err != nil {
			return // nobody would read it
		}
		if auth := got.Header["Authorization"]; !slices.Equal(auth, []string{"Bearer token-1"}) {
			t.Errorf("got Authorization %q in %q", auth, wire.String())
		}
		if got.Host != "www.onenote.com" || !strings.HasPrefix(got.RequestURI, "/") || strings.HasPrefix(got.RequestURI, "//") {
			t.Errorf("got target %q on %q", got.RequestURI, got.Host)
		}
		for name := range got.Header {
			if name != "Authorization" && isDropped(name) {
				t.Errorf("got header %q", name)
			}
		}
	})
}
