// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

const (
	redirectURI = "http://localhost:8080/auth/default/callback"
	verifier    = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)

func challenge() string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// endpoints are those of an identity provider, and the parameters that request
// OneNote.
type endpoints struct {
	name      string
	authorize string
	token     string
	device    string
	ask       url.Values // scope or resource
	numbers   string     // type of expires_in
}

func providers() []endpoints {
	return []endpoints{
		{
			name: "microsoft_account", authorize: "/oauth20_authorize.srf", token: "/oauth20_token.srf", device: "/oauth20_connect.srf",
			ask: url.Values{"scope": {"office.onenote_update wl.signin wl.offline_access"}}, numbers: "float64",
		},
		{
			name: "azure_ad", authorize: "/common/oauth2/authorize", token: "/common/oauth2/token", device: "/common/oauth2/devicecode",
			ask: url.Values{"resource": {"https://onenote.com/"}}, numbers: "string",
		},
		{
			name: "entra", authorize: "/common/oauth2/v2.0/authorize", token: "/common/oauth2/v2.0/token", device: "/common/oauth2/v2.0/devicecode",
			ask: url.Values{"scope": {"https://onenote.com/Notes.ReadWrite offline_access openid"}}, numbers: "float64",
		},
	}
}

// with adds parameters, given as name, value, name, value.
func with(v url.Values, pairs ...string) url.Values {
	all := url.Values{}
	for name, values := range v {
		all[name] = values
	}
	for i := 0; i < len(pairs); i += 2 {
		all.Set(pairs[i], pairs[i+1])
	}
	return all
}

// request is a valid authorization request.
func (p endpoints) request(pairs ...string) string {
	v := with(p.ask, "response_type", "code", "client_id", "app-1", "redirect_uri", redirectURI,
		"state", "s t&ate", "code_challenge", challenge(), "code_challenge_method", "S256")
	return p.authorize + "?" + with(v, pairs...).Encode()
}

// exchange is the token request for a code.
func (p endpoints) exchange(code string, pairs ...string) url.Values {
	v := url.Values{
		"grant_type": {"authorization_code"}, "client_id": {"app-1"}, "code": {code},
		"redirect_uri": {redirectURI}, "code_verifier": {verifier},
	}
	return with(v, pairs...)
}

func (p endpoints) refresh(token string, pairs ...string) url.Values {
	v := url.Values{"grant_type": {"refresh_token"}, "client_id": {"app-1"}, "redirect_uri": {redirectURI}, "refresh_token": {token}}
	return with(v, pairs...)
}

// consent presses a button of the consent page.
func (s *server) consent(request, decision, user string) response {
	s.t.Helper()
	return s.form(request, url.Values{"decision": {decision}, "user": {user}})
}

// signIn runs the code flow and returns the response of the token endpoint.
func (s *server) signIn(p endpoints, user string) map[string]any {
	s.t.Helper()
	back := s.consent(p.request(), "accept", user).want(http.StatusFound).location()
	return s.form(p.token, p.exchange(back.Query().Get("code"))).want(http.StatusOK).json()
}

