// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package backend

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/emulator/notes"
	"github.com/caddy-onenote/caddy-onenote/emulator/odata"
	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// serveNotebooks serves notebooks and what is below them.
func (x *NotesExchange) serveNotebooks() {
	if len(x.Segments) == 1 {
		x.serveNotebookList()
		return
	}
	if x.serveNotebookFunction() {
		return
	}
	n := x.Library.Notebook(x.ID(1))
	if n == nil {
		x.NotFound()
		return
	}
	at := "notebooks" + odata.Key(n.ID)
	if len(x.Segments) == 2 {
		if x.Allow(http.MethodGet) {
			x.entity(http.StatusOK, "notebooks", x.expanding(at).notebook(n))
		}
		return
	}
	if len(x.Segments) > 3 {
		x.NoRoute(3)
		return
	}
	switch x.Segment(2) {
	case "sections":
		x.serveSectionsOf(at, n, nil)
	case "sectiongroups":
		x.serveGroupsOf(at, n, nil)
	case "copynotebook":
		x.copyNotebook(n)
	default:
		x.NoRoute(2)
	}
}

func (x *NotesExchange) serveNotebookList() {
	if !x.Allow(http.MethodGet, http.MethodPost) {
		return
	}
	if x.R.Method == http.MethodPost {
		name, ok := x.newName(128, func(name string) bool {
			return notes.Find(x.Library.Notebooks, func(n *notes.Notebook) bool { return strings.EqualFold(n.Name, name) }) != nil
		})
		if ok {
			n := x.Library.AddNotebook(name, x.Now())
			x.created("notebooks", "notebooks", x.notebookObject(n))
		}
		return
	}
	x.list(x.context("notebooks"), mapList(x.Library.Notebooks, func(n *notes.Notebook) wire.Object {
		return x.expanding("notebooks" + odata.Key(n.ID)).notebook(n)
	}))
}

// serveNotebookFunction serves the functions, whose names take the place of an
// id.
func (x *NotesExchange) serveNotebookFunction() bool {
	name := x.Segment(1)
	switch {
	case name == "getrecentnotebooks", strings.HasPrefix(name, "getrecentnotebooks("):
		if x.Allow(http.MethodGet) {
			x.recentNotebooks(strings.TrimPrefix(name, "getrecentnotebooks"))
		}
	case name == "getnotebookfromweburl":
		if x.Allow(http.MethodPost) {
			x.notebookFromWebURL()
		}
	default:
		return false
	}
	return true
}

// recentNotebooks responds with the notebooks that were opened last. The person's
// own ones are among them only if the client says so.
func (x *NotesExchange) recentNotebooks(parameter string) {
	var recent []*notes.Notebook
	switch parameter {
	case "(includepersonalnotebooks=true)":
		recent = x.Library.Notebooks
	case "(includepersonalnotebooks=false)":
	default:
		x.Fail(http.StatusBadRequest, "20143", "The OData query is invalid. The parameter includePersonalNotebooks is required, with the value true or false.")
		return
	}
	x.List(x.Base()+"$metadata#Collection("+x.notesTraits.RecentType+")", mapList(recent, x.recentObject), odata.Everything)
}

// notebookFromWebURL responds with the notebook that has an address in the web.
func (x *NotesExchange) notebookFromWebURL() {
	var request struct {
		WebURL string `json:"webUrl"`
	}
	if !x.Decode(&request) {
		return
	}
	u, err := url.Parse(request.WebURL)
	if err != nil {
		x.Fail(http.StatusBadRequest, "20130", "The URI does not point to a notebook.")
		return
	}
	n := x.Library.Notebook(u.Query().Get("resid"))
	if n == nil {
		n = x.notebookAt(u)
	}
	if n == nil {
		x.NotFound()
		return
	}
	x.face.FromWebURL(x, n)
}

// notebookAt returns the notebook at an address in SharePoint, or nil. The address
// may be in the form that opens the app.
func (x *NotesExchange) notebookAt(u *url.URL) *notes.Notebook {
	if u.Scheme == "onenote" {
		if inner, err := url.Parse(strings.TrimPrefix(u.String(), "onenote:")); err == nil {
			u = inner
		}
	}
	return notes.Find(x.Library.Notebooks, func(n *notes.Notebook) bool {
		web, err := url.Parse(x.Links(n.Name, n.ID).Get("oneNoteWebUrl").(wire.Object).Text("href"))
		return err == nil && u.Host == web.Host && u.Path == web.Path && web.RawQuery == ""
	})
}
