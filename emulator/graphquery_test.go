// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// queryEscape escapes what a query may not contain, and keeps its options apart.
func queryEscape(query string) string {
	return strings.NewReplacer(" ", "%20", "'", "%27", "#", "%23").Replace(query)
}

func TestGraphIsStrictAboutQueries(t *testing.T) {
	s := newServer(t)
	token := s.graphToken(personal, "Notes.Read")
	tests := []struct {
		target        string
		strict        int
		lenient       int
		code, message string // where it is strict
	}{
		{"notebooks?$filter=displayName eq 'x'", 200, 200, "", ""},
		{"notebooks?$filter=displayname eq 'x'", 200, 200, "", ""},
		{"notebooks?$filter=contains(tolower(displayName),'name') and userRole eq 'Owner'", 200, 200, "", ""},
		{"notebooks?$filter=displayName eq 'name eq ''x'''", 200, 200, "", ""},
		{"notebooks?$filter=createdBy/user/displayName eq 'x'", 200, 200, "", ""},
		{"pages?$filter=parentSection/displayName eq 'x'&$orderby=lastModifiedDateTime desc,title", 200, 200, "", ""},
		{"notebooks?$select=id,displayName&$expand=sections($select=displayName,self;$expand=parentNotebook)", 400, 400, "20142", ""},
		{"notebooks?$select=id,displayName&$expand=sections($select=displayName,self),sectionGroups($expand=sections)", 200, 200, "", ""},
		{"sections?$expand=parentNotebook($select=displayName)", 200, 200, "", ""},
		{"sections?$expand=parentNotebook($expand=sections)", 400, 400, "20142", ""},
		{"notebooks?filter=displayName eq 'x'", 400, 200, "BadRequest", "Invalid filter clause"},
		{"notebooks?filter=name eq 'x'", 400, 200, "BadRequest", "Invalid filter clause"},
		{"notebooks?top=1", 400, 200, "20108", "top"},
		{"notebooks?select=id", 400, 200, "20108", "select"},
		{"notebooks?orderby=displayName", 400, 200, "20108", "orderby"},
		{"notebooks?$expand=sections(select=displayName)", 400, 200, "20108", "select"},
		{"notebooks?$filter=name eq 'x'", 400, 400, "BadRequest", "Invalid filter clause"},
		{"notebooks?$filter=title eq 'x'", 400, 400, "BadRequest", "Invalid filter clause"},
		{"pages?$filter=lastModifiedTime gt 2020-01-01T00:00:00Z", 400, 400, "BadRequest", "Invalid filter clause"},
		{"notebooks?$filter=userRole eq Microsoft.OneNote.Api.UserRole'Owner'", 400, 400, "BadRequest", "Invalid filter clause"},
		{"notebooks?$filter=displayName eq 'x", 400, 400, "BadRequest", "Invalid filter clause"},
		{"notebooks?$filter=displayName", 200, 200, "", ""},
		{"notebooks?$filter=displayName eq", 400, 400, "BadRequest", "Invalid filter clause"},
		{"notebooks?$filter=unknown(displayName)", 400, 400, "BadRequest", "Invalid filter clause"},
		{"notebooks?$orderby=name", 400, 400, "BadRequest", "Invalid orderby clause"},
		{"notebooks?$orderby=displayName sideways", 400, 400, "BadRequest", "Invalid orderby clause"},
		{"notebooks?$select=id,name", 400, 400, "BadRequest", "Could not find a property named 'name' on type 'microsoft.graph.notebook'"},
		{"pages?$select=createdTime", 400, 400, "BadRequest", "'microsoft.graph.onenotePage'"},
		{"notebooks?$expand=pages", 400, 400, "BadRequest", "'pages' on type 'microsoft.graph.notebook'"},
		{"notebooks?$expand=sections($select=name)", 400, 400, "BadRequest", "'microsoft.graph.onenoteSection'"},
		{"pages?search=x", 400, 400, "20108", "search"},
		{"pages?$search=x", 400, 400, "20108", "search"},
		{"pages?$pagelevel=true", 400, 400, "BadRequest", "'$pagelevel' is not supported"},
		{"pages?$unknown=1", 400, 400, "BadRequest", "'$unknown' is not supported"},
		{"pages?unknown=1", 200, 200, "", ""},
		{"notebooks?includesharednotebooks=true", 200, 200, "", ""},
		{"pages?$top=101", 400, 400, "20129", ""},
		{"pages?$top=many", 400, 400, "20143", ""},
	}
	for _, strict := range []bool{true, false} {
		if !strict {
			s.control("graph", `{"strict":false}`)
		}
		for _, test := range tests {
			got := s.api(token, http.MethodGet, graphRoot+queryEscape(test.target), "", "")
			want := test.lenient
			if strict {
				want = test.strict
			}
			if got.status != want {
				t.Errorf("%s, strict %v: got %d %s, want %d", test.target, strict, got.status, got.body, want)
				continue
			}
			if want == http.StatusOK {
				continue
			}
			if got.errorCode() != test.code || !strings.Contains(got.message(), test.message) {
				t.Errorf("%s: got %s, want %s and %q", test.target, got.body, test.code, test.message)
			}
		}
	}
	// What gets past the gateway is read by OneNote, with its old names.
	list := s.api(token, http.MethodGet, graphRoot+queryEscape("notebooks?filter=tolower(name) eq 'my notebook'"), "", "").want(http.StatusOK).list()
	if len(list) != 1 {
		t.Errorf("old names without a dollar sign: got %d notebooks, want 1", len(list))
	}
	s.control("reset", "")
	s.api(s.graphToken(personal, "Notes.Read"), http.MethodGet, graphRoot+"notebooks?top=1", "", "").want(http.StatusBadRequest)
}

