// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// People of these tests, and a scope for the notes of others.
const (
	personal  = "someone@example.com" // a Microsoft account
	work      = "pat@contoso.com"     // a work account
	allNotes  = "Notes.ReadWrite.All Sites.Read.All"
	graphRoot = "/v1.0/me/onenote/"
)

// graphToken returns a token for Microsoft Graph.
func (s *server) graphToken(account, scope string) string {
	s.t.Helper()
	return s.control("tokens", `{"account":"`+account+`","scope":"`+scope+`"}`).json()["access_token"].(string)
}

// graphPage returns a page of the token's own notes by its title.
func (s *server) graphPage(token, title string) map[string]any {
	s.t.Helper()
	target := graphRoot + "pages?$top=100&$filter=" + url.QueryEscape("title eq '"+title+"'")
	list := s.api(token, http.MethodGet, target, "", "").want(http.StatusOK).list()
	if len(list) == 0 {
		s.t.Fatalf("there is no page %q", title)
	}
	return list[0]
}

// message returns the message of an error.
func (a response) message() string {
	a.t.Helper()
	e, _ := a.json()["error"].(map[string]any)
	m, _ := e["message"].(string)
	return m
}

// wantError fails the test unless the response is this error.
func (a response) wantError(status int, code, message string) {
	a.t.Helper()
	if a.status != status || a.errorCode() != code || !strings.Contains(a.message(), message) {
		a.t.Errorf("got %d %s, want %d, %s and %q", a.status, a.body, status, code, message)
	}
}

// escaped returns an address whose exclamation marks are escaped, as writes to
// Graph need them.
func escaped(address any) string { return strings.ReplaceAll(address.(string), "!", "%21") }

func TestGraphNamesTheUserInAddresses(t *testing.T) {
	s := newServer(t)
	site := "contoso.sharepoint.com,11111111-2222-4333-8444-555555555555,66666666-7777-4888-8999-aaaaaaaaaaaa"
	group := "7eb70cc1-0000-4000-8000-000000000000"
	me := s.api(s.graphToken(work, "Notes.Read"), http.MethodGet, "/v1.0/me", "", "").want(http.StatusOK).json()["id"].(string)
	tests := []struct {
		account, root, self, context, pictures string
	}{
		{personal, "v1.0/me", "v1.0/users/someone@example.com", "users('someone%40example.com')", "v1.0/users('someone@example.com')"},
		{personal, "beta/me", "beta/users/someone@example.com", "users('someone%40example.com')", "beta/users('someone@example.com')"},
		{personal, "v1.0/users/me", "v1.0/users/me", "users('me')", "v1.0/users('me')"},
		{personal, "v1.0/users('someone@example.com')", "v1.0/users/someone@example.com", "users('someone%40example.com')", "v1.0/users('someone@example.com')"},
		{work, "v1.0/me", "v1.0/users/" + me, "users('" + me + "')", "v1.0/users('" + me + "')"},
		{work, "v1.0/users/" + work, "v1.0/users/" + work, "users('pat%40contoso.com')", "v1.0/users('pat@contoso.com')"},
		{work, "v1.0/users/kim@contoso.com", "v1.0/users/kim@contoso.com", "users('kim%40contoso.com')", "v1.0/users('kim@contoso.com')"},
		{work, "v1.0/groups/" + group, "v1.0/groups/" + group, "groups('" + group + "')", "v1.0/groups('" + group + "')"},
		{work, "v1.0/sites/" + site, "v1.0/sites/" + site, "sites('" + strings.ReplaceAll(site, ",", "%2C") + "')", "v1.0/siteCollections/" + site},
	}
	for _, test := range tests {
		t.Run(test.root, func(t *testing.T) {
			scope := allNotes
			if test.account == personal {
				scope = "Notes.ReadWrite"
			}
			token := s.graphToken(test.account, scope)
			get := func(target string) response { return s.api(token, http.MethodGet, target, "", "") }
			list := get("/" + test.root + "/onenote/notebooks").want(http.StatusOK)
			first := list.list()[0]
			version, _, _ := strings.Cut(test.root, "/")
			if want := s.url + "/" + version + "/$metadata#" + test.context + "/onenote/notebooks"; list.json()["@odata.context"] != want {
				t.Errorf("context: got %v, want %s", list.json()["@odata.context"], want)
			}
			for _, name := range []string{"self", "sectionsUrl", "sectionGroupsUrl"} {
				if !strings.HasPrefix(first[name].(string), s.url+"/"+test.self+"/onenote/notebooks/") {
					t.Errorf("%s: got %v, want it below %s", name, first[name], test.self)
				}
				get(first[name].(string)).want(http.StatusOK)
			}
			page := get("/" + test.root + "/onenote/pages?$filter=title%20eq%20'Lighthouse%20Tour'").want(http.StatusOK).list()[0]
			content := get(page["contentUrl"].(string)).want(http.StatusOK).body
			img := elements(t, content, "img")[0]
			object := elements(t, content, "object")[0]
			for name, address := range map[string]string{"src": img["src"], "data-fullres-src": img["data-fullres-src"], "data": object["data"]} {
				if !strings.HasPrefix(address, s.url+"/"+test.pictures+"/onenote/resources/") || !strings.HasSuffix(address, "/$value") {
					t.Errorf("%s: got %s, want it below %s", name, address, test.pictures)
				}
			}
			address := img["src"]
			if strings.Contains(address, "siteCollections") {
				get(address).wantError(400, "BadRequest", "Resource not found for the segment 'siteCollections'.")
				address = strings.Replace(address, "siteCollections", "sites", 1)
			}
			decode(t, get(address).want(http.StatusOK))
			decode(t, get(strings.TrimSuffix(address, "$value")+"content").want(http.StatusOK))
			s.get(address).want(http.StatusUnauthorized)
		})
	}
}

