// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
	"github.com/caddy-onenote/caddy-onenote/tokens/signin"
)

// TestInvalidResponseIsRefused sends the browser that began a sign-in a response that
// must not count. Each is refused without a token request, and none of them
// ends the sign-in: the right response still works afterwards.
func TestInvalidResponseIsRefused(t *testing.T) {
	edit := func(name, value string) func(url.Values) {
		return func(v url.Values) { v.Set(name, value) }
	}
	for _, tc := range []struct {
		name   string
		change func(url.Values)
		says   string
	}{
		{"forged state", edit("state", strings.Repeat("A", 43)), "not known here"},
		{"truncated state", func(v url.Values) { v.Set("state", v.Get("state")[:42]) }, "not known here"},
		{"CSRF: no state", func(v url.Values) { v.Del("state") }, "has no state"},
		{"error injection: error without state", func(v url.Values) {
			v.Del("state")
			v.Del("code")
			v.Set("error", "access_denied")
		}, "has no state"},
		{"error injection: error with a forged state", func(v url.Values) {
			v.Set("state", "x")
			v.Set("error", "access_denied")
		}, "not known here"},
		{"mix-up: another issuer", edit("iss", "https://evil.example"), "another identity provider"},
		{"mix-up: the issuer on another scheme", edit("iss", "gopher://127.0.0.1"), "another identity provider"},
		{"token injection: token in the query", edit("access_token", "injected"), "token in the query"},
		{"parameter pollution: two codes", func(v url.Values) { v.Add("code", "second") }, "parameter twice"},
		{"parameter pollution: two states", func(v url.Values) { v.Add("state", "second") }, "parameter twice"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newSite(t, oauth.Config{})
			b := newBrowser(t)
			s.begin(b, "default")
			right := s.response(b)

			u, err := url.Parse(right)
			if err != nil {
				t.Fatal(err)
			}
			v := u.Query()
			tc.change(v)
			u.RawQuery = v.Encode()
			b.open(u.String())
			if b.status != http.StatusBadRequest {
				t.Errorf("status: got %d, want 400", b.status)
			}
			b.sees(tc.says)
			s.wantState("default", tokens.SigningIn)
			if n := s.providerRequests("/oauth20_token.srf"); n != 0 {
				t.Errorf("token requests: got %d, want none", n)
			}

			b.open(right)
			s.wantState("default", tokens.Ready)
		})
	}
}

func TestConcurrentCallbacksRedeemOneCode(t *testing.T) {
	s := newSite(t, oauth.Config{})
	b := newBrowser(t)
	s.begin(b, "default")
	address, err := url.Parse(s.response(b))
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			res := b.send(http.MethodGet, address, nil, nil)
			res.Body.Close()
		})
	}
	all.Wait()
	if n := s.providerRequests("/oauth20_token.srf"); n != 1 {
		t.Errorf("token requests: got %d, want 1", n)
	}
	s.wantState("default", tokens.Ready)
}

// TestLoginCSRFIsRefused: an attacker begins a sign-in, signs in as themselves, and
// makes the victim's browser finish it. The victim would from then on write
// into the attacker's notebooks.
func TestLoginCSRFIsRefused(t *testing.T) {
	for _, mode := range []string{"query", "form_post", "fragment"} {
		t.Run(mode, func(t *testing.T) {
			s := newSite(t, entra(mode))
			attacker, victim := newBrowser(t), newBrowser(t)
			s.begin(attacker, "default")
			f := attacker.forms()[0]
			f.values.Set("decision", "accept")
			f.values.Set("user", "mallory@example.com")

			// The provider's response arrives in the other browser.
			victim.at = attacker.at
			victim.submit(f, nil)
			if victim.status != http.StatusBadRequest {
				t.Errorf("status: got %d, want 400", victim.status)
			}
			victim.sees("Another browser")
			if n := s.providerRequests("/token"); n != 0 {
				t.Errorf("token requests: got %d, want none", n)
			}
			s.wantState("default", tokens.SigningIn)
		})
	}
}

// TestSessionFixationIsRefused: a cookie that the attacker planted is of no use,
// because each sign-in sets a fresh one under a name of its own.
func TestSessionFixationIsRefused(t *testing.T) {
	s := newSite(t, oauth.Config{})
	b := newBrowser(t)
	s.begin(b, "default")
	b.open(s.url("/auth/default/signin"))
	before := b.jar.Cookies(b.at)
	s.begin(b, "default")
	b.open(s.url("/auth/default/signin"))
	after := b.jar.Cookies(b.at)
	if len(before) != 1 || len(after) != 2 {
		t.Fatalf("cookies: got %v then %v, want one for each sign-in", before, after)
	}
	if after[0].Name == after[1].Name || after[0].Value == after[1].Value {
		t.Errorf("cookies: got %v, want different names and values", after)
	}
}