func TestCodeFlowYieldsTokens(t *testing.T) {
	for _, p := range providers() {
		t.Run(p.name, func(t *testing.T) {
			s := newServer(t)
			page := s.get(p.request()).want(http.StatusOK)
			for _, want := range []string{`<form method="post"`, `name="decision" value="accept"`, `name="decision" value="deny"`} {
				if !strings.Contains(page.body, want) {
					t.Errorf("consent page: got no %s in %s", want, page.body)
				}
			}

			back := s.consent(p.request(), "accept", "pat@contoso.com").want(http.StatusFound).location()
			if got := back.Scheme + "://" + back.Host + back.Path; got != redirectURI {
				t.Errorf("redirect: got %s, want %s", got, redirectURI)
			}
			if got := back.Query().Get("state"); got != "s t&ate" {
				t.Errorf("state: got %q, want it as it was sent", got)
			}

			got := s.form(p.token, p.exchange(back.Query().Get("code"))).want(http.StatusOK)
			if cache := got.header.Get("Cache-Control"); !strings.Contains(cache, "no-store") {
				t.Errorf("Cache-Control: got %q, want no-store", cache)
			}
			tokens := got.json()
			if !strings.EqualFold(tokens["token_type"].(string), "bearer") {
				t.Errorf("token_type: got %v, want bearer", tokens["token_type"])
			}
			if numbers := typeOf(tokens["expires_in"]); numbers != p.numbers {
				t.Errorf("expires_in: got %s, want %s", numbers, p.numbers)
			}
			if tokens["refresh_token"] == nil {
				t.Errorf("got no refresh token in %s", got.body)
			}
			list := s.api(tokens["access_token"].(string), http.MethodGet, "/api/v1.0/me/notes/notebooks", "", "").want(http.StatusOK).list()
			if len(list) != 2 {
				t.Errorf("notebooks: got %d, want the seed's 2", len(list))
			}
			if name := list[0]["createdBy"]; name != "Pat" {
				t.Errorf("createdBy: got %v, want who signed in", name)
			}
		})
	}
}

func typeOf(v any) string {
	switch v.(type) {
	case string:
		return "string"
	case float64:
		return "float64"
	}
	return "other"
}

func TestTokenResponseNamesUser(t *testing.T) {
	for _, p := range providers() {
		t.Run(p.name, func(t *testing.T) {
			s := newServer(t)
			tokens := s.signIn(p, "Pat@Contoso.com")
			if p.name == "microsoft_account" {
				if id, _ := tokens["user_id"].(string); len(id) != 32 {
					t.Errorf("user_id: got %q, want 32 digits", id)
				}
				return
			}
			claims := claimsOf(t, tokens["id_token"].(string))
			name := map[string]string{"azure_ad": "upn", "entra": "preferred_username"}[p.name]
			if claims[name] != "pat@contoso.com" {
				t.Errorf("%s: got %v, want pat@contoso.com", name, claims[name])
			}
			for _, name := range []string{"oid", "tid", "sub", "name", "iss", "exp"} {
				if claims[name] == nil {
					t.Errorf("id token: got no %s in %v", name, claims)
				}
			}
			if claims["aud"] != "app-1" {
				t.Errorf("aud: got %v, want the client", claims["aud"])
			}
		})
	}
}

func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestV2IssuesNoIDTokenWithoutOpenIDScope(t *testing.T) {
	s, p := newServer(t), providers()[2]
	p.ask = url.Values{"scope": {"https://onenote.com/Notes.ReadWrite offline_access"}}
	if got := s.signIn(p, "")["id_token"]; got != nil {
		t.Errorf("got an id token without the scope openid: %v", got)
	}
}

func TestRefreshTokenIsIssuedOnlyForOfflineScope(t *testing.T) {
	tests := []struct {
		provider int
		ask      url.Values
		want     bool
	}{
		{0, url.Values{"scope": {"office.onenote"}}, false},
		{0, url.Values{"scope": {"office.onenote wl.offline_access"}}, true},
		{0, url.Values{"scope": {"onedrive.readonly offline_access"}}, true},
		{1, url.Values{"resource": {"https://onenote.com/"}}, true},
		{2, url.Values{"scope": {"https://onenote.com/Notes.Read"}}, false},
		{2, url.Values{"scope": {"https://onenote.com/Notes.Read offline_access"}}, true},
	}
	for _, test := range tests {
		p := providers()[test.provider]
		p.ask = test.ask
		t.Run(p.name+" "+test.ask.Encode(), func(t *testing.T) {
			tokens := newServer(t).signIn(p, "")
			if got := tokens["refresh_token"] != nil; got != test.want {
				t.Errorf("refresh token: got %v, want %v", got, test.want)
			}
		})
	}
}

func TestDeniedConsentReturnsAccessDenied(t *testing.T) {
	for _, p := range providers() {
		t.Run(p.name, func(t *testing.T) {
			back := newServer(t).consent(p.request(), "deny", "").want(http.StatusFound).location()
			if got := back.Query().Get("error"); got != "access_denied" {
				t.Errorf("error: got %q, want access_denied", got)
			}
			if back.Query().Get("state") == "" || back.Query().Get("error_description") == "" {
				t.Errorf("got %s, want state and error_description", back)
			}
		})
	}
}

