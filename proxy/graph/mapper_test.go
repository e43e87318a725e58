// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph_test

import (
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
	"github.com/caddy-onenote/caddy-onenote/proxy/graph"
)

const (
	notebook   = "0-752C1AAF7737895C!482"
	section    = "1-bd74643c-fc4d-410f-97ab-652c78bdce3a"
	page       = "0-6acc390397444dbb9cf050c53e501421!1-A1B2C3D4E5F60718!701"
	collection = "11111111-2222-4333-8444-555555555555"
	web        = "66666666-7777-4888-8999-aaaaaaaaaaaa"
)

func TestLegacyPathIsMappedToGraph(t *testing.T) {
	sites := graph.NewSites("contoso.sharepoint.com")
	tests := []struct{ method, legacy, want string }{
		// Roots.
		{"GET", "/api/v1.0/me/notes/notebooks", "/v1.0/me/onenote/notebooks"},
		{"GET", "/api/beta/me/notes/notebooks", "/v1.0/me/onenote/notebooks"},
		{"GET", "/API/V1.0/ME/NOTES/NOTEBOOKS", "/v1.0/me/onenote/notebooks"},
		{"GET", "/api/Beta/%6De/no%74es/note%62ooks", "/v1.0/me/onenote/notebooks"},
		{"GET", "/api/v1.0/me/onenote/notebooks", "/v1.0/me/onenote/notebooks"},
		{"GET", "/api/v1.0/users/user@example.com/notes/pages", "/v1.0/users/user@example.com/onenote/pages"},
		{"GET", "/api/v1.0/users/user%40example.com/notes/pages", "/v1.0/users/user@example.com/onenote/pages"},
		{"GET", "/api/v1.0/users('user@example.com')/notes/pages", "/v1.0/users/user@example.com/onenote/pages"},
		{"GET", "/api/v1.0/users%28%27user%40example.com%27%29/notes/pages", "/v1.0/users/user@example.com/onenote/pages"},
		{"GET", "/api/v1.0/users('o''neill@example.com')/notes/pages", "/v1.0/users/o%27neill@example.com/onenote/pages"},
		{"GET", "/api/v1.0/users/o'neill@example.com/notes/pages", "/v1.0/users/o%27neill@example.com/onenote/pages"},
		{"GET", "/api/v1.0/users/guest_example.org%23EXT%23@example.com/notes/pages", "/v1.0/users/guest_example.org%23EXT%23@example.com/onenote/pages"},
		{"GET", "/api/v1.0/users/me/notes/pages", "/v1.0/users/me/onenote/pages"},
		{"GET", "/api/v1.0/myOrganization/groups/7eb70cc1/notes/pages", "/v1.0/groups/7eb70cc1/onenote/pages"},
		{"GET", "/api/v1.0/MYORGANIZATION/Groups('7eb70cc1')/notes/pages", "/v1.0/groups/7eb70cc1/onenote/pages"},
		{"GET", "/api/v1.0/groups/7eb70cc1/notes/pages", "/v1.0/groups/7eb70cc1/onenote/pages"},
		{"GET", "/api/v1.0/myOrganization/siteCollections/" + collection + "/sites/" + web + "/notes/pages", "/v1.0/sites/contoso.sharepoint.com," + collection + "," + web + "/onenote/pages"},
		{"GET", "/api/v1.0/myorganization/sitecollections('" + collection + "')/sites('" + web + "')/notes/pages", "/v1.0/sites/contoso.sharepoint.com," + collection + "," + web + "/onenote/pages"},
		{"GET", "/api/v1.0/siteCollections/" + collection + "/sites/" + web + "/notes/pages", "/v1.0/sites/contoso.sharepoint.com," + collection + "," + web + "/onenote/pages"},
		{"GET", "/api/v1.0/siteCollections/x.sharepoint.com," + collection + "," + web + "/notes/pages", "/v1.0/sites/x.sharepoint.com," + collection + "," + web + "/onenote/pages"},
		{"GET", "/api/v1.0/sites/x.sharepoint.com," + collection + "," + web + "/notes/pages", "/v1.0/sites/x.sharepoint.com," + collection + "," + web + "/onenote/pages"},
		{"GET", "/api/v1.0/sites/" + collection + "%2C" + web + "/notes/pages", "/v1.0/sites/contoso.sharepoint.com," + collection + "," + web + "/onenote/pages"},
		{"GET", "/api/v1.0/myorganization/sitecollections/" + collection + "/notes/pages", "/v1.0/sites/" + collection + "/onenote/pages"},
		{"GET", "/api/v1.0/notebooks", "/v1.0/me/onenote/notebooks"},
		{"GET", "/api/v1.0/pages('" + page + "')/content", "/v1.0/me/onenote/pages/0-6acc390397444dbb9cf050c53e501421%211-A1B2C3D4E5F60718%21701/content"},
		{"GET", "/api/v1.0/resources/0-1!2/content", "/v1.0/me/onenote/resources/0-1%212/$value"},

		// Resources, in the order of the reference.
		{"POST", "/api/v1.0/me/notes/notebooks", "/v1.0/me/onenote/notebooks"},
		{"HEAD", "/api/v1.0/me/notes/notebooks/1-a", "/v1.0/me/onenote/notebooks/1-a"},
		{"GET", "/api/v1.0/me/notes/notebooks/1-a/", "/v1.0/me/onenote/notebooks/1-a"},
		{"GET", "/api/v1.0/me/notes/notebooks/1-a/sections", "/v1.0/me/onenote/notebooks/1-a/sections"},
		{"POST", "/api/v1.0/me/notes/notebooks/1-a/sectiongroups", "/v1.0/me/onenote/notebooks/1-a/sectionGroups"},
		{"GET", "/api/v1.0/me/notes/sections", "/v1.0/me/onenote/sections"},
		{"GET", "/api/v1.0/me/notes/sections/1-a", "/v1.0/me/onenote/sections/1-a"},
		{"GET", "/api/v1.0/me/notes/sections/1-a/parentNotebook", "/v1.0/me/onenote/sections/1-a/parentNotebook"},
		{"GET", "/api/v1.0/me/notes/sectionGroups", "/v1.0/me/onenote/sectionGroups"},
		{"POST", "/api/v1.0/me/notes/sectionGroups/1-a/sections", "/v1.0/me/onenote/sectionGroups/1-a/sections"},
		{"POST", "/api/v1.0/me/notes/sectionGroups/1-a/sectionGroups", "/v1.0/me/onenote/sectionGroups/1-a/sectionGroups"},
		{"POST", "/api/v1.0/me/notes/sections/1-a/pages", "/v1.0/me/onenote/sections/1-a/pages"},
		{"POST", "/api/v1.0/me/notes/pages", "/v1.0/me/onenote/pages"},
		{"POST", "/api/v1.0/pages", "/v1.0/me/onenote/pages"},
		{"GET", "/api/v1.0/me/notes/notebooks/1-a/sections/1-b/pages", "/v1.0/me/onenote/sections/1-b/pages"},
		{"GET", "/api/v1.0/me/notes/notebooks('1-a')/sectionGroups('1-b')/sections('1-c')/pages('1-d')/content", "/v1.0/me/onenote/pages/1-d/content"},
		{"DELETE", "/api/v1.0/me/notes/pages/0-1!2", "/v1.0/me/onenote/pages/0-1%212"},
		{"DELETE", "/api/v1.0/me/notes/pages/0-1%212", "/v1.0/me/onenote/pages/0-1%212"},
		{"GET", "/api/v1.0/me/notes/pages/1-a/$value", "/v1.0/me/onenote/pages/1-a/$value"},
		{"GET", "/api/v1.0/me/notes/pages/1-a/%24value", "/v1.0/me/onenote/pages/1-a/$value"},
		{"PATCH", "/api/v1.0/me/notes/pages/1-a/content", "/v1.0/me/onenote/pages/1-a/content"},
		{"POST", "/api/v1.0/me/notes/pages/1-a/Microsoft.OneNote.Api.OnenotePatchContent()", "/v1.0/me/onenote/pages/1-a/onenotePatchContent"},
		{"GET", "/api/v1.0/me/notes/pages/1-a/preview", "/v1.0/me/onenote/pages/1-a/preview"},
		{"GET", "/api/v1.0/me/notes/pages/1-a/Preview()", "/v1.0/me/onenote/pages/1-a/preview"},
		{"GET", "/api/v1.0/me/notes/resources/1-a/content", "/v1.0/me/onenote/resources/1-a/$value"},
		{"GET", "/api/v1.0/me/notes/resources/1-a/$value", "/v1.0/me/onenote/resources/1-a/$value"},
		{"GET", "/api/v1.0/me/notes/operations/copy-8a211d7c", "/v1.0/me/onenote/operations/copy-8a211d7c"},
		{"POST", "/api/v1.0/me/notes/notebooks/1-a/Microsoft.OneNote.Api.CopyNotebook", "/v1.0/me/onenote/notebooks/1-a/copyNotebook"},
		{"POST", "/api/v1.0/me/notes/sections/1-a/microsoft.onenote.api.copytonotebook()", "/v1.0/me/onenote/sections/1-a/copyToNotebook"},
		{"POST", "/api/v1.0/me/notes/sections/1-a/copytosectiongroup", "/v1.0/me/onenote/sections/1-a/copyToSectionGroup"},
		{"POST", "/api/v1.0/me/notes/pages/1-a/copyToSection", "/v1.0/me/onenote/pages/1-a/copyToSection"},
		{"POST", "/api/v1.0/me/notes/pages/0-1!2/copyToSection", "/beta/me/onenote/pages/0-1%212/copyToSection"},
		{"POST", "/api/v1.0/me/notes/notebooks/Microsoft.OneNote.Api.GetNotebookFromWebUrl()", "/v1.0/me/onenote/notebooks/getNotebookFromWebUrl"},
		{"POST", "/api/v1.0/me/notes/notebooks/getnotebookfromweburl", "/v1.0/me/onenote/notebooks/getNotebookFromWebUrl"},
		{"GET", "/api/v1.0/me/notes/notebooks/GetRecentNotebooks(includePersonalNotebooks=true)", "/v1.0/me/onenote/notebooks/getRecentNotebooks(includePersonalNotebooks=true)"},
		{"GET", "/api/v1.0/me/notes/notebooks/microsoft.onenote.api.getrecentnotebooks(IncludePersonalNotebooks%3DFalse)", "/v1.0/me/onenote/notebooks/getRecentNotebooks(includePersonalNotebooks=false)"},

		// Sites by their address.
		{"GET", "/api/v1.0/myOrganization/siteCollections/FromUrl(url='https%3A%2F%2Fcontoso.sharepoint.com%2Fsites%2Fteam')", "/v1.0/sites/contoso.sharepoint.com:/sites/team"},
		{"GET", "/api/beta/myorganization/sitecollections/Microsoft.OneNote.Api.fromurl(url='https://Contoso.sharepoint.com:443/sites/a%20b/?web=1%23x')", "/v1.0/sites/contoso.sharepoint.com:/sites/a%20b"},
		{"GET", "/api/v1.0/myOrganization/siteCollections/FromUrl(url='https%3A%2F%2Fcontoso.sharepoint.com%2Fsites%2Fo''neill')", "/v1.0/sites/contoso.sharepoint.com:/sites/o%27neill"},
		{"GET", "/api/v1.0/myOrganization/siteCollections/FromUrl(url='https%3A%2F%2Fcontoso.sharepoint.com%2F')", "/v1.0/sites/contoso.sharepoint.com"},
		{"POST", "/api/beta/$batch", ""},
		{"POST", "/api/v1.0/%24BATCH", ""},
	}
	for _, tt := range tests {
		m := &graph.Mapper{Sites: sites}
		got, err := m.ToGraph(tt.method, tt.legacy)
		if err != nil {
			t.Errorf("%s %s: got %v, want %s", tt.method, tt.legacy, err, tt.want)
			continue
		}
		if got.Path != tt.want {
			t.Errorf("%s %s:\ngot  %s\nwant %s", tt.method, tt.legacy, got.Path, tt.want)
		}
	}
}

