// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestGraphPagesAreCreatedChangedAndDeleted(t *testing.T) {
	s := newServer(t)
	token := s.graphToken(personal, "Notes.ReadWrite")
	section := s.api(token, http.MethodGet, graphRoot+"sections", "", "").list()[0]
	picture := elements(t, s.api(token, http.MethodGet, s.graphPage(token, "Pictures")["contentUrl"].(string), "", "").body, "img")[0]["src"]
	source := `<html><head><title>Made</title></head><body><p>By an app.</p><img src="` + picture + `" /></body></html>`
	made := s.api(token, http.MethodPost, section["pagesUrl"].(string), "multipart/form-data; boundary=B",
		"--B\r\nContent-Disposition: form-data; name=\"Presentation\"\r\nContent-Type: text/html\r\n\r\n"+source+"\r\n--B--\r\n").want(http.StatusCreated)
	page := made.json()
	if made.header.Get("Location") != page["self"] || page["createdDateTime"] == nil || page["parentSection"] != nil {
		t.Errorf("got Location %s and %s", made.header.Get("Location"), made.body)
	}
	content := func(query string) string {
		return s.api(token, http.MethodGet, page["contentUrl"].(string)+query, "", "").want(http.StatusOK).body
	}
	if imgs := elements(t, content(""), "img"); len(imgs) != 1 || !strings.Contains(imgs[0]["src"], "/v1.0/users('someone@example.com')/onenote/resources/") {
		t.Errorf("picture: got %v", imgs)
	}
	if !strings.Contains(content("?includeIDs=true"), ` id="p:{`) {
		t.Errorf("got no ids in %s", content("?includeIDs=true"))
	}
	commands := `[{"target":"body","action":"append","content":"<p>One more.</p>"}]`
	s.api(token, http.MethodPatch, escaped(page["contentUrl"]), "application/json", commands).want(http.StatusNoContent)
	if !strings.Contains(content(""), "One more.") {
		t.Errorf("got %s, want the change", content(""))
	}
	level := s.api(token, http.MethodGet, page["self"].(string)+"?pagelevel=true", "", "").want(http.StatusOK).json()
	if level["level"] != 0.0 || level["order"] == nil {
		t.Errorf("pagelevel: got %v", level)
	}

	// An exclamation mark must be escaped where something changes.
	s.api(token, http.MethodPatch, page["contentUrl"].(string), "application/json", commands).wantError(400, "BadRequest", "Resource not found for the segment")
	s.api(token, http.MethodDelete, page["self"].(string), "", "").wantError(400, "BadRequest", "Resource not found for the segment")
	s.api(token, http.MethodGet, page["self"].(string), "", "").want(http.StatusOK)
	s.api(token, http.MethodDelete, escaped(page["self"]), "", "").want(http.StatusNoContent)
	s.api(token, http.MethodGet, page["self"].(string), "", "").want(http.StatusNotFound)
}

func TestGraphRejectsBodies(t *testing.T) {
	s := newServer(t)
	token := s.graphToken(personal, "Notes.ReadWrite")
	large := "<html><body><p>" + strings.Repeat("x", 4<<20) + "</p></body></html>"
	multipart := "--B\nContent-Disposition: form-data; name=\"Presentation\"\nContent-Type: text/html\n\n<p>x</p>\n--B--\n"
	tests := []struct {
		name, target, contentType, body string
		status                          int
		code                            string
	}{
		{"valid", "notebooks", "application/json", `{"displayName":"New","@odata.type":"#microsoft.graph.notebook"}`, 201, ""},
		{"old name", "notebooks", "application/json", `{"name":"Old"}`, 400, "BadRequest"},
		{"no quotes", "notebooks", "application/json", `{displayName:"x"}`, 400, "BadRequest"},
		{"single quotes", "notebooks", "application/json", `{'displayName':'x'}`, 400, "BadRequest"},
		{"not a text", "notebooks", "application/json", `{"displayName":7}`, 400, "20126"},
		{"nothing", "notebooks", "application/json", `{}`, 400, "20152"},
		{"taken", "notebooks", "application/json", `{"displayName":"My Notebook"}`, 409, "20117"},
		{"no content type", "notebooks", "", `{"displayName":"x"}`, 400, "BadRequest"},
		{"as large as it may be", "pages", "text/html", large[len(large)-4<<20:], 201, ""},
		{"too large", "pages", "text/html", large, 413, "RequestEntityTooLarge"},
		{"JSON for a page", "pages", "application/json", `{}`, 415, "20110"},
		{"bare line feeds", "pages", "multipart/form-data; boundary=B", multipart, 400, "20011"},
		{"CR LF", "pages", "multipart/form-data; boundary=B", strings.ReplaceAll(multipart, "\n", "\r\n"), 201, ""},
	}
	for _, test := range tests {
		got := s.api(token, http.MethodPost, graphRoot+test.target, test.contentType, test.body)
		if got.status != test.status || (test.code != "" && got.errorCode() != test.code) {
			t.Errorf("%s: got %d %.300s, want %d %s", test.name, got.status, got.body, test.status, test.code)
		}
	}
}

