// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// silentForwarder starts a proxy in front of the site that adds no header field,
// as nginx with nothing but proxy_pass does, or haproxy. Requests have the Host
// of the site, or the client's own.
func (s *caddyServer) silentForwarder(keepHost bool) *httptest.Server {
	s.t.Helper()
	target := mustURL(s.t, s.url)
	f := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		if keepHost {
			r.Out.Host = r.In.Host
		}
	}})
	s.t.Cleanup(f.Close)
	return f
}

// through sends a request by way of a forwarder.
func through(t *testing.T, f *httptest.Server, method, path string, headers ...string) response {
	t.Helper()
	res := (&caddyServer{t: t, url: f.URL}).do(method, path, "", headers...)
	return res
}

// To the site the forwarder is a local client.
func TestSilentForwarderOpensNothingWhereSiteHasKeys(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	t.Setenv("APP_KEY", "key-of-the-app")
	s.mustLoad(s.plain(m, "client_key app {env.APP_KEY}"))
	const own = "X-Onenote-Proxy-Key"
	for name, f := range map[string]*httptest.Server{"host of the site": s.silentForwarder(false), "host of the client": s.silentForwarder(true)} {
		t.Run(name, func(t *testing.T) {
			host := []string{"Host", "localhost"}
			through(t, f, "GET", notebooks, host...).want(t, 403, "forbidden_client")
			through(t, f, "GET", "/", host...).want(t, 401, "forbidden_client")
			through(t, f, "GET", "/auth/status", host...).want(t, 401, "forbidden_client")
			through(t, f, "POST", "/auth/default/signout", host...).want(t, 401, "forbidden_client")
			through(t, f, "GET", notebooks, append(host, own, "key-of-the-app")...).want(t, 200, "")
			if res := through(t, f, "GET", "/readyz?account=default&wait=60s", host...); strings.TrimSpace(res.body) != `{"ready":true}` {
				t.Errorf("a probe without a key: got %s %s", res.Status, res.body)
			}
		})
	}
	// Nor does a client on this machine come in without a key.
	s.get(notebooks).want(t, 403, "forbidden_client")
	s.do("POST", "/auth/default/signout", "").want(t, 401, "forbidden_client")
	s.get(notebooks, "Authorization", "Bearer key-of-the-app").want(t, 200, "")

	s.mustLoad(s.plain(m, "client_key app {env.APP_KEY}\ntrusted_peers 127.0.0.0/8 ::1"))
	s.get(notebooks).want(t, 200, "")
	s.get(notebooks, "X-Forwarded-For", "127.0.0.1").want(t, 403, "forbidden_client")
}

// A forwarder that says so makes its clients remote, whichever field it uses.
func TestForwardingFieldsMakeClientRemote(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.plain(m))
	s.get(notebooks).want(t, 200, "")
	for _, name := range []string{
		"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via",
		"CF-Connecting-IP", "True-Client-IP", "X-Client-IP", "X-Cluster-Client-IP",
	} {
		s.get(notebooks, name, "127.0.0.1").want(t, 403, "forbidden_client")
	}
}

func basicAuth(user string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":hiccup"))
}

// usersOf is the block of basic_auth for users whose password is hiccup.
func usersOf(names ...string) string {
	var b strings.Builder
	b.WriteString("basic_auth {\n")
	for _, name := range names {
		b.WriteString(name + " $2a$04$9HPb84E7/InClaAaOERf1..OsckRjiGbyoT00NEB.F9d0/aSJk4Pq\n")
	}
	b.WriteString("}\n")
	return b.String()
}

