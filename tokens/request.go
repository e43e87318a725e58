// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"go.uber.org/zap"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// requestToken sends one token request (RFC 6749 §3.2) with the parameters of
// its grant; the client's identification is added here. clientcredentials is
// the part of x/oauth2 that sends just the parameters it is given, whatever
// the grant type: its refresh could carry neither redirect_uri nor resource.
func (a *Account) requestToken(ctx context.Context, params url.Values) (*Grant, error) {
	secret, err := a.authenticate(params)
	if err != nil {
		return nil, err
	}
	conf := clientcredentials.Config{
		ClientID:       a.config.ClientID,
		ClientSecret:   secret.Reveal(),
		TokenURL:       a.config.endpoints().token,
		AuthStyle:      oauth2.AuthStyleInParams, // the default probes, and doubles each failing request
		EndpointParams: params,
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, a.tokenClient())
	token, err := conf.Token(ctx)
	if err != nil {
		return nil, a.failureOf(err)
	}
	return grantOf(token, a.clock.Now()), nil
}

// tokenClient is the account's client with answers made readable.
func (a *Account) tokenClient() *http.Client {
	c := *a.client
	next := c.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	c.Transport = tokenTransport{next: next, date: a.compareClock}
	return &c
}

// authenticate adds the client's proof to the parameters, or returns the
// secret for x/oauth2 to add.
func (a *Account) authenticate(params url.Values) (Secret, error) {
	switch c := a.config; {
	case c.hasSecret():
		secret, err := c.ClientSecret()
		if err != nil {
			return "", a.misconfigured("client_secret", "the client secret cannot be read: "+err.Error(),
				"Make the file or variable that client_secret names readable for Caddy.")
		}
		return secret, nil
	case c.CertificateFile != "", c.FederatedTokenFile != "":
		assertion, err := a.assertion()
		if err != nil {
			return "", err
		}
		params.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		params.Set("client_assertion", assertion.Reveal())
	}
	return "", nil
}

// audienceParams says which API the token is for: resource at v1, scope at
// v2.0. The scope is the configured one: the granted one, echoed back, mixes
// names that may not be asked for together.
func (a *Account) audienceParams(params url.Values) {
	switch a.config.Provider {
	case AzureAD:
		params.Set("resource", a.config.Resource)
	case Entra:
		params.Set("scope", strings.Join(a.config.Scopes, " "))
	}
}

// exchangeRequest redeems an authorization code (RFC 6749 §4.1.3, RFC 7636 §4.5).
func (a *Account) exchangeRequest(code, verifier Secret, redirectURI string) url.Values {
	params := url.Values{
		"grant_type":   {"authorization_code"},
		"code":         {code.Reveal()},
		"redirect_uri": {redirectURI},
	}
	if verifier != "" {
		params.Set("code_verifier", verifier.Reveal())
	}
	a.audienceParams(params)
	return params
}

// refreshRequest renews with a refresh token (RFC 6749 §6). Microsoft wants
// the redirect URI of the sign-in again; where it is not known, as with an
// imported token, nothing is sent.
func (a *Account) refreshRequest(r *record, claims string) url.Values {
	params := url.Values{
		"grant_type":    {"refresh_token"},
		"refresh_token": {r.RefreshToken},
	}
	if uri := firstOf(r.RedirectURI, a.config.RedirectURI); uri != "" {
		params.Set("redirect_uri", uri)
	}
	if claims != "" {
		params.Set("claims", claims)
	}
	a.audienceParams(params)
	return params
}

// clientCredentialsRequest asks for an app-only token (RFC 6749 §4.4).
func (a *Account) clientCredentialsRequest(claims string) url.Values {
	params := url.Values{"grant_type": {"client_credentials"}}
	if claims != "" {
		params.Set("claims", claims)
	}
	a.audienceParams(params)
	if a.config.Provider == Custom && len(a.config.Scopes) > 0 {
		params.Set("scope", strings.Join(a.config.Scopes, " "))
	}
	return params
}

// maxSkew is how far clocks may differ before it is worth a line in the log:
// assertions and expiries are judged by both.
const maxSkew = time.Minute

// compareClock holds the provider's clock against ours.
func (a *Account) compareClock(theirs time.Time) {
	skew := a.clock.Now().Sub(theirs).Truncate(time.Second)
	if skew.Abs() <= maxSkew {
		a.skewed.Store(false)
		return
	}
	if a.skewed.CompareAndSwap(false, true) {
		a.log.Warn("the clocks of this machine and of the identity provider differ; set the time, or sign-ins may fail",
			zap.Duration("ahead_by", skew))
	}
}