// TestFacesServeTheSameNotes compares what one person sees through both APIs.
func TestFacesServeTheSameNotes(t *testing.T) {
	s := newServer(t)
	legacy := s.control("tokens", `{"account":"`+work+`"}`).json()["access_token"].(string)
	token := s.graphToken(work, allNotes)
	found := s.api(legacy, http.MethodGet, "/api/v1.0/myOrganization/siteCollections/FromUrl(url='https%3A%2F%2Ffabrikam.sharepoint.com%2Fsites%2FTeam')", "", "").want(http.StatusOK).json()
	site := s.api(token, http.MethodGet, "/v1.0/sites/fabrikam.sharepoint.com:/sites/Team", "", "").want(http.StatusOK).json()
	ids := strings.Split(site["id"].(string), ",")
	if len(ids) != 3 || ids[0] != "fabrikam.sharepoint.com" || ids[1] != found["siteCollectionId"] || ids[2] != found["siteId"] {
		t.Fatalf("site: got %v, want the ids of %v", site["id"], found)
	}
	tests := []struct{ legacy, graph string }{
		{"me/notes", "me/onenote"},
		{"users/kim@contoso.com/notes", "users/kim@contoso.com/onenote"},
		{"myOrganization/groups/g-1/notes", "groups/g-1/onenote"},
		{"myOrganization/siteCollections/" + ids[1] + "/sites/" + ids[2] + "/notes", "sites/" + site["id"].(string) + "/onenote"},
	}
	for _, test := range tests {
		for _, collection := range []string{"notebooks", "sections", "sectionGroups", "pages?$top=100"} {
			var want, got []string
			for _, item := range s.api(legacy, http.MethodGet, "/api/v1.0/"+test.legacy+"/"+collection, "", "").want(http.StatusOK).list() {
				want = append(want, item["id"].(string))
			}
			for _, item := range s.api(token, http.MethodGet, "/v1.0/"+test.graph+"/"+collection, "", "").want(http.StatusOK).list() {
				got = append(got, item["id"].(string))
			}
			slices.Sort(want)
			slices.Sort(got)
			if len(got) == 0 || !slices.Equal(got, want) {
				t.Errorf("%s: got %d ids %.60s, want %d %.60s", test.graph+"/"+collection, len(got), got, len(want), want)
			}
			if !strings.HasPrefix(got[0], "1-") {
				t.Errorf("%s: got id %s, want one of SharePoint", test.graph, got[0])
			}
		}
	}
}

