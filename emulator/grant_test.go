// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestRefreshRotatesTokenAndKeepsOldOneValid(t *testing.T) {
	for _, p := range providers() {
		t.Run(p.name, func(t *testing.T) {
			s := newServer(t)
			first := s.signIn(p, "")["refresh_token"].(string)
			got := s.form(p.token, p.refresh(first)).want(http.StatusOK).json()
			second := got["refresh_token"].(string)
			if second == first {
				t.Error("got the same refresh token again")
			}
			s.api(got["access_token"].(string), http.MethodGet, "/api/v1.0/me/notes/notebooks", "", "").want(http.StatusOK)
			// Microsoft accepts old ones.
			s.form(p.token, p.refresh(first)).want(http.StatusOK)
			s.form(p.token, p.refresh(second)).want(http.StatusOK)
		})
	}
}

func TestReuseEndsFamilyInStrictMode(t *testing.T) {
	for _, p := range providers() {
		t.Run(p.name, func(t *testing.T) {
			s := newServer(t)
			s.control("strict", `{"on":true}`)
			first := s.signIn(p, "")["refresh_token"].(string)
			other := s.signIn(p, "")["refresh_token"].(string)
			second := s.form(p.token, p.refresh(first)).want(http.StatusOK).json()["refresh_token"].(string)
			if got := s.form(p.token, p.refresh(first)).want(http.StatusBadRequest).errorCode(); got != "invalid_grant" {
				t.Errorf("reuse: got %s, want invalid_grant", got)
			}
			if got := s.form(p.token, p.refresh(second)).want(http.StatusBadRequest).errorCode(); got != "invalid_grant" {
				t.Errorf("successor after the reuse: got %s, want invalid_grant", got)
			}
			s.form(p.token, p.refresh(other)).want(http.StatusOK)
		})
	}
}

func TestFailedRefreshDoesNotUseTokenInStrictMode(t *testing.T) {
	s, p := newServer(t), providers()[2]
	s.control("strict", `{"on":true}`)
	token := s.signIn(p, "")["refresh_token"].(string)
	s.form(p.token, p.refresh(token, "scope", "nonsense")).want(http.StatusBadRequest)
	s.form(p.token, p.refresh(token, "redirect_uri", "http://localhost/other")).want(http.StatusBadRequest)
	s.form(p.token, p.refresh(token, "client_id", "app-2")).want(http.StatusBadRequest)
	s.form(p.token, p.refresh(token)).want(http.StatusOK)
}

func TestImportedRefreshTokenSurvivesRevocation(t *testing.T) {
	for _, p := range providers() {
		for _, strict := range []string{"true", "false"} {
			t.Run(p.name+" strict "+strict, func(t *testing.T) {
				s := newServer(t)
				s.control("strict", `{"on":`+strict+`}`)
				form := with(p.ask, "grant_type", "refresh_token", "client_id", "any", "refresh_token", "emulator-refresh-token")
				var last map[string]any
				for range 3 {
					last = s.form(p.token, form).want(http.StatusOK).json()
				}
				s.control("tokens/revoke", "{}")
				s.form(p.token, form).want(http.StatusOK)
				// The tokens that it gave can be revoked.
				form.Set("refresh_token", last["refresh_token"].(string))
				s.form(p.token, form).want(http.StatusBadRequest)
			})
		}
	}
}

func TestImportedRefreshTokenStartsFamilyInStrictMode(t *testing.T) {
	s, p := newServer(t), providers()[0]
	s.control("strict", `{"on":true}`)
	first := s.form(p.token, p.refresh("emulator-refresh-token")).want(http.StatusOK).json()["refresh_token"].(string)
	s.form(p.token, p.refresh(first)).want(http.StatusOK)
	s.form(p.token, p.refresh(first)).want(http.StatusBadRequest)
	s.form(p.token, p.refresh("emulator-refresh-token")).want(http.StatusOK)
}

