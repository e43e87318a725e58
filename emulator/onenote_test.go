// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sample reads a file of testdata. The files have the structure of published
// requests and responses, in other words.
func sample(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestRequestWithoutValidTokenIsUnauthorized(t *testing.T) {
	s, p := newServer(t), providers()[0]
	good := s.token()
	expired := s.control("tokens", `{"expires_in":0}`).json()["access_token"].(string)
	drive := s.control("tokens", `{"scope":"onedrive.readwrite"}`).json()["access_token"].(string)
	nothing := s.control("tokens", `{"scope":"wl.signin"}`).json()["access_token"].(string)
	refresh := s.signIn(p, "")["refresh_token"].(string)
	tests := []struct {
		name, authorization string
		want                int
	}{
		{"good", "Bearer " + good, 200},
		{"lower case", "bearer " + good, 200},
		{"missing", "", 401},
		{"empty", "Bearer ", 401},
		{"basic", "Basic " + good, 401},
		{"unknown", "Bearer unknown", 401},
		{"expired", "Bearer " + expired, 401},
		{"for OneDrive", "Bearer " + drive, 401},
		{"for no API", "Bearer " + nothing, 401},
		{"refresh token", "Bearer " + refresh, 401},
	}
	var want map[string]any
	if err := json.Unmarshal([]byte(sample(t, "error-40001-no-valid-token.json")), &want); err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := s.get(notebooks, "Authorization", test.authorization).want(test.want)
			if test.want == http.StatusOK {
				return
			}
			if diff := cmp.Diff(want, got.json()); diff != "" {
				t.Errorf("body differs from the sample (-want +got):\n%s", diff)
			}
			if got.header.Get("WWW-Authenticate") != "" {
				t.Errorf("got WWW-Authenticate, which the service does not send")
			}
		})
	}
}

func TestEveryResponseHasCorrelationID(t *testing.T) {
	s := newServer(t)
	token := s.token()
	for _, target := range []string{notebooks, "/api/v1.0/me/notes/unknown", "/api/v9"} {
		got := s.api(token, http.MethodGet, target, "", "")
		if got.header.Get("X-CorrelationId") == "" {
			t.Errorf("%s: got no X-CorrelationId", target)
		}
		if !strings.HasPrefix(got.header.Get("Content-Type"), "application/json; odata.metadata=minimal; odata.streaming=true") {
			t.Errorf("%s: Content-Type: got %s", target, got.header.Get("Content-Type"))
		}
	}
	id := "8943c159-ee49-4c71-8cd0-ebf0861d07a6"
	if got := s.get(notebooks, "X-CorrelationId", id).header.Get("X-CorrelationId"); got != id {
		t.Errorf("X-CorrelationId: got %s, want the client's", got)
	}
}