func TestTwoTabsFinishInAnyOrder(t *testing.T) {
	s := newSite(t, oauth.Config{Name: "one"}, oauth.Config{Name: "two"})
	b := newBrowser(t)
	s.begin(b, "one")
	first := s.response(b)
	s.begin(b, "two")
	second := s.response(b)
	b.open(first)
	b.open(second)
	s.wantState("one", tokens.Ready)
	s.wantState("two", tokens.Ready)
}

// TestMixUpIsRefused: the state of one account counts at no other's callback.
func TestMixUpIsRefused(t *testing.T) {
	s := newSite(t, oauth.Config{Name: "one"}, oauth.Config{Name: "two"})
	b := newBrowser(t)
	s.begin(b, "one")
	address := strings.Replace(s.response(b), "/auth/one/", "/auth/two/", 1)
	b.open(address)
	b.sees("another account")
	if b.status != http.StatusBadRequest {
		t.Errorf("status: got %d, want 400", b.status)
	}
	s.wantState("two", tokens.SignedOut)
	s.wantState("one", tokens.SigningIn)
}

// TestInjectedCodeIsRefused: a code that was issued to another sign-in does not fit
// the verifier of this one.
func TestInjectedCodeIsRefused(t *testing.T) {
	s := newSite(t, entra())
	attacker, victim := newBrowser(t), newBrowser(t)
	s.begin(attacker, "default")
	stolen, _ := url.Parse(s.response(attacker))
	s.begin(victim, "default")
	own, _ := url.Parse(s.response(victim))
	v := own.Query()
	v.Set("code", stolen.Query().Get("code"))
	own.RawQuery = v.Encode()
	victim.open(own.String())
	victim.sees("Sign-in failed", "501481")
	s.wantState("default", tokens.SignedOut)
}

// TestInjectedTokenIsRefused: an access token does not count where a code was asked
// for, nor a code where a token was.
func TestInjectedTokenIsRefused(t *testing.T) {
	for _, tc := range []struct {
		name     string
		config   oauth.Config
		response url.Values
	}{
		{"token for a code", oauth.Config{}, url.Values{"access_token": {"injected"}, "token_type": {"bearer"}}},
		{"code for a token", oauth.Config{Flow: oauth.FlowToken}, url.Values{"code": {"injected"}}},
		{"nothing", oauth.Config{}, url.Values{}},
		{"refresh token in the fragment", oauth.Config{Flow: oauth.FlowToken}, url.Values{"refresh_token": {"injected"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newSite(t, tc.config)
			b := newBrowser(t)
			s.begin(b, "default")
			tc.response.Set("state", b.at.Query().Get("state"))
			tc.response.Set("from_page", "1")
			callback, _ := url.Parse(s.url("/auth/default/callback"))
			b.at = callback
			b.go_(http.MethodPost, callback, tc.response)
			b.sees("Sign-in failed", "wrong_answer")
			s.wantState("default", tokens.SignedOut)
			if n := s.providerRequests("/oauth20_token.srf"); n != 0 {
				t.Errorf("token requests: got %d, want none", n)
			}
		})
	}
}

func TestExpiredStateIsRefused(t *testing.T) {
	s := newSite(t, oauth.Config{})
	b := newBrowser(t)
	s.begin(b, "default")
	address := s.response(b)
	s.clock.advance(10 * time.Minute)
	b.open(address)
	if b.status != http.StatusBadRequest {
		t.Errorf("status: got %d, want 400", b.status)
	}
	b.sees("took longer than ten minutes")
	s.wantState("default", tokens.SignedOut)
}

// TestPendingSignInsAreBounded: the oldest sign-in of an account gives way to
// the thirty-third.
func TestPendingSignInsAreBounded(t *testing.T) {
	s := newSite(t, oauth.Config{Name: "one"}, oauth.Config{Name: "two"})
	b, patient := newBrowser(t), newBrowser(t)
	s.begin(patient, "two")
	other := s.response(patient)
	s.begin(b, "one")
	oldest := s.response(b)
	var second string
	for i := range 32 {
		s.begin(b, "one")
		if i == 0 {
			second = s.response(b)
		}
	}
	b.open(oldest)
	b.sees("not known here")
	b.open(second)
	s.wantState("one", tokens.Ready)
	patient.open(other)
	s.wantState("two", tokens.Ready)
}

func TestHeadDoesNotUseUpResponse(t *testing.T) {
	s := newSite(t, oauth.Config{})
	b := newBrowser(t)
	s.begin(b, "default")
	address, _ := url.Parse(s.response(b))
	res := b.send(http.MethodHead, address, nil, nil)
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("HEAD: got %s, want 200", res.Status)
	}
	b.open(address.String())
	s.wantState("default", tokens.Ready)
}