func TestParametersFollowResponseMode(t *testing.T) {
	tests := []struct {
		responseType, mode, want string
	}{
		{"code", "", "query"},
		{"code", "query", "query"},
		{"code", "fragment", "fragment"},
		{"code", "form_post", "form_post"},
		{"token", "", "fragment"},
		{"token", "form_post", "form_post"},
	}
	for _, p := range providers() {
		p.ask = url.Values{"scope": {"office.onenote wl.signin"}, "resource": {"https://onenote.com/"}}
		if p.name == "entra" {
			p.ask = url.Values{"scope": {"https://onenote.com/Notes.Read"}}
		}
		for _, test := range tests {
			t.Run(p.name+" "+test.responseType+" "+test.mode, func(t *testing.T) {
				got := newServer(t).consent(p.request("response_type", test.responseType, "response_mode", test.mode), "accept", "")
				parameter := map[string]string{"code": "code", "token": "access_token"}[test.responseType]
				switch test.want {
				case "form_post":
					got.want(http.StatusOK)
					for _, want := range []string{`action="` + redirectURI + `"`, `name="` + parameter + `"`, `name="state" value="s t&amp;ate"`} {
						if !strings.Contains(got.body, want) {
							t.Errorf("got no %s in %s", want, got.body)
						}
					}
				case "fragment":
					values, err := url.ParseQuery(got.want(http.StatusFound).location().EscapedFragment())
					if err != nil || values.Get(parameter) == "" || values.Get("state") == "" {
						t.Errorf("got %s, want %s and state in the fragment", got.header.Get("Location"), parameter)
					}
				default:
					if got.want(http.StatusFound).location().Query().Get(parameter) == "" {
						t.Errorf("got %s, want %s in the query", got.header.Get("Location"), parameter)
					}
				}
			})
		}
	}
}

func TestImplicitFlowIssuesNoRefreshToken(t *testing.T) {
	s, p := newServer(t), providers()[0]
	back := s.consent(p.request("response_type", "token", "scope", "office.onenote wl.signin"), "accept", "").want(http.StatusFound).location()
	values, err := url.ParseQuery(back.EscapedFragment())
	if err != nil {
		t.Fatal(err)
	}
	if values.Has("refresh_token") {
		t.Error("got a refresh token from the token flow")
	}
	for _, name := range []string{"token_type", "expires_in", "scope", "user_id"} {
		if !values.Has(name) {
			t.Errorf("got no %s in %v", name, values)
		}
	}
	s.api(values.Get("access_token"), http.MethodGet, "/api/v1.0/me/notes/pages", "", "").want(http.StatusOK)
}