// TestListsAndLinksWorkUnderEveryRoot requests the same list below every root, and
// follows its addresses.
func TestListsAndLinksWorkUnderEveryRoot(t *testing.T) {
	s := newServer(t)
	token := s.control("tokens", `{"account":"pat@contoso.com"}`).json()["access_token"].(string)
	tests := []struct {
		root, self, context, owner string
	}{
		{"/api/v1.0/me/notes/", "/api/v1.0/me/notes/", "me/notes/", "Pat"},
		{"/api/beta/me/notes/", "/api/beta/me/notes/", "me/notes/", "Pat"},
		{"/API/V1.0/Me/Notes/", "/api/V1.0/Me/Notes/", "Me/Notes/", "Pat"},
		{"/api/v1.0/", "/api/v1.0/", "me/notes/", "Pat"},
		{"/api/v1.0/users/kim@contoso.com/notes/", "/api/v1.0/users/kim@contoso.com/notes/", "users('kim%40contoso.com')/notes/", "Kim"},
		{"/api/v1.0/users('kim@contoso.com')/notes/", "/api/v1.0/users/kim@contoso.com/notes/", "users('kim%40contoso.com')/notes/", "Kim"},
		{"/api/v1.0/users(%27kim%40contoso.com%27)/notes/", "/api/v1.0/users/kim@contoso.com/notes/", "users('kim%40contoso.com')/notes/", "Kim"},
		{"/api/v1.0/users/me/notes/", "/api/v1.0/users/me/notes/", "users('me')/notes/", "Pat"},
		{"/api/v1.0/groups/g-1/notes/", "/api/v1.0/groups/g-1/notes/", "groups('g-1')/notes/", "Megan Bowen"},
		{"/api/v1.0/myOrganization/groups/g-1/notes/", "/api/v1.0/myOrganization/groups/g-1/notes/", "myOrganization/groups('g-1')/notes/", "Megan Bowen"},
		{"/api/v1.0/myOrganization/siteCollections/c-1/sites/s-1/notes/", "/api/v1.0/myOrganization/siteCollections/c-1/sites/s-1/notes/", "myOrganization/siteCollections('c-1')/sites('s-1')/notes/", "Megan Bowen"},
		{"/api/v1.0/myorganization/sitecollections/c-1/notes/", "/api/v1.0/myorganization/sitecollections/c-1/notes/", "myorganization/sitecollections('c-1')/notes/", "Megan Bowen"},
	}
	for _, test := range tests {
		t.Run(test.root, func(t *testing.T) {
			got := s.api(token, http.MethodGet, test.root+"notebooks", "", "").want(http.StatusOK)
			first := got.list()[0]
			id := first["id"].(string)
			if want := s.url + test.self + "notebooks/" + id; first["self"] != want {
				t.Errorf("self: got %v, want %s", first["self"], want)
			}
			version := strings.Split(test.self, "/")[2]
			if want := s.url + "/api/" + version + "/$metadata#" + test.context + "notebooks"; got.json()["@odata.context"] != want {
				t.Errorf("context: got %v, want %s", got.json()["@odata.context"], want)
			}
			if first["createdBy"] != test.owner {
				t.Errorf("createdBy: got %v, want %s", first["createdBy"], test.owner)
			}
			for _, name := range []string{"self", "sectionsUrl", "sectionGroupsUrl"} {
				s.api(token, http.MethodGet, first[name].(string), "", "").want(http.StatusOK)
			}
			escaped := strings.ReplaceAll(first["self"].(string), "!", "%21")
			s.api(token, http.MethodGet, escaped, "", "").want(http.StatusOK)
			s.api(token, http.MethodGet, s.url+test.root+"notebooks('"+id+"')", "", "").want(http.StatusOK)
		})
	}
}

func TestSharedNotesHaveGUIDs(t *testing.T) {
	s := newServer(t)
	list := s.api(s.token(), http.MethodGet, "/api/v1.0/groups/g-1/notes/notebooks", "", "").want(http.StatusOK).list()
	if id := list[0]["id"].(string); !strings.HasPrefix(id, "1-") || len(id) != 38 {
		t.Errorf("id: got %s, want 1- and a GUID", id)
	}
}

func TestAccountsDoNotShareNotes(t *testing.T) {
	s := newServer(t)
	pat := s.control("tokens", `{"account":"pat@contoso.com"}`).json()["access_token"].(string)
	kim := s.control("tokens", `{"account":"kim@contoso.com"}`).json()["access_token"].(string)
	self := s.api(pat, http.MethodGet, notebooks, "", "").want(http.StatusOK).list()[0]["self"].(string)
	s.api(kim, http.MethodGet, self, "", "").want(http.StatusNotFound)
}

func TestShortRootFailsForWorkAccounts(t *testing.T) {
	for _, p := range providers() {
		s := newServer(t)
		token := s.signIn(p, "")["access_token"].(string)
		want := http.StatusBadRequest
		if p.name == "microsoft_account" {
			want = http.StatusOK
		}
		if got := s.api(token, http.MethodGet, "/api/v1.0/pages", "", ""); got.status != want {
			t.Errorf("%s: got %d, want %d", p.name, got.status, want)
		}
	}
}

func TestReadOnlyTokensCannotWrite(t *testing.T) {
	s := newServer(t)
	token := s.control("tokens", `{"scope":"office.onenote wl.signin"}`).json()["access_token"].(string)
	s.api(token, http.MethodGet, notebooks, "", "").want(http.StatusOK)
	got := s.api(token, http.MethodPost, notebooks, "application/json", `{"name":"New"}`).want(http.StatusForbidden)
	if got.errorCode() != "40004" {
		t.Errorf("got %s, want 40004", got.body)
	}
}