// Users of one site, each with an account: nobody sees, signs in or signs out
// another's, in any way that the listener has.
func TestUserReachesOwnAccountAlone(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config(importedAccount(m)+"\naccount alice\naccount bob",
		usersOf("alice", "bob", "carol")+"onenote "+m.url+" {\naccount {http.auth.user.id}\nallow_remote_signin\n}"))
	alice, bob, carol := basicAuth("alice"), basicAuth("bob"), basicAuth("carol")
	for _, from := range [][]string{nil, {"X-Forwarded-For", "192.0.2.1"}} {
		as := func(user string) []string { return append([]string{"Authorization", user}, from...) }
		s.get(notebooks, as(alice)...).want(t, 200, "")
		s.get(notebooks, as(bob)...).want(t, 200, "")
		for _, path := range []string{"/", "/auth/status"} {
			res := s.get(path, as(alice)...)
			res.want(t, 200, "")
			if !strings.Contains(res.body, "alice") || strings.Contains(res.body, "bob") {
				t.Errorf("%s: alice sees %s", path, res.body)
			}
		}
		s.get("/auth/alice/signin", as(alice)...).want(t, 200, "")
		for _, ask := range []struct{ method, path string }{
			{"GET", "/auth/bob/signin"}, {"POST", "/auth/bob/signin"}, {"POST", "/auth/bob/paste"}, {"POST", "/auth/bob/signout"},
			{"GET", "/auth/bob/callback?code=c&state=s"}, {"POST", "/auth/bob/callback"}, {"GET", "/auth/nobody/signin"},
		} {
			s.do(ask.method, ask.path, "", as(alice)...).want(t, 403, "unknown_account")
		}
		for path, want := range map[string]string{
			"/readyz":             `{"ready":true}`,
			"/readyz?account=bob": `{"ready":false,"not_ready":[{"name":"bob","state":"unknown"}]}`,
		} {
			if res := s.get(path, as(alice)...); strings.TrimSpace(res.body) != want {
				t.Errorf("%s: got %s, want %s", path, res.body, want)
			}
		}
		// A user without an account sees none.
		for _, path := range []string{notebooks, "/", "/auth/status", "/auth/alice/signin"} {
			res := s.get(path, as(carol)...)
			res.want(t, 403, "unknown_account")
			if strings.Contains(res.body, "bob") {
				t.Errorf("%s: carol sees %s", path, res.body)
			}
		}
	}
	// The operator sees all, and nobody was signed out.
	list := decodeAs[accountList](t, s.adminDo("GET", "/onenote/accounts", "").body)
	if len(list.Accounts) != 2 || list.Accounts[0].State != tokens.Ready || list.Accounts[1].State != tokens.Ready {
		t.Errorf("the operator sees %+v, want two accounts that are ready", list.Accounts)
	}
	s.do("POST", "/auth/alice/signout", "", "Authorization", alice)
	s.get(notebooks, "Authorization", alice).want(t, 401, "signin_required")
	s.get(notebooks, "Authorization", bob).want(t, 200, "")
}

// At a site for one account a remote client learns of no other, and neither does
// one with a bound key. Local clients see all.
func TestRemoteClientSeesAccountOfSiteAlone(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	t.Setenv("APP_KEY", "key-of-the-app")
	t.Setenv("WORK_KEY", "key-of-work")
	s.mustLoad(s.config(importedAccount(m)+"\naccount home\naccount work\naccount other",
		"onenote "+m.url+" {\naccount home\nclient_key app {env.APP_KEY}\nclient_key work {env.WORK_KEY} work\nallow_remote_signin\n}"))
	const own, via = "X-Onenote-Proxy-Key", "X-Forwarded-For"
	tests := []struct {
		name    string
		headers []string
		sees    []string
	}{
		{"remote with a key", []string{own, "key-of-the-app", via, "192.0.2.1"}, []string{"home"}},
		{"remote with a bound key", []string{own, "key-of-work", via, "192.0.2.1"}, []string{"work"}},
		{"local with a bound key", []string{own, "key-of-work"}, []string{"work"}},
		{"local with a key", []string{own, "key-of-the-app"}, []string{"home", "other", "work"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.get(notebooks, tt.headers...).want(t, 200, "")
			var got []string
			for _, a := range decodeAs[accountList](t, s.get("/auth/status", tt.headers...).body).Accounts {
				got = append(got, a.Name)
			}
			if strings.Join(got, " ") != strings.Join(tt.sees, " ") {
				t.Errorf("status: got %q, want %q", got, tt.sees)
			}
			for _, name := range []string{"home", "other", "work"} {
				status, cause := 403, "unknown_account"
				if strings.Contains(strings.Join(tt.sees, " "), name) {
					status, cause = 200, ""
				}
				s.get("/auth/"+name+"/signin", tt.headers...).want(t, status, cause)
				if status == 403 {
					s.do("POST", "/auth/"+name+"/signin", "", tt.headers...).want(t, status, cause)
					s.do("POST", "/auth/"+name+"/signout", "", tt.headers...).want(t, status, cause)
					s.do("POST", "/auth/"+name+"/paste", "", tt.headers...).want(t, status, cause)
				}
				res := s.get("/readyz?account="+name, tt.headers...)
				if (res.StatusCode == 200) != (status == 200) {
					t.Errorf("/readyz?account=%s: got %s %s", name, res.Status, res.body)
				}
			}
		})
	}
}