// shapeOf returns the paths of a JSON value's members in their order, with the kinds
// of their values. Of a list, it is the shape of the first item.
func shapeOf(t *testing.T, data string) []string {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(data))
	var shape []string
	var walk func(path string)
	walk = func(path string) {
		token, err := d.Token()
		if err != nil {
			t.Fatalf("%v in %s", err, data)
		}
		switch token {
		case json.Delim('{'):
			for d.More() {
				name, err := d.Token()
				if err != nil {
					t.Fatalf("%v in %s", err, data)
				}
				walk(path + "/" + name.(string))
			}
			_, _ = d.Token() // the brace
		case json.Delim('['):
			for i := 0; d.More(); i++ {
				before := len(shape)
				walk(path)
				if i > 0 {
					shape = shape[:before]
				}
			}
			_, _ = d.Token() // the bracket
		default:
			shape = append(shape, fmt.Sprintf("%s %T", path, token))
		}
	}
	walk("")
	return shape
}

// samples is where the responses are that were captured on Microsoft Graph.
const samples = "../proxy/rewrite/testdata/graph/json"

func TestGraphResponsesHaveTheShapeOfSamples(t *testing.T) {
	s := newServer(t)
	token, workToken := s.graphToken(personal, "Notes.ReadWrite"), s.graphToken(work, "Notes.ReadWrite")
	get := func(target string) response { return s.api(token, http.MethodGet, target, "", "") }
	post := func(token string, target any, contentType, body string) response {
		return s.api(token, http.MethodPost, target.(string), contentType, body).want(http.StatusCreated)
	}
	section := get("/v1.0/users/me/onenote/sections").list()[0]
	recipes := get("/v1.0/users/me/onenote/sections?$filter=displayName%20eq%20'Recipes'").list()[0]
	group := get("/v1.0/users/me/onenote/sectionGroups").list()[0]
	book := get("/v1.0/users/me/onenote/notebooks").list()[0]
	tests := []struct {
		sample string
		got    response
		less   string // a member that the sample lacks
	}{
		{"notebooks", get("/v1.0/me/onenote/notebooks"), ""},
		{"sections", get("/v1.0/me/onenote/sections"), ""},
		{"pages", get("/v1.0/me/onenote/pages?$top=2"), ""},
		{"section-group-users-me", get(group["self"].(string)), ""},
		{"section-users-me", get(section["self"].(string)), ""},
		{"page-users-me", get("/v1.0/users/me/onenote/pages/" + s.graphPage(token, "Pictures")["id"].(string)), ""},
		{"pages-select-level", get(recipes["pagesUrl"].(string) + "?pagelevel=true&$top=2&$select=id,title,createdDateTime,lastModifiedDateTime,level,order,contentUrl"), ""},
		{"recent-notebooks", get("/v1.0/me/onenote/notebooks/getRecentNotebooks(includePersonalNotebooks=true)"), "/@odata.context string"},
		{"page-preview-text-only", get("/v1.0/me/onenote/pages/" + s.graphPage(token, "Recipe 01")["id"].(string) + "/preview"), ""},
		{"page-created", post(token, section["pagesUrl"], "text/html", "<html><head><title>New</title></head></html>"), ""},
		{"section-created", post(token, group["sectionsUrl"], "application/json", `{"displayName":"New"}`), ""},
		{"section-group-created", post(token, book["sectionGroupsUrl"], "application/json", `{"displayName":"New"}`), ""},
		{"notebook-created-users-guid", post(workToken, "/v1.0/me/onenote/notebooks", "application/json", `{"displayName":"New"}`), "/@odata.context string"},
		{"error-404-20102-no-such-id", get("/v1.0/me/onenote/pages/unknown"), ""},
		{"error-401-InvalidAuthenticationToken-empty", s.get("/v1.0/me/onenote/pages"), ""},
	}
	for _, test := range tests {
		t.Run(test.sample, func(t *testing.T) {
			want, err := os.ReadFile(filepath.Join(samples, test.sample+".json"))
			if err != nil {
				t.Fatal(err)
			}
			wanted := shapeOf(t, string(want))
			got := slices.DeleteFunc(shapeOf(t, test.got.body), func(s string) bool { return s == test.less })
			if strings.Contains(test.sample, "select") {
				slices.Sort(wanted) // in the order of the client's list
				slices.Sort(got)
			}
			if diff := cmp.Diff(wanted, got); diff != "" {
				t.Errorf("differs from the sample (-want +got):\n%s", diff)
			}
		})
	}
	// What is new shows where it was made.
	context := post(token, group["sectionsUrl"], "application/json", `{"displayName":"Newer"}`).json()["@odata.context"]
	if want := s.url + "/v1.0/$metadata#users('me')/onenote/sectionGroups('" + escaped(group["id"]) + "')/sections/$entity"; context != want {
		t.Errorf("context: got %v, want %s", context, want)
	}
	context = get(section["pagesUrl"].(string) + "?$select=id,title").json()["@odata.context"]
	if want := s.url + "/v1.0/$metadata#users('me')/onenote/sections('" + escaped(section["id"]) + "')/pages(id,title)"; context != want {
		t.Errorf("context: got %v, want %s", context, want)
	}
}

