// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"encoding/json"
	"net/http"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// How often pages load themselves again, in seconds: while something is about
// to happen, and otherwise.
const (
	refreshSoon   = 4
	refreshSeldom = 30
)

// statusPage is the page at /.
type statusPage struct {
	Base     string
	Accounts []accountView
}

// showStatus shows the accounts that the visitor may see.
func (p *Pages) showStatus(e *exchange) {
	accounts := p.visible(e.visitor)
	if p.moveBrowser(e, "", accounts...) {
		return
	}
	body := statusPage{Base: trimmed(e.base)}
	refresh := refreshSeldom
	for _, a := range accounts {
		v := p.view(e, a)
		if v.State == tokens.SigningIn {
			refresh = min(refresh, refreshSoon)
		}
		body.Accounts = append(body.Accounts, v)
	}
	for _, v := range body.Accounts {
		if v.Paste {
			refresh = 0 // it would take away what is being pasted
		}
	}
	p.render(e, "status", page{
		Title:   "OneNote accounts",
		Home:    true,
		Body:    body,
		Refresh: refresh,
		origins: p.origins(e, accounts...),
	})
}

// statusJSON tells the same to programs.
func (p *Pages) statusJSON(e *exchange) {
	var answer struct {
		Accounts []tokens.Status `json:"accounts"`
	}
	answer.Accounts = []tokens.Status{}
	for _, a := range p.visible(e.visitor) {
		s := a.Status(e.r.Context())
		if a.Config().Flow != tokens.FlowClientCredentials {
			address := p.SigninURL(e.base, a.Name())
			s.SigninURL = &address
		}
		answer.Accounts = append(answer.Accounts, s)
	}
	b, err := json.MarshalIndent(answer, "", "  ")
	if err != nil {
		http.Error(e.w, "the status could not be written", http.StatusInternalServerError)
		return
	}
	e.w.Header().Set("Content-Type", "application/json")
	if e.r.Method != http.MethodHead {
		e.w.Write(append(b, '\n'))
	}
}
