// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// anApp is an app that insists on signing in by itself.
type anApp struct {
	s                *caddyServer
	authorize, token string // paths
	client, redirect string
	scope            string
	headers          []string // of what its browser sends
}

func liveApp(s *caddyServer) anApp {
	return anApp{s: s, authorize: "/oauth20_authorize.srf", token: "/oauth20_token.srf", client: "000000004C12AE6F",
		redirect: "http://localhost/callback", scope: "office.onenote_update wl.signin wl.offline_access"}
}

func v1App(s *caddyServer) anApp {
	return anApp{s: s, authorize: "/common/oauth2/authorize", token: "/common/oauth2/token", client: "an-app", redirect: "http://localhost/callback"}
}

func v2App(s *caddyServer) anApp {
	return anApp{s: s, authorize: "/common/oauth2/v2.0/authorize", token: "/common/oauth2/v2.0/token", client: "an-app",
		redirect: "http://localhost/callback", scope: "openid offline_access https://onenote.com/Notes.ReadWrite"}
}

// ask sends the browser to authorize and returns the response. Parameters are names and
// values; they replace the app's own.
func (a anApp) ask(params ...string) answered {
	a.s.t.Helper()
	q := url.Values{"response_type": {"code"}, "client_id": {a.client}, "redirect_uri": {a.redirect}, "state": {"the state"}}
	if a.scope != "" {
		q.Set("scope", a.scope)
	}
	set(q, params)
	headers := append([]string{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Sec-Fetch-Site", "cross-site", "Accept", "text/html"}, a.headers...)
	return a.s.get(a.authorize+"?"+q.Encode(), headers...)
}

func set(q url.Values, params []string) {
	for i := 0; i < len(params); i += 2 {
		q.Del(params[i])
		if params[i+1] != "" {
			q.Set(params[i], params[i+1])
		}
	}
}

// code returns a code.
func (a anApp) code(params ...string) string {
	a.s.t.Helper()
	res := a.ask(params...)
	code := parsed(a.s.t, res.Header.Get("Location")).Query().Get("code")
	if res.StatusCode != 302 || code == "" {
		a.s.t.Fatalf("got %d to %q, want a code: %s", res.StatusCode, res.Header.Get("Location"), res.body)
	}
	return code
}

func parsed(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// post sends a token request.
func (a anApp) post(form url.Values, headers ...string) answered {
	a.s.t.Helper()
	return a.s.do("POST", a.token, form.Encode(), append([]string{"Content-Type", "application/x-www-form-urlencoded"}, headers...)...)
}

// redeem redeems a code.
func (a anApp) redeem(code string, params ...string) answered {
	a.s.t.Helper()
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "client_id": {a.client}, "client_secret": {"any"}, "redirect_uri": {a.redirect}}
	set(form, params)
	return a.post(form)
}

func (a anApp) refresh(token string, params ...string) answered {
	a.s.t.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "client_id": {a.client}, "client_secret": {"any"}, "redirect_uri": {a.redirect}}
	set(form, params)
	return a.post(form)
}

// signIn signs in, and returns what the token endpoint has responded.
func (a anApp) signIn(params ...string) map[string]any {
	a.s.t.Helper()
	return a.s.tokens(a.redeem(a.code(params...)))
}

// tokens returns the fields of a token response.
func (s *caddyServer) tokens(res answered) map[string]any {
	s.t.Helper()
	fields := make(map[string]any)
	if err := json.Unmarshal([]byte(res.body), &fields); err != nil || res.StatusCode != 200 {
		s.t.Fatalf("got %d, want tokens: %s", res.StatusCode, res.body)
	}
	if res.Header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		s.t.Errorf("got %v, want JSON that is not stored", res.Header)
	}
	return fields
}

// wantError fails the test unless a token endpoint has refused with that error.
func (a answered) wantError(t *testing.T, status int, code string) {
	t.Helper()
	var e struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	_ = json.Unmarshal([]byte(a.body), &e)
	if a.StatusCode != status || e.Error != code || e.Description == "" {
		t.Errorf("got %d %s, want %d %s with a description", a.StatusCode, a.body, status, code)
	}
}

// open requests the notebooks with a key.
func (s *caddyServer) open(key string, headers ...string) answered {
	s.t.Helper()
	return s.get(notebooks, append([]string{"Authorization", "Bearer " + key}, headers...)...)
}

// appSite is a site where apps sign in, in front of the emulator, with its everlasting
// refresh token.
func appSite(t *testing.T, options ...string) (*microsoft, *caddyServer) {
	t.Helper()
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.plain(m, append([]string{"app_signin http://localhost/callback https://app.example/cb?x=1 myapp://done"}, options...)...))
	return m, s
}

func TestAppsSignInAsAtMicrosoft(t *testing.T) {
	m, s := appSite(t)
	for name, app := range map[string]anApp{"Live": liveApp(s), "v1": v1App(s), "v2": v2App(s)} {
		t.Run(name, func(t *testing.T) {
			got := app.signIn()
			key, refresh := got["access_token"].(string), got["refresh_token"].(string)
			s.open(key).want(t, 200, "")
			again := s.tokens(app.refresh(refresh))
			s.open(again["access_token"].(string)).want(t, 200, "")
			s.open(key).want(t, 200, "") // a refresh ends no key
			s.tokens(app.refresh(refresh))
			wantShape(t, name, got)
			wantShape(t, name, again)
		})
	}
	for _, r := range m.requests("/") {
		if text, _ := json.Marshal(r); strings.Contains(string(text), "onpxkey1") {
			t.Errorf("a key has reached Microsoft: %s", text)
		}
	}
}

