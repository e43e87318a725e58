// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// How often pages reload, in seconds: while a change is expected, and otherwise.
const (
	refreshSoon   = 4
	refreshSeldom = 30
)

// statusPage is the page at /.
type statusPage struct {
	// Base is empty where no app gets a response.
	Base string

	// Curl is a line to try in a terminal, once an account is usable.
	Curl string

	// Replaces are the addresses whose place the base takes; none where they are not
	// known.
	Replaces []string

	// Trouble are the accounts that need somebody, the worst first; Healthy those
	// that do not.
	Trouble, Healthy []accountView
}

// many is how many accounts fill a page: with more, those that need nobody are folded.
const many = 3

// urgency orders accounts by the tone of their state.
var urgency = map[string]int{"bad": 0, "warn": 1, "idle": 2, "good": 3}

// newStatusPage sorts the accounts.
func newStatusPage(views []accountView) statusPage {
	slices.SortStableFunc(views, func(v, w accountView) int { return urgency[v.Tone] - urgency[w.Tone] })
	var body statusPage
	for _, v := range views {
		if v.Tone != "good" {
			body.Trouble = append(body.Trouble, v)
			continue
		}
		v.Folded = len(views) > many
		body.Healthy = append(body.Healthy, v)
	}
	return body
}

// tell adds what people enter in their apps.
func (p *Pages) tell(body *statusPage, base string, usable bool) {
	if p.PagesOnly {
		return
	}
	body.Base = base
	if p.API == nil {
		return
	}
	body.Replaces = p.API.Addresses
	if !usable || p.API.Sample == "" {
		return
	}
	body.Curl = "curl " + base + p.API.Sample
	if p.API.Keyed {
		body.Curl = `curl -H "X-Onenote-Proxy-Key: YOUR-KEY" ` + base + p.API.Sample
	}
}

// showStatus shows the accounts that the client may see.
func (p *Pages) showStatus(q *pageRequest) {
	accounts := p.visible(q.access)
	if p.moveToCanonicalHost(q, "", accounts...) {
		return
	}
	var views []accountView
	refresh, usable := refreshSeldom, false
	for _, a := range accounts {
		v := p.view(q, a)
		if v.State == tokens.SigningIn {
			refresh = min(refresh, refreshSoon)
		}
		usable = usable || v.State.Usable()
		if v.State.Usable() && v.Person.Name != "" && !v.Person.Named {
			p.askName(a)
		}
		views = append(views, v)
	}
	for _, v := range views {
		if v.Paste {
			refresh = 0 // a reload would delete what the user is pasting
		}
	}
	body := newStatusPage(views)
	p.tell(&body, trimmed(q.base), usable)
	p.render(q, "status", page{
		Title:   "OneNote accounts",
		Home:    true,
		Body:    body,
		Refresh: refresh,
		script:  pageScript,
		origins: p.origins(q, accounts...),
	})
}

// statusJSON is the same for programs.
func (p *Pages) statusJSON(q *pageRequest) {
	var response struct {
		Accounts []tokens.Status `json:"accounts"`
	}
	response.Accounts = []tokens.Status{}
	for _, a := range p.visible(q.access) {
		s := a.Status(q.r.Context())
		if a.Config().Flow != oauth.FlowClientCredentials {
			address := p.SigninURL(q.base, a.Name())
			s.SigninURL = &address
		}
		response.Accounts = append(response.Accounts, s)
	}
	b, err := json.MarshalIndent(response, "", "  ")
	if err != nil {
		http.Error(q.w, "the status could not be written", http.StatusInternalServerError)
		return
	}
	q.w.Header().Set("Content-Type", "application/json")
	if q.r.Method != http.MethodHead {
		q.w.Write(append(b, '\n'))
	}
}
