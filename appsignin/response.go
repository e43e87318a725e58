// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package appsignin

import (
	"html/template"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/internal/percent"
)

// responseMode is how a response reaches the app.
type responseMode string

const (
	modeQuery    responseMode = "query"
	modeFragment responseMode = "fragment"
	modeFormPost responseMode = "form_post"
)

func (m responseMode) known() bool { return m == modeQuery || m == modeFragment || m == modeFormPost }

// fields are the fields of a response, in order.
type fields []field

type field struct{ Name, Value string }

func (f *fields) add(name, value string) { *f = append(*f, field{name, value}) }

// encode writes the fields as a form, with %20 for a blank: many apps do not know that a
// plus sign is one.
func (f fields) encode() string {
	var b []byte
	for i, field := range f {
		if i > 0 {
			b = append(b, '&')
		}
		b = appendEscaped(b, field.Name)
		b = append(b, '=')
		b = appendEscaped(b, field.Value)
	}
	return string(b)
}

func appendEscaped(b []byte, s string) []byte {
	for i := range len(s) {
		if percent.IsUnreserved(s[i]) {
			b = append(b, s[i])
		} else {
			b = percent.Append(b, s[i])
		}
	}
	return b
}

// respond sends the browser to the app's redirect URI, which is listed, with the state as
// the app sent it.
func (s *Site) respond(q *request, a authorization, response fields) {
	if a.has("state") {
		response.add("state", a.get("state"))
	}
	switch a.mode {
	case modeFormPost:
		s.showFormPost(q, a.redirectURI, response)
	case modeFragment:
		seeOther(q.w, a.redirectURI+"#"+response.encode())
	default:
		seeOther(q.w, withQuery(a.redirectURI, response))
	}
}

// withQuery adds fields to an address, which may have a query.
func withQuery(address string, f fields) string {
	if len(f) == 0 {
		return address
	}
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	if strings.HasSuffix(address, "?") || strings.HasSuffix(address, "&") {
		separator = ""
	}
	return address + separator + f.encode()
}

// formPost is the page that posts a response to the app.
type formPost struct {
	Action template.URL // listed, so it may have a scheme that templates do not know
	Fields fields
}

func (s *Site) showFormPost(q *request, address string, response fields) {
	s.render(q, "formpost", page{
		Title:  "Back to the app",
		Body:   formPost{template.URL(address), response},
		script: submitScript,
		action: formSource(address),
	})
}
