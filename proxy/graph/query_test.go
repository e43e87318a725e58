// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph_test

import (
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
	"github.com/caddy-onenote/caddy-onenote/proxy/graph"
)

// translate translates a query, given decoded and with its options separated by &.
func translate(t *testing.T, query string) graph.Query {
	t.Helper()
	q, err := graph.TranslateQuery(encode(query), graph.Target{Route: graph.Collection})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return q
}

// encode encodes what may not stand in a query as it is.
func encode(query string) string {
	return strings.NewReplacer("%", "%25", " ", "%20", "+", "%2B", "\"", "%22", "#", "%23", "é", "%C3%A9").Replace(query)
}

// decoded decodes a whole query, for tests that have no & and = in values.
func decoded(t *testing.T, query string) string {
	t.Helper()
	s, err := url.QueryUnescape(query)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestQueryIsTranslated(t *testing.T) {
	tests := []struct{ app, want string }{
		{"", ""},
		{"&", ""},

		// With and without the dollar sign.
		{"top=5&skip=10&count=true", "$top=5&$skip=10&$count=true"},
		{"$top=5&$skip=10&$count=TRUE", "$top=5&$skip=10&$count=true"},
		{"TOP=5", "$top=5"},
		{"&$orderby=lastModifiedTime desc", "$orderby=lastModifiedDateTime desc"},
		{"pagelevel=true", "pagelevel=true"},
		{"pageLevel=True", "pagelevel=true"},
		{"sectionName=Quick Notes", "sectionName=Quick Notes"},
		{"includesharednotebooks=true", "includesharednotebooks=true"},
		{"includeIDs=true", "includeIDs=true"},
		{"includeIds=true&includeInkML=true", "includeIDs=true&includeInkML=true"},
		{"includeIDs=true,preAuthenticated=true", "includeIDs=true"},
		{"preAuthenticated=true", ""},
		{"includeIDs=true&includeIDs=true", "includeIDs=true"},
		{"$skiptoken=abc", "$skiptoken=abc"},
		{"top=5&_=1500000000000", "$top=5"},

		// Names.
		{"select=id,name,self", "$select=id,displayName,self"},
		{"select= id , Name ", "$select=id,displayName"},
		{"$select=createdTime,lastModifiedTime,title", "$select=createdDateTime,lastModifiedDateTime,title"},
		{"$select=createdBy,createdByIdentity", "$select=createdBy"},
		{"$select=lastModifiedByIdentity", "$select=lastModifiedBy"},
		{"$select=links/oneNoteWebUrl,parentNotebook/name", "$select=links/oneNoteWebUrl,parentNotebook/displayName"},
		{"$select=*", "$select=*"},
		{"$select=id,size", "$select=id"},
		{"$select=thumbnailUrl", "$select=id"},
		{"$select=somethingNew", "$select=somethingNew"},
		{"orderby=name", "$orderby=displayName"},
		{"orderby=createdTime desc,name asc", "$orderby=createdDateTime desc,displayName asc"},
		{"orderby=parentNotebook/name DESC", "$orderby=parentNotebook/displayName desc"},
		{"orderby= name", "$orderby=displayName"},
		{"orderby=tolower(name)", "$orderby=tolower(displayName)"},

		// Filters.
		{"filter=name eq 'name'", "$filter=displayName eq 'name'"},
		{"filter=title eq 'createdTime gt name'", "$filter=title eq 'createdTime gt name'"},
		{"filter=name eq 'it''s name''s'", "$filter=displayName eq 'it''s name''s'"},
		{"filter=name eq ''", "$filter=displayName eq ''"},
		{"filter=name eq 'a+b 100% #1 é \"'", "$filter=displayName eq 'a+b 100% #1 é \"'"},
		{"filter=name eq 'a(b);c,d$e'", "$filter=displayName eq 'a(b);c,d$e'"},
		{"filter=createdBy eq 'X'", "$filter=createdBy/user/displayName eq 'X'"},
		{"filter=contains(tolower(createdBy),'x')", "$filter=contains(tolower(createdBy/user/displayName),'x')"},
		{"filter=lastModifiedBy ne 'X'", "$filter=lastModifiedBy/user/displayName ne 'X'"},
		{"filter=lastModifiedByIdentity/user/id eq '1'", "$filter=lastModifiedBy/user/id eq '1'"},
		{"filter=parentNotebook/name eq 'Work' and parentSection/name ne 'x'", "$filter=parentNotebook/displayName eq 'Work' and parentSection/displayName ne 'x'"},
		{"filter=userRole eq Microsoft.OneNote.Api.UserRole'Owner'", "$filter=userRole eq 'Owner'"},
		{"filter=userRole ne Microsoft.OneNote.Api.UserRole'Reader' and isShared eq true", "$filter=userRole ne 'Reader' and isShared eq true"},
		{"filter=createdTime ge 2015-07-01T10:00:00Z", "$filter=createdDateTime ge 2015-07-01T10:00:00Z"},
		{"filter=createdTime ge 2015-07-01T10:00:00.123+02:00", "$filter=createdDateTime ge 2015-07-01T10:00:00.123+02:00"},
		{"filter=createdTime ge 2015-07-01", "$filter=createdDateTime ge 2015-07-01"},
		{"filter=isDefault", "$filter=isDefault"},
		{"filter=not (isDefault eq true)", "$filter=not (isDefault eq true)"},
		{"filter=NOT isDefault AND level GT -1", "$filter=not isDefault and level gt -1"},
		{"filter=((name eq 'a') or (name eq null))", "$filter=((displayName eq 'a') or (displayName eq null))"},
		{"filter=startswith(name,'a') and not endswith(title , 'b')", "$filter=startswith(displayName,'a') and not endswith(title , 'b')"},
		{"filter=indexof(name,'a') add 1 gt 2.5e3", "$filter=indexof(displayName,'a') add 1 gt 2.5e3"},
		{"filter=name in ('a','b') and order lt 3", "$filter=displayName in ('a','b') and order lt 3"},
		{"filter=id eq 09d1a587-a84b-4264-3d15-669429be8cc5", "$filter=id eq 09d1a587-a84b-4264-3d15-669429be8cc5"},
		{"filter=id eq a9d1a587-a84b-4264-3d15-669429be8cc5 or name eq 'x'", "$filter=id eq a9d1a587-a84b-4264-3d15-669429be8cc5 or displayName eq 'x'"},
		{"filter=sections/any(s:s/name eq 'name' and contains(s/createdBy,'y'))", "$filter=sections/any(s:s/displayName eq 'name' and contains(s/createdBy/user/displayName,'y'))"},
		{"filter=sections/any(name:name/title eq 'a') and name eq 'b'", "$filter=sections/any(name:name/title eq 'a') and displayName eq 'b'"},
		{"filter=sections/any() or sections/$count gt 1", "$filter=sections/any() or sections/$count gt 1"},
		{"filter=name  eq  'a  b'", "$filter=displayName eq 'a  b'"},
		{"filter=name eq'a'", "$filter=displayName eq 'a'"},

		// Nested options.
		{"expand=sections", "$expand=sections"},
		{"expand=sections,sectiongroups", "$expand=sections,sectionGroups"},
		{"expand=sections(select=name,self;levels=max)", "$expand=sections($select=displayName,self;$levels=max)"},
		{"$expand=sections($select=name),sectionGroups($expand=sections($select=createdBy,name;$orderby=name desc),sectionGroups)",
			"$expand=sections($select=displayName),sectionGroups($expand=sections($select=createdBy,displayName;$orderby=displayName desc),sectionGroups)"},
		{"expand=sections(filter=name eq 'a;b)' and createdBy eq 'c';top=3)", "$expand=sections($filter=displayName eq 'a;b)' and createdBy/user/displayName eq 'c';$top=3)"},
		{"expand=sections()", "$expand=sections"},
		{"expand=parentNotebook( select = name ; )", "$expand=parentNotebook($select=displayName)"},
		{"expand=sectionGroups(expand=sectionGroups(expand=sectionGroups(expand=sections)))", "$expand=sectionGroups($expand=sectionGroups($expand=sectionGroups($expand=sections)))"},
	}
	for _, tt := range tests {
		got := decoded(t, strings.ReplaceAll(translate(t, tt.app).Raw, "+", "%2B"))
		if got != tt.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tt.app, got, tt.want)
		}
	}
}

