// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// certificate makes a key and its self-signed certificate, in PEM.
func certificate(t *testing.T) (*rsa.PrivateKey, string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "app-1"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return key, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func sign(t *testing.T, key *rsa.PrivateKey, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.PS256, Key: key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	compact, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return compact
}

func TestClientAssertionIsVerified(t *testing.T) {
	s := newServer(t)
	key, pemText := certificate(t)
	foreign, _ := certificate(t)
	body, err := json.Marshal(map[string]string{"client_id": "app-1", "certificate": pemText})
	if err != nil {
		t.Fatal(err)
	}
	s.control("clients", string(body))
	s.control("clients", `{"client_id":"federated"}`)
	const target = "/contoso.com/oauth2/v2.0/token"
	now := s.clock.Now()
	claims := func(pairs ...any) map[string]any {
		c := map[string]any{
			"iss": "app-1", "sub": "app-1", "aud": "https://login.microsoftonline.com" + target,
			"nbf": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(), "jti": "1",
		}
		for i := 0; i < len(pairs); i += 2 {
			c[pairs[i].(string)] = pairs[i+1]
		}
		return c
	}
	tests := []struct {
		name, client, assertion string
		number                  float64 // 0 if it is valid
	}{
		{"good", "app-1", sign(t, key, claims()), 0},
		{"foreign key", "app-1", sign(t, foreign, claims()), 700027},
		{"expired", "app-1", sign(t, key, claims("exp", now.Add(-6*time.Minute).Unix())), 700024},
		{"not valid yet", "app-1", sign(t, key, claims("nbf", now.Add(6*time.Minute).Unix())), 700024},
		{"of another client", "app-1", sign(t, key, claims("sub", "app-2")), 700021},
		{"for another endpoint", "app-1", sign(t, key, claims("aud", "https://login.microsoftonline.com/contoso.com/oauth2/token")), 700023},
		{"nonsense", "app-1", "nonsense", 50027},
		{"none", "app-1", "", 7000218},
		{"of a federated issuer", "federated", sign(t, foreign, map[string]any{"iss": "https://issuer.example", "exp": now.Add(time.Minute).Unix()}), 0},
		{"of a federated issuer, expired", "federated", sign(t, foreign, map[string]any{"exp": now.Add(-time.Hour).Unix()}), 700024},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := s.form(target, url.Values{
				"grant_type": {"client_credentials"}, "client_id": {test.client}, "scope": {"https://graph.microsoft.com/.default"},
				"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {test.assertion},
			})
			if test.number == 0 {
				got.want(http.StatusOK)
				return
			}
			numbers, _ := got.want(http.StatusUnauthorized).json()["error_codes"].([]any)
			if len(numbers) != 1 || numbers[0] != test.number {
				t.Errorf("got %s, want %v", got.body, test.number)
			}
		})
	}
}

func TestClientAssertionWithoutTypeIsRejected(t *testing.T) {
	s, p := newServer(t), providers()[2]
	got := s.form(p.token, p.refresh("emulator-refresh-token", "client_assertion", "a.b.c")).want(http.StatusBadRequest)
	if got.errorCode() != "invalid_request" {
		t.Errorf("got %s, want invalid_request", got.body)
	}
	live := providers()[0]
	s.form(live.token, live.refresh("emulator-refresh-token", "client_assertion", "a.b.c")).want(http.StatusBadRequest)
}
