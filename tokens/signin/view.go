// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"time"

	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// accountView is an account as the pages show it.
type accountView struct {
	tokens.Status

	// Tone is good, warn, bad or idle: the colour of the state, whose name
	// stands beside it.
	Tone, Label, Explanation string

	ProviderName, FlowName string

	// Title is who is signed in, or else what the account is.
	Title  string
	Person personView

	// Folded: the account needs nobody, and there are many.
	Folded bool

	// Served is what was served for the account; nil where it is not counted.
	Served *servedView

	// Code leads back to a device code that is valid; nil where there is none.
	Code *codeView

	Expires, Refreshed, Obtained instant

	// Tests are what the APIs responded to the token last, at TestedAt.
	Tests    []Test
	TestedAt instant

	// SignIn is nil where the client may not sign in, or nobody can.
	SignIn *signinView

	// SignOut offers to delete tokens.
	SignOut bool

	// WaitingApp is the app that waits for the sign-in; its forms pass it on.
	WaitingApp string

	// Paste offers the box for the address that the browser ended on.
	Paste bool

	ConsentURL  string
	LogoutURL   string // the provider's, where it cannot be asked to let the user choose
	RedirectURI string
}

// View lets a template pass on the account of a page that embeds one.
func (v accountView) View() accountView { return v }

// signinView is the button, and what is shown beside it.
type signinView struct {
	Label string

	// Primary: signing in is what helps.
	Primary bool

	// NewTab keeps this page open while the provider's is used: no redirect leads
	// back to it.
	NewTab bool

	// Redirects: the provider sends the browser somewhere at the end.
	Redirects bool

	// Device offers a code for another device beside the account's own flow.
	Device bool

	// Another offers to let the user choose who signs in.
	Another bool

	// Intercepted are the hosts of the sign-in that lead here, so that this browser
	// cannot be sent to the provider.
	Intercepted []string
}

// byCode reports whether a code on another device is the easier way.
func (v *signinView) byCode() bool { return len(v.Intercepted) > 0 && v.Device }

// codeView leads back to a device code.
type codeView struct {
	Attempt string
	Left    instant
}

// stateWords is how the pages show a state.
type stateWords struct{ tone, label, explanation string }

var words = map[tokens.State]stateWords{
	tokens.SignedOut:     {"idle", "Signed out", "Nobody is signed in. Apps get a response that says so."},
	tokens.SigningIn:     {"warn", "Signing in", "A sign-in was begun and waits for the identity provider."},
	tokens.Ready:         {"good", "Ready", "Requests of apps are served."},
	tokens.Degraded:      {"warn", "Degraded", "Requests of apps are served, but something needs attention."},
	tokens.NeedsSignin:   {"bad", "Sign-in required", "Only a new sign-in helps. Apps get a response that says so."},
	tokens.NeedsOperator: {"bad", "Misconfigured", "Only a change of the configuration helps."},
	tokens.Unavailable:   {"bad", "Unavailable", "No token can be had at the moment. It is tried again by itself."},
	tokens.Refused:       {"bad", "Refused", "A token is there, but the API refuses it with each request."},
}

// Explanation says in a sentence what a state means.
func Explanation(s tokens.State) string { return words[s].explanation }

var providerNames = map[oauth.Provider]string{
	oauth.MicrosoftAccount: "Microsoft account (personal)",
	oauth.AzureAD:          "Azure AD v1 (work or school)",
	oauth.Entra:            "Microsoft Entra ID (v2.0)",
	oauth.Custom:           "Custom identity provider",
}

var flowNames = map[oauth.Flow]string{
	oauth.FlowCode:              "in the browser (code flow)",
	oauth.FlowToken:             "in the browser (token flow, has to be repeated every hour)",
	oauth.FlowDevice:            "with a code on any device (device flow)",
	oauth.FlowClientCredentials: "by the app itself (client credentials)",
}