// wantShape fails the test unless a token response has the shape of its service.
func wantShape(t *testing.T, service string, got map[string]any) {
	t.Helper()
	want := map[string]map[string]any{
		"Live": {"token_type": "bearer", "expires_in": 3600.0, "scope": "office.onenote_update wl.signin wl.offline_access"},
		"v1":   {"token_type": "Bearer", "expires_in": "3600", "ext_expires_in": "3600", "resource": "https://onenote.com/"},
		"v2":   {"token_type": "Bearer", "expires_in": 3600.0, "ext_expires_in": 3600.0, "scope": "openid offline_access https://onenote.com/Notes.ReadWrite"},
	}[service]
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s: got %v, want %v", name, got[name], value)
		}
	}
	present := map[string][]string{"Live": {"user_id"}, "v1": {"id_token", "expires_on", "not_before"}, "v2": {"id_token"}}[service]
	for _, name := range present {
		if text, ok := got[name].(string); !ok || text == "" {
			t.Errorf("%s: got %v, want a text", name, got[name])
		}
	}
}

func TestAuthorizeRespondsAsAsked(t *testing.T) {
	_, s := appSite(t)
	for name, tt := range map[string]struct {
		params []string
		want   string // of the Location
	}{
		"code in the query":               {nil, `^http://localhost/callback\?code=onpxkey1c\w+&state=the%20state$`},
		"code in the fragment":            {[]string{"response_mode", "fragment"}, `^http://localhost/callback#code=onpxkey1c\w+&state=the%20state$`},
		"token in the fragment":           {[]string{"response_type", "token", "scope", "wl.signin,office.onenote"}, `^http://localhost/callback#access_token=onpxkey1a[\w-]+&token_type=bearer&expires_in=3600&scope=wl.signin%2Coffice.onenote&user_id=\w+&state=the%20state$`},
		"id_token in the fragment":        {[]string{"response_type", "id_token"}, `^http://localhost/callback#id_token=[\w.-]+&state=the%20state$`},
		"code id_token in the fragment":   {[]string{"response_type", "id_token code"}, `^http://localhost/callback#code=onpxkey1c\w+&id_token=[\w.-]+&state=the%20state$`},
		"no state":                        {[]string{"state", ""}, `^http://localhost/callback\?code=\w+$`},
		"a port that is not listed":       {[]string{"redirect_uri", "http://localhost:3000/callback"}, `^http://localhost:3000/callback\?code=`},
		"a query of its own":              {[]string{"redirect_uri", "https://app.example/cb?x=1"}, `^https://app.example/cb\?x=1&code=`},
		"a scheme of its own":             {[]string{"redirect_uri", "myapp://done"}, `^myapp://done\?code=`},
		"unknown response type":           {[]string{"response_type", "code token"}, `^http://localhost/callback#error=unsupported_response_type&error_description=[^+]*&state=the%20state$`},
		"tokens in a query":               {[]string{"response_type", "token", "response_mode", "query"}, `^http://localhost/callback#error=invalid_request&`},
		"unknown mode":                    {[]string{"response_mode", "web_message"}, `^http://localhost/callback\?error=invalid_request&`},
		"unknown method of PKCE":          {[]string{"code_challenge", strings.Repeat("a", 43), "code_challenge_method", "S512"}, `^http://localhost/callback\?error=invalid_request&`},
		"a method without a challenge":    {[]string{"code_challenge_method", "S256"}, `^http://localhost/callback\?error=invalid_request&`},
		"unknown parameters":              {[]string{"foo", "bar", "display", "popup", "prompt", "select_account"}, `^http://localhost/callback\?code=`},
		"signed in, and nothing is shown": {[]string{"prompt", "none"}, `^http://localhost/callback\?code=`},
	} {
		t.Run(name, func(t *testing.T) {
			res := liveApp(s).ask(tt.params...)
			if got := res.Header.Get("Location"); res.StatusCode != 302 || !regexp.MustCompile(tt.want).MatchString(got) {
				t.Errorf("got %d to %s, want %s", res.StatusCode, got, tt.want)
			}
		})
	}
}

func TestStateComesBackUnchanged(t *testing.T) {
	_, s := appSite(t)
	for _, raw := range []string{"a;b", "%7B%22x%22%3A1%7D", "a+b%2Bc", "%E4%F6", "%22%3E%3Cscript%3E", "100%", "a%0D%0Ab"} {
		res := s.get("/oauth20_authorize.srf?response_type=code&client_id=x&redirect_uri=http://localhost/callback&state=" + raw)
		_, got, ok := strings.Cut(res.Header.Get("Location"), "&state=")
		want := lenient(raw)
		if back, err := url.PathUnescape(got); !ok || err != nil || back != want {
			t.Errorf("%s: got %q, want %q", raw, got, want)
		}
	}
}

// lenient decodes a parameter.
func lenient(raw string) string {
	raw = strings.ReplaceAll(raw, "+", " ")
	if text, err := url.PathUnescape(raw); err == nil {
		return text
	}
	return raw
}

func TestFormPostPagePostsToTheListedAddressOnly(t *testing.T) {
	_, s := appSite(t)
	res := v2App(s).ask("response_mode", "form_post", "response_type", "code id_token", "nonce", "n", "redirect_uri", "https://app.example/cb?x=1", "state", `"><script>alert(1)</script>`)
	if res.StatusCode != 200 || !strings.Contains(res.Header.Get("Content-Security-Policy"), "form-action 'self' https://app.example;") {
		t.Errorf("got %d, %q, want a page that may post to the app", res.StatusCode, res.Header.Get("Content-Security-Policy"))
	}
	for _, want := range []string{`action="https://app.example/cb?x=1"`, `name="code" value="onpxkey1c`, `name="id_token" value="ey`, `name="state" value="&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"`} {
		if !strings.Contains(res.body, want) {
			t.Errorf("the page lacks %s: %s", want, res.body)
		}
	}
	if s := v2App(s).ask("response_mode", "form_post", "redirect_uri", "myapp://done"); !strings.Contains(s.body, `action="myapp://done"`) || !strings.Contains(s.Header.Get("Content-Security-Policy"), "form-action 'self' myapp:;") {
		t.Errorf("a scheme of an app: got %q, %s", s.Header.Get("Content-Security-Policy"), s.body)
	}
}

