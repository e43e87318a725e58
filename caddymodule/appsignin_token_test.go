// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

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
	results := make([]response, 8)
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
	// Those that came while the first was under way have revoked nothing.
	app.redeem(code).wantError(t, 400, "invalid_grant")
	s.open(keys[0]).want(t, 401, "signin_required")
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

// Codes are in the memory of the process: a reload between the browser and the app's
// request ends no sign-in.
func TestReloadKeepsCodes(t *testing.T) {
	m, s := appSite(t)
	app := v2App(s)
	code := app.code()
	s.mustLoad(s.plain(m, "app_signin http://localhost/callback", "images off"))
	s.tokens(app.redeem(code))
}