// Both sites stand in front of one API, so only the account tells their pictures
// apart.
func TestPictureOpensOnlyAtSitesThatServeItsAccount(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config(importedAccount(m)+"\naccount home\naccount work",
		"@work header X-Site work\nonenote @work "+m.url+" {\nimages local\naccount work\n}\n"+
			"onenote "+m.url+" {\nimages local\naccount home\n}"))
	address := imageURL.FindStringSubmatch(s.get(s.firstPage()).body)[1]
	path := strings.TrimPrefix(strings.ReplaceAll(address, "&amp;", "&"), s.url)
	s.get(path).want(t, 200, "")
	s.get(path, "X-Site", "work").want(t, 403, "forbidden_client")
	s.get(strings.Replace(path, "account=home", "account=work", 1), "X-Site", "work").want(t, 403, "forbidden_client")
}

// Anybody may ask whether the site is ready, so asking must cost little and
// tell little.
func TestStrangersDoNotWaitForReadiness(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	t.Setenv("APP_KEY", "key-of-the-app")
	s.mustLoad(s.config("client_id test\nauthority "+m.url+"\naccount home\naccount work {\nrefresh_token emulator-refresh-token\n}",
		"onenote "+m.url+" {\naccount home\nclient_key app {env.APP_KEY}\n}"))
	s.get(notebooks, "X-Onenote-Proxy-Key", "wrong").want(t, 403, "forbidden_client")
	for _, headers := range [][]string{nil, {"X-Forwarded-For", "192.0.2.1"}, {"X-Onenote-Proxy-Key", "wrong"}} {
		for _, query := range []string{"?wait=60s", "?wait=60s&account=home", "?account=work", "?account=nobody"} {
			res := s.get("/readyz"+query, headers...)
			if res.StatusCode != http.StatusServiceUnavailable || strings.TrimSpace(res.body) != `{"ready":false}` {
				t.Errorf("%s with %q: got %s %s, want no, about all", query, headers, res.Status, res.body)
			}
		}
	}
	if n := len(runningApp(t).waiters); n != 0 {
		t.Errorf("places taken: got %d, want none", n)
	}
}

// A shared cache in front knows nothing of client keys: without these fields it
// gives what one client got to all others.
func TestResponsesThatDependOnClientAreKeptOutOfSharedCaches(t *testing.T) {
	m := startMicrosoft(t)
	t.Setenv("APP_KEY", "key-of-the-app")
	const own = "X-Onenote-Proxy-Key"
	for _, tt := range []struct {
		name, site    string
		headers       []string
		upstream      string
		vary, control string
	}{
		{"local, no keys", "", nil, "public, max-age=60", "", "public, max-age=60"},
		{"key", "client_key app {env.APP_KEY}", []string{own, "key-of-the-app"}, "public, max-age=60", "Authorization, X-Onenote-Proxy-Key", "private, max-age=60"},
		{"key, API says nothing", "client_key app {env.APP_KEY}", []string{"Authorization", "Bearer key-of-the-app"}, "", "Authorization, X-Onenote-Proxy-Key", "private"},
		{"key, API is stricter", "client_key app {env.APP_KEY}", []string{own, "key-of-the-app"}, "no-store", "Authorization, X-Onenote-Proxy-Key", "no-store"},
		{"account per request", "account {header.X-User}", []string{"X-User", "a"}, "public", "*", "private"},
		{"trusted peer", "trusted_peers 192.0.2.0/24", []string{"X-Forwarded-For", "192.0.2.1"}, "public", "Authorization", "private"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if tt.upstream != "" {
					w.Header().Set("Cache-Control", tt.upstream)
				}
			}))
			defer api.Close()
			s := newServer(t)
			s.mustLoad(s.config(importedAccount(m)+"\naccount a", "onenote "+api.URL+" {\n"+tt.site+"\n}", "servers {\ntrusted_proxies static 127.0.0.1/32\n}"))
			res := s.get(notebooks, tt.headers...)
			res.want(t, 200, "")
			if got := strings.Join(res.Header["Vary"], "; "); got != tt.vary {
				t.Errorf("Vary: got %q, want %q", got, tt.vary)
			}
			if got := strings.Join(res.Header["Cache-Control"], "; "); got != tt.control {
				t.Errorf("Cache-Control: got %q, want %q", got, tt.control)
			}
		})
	}
}