func TestTokenOpensOnlyTheRequestedAPI(t *testing.T) {
	tests := []struct {
		name   string
		target string
		ask    url.Values
		opens  string
	}{
		{"live default", "/oauth20_token.srf", nil, "/api/v1.0/me/notes/notebooks"},
		{"live OneDrive", "/oauth20_token.srf", url.Values{"scope": {"onedrive.readwrite offline_access"}}, "/v1.0/drive"},
		{"v1 OneNote", "/common/oauth2/token", url.Values{"resource": {"https://onenote.com/"}}, "/api/v1.0/me/notes/notebooks"},
		{"v1 OneNote without the slash", "/common/oauth2/token", url.Values{"resource": {"https://onenote.com"}}, "/api/v1.0/me/notes/notebooks"},
		{"v1 Graph", "/common/oauth2/token", url.Values{"resource": {"https://graph.microsoft.com/"}}, "/v1.0/me/onenote/notebooks"},
		{"v2 default", "/common/oauth2/v2.0/token", nil, "/api/v1.0/me/notes/notebooks"},
		{"v2 OneNote", "/common/oauth2/v2.0/token", url.Values{"scope": {"https://onenote.com/Notes.ReadWrite offline_access"}}, "/api/v1.0/me/notes/notebooks"},
		{"v2 OneNote by its app id", "/common/oauth2/v2.0/token", url.Values{"scope": {"2d4d3d8e-2be3-4bef-9f87-7875a61c29de/Notes.Read"}}, "/api/v1.0/me/notes/notebooks"},
		{"v2 Graph", "/common/oauth2/v2.0/token", url.Values{"scope": {"Notes.ReadWrite offline_access"}}, "/v1.0/me/onenote/notebooks"},
		{"v2 Graph in full", "/common/oauth2/v2.0/token", url.Values{"scope": {"https://graph.microsoft.com/Notes.ReadWrite"}}, "/v1.0/me/onenote/notebooks"},
	}
	apis := []string{"/api/v1.0/me/notes/notebooks", "/v1.0/me/onenote/notebooks", "/v1.0/drive"}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t)
			form := with(test.ask, "grant_type", "refresh_token", "client_id", "app-1", "refresh_token", "emulator-refresh-token")
			token := s.form(test.target, form).want(http.StatusOK).json()["access_token"].(string)
			for _, api := range apis {
				want := http.StatusUnauthorized
				if api == test.opens {
					want = http.StatusOK
				}
				if got := s.api(token, http.MethodGet, api, "", ""); got.status != want {
					t.Errorf("%s: got %d, want %d", api, got.status, want)
				}
			}
		})
	}
}

func TestRefreshTokenIsRejectedOutsideItsGrant(t *testing.T) {
	for _, p := range providers() {
		t.Run(p.name, func(t *testing.T) {
			s := newServer(t)
			token := s.signIn(p, "")["refresh_token"].(string)
			for name, form := range map[string]url.Values{
				"other client":       p.refresh(token, "client_id", "app-2"),
				"other redirect URI": p.refresh(token, "redirect_uri", "http://localhost/other"),
				"changed token":      p.refresh(token[:len(token)-2] + "xx"),
			} {
				if got := s.form(p.token, form).want(http.StatusBadRequest).errorCode(); got != "invalid_grant" {
					t.Errorf("%s: got %s, want invalid_grant", name, got)
				}
			}
			for _, other := range providers() {
				if other.name == p.name {
					continue
				}
				form := with(other.ask, "grant_type", "refresh_token", "client_id", "app-1", "refresh_token", token)
				if got := s.form(other.token, form).want(http.StatusBadRequest).errorCode(); got != "invalid_grant" {
					t.Errorf("at %s: got %s, want invalid_grant", other.name, got)
				}
			}
		})
	}
}

func TestMicrosoftAccountRefreshFailsWithoutRedirectURI(t *testing.T) {
	s, p := newServer(t), providers()[0]
	form := p.refresh(s.signIn(p, "")["refresh_token"].(string))
	form.Del("redirect_uri")
	if got := s.form(p.token, form).want(http.StatusBadRequest).errorCode(); got != "invalid_request" {
		t.Errorf("got %s, want invalid_request", got)
	}
}

func TestMicrosoftAccountRefreshCannotWidenScope(t *testing.T) {
	s, p := newServer(t), providers()[0]
	token := s.signIn(p, "")["refresh_token"].(string)
	s.form(p.token, p.refresh(token, "scope", "office.onenote_update")).want(http.StatusOK)
	if got := s.form(p.token, p.refresh(token, "scope", "onedrive.readwrite")).want(http.StatusBadRequest).errorCode(); got != "invalid_grant" {
		t.Errorf("got %s, want invalid_grant", got)
	}
}