func TestNextLinksLeadThroughWholeList(t *testing.T) {
	for _, query := range []string{"", "?top=7", "?$top=7", "?%24top=7&$select=title,id", "?$orderby=title&$top=100", "?&$orderby=title%20desc&top=9"} {
		t.Run(query, func(t *testing.T) {
			s := newServer(t)
			token := s.token()
			seen := make(map[any]bool)
			next, calls := "/api/v1.0/me/notes/pages"+query, 0
			for next != "" {
				got := s.api(token, http.MethodGet, next, "", "").want(http.StatusOK)
				for _, item := range got.list() {
					if seen[item["id"]] {
						t.Fatalf("got %v twice", item["title"])
					}
					seen[item["id"]] = true
				}
				next, _ = got.json()["@odata.nextLink"].(string)
				if next != "" && !strings.HasPrefix(next, s.url+"/api/v1.0/me/notes/pages?") {
					t.Errorf("nextLink: got %s", next)
				}
				calls++
			}
			if len(seen) != 28 || (calls == 1) != strings.Contains(query, "top=100") {
				t.Errorf("got %d pages in %d calls, want all 28", len(seen), calls)
			}
		})
	}
}

func TestListsFollowQueryOptions(t *testing.T) {
	s := newServer(t)
	token := s.token()
	tests := []struct {
		target string
		want   []string // names or titles
	}{
		{"notebooks?$orderby=name%20desc", []string{"Recipes & more", "My Notebook"}},
		{"notebooks?orderby=name", []string{"My Notebook", "Recipes & more"}},
		{"notebooks?$filter=name%20eq%20'My%20Notebook'", []string{"My Notebook"}},
		{"notebooks?filter=isDefault%20eq%20true", []string{"My Notebook"}},
		{"notebooks?$filter=contains(tolower(name),'recipes')", []string{"Recipes & more"}},
		{"notebooks?$filter=somethingUnknown", []string{"My Notebook", "Recipes & more"}},
		{"sections", []string{"Quick Notes", "Plans", "Recipes", "Empty"}},
		{"sectionGroups", []string{"Projects"}},
		{"pages?top=3", []string{"Lighthouse Tour", "Pictures", "Text & traps"}},
		{"pages?$top=1&$skip=2", []string{"Text & traps"}},
		{"pages?search=traps", []string{"Text & traps"}},
		{"pages?$skip=1000", nil},
		{"notebooks/GetRecentNotebooks(includePersonalNotebooks=true)", []string{"My Notebook", "Recipes & more"}},
	}
	for _, test := range tests {
		var got []string
		for _, item := range s.api(token, http.MethodGet, "/api/v1.0/me/notes/"+test.target, "", "").want(http.StatusOK).list() {
			name, _ := item["name"].(string)
			title, _ := item["title"].(string)
			got = append(got, name+title)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.target, diff)
		}
	}
}

func TestSelectCountAndExpandShapeEntities(t *testing.T) {
	s := newServer(t)
	token := s.token()
	got := s.api(token, http.MethodGet, notebooks+"?$select=id,name&$count=true", "", "").want(http.StatusOK)
	if got.json()["@odata.count"] != 2.0 {
		t.Errorf("count: got %v, want 2", got.json()["@odata.count"])
	}
	if first := got.list()[0]; len(first) != 2 || first["name"] != "My Notebook" {
		t.Errorf("select: got %v, want id and name", first)
	}
	for _, expand := range []string{"sections,sectionGroups($expand=sections)", "sections,sectionGroups(expand=sections;levels=max)", "sections,sectionGroups($levels=max)"} {
		first := s.api(token, http.MethodGet, notebooks+"?$expand="+url.QueryEscape(expand), "", "").want(http.StatusOK).list()[0]
		sections, _ := first["sections"].([]any)
		groups, _ := first["sectionGroups"].([]any)
		if len(sections) != 1 || len(groups) != 1 {
			t.Fatalf("%s: got %d sections, %d groups, want 1 and 1", expand, len(sections), len(groups))
		}
		if inner, _ := groups[0].(map[string]any)["sections"].([]any); len(inner) != 1 {
			t.Errorf("%s: got %d sections in the group, want 1", expand, len(inner))
		}
	}
}