// What is not listed is shown, and nobody is sent there.
func TestUnlistedRedirectURIsAreNotFollowed(t *testing.T) {
	_, s := appSite(t)
	for _, uri := range []string{
		"https://evil.example/callback", "http://localhost", "http://localhost/", "http://localhost/callback/", "http://localhost/callback2", "http://localhost/Callback",
		"http://localhost/callback?x", "http://localhost/callback#x", "http://localhost/callback/../x", "http://localhost/x/../callback", "http://localhost/%63allback", "http://localhost//callback",
		"http://localhost@evil.example/callback", "http://localhost:80@evil.example/callback", "http://evil@localhost/callback", "http://localhost.evil.example/callback",
		"http://localhost:/callback", "http://localhost:0/callback", "http://localhost:65536/callback", "http://localhost:080/callback", "http://localhost:80:80/callback", "http://localhost:x/callback",
		"http://localhost\\.evil.example/callback", "http:/localhost/callback", "http:localhost/callback", "//localhost/callback", "/callback", "HTTP://localhost/callback",
		"http://LOCALHOST/callback", "http://127.0.0.1/callback", "http://[::1]/callback", "http://localhost./callback", "https://localhost/callback", " http://localhost/callback", "http://localhost/callback ", "http://localhost/callback\r\nX: y",
		"https://app.example/cb", "https://app.example/cb?x=1&y=2", "https://app.example:443/cb?x=1", "https://app.example/cb?x=%31", "https://app.example/cb?x=1#", "myapp://done/", "myapp:done", "MYAPP://done",
		"javascript:alert(1)", "data:text/html,x", "https://app.example/cb?x=1\x00",
	} {
		res := liveApp(s).ask("redirect_uri", uri)
		if res.StatusCode != 400 || res.Header.Get("Location") != "" || !strings.Contains(res.body, "<pre>") {
			t.Errorf("%q: got %d to %q, want a page", uri, res.StatusCode, res.Header.Get("Location"))
		}
	}
	res := liveApp(s).ask("redirect_uri", "https://other.example/cb")
	if !strings.Contains(res.body, "<pre>app_signin https://other.example/cb</pre>") {
		t.Errorf("the page does not say what to add: %s", res.body)
	}
	base := "/oauth20_authorize.srf?response_type=code&client_id=x&redirect_uri=http://localhost/callback&redirect_uri="
	if res := s.get(base + "https://evil.example/"); res.StatusCode != 400 || res.Header.Get("Location") != "" {
		t.Errorf("two addresses: got %d to %q, want a page", res.StatusCode, res.Header.Get("Location"))
	}
	for _, missing := range []string{"redirect_uri", "client_id"} {
		if res := liveApp(s).ask(missing, ""); res.StatusCode != 400 || res.Header.Get("Location") != "" {
			t.Errorf("no %s: got %d, want a page", missing, res.StatusCode)
		}
	}
}

func TestScriptInAParameterStaysText(t *testing.T) {
	_, s := appSite(t)
	const script = `"'><script>alert(1)</script>`
	for _, name := range []string{"response_type", "client_id", "redirect_uri", "scope", "state", "response_mode", "prompt", "nonce", "resource", "code_challenge", "login_hint", "other" + script} {
		for _, path := range []string{"/oauth20_authorize.srf", "/common/oauth2/authorize", "/common/oauth2/v2.0/authorize"} {
			app := liveApp(s)
			app.authorize = path
			for _, params := range [][]string{{name, script}, {"response_mode", "form_post", name, script}} {
				if res := app.ask(params...); strings.Contains(res.body, "<script>alert") || strings.ContainsAny(res.Header.Get("Location"), "<>\"'") {
					t.Errorf("%s %v: got %s to %q", path, params, res.body, res.Header.Get("Location"))
				}
			}
		}
		for _, path := range []string{"/oauth20_logout.srf", "/common/oauth2/logout", "/oauth20_desktop.srf", "/devicelogin"} {
			if res := s.get(path + "?" + url.Values{name: {script}, "post_logout_redirect_uri": {script}}.Encode()); strings.Contains(res.body, "<script>alert") {
				t.Errorf("%s: got %s", path, res.body)
			}
		}
		if res := liveApp(s).redeem("x", name, script); strings.Contains(res.body, "script>") {
			t.Errorf("token, %s: got %s", name, res.body)
		}
	}
}

func TestCodesAreBoundToClientRedirectAndVerifier(t *testing.T) {
	_, s := appSite(t)
	verifier := strings.Repeat("v", 50)
	sum := sha256.Sum256([]byte(verifier))
	s256 := []string{"code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]), "code_challenge_method", "S256"}
	plain := []string{"code_challenge", verifier}
	for name, tt := range map[string]struct {
		ask, redeem []string
		want        string // error; empty: tokens
	}{
		"as issued":                  {nil, nil, ""},
		"another client":             {nil, []string{"client_id", "other"}, "invalid_grant"},
		"no client":                  {nil, []string{"client_id", ""}, "invalid_request"},
		"another redirect":           {nil, []string{"redirect_uri", "http://localhost:81/callback"}, "invalid_grant"},
		"no redirect":                {nil, []string{"redirect_uri", ""}, "invalid_grant"},
		"no secret":                  {nil, []string{"client_secret", ""}, ""},
		"S256":                       {s256, []string{"code_verifier", verifier}, ""},
		"S256, another verifier":     {s256, []string{"code_verifier", verifier + "x"}, "invalid_grant"},
		"S256, no verifier":          {s256, nil, "invalid_grant"},
		"S256, the challenge":        {s256, []string{"code_verifier", s256[1]}, "invalid_grant"},
		"plain":                      {plain, []string{"code_verifier", verifier}, ""},
		"plain, another verifier":    {plain, []string{"code_verifier", verifier + "x"}, "invalid_grant"},
		"verifier, but no challenge": {nil, []string{"code_verifier", verifier}, "invalid_grant"},
		"misspelled parameter":       {nil, []string{"code_verifer", verifier}, "invalid_request"},
		"telemetry":                  {nil, []string{"x-client-SKU", "msal.js.node", "client_info", "1"}, ""},
		"unknown grant":              {nil, []string{"grant_type", "password"}, "unsupported_grant_type"},
	} {
		t.Run(name, func(t *testing.T) {
			app := v2App(s)
			res := app.redeem(app.code(tt.ask...), tt.redeem...)
			if tt.want == "" {
				s.tokens(res)
				return
			}
			res.wantError(t, 400, tt.want)
		})
	}
}

func TestClientCredentialsMayComeAsBasic(t *testing.T) {
	_, s := appSite(t, "client_key other a-client-key")
	app := v2App(s)
	app.headers = []string{"X-Onenote-Proxy-Key", "a-client-key"}
	form := func() url.Values {
		return url.Values{"grant_type": {"authorization_code"}, "code": {app.code("client_id", "an app/ü")}, "redirect_uri": {app.redirect}}
	}
	basic := func(user string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":any-secret"))
	}
	s.tokens(app.post(form(), "Authorization", basic("an app/ü")))
	s.tokens(app.post(form(), "Authorization", basic(url.QueryEscape("an app/ü"))))
	app.post(form(), "Authorization", basic("another")).wantError(t, 400, "invalid_grant")
	for range 30 { // none of them counts as a wrong client key
		app.post(url.Values{"grant_type": {"x"}, "client_id": {"x"}}, "Authorization", basic("x")).wantError(t, 400, "unsupported_grant_type")
	}
	s.get(notebooks, "Authorization", "Bearer a-client-key").want(t, 200, "")
}