func TestTargetSaysWhatIsRequested(t *testing.T) {
	const root = "/api/v1.0/me/notes/"
	tests := []struct {
		method, path string
		want         graph.Target
	}{
		{"GET", root + "notebooks", graph.Target{Route: graph.Collection, Me: true, Collection: "notebooks"}},
		{"GET", root + "sections/1-a/pages", graph.Target{Route: graph.Collection, Me: true, Collection: "pages", ID: "1-a"}},
		{"GET", root + "sections/1-a", graph.Target{Route: graph.Entity, Me: true, Collection: "sections", ID: "1-a"}},
		{"GET", root + "pages/1-a/parentSection", graph.Target{Route: graph.Entity, Me: true, Collection: "pages", ID: "1-a"}},
		{"POST", root + "notebooks", graph.Target{Route: graph.NewEntity, Me: true, Collection: "notebooks"}},
		{"POST", root + "notebooks/0-1!2/sections", graph.Target{Route: graph.NewEntity, Me: true, Collection: "sections", ID: "0-1!2", Consumer: true}},
		{"POST", root + "pages", graph.Target{Route: graph.NewPage, Me: true, Collection: "pages"}},
		{"DELETE", "/api/v1.0/users/a@b/notes/pages/1-a", graph.Target{Route: graph.Removal, Collection: "pages", ID: "1-a"}},
		{"GET", "/api/v1.0/pages/1-a/content", graph.Target{Route: graph.PageContent, Me: true, Collection: "pages", ID: "1-a"}},
		{"PATCH", root + "pages/1-a/content", graph.Target{Route: graph.PageCommands, Me: true, Collection: "pages", ID: "1-a"}},
		{"GET", root + "pages/1-a/preview", graph.Target{Route: graph.Preview, Me: true, Collection: "pages", ID: "1-a"}},
		{"GET", root + "resources/1-a/content", graph.Target{Route: graph.Resource, Me: true, Collection: "resources", ID: "1-a"}},
		{"GET", root + "operations/1-a", graph.Target{Route: graph.Operation, Me: true, Collection: "operations", ID: "1-a"}},
		{"POST", root + "sections/1-a/copyToNotebook", graph.Target{Route: graph.Copy, Me: true, Collection: "sections", ID: "1-a"}},
		{"POST", root + "notebooks/GetNotebookFromWebUrl", graph.Target{Route: graph.NotebookFromWebURL, Me: true, Collection: "notebooks"}},
		{"GET", root + "notebooks/GetRecentNotebooks(includePersonalNotebooks=true)", graph.Target{Route: graph.RecentNotebooks, Me: true, Collection: "notebooks"}},
		{"GET", "/api/v1.0/myOrganization/siteCollections/FromUrl(url='https%3A%2F%2Fx.sharepoint.com')", graph.Target{Route: graph.FromURL, Query: "$select=id"}},
		{"POST", "/api/beta/$batch", graph.Target{Route: graph.Batch}},
		{"GET", "/api/beta/sections", graph.Target{Route: graph.Collection, Me: true, Collection: "sections"}},
	}
	for _, tt := range tests {
		got, err := new(graph.Mapper).ToGraph(tt.method, tt.path)
		if err != nil {
			t.Errorf("%s %s: got %v", tt.method, tt.path, err)
			continue
		}
		tt.want.Version = strings.Split(tt.path, "/")[2]
		if got.Path = ""; got != tt.want {
			t.Errorf("%s %s:\ngot  %+v\nwant %+v", tt.method, tt.path, got, tt.want)
		}
	}
}