func TestGraphRejectsPathsThatItDoesNotHave(t *testing.T) {
	s := newServer(t)
	token := s.graphToken(work, allNotes)
	book := s.api(token, http.MethodGet, graphRoot+"notebooks", "", "").list()[0]["id"].(string)
	tests := []struct {
		method, target string
		status         int
		code, message  string
	}{
		{"GET", "/v1.0/siteCollections/a,b,c/onenote/pages", 400, "BadRequest", "segment 'siteCollections'"},
		{"GET", "/v1.0/myOrganization/groups/g/onenote/pages", 400, "BadRequest", "segment 'myOrganization'"},
		{"GET", "/v1.0/pages", 400, "BadRequest", "segment 'pages'"},
		{"GET", "/v1.0/me/notes/pages", 400, "BadRequest", "segment 'notes'"},
		{"GET", graphRoot + "classNotebooks", 400, "BadRequest", "segment 'classNotebooks'"},
		{"GET", graphRoot + "staffNotebooks", 400, "BadRequest", "segment 'staffNotebooks'"},
		{"GET", graphRoot + "notebooks/" + book + "/permissions", 400, "BadRequest", "segment 'permissions'"},
		{"GET", graphRoot + "resources/x/unknown", 400, "BadRequest", "segment 'unknown'"},
		{"GET", "/v9/me", 400, "BadRequest", "Invalid version: v9"},
		{"GET", "/v1.0/users/kim@contoso.com", 404, "Request_ResourceNotFound", "kim@contoso.com"},
		{"GET", "/v1.0/sites/contoso/onenote/pages", 400, "invalidRequest", "site id"},
		{"GET", "/v1.0/sites/contoso.example", 400, "invalidRequest", "Invalid hostname"},
		{"GET", graphRoot + "notebooks/unknown", 404, "20102", "does not exist"},
		{"GET", graphRoot + "resources/unknown/$value", 404, "20102", "does not exist"},
		{"DELETE", graphRoot + "notebooks/" + book, 405, "20100", ""},
		{"PATCH", graphRoot + "sections/unknown", 404, "20102", ""},
		{"POST", graphRoot + "sections/unknown/pages", 404, "20102", ""},
		{"GET", graphRoot + "notebooks/getRecentNotebooks()", 400, "20143", "includePersonalNotebooks"},
	}
	for _, test := range tests {
		got := s.api(token, test.method, test.target, "", "")
		if got.status != test.status || got.errorCode() != test.code || !strings.Contains(got.message(), test.message) {
			t.Errorf("%s %s: got %d %s, want %d %s and %q", test.method, test.target, got.status, got.body, test.status, test.code, test.message)
		}
	}
	// What the model has and OneNote does not serve has no error member.
	for _, target := range []string{"notebooks/" + book + "/sections/x/pages", "resources", "resources/x", "operations", ""} {
		got := s.api(token, http.MethodGet, graphRoot+target, "", "").want(http.StatusNotFound)
		m, _ := got.json()["Message"].(string)
		if got.json()["error"] != nil || !strings.HasPrefix(m, "No HTTP resource was found that matches the request URI 'https://www.onenote.com/api/v1.0/users('") || !strings.HasSuffix(m, "/notes/"+target+"'.") {
			t.Errorf("%s: got %s", target, got.body)
		}
	}
}

