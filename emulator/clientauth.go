// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"encoding/json"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// assertionType is the only one that there is (RFC 7523, section 2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// authenticate checks a client's secret or assertion. While no clients are
// registered both are taken as they are, except that a native app has no
// secret to send.
func (e *Emulator) authenticate(t *tokenCall, redirect string) *oauthError {
	c, open, known := e.clientOf(t.client)
	switch {
	case !known:
		return t.provider.unknownClient(t.client)
	case t.secret != "" && isNativeRedirect(redirect):
		return t.provider.unwantedSecret()
	case t.assertion != "":
		return e.checkAssertion(t, c)
	case open, isNativeRedirect(redirect):
		return nil
	case !c.confidential() && t.secret != "":
		return t.provider.unwantedSecret()
	case c.confidential() && t.secret == "":
		return t.provider.missingSecret()
	case t.secret != c.Secret:
		return t.provider.wrongSecret()
	}
	return nil
}

// assertionClaims is what a client assertion says (RFC 7523, section 3).
type assertionClaims struct {
	Issuer    string  `json:"iss"`
	Subject   string  `json:"sub"`
	Audience  string  `json:"aud"`
	NotBefore float64 `json:"nbf"`
	Expiry    float64 `json:"exp"`
}

// clockSlack is how far the clocks of two machines may be apart.
const clockSlack = 5 * time.Minute

// checkAssertion checks a client assertion: that it is a JWT, that it is
// valid now, and, where the client has a certificate, that it was signed with
// that, by the client, for this endpoint. Without a certificate it is taken
// for the token of a federated issuer, whose claims are the issuer's.
func (e *Emulator) checkAssertion(t *tokenCall, c client) *oauthError {
	if t.provider == live {
		return liveError("invalid_request", "The request includes an unsupported parameter 'client_assertion'.")
	}
	if t.form.Get("client_assertion_type") != assertionType {
		return t.provider.missing("client_assertion_type")
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
	if !claims.validAt(e.clock()) {
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

// checkParties checks who says what to whom. Of the audience only the path is
// compared: the emulator has no host of its own.
func (claims assertionClaims) checkParties(t *tokenCall) *oauthError {
	if claims.Issuer != t.client || claims.Subject != t.client {
		return aadError("invalid_client", 700021, "Client assertion application identifier doesn't match 'client_id' parameter.")
	}
	if u, err := url.Parse(claims.Audience); err != nil || u.Path != t.path {
		return aadError("invalid_client", 700023, "Client assertion audience claim does not match Realm issuer.")
	}
	return nil
}
