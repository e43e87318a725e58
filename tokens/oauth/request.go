// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"go.uber.org/zap"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// ExchangeCode redeems an authorization code (RFC 6749 §4.1.3, RFC 7636 §4.5).
func (c *Client) ExchangeCode(ctx context.Context, code, verifier Secret, redirectURI string) (*Grant, error) {
	params := url.Values{
		"grant_type":   {"authorization_code"},
		"code":         {code.Reveal()},
		"redirect_uri": {redirectURI},
	}
	if verifier != "" {
		params.Set("code_verifier", verifier.Reveal())
	}
	c.addAudience(params)
	g, err := c.requestToken(ctx, params)
	if err != nil {
		return nil, duringSignin(refusedCode(err))
	}
	g.RedirectURI = redirectURI
	return g, nil
}

// refusedCode says of a grant that was refused without a closer reason that it is the
// authorization code: the same errors mean an ended sign-in where the grant is a
// refresh token.
func refusedCode(err error) error {
	f := AsFailure(err)
	if f == nil {
		return err
	}
	switch f.Status.Code {
	case "invalid_grant", "AADSTS70000", "AADSTS9002313":
	default:
		return err
	}
	g := *f
	g.Status.Message = "the authorization code was refused: it came late, a second time or changed"
	g.Status.Hint = "Start the sign-in again. If that does not help, look for a browser extension or a tracking protection that changes addresses; if you paste the address, take the whole of it."
	return &g
}

// RefreshRequest is what one refresh adds to the configuration.
type RefreshRequest struct {
	// RefreshToken is the token to refresh with. The flow client_credentials
	// has none.
	RefreshToken Secret

	// RedirectURI is the redirect URI that the refresh token was issued for.
	// Empty: the configured one.
	RedirectURI string

	// Claims is the decoded claims challenge of the API, or empty.
	Claims string
}

// Refresh requests a new access token: with the refresh token, or with the
// app's own credentials where the flow is client_credentials. It sends the
// request a second time if the provider refused a client secret that was
// replaced in the meantime: secret files are rotated under running programs.
func (c *Client) Refresh(ctx context.Context, r RefreshRequest) (*Grant, error) {
	before := c.currentSecret()
	g, err := c.requestToken(ctx, c.refreshParams(r))
	f := AsFailure(err)
	if f == nil || f.oauth != "invalid_client" || c.currentSecret() == before {
		return g, err
	}
	return c.requestToken(ctx, c.refreshParams(r))
}

func (c *Client) currentSecret() Secret {
	if !c.config.hasSecret() {
		return ""
	}
	s, _ := c.config.ClientSecret()
	return s
}

// refreshParams returns the parameters of a refresh (RFC 6749 §6), or of a
// request with the app's own credentials (§4.4). Microsoft demands the redirect
// URI of the sign-in again; where it is not known, as with an imported token,
// none is sent.
func (c *Client) refreshParams(r RefreshRequest) url.Values {
	params := url.Values{}
	if c.config.Flow == FlowClientCredentials {
		params.Set("grant_type", "client_credentials")
	} else {
		params.Set("grant_type", "refresh_token")
		params.Set("refresh_token", r.RefreshToken.Reveal())
		if uri := cmp.Or(r.RedirectURI, c.config.RedirectURI); uri != "" {
			params.Set("redirect_uri", uri)
		}
	}
	if r.Claims != "" {
		params.Set("claims", r.Claims)
	}
	c.addAudience(params)
	if c.config.Flow == FlowClientCredentials && c.config.Provider == Custom && len(c.config.Scopes) > 0 {
		params.Set("scope", strings.Join(c.config.Scopes, " "))
	}
	return params
}

// addAudience says which API the token is for: resource at v1, scope at v2.0.
// The scope is the configured one: the granted one, echoed back, mixes names
// that may not be requested together.
func (c *Client) addAudience(params url.Values) {
	switch c.config.Provider {
	case AzureAD:
		params.Set("resource", c.config.Resource)
	case Entra:
		params.Set("scope", strings.Join(c.config.Scopes, " "))
	}
}

// requestToken sends one token request (RFC 6749 §3.2) with the parameters of
// its grant; the client's identification is added here. clientcredentials is
// the part of x/oauth2 that sends just the parameters it is given, whatever
// the grant type: the refresh of x/oauth2 could carry neither redirect_uri nor
// resource.
func (c *Client) requestToken(ctx context.Context, params url.Values) (*Grant, error) {
	secret, err := c.authenticate(params)
	if err != nil {
		return nil, err
	}
	conf := clientcredentials.Config{
		ClientID:       c.config.ClientID,
		ClientSecret:   secret.Reveal(),
		TokenURL:       c.config.endpoints().token,
		AuthStyle:      oauth2.AuthStyleInParams, // the default probes, and doubles each failing request
		EndpointParams: params,
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, c.tokenHTTP())
	requested := c.clock.Now()
	token, err := conf.Token(ctx)
	if err != nil {
		return nil, c.failureOf(err)
	}
	g := grantOf(token, c.clock.Now())
	g.RequestedAt = requested
	return g, nil
}

// tokenHTTP is the HTTP client with token responses made readable for x/oauth2.
func (c *Client) tokenHTTP() *http.Client {
	h := *c.http
	next := h.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	h.Transport = tokenTransport{next: next, date: c.compareClock}
	return &h
}

// authenticate adds the client's proof to the parameters, or returns the
// secret for x/oauth2 to add.
func (c *Client) authenticate(params url.Values) (Secret, error) {
	switch {
	case c.config.hasSecret():
		secret, err := c.config.ClientSecret()
		if err != nil {
			return "", c.misconfigured("client_secret", "the client secret cannot be read: "+err.Error(),
				"Make the file or variable that client_secret names readable for Caddy, with the secret alone in it, in UTF-8 and without quotes.")
		}
		return secret, nil
	case c.config.CertificateFile != "", c.config.FederatedTokenFile != "":
		assertion, err := c.assertion()
		if err != nil {
			return "", err
		}
		params.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		params.Set("client_assertion", assertion.Reveal())
	}
	return "", nil
}

// maxSkew is how far clocks may differ before a warning is logged: assertions
// and expiries are judged by both.
const maxSkew = time.Minute

// compareClock compares the provider's clock with ours.
func (c *Client) compareClock(theirs time.Time) {
	skew := c.clock.Now().Sub(theirs).Truncate(time.Second)
	if skew.Abs() <= maxSkew {
		c.skewed.Store(false)
		return
	}
	if c.skewed.CompareAndSwap(false, true) {
		c.log.Warn("the clocks of this machine and of the identity provider differ; set the time, or sign-ins may fail",
			zap.Duration("ahead_by", skew))
	}
}