func TestInvalidOptionsAndIDsAreRejected(t *testing.T) {
	s := newServer(t)
	token := s.token()
	tests := []struct {
		target string
		status int
		code   string
	}{
		{"pages?top=101", 400, "20129"},
		{"pages?$top=many", 400, "20143"},
		{"pages?$skip=-1", 400, "20143"},
		{"pages?pagelevel=true", 400, "20104"},
		{"pages?x=" + strings.Repeat("x", 17000), 414, "20005"},
		{"notebooks/unknown", 404, "20102"},
		{"sections/unknown", 404, "20102"},
		{"sectionGroups/unknown", 404, "20102"},
		{"pages/unknown", 404, "20102"},
		{"resources/unknown/$value", 404, "20102"},
		{"operations/unknown", 404, "20102"},
		{"unknown", 404, "20102"},
		{"classNotebooks", 501, "20111"},
	}
	for _, test := range tests {
		got := s.api(token, http.MethodGet, "/api/v1.0/me/notes/"+test.target, "", "")
		if got.status != test.status || got.errorCode() != test.code {
			t.Errorf("%.40s: got %d %s, want %d %s", test.target, got.status, got.errorCode(), test.status, test.code)
		}
	}
	got := s.api(token, http.MethodPut, notebooks, "", "").want(http.StatusMethodNotAllowed)
	if got.header.Get("Allow") != "GET, POST" {
		t.Errorf("Allow: got %s", got.header.Get("Allow"))
	}
}

func TestCreatedNotebooksSectionsAndGroupsExist(t *testing.T) {
	s := newServer(t)
	token := s.token()
	post := func(target, name string) response {
		return s.api(token, http.MethodPost, target, "application/json", `{"name":"`+name+`"}`)
	}
	notebook := post(notebooks, "New").want(http.StatusCreated)
	if notebook.header.Get("Location") != notebook.json()["self"] {
		t.Errorf("Location: got %s, want self", notebook.header.Get("Location"))
	}
	section := post(notebook.json()["sectionsUrl"].(string), "Section").want(http.StatusCreated).json()
	group := post(notebook.json()["sectionGroupsUrl"].(string), "Group").want(http.StatusCreated).json()
	inner := post(group["sectionsUrl"].(string), "Inner").want(http.StatusCreated).json()
	post(group["sectionGroupsUrl"].(string), "Inner group").want(http.StatusCreated)
	if parent := inner["parentSectionGroup"].(map[string]any); parent["id"] != group["id"] {
		t.Errorf("parentSectionGroup: got %v, want the group", parent)
	}
	if parent := section["parentNotebook"].(map[string]any); parent["name"] != "New" {
		t.Errorf("parentNotebook: got %v, want the notebook", parent)
	}
	tests := []struct {
		name   string
		status int
		code   string
	}{
		{"New", 409, "20117"},
		{"", 400, "20152"},
		{" x", 400, "20154"},
		{"a?b", 400, "20153"},
		{strings.Repeat("x", 129), 400, "20155"},
	}
	for _, test := range tests {
		if got := post(notebooks, test.name); got.status != test.status || got.errorCode() != test.code {
			t.Errorf("name %.20q: got %d %s, want %d %s", test.name, got.status, got.errorCode(), test.status, test.code)
		}
	}
	s.api(token, http.MethodPost, notebooks, "application/json", "no JSON").want(http.StatusBadRequest)

	self := section["self"].(string)
	s.api(token, http.MethodPatch, self, "application/json", `{"name":"Renamed"}`).want(http.StatusNoContent)
	if got := s.api(token, http.MethodGet, self, "", "").json()["name"]; got != "Renamed" {
		t.Errorf("name: got %v, want Renamed", got)
	}
}

func TestCopyActionsCompleteAtOnce(t *testing.T) {
	s := newServer(t)
	token := s.token()
	list := func(target string) []map[string]any {
		return s.api(token, http.MethodGet, "/api/v1.0/me/notes/"+target, "", "").want(http.StatusOK).list()
	}
	page, sections, books := list("pages")[0], list("sections"), list("notebooks")
	empty, group := sections[3]["id"].(string), list("sectionGroups")[0]["id"].(string)
	tests := []struct {
		source, action, body, made string
	}{
		{page["self"].(string), "copyToSection", `{"id":"` + empty + `"}`, "title"},
		{sections[0]["self"].(string), "copyToNotebook", `{"id":"` + books[1]["id"].(string) + `","renameAs":"Copied"}`, "name"},
		{sections[0]["self"].(string), "Microsoft.OneNote.Api.CopyToSectionGroup()", `{"id":"` + group + `"}`, "name"},
		{books[0]["self"].(string), "copyNotebook", `{"renameAs":"Backup"}`, "name"},
		{books[1]["self"].(string), "copyNotebook", ``, "name"},
	}
	for _, test := range tests {
		t.Run(test.action, func(t *testing.T) {
			got := s.api(token, http.MethodPost, test.source+"/"+test.action, "application/json", test.body).want(http.StatusAccepted)
			if got.header.Get("Location") != test.source {
				t.Errorf("Location: got %s, want the source", got.header.Get("Location"))
			}
			where := got.header.Get("Operation-Location")
			if !strings.HasPrefix(where, s.url+"/api/beta/me/notes/operations/copy-") {
				t.Errorf("Operation-Location: got %s", where)
			}
			operation := s.api(token, http.MethodGet, where, "", "").want(http.StatusOK).json()
			if operation["status"] != "completed" {
				t.Errorf("status: got %v, want completed", operation["status"])
			}
			made := s.api(token, http.MethodGet, operation["resourceLocation"].(string), "", "").want(http.StatusOK).json()
			if made[test.made] == nil {
				t.Errorf("got %v, want the copy", made)
			}
		})
	}
	s.api(token, http.MethodPost, page["self"].(string)+"/copyToSection", "application/json", `{"id":"unknown"}`).want(http.StatusBadRequest)
	copied := s.api(token, http.MethodGet, "/api/v1.0/me/notes/sections/"+empty+"/pages", "", "").list()
	if len(copied) != 1 || copied[0]["title"] != page["title"] {
		t.Errorf("target section: got %v, want the page's copy", copied)
	}
}