// TestReturnAddressIsIgnored: no parameter of ours says where to go, and nothing that
// a browser may send makes one of our redirects leave.
func TestReturnAddressIsIgnored(t *testing.T) {
	s := newSite(t, oauth.Config{})
	for _, evil := range []string{"//evil.example", "/\\evil.example", "https://evil.example", "%2f%2fevil.example"} {
		b := newBrowser(t)
		q := "?return_to=" + evil + "&redirect_uri=" + evil + "&next=" + evil
		b.open(s.url("/auth/default/signin" + q))
		b.press("/auth/default/signin", url.Values{"return_to": {evil}, "redirect_uri": {evil}})
		if got, want := b.at.Query().Get("redirect_uri"), s.url("/auth/default/callback"); got != want {
			t.Errorf("redirect_uri: got %s, want %s", got, want)
		}
		b.open(s.response(b) + "&return_to=" + evil)
		if got, want := b.at.String(), s.url("/"); got != want {
			t.Errorf("after the sign-in: got %s, want %s", got, want)
		}
	}
}

// TestHostHeaderDoesNotReachRedirectURI: what a client writes into Host, except
// for the port, is not passed to the provider or to another user.
func TestHostHeaderDoesNotReachRedirectURI(t *testing.T) {
	s := newSite(t, oauth.Config{})
	u, _ := url.Parse(s.url("/auth/default/signin"))
	req, err := http.NewRequest(http.MethodPost, u.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "onenote-proxy:8080"
	res, err := newBrowser(t).client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	location, err := res.Location()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := location.Query().Get("redirect_uri"), "http://localhost:8080/auth/default/callback"; got != want {
		t.Errorf("redirect_uri: got %s, want %s", got, want)
	}
}

// TestScriptIsEscaped: what the provider or a stranger writes is shown as
// text, wherever it is shown.
func TestScriptIsEscaped(t *testing.T) {
	const script = `"><script>alert(1)</script>`
	s := newSite(t, entra())
	b := newBrowser(t)
	s.begin(b, "default")
	b.open(s.url("/auth/default/callback?" + url.Values{
		"state": {b.at.Query().Get("state")}, "error": {script}, "error_description": {script}, "error_uri": {"javascript:alert(1)"},
	}.Encode()))
	b.sees("Sign-in failed")
	wantNoScript(t, b)

	s.begin(b, "default")
	b.decide("accept", script+"@example.com")
	b.sees("Ready", "<script>")
	wantNoScript(t, b)

	s.begin(b, "default")
	b.decide("accept", "eve"+script+"@example.com")
	b.sees("Replace the user", "<script>")
	wantNoScript(t, b)

	b.open(s.url("/auth/" + url.PathEscape(script) + "/signin"))
	wantNoScript(t, b)
}

func wantNoScript(t *testing.T, b *browser) {
	t.Helper()
	scripts := strings.Count(b.body, "<script")
	if scripts > 1 || strings.Contains(b.body, "javascript:") {
		t.Errorf("page at %s: got %s, want no script but ours", b.at, b.body)
	}
	sum := sha256.Sum256([]byte(b.text("script")))
	ours := "script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	if policy := b.header.Get("Content-Security-Policy"); scripts == 1 && !strings.Contains(policy, ours) {
		t.Errorf("page at %s: got a script that the policy does not allow: %s", b.at, policy)
	}
}

