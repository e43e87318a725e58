// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"bytes"
	"fmt"
	"image/png"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// useLegacyAPI is what a legacy app does with the API, below one root. It must
// pass unchanged wherever the app's requests end.
func useLegacyAPI(t *testing.T, c *legacyClient) {
	u := &legacyUse{legacyClient: c}
	for _, step := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"list", u.list},
		{"entity", u.entity},
		{"expand", u.expand},
		{"select", u.choose},
		{"create", u.create},
		{"page of HTML", u.createPage},
		{"page of parts", u.createPageOfParts},
		{"filter", u.filter},
		{"order and paging", u.page},
		{"page content", u.content},
		{"pictures", u.pictures},
		{"pictures sent back", u.sendPicturesBack},
		{"change", u.change},
		{"copy", u.copy},
		{"preview", u.preview},
		{"notebooks by other ways", u.otherWays},
		{"batch", u.batch},
		{"delete", u.remove},
		{"errors", u.errors},
		{"links", c.followAll},
		{"every response", u.checkAll},
	} {
		if !t.Run(step.name, step.run) {
			t.Logf("root %s", c.root)
			return // later steps use what earlier ones have made
		}
	}
}

// A legacyUse is what the app knows after its first steps.
type legacyUse struct {
	*legacyClient
	notebooks, sections []entity
	notebook, section   entity // what the app has made
	group, parts        entity
	picture             []byte // in parts
}

// The members of entities, without annotations.
var (
	notebookMembers = []string{"createdBy", "createdByIdentity", "createdTime", "id", "isDefault", "isShared", "lastModifiedBy",
		"lastModifiedByIdentity", "lastModifiedTime", "links", "name", "sectionGroupsUrl", "sectionsUrl", "self", "userRole"}
	sectionMembers = []string{"createdBy", "createdByIdentity", "createdTime", "id", "isDefault", "lastModifiedBy",
		"lastModifiedByIdentity", "lastModifiedTime", "name", "pagesUrl", "parentNotebook", "parentSectionGroup", "self"}
	groupMembers = []string{"createdBy", "createdByIdentity", "createdTime", "id", "lastModifiedBy", "lastModifiedByIdentity",
		"lastModifiedTime", "name", "parentNotebook", "parentSectionGroup", "sectionGroupsUrl", "sectionsUrl", "self"}
	pageMembers = []string{"contentUrl", "createdByAppId", "createdTime", "id", "lastModifiedTime", "links", "parentSection", "self", "title"}
)

// wantMembers fails the test unless the entity has these members and no others,
// but for those that only some responses of the API have.
func wantMembers(t *testing.T, o entity, want []string) {
	t.Helper()
	got := slices.DeleteFunc(o.members(), func(name string) bool { return name == "links" && !slices.Contains(want, name) })
	if !slices.Equal(got, want) {
		t.Errorf("got the members %q, want %q", got, want)
	}
}