func TestInvalidAuthorizationRequestsFail(t *testing.T) {
	live, v1, v2 := providers()[0], providers()[1], providers()[2]
	tests := []struct {
		name    string
		request string
		want    string // the error that the app gets, or text on the page
		onPage  bool
	}{
		{"unknown response type", live.request("response_type", "id_token"), "unsupported_response_type", false},
		{"misspelt scope", live.request("scope", "office.onenote wl.sign-in"), "invalid_scope", false},
		{"no scope", live.request("scope", ""), "invalid_request", false},
		{"offline access for the token flow", live.request("response_type", "token"), "invalid_scope", false},
		{"redirect URI that is none", live.request("redirect_uri", "nowhere"), "invalid_request", true},
		{"no client", live.request("client_id", ""), "invalid_request", true},
		{"no client on v1", v1.request("client_id", ""), "AADSTS900144", true},
		{"tenant that is none", strings.Replace(v1.request(), "/common/", "/nowhere/", 1), "AADSTS90002", true},
		{"personal accounts on v1", strings.Replace(v1.request(), "/common/", "/consumers/", 1), "AADSTS90027", true},
		{"unknown resource", v1.request("resource", "https://unknown.example/"), "invalid_resource", false},
		{"resource on v2", v2.request("resource", "https://onenote.com/"), "invalid_request", false},
		{"two resources on v2", v2.request("scope", "Notes.Read https://onenote.com/Notes.Read"), "invalid_scope", false},
		{"query for a token", v2.request("response_type", "token", "response_mode", "query", "scope", "Notes.Read"), "invalid_request", false},
		{"unknown response mode", v2.request("response_mode", "pigeon"), "invalid_request", false},
		{"unknown challenge method", v2.request("code_challenge_method", "S512"), "invalid_request", false},
		{"no session", v2.request("prompt", "none"), "login_required", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := newServer(t).get(test.request)
			if !test.onPage {
				if e := got.want(http.StatusFound).location().Query().Get("error"); e != test.want && !strings.Contains(got.header.Get("Location"), "#error="+test.want) && !strings.Contains(got.header.Get("Location"), "error="+test.want+"&") {
					t.Errorf("got %s, want error %s", got.header.Get("Location"), test.want)
				}
				return
			}
			if strings.HasPrefix(test.want, "AADSTS") {
				if got.want(http.StatusBadRequest); !strings.Contains(got.body, test.want) {
					t.Errorf("got %s, want %s", got.body, test.want)
				}
				return
			}
			// A Microsoft account's error page has the error in its fragment.
			to := got.want(http.StatusFound).location()
			if to.Path != "/err.srf" || !strings.Contains(to.EscapedFragment(), "error="+test.want) {
				t.Errorf("got %s, want /err.srf with %s", to, test.want)
			}
		})
	}
}

func TestCodeIsRejectedOnReuseOrMismatch(t *testing.T) {
	for _, p := range providers() {
		t.Run(p.name, func(t *testing.T) {
			s := newServer(t)
			code := func() string {
				return s.consent(p.request(), "accept", "").want(http.StatusFound).location().Query().Get("code")
			}
			tests := []struct {
				name  string
				pairs []string
			}{
				{"wrong verifier", []string{"code_verifier", "wrong"}},
				{"no verifier", []string{"code_verifier", ""}},
				{"other redirect URI", []string{"redirect_uri", redirectURI + "/other"}},
				{"other client", []string{"client_id", "app-2"}},
				{"unknown code", []string{"code", "unknown"}},
			}
			for _, test := range tests {
				got := s.form(p.token, p.exchange(code(), test.pairs...)).want(http.StatusBadRequest)
				if got.errorCode() != "invalid_grant" {
					t.Errorf("%s: got %s, want invalid_grant", test.name, got.body)
				}
			}

			used := code()
			s.form(p.token, p.exchange(used)).want(http.StatusOK)
			if got := s.form(p.token, p.exchange(used)).want(http.StatusBadRequest); got.errorCode() != "invalid_grant" {
				t.Errorf("second use: got %s, want invalid_grant", got.body)
			}

			late := code()
			s.control("clock", `{"advance":"5m"}`)
			if got := s.form(p.token, p.exchange(late)).want(http.StatusBadRequest); got.errorCode() != "invalid_grant" {
				t.Errorf("after five minutes: got %s, want invalid_grant", got.body)
			}
		})
	}
}

func TestCodeOfAnotherProviderIsRejected(t *testing.T) {
	s, live, v2 := newServer(t), providers()[0], providers()[2]
	back := s.consent(live.request(), "accept", "").want(http.StatusFound).location()
	s.form(v2.token, v2.exchange(back.Query().Get("code"))).want(http.StatusBadRequest)
}

