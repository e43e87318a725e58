// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"encoding/base64"
	"testing"
	"time"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// idToken is an id token that names a user; its signature is never checked.
func idToken(claims string) string {
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
}

func TestImportedTokenOfUnexpectedUserIsNotUsed(t *testing.T) {
	r := newRig(t)
	authority, sent := fixedProvider(t,
		`{"access_token":"eves","expires_in":3600,"refresh_token":"rotated","id_token":"`+idToken(`{"oid":"e","preferred_username":"eve@contoso.example"}`)+`"}`)
	config := func(expected string) oauth.Config {
		return r.config(func(c *oauth.Config) { c.Authority, c.ExpectedUser = authority, expected })
	}
	a := r.account(config("alice@contoso.example"))
	authorization, _, err := a.Token(context.Background())
	wantFailure(t, err, oauth.SigninRequired, "unexpected_user")
	if authorization != "" {
		t.Error("the token of another user was returned")
	}
	s := wantState(t, a, NeedsSignin)
	if s.AccessTokenExpiresAt != nil || s.Error == nil || s.Error.Code != "unexpected_user" {
		t.Errorf("got status %+v, want no access token and unexpected_user", s)
	}
	if err := a.ForceRefresh(context.Background()); oauth.AsFailure(err) == nil {
		t.Errorf("refreshed again: got %v, want a failure", err)
	}
	// After a restart as well, without another request.
	sent().Set("refresh_token", "nothing was sent")
	again := r.account(config("alice@contoso.example"))
	_, _, err = again.Token(context.Background())
	wantFailure(t, err, oauth.SigninRequired, "unexpected_user")
	if got := sent().Get("refresh_token"); got != "nothing was sent" {
		t.Error("the refresh token of another user was used again")
	}
	// The expected user replaces the other one without a confirmation.
	alice := &oauth.Grant{AccessToken: "alices", ObtainedAt: r.clock.Now(), Expiry: r.clock.Now().Add(10 * time.Minute), User: oauth.User{ID: "a", Name: "alice@contoso.example"}}
	if err := again.Adopt(context.Background(), alice, false); err != nil {
		t.Errorf("Adopt of the expected user: %v", err)
	}
}

func TestImportIsRetriedAfterExpectedUserIsCorrected(t *testing.T) {
	r := newRig(t)
	authority, sent := fixedProvider(t,
		`{"access_token":"t","expires_in":3600,"refresh_token":"rotated","id_token":"`+idToken(`{"oid":"e","upn":"Eve@contoso.example"}`)+`"}`)
	config := func(expected string) oauth.Config {
		return r.config(func(c *oauth.Config) { c.Authority, c.ExpectedUser = authority, expected })
	}
	_, _, err := r.account(config("evve@contoso.example")).Token(context.Background())
	wantFailure(t, err, oauth.SigninRequired, "unexpected_user")
	a := r.account(config("eve@contoso.example"))
	if authorization, _, err := a.Token(context.Background()); err != nil || authorization != "Bearer t" {
		t.Fatalf("got %q, %v after the option was corrected", authorization, err)
	}
	if got := sent().Get("refresh_token"); got != "rotated" {
		t.Errorf("refreshed with %q: the token that replaced the imported one was not kept", got)
	}
	wantState(t, a, Ready)
}

func TestExpectedUserAppliesToExistingSignIn(t *testing.T) {
	r := newRig(t)
	memory := NewCache()
	defer memory.Close()
	config := func(expected string) oauth.Config {
		return r.config(func(c *oauth.Config) { c.RefreshToken, c.ExpectedUser = nil, expected })
	}
	shared := func(o *Options) { o.Cache = memory }
	before := r.account(config(""), shared)
	g := &oauth.Grant{AccessToken: "t", RefreshToken: "r", ObtainedAt: r.clock.Now(), Expiry: r.clock.Now().Add(10 * time.Minute), User: oauth.User{ID: "eves id", Name: "eve@contoso.example"}}
	if err := before.Adopt(context.Background(), g, false); err != nil {
		t.Fatal(err)
	}
	for _, expected := range []string{"EVE@contoso.example", "eves id"} {
		if _, _, err := r.account(config(expected), shared).Token(context.Background()); err != nil {
			t.Errorf("expected_user %s: %v", expected, err)
		}
	}
	for _, expected := range []string{"alice@contoso.example", "EVES ID"} {
		for name, edit := range map[string]func(*Options){"reload": shared, "restart": func(*Options) {}} {
			a := r.account(config(expected), edit)
			_, generation, err := a.Token(context.Background())
			wantFailure(t, err, oauth.SigninRequired, "unexpected_user")
			_, _, err = a.Refresh(context.Background(), upstream, generation, "")
			wantFailure(t, err, oauth.SigninRequired, "unexpected_user")
			if s := wantState(t, a, NeedsSignin); s.Error == nil {
				t.Errorf("%s: the status does not say why", name)
			}
		}
	}
}

func TestUnknownUserIsRefusedWithExpectedUser(t *testing.T) {
	r := newRig(t)
	authority, _ := fixedProvider(t, `{"access_token":"t","expires_in":3600}`)
	a := r.account(r.config(func(c *oauth.Config) { c.Authority, c.ExpectedUser = authority, "alice@contoso.example" }))
	_, _, err := a.Token(context.Background())
	wantFailure(t, err, oauth.SigninRequired, "unknown_user")
	// Without the option the same token will do.
	if _, _, err := r.account(r.config(func(c *oauth.Config) { c.Authority = authority })).Token(context.Background()); err != nil {
		t.Errorf("without expected_user: %v", err)
	}
}

func TestExpectedUserOfAppIsServicePrincipal(t *testing.T) {
	r := newRig(t)
	authority, _ := fixedProvider(t, `{"access_token":"`+idToken(`{"oid":"the-principal"}`)+`","expires_in":3600}`)
	config := func(expected string) oauth.Config {
		return r.config(func(c *oauth.Config) {
			c.Authority, c.ExpectedUser = authority, expected
			c.Provider, c.Flow, c.Tenant, c.ClientSecret, c.RefreshToken = oauth.Entra, oauth.FlowClientCredentials, "contoso.example", clientSecret, nil
		})
	}
	a := r.account(config("alice@contoso.example"))
	_, _, err := a.Token(context.Background())
	wantFailure(t, err, oauth.Misconfigured, "unexpected_user")
	wantState(t, a, NeedsOperator)
	if _, _, err := r.account(config("the-principal")).Token(context.Background()); err != nil {
		t.Errorf("the app's own id: %v", err)
	}
}
