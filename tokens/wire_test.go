// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
)

// What goes over the wire, per provider and flow, held against what Microsoft
// publishes (articles 000, 002 and 003; the v1 and v2.0 protocol references):
// these parameters and no others.

const wireRedirect = "http://localhost:8080/auth/default/callback"

func wireSecret() (Secret, error) { return "s3cret", nil }

func TestAuthorizeOnTheWire(t *testing.T) {
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
			m := NewMemory()
			defer m.Close()
			test.q.State, test.q.RedirectURI = "s t", wireRedirect
			got := NewAccount(Options{Config: test.c, Memory: m}).AuthorizeURL(test.q)
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

func TestExchangeOnTheWire(t *testing.T) {
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
			authority, sent := answering(t, "application/json", `{"access_token":"t","expires_in":3600}`)
			a := r.account(r.config(func(c *Config) { c.Authority = authority }, test.edit))
			if _, err := a.ExchangeCode(context.Background(), "the code", "the verifier", wireRedirect); err != nil {
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

func TestClientCredentialsOnTheWire(t *testing.T) {
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
			authority, sent := answering(t, "application/json", `{"access_token":"t","expires_in":"3599"}`)
			a := r.account(r.config(func(c *Config) {
				c.Authority, c.Flow, c.Tenant, c.RefreshToken = authority, FlowClientCredentials, "contoso.example", nil
			}, test.edit))
			if _, _, err := a.Token(context.Background()); err != nil {
				t.Fatal(err)
			}
			got := sent()
			if test.want.Get("client_assertion") == "*" {
				checkAssertion(t, got.Get("client_assertion"), cert, a.config.endpoints().token, r.clock.Now())
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

func TestFederatedTokenIsReadAgain(t *testing.T) {
	r := newRig(t)
	path := filepath.Join(t.TempDir(), "token")
	authority, sent := answering(t, "application/json", `{"access_token":"t","expires_in":3600}`)
	a := r.account(r.config(func(c *Config) {
		c.Authority, c.Provider, c.Flow, c.Tenant, c.RefreshToken = authority, Entra, FlowClientCredentials, "contoso.example", nil
		c.FederatedTokenFile = path
	}))
	_, _, err := a.Token(context.Background())
	wantFailure(t, err, Misconfigured, "federated_token_file")
	for _, token := range []string{"first", "second"} {
		if err := os.WriteFile(path, []byte(token), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := a.Retry(context.Background()); err != nil {
			t.Fatal(err)
		}
		if got := sent().Get("client_assertion"); got != token {
			t.Errorf("got assertion %q, want %q", got, token)
		}
	}
}

func TestDeviceOnTheWire(t *testing.T) {
	const answer = `{"device_code":"d","user_code":"ABC","verification_uri":"https://x.example/d","expires_in":"900","interval":"1"}`
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
			authority, sent := answering(t, "application/json", answer)
			a := r.account(r.config(func(c *Config) { c.Authority, c.Flow, c.RefreshToken = authority, FlowDevice, nil }, test.edit))
			d, err := a.StartDevice(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.start, sent()); diff != "" {
				t.Errorf("the first request differs (-want +got):\n%s", diff)
			}
			if d.interval != time.Second || d.ExpiresAt.Sub(r.clock.Now()) != 15*time.Minute {
				t.Errorf("got interval %v, expiry in %v: the numbers written as text were not read", d.interval, d.ExpiresAt.Sub(r.clock.Now()))
			}
			if _, err := a.requestToken(context.Background(), a.deviceRequest(d)); err == nil {
				t.Error("the poll took a device code for a token")
			}
			if diff := cmp.Diff(test.poll, sent()); diff != "" {
				t.Errorf("the poll differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLogoutURL(t *testing.T) {
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
		m := NewMemory()
		if got := NewAccount(Options{Config: test.c, Memory: m}).LogoutURL(wireRedirect); got != test.want {
			t.Errorf("%s: got %s, want %s", test.c.Provider, got, test.want)
		}
		m.Close()
	}
}

// checkAssertion verifies a client assertion as Microsoft describes it.
func checkAssertion(t *testing.T, assertion, certFile, audience string, now time.Time) {
	t.Helper()
	text, err := os.ReadFile(certFile)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := jose.ParseSigned(assertion, []jose.SignatureAlgorithm{jose.PS256})
	if err != nil {
		t.Fatal(err)
	}
	thumbprint := sha256.Sum256(cert.Raw)
	header := jws.Signatures[0].Protected.ExtraHeaders
	if header["x5t#S256"] != base64.RawURLEncoding.EncodeToString(thumbprint[:]) || header["typ"] != "JWT" {
		t.Errorf("got header %v", header)
	}
	payload, err := jws.Verify(cert.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		Aud, Iss, Sub, Jti string
		Nbf, Iat, Exp      int64
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	if claims.Aud != audience || claims.Iss != "client" || claims.Sub != "client" || len(claims.Jti) < 20 {
		t.Errorf("got claims %+v", claims)
	}
	if claims.Nbf > now.Unix() || claims.Exp <= now.Unix() || claims.Exp-now.Unix() > 600 {
		t.Errorf("got nbf %d, exp %d at %d", claims.Nbf, claims.Exp, now.Unix())
	}
}

func writeCertificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "client"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}