func TestInvalidTokenRequestsFail(t *testing.T) {
	live, v1, v2 := "/oauth20_token.srf", "/common/oauth2/token", "/common/oauth2/v2.0/token"
	imported := url.Values{"grant_type": {"refresh_token"}, "client_id": {"app-1"}, "refresh_token": {"emulator-refresh-token"}}
	tests := []struct {
		name   string
		target string
		form   url.Values
		want   string
		number float64
	}{
		{"no grant type", live, with(imported, "grant_type", ""), "invalid_request", 0},
		{"unknown grant type", live, with(imported, "grant_type", "password"), "unsupported_grant_type", 0},
		{"unknown grant type on v1", v1, with(imported, "grant_type", "password"), "unsupported_grant_type", 70003},
		{"no client", v2, with(imported, "client_id", ""), "invalid_request", 900144},
		{"no refresh token", live, with(imported, "refresh_token", ""), "invalid_request", 0},
		{"foreign refresh token", live, with(imported, "refresh_token", "M.abc.def"), "invalid_grant", 0},
		{"no resource on v1", v1, imported, "invalid_request", 900144},
		{"unknown resource on v1", v1, with(imported, "resource", "https://unknown.example/"), "invalid_resource", 50001},
		{"resource on v2", v2, with(imported, "resource", "https://onenote.com/"), "invalid_request", 901002},
		{"bad scope on v2", v2, with(imported, "scope", "onenote.office"), "invalid_scope", 70011},
		{"two resources on v2", v2, with(imported, "scope", "Notes.Read https://onenote.com/Notes.Read"), "invalid_scope", 28000},
		{"bad scope", live, with(imported, "scope", "onenote.office"), "invalid_scope", 0},
		{"app-only with a Microsoft account", live, with(imported, "grant_type", "client_credentials"), "unsupported_grant_type", 0},
		{"app-only without a tenant", v1, with(imported, "grant_type", "client_credentials", "client_secret", "x"), "invalid_request", 9001023},
		{"native app with a secret", live, with(imported, "client_secret", "x", "redirect_uri", "https://login.live.com/oauth20_desktop.srf"), "invalid_request", 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := newServer(t).form(test.target, test.form).want(http.StatusBadRequest)
			if got.errorCode() != test.want {
				t.Errorf("got %s, want %s", got.body, test.want)
			}
			numbers, _ := got.json()["error_codes"].([]any)
			switch {
			case test.number == 0 && numbers != nil:
				t.Errorf("got error_codes %v from an endpoint that has none", numbers)
			case test.number != 0 && (len(numbers) != 1 || numbers[0] != test.number):
				t.Errorf("error_codes: got %v, want %v", numbers, test.number)
			}
		})
	}
}

func TestTokenEndpointRejectsGet(t *testing.T) {
	for _, p := range providers() {
		newServer(t).get(p.token).want(http.StatusBadRequest)
	}
}