func TestGraphDecodesBodies(t *testing.T) {
	s := newServer(t)
	token := s.graphToken(personal, "Notes.ReadWrite")
	zipped := func(body string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = io.WriteString(z, body) // a buffer never fails
		_ = z.Close()
		return b.String()
	}
	tests := []struct {
		name, coding, body string
		status             int
	}{
		{"gzip", "gzip", zipped(`{"displayName":"Zipped"}`), 201},
		{"identity", "identity", `{"displayName":"Plain"}`, 201},
		{"not in gzip", "gzip", `{"displayName":"x"}`, 400},
		{"cut", "gzip", zipped(`{"displayName":"y"}`)[:20], 400},
		{"larger than it looks", "gzip", zipped(`{"displayName":"` + strings.Repeat("x", 4<<20) + `"}`), 413},
		{"another coding", "br", "x", 415},
	}
	for _, test := range tests {
		got := s.do(http.MethodPost, graphRoot+"notebooks", test.body, "Authorization", "Bearer "+token, "Content-Type", "application/json", "Content-Encoding", test.coding)
		if got.status != test.status {
			t.Errorf("%s: got %d %s, want %d", test.name, got.status, got.body, test.status)
		}
	}
}

func TestGraphCopies(t *testing.T) {
	tests := []struct {
		name, account, habits, version string
		status                         int
		location, operation            bool
		states                         []string // at each poll
	}{
		{"Microsoft account", personal, `{}`, "v1.0", 501, false, false, nil},
		{"Microsoft account, beta", personal, `{}`, "beta", 202, true, false, nil},
		{"Microsoft account, beta, as documented", personal, `{"copies":"operation"}`, "beta", 202, false, true, []string{"Running", "Completed", "Completed"}},
		{"work account", work, `{}`, "v1.0", 202, false, true, []string{"Running", "Completed"}},
		{"work account, other spelling", work, `{"status":"completed","polls":2}`, "v1.0", 202, false, true, []string{"running", "running", "completed"}},
		{"work account, at once", work, `{"polls":0}`, "beta", 202, false, true, []string{"Completed"}},
		{"work account, location", work, `{"copies":"location"}`, "v1.0", 202, true, false, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t)
			s.control("graph", test.habits)
			token := s.graphToken(test.account, "Notes.ReadWrite")
			root := "/" + test.version + "/me/onenote/"
			list := func(collection string) map[string]any {
				return s.api(token, http.MethodGet, root+collection, "", "").want(http.StatusOK).list()[0]
			}
			page, section, group, book := list("pages"), list("sections"), list("sectionGroups"), list("notebooks")
			for _, copying := range []struct{ of, action, body string }{
				{page["self"].(string), "copyToSection", `{"id":"` + section["id"].(string) + `"}`},
				{section["self"].(string), "copyToNotebook", `{"id":"` + book["id"].(string) + `","renameAs":"Copied"}`},
				{section["self"].(string), "copyToSectionGroup", `{"id":"` + group["id"].(string) + `"}`},
				{book["self"].(string), "copyNotebook", `{"renameAs":"Backup"}`},
			} {
				got := s.api(token, http.MethodPost, copying.of+"/"+copying.action, "application/json", copying.body).want(test.status)
				if test.status == http.StatusNotImplemented {
					got.wantError(501, "20111", "OData Feature not implemented. {0}.")
					continue
				}
				location, operation := got.header.Get("Location"), got.header.Get("Operation-Location")
				if (location != "") != test.location || (operation != "") != test.operation {
					t.Fatalf("%s: got %v", copying.action, got.header)
				}
				if test.location {
					if made := s.api(token, http.MethodGet, location, "", "").want(http.StatusOK).json(); made["self"] != location || got.json()["status"] != "not started" {
						t.Errorf("%s: got %v and %s, want the copy and its status", copying.action, made, got.body)
					}
					continue
				}
				var last map[string]any
				for i, want := range test.states {
					last = s.api(token, http.MethodGet, operation, "", "").want(http.StatusOK).json()
					if last["status"] != want || (last["resourceLocation"] != nil) != strings.EqualFold(want, "completed") {
						t.Errorf("%s, poll %d: got %v, want %s", copying.action, i+1, last, want)
					}
				}
				s.api(token, http.MethodGet, last["resourceLocation"].(string), "", "").want(http.StatusOK)
			}
		})
	}
}

