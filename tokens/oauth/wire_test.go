// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The requests on the wire, per provider and flow, compared with what Microsoft
// publishes (articles 000, 002 and 003; the v1 and v2.0 protocol references):
// these parameters and no others.

func TestAuthorizeURLHasThePublishedParameters(t *testing.T) {
	for _, test := range []struct {
		name string
		c    Config
		q    AuthorizeRequest
		at   string
		want url.Values
	}{
		{"microsoft_account, code", Config{}, AuthorizeRequest{Flow: FlowCode, Challenge: "c"},
			"https://login.live.com/oauth20_authorize.srf", url.Values{
				"response_type": {"code"}, "scope": {"office.onenote_update wl.signin wl.offline_access"},
				"code_challenge": {"c"}, "code_challenge_method": {"S256"},
			}},
		{"microsoft_account, token", Config{Flow: FlowToken}, AuthorizeRequest{Flow: FlowToken},
			"https://login.live.com/oauth20_authorize.srf", url.Values{
				"response_type": {"token"}, "scope": {"office.onenote_update wl.signin"},
			}},
		{"azure_ad, code", Config{Provider: AzureAD, ResponseMode: "form_post"}, AuthorizeRequest{Flow: FlowCode, Challenge: "c"},
			"https://login.microsoftonline.com/common/oauth2/authorize", url.Values{
				"response_type": {"code"}, "resource": {"https://onenote.com/"}, "response_mode": {"form_post"},
				"code_challenge": {"c"}, "code_challenge_method": {"S256"},
			}},
		{"azure_ad, token", Config{Provider: AzureAD, Flow: FlowToken, Tenant: "contoso.example"}, AuthorizeRequest{Flow: FlowToken},
			"https://login.microsoftonline.com/contoso.example/oauth2/authorize", url.Values{
				"response_type": {"token"}, "resource": {"https://onenote.com/"},
			}},
		{"entra, code", Config{Provider: Entra, LoginHint: "me@contoso.example", AuthorizeParams: []Param{{"domain_hint", "contoso.example"}}},
			AuthorizeRequest{Flow: FlowCode, Challenge: "c", Prompt: "select_account", Claims: `{"a":1}`},
			"https://login.microsoftonline.com/common/oauth2/v2.0/authorize", url.Values{
				"response_type": {"code"}, "scope": {"https://onenote.com/Notes.ReadWrite offline_access"},
				"code_challenge": {"c"}, "code_challenge_method": {"S256"}, "login_hint": {"me@contoso.example"},
				"domain_hint": {"contoso.example"}, "prompt": {"select_account"}, "claims": {`{"a":1}`},
			}},
		{"entra, token", Config{Provider: Entra, Flow: FlowToken, ResponseMode: "fragment"}, AuthorizeRequest{Flow: FlowToken},
			"https://login.microsoftonline.com/common/oauth2/v2.0/authorize", url.Values{
				"response_type": {"token"}, "scope": {"https://onenote.com/Notes.ReadWrite"}, "response_mode": {"fragment"},
			}},
		{"microsoft_account, OneDrive", Config{Scopes: []string{"wl.signin", "wl.offline_access", "onedrive.readwrite"}}, AuthorizeRequest{Flow: FlowCode, Challenge: "c"},
			"https://login.live.com/oauth20_authorize.srf", url.Values{
				"response_type": {"code"}, "scope": {"wl.signin wl.offline_access onedrive.readwrite"},
				"code_challenge": {"c"}, "code_challenge_method": {"S256"},
			}},
		{"national cloud", Config{Provider: AzureAD, Authority: "https://login.microsoftonline.us", Resource: "https://onenote.osi.office365.us/"},
			AuthorizeRequest{Flow: FlowCode, Challenge: "c"},
			"https://login.microsoftonline.us/common/oauth2/authorize", url.Values{
				"response_type": {"code"}, "resource": {"https://onenote.osi.office365.us/"},
				"code_challenge": {"c"}, "code_challenge_method": {"S256"},
			}},
		{"custom, with a query of its own", Config{Provider: Custom, AuthorizeURL: "https://id.example/a?b=c", TokenURL: "https://id.example/t", Scopes: []string{"notes", "offline_access"}},
			AuthorizeRequest{Flow: FlowCode, Challenge: "c"},
			"https://id.example/a", url.Values{
				"b": {"c"}, "response_type": {"code"}, "scope": {"notes offline_access"}, "code_challenge": {"c"}, "code_challenge_method": {"S256"},
			}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.c.Name, test.c.ClientID = "default", "client"
			test.c.Complete()
			if _, err := test.c.Check(); err != nil {
				t.Fatal(err)
			}
			test.q.State, test.q.RedirectURI = "s t", wireRedirect
			got := NewClient(test.c, nil, nil, nil).AuthorizeURL(test.q)
			u, err := url.Parse(got)
			if err != nil {
				t.Fatal(err)
			}
			test.want.Set("client_id", "client")
			test.want.Set("state", "s t")
			test.want.Set("redirect_uri", wireRedirect)
			if diff := cmp.Diff(test.want, u.Query()); diff != "" {
				t.Errorf("the parameters differ (-want +got):\n%s", diff)
			}
			if at, _, _ := strings.Cut(got, "?"); at != test.at {
				t.Errorf("got endpoint %s, want %s", at, test.at)
			}
			if strings.Contains(got, "+") {
				t.Errorf("a space is written as a plus: %s", got)
			}
		})
	}
}