func TestPathWithoutEquivalentIsRefusedByName(t *testing.T) {
	const root = "/api/v1.0/me/notes/"
	tests := []struct {
		method, path string
		cause        apierror.Cause
		words        string // in the message
	}{
		{"GET", root + "classNotebooks", apierror.NotTranslatable, `"classNotebooks"`},
		{"POST", root + "classnotebooks/1-a/students", apierror.NotTranslatable, `"classnotebooks"`},
		{"GET", root + "staffNotebooks", apierror.NotTranslatable, `"staffNotebooks"`},
		{"GET", root + "notebooks/1-a/permissions", apierror.NotTranslatable, `"permissions"`},
		{"DELETE", root + "sections/1-a/permissions/1-2", apierror.NotTranslatable, `"permissions"`},
		{"GET", root + "notebooks/1-a/Microsoft.OneNote.Api.GetWopiProperties(frameAction='edit')", apierror.NotTranslatable, `"GetWopiProperties"`},
		{"POST", root + "notebooks/GetNotebooksFromWebUrls", apierror.NotTranslatable, "GetNotebookFromWebUrl for each"},
		{"POST", root + "notebooks/Microsoft.OneNote.Api.GetNotebooksFromWebUrls()", apierror.NotTranslatable, `"GetNotebooksFromWebUrls"`},
		{"POST", root + "notebooks/ProvisionNewNotebook", apierror.NotTranslatable, `"ProvisionNewNotebook"`},
		{"POST", root + "notebooks/1-a/GetOrCreateOrganizationSharingLink", apierror.NotTranslatable, `"GetOrCreateOrganizationSharingLink"`},
		{"POST", root + "subscriptions", apierror.NotTranslatable, `"subscriptions"`},
		{"GET", "/api/v1.0/$metadata", apierror.NotTranslatable, `"$metadata"`},
		{"GET", "/api/v1.0/", apierror.NotTranslatable, "the path ends"},
		{"GET", "/api/v1.0/me", apierror.NotTranslatable, "the path ends"},
		{"GET", "/api/v1.0/me/drive/root", apierror.NotTranslatable, `"drive"`},
		{"GET", "/api/v1.0/users/a@b/messages", apierror.NotTranslatable, `"messages"`},
		{"GET", "/api/v1.0/users", apierror.NotTranslatable, "the path ends"},
		{"GET", "/api/v1.0/myOrganization/me/notes/pages", apierror.NotTranslatable, `"me"`},
		{"GET", "/api/v1.0/me/notes", apierror.NotTranslatable, "the path ends"},
		{"GET", "/api/v2.0/me/notes/pages", apierror.NotTranslatable, "/api/v1.0/"},
		{"GET", "/v1.0/me/onenote/pages", apierror.NotTranslatable, "/api/v1.0/"},
		{"GET", root + "resources", apierror.NotTranslatable, `GET of "resources"`},
		{"GET", root + "resources/1-a", apierror.NotTranslatable, `GET of "resources/{id}"`},
		{"GET", root + "operations", apierror.NotTranslatable, `GET of "operations"`},
		{"GET", root + "pages/$count", apierror.NotTranslatable, `"$count"`},
		{"GET", root + "pages/1-a/$ref", apierror.NotTranslatable, `"$ref"`},
		{"GET", root + "pages/1-a/content/x", apierror.NotTranslatable, `"x"`},
		{"GET", root + "sections/1-a/parentNotebook/sections", apierror.NotTranslatable, `"sections"`},

		// Methods.
		{"PATCH", root + "sections/1-a", apierror.NotTranslatable, `PATCH of "sections/{id}"`},
		{"PATCH", root + "pages/1-a", apierror.NotTranslatable, `PATCH of "pages/{id}"`},
		{"DELETE", root + "notebooks/1-a", apierror.NotTranslatable, "OneDrive"},
		{"DELETE", root + "sections/1-a", apierror.NotTranslatable, "OneDrive"},
		{"DELETE", root + "sectionGroups/1-a", apierror.NotTranslatable, "OneDrive"},
		{"PUT", root + "pages/1-a/content", apierror.NotTranslatable, `PUT of "content"`},
		{"POST", root + "sections", apierror.NotTranslatable, `POST of "sections"`},
		{"GET", root + "notebooks/1-a/copyNotebook", apierror.NotTranslatable, `GET of "copyNotebook"`},
		{"GET", "/api/beta/$batch", apierror.NotTranslatable, `GET of "$batch"`},
		{"POST", "/api/v1.0/myOrganization/siteCollections/FromUrl(url='https://x.sharepoint.com')", apierror.NotTranslatable, `POST of "FromUrl"`},

		// A site whose host is not known.
		{"GET", "/api/v1.0/myOrganization/siteCollections/" + collection + "/sites/" + web + "/notes/pages", apierror.NotTranslatable, "sharepoint_host"},

		// What cannot be read.
		{"GET", root + "pages/..", apierror.BadPath, `".."`},
		{"GET", root + "pages/%2e%2e/content", apierror.BadPath, `".."`},
		{"GET", root + "pages/1-a%2F..%2F..%2Fmessages", apierror.BadPath, "no id"},
		{"GET", root + "pages/1-a%2Fcontent", apierror.BadPath, "no id"},
		{"GET", root + "pages/1-a%252F..", apierror.BadPath, "no id"},
		{"GET", root + "pages/1-a%3Fx", apierror.BadPath, "no id"},
		{"GET", root + "pages/1-a%23", apierror.BadPath, "no id"},
		{"GET", root + "pages/1-a%5C..", apierror.BadPath, "no id"},
		{"GET", root + "pages/1-a;x", apierror.BadPath, "no id"},
		{"GET", root + "pages('..')", apierror.BadPath, "no id"},
		{"GET", root + "pages('a/b')", apierror.BadPath, "no id"},
		{"GET", root + "pages/1-a%00", apierror.BadPath, "cannot be read"},
		{"GET", root + "pages//content", apierror.BadPath, "cannot be read"},
		{"GET", root + "pages('1-a", apierror.BadPath, "cannot be read"},
		{"GET", root + "pages('1-a'/content", apierror.BadPath, "cannot be read"},
		{"GET", root + "pages('1-'a')", apierror.NotTranslatable, `"pages"`},
		{"GET", "/api/v1.0/users/a%2Fb/notes/pages", apierror.BadPath, "no id"},
		{"GET", "/api/v1.0/users/a%23b@c/notes/pages", apierror.BadPath, "no id"},
		{"GET", "/api/v1.0/users/a:b/notes/pages", apierror.BadPath, "no id"},
		{"GET", "/api/v1.0/sites/x,y,z,w/notes/pages", apierror.BadPath, "no id"},
		{"GET", "/api/v1.0/sites/x%2Fy,1,2/notes/pages", apierror.BadPath, "no id"},
		{"GET", "/api/v1.0/siteCollections/h.example,1,2/sites/3/notes/pages", apierror.BadPath, "no id"},
		{"GET", root + "notebooks/GetRecentNotebooks", apierror.BadPath, "includePersonalNotebooks=true"},
		{"GET", root + "notebooks/GetRecentNotebooks(includePersonalNotebooks=maybe)", apierror.BadPath, "includePersonalNotebooks=true"},
		{"POST", root + "pages/1-a/copyToSection(x=1)", apierror.BadPath, "no arguments"},
		{"GET", "/api/v1.0/myOrganization/siteCollections/FromUrl", apierror.BadPath, "argument is missing"},
		{"GET", "/api/v1.0/myOrganization/siteCollections/FromUrl(url='http://x.sharepoint.com')", apierror.BadPath, "https://"},
		{"GET", "/api/v1.0/myOrganization/siteCollections/FromUrl(url='https://u@x.sharepoint.com')", apierror.BadPath, "https://"},
		{"GET", "/api/v1.0/myOrganization/siteCollections/FromUrl(url='https://x.sharepoint.com/a/../b')", apierror.BadPath, "no SharePoint site has"},
		{"GET", "/api/v1.0/myOrganization/siteCollections/FromUrl(url='https://x.sharepoint.com/a:/lists')", apierror.BadPath, "no SharePoint site has"},
	}
	for _, tt := range tests {
		got, err := new(graph.Mapper).ToGraph(tt.method, tt.path)
		if err == nil {
			t.Errorf("%s %s: got %s, want %s", tt.method, tt.path, got.Path, tt.cause)
			continue
		}
		if err.Cause != tt.cause || !strings.Contains(err.Message, tt.words) {
			t.Errorf("%s %s:\ngot  %v\nwant %s with %s", tt.method, tt.path, err, tt.cause, tt.words)
		}
	}
}

