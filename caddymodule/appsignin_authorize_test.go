// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

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

func TestForeignPagesGetNothingAndBurnNothing(t *testing.T) {
	_, s := appSite(t, "allowed_origins https://app.example")
	app := v2App(s)
	code := app.code()
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "client_id": {app.client}, "redirect_uri": {app.redirect}}
	wantNoCORS := func(res response) {
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
	poll1 := func() response {
		return s.do("POST", "/common/oauth2/token", "grant_type=device_code&client_id=tv&resource=https%3A%2F%2Fonenote.com%2F&code="+v1["device_code"].(string), "Content-Type", form)
	}
	poll2 := func(client string) response {
		return s.do("POST", "/common/oauth2/v2.0/token", "grant_type=urn:ietf:params:oauth:grant-type:device_code&client_id="+client+"&device_code="+v2["device_code"].(string), "Content-Type", form)
	}
	poll1().wantError(t, 400, "authorization_pending")
	poll2("other").wantError(t, 400, "invalid_grant")
	decide := func(code any, decision string) response {
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
