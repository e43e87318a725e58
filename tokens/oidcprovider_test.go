// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/oauth2"

	"github.com/caddy-onenote/caddy-onenote/internal/oidcprovider"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// The flows against an authorization server that is not ours: npm's
// oidc-provider, which is certified by the OpenID Foundation, rotates refresh
// tokens and ends the grant when one is used twice.

const (
	oidcFolder   = "../internal/oidcprovider"
	oidcRedirect = "http://localhost:8080/auth/default/callback"
)

func startOIDCProvider(t *testing.T) (issuer string) {
	t.Helper()
	return oidcprovider.Start(t, oidcFolder)
}

func oidcConfig(r *rig, issuer string, edit ...func(*oauth.Config)) oauth.Config {
	return r.config(append([]func(*oauth.Config){func(c *oauth.Config) {
		*c = oauth.Config{
			Name: "default", Provider: oauth.Custom, ClientID: "app",
			AuthorizeURL: issuer + "/auth", TokenURL: issuer + "/token", DeviceURL: issuer + "/device/auth",
			Scopes: []string{"openid", "offline_access"},
		}
	}}, edit...)...)
}

// userAgent acts for a browser and its user: it keeps cookies, follows redirects
// up to our callback, and submits every form it gets.
type userAgent struct {
	t      *testing.T
	client *http.Client
	landed *url.URL
}

func newUserAgent(t *testing.T) *userAgent {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &userAgent{t: t}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	v.client = &http.Client{Jar: jar, Transport: transport, CheckRedirect: func(req *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(req.URL.String(), oidcRedirect) {
			v.landed = req.URL
			return http.ErrUseLastResponse
		}
		return nil
	}}
	return v
}

// visit submits forms until it arrives at the callback, or there is none left.
func (v *userAgent) visit(address string, fill map[string]string) {
	v.t.Helper()
	res, err := v.client.Get(address)
	for range 10 {
		if err != nil {
			v.t.Fatal(err)
		}
		action, fields := firstForm(v.t, res)
		res.Body.Close()
		if v.landed != nil || action == "" {
			return
		}
		for name := range fields {
			if value, ok := fill[name]; ok {
				fields.Set(name, value)
			}
		}
		target, parseErr := res.Request.URL.Parse(action)
		if parseErr != nil {
			v.t.Fatal(parseErr)
		}
		res, err = v.client.PostForm(target.String(), fields)
	}
	v.t.Fatal("the sign-in does not end")
}

// firstForm returns where the page's form goes and what is in it.
func firstForm(t *testing.T, res *http.Response) (action string, fields url.Values) {
	t.Helper()
	doc, err := html.Parse(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	fields = url.Values{}
	attr := func(n *html.Node, name string) string {
		for _, a := range n.Attr {
			if a.Key == name {
				return a.Val
			}
		}
		return ""
	}
	var walk func(n *html.Node, inside bool)
	walk = func(n *html.Node, inside bool) {
		if n.Type == html.ElementNode && n.Data == "form" && action == "" {
			if action, inside = attr(n, "action"), true; action == "" {
				action = res.Request.URL.String()
			}
		}
		if n.Type == html.ElementNode && inside && (n.Data == "input" || n.Data == "button") && attr(n, "name") != "" && attr(n, "name") != "abort" {
			fields.Set(attr(n, "name"), attr(n, "value"))
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c, inside)
		}
	}
	walk(doc, false)
	return action, fields
}

var alice = map[string]string{"login": "alice", "password": "any", "confirm": "yes"}

// signInAt runs the code flow as a browser does.
func signInAt(t *testing.T, a *Account) *oauth.Grant {
	t.Helper()
	verifier := oauth2.GenerateVerifier()
	v := newUserAgent(t)
	v.visit(a.Client().AuthorizeURL(oauth.AuthorizeRequest{
		Flow: oauth.FlowCode, State: "the state", RedirectURI: oidcRedirect, Prompt: "consent",
		Challenge: oauth2.S256ChallengeFromVerifier(verifier),
	}), alice)
	if v.landed == nil || v.landed.Query().Get("state") != "the state" {
		t.Fatalf("the sign-in landed on %v", v.landed)
	}
	g, err := a.Client().ExchangeCode(context.Background(), oauth.Secret(v.landed.Query().Get("code")), oauth.Secret(verifier), oidcRedirect)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// active reports whether the provider would accept the token.
func active(t *testing.T, issuer, token string) bool {
	t.Helper()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	res, err := (&http.Client{Transport: transport}).PostForm(issuer+"/token/introspection", url.Values{"client_id": {"app"}, "token": {token}})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var response struct{ Active bool }
	if err := json.NewDecoder(res.Body).Decode(&response); err != nil {
		t.Fatal(err)
	}
	return response.Active
}

func TestIndependentProviderRotationRefreshesOnce(t *testing.T) {
	issuer := startOIDCProvider(t)
	r := newRig(t)
	r.clock.Advance(time.Since(r.clock.Now())) // the provider's clock cannot be moved
	a := r.account(oidcConfig(r, issuer))
	g := signInAt(t, a)
	if g.User.String() != "alice@example.com" {
		t.Errorf("got user %q, want alice@example.com", g.User)
	}
	if err := a.Adopt(context.Background(), g, false); err != nil {
		t.Fatal(err)
	}
	others := []*Account{a, r.account(oidcConfig(r, issuer))}
	for round := range 3 {
		_, generation, err := a.Token(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				authorization, _, err := others[i%2].Refresh(context.Background(), upstream, generation, "")
				if err != nil {
					t.Errorf("round %d: %v", round, err)
				} else if i < 2 && !active(t, issuer, strings.TrimPrefix(authorization, "Bearer ")) {
					t.Errorf("round %d: the provider does not accept the refreshed token", round)
				}
			})
		}
		wg.Wait()
	}
}