func TestGraphPathIsMappedToLegacy(t *testing.T) {
	tests := []struct{ graph, want string }{
		{"/v1.0/me/onenote/pages/0-1%212", "/api/v1.0/me/notes/pages/0-1!2"},
		{"/v1.0/users/me@example.com/onenote/pages/0-1!2/content", "/api/v1.0/me/notes/pages/0-1!2/content"},
		{"/v1.0/users/ME%40Example.com/onenote/sections", "/api/v1.0/me/notes/sections"},
		{"/v1.0/users('me@example.com')/onenote/resources/1-a/$value", "/api/v1.0/me/notes/resources/1-a/$value"},
		{"/beta/users('me%40example.com')/onenote/operations/x", "/api/v1.0/me/notes/operations/x"},
		{"/v1.0/users/other@example.com/onenote/pages", "/api/v1.0/users/other@example.com/notes/pages"},
		{"/v1.0/users('other@example.com')/onenote/pages", "/api/v1.0/users/other@example.com/notes/pages"},
		{"/v1.0/users('me')/onenote/pages", "/api/v1.0/users/me/notes/pages"},
		{"/v1.0/groups('7eb70cc1')/onenote/pages", "/api/v1.0/myOrganization/groups/7eb70cc1/notes/pages"},
		{"/v1.0/groups/7eb70cc1/onenote/pages", "/api/v1.0/myOrganization/groups/7eb70cc1/notes/pages"},
		{"/v1.0/sites/x.sharepoint.com,1,2/onenote/pages", "/api/v1.0/myOrganization/siteCollections/1/sites/2/notes/pages"},
		{"/v1.0/siteCollections/x.sharepoint.com,1,2/onenote/resources/1-a/$value", "/api/v1.0/myOrganization/siteCollections/1/sites/2/notes/resources/1-a/$value"},
		{"/v1.0/siteCollections('x.sharepoint.com%2C1%2C2')/onenote/pages", "/api/v1.0/myOrganization/siteCollections/1/sites/2/notes/pages"},
		{"/v1.0/sites/1/onenote/pages", "/api/v1.0/myOrganization/siteCollections/1/notes/pages"},
		{"/v1.0/me/notes/pages", "/api/v1.0/me/notes/pages"},
		{"/v1.0/me/onenote/notebooks/1-a/sections/1-b/pages", "/api/v1.0/me/notes/sections/1-b/pages"},
		{"/v1.0/me/onenote/notebooks/getRecentNotebooks(includePersonalNotebooks=true)", "/api/v1.0/me/notes/notebooks/GetRecentNotebooks(includePersonalNotebooks=true)"},
		{"/v1.0/me/onenote/notebooks/1-a/microsoft.graph.copyNotebook", "/api/v1.0/me/notes/notebooks/1-a/copyNotebook"},
		{"/api/v1.0/resources/0-1!2/$value", "/api/v1.0/me/notes/resources/0-1!2/$value"},
		{"/api/beta/me/notes/resources/0-1!2/$value", "/api/v1.0/me/notes/resources/0-1!2/$value"},
		{"/v1.0/me/onenote", ""},
		{"/v1.0/pages/1-a", ""}, // the OneNote API's short root is none of Graph's
		{"/v1.0/me/onenote/resources/1-a", ""},
		{"/v1.0/me/drive/root", ""},
		{"/v1.0/me/onenote/classNotebooks", ""},
		{"/v1.0/me/onenote/pages/../../drive", ""},
		{"/v1.0/me", ""},
		{"/v2.0/me/onenote/pages", ""},
		{"/", ""},
		{"", ""},
	}
	for _, tt := range tests {
		m := &graph.Mapper{Me: "me@example.com", Sites: graph.NewSites("")}
		got, ok := m.ToLegacy(tt.graph)
		if got != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: got %q, %t, want %q", tt.graph, got, ok, tt.want)
		}
	}
}

