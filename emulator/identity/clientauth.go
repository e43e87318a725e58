// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"encoding/json"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/caddy-onenote/caddy-onenote/emulator/grant"
)

// assertionType is the type of client assertions (RFC 7523, section 2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// authenticate checks the secret or the assertion of a client. Without registered
// clients it accepts both, except that a native app must not send a secret.
func (e *Endpoints) authenticate(t *tokenCall, redirect string) *oauthError {
	c, open, known := e.clientOf(t.client)
	switch {
	case !known:
		return unknownClient(t.provider, t.client)
	case t.secret != "" && isNativeRedirect(redirect):
		return unwantedSecret(t.provider)
	case t.assertion != "":
		return e.checkAssertion(t, c)
	case open, isNativeRedirect(redirect):
		return nil
	case !c.confidential() && t.secret != "":
		return unwantedSecret(t.provider)
	case c.confidential() && t.secret == "":
		return missingSecret(t.provider)
	case t.secret != c.Secret:
		return wrongSecret(t.provider)
	}
	return nil
}

// assertionClaims are the claims of a client assertion (RFC 7523, section 3).
type assertionClaims struct {
	Issuer    string  `json:"iss"`
	Subject   string  `json:"sub"`
	Audience  string  `json:"aud"`
	NotBefore float64 `json:"nbf"`
	Expiry    float64 `json:"exp"`
}

// clockSlack is the difference between two clocks that is tolerated.
const clockSlack = 5 * time.Minute

// checkAssertion checks that a client assertion is a JWT and is valid now. If the
// client has a certificate, the assertion must also be signed with it, by the
// client and for this endpoint. Without a certificate it counts as the token of a
// federated issuer, whose other claims are not checked.
func (e *Endpoints) checkAssertion(t *tokenCall, c Registration) *oauthError {
	if t.provider == grant.Live {
		return liveError("invalid_request", "The request includes an unsupported parameter 'client_assertion'.")
	}
	if t.form.Get("client_assertion_type") != assertionType {
		return missing(t.provider, "client_assertion_type")
	}
	signed, err := jose.ParseSigned(t.assertion, []jose.SignatureAlgorithm{jose.PS256, jose.RS256, jose.ES256, jose.HS256})
	if err != nil {
		return aadError("invalid_client", 50027, "JWT token is invalid or malformed.")
	}
	payload := signed.UnsafePayloadWithoutVerification()
	if c.certificate != nil {
		if payload, err = signed.Verify(c.certificate.PublicKey); err != nil {
			return aadError("invalid_client", 700027, "The certificate with identifier used to sign the client assertion is not registered on application.")
		}
	}
	var claims assertionClaims
	if err := json.Unmarshal(payload, &claims); err != nil {
		return aadError("invalid_client", 50027, "JWT token is invalid or malformed.")
	}
	if !claims.validAt(e.now()) {
		return aadError("invalid_client", 700024, "Client assertion is not within its valid time range.")
	}
	if c.certificate == nil {
		return nil
	}
	return claims.checkParties(t)
}

func (claims assertionClaims) validAt(now time.Time) bool {
	expiry, notBefore := time.Unix(int64(claims.Expiry), 0), time.Unix(int64(claims.NotBefore), 0)
	return !now.After(expiry.Add(clockSlack)) && !now.Before(notBefore.Add(-clockSlack))
}

// checkParties checks issuer, subject and audience. Only the path of the audience
// is compared, because the emulator has no host of its own.
func (claims assertionClaims) checkParties(t *tokenCall) *oauthError {
	if claims.Issuer != t.client || claims.Subject != t.client {
		return aadError("invalid_client", 700021, "Client assertion application identifier doesn't match 'client_id' parameter.")
	}
	if u, err := url.Parse(claims.Audience); err != nil || u.Path != t.path {
		return aadError("invalid_client", 700023, "Client assertion audience claim does not match Realm issuer.")
	}
	return nil
}