func TestUnregisteredClientsAndWrongSecretsAreRejected(t *testing.T) {
	for _, p := range providers() {
		t.Run(p.name, func(t *testing.T) {
			s := newServer(t)
			s.control("clients", `{"client_id":"app-1","client_secret":"s3cret","redirect_uris":["`+redirectURI+`"]}`)
			s.control("clients", `{"client_id":"native"}`)
			onPage := func(name, request string) {
				t.Helper()
				got := s.get(request)
				if got.status == http.StatusOK || strings.HasPrefix(got.header.Get("Location"), redirectURI) {
					t.Errorf("%s: got %d %s, want an error of the provider's", name, got.status, got.header.Get("Location"))
				}
			}
			onPage("unknown client", p.request("client_id", "app-9"))
			onPage("unregistered redirect URI", p.request("redirect_uri", redirectURI+"/"))

			code := func() string {
				return s.consent(p.request(), "accept", "").want(http.StatusFound).location().Query().Get("code")
			}
			tests := []struct {
				name  string
				form  url.Values
				wants []string
			}{
				{"wrong secret", p.exchange(code(), "client_secret", "wrong"), []string{"invalid_client"}},
				{"no secret", p.exchange(code()), []string{"invalid_client", "invalid_request"}},
				{"unknown client", p.refresh("emulator-refresh-token", "client_id", "app-9"), []string{"unauthorized_client"}},
				{"secret of a native app", p.refresh("emulator-refresh-token", "client_id", "native", "client_secret", "x"), []string{"invalid_client", "invalid_request"}},
			}
			for _, test := range tests {
				got := s.form(p.token, test.form)
				if !strings.Contains(strings.Join(test.wants, " "), got.errorCode()) || got.errorCode() == "" {
					t.Errorf("%s: got %s, want one of %v", test.name, got.body, test.wants)
				}
			}
			s.form(p.token, p.exchange(code(), "client_secret", "s3cret")).want(http.StatusOK)

			basic := p.exchange(code())
			basic.Del("client_id")
			s.form(p.token, basic, "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("app-1:s3cret"))).want(http.StatusOK)
		})
	}
}

func TestWrongSecretIsUnauthorizedOnAzureAD(t *testing.T) {
	s, p := newServer(t), providers()[2]
	s.control("clients", `{"client_id":"app-1","client_secret":"s3cret"}`)
	got := s.form(p.token, p.refresh("emulator-refresh-token", "client_secret", "wrong")).want(http.StatusUnauthorized)
	if numbers := got.json()["error_codes"].([]any); numbers[0] != 7000215.0 {
		t.Errorf("error_codes: got %v, want 7000215", numbers)
	}
}

func TestDeviceFlowYieldsTokens(t *testing.T) {
	for _, p := range providers() {
		t.Run(p.name, func(t *testing.T) {
			s := newServer(t)
			begin := with(p.ask, "client_id", "app-1")
			if p.name == "microsoft_account" {
				begin.Set("response_type", "device_code")
			}
			start := s.form(p.device, begin).want(http.StatusOK).json()
			if got := typeOf(start["expires_in"]); got != p.numbers {
				t.Errorf("expires_in: got %s, want %s", got, p.numbers)
			}
			address, _ := start["verification_uri"].(string)
			if p.name == "azure_ad" {
				address = start["verification_url"].(string)
			}
			poll := url.Values{
				"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "client_id": {"app-1"},
				"device_code": {start["device_code"].(string)},
			}
			if p.name == "azure_ad" {
				poll = url.Values{"grant_type": {"device_code"}, "client_id": {"app-1"}, "code": {start["device_code"].(string)}, "resource": {"https://onenote.com/"}}
			}
			if got := s.form(p.token, poll).want(http.StatusBadRequest).errorCode(); got != "authorization_pending" {
				t.Errorf("before the code was entered: got %s, want authorization_pending", got)
			}

			page := s.get(address + "?user_code=" + start["user_code"].(string)).want(http.StatusOK)
			if !strings.Contains(page.body, start["user_code"].(string)) {
				t.Error("the page does not show the code from its address")
			}
			s.form(address, url.Values{"user_code": {"WRONG"}, "decision": {"accept"}}).want(http.StatusBadRequest)
			s.form(address, url.Values{"user_code": {strings.ToLower(start["user_code"].(string))}, "decision": {"accept"}, "user": {"pat@contoso.com"}}).want(http.StatusOK)

			tokens := s.form(p.token, poll).want(http.StatusOK).json()
			if tokens["refresh_token"] == nil {
				t.Error("got no refresh token")
			}
			s.api(tokens["access_token"].(string), http.MethodGet, "/api/v1.0/me/notes/notebooks", "", "").want(http.StatusOK)
			if got := s.form(p.token, poll).want(http.StatusBadRequest).errorCode(); got != "bad_verification_code" {
				t.Errorf("after it was redeemed: got %s, want bad_verification_code", got)
			}

			// A sign-in without a redirect URI needs none for a refresh.
			again := p.refresh(tokens["refresh_token"].(string))
			again.Del("redirect_uri")
			s.form(p.token, again).want(http.StatusOK)
		})
	}
}

func TestDeviceFlowFailsWhenDeclinedOrExpired(t *testing.T) {
	p := providers()[2]
	tests := []struct {
		name string
		end  func(s *server, userCode string)
		want string
	}{
		{"declined", func(s *server, userCode string) {
			s.form("/devicelogin", url.Values{"user_code": {userCode}, "decision": {"deny"}}).want(http.StatusOK)
		}, "authorization_declined"},
		{"too late", func(s *server, _ string) { s.control("clock", `{"advance":"15m"}`) }, "expired_token"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t)
			start := s.form(p.device, with(p.ask, "client_id", "app-1")).want(http.StatusOK).json()
			test.end(s, start["user_code"].(string))
			got := s.form(p.token, url.Values{
				"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "client_id": {"app-1"}, "device_code": {start["device_code"].(string)},
			}).want(http.StatusBadRequest)
			if got.errorCode() != test.want {
				t.Errorf("got %s, want %s", got.errorCode(), test.want)
			}
		})
	}
}