func TestOnlyTheUserThatTheResponseNamesIsMe(t *testing.T) {
	const path = "/v1.0/users/someone@example.com/onenote/pages"
	for me, want := range map[string]string{
		"":                     "/api/beta/users/someone@example.com/notes/pages",
		"someone@example.com":  "/api/beta/me/notes/pages",
		"SOMEONE@example.com":  "/api/beta/me/notes/pages",
		"else@example.com":     "/api/beta/users/someone@example.com/notes/pages",
		"someone%40example.co": "/api/beta/users/someone@example.com/notes/pages",
	} {
		m := &graph.Mapper{Version: "beta", Me: me}
		if got, ok := m.ToLegacy(path); !ok || got != want {
			t.Errorf("Me %q: got %q, %t, want %q", me, got, ok, want)
		}
	}
}

func TestPictureEndsWithContent(t *testing.T) {
	m := &graph.Mapper{Me: "a@b"}
	for path, want := range map[string]string{
		"/v1.0/users('a@b')/onenote/resources/0-1!2/$value":  "/api/v1.0/me/notes/resources/0-1!2/content",
		"/v1.0/users('a@b')/onenote/resources/0-1!2/content": "/api/v1.0/me/notes/resources/0-1!2/content",
		"/v1.0/groups('g')/onenote/resources/0-1!2/%24Value": "/api/v1.0/myOrganization/groups/g/notes/resources/0-1!2/content",
		"/v1.0/me/onenote/pages/0-1!2/content":               "",
		"/v1.0/me/onenote/resources/0-1!2":                   "",
	} {
		if got, ok := m.PictureToLegacy(path); got != want || ok != (want != "") {
			t.Errorf("%s: got %q, %t, want %q", path, got, ok, want)
		}
	}
}

