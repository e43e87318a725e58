// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// grantTo is a sign-in as a provider gives it.
func (r *rig) grantTo(u oauth.User, refresh, redirect string) *oauth.Grant {
	now := r.clock.Now()
	return &oauth.Grant{
		AccessToken: "access", RefreshToken: oauth.Secret(refresh), User: u,
		ObtainedAt: now, Expiry: now.Add(time.Hour), RedirectURI: redirect,
	}
}

// TestSignInWithoutRefreshTokenKeepsThatOfSameUser: some providers give a refresh
// token with the first consent only.
func TestSignInWithoutRefreshTokenKeepsThatOfSameUser(t *testing.T) {
	ada := oauth.User{ID: "1", Name: "ada@example.com"}
	for _, test := range []struct {
		name      string
		old, new  oauth.User
		confirmed bool
		kept      bool
	}{
		{"same id", ada, oauth.User{ID: "1", Name: "ada.renamed@example.com"}, false, true},
		{"same id only", oauth.User{ID: "1"}, oauth.User{ID: "1"}, false, true},
		{"same name", oauth.User{Name: "ada@example.com"}, oauth.User{Name: "Ada@Example.com"}, false, true},
		{"name known before, id and name now", oauth.User{Name: "ada@example.com"}, ada, false, true},
		{"another user", ada, oauth.User{ID: "2", Name: "eve@example.com"}, true, false},
		{"another id of the same name", ada, oauth.User{ID: "2", Name: "ada@example.com"}, true, false},
		{"user unknown now", ada, oauth.User{}, false, false},
		{"user unknown before", oauth.User{}, ada, false, false},
		{"nobody known", oauth.User{}, oauth.User{}, false, false},
		{"only directories known", oauth.User{Tenant: "t"}, oauth.User{Tenant: "t"}, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t)
			authority, sent := fixedProvider(t, `{"access_token":"t","expires_in":3600}`)
			c := r.config(func(c *oauth.Config) { c.RefreshToken, c.Authority = nil, authority })
			a := r.account(c)
			ctx := context.Background()
			if err := a.Adopt(ctx, r.grantTo(test.old, "first", "http://localhost:1/auth/default/callback"), false); err != nil {
				t.Fatal(err)
			}
			since := wantState(t, a, Ready).RefreshTokenObtainedAt
			r.clock.Advance(10 * time.Minute)
			if err := a.Adopt(ctx, r.grantTo(test.new, "", "http://localhost:2/auth/default/callback"), test.confirmed); err != nil {
				t.Fatal(err)
			}
			for _, a := range []*Account{a, r.account(c)} {
				if !test.kept {
					s := wantState(t, a, Degraded)
					if s.Error.Code != "no_refresh_token" || s.RefreshTokenObtainedAt != nil {
						t.Errorf("got status %+v, want the error no_refresh_token", s)
					}
					continue
				}
				s := wantState(t, a, Ready)
				if s.Error != nil || !s.RefreshTokenObtainedAt.Equal(*since) {
					t.Errorf("got status %+v, want the refresh token of %v", s, since)
				}
				if a.MissingRefreshToken() != nil {
					t.Error("a refresh token is said to be missing")
				}
			}
			if !test.kept {
				return
			}
			if err := a.ForceRefresh(ctx); err != nil {
				t.Fatal(err)
			}
			if got := sent(); got.Get("refresh_token") != "first" || got.Get("redirect_uri") != "http://localhost:1/auth/default/callback" {
				t.Errorf("refresh sent %v, want the first refresh token with the redirect URI it was issued for", got)
			}
		})
	}
}

