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

func oidcConfig(r *rig, issuer string, edit ...func(*Config)) Config {
	return r.config(append([]func(*Config){func(c *Config) {
		*c = Config{
			Name: "default", Provider: Custom, ClientID: "app",
			AuthorizeURL: issuer + "/auth", TokenURL: issuer + "/token", DeviceURL: issuer + "/device/auth",
			Scopes: []string{"openid", "offline_access"},
		}
	}}, edit...)...)
}

// visitor is a browser of sorts: it keeps cookies, follows redirects up to our
// own callback, and presses the button of every form it meets.
type visitor struct {
	t      *testing.T
	client *http.Client
	landed *url.URL
}

func newVisitor(t *testing.T) *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &visitor{t: t}
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

// visit goes on until it lands, or until there is no form left to send.
func (v *visitor) visit(address string, fill map[string]string) {
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
	v.t.Fatal("the sign-in goes on and on")
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
func signInAt(t *testing.T, a *Account) *Grant {
	t.Helper()
	verifier := oauth2.GenerateVerifier()
	v := newVisitor(t)
	v.visit(a.AuthorizeURL(AuthorizeRequest{
		Flow: FlowCode, State: "the state", RedirectURI: oidcRedirect, Prompt: "consent",
		Challenge: oauth2.S256ChallengeFromVerifier(verifier),
	}), alice)
	if v.landed == nil || v.landed.Query().Get("state") != "the state" {
		t.Fatalf("the sign-in landed on %v", v.landed)
	}
	g, err := a.ExchangeCode(context.Background(), Secret(v.landed.Query().Get("code")), Secret(verifier), oidcRedirect)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// active asks the provider whether it would accept the token.
func active(t *testing.T, issuer, token string) bool {
	t.Helper()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	res, err := (&http.Client{Transport: transport}).PostForm(issuer+"/token/introspection", url.Values{"client_id": {"app"}, "token": {token}})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var said struct{ Active bool }
	if err := json.NewDecoder(res.Body).Decode(&said); err != nil {
		t.Fatal(err)
	}
	return said.Active
}

func TestIndependentProviderCodeFlowAndRotation(t *testing.T) {
	issuer := startOIDCProvider(t)
	r := newRig(t)
	r.clock.Advance(time.Since(r.clock.Now())) // the provider's clock cannot be moved
	a := r.account(oidcConfig(r, issuer))
	g := signInAt(t, a)
	if g.User() != "alice@example.com" {
		t.Errorf("got user %q, want alice@example.com", g.User())
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
				authorization, _, err := others[i%2].Renew(context.Background(), generation, "")
				if err != nil {
					t.Errorf("round %d: %v", round, err)
				} else if i < 2 && !active(t, issuer, strings.TrimPrefix(authorization, "Bearer ")) {
					t.Errorf("round %d: the provider does not accept the renewed token", round)
				}
			})
		}
		wg.Wait()
	}
}

func TestIndependentProviderEndsAGrantWhoseTokenIsUsedTwice(t *testing.T) {
	issuer := startOIDCProvider(t)
	r := newRig(t)
	r.clock.Advance(time.Since(r.clock.Now()))
	a := r.account(oidcConfig(r, issuer))
	if err := a.Adopt(context.Background(), signInAt(t, a), false); err != nil {
		t.Fatal(err)
	}
	stolen, _ := a.held.known()
	if err := a.Retry(context.Background()); err != nil {
		t.Fatal(err)
	}
	// Somebody else uses the old one: the provider ends the family.
	if _, err := a.requestToken(context.Background(), a.refreshRequest(stolen, "")); asFailure(err) == nil {
		t.Fatalf("the provider accepted a used refresh token: %v", err)
	}
	err := a.Retry(context.Background())
	wantFailure(t, err, SigninRequired, "invalid_grant")
	// A sign-in from the beginning heals it.
	if err := a.Adopt(context.Background(), signInAt(t, a), false); err != nil {
		t.Fatal(err)
	}
	wantState(t, a, Ready)
}

func TestIndependentProviderRevocation(t *testing.T) {
	issuer := startOIDCProvider(t)
	r := newRig(t)
	r.clock.Advance(time.Since(r.clock.Now()))
	a := r.account(oidcConfig(r, issuer))
	if err := a.Adopt(context.Background(), signInAt(t, a), false); err != nil {
		t.Fatal(err)
	}
	rec, _ := a.held.known()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	res, err := (&http.Client{Transport: transport}).PostForm(issuer+"/token/revocation", url.Values{"client_id": {"app"}, "token": {rec.RefreshToken}})
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("revoking: %v", err)
	}
	res.Body.Close()
	wantFailure(t, a.Retry(context.Background()), SigninRequired, "invalid_grant")
	wantState(t, a, NeedsSignin)
}

func TestIndependentProviderDeviceFlow(t *testing.T) {
	issuer := startOIDCProvider(t)
	r := newRig(t)
	r.clock.Advance(time.Since(r.clock.Now()))
	a := r.account(oidcConfig(r, issuer, func(c *Config) { c.Flow = FlowDevice }), func(o *Options) { o.Clock = SystemClock{} })
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	d, err := a.StartDevice(ctx)
	if err != nil {
		t.Fatal(err)
	}
	d.interval = 50 * time.Millisecond // the provider asks for 5 s, and does not insist
	polled := make(chan error, 1)
	var g *Grant
	go func() {
		var err error
		g, err = a.PollDevice(ctx, d)
		polled <- err
	}()
	fill := map[string]string{"user_code": d.UserCode}
	for name, value := range alice {
		fill[name] = value
	}
	newVisitor(t).visit(d.VerificationURI, fill)
	if err := <-polled; err != nil {
		t.Fatal(err)
	}
	if err := a.Adopt(ctx, g, false); err != nil {
		t.Fatal(err)
	}
	wantState(t, a, Ready)
}

func TestIndependentProviderClientCredentials(t *testing.T) {
	issuer := startOIDCProvider(t)
	r := newRig(t)
	r.clock.Advance(time.Since(r.clock.Now()))
	daemon := func(secret Secret) *Account {
		return r.account(oidcConfig(r, issuer, func(c *Config) {
			c.ClientID, c.Flow, c.Scopes = "daemon", FlowClientCredentials, []string{"notes"}
			c.ClientSecret = func() (Secret, error) { return secret, nil }
		}))
	}
	_, _, err := daemon("wrong").Token(context.Background())
	wantFailure(t, err, Misconfigured, "invalid_client")
	authorization, _, err := daemon("a secret of the tests").Token(context.Background())
	if err != nil || !strings.HasPrefix(authorization, "Bearer ") {
		t.Errorf("got %q, %v", authorization, err)
	}
	var f *Failure
	if errors.As(err, &f) {
		t.Errorf("hint: %s", f.Hint())
	}
}