func TestExpiredAndRevokedTokensAreRejected(t *testing.T) {
	live, v1 := providers()[0], providers()[1]
	tests := []struct {
		name        string
		p           endpoints
		control     string
		body        string
		accessGood  bool
		refreshGood bool
		wants       string // in the error response
	}{
		{"expire access", live, "tokens/expire", `{"kind":"access"}`, false, true, ""},
		{"revoke access", live, "tokens/revoke", `{"kind":"access"}`, false, true, ""},
		{"expire refresh", live, "tokens/expire", `{"kind":"refresh"}`, true, false, "grant is expired"},
		{"revoke refresh", live, "tokens/revoke", `{"kind":"refresh"}`, true, false, "unauthorized or expired"},
		{"expire refresh on v1", v1, "tokens/expire", `{"kind":"refresh"}`, true, false, "AADSTS700082"},
		{"revoke refresh on v1", v1, "tokens/revoke", `{"kind":"refresh"}`, true, false, "AADSTS50173"},
		{"all of them", live, "tokens/revoke", `{"kind":"all"}`, false, false, "unauthorized"},
		{"all without saying so", live, "tokens/revoke", ``, false, false, "unauthorized"},
		{"of this account", live, "tokens/revoke", `{"account":"Pat@contoso.com","kind":"all"}`, false, false, "unauthorized"},
		{"of another account", live, "tokens/revoke", `{"account":"kim@contoso.com","kind":"all"}`, true, true, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t)
			tokens := s.signIn(test.p, "pat@contoso.com")
			s.control(test.control, test.body)
			got := s.api(tokens["access_token"].(string), http.MethodGet, "/api/v1.0/me/notes/notebooks", "", "")
			if good := got.status == http.StatusOK; good != test.accessGood {
				t.Errorf("access token: got %d, want good %v", got.status, test.accessGood)
			}
			got = s.form(test.p.token, test.p.refresh(tokens["refresh_token"].(string)))
			if good := got.status == http.StatusOK; good != test.refreshGood {
				t.Errorf("refresh token: got %d, want good %v", got.status, test.refreshGood)
			}
			if !strings.Contains(got.body, test.wants) {
				t.Errorf("refusal: got %s, want %q in it", got.body, test.wants)
			}
			// Tokens issued afterwards are valid.
			tokens = s.signIn(test.p, "pat@contoso.com")
			s.api(tokens["access_token"].(string), http.MethodGet, "/api/v1.0/me/notes/notebooks", "", "").want(http.StatusOK)
			s.form(test.p.token, test.p.refresh(tokens["refresh_token"].(string))).want(http.StatusOK)
		})
	}
}

func TestTokensExpireWithTime(t *testing.T) {
	s, p := newServer(t), providers()[0]
	tokens := s.signIn(p, "")
	notebooks := func() int {
		return s.api(tokens["access_token"].(string), http.MethodGet, "/api/v1.0/me/notes/notebooks", "", "").status
	}
	s.control("clock", `{"advance":"59m59s"}`)
	if got := notebooks(); got != http.StatusOK {
		t.Errorf("before an hour is over: got %d, want 200", got)
	}
	s.control("clock", `{"advance":"1s"}`)
	if got := notebooks(); got != http.StatusUnauthorized {
		t.Errorf("after an hour: got %d, want 401", got)
	}
	s.control("clock", `{"advance":"2150h"}`) // not quite 90 days
	s.form(p.token, p.refresh(tokens["refresh_token"].(string))).want(http.StatusOK)
	s.control("clock", `{"advance":"12h"}`)
	s.form(p.token, p.refresh(tokens["refresh_token"].(string))).want(http.StatusBadRequest)
}

