// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"time"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// accountView is an account as the pages show it.
type accountView struct {
	tokens.Status

	// Tone is good, warn, bad or idle: the colour of the state, which stands
	// in words beside it.
	Tone, Label, Explanation string

	ProviderName, FlowName string

	Expires, Refreshed, Obtained instant

	// SignIn is nil where the visitor may not sign in, or nobody can.
	SignIn *signinView

	// SignOut offers to delete tokens.
	SignOut bool

	// Paste offers the box for the address that the browser ended on.
	Paste bool

	ConsentURL  string
	LogoutURL   string // the provider's, where it cannot be asked to let the user choose
	RedirectURI string
}

// View lets a template hand on the account of a page that embeds one.
func (v accountView) View() accountView { return v }

// signinView is the button, and what fits beside it.
type signinView struct {
	Label string

	// NewTab keeps this page open while the provider's is used: the user comes
	// back to it by hand.
	NewTab bool

	// Redirects: the provider sends the browser somewhere at the end.
	Redirects bool

	// Device offers a code for another device beside the account's own flow.
	Device bool

	// Another offers to let the user choose who signs in.
	Another bool
}

// stateWords is what a state means to whoever looks at it.
type stateWords struct{ tone, label, explanation string }

var words = map[tokens.State]stateWords{
	tokens.SignedOut:     {"idle", "Signed out", "Nobody is signed in. Apps get an answer that says so."},
	tokens.SigningIn:     {"warn", "Signing in", "A sign-in was begun and waits for the identity provider."},
	tokens.Ready:         {"good", "Ready", "Requests of apps are served."},
	tokens.Degraded:      {"warn", "Degraded", "Requests of apps are served, but something needs attention."},
	tokens.NeedsSignin:   {"bad", "Sign-in required", "Only a new sign-in helps. Apps get an answer that says so."},
	tokens.NeedsOperator: {"bad", "Misconfigured", "Only a change of the configuration helps."},
	tokens.Unavailable:   {"bad", "Unavailable", "The identity provider cannot be reached. It is tried again by itself."},
}

var providerNames = map[tokens.Provider]string{
	tokens.MicrosoftAccount: "Microsoft account (personal)",
	tokens.AzureAD:          "Azure AD v1 (work or school)",
	tokens.Entra:            "Microsoft Entra ID (v2.0)",
	tokens.Custom:           "Custom identity provider",
}

var flowNames = map[tokens.Flow]string{
	tokens.FlowCode:              "in the browser (code flow)",
	tokens.FlowToken:             "in the browser (token flow, has to be repeated every hour)",
	tokens.FlowDevice:            "with a code on any device (device flow)",
	tokens.FlowClientCredentials: "by the app itself (client credentials)",
}

// view looks at an account as the visitor may see it.
func (p *Pages) view(e *exchange, a *tokens.Account) accountView {
	c := a.Config()
	s := a.Status(e.r.Context())
	w := words[s.State]
	v := accountView{
		Status:       s,
		Tone:         w.tone,
		Label:        w.label,
		Explanation:  w.explanation,
		ProviderName: providerNames[c.Provider],
		FlowName:     flowNames[c.Flow],
		Expires:      p.instant(s.AccessTokenExpiresAt),
		Refreshed:    p.instant(s.RefreshedAt),
		Obtained:     p.instant(s.RefreshTokenObtainedAt),
		RedirectURI:  p.redirectURI(a, e.base),
	}
	if c.Flow == tokens.FlowClientCredentials {
		return v
	}
	v.ConsentURL = a.ConsentURL()
	if !e.visitor.MaySignIn {
		return v
	}
	v.SignIn = p.signinView(c, s, v.RedirectURI)
	if !v.SignIn.Another && v.SignIn.Redirects {
		v.LogoutURL = a.LogoutURL(v.RedirectURI)
	}
	v.SignOut = s.State != tokens.SignedOut && s.State != tokens.SigningIn
	v.Paste = redirects(c) && (v.SignIn.NewTab && !s.State.Usable() || p.Attempts.waits(p.clock().Now(), c.Name))
	return v
}

func (p *Pages) signinView(c tokens.Config, s tokens.Status, redirectURI string) *signinView {
	v := &signinView{
		Label:     "Sign in",
		Redirects: redirects(c),
		NewTab:    redirects(c) && !isOurs(redirectURI, c.Name),
		Device:    c.Flow == tokens.FlowCode && (c.Provider != tokens.Custom || c.DeviceURL != ""),
		Another:   c.Provider != tokens.MicrosoftAccount && c.Flow != tokens.FlowDevice,
	}
	if s.User != nil || s.State.Usable() {
		v.Label = "Sign in again"
	}
	return v
}

// origins returns where the forms of accounts lead to; see formOrigins.
func (p *Pages) origins(e *exchange, accounts ...*tokens.Account) []string {
	if !e.visitor.MaySignIn {
		return nil
	}
	var addresses []string
	for _, a := range accounts {
		uri, kept := p.redirectURI(a, e.base), a.RedirectURI()
		addresses = append(addresses, uri, kept, a.LogoutURL(uri), a.AuthorizeURL(tokens.AuthorizeRequest{Flow: tokens.FlowCode}))
	}
	return formOrigins(addresses...)
}

// instant is a time in both of the ways that people ask for it.
type instant struct {
	Time  time.Time
	Words string
}

// instant returns a time and how far away it is; the zero instant for none.
func (p *Pages) instant(t *time.Time) instant {
	if t == nil {
		return instant{}
	}
	return instant{Time: t.UTC(), Words: distance(t.Sub(p.clock().Now()))}
}