func TestAppOnlyTokenIsRejectedSince31March2025(t *testing.T) {
	tests := []struct {
		name   string
		target string
		form   url.Values
	}{
		{"v1 with a secret", "/contoso.com/oauth2/token", url.Values{"resource": {"https://onenote.com/"}, "client_secret": {"x"}}},
		{"v2 with a secret", "/contoso.com/oauth2/v2.0/token", url.Values{"scope": {"https://onenote.com//.default"}, "client_secret": {"x"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t)
			tokens := s.form(test.target, with(test.form, "grant_type", "client_credentials", "client_id", "app-1")).want(http.StatusOK).json()
			if tokens["refresh_token"] != nil || tokens["id_token"] != nil {
				t.Errorf("got %v, want neither a refresh nor an id token", tokens)
			}
			// The service rejects such tokens since 31 March 2025.
			got := s.api(tokens["access_token"].(string), http.MethodGet, "/api/v1.0/users/pat@contoso.com/notes/notebooks", "", "").want(http.StatusUnauthorized)
			if !strings.Contains(got.body, "app-only tokens") {
				t.Errorf("got %s, want the reason", got.body)
			}
		})
	}
}

func TestAppOnlyTokenWorksBefore31March2025(t *testing.T) {
	s := newServerAt(t, &clock{now: time.Date(2025, 3, 30, 23, 0, 0, 0, time.UTC)})
	tokens := s.form("/contoso.com/oauth2/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {"app-1"}, "client_secret": {"x"}, "resource": {"https://onenote.com/"},
	}).want(http.StatusOK).json()
	s.api(tokens["access_token"].(string), http.MethodGet, "/api/v1.0/users/pat@contoso.com/notes/notebooks", "", "").want(http.StatusOK)
}

func TestSignOutRedirectsBack(t *testing.T) {
	back := "http://localhost:8080/auth/default/callback"
	tests := []struct {
		target string
		want   string // Location, or empty for a page
	}{
		{"/oauth20_logout.srf?client_id=app-1&redirect_uri=" + url.QueryEscape(back), back},
		{"/oauth20_logout.srf?client_id=app-1", ""},
		{"/common/oauth2/logout?post_logout_redirect_uri=" + url.QueryEscape(back), back},
		{"/common/oauth2/v2.0/logout?post_logout_redirect_uri=" + url.QueryEscape(back), back},
		{"/common/oauth2/v2.0/logout", ""},
	}
	for _, test := range tests {
		t.Run(test.target, func(t *testing.T) {
			got := newServer(t).get(test.target)
			if test.want == "" {
				got.want(http.StatusOK)
				return
			}
			if to := got.want(http.StatusFound).header.Get("Location"); to != test.want {
				t.Errorf("got %s, want %s without parameters", to, test.want)
			}
		})
	}
}

func TestBlankPagesExist(t *testing.T) {
	s := newServer(t)
	for _, target := range []string{"/oauth20_desktop.srf?code=x", "/common/oauth2/nativeclient?code=x", "/err.srf?lc=1033"} {
		s.get(target).want(http.StatusOK)
	}
}

func TestPlainChallengeIsVerified(t *testing.T) {
	s, p := newServer(t), providers()[1]
	for method, given := range map[string]string{"plain": verifier, "": verifier} {
		request := p.request("code_challenge", verifier, "code_challenge_method", method)
		code := s.consent(request, "accept", "").want(http.StatusFound).location().Query().Get("code")
		s.form(p.token, p.exchange(code, "code_verifier", challenge())).want(http.StatusBadRequest)
		s.form(p.token, p.exchange(code, "code_verifier", given)).want(http.StatusOK)
	}
}

func TestRedirectURIKeepsItsQuery(t *testing.T) {
	s, p := newServer(t), providers()[1]
	back := s.consent(p.request("redirect_uri", redirectURI+"?a=b"), "accept", "").want(http.StatusFound).location()
	if back.Query().Get("a") != "b" || back.Query().Get("code") == "" {
		t.Errorf("got %s, want a=b and a code", back)
	}
}