func TestTokenRequestsAreReadStrictly(t *testing.T) {
	_, s := appSite(t)
	app := liveApp(s)
	for _, body := range map[string]string{
		"doubled":   "grant_type=refresh_token&client_id=x&client_id=x",
		"unknown":   "grant_type=refresh_token&client_id=x&foo=bar",
		"empty":     "",
		"too large": "grant_type=refresh_token&client_id=x&scope=" + strings.Repeat("x", 70<<10),
	} {
		s.do("POST", app.token, body, "Content-Type", "application/x-www-form-urlencoded").wantError(t, 400, "invalid_request")
	}
	s.do("POST", app.token, `{"grant_type":"refresh_token"}`, "Content-Type", "application/json").wantError(t, 400, "invalid_request")
	s.get(app.token).want(t, 405, "method_not_allowed")
	app.refresh("MCvePE...$$ of Microsoft").wantError(t, 400, "invalid_grant")
	if strings.Contains(s.log(), "MCvePE") {
		t.Error("a refresh token of Microsoft is in the log")
	}
	v1App(s).refresh("AAABAAA").wantError(t, 400, "invalid_grant")
}

func TestReplayedCodeRevokesWhatItGave(t *testing.T) {
	m, s := appSite(t)
	app := liveApp(s)
	code := app.code()
	got := s.tokens(app.redeem(code))
	key, refresh := got["access_token"].(string), got["refresh_token"].(string)
	other := app.signIn()
	again := s.tokens(app.refresh(refresh))
	app.redeem(code).wantError(t, 400, "invalid_grant")
	for range 2 {
		s.open(key).want(t, 401, "signin_required")
		s.open(again["access_token"].(string)).want(t, 401, "signin_required")
		app.refresh(refresh).wantError(t, 400, "invalid_grant")
		s.open(other["access_token"].(string)).want(t, 200, "")
		s.restart(s.plain(m, "app_signin http://localhost/callback")) // what was revoked stays so
	}
	if record := read(t, filepath.Join(s.dir, "storage", "onenote", "app_signin", "revoked.json")); !strings.Contains(record, `"sealed"`) {
		t.Errorf("the revocations are not sealed: %s", record)
	}
}

func TestOneOfEightRedemptionsAtOnceSucceeds(t *testing.T) {
	_, s := appSite(t)
	app := liveApp(s)
	code := app.code()
	var wg sync.WaitGroup
	results := make([]answered, 8)
	for i := range results {
		wg.Go(func() { results[i] = app.redeem(code) })
	}
	wg.Wait()
	var keys []string
	for _, res := range results {
		if res.StatusCode == 200 {
			keys = append(keys, s.tokens(res)["access_token"].(string))
		}
	}
	if len(keys) != 1 {
		t.Fatalf("%d redemptions succeeded, want 1", len(keys))
	}
	s.open(keys[0]).want(t, 401, "signin_required")
}

// restart loads a configuration as a new process does: nothing is left in memory.
func (s *caddyServer) restart(config string) {
	s.t.Helper()
	if err := caddy.Stop(); err != nil {
		s.t.Fatal(err)
	}
	s.mustLoad(config)
}

func TestIDTokensAreSignedWithAKeyThatSurvivesRestarts(t *testing.T) {
	m, s := appSite(t)
	app := v2App(s)
	app.authorize, app.token = "/contoso.com/oauth2/v2.0/authorize", "/contoso.com/oauth2/v2.0/token"
	metadata := s.tokens(s.get("/contoso.com/v2.0/.well-known/openid-configuration"))
	keys := s.get("/contoso.com/discovery/v2.0/keys").body
	got := app.signIn("nonce", "the-nonce")
	claims := verified(t, keys, got["id_token"].(string))
	if claims["iss"] != metadata["issuer"] || claims["iss"] != s.url+"/contoso.com/v2.0" || claims["aud"] != "an-app" || claims["nonce"] != "the-nonce" {
		t.Errorf("got %v, want issuer %v, audience and nonce", claims, metadata["issuer"])
	}
	res := app.ask("response_type", "code id_token", "nonce", "n2")
	fragment, err := url.ParseQuery(parsed(t, res.Header.Get("Location")).Fragment)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(fragment.Get("code")))
	hybrid := verified(t, keys, fragment.Get("id_token"))
	if hybrid["c_hash"] != base64.RawURLEncoding.EncodeToString(sum[:16]) || hybrid["nonce"] != "n2" {
		t.Errorf("got %v, want c_hash and nonce", hybrid)
	}
	s.restart(s.plain(m, "app_signin http://localhost/callback"))
	if again := s.get("/common/discovery/keys").body; again != keys {
		t.Errorf("after a restart: got the keys %s, want %s", again, keys)
	}
	after := verified(t, keys, app.signIn()["id_token"].(string))
	for _, name := range []string{"oid", "tid", "sub", "preferred_username"} {
		if claims[name] == nil || claims[name] != after[name] || claims[name] != hybrid[name] {
			t.Errorf("%s: got %v, then %v, want the same", name, claims[name], after[name])
		}
	}
	if info := s.tokens(s.get("/common/openid/userinfo", "Authorization", "Bearer "+got["access_token"].(string))); info["sub"] != claims["sub"] {
		t.Errorf("got %v from userinfo, want the sub of the id_token", info)
	}
}

