// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"embed"
	"html/template"
	"net/http"

	"go.uber.org/zap"

	"github.com/caddy-onenote/caddy-onenote/internal/homepage"
	"github.com/caddy-onenote/caddy-onenote/internal/pagelook"
)

//go:embed templates/*.html templates/page.js templates/fragment.js templates/repost.js
var files embed.FS

// page is what every template gets.
type page struct {
	Title string

	// Root is the relative path to our base URL.
	Root string

	// Home says that this is the status page itself.
	Home bool

	// Refresh is after how many seconds the page loads itself again; zero:
	// never. Insist says that it does so whatever its user is doing there: the page
	// is there to notice something.
	Refresh int
	Insist  bool

	// Product, Version and Documentation stand below the page. A stranger is not
	// told the version.
	Product, Version, Documentation string

	// Body is what the page is about.
	Body any

	Brand, Style, Script template.HTML

	status  int
	script  string
	origins []string
}

// The texts whose hashes are in the policy, exactly as they are in the elements.
var (
	pageScript     = pagelook.MustRead(files, "page.js")
	fragmentScript = pagelook.MustRead(files, "fragment.js")
	repostScript   = pagelook.MustRead(files, "repost.js")
)

// templates are the pages by name; each is the layout with a body of its own.
var templates = pagelook.Parse(files, template.FuncMap{"form": newForm},
	"status", "signin", "device", "confirm", "finishing", "failure", "refusal", "return", "repost", "adminconsent")

// form is the data of a form of an account.
type form struct {
	Root    string
	Account accountView
}

func newForm(root string, v accountView) form { return form{root, v} }

// render writes a page.
func (p *Pages) render(q *pageRequest, name string, v page) {
	v.Root = q.root
	v.Brand, v.Style = pagelook.Brand, pagelook.StyleElement
	v.Product, v.Documentation = homepage.Name, homepage.URL+"#readme"
	if !q.stranger {
		v.Version = p.Version
	}
	if v.script != "" {
		v.Script = pagelook.Element("script", v.script)
	}
	if err := pagelook.Write(q.w, q.r, templates[name], max(v.status, http.StatusOK), pagelook.Policy(v.script, v.origins...), v); err != nil {
		p.log().Error("a page could not be written", zap.String("page", name), zap.Error(err))
	}
}