// TestFiltersSelectTheSameInBothFaces sends one condition in the names of each API.
func TestFiltersSelectTheSameInBothFaces(t *testing.T) {
	s := newServer(t)
	legacy, token := s.token(), s.graphToken(personal, "Notes.Read")
	names := strings.NewReplacer("name", "displayName", "createdTime", "createdDateTime", "lastModifiedTime", "lastModifiedDateTime", "tolower(", "tolower(")
	tests := []struct {
		collection, filter string
		want               int
	}{
		{"notebooks", "name eq 'My Notebook'", 1},
		{"notebooks", "name ne 'My Notebook'", 1},
		{"notebooks", "'My Notebook' eq name", 1},
		{"notebooks", "isDefault eq true", 1},
		{"notebooks", "not (isDefault eq true)", 1},
		{"notebooks", "isDefault", 1},
		{"notebooks", "isDefault and startswith(name,'R')", 0},
		{"notebooks", "isDefault or startswith(name,'R')", 2},
		{"notebooks", "contains(tolower(name),'recipes &') and userRole eq 'Owner'", 1},
		{"notebooks", "name eq 'it''s'", 0},
		{"notebooks", "endswith(name,'more') and length(name) eq 14", 1},
		{"notebooks", "indexof(name,'Note') eq 3", 1},
		{"notebooks", "toupper(trim(name)) eq 'MY NOTEBOOK'", 1},
		{"notebooks", "concat(name,'!') eq 'My Notebook!'", 1},
		{"sections", "parentNotebook/name eq 'My Notebook'", 2},
		{"sections", "parentSectionGroup eq null", 3},
		{"pages", "parentSection/name eq 'Recipes' and title eq 'Recipe 07'", 1},
		{"pages", "lastModifiedTime ge 2017-01-01T00:00:00Z and title le 'Recipe 03'", 6},
		{"pages", "lastModifiedTime lt 2017-01-01", 0},
		{"pages", "2017-01-01T00:00:00Z lt createdTime and title gt 'T'", 1},
	}
	for _, test := range tests {
		old := s.api(legacy, http.MethodGet, "/api/v1.0/me/notes/"+test.collection+"?top=100&filter="+url.QueryEscape(test.filter), "", "").want(http.StatusOK).list()
		filter := names.Replace(test.filter)
		got := s.api(token, http.MethodGet, graphRoot+test.collection+"?$top=100&$filter="+url.QueryEscape(filter), "", "").want(http.StatusOK).list()
		if len(old) != test.want || len(got) != test.want {
			t.Errorf("%s: %s: got %d and %d, want %d", test.collection, filter, len(old), len(got), test.want)
		}
	}
}