func TestHostOfASiteIsLearnedFromGraph(t *testing.T) {
	const path = "/api/v1.0/myOrganization/siteCollections/" + collection + "/sites/" + web + "/notes/pages"
	sites := graph.NewSites("")
	m := &graph.Mapper{Sites: sites}
	if _, err := m.ToGraph("GET", path); err == nil {
		t.Fatal("before: got no error")
	}
	if _, err := m.ToGraph("GET", "/api/v1.0/sites/evil.example.com,"+collection+","+web+"/notes/pages"); err != nil {
		t.Fatal(err)
	}
	if host, ok := sites.Host(collection); ok {
		t.Fatalf("after an app named a host: got %q, want none", host)
	}
	if _, ok := m.ToLegacy("/v1.0/sites/Contoso.sharepoint.com," + collection + "," + web + "/onenote/pages"); !ok {
		t.Fatal("a path of Graph was not mapped")
	}
	got, err := m.ToGraph("GET", strings.ToUpper(path[:30])+path[30:])
	if err != nil {
		t.Fatal(err)
	}
	if want := "/v1.0/sites/contoso.sharepoint.com," + collection + "," + web + "/onenote/pages"; got.Path != want {
		t.Errorf("after: got %s, want %s", got.Path, want)
	}
	_, _ = m.ContextToLegacy("$metadata#sites('x-my.sharepoint.com%2C" + web + "%2C" + collection + "')/onenote/pages")
	if host, _ := sites.Host(web); host != "x-my.sharepoint.com" {
		t.Errorf("from a context: got %q, want x-my.sharepoint.com", host)
	}
}