// verified returns the claims of an id_token that one of the keys verifies.
func verified(t *testing.T, keys, token string) map[string]any {
	t.Helper()
	var set jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(keys), &set); err != nil {
		t.Fatal(err)
	}
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatalf("%v: %s", err, token)
	}
	claims := make(map[string]any)
	if len(set.Key(parsed.Headers[0].KeyID)) != 1 || !set.Keys[0].IsPublic() {
		t.Fatalf("the key %q is not in %s", parsed.Headers[0].KeyID, keys)
	}
	if err := parsed.Claims(set.Key(parsed.Headers[0].KeyID)[0].Key, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestMetadataLeadsToEndpoints(t *testing.T) {
	_, s := appSite(t, "public_url http://localhost:1/below")
	for _, version := range []string{"", "/v2.0"} {
		got := s.tokens(s.get("/organizations" + version + "/.well-known/openid-configuration"))
		if got["issuer"] != "http://localhost:1/below/organizations"+version {
			t.Errorf("got the issuer %v", got["issuer"])
		}
		for _, name := range []string{"authorization_endpoint", "token_endpoint", "device_authorization_endpoint", "end_session_endpoint", "userinfo_endpoint", "jwks_uri"} {
			address, _ := got[name].(string)
			path, ok := strings.CutPrefix(address, "http://localhost:1/below")
			if !ok {
				t.Errorf("%s: got %q, want it below the public URL", name, address)
			}
			if res := s.get(path); res.StatusCode == 404 {
				t.Errorf("%s: there is nothing at %s", name, path)
			}
		}
	}
}

func TestKeyEndsWithItsSignIn(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	config := s.config("client_id test\nauthority "+m.url, "onenote "+m.url+" {\napp_signin http://localhost/callback\n}")
	s.mustLoad(config)
	s.signIn(browser(), "default", "first@outlook.com")
	app := v2App(s)
	got := app.signIn()
	key, refresh := got["access_token"].(string), got["refresh_token"].(string)
	code := app.code()
	s.open(key).want(t, 200, "")
	s.adminDo("POST", "/onenote/accounts/default/refresh", "")
	s.open(key).want(t, 200, "") // a refresh of ours is the same sign-in
	s.restart(config)
	s.open(key).want(t, 200, "")
	s.tokens(app.refresh(refresh))

	s.adminDo("DELETE", "/onenote/accounts/default", "")
	s.open(key).want(t, 401, "signin_required")
	app.refresh(refresh).wantError(t, 400, "invalid_grant")
	app.redeem(code).wantError(t, 400, "invalid_grant")
	s.signIn(browser(), "default", "next@outlook.com")
	s.get(notebooks).want(t, 200, "")
	for _, dead := range []string{key, "onpxkey1a" + strings.Repeat("A", 80), "onpxkey1", key + "x", "onpxkey1r" + key[9:], refresh} {
		res := s.open(dead)
		res.want(t, 401, "signin_required")
		if !strings.Contains(res.body, `"code":"40001"`) || res.Header.Get("WWW-Authenticate") != "" {
			t.Errorf("got %v %s, want OneNote's shape", res.Header, res.body)
		}
		s.get(notebooks+"?access_token="+dead).want(t, 401, "signin_required")
	}
	app.refresh(refresh).wantError(t, 400, "invalid_grant")
	app.refresh(key).wantError(t, 400, "invalid_grant")
}

func TestAppWaitsForThePersonToSignIn(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config("client_id test\nauthority "+m.url, "onenote "+m.url+" {\napp_signin http://localhost/callback\n}"))
	app := v2App(s)
	none := app.ask("prompt", "none")
	if got := none.Header.Get("Location"); !strings.HasPrefix(got, "http://localhost/callback?error=login_required&") || !strings.HasSuffix(got, "&state=the%20state") {
		t.Errorf("prompt=none: got %q", got)
	}
	first := app.ask()
	page := parsed(t, s.url+app.authorize).ResolveReference(parsed(t, first.Header.Get("Location")))
	if page.Path != "/auth/default/signin" || page.Query().Get("app") == "" {
		t.Fatalf("got %s, want our sign-in page", page)
	}
	client := browser()
	var back string
	client.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		if r.URL.Host == "localhost" && r.URL.Path == "/callback" {
			back = r.URL.String()
			return http.ErrUseLastResponse
		}
		return nil
	}
	res := s.submit(client, page.String(), url.Values{"app": {page.Query().Get("app")}})
	s.submit(client, res.Request.URL.String(), url.Values{"user": {"someone@outlook.com"}, "decision": {"accept"}})
	u := parsed(t, back)
	if u.Query().Get("state") != "the state" || u.Query().Get("code") == "" {
		t.Fatalf("the app is sent to %q, want a code and its state", back)
	}
	got := s.tokens(app.redeem(u.Query().Get("code")))
	s.open(got["access_token"].(string)).want(t, 200, "")
	if html := s.get(page.RequestURI()).body; !strings.Contains(html, `name="app" value="`+page.Query().Get("app")+`"`) {
		t.Errorf("the form forgets the app: %s", html)
	}
	for _, made := range []string{"//evil.example", "https://evil.example", "x"} {
		if html := s.get("/auth/default/signin?app=" + url.QueryEscape(made)).body; strings.Contains(html, made+`"`) && made != "x" {
			t.Errorf("%s: got %s", made, html)
		}
	}
}