func TestGraphCopyIntoOwnSectionNamesItsSource(t *testing.T) {
	s := newServer(t)
	token := s.graphToken(personal, "Notes.ReadWrite")
	page := s.api(token, http.MethodGet, "/beta/me/onenote/pages", "", "").list()[0]
	section := page["parentSection"].(map[string]any)["id"].(string)
	got := s.api(token, http.MethodPost, page["self"].(string)+"/copyToSection", "application/json", `{"id":"`+section+`"}`).want(http.StatusAccepted)
	if got.header.Get("Location") != page["self"] {
		t.Errorf("Location: got %s, want the source", got.header.Get("Location"))
	}
}

// TestCopiesLeadToGroupsAndSites copies to the notes of others, with their pictures.
func TestCopiesLeadToGroupsAndSites(t *testing.T) {
	const collection, site = "11111111-2222-4333-8444-555555555555", "66666666-7777-4888-8999-aaaaaaaaaaaa"
	toSite := `"siteCollectionId":"` + collection + `","siteId":"` + site + `"`
	tests := []struct {
		name, root, other, to, want string
	}{
		{"Graph, group", "/v1.0/me/onenote/", "/v1.0/groups/g-1/onenote/", `"groupId":"g-1"`, "/v1.0/groups/g-1/onenote/"},
		{"Graph, site", "/v1.0/me/onenote/", "/v1.0/sites/contoso.sharepoint.com," + collection + "," + site + "/onenote/", toSite, "/v1.0/sites/contoso.sharepoint.com," + collection + "," + site + "/onenote/"},
		{"OneNote, group", "/api/v1.0/me/notes/", "/api/v1.0/myOrganization/groups/g-1/notes/", `"groupId":"g-1"`, "/api/beta/myOrganization/groups/g-1/notes/"},
		{"OneNote, site", "/api/v1.0/me/notes/", "/api/v1.0/myOrganization/siteCollections/" + collection + "/sites/" + site + "/notes/", toSite, "/api/beta/myOrganization/siteCollections/" + collection + "/sites/" + site + "/notes/"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t)
			s.control("graph", `{"polls":0}`)
			token := s.graphToken(work, allNotes)
			if strings.HasPrefix(test.root, "/api/") {
				token = s.control("tokens", `{"account":"`+work+`"}`).json()["access_token"].(string)
			}
			get := func(target string) response {
				return s.api(token, http.MethodGet, target, "", "").want(http.StatusOK)
			}
			page := get(test.root + "pages").list()[0] // the one with a picture and an attachment
			section := get(test.other + "sections").list()[0]["id"].(string)
			book := get(test.root + "notebooks").list()[0]["self"].(string)
			for _, copying := range []struct{ of, action, body string }{
				{page["self"].(string), "copyToSection", `{"id":"` + section + `",` + test.to + `}`},
				{book, "copyNotebook", `{` + test.to + `}`},
			} {
				accepted := s.api(token, http.MethodPost, copying.of+"/"+copying.action, "application/json", copying.body).want(http.StatusAccepted)
				operation := get(accepted.header.Get("Operation-Location")).json()
				location := operation["resourceLocation"].(string)
				if !strings.HasPrefix(location, s.url+test.want) {
					t.Errorf("%s: got %s, want it below %s", copying.action, location, test.want)
				}
				get(location)
				if copying.action != "copyToSection" {
					continue
				}
				img := elements(t, get(location+"/content").body, "img")[0]
				address := strings.Replace(img["src"], "siteCollections/contoso", "sites/contoso", 1)
				decode(t, get(address))
			}
		})
	}
}