func TestOptionIsDecodedOnce(t *testing.T) {
	for app, want := range map[string]string{
		"filter=name+eq+'a%2Bb'":                       "$filter=displayName%20eq%20'a%2Bb'",
		"%24filter=name%20eq%20%27a%2526b%27":          "$filter=displayName%20eq%20'a%2526b'",
		"sectionName=a%26b%3Dc+d%2B":                   "sectionName=a%26b=c%20d%2B",
		"expand=sections%28select%3Dname%3Btop%3D1%29": "$expand=sections($select=displayName;$top=1)",
		"filter=title eq 'a=b'":                        "$filter=title%20eq%20'a=b'",
	} {
		got, err := graph.TranslateQuery(app, graph.Target{Route: graph.Collection})
		if err != nil || got.Raw != want {
			t.Errorf("%s:\ngot  %s, %v\nwant %s", app, got.Raw, err, want)
		}
	}
}

func TestQueryThatCannotBeTranslatedIsRefused(t *testing.T) {
	tests := []struct {
		query string
		words []string // in the message
	}{
		{"search=milk", []string{`"search"`, "no search"}},
		{"$search=\"milk\"", []string{`"$search"`, "no search"}},
		{"foo=1", []string{`"foo"`, "nothing like it"}},
		{"$apply=x", []string{`"$apply"`}},
		{"=1", []string{"the name of a query option"}},
		{"top=-1", []string{`"top"`, "number"}},
		{"top=many", []string{`"top"`, "number"}},
		{"top=", []string{`"top"`, "number"}},
		{"count=1", []string{`"count"`, "true or false"}},
		{"preAuthenticated=yes", []string{`"preAuthenticated"`, "true or false"}},
		{"top=1&$top=2", []string{`"$top"`, "twice"}},
		{"levels=max", []string{`"levels"`}},
		{"select=", []string{`"select"`, "property"}},
		{"select=id,,name", []string{`"select"`, `","`, "character 4"}},
		{"select=id name", []string{`"select"`, "comma", "character 4"}},
		{"select='id'", []string{`"select"`, "character 1"}},
		{"filter=", []string{`"filter"`, "at the end"}},
		{"filter=name eq", []string{`"filter"`, "a value", "at the end", "character 8"}},
		{"filter=name eq 'a", []string{`"filter"`, "without an end", "character 9"}},
		{"filter=name eq 'a' 'b'", []string{"operator", "character 13"}},
		{"filter=name 'a'", []string{"operator", "character 6"}},
		{"filter=name equals 'a'", []string{"operator", `"equals"`}},
		{"filter=(name eq 'a'", []string{`")"`, "at the end"}},
		{"filter=name eq 'a')", []string{"operator", "character 12"}},
		{"filter=eq 'a'", []string{"character 1"}},
		{"filter=substringof('a',name)", []string{`unknown function "substringof"`}},
		{"filter=x'12' eq 1", []string{`unknown type "x"`}},
		{"filter=createdTime gt datetime'2015-01-01'", []string{`unknown type "datetime"`}},
		{"filter=createdTime gt 2015-1-1", []string{"no number, date or GUID", "character 16"}},
		{"filter=name eq \"a\"", []string{`unexpected '"'`, "character 9"}},
		{"filter=size gt 1", []string{"no property size"}},
		{"filter=a/ eq 1", []string{"character"}},
		{"filter=" + strings.Repeat("(", 100) + "a" + strings.Repeat(")", 100), []string{"nests"}},
		{"orderby=name up", []string{`"orderby"`, "asc, desc"}},
		{"expand=sections(", []string{`"expand"`, "at the end"}},
		{"expand=sections(select)", []string{`"="`}},
		{"expand=sections(select=name", []string{`")"`}},
		{"expand=sections(foo=1)", []string{"in sections", `"foo"`}},
		{"expand=sections(search=x)", []string{"in sections", "no search"}},
		{"expand=sections(pagelevel=true)", []string{"in sections", `"pagelevel"`}},
		{"expand=sections,sections", []string{"twice"}},
		{"expand=sections(filter=name eq)", []string{"in sections", `"filter"`, "character 24"}},
		{"expand=a(expand=b(filter=name eq))", []string{"in a", "in b", `"filter"`, "character 26"}},
		{"expand=sections/pages", []string{"comma", `"/"`}},
	}
	for _, tt := range tests {
		got, err := graph.TranslateQuery(encode(tt.query), graph.Target{Route: graph.Collection})
		if err == nil {
			t.Errorf("%s: got %s, want an error", tt.query, got.Raw)
			continue
		}
		if err.Cause != apierror.BadQuery {
			t.Errorf("%s: got %v, want %v", tt.query, err.Cause, apierror.BadQuery)
		}
		for _, word := range tt.words {
			if !strings.Contains(err.Message, word) {
				t.Errorf("%s:\ngot  %s\nwant it with %s", tt.query, err.Message, word)
			}
		}
	}
	for raw, word := range map[string]string{
		"filter=%zz":      "percent sign",
		"top=%":           "percent sign",
		"sectionName=%0a": "control character",
		"sectionName=%ff": "UTF-8",
	} {
		if _, err := graph.TranslateQuery(raw, graph.Target{Route: graph.Collection}); err == nil || !strings.Contains(err.Message, word) {
			t.Errorf("%s: got %v, want it with %s", raw, err, word)
		}
	}
}