func TestRestartedEmulatorAcceptsEarlierRefreshToken(t *testing.T) {
	before, after, p := newServer(t), newServer(t), providers()[0]
	tokens := before.signIn(p, "pat@contoso.com")
	if got := after.api(tokens["access_token"].(string), http.MethodGet, "/api/v1.0/me/notes/notebooks", "", ""); got.status != http.StatusUnauthorized {
		t.Errorf("access token of before: got %d, want 401", got.status)
	}
	after.control("strict", `{"on":true}`)
	first := tokens["refresh_token"].(string)
	got := after.form(p.token, p.refresh(first)).want(http.StatusOK).json()
	list := after.api(got["access_token"].(string), http.MethodGet, "/api/v1.0/me/notes/notebooks", "", "").want(http.StatusOK).list()
	if list[0]["createdBy"] != "Pat" {
		t.Errorf("account after the restart: got %v, want Pat", list[0]["createdBy"])
	}
	after.form(p.token, p.refresh(first)).want(http.StatusBadRequest)
}

func TestRevocationCoversTokensIssuedBeforeRestart(t *testing.T) {
	before, after, p := newServer(t), newServer(t), providers()[0]
	token := before.signIn(p, "")["refresh_token"].(string)
	after.control("tokens/revoke", `{"kind":"refresh"}`)
	after.form(p.token, p.refresh(token)).want(http.StatusBadRequest)
}

func TestControlTokenWorksAtEveryProvider(t *testing.T) {
	s := newServer(t)
	got := s.control("tokens", `{"account":"kim@contoso.com","expires_in":60}`).json()
	if got["expires_in"] != 60.0 {
		t.Errorf("expires_in: got %v, want 60", got["expires_in"])
	}
	notebooks := func() response {
		return s.api(got["access_token"].(string), http.MethodGet, "/api/v1.0/me/notes/notebooks", "", "")
	}
	if name := notebooks().want(http.StatusOK).list()[0]["createdBy"]; name != "Kim" {
		t.Errorf("account: got %v, want Kim", name)
	}
	s.control("clock", `{"advance":"60s"}`)
	notebooks().want(http.StatusUnauthorized)
	// Its refresh token is valid at every token endpoint, for any client.
	for _, p := range providers() {
		form := with(p.ask, "grant_type", "refresh_token", "client_id", p.name, "refresh_token", got["refresh_token"].(string))
		s.form(p.token, form).want(http.StatusOK)
	}
}

// TestConcurrentRefreshHasOneWinnerInStrictMode is the case of several processes
// that share a refresh token without a lock.
func TestConcurrentRefreshHasOneWinnerInStrictMode(t *testing.T) {
	s, p := newServer(t), providers()[0]
	s.control("strict", `{"on":true}`)
	token := s.signIn(p, "")["refresh_token"].(string)
	const racers = 20
	statuses := make(chan int, racers)
	for range racers {
		go func() {
			got, err := s.try(http.MethodPost, p.token, p.refresh(token).Encode(), "Content-Type", "application/x-www-form-urlencoded")
			if err != nil {
				t.Error(err)
			}
			statuses <- got.status
		}()
	}
	won := 0
	for range racers {
		if <-statuses == http.StatusOK {
			won++
		}
	}
	if won != 1 {
		t.Errorf("got %d winners, want 1", won)
	}
	if got := len(s.log()); got != racers+2 {
		t.Errorf("log: got %d requests, want %d", got, racers+2)
	}
}

func TestNarrowedRefreshKeepsWholeGrant(t *testing.T) {
	s, p := newServer(t), providers()[0]
	p.ask = url.Values{"scope": {"office.onenote_update onedrive.readwrite wl.offline_access"}}
	token := s.signIn(p, "")["refresh_token"].(string)
	narrow := s.form(p.token, p.refresh(token, "scope", "onedrive.readwrite")).want(http.StatusOK).json()
	s.api(narrow["access_token"].(string), http.MethodGet, "/v1.0/drive", "", "").want(http.StatusOK)
	s.api(narrow["access_token"].(string), http.MethodGet, "/api/v1.0/me/notes/notebooks", "", "").want(http.StatusUnauthorized)
	whole := s.form(p.token, p.refresh(narrow["refresh_token"].(string))).want(http.StatusOK).json()
	for _, target := range []string{"/v1.0/drive", "/api/v1.0/me/notes/notebooks"} {
		s.api(whole["access_token"].(string), http.MethodGet, target, "", "").want(http.StatusOK)
	}
}