func TestGraphDoesNotKnowAddressesOfOneNote(t *testing.T) {
	s := newServer(t)
	token := s.graphToken(personal, "Notes.ReadWrite")
	old := elements(t, s.content(s.token(), "Pictures", ""), "img")[0]["src"]
	made := s.api(token, http.MethodPost, graphRoot+"pages", "text/html", `<title>x</title><img src="`+old+`" />`).want(http.StatusCreated).json()
	img := elements(t, s.api(token, http.MethodGet, made["contentUrl"].(string), "", "").body, "img")[0]
	if img["src"] != old || img["data-src-type"] != "" {
		t.Errorf("got %v, want a picture that is elsewhere", img)
	}
}

func TestGraphHasNoPublicPictures(t *testing.T) {
	s := newServer(t)
	token := s.graphToken(personal, "Notes.ReadWrite")
	page := s.graphPage(token, "Pictures")
	sources := func() string {
		img := elements(t, s.api(token, http.MethodGet, page["contentUrl"].(string)+"?preAuthenticated=true", "", "").want(http.StatusOK).body, "img")[0]
		return img["src"]
	}
	if src := sources(); !strings.HasSuffix(src, "/$value") {
		t.Errorf("since 2019: got %s, want the option to be ignored", src)
	}
	s.control("graph", `{"public_form":true}`)
	src := sources()
	if !strings.HasPrefix(src, s.url+"/v1.0/users('someone@example.com')/onenote/resources/") || !strings.Contains(src, "/content?publicAuth=true&mimeType=image/") {
		t.Errorf("in 2018: got %s", src)
	}
	preview := s.api(token, http.MethodGet, page["self"].(string)+"/preview", "", "").want(http.StatusOK).json()
	image := preview["links"].(map[string]any)["previewImageUrl"].(map[string]any)["href"].(string)
	for _, address := range []string{src, image} {
		s.get(address).wantError(401, "InvalidAuthenticationToken", "Access token is empty.")
		decode(t, s.api(token, http.MethodGet, address, "", "").want(http.StatusOK))
	}
	s.api(token, http.MethodGet, page["self"].(string)+"/preview()", "", "").want(http.StatusOK)
}

func TestNotebookFromWebURLHasOldNames(t *testing.T) {
	for _, account := range []string{personal, work} {
		s := newServer(t)
		token := s.graphToken(account, "Notes.Read Notes.Create")
		first := s.api(token, http.MethodGet, graphRoot+"notebooks", "", "").want(http.StatusOK).list()[0]
		for _, link := range []string{"oneNoteWebUrl", "oneNoteClientUrl"} {
			href := first["links"].(map[string]any)[link].(map[string]any)["href"].(string)
			if account == personal && link == "oneNoteClientUrl" {
				continue // on OneDrive, only the other one has the id
			}
			body, _ := json.Marshal(map[string]string{"webUrl": href})
			got := s.api(token, http.MethodPost, graphRoot+"notebooks/getNotebookFromWebUrl", "application/json", string(body)).want(http.StatusOK).json()
			if got["id"] != first["id"] || got["name"] != first["displayName"] || got["displayName"] != nil || got["createdTime"] == nil || got["self"] != first["self"] {
				t.Errorf("%s: got %v, want old names", href, got)
			}
			if by, ok := got["createdBy"].(string); !ok || got["createdByIdentity"] == nil {
				t.Errorf("createdBy: got %v", by)
			}
		}
		recent := func(personalToo string) int {
			return len(s.api(token, http.MethodGet, graphRoot+"notebooks/getRecentNotebooks(includePersonalNotebooks="+personalToo+")", "", "").want(http.StatusOK).list())
		}
		if with, without := recent("true"), recent("false"); with != 2 || without != 0 {
			t.Errorf("recent notebooks: got %d and %d, want 2 and 0", with, without)
		}
	}
}