func TestBytesAndSitesTakeNoOptions(t *testing.T) {
	for _, tt := range []struct {
		target graph.Target
		want   string
	}{
		{graph.Target{Route: graph.Resource}, ""},
		{graph.Target{Route: graph.FromURL, Query: "$select=id"}, "$select=id"},
	} {
		got, err := graph.TranslateQuery("publicAuth=true&mimeType=image/png&_=1", tt.target)
		if err != nil || got.Raw != tt.want {
			t.Errorf("%v: got %q, %v, want %q", tt.target.Route, got.Raw, err, tt.want)
		}
	}
}

// The response of Graph to this call has the names of the OneNote API.
func TestNotebookFromWebURLKeepsItsNames(t *testing.T) {
	got, err := graph.TranslateQuery("select=name,createdTime,createdByIdentity", graph.Target{Route: graph.NotebookFromWebURL})
	if want := "$select=name,createdTime,createdByIdentity"; err != nil || got.Raw != want {
		t.Errorf("got %q, %v, want %q", got.Raw, err, want)
	}
}

func TestPreAuthenticatedIsForTheProxy(t *testing.T) {
	for query, want := range map[string]bool{
		"":                                      false,
		"preAuthenticated=true":                 true,
		"preauthenticated=TRUE&includeIDs=true": true,
		"preAuthenticated=false":                false,
		"includeIDs=true,preAuthenticated=true": true,
	} {
		got := translate(t, query)
		if got.PreAuthenticated != want || strings.Contains(strings.ToLower(got.Raw), "preauth") {
			t.Errorf("%s: got %t with %q, want %t", query, got.PreAuthenticated, got.Raw, want)
		}
	}
}

