// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"strings"
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

// checkAssertion checks a client assertion (RFC 7523): that it is a JWT, that
// it is not too old, and, where the client has a certificate, that it was
// signed with it.
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
	claims := signed.UnsafePayloadWithoutVerification()
	if c.certificate != nil {
		if claims, err = signed.Verify(c.certificate.PublicKey); err != nil {
			return aadError("invalid_client", 700027, "The certificate with identifier used to sign the client assertion is not registered on application.")
		}
	}
	expires, ok := tokenExpiry(claims)
	const slack = 5 * time.Minute // between the clocks of two machines
	if !ok || e.clock().After(expires.Add(slack)) {
		return aadError("invalid_client", 700024, "Client assertion is not within its valid time range.")
	}
	if c.certificate != nil && !strings.Contains(string(claims), `"`+t.client+`"`) {
		return aadError("invalid_client", 700021, "Client assertion application identifier doesn't match 'client_id' parameter.")
	}
	return nil
}