// wantTexts fails the test unless the lists are equal, in any order.
func wantTexts(t *testing.T, what string, got, want []string) {
	t.Helper()
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func (u *legacyUse) list(t *testing.T) {
	u.notebooks = u.get(t, "notebooks").list(t)
	wantTexts(t, "notebooks", texts(u.notebooks, "name"), []string{"My Notebook", "Recipes & more"})
	u.sections = u.get(t, "sections").list(t)
	wantTexts(t, "sections", texts(u.sections, "name"), []string{"Quick Notes", "Plans", "Recipes", "Empty"})
	groups := u.get(t, "sectionGroups").list(t)
	wantTexts(t, "section groups", texts(groups, "name"), []string{"Projects"})
	pages := u.get(t, query("pages", "top=100")).list(t)
	if len(pages) != 28 {
		t.Errorf("got %d pages, want 28", len(pages))
	}
	wantMembers(t, u.notebooks[0], notebookMembers)
	wantMembers(t, u.sections[0], sectionMembers)
	wantMembers(t, groups[0], groupMembers)
	wantMembers(t, pages[0], pageMembers)
	u.wantAuthor(t, u.notebooks[0])
	u.wantAuthor(t, u.sections[0])
	u.wantAuthor(t, groups[0])
	for _, parent := range []entity{u.sections[0].object("parentNotebook"), pages[0].object("parentSection")} {
		if !slices.Equal(parent.members(), []string{"id", "name", "self"}) {
			t.Errorf("the short form of a parent: got %q, want id, name and self", parent.members())
		}
	}
}

// wantAuthor fails the test unless the author stands there in both forms.
func (u *legacyUse) wantAuthor(t *testing.T, o entity) {
	t.Helper()
	for _, member := range []string{"createdBy", "lastModifiedBy"} {
		name, identity := o.text(member), o.object(member+"Identity").object("user").text("displayName")
		if name == "" || name != identity {
			t.Errorf("%s: got %q and the identity of %q, want the same name twice", member, name, identity)
		}
	}
}

func (u *legacyUse) entity(t *testing.T) {
	for _, collection := range []struct {
		name    string
		members []string
	}{{"notebooks", notebookMembers}, {"sections", sectionMembers}, {"sectionGroups", groupMembers}, {"pages", pageMembers}} {
		first := u.get(t, collection.name).list(t)[0]
		byID := u.get(t, collection.name+"/"+first.text("id")).want(t, 200).object(t)
		wantMembers(t, byID, collection.members)
		bySelf := u.get(t, first.text("self")).want(t, 200).object(t)
		encoded := u.get(t, collection.name+"/"+strings.ReplaceAll(first.text("id"), "!", "%21")).want(t, 200).object(t)
		keyed := u.get(t, collection.name+"('"+first.text("id")+"')").want(t, 200).object(t)
		for way, o := range map[string]entity{"id": byID, "self": bySelf, "encoded id": encoded, "key form": keyed} {
			if o.text("id") != first.text("id") {
				t.Errorf("%s by %s: got %q, want %q", collection.name, way, o.text("id"), first.text("id"))
			}
		}
	}
	u.do(t, "HEAD", "notebooks", "").want(t, 200)
}

func (u *legacyUse) expand(t *testing.T) {
	for _, option := range []string{
		"$expand=sections,sectionGroups($expand=sections)",
		"expand=sections,sectionGroups(expand=sections)",
		"$expand=sections,sectionGroups($expand=sections;$levels=max)",
	} {
		all := u.get(t, query("notebooks", option)).list(t)
		first := entityWith(t, all, "name", "My Notebook")
		wantTexts(t, option, texts(first.list(t, "sections"), "name"), []string{"Quick Notes"})
		group := entityWith(t, first.list(t, "sectionGroups"), "name", "Projects")
		plans := entityWith(t, group.list(t, "sections"), "name", "Plans")
		if plans.text("createdTime") == "" || !strings.HasPrefix(plans.text("pagesUrl"), u.base+"/api/") {
			t.Errorf("%s: got the expanded section %v", option, plans)
		}
		u.wantAuthor(t, plans)
	}
	// The options of expanded lists are their own.
	id := entityWith(t, u.notebooks, "name", "Recipes & more").text("id")
	one := u.get(t, query("notebooks/"+id, "$select=name", "$expand=sections")).want(t, 200).object(t)
	wantTexts(t, "sections of a notebook", texts(one.list(t, "sections"), "name"), []string{"Recipes", "Empty"})
}

func (u *legacyUse) choose(t *testing.T) {
	for option, want := range map[string][]string{
		"select=name":                         {"name"},
		"$select=id,name":                     {"id", "name"},
		"$select=createdBy":                   {"createdBy"},
		"$select=createdByIdentity":           {"createdByIdentity"},
		"$select=createdBy,createdByIdentity": {"createdBy", "createdByIdentity"},
		"$select=createdTime,self":            {"createdTime", "self"},
	} {
		for _, o := range u.get(t, query("notebooks", option)).list(t) {
			if !slices.Equal(o.members(), want) {
				t.Errorf("%s: got %q, want %q", option, o.members(), want)
			}
			if author, ok := o["createdBy"]; ok {
				if _, ok := author.(string); !ok {
					t.Errorf("%s: got the author %v, want a name", option, author)
				}
			}
		}
	}
	pages := u.get(t, query("sections/"+entityWith(t, u.sections, "name", "Recipes").text("id")+"/pages", "pagelevel=true", "select=title,level,order")).list(t)
	for _, o := range pages {
		if !slices.Equal(o.members(), []string{"level", "order", "title"}) {
			t.Errorf("pagelevel: got %q", o.members())
		}
	}
}

// suffixOf makes names that differ from root to root.
func (u *legacyUse) suffix() string {
	return strings.Trim(regexp.MustCompile(`[^A-Za-z0-9]+`).ReplaceAllString(strings.TrimPrefix(u.root, "/api/v1.0"), "-"), "-")
}

func (u *legacyUse) create(t *testing.T) {
	post := func(target, body string) entity {
		r := u.do(t, "POST", target, body, "Content-Type", "application/json").want(t, http.StatusCreated)
		o := r.object(t)
		if o.text("self") == "" || r.header.Get("Location") != o.text("self") {
			t.Errorf("POST %s: got Location %q, want %q", target, r.header.Get("Location"), o.text("self"))
		}
		if again := u.get(t, r.header.Get("Location")).want(t, 200).object(t); again.text("name") != o.text("name") || o.text("name") == "" {
			t.Errorf("POST %s: got %q, and %q at its address", target, o.text("name"), again.text("name"))
		}
		return o
	}
	name := "Made " + u.suffix()
	u.notebook = post("notebooks", `{"name":"`+name+`"}`)
	if got := u.notebook.text("name"); got != name {
		t.Errorf("got a notebook %q, want %q", got, name)
	}
	u.section = post("notebooks/"+u.notebook.text("id")+"/sections", `{name:"Sloppy section"}`)
	if got := u.section.text("name"); got != "Sloppy section" {
		t.Errorf("got a section %q", got)
	}
	u.group = post(u.notebook.text("sectionGroupsUrl"), `{'name':'A group'}`)
	post("sectionGroups/"+u.group.text("id")+"/sections", `{"name":"In the group"}`)
	post(u.group.text("sectionGroupsUrl"), `{"name":"displayName, createdTime"}`)
}

func pageHTML(title, body string) string {
	return `<!DOCTYPE html><html><head><title>` + title + `</title><meta name="created" content="2014-03-17T09:00:00-08:00" /></head><body>` + body + `</body></html>`
}

func (u *legacyUse) createPage(t *testing.T) {
	for kind, title := range map[string]string{
		"text/html":                   "Anna's name: displayName eq 'x' &amp; more",
		"application/xhtml+xml":       "Second page",
		"text/html; charset=utf-8":    "Grüße",
		"TEXT/HTML;charset=\"UTF-8\"": "Third page",
	} {
		r := u.do(t, "POST", u.section.text("pagesUrl"), pageHTML(title, "<p>displayName and https://www.onenote.com/api/v1.0/me/notes</p>"), "Content-Type", kind)
		o := r.want(t, http.StatusCreated).object(t)
		if want := strings.ReplaceAll(title, "&amp;", "&"); o.text("title") != want {
			t.Errorf("%s: got the title %q, want %q", kind, o.text("title"), want)
		}
		if r.header.Get("Location") != o.text("self") {
			t.Errorf("%s: got Location %q, want %q", kind, r.header.Get("Location"), o.text("self"))
		}
		content := u.get(t, o.text("contentUrl")).want(t, 200)
		if !strings.Contains(content.body, "<p>displayName and https://www.onenote.com/api/v1.0/me/notes</p>") {
			t.Errorf("the text of a page changed: %s", content.body)
		}
	}
	u.do(t, "POST", "pages", pageHTML("In the default section", "<p>x</p>"), "Content-Type", "text/html").want(t, http.StatusCreated)
	u.do(t, "POST", query("pages", "sectionName=By name"), pageHTML("In a section by name", "<p>x</p>"), "Content-Type", "text/html").want(t, http.StatusCreated)
	entityWith(t, u.get(t, "sections").list(t), "name", "By name")
}

// pixels is a picture in PNG that no other has.
func pixels(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, grey(text)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const boundary = "MyAppPartBoundary"

// parts makes a multipart body: name, type and content of each part.
func parts(all ...string) (body, contentType string) {
	var b strings.Builder
	for i := 0; i < len(all); i += 3 {
		fmt.Fprintf(&b, "--%s\r\nContent-Disposition: form-data; name=\"%s\"\r\nContent-Type: %s\r\n\r\n%s\r\n", boundary, all[i], all[i+1], all[i+2])
	}
	return b.String() + "--" + boundary + "--\r\n", "multipart/form-data; boundary=" + boundary
}

const attachment = "%PDF-1.4 displayName \x00\x01 https://www.onenote.com/api/v1.0/"

func (u *legacyUse) createPageOfParts(t *testing.T) {
	u.picture = pixels(t, u.root)
	body, kind := parts(
		"Presentation", "text/html", pageHTML("Parts", `<p>One picture</p><img src="name:image1" alt="first" width="8" /><object data-attachment="f.pdf" data="name:file1" type="application/pdf"></object>`),
		"image1", "image/png", string(u.picture),
		"file1", "application/pdf", attachment)
	u.parts = u.do(t, "POST", "sections/"+u.section.text("id")+"/pages", body, "Content-Type", kind).want(t, http.StatusCreated).object(t)
	content := u.get(t, u.parts.text("contentUrl")).want(t, 200)
	files := attributes(t, content.body, "object", "data")
	if len(files) != 1 {
		t.Fatalf("got the attachments %q, want one: %s", files, content.body)
	}
	if got := u.get(t, files[0]).want(t, 200); got.body != attachment || !strings.HasPrefix(got.header.Get("Content-Type"), "application/pdf") {
		t.Errorf("the attachment: got %q of type %s", got.body, got.header.Get("Content-Type"))
	}
}

func (u *legacyUse) filter(t *testing.T) {
	for _, tt := range []struct {
		target, option string
		want           []string
	}{
		{"notebooks", "filter=name eq 'My Notebook'", []string{"My Notebook"}},
		{"notebooks", "$filter=name eq 'Recipes & more'", []string{"Recipes & more"}},
		{"notebooks", "$filter=contains(tolower(name),'recipes')", []string{"Recipes & more"}},
		{"notebooks", "$filter=name eq 'displayName'", nil},
		{"sections", "$filter=isDefault eq true", []string{"Quick Notes"}},
		{"sectionGroups", "$filter=name eq 'displayName, createdTime'", []string{"displayName, createdTime"}},
	} {
		wantTexts(t, tt.option, texts(u.get(t, query(tt.target, tt.option)).list(t), "name"), tt.want)
	}
	for option, want := range map[string]string{
		"$filter=title eq 'Anna''s name: displayName eq ''x'' & more'": "Anna's name: displayName eq 'x' & more",
		"filter=title eq 'Grüße'":                                      "Grüße",
	} {
		wantTexts(t, option, texts(u.get(t, query("pages", option)).list(t), "title"), []string{want})
	}
}

func (u *legacyUse) page(t *testing.T) {
	recipes := entityWith(t, u.sections, "name", "Recipes").text("pagesUrl")
	sorted := texts(u.get(t, query(recipes, "$orderby=title desc", "$top=5")).list(t), "title")
	if want := []string{"Recipe 24", "Recipe 23", "Recipe 22", "Recipe 21", "Recipe 20"}; !slices.Equal(sorted, want) {
		t.Errorf("orderby: got %q, want %q", sorted, want)
	}
	skipped := texts(u.get(t, query(recipes, "orderby=title", "top=2", "skip=3")).list(t), "title")
	if want := []string{"Recipe 04", "Recipe 05"}; !slices.Equal(skipped, want) {
		t.Errorf("skip: got %q, want %q", skipped, want)
	}
	if byTime := u.get(t, query("notebooks", "orderby=createdTime desc,name")).list(t); byTime[0].text("id") != u.notebook.text("id") {
		t.Errorf("orderby=createdTime desc: got %q first", byTime[0].text("name"))
	}
	var titles []string
	next, pages := query(recipes, "select=id,title", "orderby=title"), 0
	for next != "" && pages < 10 {
		list := u.get(t, next).want(t, 200).object(t)
		titles = append(titles, texts(list.list(t, "value"), "title")...)
		for _, o := range list.list(t, "value") {
			if !slices.Equal(o.members(), []string{"id", "title"}) {
				t.Errorf("page %d: got %q, want id and title", pages, o.members())
			}
		}
		next = list.text("@odata.nextLink")
		pages++
	}
	if pages != 2 || len(titles) != 24 || titles[0] != "Recipe 01" || titles[23] != "Recipe 24" {
		t.Errorf("got %d pages with %q", pages, titles)
	}
}

// contentOf returns the HTML of a page.
func (u *legacyUse) contentOf(t *testing.T, title string, options ...string) (page entity, content string) {
	t.Helper()
	page = entityWith(t, u.get(t, query("pages", "filter=title eq '"+title+"'", "top=100")).list(t), "title", title)
	r := u.get(t, query(page.text("contentUrl"), options...)).want(t, 200)
	if kind := r.header.Get("Content-Type"); !strings.HasPrefix(kind, "text/html") {
		t.Errorf("%s: got the type %q, want text/html", title, kind)
	}
	return page, r.body
}

func (u *legacyUse) content(t *testing.T) {
	_, plain := u.contentOf(t, "Plan")
	if ids := attributes(t, plain, "p", "id"); len(ids) != 0 || !strings.Contains(plain, "Milestones and owners.") {
		t.Errorf("got %s", plain)
	}
	for _, option := range []string{"includeIDs=true", "includeIds=true"} {
		if _, with := u.contentOf(t, "Plan", option); len(attributes(t, with, "p", "id")) != 1 {
			t.Errorf("%s: got %s", option, with)
		}
	}
	_, traps := u.contentOf(t, "Text & traps")
	for _, text := range []string{
		"An address in text: https://www.onenote.com/api/v1.0/me/notes/resources/0-abc/$value<",
		`Written &lt;img src="https://www.onenote.com/api/v1.0/resources/0-abc/$value"&gt;`,
		"<!-- InkNode is not supported -->",
		`data-original-src="https://www.youtube.com/watch?v=emulator-01"`,
	} {
		if !strings.Contains(traps, text) {
			t.Errorf("the page lacks %s: %s", text, traps)
		}
	}
	page := entityWith(t, u.get(t, query("pages", "top=100")).list(t), "title", "Text & traps")
	ink := u.get(t, query(page.text("contentUrl"), "includeInkML=true")).want(t, 200)
	if !strings.HasPrefix(ink.header.Get("Content-Type"), "multipart/") || !strings.Contains(ink.body, "<inkml:trace") {
		t.Errorf("ink: got %s %s", ink.header.Get("Content-Type"), ink.body)
	}
}

// pictureURLs are all renditions of all pictures in HTML.
func pictureURLs(t *testing.T, page string) []string {
	t.Helper()
	return append(attributes(t, page, "img", "src"), attributes(t, page, "img", "data-fullres-src")...)
}

func (u *legacyUse) pictures(t *testing.T) {
	for title, want := range map[string]int{"Lighthouse Tour": 2, "Pictures": 8, "Parts": 2} {
		_, content := u.contentOf(t, title, "preAuthenticated=true")
		urls := pictureURLs(t, content)
		if len(urls) != want {
			t.Errorf("%s: got %d renditions of pictures, want %d: %s", title, len(urls), want, content)
		}
		for _, address := range urls {
			got := u.download(t, address)
			if got.status != 200 || !strings.HasPrefix(got.header.Get("Content-Type"), "image/") || got.body == "" {
				t.Errorf("%s: GET %s: got %d %s", title, address, got.status, got.header.Get("Content-Type"))
			}
			if title == "Parts" && got.body != string(u.picture) {
				t.Errorf("GET %s: got %d other bytes than were sent", address, len(got.body))
			}
		}
	}
}

func (u *legacyUse) sendPicturesBack(t *testing.T) {
	_, content := u.contentOf(t, "Parts")
	address := strings.ReplaceAll(attributes(t, content, "img", "src")[0], "&", "&amp;")
	made := u.do(t, "POST", u.section.text("pagesUrl"), pageHTML("Picture again", `<img src="`+address+`" />`), "Content-Type", "text/html").want(t, http.StatusCreated).object(t)
	body, kind := parts("Commands", "application/json", `[{"target":"body","action":"append","content":"<img src=\"`+address+`\" />"}]`)
	u.do(t, "PATCH", made.text("contentUrl"), body, "Content-Type", kind).want(t, http.StatusNoContent)
	u.do(t, "PATCH", made.text("contentUrl"), `[{'target':'body','action':'append','content':'<img src="`+address+`" />'}]`, "Content-Type", "application/json").want(t, http.StatusNoContent)
	_, again := u.contentOf(t, "Picture again", "preAuthenticated=true")
	urls := attributes(t, again, "img", "src")
	if len(urls) != 3 {
		t.Fatalf("got %d pictures, want 3: %s", len(urls), again)
	}
	for _, url := range urls {
		if got := u.download(t, url); got.status != 200 || got.body != string(u.picture) {
			t.Errorf("GET %s: got %d and %d bytes, want the picture", url, got.status, len(got.body))
		}
	}
}

func (u *legacyUse) change(t *testing.T) {
	address := u.parts.text("contentUrl")
	picture := pixels(t, "another "+u.root)
	body, kind := parts(
		"Commands", "application/json", `[{"target":"body","action":"append","content":"<p>by parts</p><img src=\"name:more\" />"}]`,
		"more", "image/png", string(picture))
	for _, tt := range []struct{ kind, body string }{
		{"application/json", `[{"target":"body","action":"append","content":"<p>plain displayName</p>"}]`},
		{"application/json", `[{'target':'body','action':'append','content':'<p>single "quotes"</p>'}]`},
		{"application/json", `[{"target":"title","action":"replace","content":"Changed parts"}]`},
		{kind, body},
	} {
		r := u.do(t, "PATCH", address, tt.body, "Content-Type", tt.kind).want(t, http.StatusNoContent)
		if r.body != "" {
			t.Errorf("PATCH: got a body: %s", r.body)
		}
	}
	_, content := u.contentOf(t, "Changed parts", "preAuthenticated=true")
	for _, text := range []string{"plain displayName", `single "quotes"`, "by parts"} {
		if !strings.Contains(content, "<p>"+text+"</p>") {
			t.Errorf("the page lacks %s: %s", text, content)
		}
	}
	urls := attributes(t, content, "img", "src")
	if len(urls) != 2 {
		t.Fatalf("got %d pictures, want 2: %s", len(urls), content)
	}
	if got := u.download(t, urls[1]); got.body != string(picture) {
		t.Errorf("GET %s: got %d %s, want the picture that was sent", urls[1], got.status, got.body)
	}
}

func (u *legacyUse) copy(t *testing.T) {
	group := u.get(t, u.group.text("self")).want(t, 200).object(t)
	target := u.get(t, group.text("sectionsUrl")).list(t)[0]
	for _, tt := range []struct{ action, body, name string }{
		{"pages/" + u.parts.text("id") + "/copyToSection", `{"id":"` + target.text("id") + `"}`, "Changed parts"},
		{"pages/" + u.parts.text("id") + "/Microsoft.OneNote.Api.CopyToSection", `{"id":"` + target.text("id") + `"}`, "Changed parts"},
		{"sections/" + u.section.text("id") + "/copyToNotebook", `{"id":"` + u.notebook.text("id") + `","renameAs":"Copied section"}`, "Copied section"},
		{"sections/" + u.section.text("id") + "/Microsoft.OneNote.Api.CopyToSectionGroup()", `{"id":"` + u.group.text("id") + `","renameAs":"Copied into group"}`, "Copied into group"},
		{"notebooks/" + u.notebook.text("id") + "/copyNotebook", `{"renameAs":"Copy of ` + u.suffix() + `"}`, "Copy of " + u.suffix()},
	} {
		r := u.do(t, "POST", tt.action, tt.body, "Content-Type", "application/json").want(t, http.StatusAccepted)
		if got := u.get(t, r.header.Get("Location")); r.header.Get("Location") == "" || got.status != 200 {
			t.Errorf("%s: got %d at Location %q", tt.action, got.status, r.header.Get("Location"))
		}
		copied := u.poll(t, r.header.Get("Operation-Location"))
		if got := copied.text("name") + copied.text("title"); got != tt.name {
			t.Errorf("%s: got a copy named %q, want %q", tt.action, got, tt.name)
		}
	}
}

// poll asks for an operation until it is completed, and returns what it has made.
func (u *legacyUse) poll(t *testing.T, address string) entity {
	t.Helper()
	if address == "" {
		t.Fatal("there is no Operation-Location")
	}
	for range 10 {
		o := u.get(t, address).want(t, 200).object(t)
		switch status := o.text("status"); status {
		case "not started", "running":
		case "completed":
			made := u.get(t, o.text("resourceLocation")).want(t, 200).object(t)
			if o.text("resourceId") == "" || made.text("id") != o.text("resourceId") || o.text("id") == "" || o.text("createdDateTime") == "" {
				t.Errorf("GET %s: got %v, and %q at its resourceLocation", address, o, made.text("id"))
			}
			return made
		default:
			t.Fatalf("GET %s: got the status %q: %v", address, status, o)
		}
	}
	t.Fatalf("GET %s: it is never completed", address)
	return nil
}

func (u *legacyUse) preview(t *testing.T) {
	page, _ := u.contentOf(t, "Lighthouse Tour")
	for _, target := range []string{"pages/" + page.text("id") + "/preview", page.text("self") + "/preview"} {
		o := u.get(t, target).want(t, 200).object(t)
		if !strings.Contains(o.text("previewText"), "The Old Lighthouse") {
			t.Errorf("got the text %q", o.text("previewText"))
		}
		href := o.object("links").object("previewImageUrl").text("href")
		if got := u.download(t, href); got.status != 200 || !strings.HasPrefix(got.header.Get("Content-Type"), "image/") {
			t.Errorf("the picture of the preview, %s: got %d %s", href, got.status, got.header.Get("Content-Type"))
		}
	}
}

func (u *legacyUse) otherWays(t *testing.T) {
	for _, function := range []string{"GetRecentNotebooks(includePersonalNotebooks=true)", "Microsoft.OneNote.Api.GetRecentNotebooks(includePersonalNotebooks=true)"} {
		recent := u.get(t, "notebooks/"+function).list(t)
		o := entityWith(t, recent, "name", "My Notebook")
		if want := []string{"lastAccessedTime", "links", "name", "sourceService"}; !slices.Equal(o.members(), want) {
			t.Errorf("%s: got %q, want %q", function, o.members(), want)
		}
	}
	first := entityWith(t, u.notebooks, "name", "My Notebook")
	web := first.object("links").object("oneNoteWebUrl").text("href")
	for _, action := range []string{"GetNotebookFromWebUrl", "Microsoft.OneNote.Api.GetNotebookFromWebUrl()"} {
		o := u.do(t, "POST", "notebooks/"+action, `{"webUrl":"`+web+`"}`, "Content-Type", "application/json").want(t, 200).object(t)
		if o.text("id") != first.text("id") || o.text("name") != "My Notebook" || o.text("createdTime") == "" {
			t.Errorf("%s: got %v", action, o)
		}
		u.wantAuthor(t, o)
		u.get(t, o.text("self")).want(t, 200)
		u.get(t, o.text("sectionsUrl")).want(t, 200)
	}
}

// A batched is a request of a batch.
type batched struct{ method, path, kind, body string }

// sendBatch sends requests in one and returns the parts of the response.
func (c *legacyClient) sendBatch(t *testing.T, version string, requests ...batched) []string {
	t.Helper()
	var b strings.Builder
	for _, r := range requests {
		fmt.Fprintf(&b, "--%s\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n%s %s HTTP/1.1\r\n", boundary, r.method, r.path)
		if r.kind != "" {
			fmt.Fprintf(&b, "Content-Type: %s\r\n", r.kind)
		}
		fmt.Fprintf(&b, "\r\n%s\r\n", r.body)
	}
	fmt.Fprintf(&b, "--%s--\r\n", boundary)
	r := c.do(t, "POST", "/api/"+version+"/$batch", b.String(), "Content-Type", "multipart/mixed; boundary="+boundary).want(t, 200)
	_, end, ok := strings.Cut(r.header.Get("Content-Type"), "boundary=")
	if !ok {
		t.Fatalf("got the content type %q, want a boundary", r.header.Get("Content-Type"))
	}
	all := strings.Split(r.body, "--"+strings.Trim(end, `"`))
	if len(all) != len(requests)+2 {
		t.Fatalf("got %d parts, want %d: %s", len(all)-2, len(requests), r.body)
	}
	return all[1 : len(all)-1]
}

// statusOf returns the status in a part of the response to a batch.
func statusOf(part string) string {
	_, rest, _ := strings.Cut(part, "HTTP/1.1 ")
	status, _, _ := strings.Cut(rest, " ")
	return status
}

func (u *legacyUse) batch(t *testing.T) {
	below := func(path string) string { return u.root + "/" + path }
	page := u.get(t, u.section.text("pagesUrl")).list(t)[0]
	got := u.sendBatch(t, "beta",
		batched{"GET", below("notebooks?$filter=" + "name%20eq%20'My%20Notebook'"), "", ""},
		batched{"POST", below("sections/" + u.section.text("id") + "/pages"), "text/html", pageHTML("Batched", "<p>in a batch</p>")},
		batched{"GET", below("pages/0-nobody!1-nothing"), "", ""},
		batched{"PATCH", u.base + below("pages/"+page.text("id")+"/content"), "application/json", `[{"target":"body","action":"append","content":"<p>patched in a batch</p>"}]`},
	)
	for i, want := range []struct{ status, text string }{{"200", `"name":"My Notebook"`}, {"201", `"title":"Batched"`}, {"404", `"code":"20102"`}, {"204", ""}} {
		if statusOf(got[i]) != want.status || !strings.Contains(got[i], want.text) {
			t.Errorf("part %d: got %s, want %s and %s", i, got[i], want.status, want.text)
		}
	}
	if content := u.get(t, page.text("contentUrl")); !strings.Contains(content.body, "patched in a batch") {
		t.Errorf("the page was not changed: %s", content.body)
	}
}

func (u *legacyUse) remove(t *testing.T) {
	page := u.do(t, "POST", u.section.text("pagesUrl"), pageHTML("Short life", "<p>x</p>"), "Content-Type", "text/html").want(t, 201).object(t)
	u.do(t, "DELETE", page.text("self"), "").want(t, http.StatusNoContent)
	u.gone = append(u.gone, page.text("id"))
	u.get(t, page.text("self")).wantError(t, 404, "20102")
}

// wantError fails the test unless the response is an error of the OneNote API.
func (r legacyResponse) wantError(t *testing.T, status int, code string) string {
	t.Helper()
	e := r.want(t, status).object(t).object("error")
	if (code == "" && !regexp.MustCompile(`^[0-9]{5}$`).MatchString(e.text("code"))) || code != "" && e.text("code") != code {
		t.Errorf("%s %s: got the code %q, want %s: %s", r.method, r.url, e.text("code"), code, r.body)
	}
	if !slices.Equal(e.members(), []string{"code", "message"}) || e.text("message") == "" {
		t.Errorf("%s %s: got an error of another shape: %s", r.method, r.url, r.body)
	}
	want := "https://aka.ms/onenote-errors#C" + e.text("code")
	if cause := r.header.Get("X-Onenote-Proxy-Error"); cause != "" {
		want = "https://github.com/caddy-onenote/caddy-onenote#" + cause
	}
	if e.text("@api.url") != want {
		t.Errorf("%s %s: got %q, want %q", r.method, r.url, e.text("@api.url"), want)
	}
	return e.text("message")
}

func (u *legacyUse) errors(t *testing.T) {
	u.get(t, "pages/0-nobody!1-nothing").wantError(t, 404, "20102")
	u.get(t, "sections/0-NOBODY!1/pages").wantError(t, 404, "20102")
	u.do(t, "POST", "notebooks", `{"name":"a/b"}`, "Content-Type", "application/json").wantError(t, 400, "20153")
	u.do(t, "POST", "notebooks", `{"name":""}`, "Content-Type", "application/json").wantError(t, 400, "20152")
	u.do(t, "POST", "notebooks", `{"name":"My Notebook"}`, "Content-Type", "application/json").wantError(t, 409, "20117")
	u.do(t, "PATCH", u.parts.text("contentUrl"), `[]`, "Content-Type", "application/json").wantError(t, 400, "20125")
	u.get(t, query("pages", "top=101")).wantError(t, 400, "20129")
	if message := u.get(t, "classNotebooks").wantError(t, 501, ""); !strings.Contains(strings.ToLower(message), "classnotebooks") {
		t.Errorf("got %q, want the segment named", message)
	}
	if message := u.get(t, "notebooks/"+u.notebook.text("id")+"/permissions").wantError(t, 501, ""); !strings.Contains(message, "permissions") {
		t.Errorf("got %q, want the segment named", message)
	}
}

// checkAll is what holds for each response that the app has seen.
func (u *legacyUse) checkAll(t *testing.T) {
	for _, r := range u.seen {
		if r.header.Get("X-CorrelationId") == "" && !strings.Contains(r.url, "$batch") {
			t.Errorf("%s %s: got no X-CorrelationId", r.method, r.url)
		}
		if r.status == http.StatusUnauthorized || r.status >= 500 && r.status != http.StatusNotImplemented {
			t.Errorf("%s %s: got %d: %s", r.method, r.url, r.status, r.body)
		}
	}
}