func TestConsentWithoutDecisionIsRejected(t *testing.T) {
	s, p := newServer(t), providers()[0]
	s.consent(p.request(), "maybe", "").want(http.StatusBadRequest)
	s.do(http.MethodPost, p.request(), "decision=accept").want(http.StatusBadRequest)
}

func TestLoginHintFillsConsentPage(t *testing.T) {
	s, p := newServer(t), providers()[2]
	if page := s.get(p.request("login_hint", "pat@contoso.com")).want(http.StatusOK); !strings.Contains(page.body, `name="user" value="pat@contoso.com"`) {
		t.Errorf("got %s, want the hint in it", page.body)
	}
	if page := s.get(p.request()).want(http.StatusOK); !strings.Contains(page.body, `value="someone@example.com"`) {
		t.Errorf("got %s, want the default account in it", page.body)
	}
}

func TestIDTokenNamesTenant(t *testing.T) {
	const tenant = "11111111-2222-3333-4444-555555555555"
	for word, want := range map[string]string{
		"consumers": "9188040d-6c67-4c5b-b112-36a304b66dad", tenant: tenant, "common": "", "contoso.com": "",
	} {
		s, p := newServer(t), providers()[2]
		p.authorize = strings.Replace(p.authorize, "common", word, 1)
		p.token = strings.Replace(p.token, "common", word, 1)
		claims := claimsOf(t, s.signIn(p, "pat@contoso.com")["id_token"].(string))
		if want != "" && claims["tid"] != want {
			t.Errorf("%s: got tid %v, want %s", word, claims["tid"], want)
		}
		if tid, _ := claims["tid"].(string); len(tid) != 36 {
			t.Errorf("%s: got tid %v, want a GUID", word, claims["tid"])
		}
	}
}

func TestInvalidDeviceRequestsFail(t *testing.T) {
	live, v1, v2 := providers()[0], providers()[1], providers()[2]
	tests := []struct {
		name, target string
		form         url.Values
		want         string
	}{
		{"no client", v2.device, v2.ask, "invalid_request"},
		{"no scope", v2.device, url.Values{"client_id": {"a"}}, "invalid_request"},
		{"bad scope", v2.device, url.Values{"client_id": {"a"}, "scope": {"onenote.office"}}, "invalid_scope"},
		{"no resource", v1.device, url.Values{"client_id": {"a"}}, "invalid_request"},
		{"no response type", live.device, with(live.ask, "client_id", "a"), "invalid_request"},
		{"poll without a code", v2.token, url.Values{"client_id": {"a"}, "grant_type": {"device_code"}}, "invalid_request"},
		{"poll with an unknown code", v2.token, url.Values{"client_id": {"a"}, "grant_type": {"device_code"}, "device_code": {"x"}}, "bad_verification_code"},
		{"poll with an unknown code, live", live.token, url.Values{"client_id": {"a"}, "grant_type": {"device_code"}, "device_code": {"x"}}, "bad_verification_code"},
	}
	s := newServer(t)
	for _, test := range tests {
		if got := s.form(test.target, test.form).want(http.StatusBadRequest); got.errorCode() != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got.body, test.want)
		}
	}
	s.do(http.MethodPost, "/devicelogin", "no form").want(http.StatusBadRequest)
	s.control("clients", `{"client_id":"only"}`)
	if got := s.form(v2.device, with(v2.ask, "client_id", "other")).want(http.StatusBadRequest); got.errorCode() != "unauthorized_client" {
		t.Errorf("unregistered client: got %s, want unauthorized_client", got.body)
	}
}

func TestDevicePageWithoutDecisionIsRejected(t *testing.T) {
	s, p := newServer(t), providers()[2]
	start := s.form(p.device, with(p.ask, "client_id", "app-1")).want(http.StatusOK).json()
	s.form("/devicelogin", url.Values{"user_code": {start["user_code"].(string)}}).want(http.StatusBadRequest)
}