func TestRemoteClientsCannotLetAppsSignIn(t *testing.T) {
	m, s := appSite(t, "client_key a a-client-key")
	app := v2App(s)
	app.headers = []string{"X-Onenote-Proxy-Key", "a-client-key"}
	key := app.signIn()["access_token"].(string)
	remote := []string{"X-Forwarded-For", "192.0.2.1", "X-Onenote-Proxy-Key", "a-client-key", "Content-Type", "application/x-www-form-urlencoded"}
	for _, path := range []string{app.authorize + "?client_id=x&response_type=code&redirect_uri=http://localhost/callback", "/oauth20_authorize.srf", "/devicelogin"} {
		s.get(path, remote...).want(t, 403, "forbidden_client")
	}
	for _, path := range []string{app.token, "/oauth20_token.srf", "/common/oauth2/devicecode", "/common/oauth2/v2.0/devicecode"} {
		s.do("POST", path, "client_id=x", remote...).want(t, 403, "forbidden_client")
	}
	s.open(key, "X-Forwarded-For", "192.0.2.1").want(t, 200, "") // as with a client key

	s.mustLoad(s.plain(m, "app_signin http://localhost/callback", "client_key a a-client-key", "allow_remote_signin"))
	app.headers = remote[:4]
	got := s.tokens(app.redeem(app.code()))
	s.open(got["access_token"].(string), "X-Forwarded-For", "192.0.2.1").want(t, 200, "")
	app.headers = remote[:2]
	if res := app.ask(); res.StatusCode != 401 || res.Header.Get("WWW-Authenticate") == "" {
		t.Errorf("without a client key: got %d %v, want 401 and a challenge", res.StatusCode, res.Header)
	}
}

func TestKeyedSiteAsksForKeysOnlyWhereAPersonComes(t *testing.T) {
	_, s := appSite(t, "client_key a a-client-key")
	app := v2App(s)
	if res := app.ask(); res.StatusCode != 401 || !strings.HasPrefix(res.Header.Get("WWW-Authenticate"), "Basic") {
		t.Errorf("authorize: got %d, want 401 and a challenge", res.StatusCode)
	}
	if res := s.get("/devicelogin"); res.StatusCode != 401 {
		t.Errorf("device page: got %d, want 401", res.StatusCode)
	}
	s.get("/common/v2.0/.well-known/openid-configuration").want(t, 200, "")
	s.get("/common/discovery/v2.0/keys").want(t, 200, "")
	s.do("POST", "/common/oauth2/v2.0/devicecode", "client_id=x", "Content-Type", "application/x-www-form-urlencoded").want(t, 200, "")
	app.redeem("x").wantError(t, 400, "invalid_grant")
	s.get(notebooks).want(t, 403, "forbidden_client")

	app.headers = []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("me:a-client-key"))}
	key := app.signIn()["access_token"].(string)
	s.open(key).want(t, 200, "")
	s.get(notebooks+"?access_token="+key).want(t, 200, "")
	s.get(notebooks, "X-Onenote-Proxy-Key", key).want(t, 200, "")
	s.get(notebooks, "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("me:"+key))).want(t, 200, "")
	s.open(key, "X-Onenote-Proxy-Key", "wrong").want(t, 403, "forbidden_client")
	for range 30 { // keys of apps are no guesses
		s.get("/", "Authorization", "Bearer "+key).want(t, 401, "forbidden_client")
		s.open(key+"x").want(t, 401, "signin_required")
	}
	s.do("POST", "/auth/default/signout", "", "Authorization", "Bearer "+key).want(t, 401, "forbidden_client")
	s.get(notebooks, "Authorization", "Bearer a-client-key").want(t, 200, "")
}

func TestSiteWithoutKeysStillAsksForNone(t *testing.T) {
	_, s := appSite(t)
	liveApp(s).signIn()
	s.get(notebooks).want(t, 200, "")
	s.get(notebooks, "Authorization", "Bearer of Microsoft").want(t, 200, "")
}

func TestKeyOpensItsOwnAccountOnly(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	other := freePort(t)
	accounts := "client_id test\nauthority " + m.url + "\naccount one {\nrefresh_token emulator-refresh-token\n}\naccount two {\nrefresh_token emulator-refresh-token\n}"
	s.mustLoad(s.config(accounts, "onenote "+m.url+" {\naccount one\napp_signin http://localhost/callback\nclient_key two key-of-two two\n}\n}\nhttp://:"+other+" {\nbind 127.0.0.1\nonenote "+m.url+" {\naccount two\napp_signin http://localhost/callback\n}"))
	app := v2App(s)
	app.headers = []string{"X-Onenote-Proxy-Key", "key-of-two"}
	two := app.signIn()["access_token"].(string)
	second := *s
	second.url = "http://localhost:" + other
	app2 := v2App(&second)
	fromSecond := app2.signIn()["access_token"].(string)
	s.open(two).want(t, 200, "")
	s.open(fromSecond).want(t, 401, "signin_required") // the second asks nobody for a client key
	second.open(two).want(t, 200, "")

	s.mustLoad(s.config(accounts, "onenote "+m.url+" {\naccount one\napp_signin http://localhost/callback\n}"))
	app.headers = nil
	one := app.signIn()["access_token"].(string)
	s.open(one).want(t, 200, "")
	s.open(two).want(t, 403, "unknown_account")
	s.open(one, "X-Onenote-Proxy-Key", two).want(t, 403, "unknown_account")
}