func TestGraphKnowsTheHostOfEachSite(t *testing.T) {
	s := newServer(t)
	token := s.graphToken(work, allNotes)
	get := func(target string) response { return s.api(token, http.MethodGet, target, "", "") }
	root := get("/v1.0/sites/root").want(http.StatusOK).json()["id"].(string)
	team := get("/v1.0/sites/contoso-my.sharepoint.com:/teams/a/b").want(http.StatusOK).json()["id"].(string)
	byHost := get("/v1.0/sites/contoso.sharepoint.com").want(http.StatusOK).json()["id"].(string)
	if host, _, _ := strings.Cut(team, ","); host != "contoso-my.sharepoint.com" || root == team || byHost != root {
		t.Errorf("got sites %s, %s and %s", root, team, byHost)
	}
	get("/v1.0/sites/" + team + "/onenote/notebooks").want(http.StatusOK)
	elsewhere := strings.Replace(team, "contoso-my", "contoso", 1)
	get("/v1.0/sites/"+elsewhere+"/onenote/notebooks").wantError(404, "itemNotFound", "could not be found")
	if got := get("/v1.0/groups/g-1/sites/root").want(http.StatusOK).json(); !strings.HasPrefix(got["webUrl"].(string), "https://contoso.sharepoint.com/sites/group-") {
		t.Errorf("site of a group: got %v", got)
	}
	get("/v1.0/sites/root/onenote/notebooks").want(http.StatusOK)
	if got := get("/v1.0/sites/" + team).want(http.StatusOK).json()["id"]; got != team {
		t.Errorf("site by its id: got %v, want %s", got, team)
	}
	s.api(s.graphToken(work, "Notes.ReadWrite.All"), http.MethodGet, "/v1.0/sites/root", "", "").wantError(403, "accessDenied", "")
}