func TestIndependentProviderRevokesGrantAfterTokenReuse(t *testing.T) {
	issuer := startOIDCProvider(t)
	r := newRig(t)
	r.clock.Advance(time.Since(r.clock.Now()))
	a := r.account(oidcConfig(r, issuer))
	if err := a.Adopt(context.Background(), signInAt(t, a), false); err != nil {
		t.Fatal(err)
	}
	stolen, _ := a.state.known()
	if err := a.ForceRefresh(context.Background()); err != nil {
		t.Fatal(err)
	}
	// Somebody else uses the old one: the provider ends the family.
	if _, err := a.client.Refresh(context.Background(), oauth.RefreshRequest{RefreshToken: oauth.Secret(stolen.RefreshToken)}); oauth.AsFailure(err) == nil {
		t.Fatalf("the provider accepted a used refresh token: %v", err)
	}
	err := a.ForceRefresh(context.Background())
	wantFailure(t, err, oauth.SigninRequired, "invalid_grant")
	// A sign-in from the beginning fixes it.
	if err := a.Adopt(context.Background(), signInAt(t, a), false); err != nil {
		t.Fatal(err)
	}
	wantState(t, a, Ready)
}

func TestIndependentProviderRevocationRequiresSignIn(t *testing.T) {
	issuer := startOIDCProvider(t)
	r := newRig(t)
	r.clock.Advance(time.Since(r.clock.Now()))
	a := r.account(oidcConfig(r, issuer))
	if err := a.Adopt(context.Background(), signInAt(t, a), false); err != nil {
		t.Fatal(err)
	}
	rec, _ := a.state.known()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	res, err := (&http.Client{Transport: transport}).PostForm(issuer+"/token/revocation", url.Values{"client_id": {"app"}, "token": {rec.RefreshToken}})
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("revoking: %v", err)
	}
	res.Body.Close()
	wantFailure(t, a.ForceRefresh(context.Background()), oauth.SigninRequired, "invalid_grant")
	wantState(t, a, NeedsSignin)
}

// hastyClock waits at most 50 ms: the provider asks for polls every 5 s, and does
// not insist.
type hastyClock struct{ oauth.SystemClock }

func (c hastyClock) After(d time.Duration) (<-chan time.Time, func()) {
	return c.SystemClock.After(min(d, 50*time.Millisecond))
}

func TestIndependentProviderDeviceFlowSignsIn(t *testing.T) {
	issuer := startOIDCProvider(t)
	r := newRig(t)
	r.clock.Advance(time.Since(r.clock.Now()))
	a := r.account(oidcConfig(r, issuer, func(c *oauth.Config) { c.Flow = oauth.FlowDevice }), func(o *Options) { o.Clock = hastyClock{} })
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	d, err := a.Client().StartDevice(ctx)
	if err != nil {
		t.Fatal(err)
	}
	polled := make(chan error, 1)
	var g *oauth.Grant
	go func() {
		var err error
		g, err = a.Client().PollDevice(ctx, d, "")
		polled <- err
	}()
	fill := map[string]string{"user_code": d.UserCode}
	for name, value := range alice {
		fill[name] = value
	}
	newUserAgent(t).visit(d.VerificationURI, fill)
	if err := <-polled; err != nil {
		t.Fatal(err)
	}
	if err := a.Adopt(ctx, g, false); err != nil {
		t.Fatal(err)
	}
	wantState(t, a, Ready)
}

func TestIndependentProviderClientCredentialsAreChecked(t *testing.T) {
	issuer := startOIDCProvider(t)
	r := newRig(t)
	r.clock.Advance(time.Since(r.clock.Now()))
	daemon := func(secret oauth.Secret) *Account {
		return r.account(oidcConfig(r, issuer, func(c *oauth.Config) {
			c.ClientID, c.Flow, c.Scopes = "daemon", oauth.FlowClientCredentials, []string{"notes"}
			c.ClientSecret = func() (oauth.Secret, error) { return secret, nil }
		}))
	}
	_, _, err := daemon("wrong").Token(context.Background())
	wantFailure(t, err, oauth.Misconfigured, "invalid_client")
	authorization, _, err := daemon("a secret of the tests").Token(context.Background())
	if err != nil || !strings.HasPrefix(authorization, "Bearer ") {
		t.Errorf("got %q, %v", authorization, err)
	}
	var f *oauth.Failure
	if errors.As(err, &f) {
		t.Errorf("hint: %s", f.Status.Hint)
	}
}