func TestContextIsMappedToLegacy(t *testing.T) {
	tests := []struct{ graph, want string }{
		{"$metadata#users('me%40example.com')/onenote/notebooks", "$metadata#me/notes/notebooks"},
		{"$metadata#users('me%40example.com')/onenote/sections('0-A1%21701')/parentNotebook/$entity", "$metadata#me/notes/sections('0-A1%21701')/parentNotebook/$entity"},
		{"$metadata#users('me@example.com')/onenote/notebooks('0-A1!701')/sectionGroups('0-A1!7')/sections", "$metadata#me/notes/notebooks('0-A1%21701')/sectionGroups('0-A1%217')/sections"},
		{"$metadata#users('x%40example.com')/onenote/pages/$entity", "$metadata#users('x%40example.com')/notes/pages/$entity"},
		{"$metadata#users('o''neill%40example.com')/onenote/pages", "$metadata#users('o''neill%40example.com')/notes/pages"},
		{"$metadata#me/onenote/pages(id,createdDateTime,displayName,createdBy)", "$metadata#me/notes/pages(id,createdTime,name,createdBy)"},
		{"$metadata#me/onenote/notebooks(id,sections(displayName),links/oneNoteWebUrl)/$entity", "$metadata#me/notes/notebooks(id,sections(name),links/oneNoteWebUrl)/$entity"},
		{"$metadata#groups('g')/onenote/pages", "$metadata#myOrganization/groups('g')/notes/pages"},
		{"$metadata#sites('h.example.com%2C1%2C2')/onenote/pages", "$metadata#myOrganization/siteCollections('1')/sites('2')/notes/pages"},
		{"$metadata#siteCollections('h.example.com,1,2')/onenote/pages", "$metadata#myOrganization/siteCollections('1')/sites('2')/notes/pages"},
		{"$metadata#microsoft.graph.onenotePagePreview", "$metadata#Microsoft.OneNote.Api.PagePreview"},
		{"$metadata#Collection(microsoft.graph.recentNotebook)", "$metadata#Collection(Microsoft.OneNote.Api.RecentNotebook)"},
		{"$metadata#microsoft.graph.onenoteOperation/$entity", "$metadata#Microsoft.OneNote.Api.NotesOperation/$entity"},
		{"$metadata#microsoft.graph.user", ""},
		{"$metadata#sites/$entity", ""},
		{"$metadata#users/$entity", ""},
		{"$metadata#users('a')/messages", ""},
		{"$metadata#users('a')/onenote", ""},
		{"$metadata#", ""},
		{"me/onenote/pages", ""},
	}
	for _, tt := range tests {
		m := &graph.Mapper{Me: "me@example.com"}
		got, ok := m.ContextToLegacy(tt.graph)
		if got != tt.want || ok != (tt.want != "") {
			t.Errorf("%s:\ngot  %q, %t\nwant %q", tt.graph, got, ok, tt.want)
		}
	}
}

