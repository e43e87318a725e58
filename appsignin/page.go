// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package appsignin

import (
	"embed"
	"html/template"
	"net/http"

	"go.uber.org/zap"

	"github.com/caddy-onenote/caddy-onenote/internal/homepage"
	"github.com/caddy-onenote/caddy-onenote/internal/pagelook"
)

//go:embed templates
var files embed.FS

// page is what every template gets.
type page struct {
	Title         string
	Product, Root string
	Documentation string
	Body          any
	Brand         template.HTML
	Style, Script template.HTML

	status int
	script string
	action string // where a form may lead, besides us
}

var (
	submitScript = pagelook.MustRead(files, "submit.js")

	templates = pagelook.Parse(files, nil, "problem", "unlisted", "formpost", "device", "end")
)

// render writes a page.
func (s *Site) render(q *request, name string, v page) {
	v.Product, v.Root, v.Documentation = homepage.Name, q.root, homepage.URL+"/blob/main/docs/own-signin.md"
	v.Brand, v.Style = pagelook.Brand, pagelook.StyleElement
	if v.script != "" {
		v.Script = pagelook.Element("script", v.script)
	}
	var forms []string
	if v.action != "" {
		forms = append(forms, v.action)
	}
	if err := pagelook.Write(q.w, q.r, templates[name], max(v.status, http.StatusOK), pagelook.Policy(v.script, forms...), v); err != nil {
		s.log().Error("a page could not be written", zap.String("page", name), zap.Error(err))
	}
}

// problem says why an app is not sent back, and what to do.
type problem struct{ Message, Hint string }

var (
	noAccount = problem{"There is no account for this client.",
		"The options account and client_key of the site say which one it uses."}
	tooLong = problem{"The app's request is longer than any app needs.",
		"Look at what the app sends."}
	noRedirect = problem{"The app does not say where to send the browser back to (redirect_uri).",
		"Look at the sign-in settings of the app."}
	twoRedirects = problem{"The app names two different addresses to send the browser back to (redirect_uri).",
		"Look at the sign-in settings of the app."}
	noClient = problem{"The app does not say which one it is (client_id).",
		"Give the app its client id, or any word: this proxy takes each."}
	unreadable = problem{"The form that was sent cannot be read.",
		"Use the form on the page."}
	unavailable = problem{"The account cannot be looked at now: the storage or the sealing key of this server cannot be used.",
		"The log of the server says more. Try again in a moment."}
)

func (s *Site) showProblem(q *request, status int, p problem) {
	s.render(q, "problem", page{Title: "The app cannot sign in", Body: p, status: status})
}

// showUnlisted says what the operator has to add. The browser is not sent anywhere, since
// anybody could have made up the address.
func (s *Site) showUnlisted(q *request, address string) {
	body := struct{ Address, Why string }{Address: address}
	if err := CheckRedirectURI(address); err != nil {
		body.Why = err.Error()
	}
	s.render(q, "unlisted", page{Title: "The app cannot sign in", Body: body, status: http.StatusBadRequest})
}

func (s *Site) showUnavailable(q *request, err error) {
	s.logUnavailable(err)
	s.showProblem(q, http.StatusServiceUnavailable, unavailable)
}

// logUnavailable logs why an app could not be signed in, once in a while. A success of
// another request says nothing of what fails, and a stranger could choose between the two.
func (s *Service) logUnavailable(err error) {
	s.failure.Log(s.log(), s.Now(), "an app could not be signed in", err)
}
