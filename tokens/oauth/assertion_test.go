// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package oauth

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
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

func TestAssertionReplacesSecretInEveryGrant(t *testing.T) {
	cert, key := writeCertificate(t)
	federated := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(federated, []byte("projected"), 0o600); err != nil {
		t.Fatal(err)
	}
	for proof, edit := range map[string]func(*Config){
		"certificate": func(c *Config) { c.CertificateFile, c.KeyFile = cert, key },
		"federated":   func(c *Config) { c.FederatedTokenFile = federated },
	} {
		for _, provider := range []Provider{MicrosoftAccount, AzureAD, Entra} {
			t.Run(proof+" at "+string(provider), func(t *testing.T) {
				r := newRig(t)
				r.clock.Advance(time.Since(r.clock.Now())) // the certificate is of today
				authority, sent := fixedProvider(t, "application/json", `{"access_token":"t","expires_in":3600,"refresh_token":"next"}`)
				c := r.client(r.config(func(c *Config) { c.Authority, c.Provider = authority, provider }, edit))
				check := func(grant string) {
					t.Helper()
					got := sent()
					if got.Get("grant_type") != grant || got.Get("client_assertion_type") != assertionType || got.Has("client_secret") {
						t.Errorf("%s: got %v", grant, got)
					}
					if proof == "federated" {
						if diff := cmp.Diff("projected", got.Get("client_assertion")); diff != "" {
							t.Errorf("%s: %s", grant, diff)
						}
						return
					}
					checkAssertion(t, got.Get("client_assertion"), cert, c.config.endpoints().token, r.clock.Now())
				}
				if _, err := c.ExchangeCode(context.Background(), "code", "verifier", wireRedirect); err != nil {
					t.Fatal(err)
				}
				check("authorization_code")
				if _, err := refresh(c); err != nil {
					t.Fatal(err)
				}
				check("refresh_token")
				if _, err := c.requestToken(context.Background(), c.deviceParams(&DeviceCode{code: "d"}, "")); err != nil {
					t.Fatal(err)
				}
				check(map[Provider]string{AzureAD: "device_code"}[provider] + map[bool]string{true: "urn:ietf:params:oauth:grant-type:device_code"}[provider != AzureAD])
			})
		}
	}
}

func TestExpiredCertificateIsMisconfigured(t *testing.T) {
	cert, key := writeCertificate(t) // for an hour from now
	r := newRig(t)
	r.clock.Advance(time.Since(r.clock.Now()))
	core, logs := observer.New(zap.WarnLevel)
	authority, _ := fixedProvider(t, "application/json", `{"access_token":"t","expires_in":60}`)
	c := r.loggingClient(r.config(func(c *Config) { c.Authority, c.CertificateFile, c.KeyFile = authority, cert, key }), zap.New(core), r.clock)
	for range 2 {
		if _, err := refresh(c); err != nil {
			t.Fatal(err)
		}
	}
	if got := logs.FilterMessageSnippet("the client certificate expires soon").Len(); got != 1 {
		t.Errorf("got %d warnings of the expiry, want 1", got)
	}
	r.clock.Advance(2 * time.Hour)
	_, err := refresh(c)
	f := wantFailure(t, err, Misconfigured, "client_certificate")
	if !strings.Contains(f.Status.Message, "expired on") {
		t.Errorf("got %q, want the day it expired", f.Status.Message)
	}
}

func TestFederatedTokenIsReadForEachRequest(t *testing.T) {
	r := newRig(t)
	path := filepath.Join(t.TempDir(), "token")
	authority, sent := fixedProvider(t, "application/json", `{"access_token":"t","expires_in":3600}`)
	c := r.client(r.config(func(c *Config) {
		c.Authority, c.Provider, c.Flow, c.Tenant = authority, Entra, FlowClientCredentials, "contoso.example"
		c.FederatedTokenFile = path
	}))
	_, err := refresh(c)
	wantFailure(t, err, Misconfigured, "federated_token_file")
	for _, token := range []string{"first", "second"} {
		if err := os.WriteFile(path, []byte(token), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := refresh(c); err != nil {
			t.Fatal(err)
		}
		if got := sent().Get("client_assertion"); got != token {
			t.Errorf("got assertion %q, want %q", got, token)
		}
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