func TestContextNamesTheUser(t *testing.T) {
	for context, want := range map[string]string{
		"https://graph.microsoft.com/v1.0/$metadata#users('user%40example.com')/onenote/notebooks": "user@example.com",
		"$metadata#users('o''neill%40example.com')/onenote/notebooks/$entity":                      "o'neill@example.com",
		"$metadata#users('7d54cb02')/onenote/notebooks('1-a')/sections":                            "7d54cb02",
		"$metadata#users('me')/onenote/pages":                                                      "me",
		"$metadata#me/onenote/pages":                                                               "",
		"$metadata#groups('g')/onenote/pages":                                                      "",
		"$metadata#users('a')/messages":                                                            "",
		"$metadata#users/$entity":                                                                  "",
		"users('a')/onenote/pages":                                                                 "",
	} {
		if got, ok := graph.MeOf(context); got != want || ok != (want != "") {
			t.Errorf("%s: got %q, %t, want %q", context, got, ok, want)
		}
	}
}

func TestCopyOfAPersonalAccountIsForBeta(t *testing.T) {
	for id, consumer := range map[string]bool{
		notebook: true,
		page:     true,
		section:  false,
		"0-A0A1B2B3C4C5D6D7!s8b94d9a4e33f42d0bac3dad4d483022c":                       true,
		"1-a26aaec43ed348bd82edf4eb44e73d6c!14-3eb21088-b613-4698-98df-92a7d34e0678": false,
		"1-a26aaec43ed348bd82edf4eb44e73d6c!14-A1B2C3D4E5F60718!701":                 true,
		"1-A1B2C3D4E5F60718!701": true,
		"copy-8a211d7c":          false,
	} {
		got, err := new(graph.Mapper).ToGraph("POST", "/api/v1.0/me/notes/pages/"+id+"/copyToSection")
		if err != nil {
			t.Fatal(err)
		}
		if isBeta := strings.HasPrefix(got.Path, "/beta/"); isBeta != consumer || got.Consumer != consumer {
			t.Errorf("%s: got %s, consumer %t, want %t", id, got.Path, got.Consumer, consumer)
		}
	}
}