// TestNewRefreshTokenReplacesTheOldOne also for the same user.
func TestNewRefreshTokenReplacesTheOldOne(t *testing.T) {
	r := newRig(t)
	authority, sent := fixedProvider(t, `{"access_token":"t","expires_in":3600}`)
	a := r.account(r.config(func(c *oauth.Config) { c.RefreshToken, c.Authority = nil, authority }))
	ada := oauth.User{ID: "1"}
	for _, token := range []string{"first", "second"} {
		if err := a.Adopt(context.Background(), r.grantTo(ada, token, redirectURI), false); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.ForceRefresh(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := sent().Get("refresh_token"); got != "second" {
		t.Errorf("refresh sent %q, want the second refresh token", got)
	}
}

// TestRefusedRefreshTokenIsNotKept: otherwise the account would look well until the
// access token expires.
func TestRefusedRefreshTokenIsNotKept(t *testing.T) {
	r := newRig(t)
	authority, _ := providerWith(t, 400, `{"error":"invalid_grant"}`)
	a := r.account(r.config(func(c *oauth.Config) { c.RefreshToken, c.Authority = nil, authority }))
	ctx := context.Background()
	if err := a.Adopt(ctx, r.grantTo(oauth.User{ID: "1"}, "first", redirectURI), false); err != nil {
		t.Fatal(err)
	}
	wantFailure(t, a.ForceRefresh(ctx), oauth.SigninRequired, "invalid_grant")
	if err := a.Adopt(ctx, r.grantTo(oauth.User{ID: "1"}, "", redirectURI), false); err != nil {
		t.Fatal(err)
	}
	if s := wantState(t, a, Degraded); s.Error.Code != "no_refresh_token" {
		t.Errorf("got error %+v, want no_refresh_token", s.Error)
	}
}

// TestMissingRefreshTokenIsSaidAtOnce, with the fix for that provider, and until the
// end: the account serves until the access token expires, then wants a sign-in.
func TestMissingRefreshTokenIsSaidAtOnce(t *testing.T) {
	for _, test := range []struct {
		name string
		edit func(*oauth.Config)
		want []string
		not  string
	}{
		{"microsoft account", func(c *oauth.Config) { c.Scopes = []string{"office.onenote_update", "wl.signin"} }, []string{"wl.offline_access"}, "entra"},
		{"entra", func(c *oauth.Config) {
			c.Provider, c.Scopes = oauth.Entra, []string{"https://onenote.com/Notes.ReadWrite"}
		}, []string{"offline_access"}, "wl."},
		{"azure ad", func(c *oauth.Config) { c.Provider = oauth.AzureAD }, []string{"azure_ad", "authorize_param"}, "offline_access"},
		{"custom", func(c *oauth.Config) {
			c.Authority = ""
			c.Provider, c.AuthorizeURL, c.TokenURL = oauth.Custom, "https://id.example/a", "https://id.example/t"
		}, []string{"authorize_param prompt consent", "authorize_param access_type offline"}, "wl."},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t)
			a := r.account(r.config(func(c *oauth.Config) { c.RefreshToken = nil; test.edit(c) }))
			if err := a.Adopt(context.Background(), r.grantTo(oauth.User{ID: "1"}, "", redirectURI), false); err != nil {
				t.Fatal(err)
			}
			s := wantState(t, a, Degraded)
			for _, want := range test.want {
				if !strings.Contains(s.Error.Hint, want) {
					t.Errorf("got hint %q, want %q in it", s.Error.Hint, want)
				}
			}
			if strings.Contains(s.Error.Hint, test.not) {
				t.Errorf("got hint %q, want nothing of other providers", s.Error.Hint)
			}
			if strings.Contains(s.Error.Message, "expired") {
				t.Errorf("got message %q, but the access token is good", s.Error.Message)
			}
			if missing := a.MissingRefreshToken(); missing == nil || *missing != *s.Error {
				t.Errorf("MissingRefreshToken: got %+v, want %+v", missing, s.Error)
			}
			if _, _, err := a.Token(context.Background()); err != nil {
				t.Errorf("Token: %v", err)
			}
			r.clock.Advance(time.Hour)
			if s := wantState(t, a, NeedsSignin); s.Error.Code != "no_refresh_token" || !strings.Contains(s.Error.Message, "expired") {
				t.Errorf("after an hour: got %+v", s.Error)
			}
		})
	}
}