func TestGraphListsAreInOrderAndEndWithTop(t *testing.T) {
	s := newServer(t)
	token := s.graphToken(personal, "Notes.Read")
	titles := func(target, property string) (names []string, next string) {
		got := s.api(token, http.MethodGet, target, "", "").want(http.StatusOK)
		for _, item := range got.list() {
			names = append(names, item[property].(string))
		}
		next, _ = got.json()["@odata.nextLink"].(string)
		return names, next
	}
	seen := 0
	for target := graphRoot + "pages?$select=title"; target != ""; {
		names, next := titles(target, "title")
		seen += len(names)
		if next != "" && (len(names) != 20 || next != s.url+graphRoot+"pages?$select=title&$skip=20") {
			t.Errorf("got %d pages and nextLink %s", len(names), next)
		}
		target = next
	}
	if seen != 28 {
		t.Errorf("got %d pages, want 28", seen)
	}
	if names, next := titles(graphRoot+"pages?$top=7", "title"); len(names) != 7 || next != "" {
		t.Errorf("with $top: got %d pages and nextLink %q, want 7 and none", len(names), next)
	}
	if names, _ := titles(graphRoot+"pages?$top=7&$skip=24", "title"); len(names) != 4 {
		t.Errorf("the last ones: got %d, want 4", len(names))
	}
	want := []string{"Empty", "Plans", "Quick Notes", "Recipes"}
	if names, next := titles(graphRoot+"sections", "displayName"); !cmp.Equal(names, want) || next != "" {
		t.Errorf("sections: got %q, want %q", names, want)
	}
	if names, _ := titles(graphRoot+"sections?$orderby=isDefault%20desc,displayName%20desc", "displayName"); names[0] != "Quick Notes" || names[1] != "Recipes" {
		t.Errorf("by two keys: got %q", names)
	}
	if got := s.api(token, http.MethodGet, graphRoot+"sections?$count=true&$top=1", "", "").json()["@odata.count"]; got != 4.0 {
		t.Errorf("count: got %v, want 4", got)
	}
}

func TestExpandedEntitiesHaveWhatIsSelected(t *testing.T) {
	s := newServer(t)
	token := s.graphToken(personal, "Notes.Read")
	get := func(target string) map[string]any {
		return s.api(token, http.MethodGet, graphRoot+target, "", "").want(http.StatusOK).list()[0]
	}
	names := func(o map[string]any) []string {
		var all []string
		for name := range o {
			if !strings.Contains(name, "@") {
				all = append(all, name)
			}
		}
		return all
	}
	book := get("notebooks?$select=displayName&$expand=sections($select=id,self)")
	section := book["sections"].([]any)[0].(map[string]any)
	if len(names(book)) != 2 || len(names(section)) != 2 || section["self"] == nil {
		t.Errorf("got %v, want a name and sections with id and self", book)
	}
	if context := book["sections@odata.context"]; context != s.url+"/v1.0/$metadata#users('someone%40example.com')/onenote/notebooks('"+escaped(get("notebooks")["id"])+"')/sections" {
		t.Errorf("context: got %v", context)
	}
	whole := get("sections?$expand=parentNotebook&$orderby=isDefault%20desc")["parentNotebook"].(map[string]any)
	if whole["sectionsUrl"] == nil || whole["isDefault"] != true {
		t.Errorf("parentNotebook: got %v, want the whole notebook", whole)
	}
	page := get("pages?$select=title&$expand=parentNotebook($select=displayName),parentSection")
	if parent := page["parentNotebook"].(map[string]any); len(parent) != 1 || parent["displayName"] == nil {
		t.Errorf("parentNotebook of a page: got %v", parent)
	}
	if parent := page["parentSection"].(map[string]any); parent["pagesUrl"] == nil {
		t.Errorf("parentSection of a page: got %v, want the whole section", parent)
	}
}