func TestNotebookIsFoundByWebURL(t *testing.T) {
	s := newServer(t)
	token := s.token()
	first := s.api(token, http.MethodGet, notebooks, "", "").list()[0]
	href := first["links"].(map[string]any)["oneNoteWebUrl"].(map[string]any)["href"].(string)
	body, _ := json.Marshal(map[string]string{"webUrl": href})
	got := s.api(token, http.MethodPost, notebooks+"/GetNotebookFromWebUrl()", "application/json", string(body)).want(http.StatusOK).json()
	if got["id"] != first["id"] {
		t.Errorf("got %v, want %v", got["id"], first["id"])
	}
}

func TestSiteIsFoundByURL(t *testing.T) {
	s := newServer(t)
	target := "/api/v1.0/myOrganization/siteCollections/FromUrl(url='https%3A%2F%2Fcontoso.sharepoint.com%2Fsites%2Fa')"
	got := s.api(s.token(), http.MethodGet, target, "", "").want(http.StatusOK).json()
	if got["siteCollectionId"] == nil || got["siteId"] == nil {
		t.Errorf("got %v, want both ids", got)
	}
	raw := "/api/v1.0/myOrganization/siteCollections/FromUrl(url='https://contoso.sharepoint.com/sites/a')"
	if again := s.api(s.token(), http.MethodGet, raw, "", "").want(http.StatusOK).json(); again["siteId"] != got["siteId"] {
		t.Errorf("unescaped: got %v, want the same site", again)
	}
}

func TestMetadataNeedsNoToken(t *testing.T) {
	got := newServer(t).get("/api/v1.0/$metadata").want(http.StatusOK)
	if !strings.Contains(got.body, "Microsoft.OneNote.Api") {
		t.Errorf("got %s", got.body)
	}
}

func TestResponseIsCompressedOnlyOnRequest(t *testing.T) {
	s := newServer(t)
	token := s.token()
	page := s.api(token, http.MethodGet, "/api/v1.0/me/notes/pages", "", "").list()[0]
	for _, target := range []string{notebooks, page["contentUrl"].(string)} {
		plain := s.get(target, "Authorization", "Bearer "+token).want(http.StatusOK)
		if coding := plain.header.Get("Content-Encoding"); coding != "" {
			t.Errorf("unasked: got Content-Encoding %s", coding)
		}
		for accept, want := range map[string]string{
			"gzip": "gzip", "gzip, deflate, br": "gzip", "br;q=1, gzip;q=0.5": "gzip", "*": "gzip",
			"gzip;q=0": "", "identity": "", "br": "",
		} {
			got := s.get(target, "Authorization", "Bearer "+token, "Accept-Encoding", accept).want(http.StatusOK)
			if coding := got.header.Get("Content-Encoding"); coding != want {
				t.Errorf("Accept-Encoding %s: got %q, want %q", accept, coding, want)
				continue
			}
			if want == "" {
				continue
			}
			z, err := gzip.NewReader(strings.NewReader(got.body))
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(z)
			if err != nil || string(data) != plain.body {
				t.Errorf("Accept-Encoding %s: decoded body differs, %v", accept, err)
			}
		}
	}
}

