// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package pagelook

import (
	"bytes"
	"html/template"
	"io/fs"
	"net/http"
)

// Parse returns pages by name: each is templates/layout.html with a body of its own.
func Parse(files fs.FS, functions template.FuncMap, names ...string) map[string]*template.Template {
	layout := template.Must(template.New("layout.html").Funcs(functions).ParseFS(files, "templates/layout.html"))
	pages := make(map[string]*template.Template, len(names))
	for _, name := range names {
		pages[name] = template.Must(template.Must(layout.Clone()).ParseFS(files, "templates/"+name+".html"))
	}
	return pages
}

// MustRead returns the text of an embedded file beside the pages.
func MustRead(files fs.FS, name string) string {
	b, err := fs.ReadFile(files, "templates/"+name)
	template.Must(nil, err) // embedded: a missing file does not get past a test
	return string(b)
}

// Write writes a page, whole or not at all: then it returns an error and the client gets
// a 500.
func Write(w http.ResponseWriter, r *http.Request, t *template.Template, status int, policy string, data any) error {
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "layout", data); err != nil {
		http.Error(w, "the page could not be written", http.StatusInternalServerError)
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b.Bytes()) // it fails only where the client has left
	}
	return nil
}