func TestExchangeSendsThePublishedParameters(t *testing.T) {
	for _, test := range []struct {
		name string
		edit func(*Config)
		want url.Values
	}{
		{"microsoft_account, web", func(c *Config) { c.ClientSecret = wireSecret }, url.Values{"client_secret": {"s3cret"}}},
		{"microsoft_account, native", func(*Config) {}, url.Values{}},
		{"azure_ad", func(c *Config) { c.Provider, c.ClientSecret = AzureAD, wireSecret },
			url.Values{"client_secret": {"s3cret"}, "resource": {"https://onenote.com/"}}},
		{"entra", func(c *Config) { c.Provider = Entra }, url.Values{"scope": {"https://onenote.com/Notes.ReadWrite offline_access"}}},
		{"custom", func(c *Config) {
			c.Provider, c.AuthorizeURL, c.TokenURL = Custom, c.Authority+"/a", c.Authority+"/t"
			c.Authority, c.Scopes = "", []string{"notes", "offline_access"}
		}, url.Values{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t)
			authority, sent := fixedProvider(t, "application/json", `{"access_token":"t","expires_in":3600}`)
			c := r.client(r.config(func(c *Config) { c.Authority = authority }, test.edit))
			if _, err := c.ExchangeCode(context.Background(), "the code", "the verifier", wireRedirect); err != nil {
				t.Fatal(err)
			}
			test.want.Set("grant_type", "authorization_code")
			test.want.Set("client_id", "client")
			test.want.Set("code", "the code")
			test.want.Set("code_verifier", "the verifier")
			test.want.Set("redirect_uri", wireRedirect)
			if diff := cmp.Diff(test.want, sent()); diff != "" {
				t.Errorf("the request differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestClientCredentialsSendThePublishedParameters(t *testing.T) {
	cert, key := writeCertificate(t)
	federated := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(federated, []byte("the projected token\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const bearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	for _, test := range []struct {
		name string
		edit func(*Config)
		want url.Values
	}{
		{"azure_ad, secret", func(c *Config) { c.Provider, c.ClientSecret = AzureAD, wireSecret },
			url.Values{"client_secret": {"s3cret"}, "resource": {"https://onenote.com/"}}},
		{"azure_ad, certificate", func(c *Config) { c.Provider, c.CertificateFile, c.KeyFile = AzureAD, cert, key },
			url.Values{"client_assertion_type": {bearer}, "client_assertion": {"*"}, "resource": {"https://onenote.com/"}}},
		{"azure_ad, federated", func(c *Config) { c.Provider, c.FederatedTokenFile = AzureAD, federated },
			url.Values{"client_assertion_type": {bearer}, "client_assertion": {"the projected token"}, "resource": {"https://onenote.com/"}}},
		{"entra, secret", func(c *Config) { c.Provider, c.ClientSecret = Entra, wireSecret },
			url.Values{"client_secret": {"s3cret"}, "scope": {"https://onenote.com//.default"}}},
		{"entra, federated", func(c *Config) { c.Provider, c.FederatedTokenFile = Entra, federated },
			url.Values{"client_assertion_type": {bearer}, "client_assertion": {"the projected token"}, "scope": {"https://onenote.com//.default"}}},
		{"entra, certificate", func(c *Config) { c.Provider, c.CertificateFile, c.KeyFile = Entra, cert, key },
			url.Values{"client_assertion_type": {bearer}, "client_assertion": {"*"}, "scope": {"https://onenote.com//.default"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t)
			authority, sent := fixedProvider(t, "application/json", `{"access_token":"t","expires_in":"3599"}`)
			c := r.client(r.config(func(c *Config) {
				c.Authority, c.Flow, c.Tenant = authority, FlowClientCredentials, "contoso.example"
			}, test.edit))
			if _, err := refresh(c); err != nil {
				t.Fatal(err)
			}
			got := sent()
			if test.want.Get("client_assertion") == "*" {
				checkAssertion(t, got.Get("client_assertion"), cert, c.config.endpoints().token, r.clock.Now())
				got.Set("client_assertion", "*")
			}
			test.want.Set("grant_type", "client_credentials")
			test.want.Set("client_id", "client")
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("the request differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDeviceFlowSendsThePublishedParameters(t *testing.T) {
	const body = `{"device_code":"d","user_code":"ABC","verification_uri":"https://x.example/d","expires_in":"900","interval":"1"}`
	for _, test := range []struct {
		name        string
		edit        func(*Config)
		start, poll url.Values
	}{
		{"microsoft_account", func(*Config) {},
			url.Values{"client_id": {"client"}, "response_type": {"device_code"}, "scope": {"office.onenote_update wl.signin wl.offline_access"}},
			url.Values{"client_id": {"client"}, "grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {"d"}}},
		{"azure_ad", func(c *Config) { c.Provider = AzureAD },
			url.Values{"client_id": {"client"}, "resource": {"https://onenote.com/"}},
			url.Values{"client_id": {"client"}, "grant_type": {"device_code"}, "code": {"d"}, "resource": {"https://onenote.com/"}}},
		{"entra", func(c *Config) { c.Provider = Entra },
			url.Values{"client_id": {"client"}, "scope": {"https://onenote.com/Notes.ReadWrite offline_access"}},
			url.Values{"client_id": {"client"}, "grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {"d"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t)
			authority, sent := fixedProvider(t, "application/json", body)
			c := r.client(r.config(func(c *Config) { c.Authority, c.Flow = authority, FlowDevice }, test.edit))
			d, err := c.StartDevice(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.start, sent()); diff != "" {
				t.Errorf("the first request differs (-want +got):\n%s", diff)
			}
			if d.interval != time.Second || d.ExpiresAt.Sub(r.clock.Now()) != 15*time.Minute {
				t.Errorf("got interval %v, expiry in %v: the numbers written as text were not read", d.interval, d.ExpiresAt.Sub(r.clock.Now()))
			}
			if _, err := c.requestToken(context.Background(), c.deviceParams(d, "")); err == nil {
				t.Error("the poll took a device code for a token")
			}
			if diff := cmp.Diff(test.poll, sent()); diff != "" {
				t.Errorf("the poll differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLogoutURLNamesTheRedirectURI(t *testing.T) {
	for _, test := range []struct {
		c    Config
		want string
	}{
		{Config{}, "https://login.live.com/oauth20_logout.srf?client_id=client&redirect_uri=http%3A%2F%2Flocalhost%3A8080%2Fauth%2Fdefault%2Fcallback"},
		{Config{Provider: AzureAD}, "https://login.microsoftonline.com/common/oauth2/logout?post_logout_redirect_uri=http%3A%2F%2Flocalhost%3A8080%2Fauth%2Fdefault%2Fcallback"},
		{Config{Provider: Entra}, "https://login.microsoftonline.com/common/oauth2/v2.0/logout?post_logout_redirect_uri=http%3A%2F%2Flocalhost%3A8080%2Fauth%2Fdefault%2Fcallback"},
		{Config{Provider: Custom, TokenURL: "https://id.example/t"}, ""},
	} {
		test.c.Name, test.c.ClientID = "default", "client"
		test.c.Complete()
		if got := NewClient(test.c, nil, nil, nil).LogoutURL(wireRedirect); got != test.want {
			t.Errorf("%s: got %s, want %s", test.c.Provider, got, test.want)
		}
	}
}

func TestRefreshSendsThePublishedParameters(t *testing.T) {
	for _, test := range []struct {
		name string
		edit func(*Config)
		path string
		want url.Values
	}{
		{"microsoft_account, native", func(c *Config) { c.RedirectURI = DesktopRedirect }, "", url.Values{
			"grant_type": {"refresh_token"}, "client_id": {"client"}, "redirect_uri": {DesktopRedirect},
			"refresh_token": {"refresh"},
		}},
		{"microsoft_account, web", func(c *Config) { c.RedirectURI, c.ClientSecret = wireRedirect, wireSecret }, "", url.Values{
			"grant_type": {"refresh_token"}, "client_id": {"client"}, "client_secret": {"s3cret"}, "redirect_uri": {wireRedirect},
			"refresh_token": {"refresh"},
		}},
		{"azure_ad", func(c *Config) { c.Provider, c.RedirectURI, c.ClientSecret = AzureAD, wireRedirect, wireSecret }, "", url.Values{
			"grant_type": {"refresh_token"}, "client_id": {"client"}, "client_secret": {"s3cret"}, "redirect_uri": {wireRedirect},
			"refresh_token": {"refresh"}, "resource": {"https://onenote.com/"},
		}},
		{"entra", func(c *Config) { c.Provider, c.RedirectURI = Entra, wireRedirect }, "", url.Values{
			"grant_type": {"refresh_token"}, "client_id": {"client"}, "redirect_uri": {wireRedirect},
			"refresh_token": {"refresh"}, "scope": {"https://onenote.com/Notes.ReadWrite offline_access"},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t)
			authority, sent := fixedProvider(t, "application/json", `{"access_token":"t","expires_in":3600}`)
			c := r.client(r.config(func(c *Config) { c.Authority = authority }, test.edit))
			if _, err := refresh(c); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, sent()); diff != "" {
				t.Errorf("the refresh request differs (-want +got):\n%s", diff)
			}
		})
	}
}