func TestCrossOriginRequestsAreAllowed(t *testing.T) {
	s := newServer(t)
	got := s.do(http.MethodOptions, notebooks, "", "Origin", "https://app.example", "Access-Control-Request-Headers", "authorization").want(http.StatusOK)
	if got.header.Get("Access-Control-Allow-Headers") != "authorization" {
		t.Errorf("preflight: got %v", got.header)
	}
	if got := s.get(notebooks, "Origin", "https://app.example").header.Get("Access-Control-Allow-Origin"); got != "*" {
		t.Errorf("Access-Control-Allow-Origin: got %q, want *", got)
	}
}

func TestDriveIsServedToOneDriveToken(t *testing.T) {
	s := newServer(t)
	token := s.control("tokens", `{"scope":"onedrive.readwrite offline_access"}`).json()["access_token"].(string)
	if got := s.api(token, http.MethodGet, "/v1.0/drive", "", "").want(http.StatusOK).json(); got["driveType"] != "personal" {
		t.Errorf("drive: got %v", got)
	}
	if got := s.api(token, http.MethodGet, "/v1.0/drive/root/children", "", "").want(http.StatusOK).list(); len(got) != 2 || got[0]["name"] != "Documents" {
		t.Errorf("children: got %v", got)
	}
	s.api(token, http.MethodGet, "/v1.0/drive/root", "", "").want(http.StatusOK)
	s.api(token, http.MethodGet, "/v1.0/drive/items/x", "", "").want(http.StatusNotFound)
	s.get("/v1.0/drive?access_token=" + token).want(http.StatusOK)
	if got := s.get("/v1.0/drive").want(http.StatusUnauthorized).errorCode(); got != "unauthenticated" {
		t.Errorf("got %s, want unauthenticated", got)
	}
}

func TestSectionGroupsExpandAndUnknownPathsFail(t *testing.T) {
	s := newServer(t)
	token := s.token()
	group := s.api(token, http.MethodGet, "/api/v1.0/me/notes/sectionGroups", "", "").list()[0]
	got := s.api(token, http.MethodGet, group["self"].(string)+"?expand=sections", "", "").want(http.StatusOK).json()
	if sections, _ := got["sections"].([]any); len(sections) != 1 {
		t.Errorf("expand: got %v, want one section", got["sections"])
	}
	if list := s.api(token, http.MethodGet, group["sectionsUrl"].(string), "", "").want(http.StatusOK).list(); len(list) != 1 {
		t.Errorf("sections: got %d, want 1", len(list))
	}
	notebook := s.api(token, http.MethodGet, notebooks, "", "").list()[0]["self"].(string)
	tests := []struct {
		method, target, body string
		want                 int
	}{
		{"GET", notebook + "/unknown", "", 404},
		{"GET", notebook + "/permissions", "", 501},
		{"GET", group["self"].(string) + "/unknown", "", 404},
		{"GET", group["self"].(string) + "/permissions", "", 501},
		{"POST", group["self"].(string), "", 405},
		{"GET", "/api/v1.0/me/notes", "", 404},
		{"GET", "/api/v1.0/me", "", 404},
		{"GET", "/api/v1.0", "", 404},
		{"GET", "/api", "", 404},
		{"GET", "/api/v1.0/me/notes/resources", "", 404},
		{"POST", notebooks + "/GetNotebookFromWebUrl", `{"webUrl":"https://onedrive.live.com/?resid=x"}`, 404},
		{"POST", notebooks + "/GetNotebookFromWebUrl", `{"webUrl":":"}`, 400},
		{"GET", notebooks + "/GetNotebookFromWebUrl", "", 405},
		{"POST", notebook + "/copyNotebook", "no JSON", 400},
		{"GET", notebook + "/copyNotebook", "", 405},
		{"GET", "/api/v1.0/myOrganization/siteCollections/FromUrl(url='contoso')", "", 400},
		{"POST", "/v1.0/drive", "", 401},
	}
	for _, test := range tests {
		if got := s.api(token, test.method, test.target, "application/json", test.body); got.status != test.want {
			t.Errorf("%s %s: got %d %s, want %d", test.method, test.target, got.status, got.body, test.want)
		}
	}
}

func TestDisplayNameFollowsAccountName(t *testing.T) {
	s := newServer(t)
	for account, want := range map[string]string{"mary-ann.o@contoso.com": "Mary Ann O", "émile": "Émile", "": "Someone"} {
		token := s.control("tokens", `{"account":"`+account+`"}`).json()["access_token"].(string)
		if got := s.api(token, http.MethodGet, notebooks, "", "").list()[0]["createdBy"]; got != want {
			t.Errorf("%q: got %v, want %s", account, got, want)
		}
	}
}