func TestForeignPagesGetNothingAndBurnNothing(t *testing.T) {
	_, s := appSite(t, "allowed_origins https://app.example")
	app := v2App(s)
	code := app.code()
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "client_id": {app.client}, "redirect_uri": {app.redirect}}
	wantNoCORS := func(res answered) {
		t.Helper()
		res.want(t, 403, "forbidden_origin")
		for name := range res.Header {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s %s: got %s for a foreign origin", res.Request.Method, res.Request.URL.Path, name)
			}
		}
	}
	for _, headers := range [][]string{{"Origin", "https://evil.example"}, {"Origin", "null"}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}} {
		wantNoCORS(app.post(form, headers...))
		wantNoCORS(s.get("/common/v2.0/.well-known/openid-configuration", headers...))
		wantNoCORS(s.get(app.authorize+"?response_type=code&client_id=x&redirect_uri=http://localhost/callback", headers...))
		wantNoCORS(s.do("POST", "/devicelogin", "code=x", headers...))
		wantNoCORS(s.get("/v5.0/me", headers...))
	}
	wantNoCORS(s.get(app.authorize+"?response_type=code&client_id=x&redirect_uri=http://localhost/callback", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"))
	wantNoCORS(s.do("OPTIONS", app.token, "", "Origin", "https://evil.example", "Access-Control-Request-Method", "POST"))
	if res := app.post(form, "Origin", "https://app.example"); res.StatusCode != 200 || res.Header.Get("Access-Control-Allow-Origin") != "https://app.example" {
		t.Errorf("an allowed origin: got %d %v", res.StatusCode, res.Header)
	}
}

func TestLogoutLeadsToListedAddressesOnlyAndClearsNothing(t *testing.T) {
	_, s := appSite(t)
	key := liveApp(s).signIn()["access_token"].(string)
	for _, query := range []string{"/common/oauth2/logout?post_logout_redirect_uri=", "/common/oauth2/v2.0/logout?state=s&post_logout_redirect_uri=", "/oauth20_logout.srf?client_id=x&redirect_uri="} {
		res := s.get(query + "http://localhost:99/callback")
		if got := res.Header.Get("Location"); res.StatusCode != 302 || !strings.HasPrefix(got, "http://localhost:99/callback") || strings.Contains(query, "state") && got != "http://localhost:99/callback?state=s" {
			t.Errorf("%s: got %d to %q", query, res.StatusCode, got)
		}
		if res := s.get(query + "https://evil.example/"); res.StatusCode != 200 || res.Header.Get("Location") != "" {
			t.Errorf("%s: got %d to %q, want a page", query, res.StatusCode, res.Header.Get("Location"))
		}
	}
	s.open(key).want(t, 200, "")
	s.get("/oauth20_desktop.srf?code=x").want(t, 200, "")
}

func TestDevicesGetKeysOnceAPersonAllowsThem(t *testing.T) {
	_, s := appSite(t)
	const form = "application/x-www-form-urlencoded"
	v1 := s.tokens(s.do("POST", "/common/oauth2/devicecode", "client_id=tv&resource=https%3A%2F%2Fonenote.com%2F", "Content-Type", form))
	v2 := s.tokens(s.do("POST", "/common/oauth2/v2.0/devicecode", "client_id=tv&scope=offline_access", "Content-Type", form))
	if v1["verification_url"] != s.url+"/devicelogin" || v1["expires_in"] != "900" || v1["interval"] != "5" || v1["message"] == nil {
		t.Errorf("v1: got %v", v1)
	}
	if v2["verification_uri"] != s.url+"/devicelogin" || v2["expires_in"] != 900.0 || v2["interval"] != 5.0 {
		t.Errorf("v2: got %v", v2)
	}
	poll1 := func() answered {
		return s.do("POST", "/common/oauth2/token", "grant_type=device_code&client_id=tv&resource=https%3A%2F%2Fonenote.com%2F&code="+v1["device_code"].(string), "Content-Type", form)
	}
	poll2 := func(client string) answered {
		return s.do("POST", "/common/oauth2/v2.0/token", "grant_type=urn:ietf:params:oauth:grant-type:device_code&client_id="+client+"&device_code="+v2["device_code"].(string), "Content-Type", form)
	}
	poll1().wantError(t, 400, "authorization_pending")
	poll2("other").wantError(t, 400, "invalid_grant")
	decide := func(code any, decision string) answered {
		text := code.(string)
		return s.do("POST", "/devicelogin", url.Values{"code": {strings.ToLower(text[:4] + "-" + text[4:])}, "decision": {decision}}.Encode(), "Content-Type", form)
	}
	if res := decide(v1["user_code"], ""); !strings.Contains(res.body, "<strong>tv</strong>") {
		t.Errorf("got %s, want a question about the app", res.body)
	}
	poll1().wantError(t, 400, "authorization_pending")
	decide(v1["user_code"], "allow")
	got := s.tokens(poll1())
	s.open(got["access_token"].(string)).want(t, 200, "")
	poll1().wantError(t, 400, "invalid_grant") // and it revokes
	s.open(got["access_token"].(string)).want(t, 401, "signin_required")
	decide(v2["user_code"], "decline")
	poll2("tv").wantError(t, 400, "authorization_declined")
	s.do("POST", "/common/oauth2/v2.0/token", "grant_type=urn:ietf:params:oauth:grant-type:device_code&client_id=tv&device_code=x", "Content-Type", form).wantError(t, 400, "expired_token")
	if res := decide("WRONGCODE", "allow"); !strings.Contains(res.body, "No device waits") {
		t.Errorf("a wrong code: got %s", res.body)
	}
}

func TestLiveProfileIsServed(t *testing.T) {
	_, s := appSite(t)
	app := liveApp(s)
	got := app.signIn()
	me := s.tokens(s.get("/v5.0/me?access_token=" + got["access_token"].(string)))
	if me["id"] != got["user_id"] || me["emails"] == nil || me["name"] == "" {
		t.Errorf("got %v, want the user %v", me, got["user_id"])
	}
	if res := s.get("/v5.0/me", "Authorization", "Bearer x"); res.StatusCode != 401 || !strings.Contains(res.body, "request_token_invalid") {
		t.Errorf("got %d %s, want Live's refusal", res.StatusCode, res.body)
	}
}

// An app may put its key anywhere: nothing of it goes upstream.
func TestKeysNeverGoUpstream(t *testing.T) {
	m, s := appSite(t)
	got := v2App(s).signIn()
	for _, secret := range []string{got["access_token"].(string), got["refresh_token"].(string)} {
		key := got["access_token"].(string)
		html := "<html><head><title>" + secret + "</title></head><body>" + strings.Repeat("text ", 9000) + secret + "</body></html>"
		s.do("POST", "/api/v1.0/me/notes/pages?access_token="+key, html, "Content-Type", "text/html").want(t, 201, "")
		s.get(notebooks+"?$top=1&token="+secret, "Authorization", "Bearer "+key, "X-Auth", "Bearer "+secret, "Cookie", "k="+secret).want(t, 200, "")
		s.get("/api/v1.0/me/notes/pages/"+secret, "Authorization", "Bearer "+key)
	}
	all := string(m.control("GET", "requests", ""))
	if strings.Contains(all, "onpxkey1") || !strings.Contains(all, "xxxxxxxx") {
		t.Errorf("upstream has seen a key, or nothing was overwritten: %s", all)
	}
	pages := s.get("/api/v1.0/me/notes/pages?$top=100").body
	if strings.Contains(pages, "onpxkey1") || !strings.Contains(pages, strings.Repeat("x", 60)) {
		t.Errorf("a key is in a page that was created: %s", pages)
	}
}

func TestNothingOfAnAppsSignInIsLogged(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config(importedAccount(m), "log\nonenote "+m.url+" {\napp_signin http://localhost/callback\n}", "debug\nservers {\nlog_credentials\n}"))
	app := v2App(s)
	code := app.code("state", "canary-state")
	got := s.tokens(app.redeem(code, "client_secret", "canary-secret"))
	key, refresh := got["access_token"].(string), got["refresh_token"].(string)
	implicit := app.ask("response_type", "token").Header.Get("Location")
	s.open(key).want(t, 200, "")
	s.get(notebooks+"?access_token="+key).want(t, 200, "")
	s.get(notebooks, "X-Token", key).want(t, 200, "")
	s.get(notebooks, "Referer", s.url+"/oauth20_desktop.srf?code="+code).want(t, 200, "")
	s.get("/v5.0/me?access_token="+key).want(t, 200, "")
	s.get("/api/v1.0/me/notes/pages/"+key).want(t, 404, "")
	s.open(key+"x").want(t, 401, "signin_required")
	app.refresh(refresh)
	app.redeem(code)
	app.refresh("canary-token-of-microsoft")
	text := s.log() + readAll(t, filepath.Join(s.dir, "storage"))
	for _, secret := range []string{"onpxkey1", "canary-", parsed(t, implicit).Fragment} {
		if i := strings.Index(text, secret); i >= 0 {
			t.Errorf("%q is in the log: …%s…", secret, text[max(0, i-200):min(len(text), i+100)])
		}
	}
	if strings.Count(text, "kept out of the access log") < 8 {
		t.Errorf("requests were not logged at all: %s", text)
	}
}