func TestGraphBatchServesEachRequest(t *testing.T) {
	s := newServer(t)
	token := s.graphToken(personal, "Notes.ReadWrite")
	page := s.graphPage(token, "Pictures")["id"].(string)
	html := base64.StdEncoding.EncodeToString([]byte("<html><head><title>In a batch</title></head></html>"))
	post := func(body string) response {
		return s.api(token, http.MethodPost, "/v1.0/$batch", "application/json", body)
	}
	got := post(`{"requests":[
		{"id":"a","method":"GET","url":"/me/onenote/notebooks?$top=1"},
		{"id":"b","method":"POST","url":"/me/onenote/notebooks","headers":{"Content-Type":"application/json"},"body":{"displayName":"Batched"}},
		{"id":"c","method":"GET","url":"me/onenote/pages/` + page + `/content"},
		{"id":"d","method":"POST","url":"/me/onenote/pages","headers":{"Content-Type":"text/html"},"body":"` + html + `"},
		{"id":"e","method":"GET","url":"/me/onenote/pages/unknown"},
		{"id":"f","method":"GET","url":"/me/onenote/notebooks","dependsOn":["e"]},
		{"id":"g","method":"GET","url":"/me/onenote/notebooks","dependsOn":["a"]},
		{"id":"h","method":"POST","url":"/me/onenote/pages","headers":{"Content-Type":"text/html"},"body":"<p>"},
		{"id":"i","method":"POST","url":"/$batch","headers":{"Content-Type":"application/json"},"body":{"requests":[]}},
		{"id":"j","method":"DELETE","url":"/me/onenote/pages/` + page + `"}
	]}`).want(http.StatusOK)
	type result struct {
		status  float64
		headers map[string]any
		body    any
	}
	results := make(map[string]result)
	for _, each := range got.json()["responses"].([]any) {
		r := each.(map[string]any)
		results[r["id"].(string)] = result{r["status"].(float64), r["headers"].(map[string]any), r["body"]}
	}
	for id, want := range map[string]float64{"a": 200, "b": 201, "c": 200, "d": 201, "e": 404, "f": 424, "g": 200, "h": 400, "i": 400, "j": 400} {
		if results[id].status != want {
			t.Errorf("%s: got %v %v, want %v", id, results[id].status, results[id].body, want)
		}
	}
	if body := results["b"].body.(map[string]any); body["displayName"] != "Batched" || results["b"].headers["Location"] != body["self"] {
		t.Errorf("notebook: got %v", results["b"])
	}
	content, err := base64.StdEncoding.DecodeString(results["c"].body.(string))
	if err != nil || !strings.Contains(string(content), "<title>Pictures</title>") {
		t.Errorf("page: got %s, %v, want HTML in base64", content, err)
	}
	if title := results["d"].body.(map[string]any)["title"]; title != "In a batch" {
		t.Errorf("new page: got %v", title)
	}

	many := strings.TrimSuffix(strings.Repeat(`{"id":"?","method":"GET","url":"/me"},`, 21), ",")
	for i := range 21 {
		many = strings.Replace(many, "?", string(rune('a'+i)), 1)
	}
	tests := []struct{ name, body, message string }{
		{"too many", `{"requests":[` + many + `]}`, "maximum value of 20"},
		{"empty", `{"requests":[]}`, "Invalid batch payload"},
		{"no JSON", `x`, "Invalid batch payload"},
		{"no id", `{"requests":[{"method":"GET","url":"/me"}]}`, "Request Id"},
		{"id twice", `{"requests":[{"id":"1","method":"GET","url":"/me"},{"id":"1","method":"GET","url":"/me"}]}`, "Request Id"},
		{"unknown dependency", `{"requests":[{"id":"1","method":"GET","url":"/me","dependsOn":["2"]}]}`, "depends on '2'"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { post(test.body).wantError(400, "BadRequest", test.message) })
	}
	s.do(http.MethodPost, "/v1.0/$batch", `{}`, "Content-Type", "application/json").want(http.StatusUnauthorized)
}

func TestGraphControlRejectsUnknownHabits(t *testing.T) {
	s := newServer(t)
	for _, body := range []string{`{"copies":"never"}`, `{"status":"done"}`, `{"polls":-1}`, `{"strictly":true}`, `[]`} {
		s.do(http.MethodPost, "/_emulator/graph", body).want(http.StatusBadRequest)
	}
	s.do(http.MethodGet, "/_emulator/graph", "").want(http.StatusMethodNotAllowed)
}