func TestShapeIsWhatTheAppAskedFor(t *testing.T) {
	recursive := &graph.Shape{Select: []string{"name"}}
	recursive.Expand = map[string]*graph.Shape{"sectionGroups": recursive}
	tests := []struct {
		query string
		want  *graph.Shape
	}{
		{"top=5", nil},
		{"select=NAME,createdByIdentity,createdBy,links/oneNoteWebUrl,size", &graph.Shape{Select: []string{"name", "createdByIdentity", "createdBy", "links", "size"}}},
		{"select=name,Name", &graph.Shape{Select: []string{"name"}}},
		{"expand=sections", &graph.Shape{Expand: map[string]*graph.Shape{"sections": nil}}},
		{"select=id&expand=sections(select=createdBy;expand=parentNotebook(select=name))", &graph.Shape{
			Select: []string{"id"},
			Expand: map[string]*graph.Shape{"sections": {
				Select: []string{"createdBy"},
				Expand: map[string]*graph.Shape{"parentNotebook": {Select: []string{"name"}}},
			}},
		}},
		{"expand=sectiongroups(select=name;levels=max)", &graph.Shape{Expand: map[string]*graph.Shape{"sectionGroups": recursive}}},
		{"expand=sectiongroups(select=name;levels=1)", &graph.Shape{Expand: map[string]*graph.Shape{"sectionGroups": {Select: []string{"name"}}}}},
	}
	for _, tt := range tests {
		if got := translate(t, tt.query).Shape; !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %+v, want %+v", tt.query, got, tt.want)
		}
	}
}

func TestNextLinkIsTheAppsQueryWithTheSkipOfGraph(t *testing.T) {
	tests := []struct{ app, graph, want string }{
		{"", "https://graph.microsoft.com/v1.0/me/onenote/pages?$skip=20", "$skip=20"},
		{"top=5&select=name", "https://graph.microsoft.com/v1.0/users/x/onenote/pages?$top=5&$skip=25&$select=displayName", "top=5&select=name&$skip=25"},
		{"skip=20&filter=name%20eq%20'a'", "/v1.0/me/onenote/pages?%24skip=40", "filter=name%20eq%20'a'&$skip=40"},
		{"%24skip=20&&count=true", "x?skip=40", "count=true&$skip=40"},
		{"$skiptoken=a", "x?$skiptoken=b%2Bc+%25%26#y", "$skiptoken=b%2Bc%20%25%26"},
		{"top=5", "https://graph.microsoft.com/v1.0/me/onenote/pages", ""},
		{"top=5", "x?$top=5", ""},
		{"top=5", "x?$skip=%zz", ""},
	}
	for _, tt := range tests {
		got, ok := graph.NextLink(tt.app, tt.graph)
		if got != tt.want || ok != (tt.want != "") {
			t.Errorf("%q with %s: got %q, %t, want %q", tt.app, tt.graph, got, ok, tt.want)
		}
	}
}