func TestAppSigninIsOffByDefault(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.plain(m))
	for _, path := range []string{"/oauth20_authorize.srf", "/common/oauth2/token", "/common/v2.0/.well-known/openid-configuration", "/devicelogin", "/v5.0/me"} {
		s.get(path).want(t, 404, "not_found")
	}
}

func TestAppSigninRefusesAddressesThatCannotBeListed(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	for _, uri := range []string{"localhost", "/callback", "http://app.example/cb", "https://app.example/#x", "javascript:alert(1)", "https://*.example/", "https://u@app.example/", "https://", "http://localhost:99999/", "*"} {
		_, err := adapt(s.plain(m, "app_signin "+uri))
		if err == nil {
			err = s.load(s.plain(m, "app_signin "+uri))
		}
		if err == nil || !strings.Contains(err.Error(), "app_signin") {
			t.Errorf("%s: got %v, want an error about app_signin", uri, err)
		}
	}
}

// Codes are in the memory of the process: a reload between the browser and the app's
// request ends no sign-in.
func TestReloadKeepsCodes(t *testing.T) {
	m, s := appSite(t)
	app := v2App(s)
	code := app.code()
	s.mustLoad(s.plain(m, "app_signin http://localhost/callback", "images off"))
	s.tokens(app.redeem(code))
}

// Each request of a batch passes the guard again, with the key of the app.
func TestBatchInFrontOfGraphTakesKeysOfApps(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	_, refresh := m.issue("a@example.com", ofGraph)
	s.mustLoad(s.config("provider entra\ntenant consumers\nclient_id test\nauthority "+m.url+"\nscopes "+ofGraph+"\nrefresh_token "+refresh,
		"onenote "+m.url+" {\nupstream_api graph\nclient_key a a-client-key\napp_signin http://localhost/callback\n}"))
	app := v2App(s)
	app.headers = []string{"X-Onenote-Proxy-Key", "a-client-key"}
	key := app.signIn()["access_token"].(string)
	const body = "--b\r\nContent-Type: application/http\r\n\r\nGET /api/v1.0/me/notes/notebooks HTTP/1.1\r\n\r\n\r\n" +
		"--b\r\nContent-Type: application/http\r\n\r\nGET /api/v1.0/me/notes/sections HTTP/1.1\r\n\r\n\r\n--b--\r\n"
	for range 8 { // and none counts as a wrong client key
		res := s.do("POST", "/api/beta/$batch", body, "Content-Type", "multipart/mixed; boundary=b", "Authorization", "Bearer "+key)
		if res.StatusCode != 200 || strings.Count(res.body, "HTTP/1.1 200 OK") != 2 {
			t.Fatalf("got %d, want two responses: %s", res.StatusCode, res.body)
		}
	}
	if strings.Contains(string(m.control("GET", "requests", "")), "onpxkey1") {
		t.Error("a key has reached Microsoft")
	}
}