// TestEveryResponseHasSecurityHeaders: no page can be framed, kept or sniffed, loads anything from
// elsewhere, or says where the client was.
func TestEveryResponseHasSecurityHeaders(t *testing.T) {
	s := newSite(t, oauth.Config{}, oauth.Config{Name: "device", Flow: oauth.FlowDevice})
	b := newBrowser(t)
	want := map[string]string{
		"Cache-Control":              "no-store",
		"Cross-Origin-Opener-Policy": "same-origin",
		"Referrer-Policy":            "no-referrer",
		"X-Content-Type-Options":     "nosniff",
		"X-Frame-Options":            "DENY",
	}
	for _, path := range []string{
		"/", "/auth/status", "/auth/default/signin", "/auth/default/callback", "/auth/default/callback?code=x",
		"/auth/default/paste", "/auth/nobody/signin", "/auth/default/signin?attempt=x",
	} {
		b.open(s.url(path))
		for name, value := range want {
			if got := b.header.Get(name); got != value {
				t.Errorf("%s: %s: got %q, want %q", path, name, got, value)
			}
		}
		policy := b.header.Get("Content-Security-Policy")
		for _, directive := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(policy, directive) {
				t.Errorf("%s: policy: got %q, want %s", path, policy, directive)
			}
		}
		if strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy: got %q", path, policy)
		}
	}
}

func TestClientWithoutPermissionCannotSignIn(t *testing.T) {
	s := newSite(t, oauth.Config{})
	b := newBrowser(t)
	s.begin(b, "default")
	b.decide("accept", "")
	s.access.MaySignIn = false
	for _, path := range []string{"/", "/auth/default/signin"} {
		b.open(s.url(path))
		if n := len(b.forms()); n != 0 {
			t.Errorf("%s: got %d forms, want none", path, n)
		}
	}
	for _, action := range []string{"signin", "signout", "paste"} {
		u, _ := url.Parse(s.url("/auth/default/" + action))
		b.go_(http.MethodPost, u, url.Values{"address": {"https://x.example/?state=y"}})
		if b.status != http.StatusForbidden {
			t.Errorf("POST %s: got %d, want 403", action, b.status)
		}
	}
	s.wantState("default", tokens.Ready)
}

// TestBoundClientSeesOneAccount: a client with a key for one account learns of no other.
func TestBoundClientSeesOneAccount(t *testing.T) {
	s := newSite(t, oauth.Config{Name: "mine"}, oauth.Config{Name: "theirs"})
	s.access = signin.Access{Account: "mine", MaySignIn: true}
	b := newBrowser(t)
	for _, path := range []string{"/", "/auth/status"} {
		b.open(s.url(path))
		if !strings.Contains(b.body, "mine") || strings.Contains(b.body, "theirs") {
			t.Errorf("%s: got %s, want only the account mine", path, b.body)
		}
	}
	for _, action := range []string{"signin", "callback", "callback?code=x&state=y"} {
		b.open(s.url("/auth/theirs/" + action))
		if b.status != http.StatusNotFound {
			t.Errorf("%s: got %d, want 404", action, b.status)
		}
	}
}

// TestAuthorizationRequestHasFreshStateAndChallenge: state has 256 bits, PKCE is S256, and no two
// sign-ins share either.
func TestAuthorizationRequestHasFreshStateAndChallenge(t *testing.T) {
	s := newSite(t, entra())
	seen := map[string]bool{}
	for range 2 {
		b := newBrowser(t)
		s.begin(b, "default")
		q := b.at.Query()
		if got := q.Get("code_challenge_method"); got != "S256" {
			t.Errorf("code_challenge_method: got %q, want S256", got)
		}
		for _, name := range []string{"state", "code_challenge"} {
			v := q.Get(name)
			if len(v) != 43 || seen[v] {
				t.Errorf("%s: got %q, want 43 characters that were not used before", name, v)
			}
			seen[v] = true
		}
	}
}

func TestCookieIsBoundToSignIn(t *testing.T) {
	for _, tc := range []struct {
		public, path string
		secure       bool
	}{
		{"", "/auth/", false},
		{"https://notes.example", "/auth/", true},
		{"https://notes.example/onenote", "/onenote/auth/", true},
		{"http://intranet.example/notes/", "/notes/auth/", false},
	} {
		t.Run(tc.public, func(t *testing.T) {
			s := newSite(t, oauth.Config{})
			if tc.public != "" {
				u, _ := url.Parse(tc.public)
				s.pages.PublicURL = u
				s.access.Base = u
			}
			u, _ := url.Parse(s.url("/auth/default/signin"))
			res := newBrowser(t).send(http.MethodPost, u, nil, nil)
			res.Body.Close()
			cookies := res.Cookies()
			if len(cookies) != 1 {
				t.Fatalf("cookies: got %v, want one", cookies)
			}
			c := cookies[0]
			if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != tc.path || c.Secure != tc.secure || c.MaxAge != 600 || len(c.Value) != 43 {
				t.Errorf("cookie: got %s, want HttpOnly, Lax, path %s, secure %t, ten minutes", c, tc.path, tc.secure)
			}
		})
	}
}

