// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"os"
	"time"

	"github.com/go-jose/go-jose/v4"
	"go.uber.org/zap"

	"github.com/caddy-onenote/caddy-onenote/internal/givenvalue"
)

// Lifetimes of an assertion. A little slack before it begins forgives a clock
// that runs ahead.
const (
	assertionLife  = 5 * time.Minute
	assertionSlack = 2 * time.Minute
)

// assertion proves who the client is without a secret (RFC 7523): signed with
// the certificate's key, or another issuer's token read from its file. Files
// are read each time; both kinds are rotated under running programs.
func (c *Client) assertion() (Secret, error) {
	if path := c.config.FederatedTokenFile; path != "" {
		token, err := os.ReadFile(path)
		if err != nil {
			return "", c.misconfigured("federated_token_file", "the federated token cannot be read: "+err.Error(),
				"Mount the projected service account token and make it readable for Caddy.")
		}
		value, err := givenvalue.Clean(string(token))
		if err != nil {
			return "", c.misconfigured("federated_token_file", "the federated token cannot be used: "+err.Error(),
				"federated_token_file takes a file with the token alone, as a projected service account token is.")
		}
		return Secret(value), nil
	}
	pair, err := tls.LoadX509KeyPair(c.config.CertificateFile, c.config.KeyFile)
	if err != nil {
		return "", c.misconfigured("client_certificate", "the client certificate cannot be used: "+err.Error(),
			"client_certificate takes a PEM certificate and its unencrypted PEM key, both readable for Caddy.")
	}
	if err := c.checkExpiry(pair); err != nil {
		return "", err
	}
	signed, err := signAssertion(pair, c.config.endpoints().token, c.config.ClientID, c.clock.Now())
	if err != nil {
		return "", c.misconfigured("client_certificate", "the client assertion cannot be signed: "+err.Error(),
			"Use an RSA certificate: Microsoft accepts PS256 only.")
	}
	return signed, nil
}

// expiryNotice is how long before its expiry a certificate is reported in the
// log: people need time to replace it.
const expiryNotice = 30 * 24 * time.Hour

// checkExpiry refuses an expired certificate and warns, once, of one that expires
// soon.
func (c *Client) checkExpiry(pair tls.Certificate) error {
	leaf := pair.Leaf
	if leaf == nil {
		return nil
	}
	left := leaf.NotAfter.Sub(c.clock.Now())
	if left <= 0 {
		return c.misconfigured("client_certificate", "the client certificate expired on "+leaf.NotAfter.UTC().Format(time.DateOnly),
			"Make a new one, upload it to the app registration, and put it where client_certificate points.")
	}
	if left < expiryNotice && c.expiring.CompareAndSwap(false, true) {
		c.log.Warn("the client certificate expires soon; upload a new one to the app registration and put it where client_certificate points",
			zap.Time("not_after", leaf.NotAfter))
	}
	return nil
}

// signAssertion makes the JWT that Microsoft's "certificate credentials"
// article describes: PS256, the certificate named by x5t#S256.
func signAssertion(pair tls.Certificate, audience, clientID string, now time.Time) (Secret, error) {
	thumbprint := sha256.Sum256(pair.Certificate[0])
	options := (&jose.SignerOptions{}).WithType("JWT").
		WithHeader("x5t#S256", base64.RawURLEncoding.EncodeToString(thumbprint[:]))
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.PS256, Key: pair.PrivateKey}, options)
	if err != nil {
		return "", err
	}
	claims, err := json.Marshal(map[string]any{
		"aud": audience,
		"iss": clientID,
		"sub": clientID,
		"jti": rand.Text(),
		"iat": now.Unix(),
		"nbf": now.Add(-assertionSlack).Unix(),
		"exp": now.Add(assertionLife).Unix(),
	})
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		return "", err
	}
	compact, err := signed.CompactSerialize()
	return Secret(compact), err
}