// view returns an account as the client may see it.
func (p *Pages) view(q *pageRequest, a *tokens.Account) accountView {
	c := a.Config()
	s := a.Status(q.r.Context())
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
		RedirectURI:  p.redirectURI(a, q.base),
		Served:       p.servedView(c.Name),
		WaitingApp:   q.app,
	}
	v.Title = accountTitle(c)
	last := p.Attempts.lastTests(c.Name)
	if last.saysNow(s.State) {
		v.Tests, v.TestedAt = last.tests, p.instant(&last.at)
	}
	if c.Flow == oauth.FlowClientCredentials {
		return v
	}
	if u, ok := a.User(q.r.Context()); ok {
		v.Person = personOf(c, u, last.ownerFor(u), c.Label)
		v.Title = v.Person.Name
	}
	v.ConsentURL = c.ConsentURL()
	if !q.access.MaySignIn {
		return v
	}
	v.SignIn = p.signinView(q, c, s, v.RedirectURI)
	v.Code = p.codeView(c.Name)
	if !v.SignIn.Another && v.SignIn.Redirects && len(v.SignIn.Intercepted) == 0 {
		v.LogoutURL = a.Client().LogoutURL(v.RedirectURI)
	}
	v.SignOut = s.State != tokens.SignedOut && s.State != tokens.SigningIn
	v.Paste = redirects(c) && (v.SignIn.NewTab && !s.State.Usable() || p.Attempts.hasPending(p.clock().Now(), c.Name))
	return v
}

func (p *Pages) signinView(q *pageRequest, c oauth.Config, s tokens.Status, redirectURI string) *signinView {
	v := &signinView{
		Label:     "Sign in with " + providerOf(c),
		Primary:   signingInHelps(s),
		Redirects: redirects(c),
		NewTab:    redirects(c) && !p.leadsHere(redirectURI, c.Name, q.base),
		Device:    c.Flow == oauth.FlowCode && (c.Provider != oauth.Custom || c.DeviceURL != ""),
		Another:   c.Provider != oauth.MicrosoftAccount && c.Flow != oauth.FlowDevice,
	}
	if s.User != nil || s.State.Usable() {
		v.Label = "Sign in again"
	}
	if v.Intercepted = p.intercepted(c); len(v.Intercepted) > 0 && v.Redirects {
		v.Label = "Sign in on another machine"
		v.Primary = v.Primary && !v.byCode()
		v.NewTab = false
	}
	return v
}

// signingInHelps reports whether a sign-in is what an account needs.
func signingInHelps(s tokens.Status) bool {
	switch s.State {
	case tokens.SignedOut, tokens.SigningIn, tokens.NeedsSignin:
		return true
	}
	return s.State == tokens.Degraded && s.Error != nil && s.Error.Class == oauth.SigninRequired
}

// accountTitle is what an account is called while nobody is signed in.
func accountTitle(c oauth.Config) string {
	switch {
	case c.Label != "":
		return c.Label
	case c.Flow == oauth.FlowClientCredentials:
		return "The app itself"
	}
	return accountKind(c)
}

// codeView returns nil where no device code of the account is valid.
func (p *Pages) codeView(account string) *codeView {
	t, ok := p.Attempts.pendingCode(p.clock().Now(), account)
	if !ok {
		return nil
	}
	return &codeView{t.id, p.instant(&t.device.ExpiresAt)}
}

// origins returns where the forms of accounts lead to; see formOrigins.
func (p *Pages) origins(q *pageRequest, accounts ...*tokens.Account) []string {
	if !q.access.MaySignIn {
		return nil
	}
	var addresses []string
	for _, a := range accounts {
		uri, kept := p.redirectURI(a, q.base), a.RedirectURI()
		addresses = append(addresses, uri, kept, a.Client().LogoutURL(uri), a.Client().AuthorizeURL(oauth.AuthorizeRequest{Flow: oauth.FlowCode}))
	}
	origins := formOrigins(addresses...)
	if q.appSource != "" {
		origins = append(origins, q.appSource)
	}
	return origins
}

// instant is a time as a date and relative to now.
type instant struct {
	Time  time.Time
	Words string
}

// instant returns a time and how far away it is; the zero instant for none.
func (p *Pages) instant(t *time.Time) instant {
	if t == nil {
		return instant{}
	}
	return instant{Time: t.UTC(), Words: relativeTime(t.Sub(p.clock().Now()))}
}