func TestUnreadableFormsAreRefused(t *testing.T) {
	s := newSite(t, oauth.Config{})
	for _, tc := range []struct{ name, contentType, body string }{
		{"too large", "application/x-www-form-urlencoded", "address=" + strings.Repeat("a", 65<<10)},
		{"JSON", "application/json", `{"address":"x"}`},
		{"broken escape", "application/x-www-form-urlencoded", "address=%zz"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, action := range []string{"signin", "paste", "callback"} {
				res, err := http.Post(s.url("/auth/default/"+action), tc.contentType, strings.NewReader(tc.body))
				if err != nil {
					t.Fatal(err)
				}
				res.Body.Close()
				if res.StatusCode != http.StatusBadRequest {
					t.Errorf("%s: got %s, want 400", action, res.Status)
				}
			}
		})
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestOtherMethodsAreRefused(t *testing.T) {
	s := newSite(t, oauth.Config{})
	b := newBrowser(t)
	for _, tc := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"HEAD", "/", 200, ""},
		{"HEAD", "/auth/status", 200, ""},
		{"HEAD", "/auth/default/signin", 200, ""},
		{"POST", "/", 405, "GET, HEAD"},
		{"DELETE", "/auth/status", 405, "GET, HEAD"},
		{"PUT", "/auth/default/signin", 405, "GET, HEAD, POST"},
		{"OPTIONS", "/auth/default/callback", 405, "GET, HEAD, POST"},
		{"GET", "/auth/default/signout", 405, "POST"},
		{"GET", "/auth/default/paste", 405, "POST"},
		{"GET", "/auth/default/other", 404, ""},
		{"GET", "/auth/default", 404, ""},
		{"GET", "/auth/default/signin/", 404, ""},
		{"GET", "/auth/nobody/signin", 404, ""},
		{"GET", "/favicon.ico", 200, ""},
		{"POST", "/favicon.ico", 405, "GET, HEAD"},
	} {
		t.Run(fmt.Sprint(tc.method, tc.path), func(t *testing.T) {
			u, _ := url.Parse(s.url(tc.path))
			res := b.send(tc.method, u, nil, nil)
			res.Body.Close()
			if res.StatusCode != tc.status || res.Header.Get("Allow") != tc.allow {
				t.Errorf("got %d, Allow %q; want %d, %q", res.StatusCode, res.Header.Get("Allow"), tc.status, tc.allow)
			}
		})
	}
}

// TestIdentityFromBrowserIsIgnored: nobody asked for an id_token, and whoever signs in
// can write anything into the fragment. A forged name neither satisfies expected_user
// nor is shown.
func TestIdentityFromBrowserIsIgnored(t *testing.T) {
	claims := base64.RawURLEncoding.EncodeToString([]byte(`{"oid":"victim","sub":"victim","preferred_username":"victim@example.com","upn":"victim@example.com"}`))
	jwt := "eyJhbGciOiJub25lIn0." + claims + ".c2ln"
	for _, provider := range []oauth.Provider{oauth.MicrosoftAccount, oauth.AzureAD, oauth.Entra} {
		for name, add := range map[string]url.Values{
			"id_token":     {"id_token": {jwt}},
			"user_id":      {"user_id": {"victim"}},
			"access_token": {"access_token": {jwt}},
			"all":          {"id_token": {jwt}, "user_id": {"victim"}, "access_token": {jwt}},
		} {
			t.Run(string(provider)+" "+name, func(t *testing.T) {
				for _, expected := range []string{"", "victim@example.com", "victim"} {
					s := newSite(t, oauth.Config{Provider: provider, Flow: oauth.FlowToken, ExpectedUser: expected})
					b := newBrowser(t)
					s.begin(b, "default")
					u, err := url.Parse(s.response(b))
					if err != nil {
						t.Fatal(err)
					}
					v, err := url.ParseQuery(u.EscapedFragment())
					if err != nil {
						t.Fatal(err)
					}
					maps.Copy(v, add)
					u.RawFragment, u.Fragment = v.Encode(), ""
					b.open(strings.TrimSuffix(u.String(), "#") + "#" + v.Encode())
					if strings.Contains(b.body, "victim") && expected == "" {
						t.Errorf("page: got %s, want no forged name", b.body)
					}
					if got := s.status("default").User; got != nil {
						t.Errorf("user: got %q, want none", *got)
					}
					if expected == "" {
						s.wantState("default", tokens.Ready)
						continue
					}
					b.sees("unknown_user")
					s.wantState("default", tokens.SignedOut)
				}
			})
		}
	}
}