func TestGraphRejectsTokens(t *testing.T) {
	s := newServer(t)
	page := s.graphPage(s.graphToken(work, "Notes.Read"), "Pictures")["id"].(string)
	appOnly := s.form("/contoso.com/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {"a"}, "client_secret": {"x"}, "scope": {"https://graph.microsoft.com/.default"},
	}).want(http.StatusOK).json()["access_token"].(string)
	legacy := s.token()
	tests := []struct {
		name, token, target string
		status              int
		code, message       string
		gateway             bool // responds with WWW-Authenticate
	}{
		{"missing", "", graphRoot + "pages", 401, "InvalidAuthenticationToken", "Access token is empty.", true},
		{"missing, at a public picture", "", graphRoot + "resources/x/content?publicAuth=true&mimeType=image/png", 401, "InvalidAuthenticationToken", "Access token is empty.", true},
		{"expired", s.control("tokens", `{"expires_in":0,"scope":"Notes.Read"}`).json()["access_token"].(string), graphRoot + "pages", 401, "InvalidAuthenticationToken", "Lifetime validation failed", true},
		{"for OneNote", legacy, graphRoot + "pages", 401, "InvalidAuthenticationToken", "Invalid audience", true},
		{"app-only", appOnly, "/v1.0/users/pat@contoso.com/onenote/pages", 401, "40001", "March 31st 2025", false},
		{"all notes, Microsoft account", s.graphToken(personal, "Notes.Read.All"), graphRoot + "pages", 401, "40001", "Detailed error information: {0}", false},
		{"not for notes", s.graphToken(personal, "User.Read"), graphRoot + "pages", 403, "40004", "(you provided these scopes: User.Read)", false},
		{"own notes, a group", s.graphToken(work, "Notes.ReadWrite"), "/v1.0/groups/g/onenote/pages", 403, "40004", "Notes.ReadWrite.All,Notes.Read.All", false},
		{"own notes, a site", s.graphToken(work, "Notes.ReadWrite"), "/v1.0/sites/a.sharepoint.com,b,c/onenote/pages", 403, "40004", "", false},
		{"own notes, another person", s.graphToken(work, "Notes.ReadWrite"), "/v1.0/users/kim@contoso.com/onenote/pages", 403, "40004", "", false},
		{"created by the app, a page by hand", s.graphToken(work, "Notes.ReadWrite.CreatedByApp"), graphRoot + "pages/" + page + "/content", 401, "40003", "", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			header := "Bearer " + test.token
			if test.token == "" {
				header = ""
			}
			got := s.get(test.target, "Authorization", header)
			got.wantError(test.status, test.code, test.message)
			want := `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000"`
			if !test.gateway {
				want = ""
			}
			if challenge := got.header.Get("WWW-Authenticate"); challenge != want {
				t.Errorf("WWW-Authenticate: got %q, want %q", challenge, want)
			}
		})
	}
	if _, err := json.Marshal(appOnly); err != nil || strings.Count(appOnly, ".") != 2 {
		t.Errorf("app-only token: got %s, want a JSON Web Token", appOnly)
	}
}

func TestPagesOfAnotherAppAreRefused(t *testing.T) {
	s := newServer(t)
	token := func(client string) string {
		form := url.Values{"grant_type": {"refresh_token"}, "client_id": {client}, "refresh_token": {"emulator-refresh-token"}, "scope": {"Notes.ReadWrite.CreatedByApp"}}
		access := s.form("/common/oauth2/v2.0/token", form).want(http.StatusOK).json()["access_token"].(string)
		if !strings.HasPrefix(access, "EwB") {
			t.Errorf("token of a Microsoft account: got %.10s, want it opaque", access)
		}
		return access
	}
	mine, other := token("app-1"), token("app-2")
	made := s.api(mine, http.MethodPost, graphRoot+"pages", "text/html", "<title>Mine</title>").want(http.StatusCreated).json()
	s.api(mine, http.MethodGet, made["self"].(string), "", "").want(http.StatusOK)
	s.api(other, http.MethodGet, made["self"].(string), "", "").wantError(403, "40006", "")
	s.api(mine, http.MethodDelete, escaped(made["self"]), "", "").want(http.StatusNoContent)
}

func TestGraphResponsesHaveIDs(t *testing.T) {
	s := newServer(t)
	const id = "8943c159-ee49-4c71-8cd0-ebf0861d07a6"
	got := s.get(graphRoot+"pages", "client-request-id", id).want(http.StatusUnauthorized)
	own := got.header.Get("request-id")
	if own == "" || own == id || got.header.Get("client-request-id") != id || got.header.Get("x-ms-ags-diagnostic") == "" {
		t.Errorf("got %v, want an id of its own and the client's", got.header)
	}
	inner := got.json()["error"].(map[string]any)["innerError"].(map[string]any)
	if inner["request-id"] != own || inner["client-request-id"] != id || inner["date"] != "2026-11-21T12:00:00" {
		t.Errorf("innerError: got %v", inner)
	}
	if again := s.get(graphRoot + "pages").header; again.Get("client-request-id") != again.Get("request-id") {
		t.Errorf("got %v, want the same id twice", again)
	}
	if typ := got.header.Get("Content-Type"); typ != "application/json" {
		t.Errorf("Content-Type: got %s", typ)
	}
}
