// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"

	"go.uber.org/zap"
)

//go:embed templates/*.html templates/style.css templates/fragment.js templates/repost.js
var files embed.FS

// page is what every template gets.
type page struct {
	Title string

	// Root is the relative way to our base.
	Root string

	// Home says that this is the status page itself.
	Home bool

	// Refresh is after how many seconds the page loads itself again; zero:
	// never.
	Refresh int

	// Body is what the page is about.
	Body any

	Style, Script template.HTML

	status  int
	script  string
	origins []string
}

// The texts whose hashes stand in the policy, exactly as they stand in the
// elements.
var (
	style          = mustRead("style.css")
	fragmentScript = mustRead("fragment.js")
	repostScript   = mustRead("repost.js")

	styleSource  = hashSource(style)
	styleElement = element("style", style)
)

// templates are the pages by name; each is the layout with a body of its own.
var templates = parseTemplates("status", "signin", "device", "confirm", "failure", "refusal", "return", "repost")

func parseTemplates(names ...string) map[string]*template.Template {
	layout := template.New("layout.html").Funcs(template.FuncMap{"form": newForm})
	template.Must(layout.ParseFS(files, "templates/layout.html"))
	pages := make(map[string]*template.Template, len(names))
	for _, name := range names {
		pages[name] = template.Must(template.Must(layout.Clone()).ParseFS(files, "templates/"+name+".html"))
	}
	return pages
}

// form is what a form of an account needs to know.
type form struct {
	Root    string
	Account accountView
}

func newForm(root string, v accountView) form { return form{root, v} }

func mustRead(name string) string {
	b, err := files.ReadFile("templates/" + name)
	template.Must(nil, err) // embedded: a missing file does not get past a test
	return string(b)
}

// element writes an element whose content is ours and must not be changed by
// the template, since its hash is in the policy.
func element(name, content string) template.HTML {
	return template.HTML("<" + name + ">" + content + "</" + name + ">")
}

// render writes a page. It is written whole or not at all.
func (p *Pages) render(e *exchange, name string, v page) {
	v.Root = e.root
	v.Style = styleElement
	if v.script != "" {
		v.Script = element("script", v.script)
	}
	var b bytes.Buffer
	if err := templates[name].ExecuteTemplate(&b, "layout", v); err != nil {
		p.log().Error("a page could not be written", zap.String("page", name), zap.Error(err))
		http.Error(e.w, "the page could not be written", http.StatusInternalServerError)
		return
	}
	h := e.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", contentPolicy(v.script, v.origins))
	if v.status == 0 {
		v.status = http.StatusOK
	}
	e.w.WriteHeader(v.status)
	if e.r.Method != http.MethodHead {
		e.w.Write(b.Bytes())
	}
}
