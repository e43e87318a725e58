// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/guard"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
)

// admitRaw asks about a target that no parser has seen: net/http refuses some of
// them before they reach a handler, and the guard must not rely on that.
func admitRaw(t *testing.T, g *guard.Guard, target string) *apierror.Error {
	t.Helper()
	r := call{}.request(t)
	r.RequestURI = target
	_, refusal := g.Admit(r, guard.Peer{})
	return refusal
}

// The upstream normalises what we send. A path that could climb out of the API
// there, with the account's token, must not be sent.
func TestPathThatLeavesTheAPIIsRefused(t *testing.T) {
	g := newGuard(t, guard.Config{})
	tests := []struct{ threat, target string }{
		{"dot segments", "/api/../x"},
		{"dot segment at the end", "/api/v1.0/.."},
		{"single dot", "/api/./x"},
		{"single dot at the end", "/api/v1.0/."},
		{"encoded dots", "/api/%2e%2e/x"},
		{"encoded dots, upper case", "/api/%2E%2E/x"},
		{"one encoded dot", "/api/.%2e/x"},
		{"one encoded single dot", "/api/%2e/x"},
		{"encoded slash", "/api/..%2fx"},
		{"encoded slash, upper case", "/api/..%2Fx"},
		{"encoded slash before", "/api/v1.0%2f../x"},
		{"all encoded", "/api/%2e%2e%2fx"},
		{"twice encoded dots", "/api/%252e%252e/x"},
		{"twice encoded slash", "/api/..%252fx"},
		{"thrice encoded dots", "/api/%25252e%25252e/x"},
		{"thrice encoded slash", "/api/..%25252fx"},
		{"encoded at different depths", "/api/%2e%252e%25252fx"},
		{"behind an encoding that is none", "/api/%25zz/%252e%252e/x"},
		{"backslash", `/api/..\x`},
		{"encoded backslash", "/api/..%5cx"},
		{"twice encoded backslash", "/api/..%255cx"},
		{"backslash alone", `/api/v1.0\me`},
		{"encoded backslash alone", "/api/v1.0%5Cme"},
		{"parameters of the segment", "/api/..;/x"},
		{"parameters of the segment with value", "/api/..;a=b/x"},
		{"encoded semicolon", "/api/..%3b/x"},
		{"trailing space", "/api/..%20/x"},
		{"overlong dots", "/api/%c0%ae%c0%ae/x"},
		{"overlong dots, three bytes", "/api/%e0%80%ae%e0%80%ae/x"},
		{"overlong dots, four bytes", "/api/%f0%80%80%ae./x"},
		{"overlong slash", "/api/..%c0%af"},
		{"overlong backslash", "/api/x%c1%9cx"},
		{"IIS encoding", "/api/%u002e%u002e/x"},
		{"in a literal", "/api/users('../../x')"},
		{"encoded in a literal", "/api/users('..%2F..%2Fx')"},
		{"with backslashes in a literal", "/api/users('a%5c..%5c..%5cx')"},
		{"host for some", "//evil.example/x"},
		{"host for some, below the API", "/api//evil.example/x"},
		{"empty segment at the end", "/api/v1.0//"},
		{"encoded empty segment", "/api/v1.0/%2fx"},
		{"encoded empty segment, both", "/api/v1.0%2f%2fx"},
		{"twice encoded empty segment", "/api/v1.0/%252fx"},
		{"empty segment behind a quotation mark that ends nowhere", "/api/it('s//x"},
		{"empty segment between words with quotation marks", "/api/o'brien//o'brien"},
		{"empty segment behind a literal", "/api/users('a')//x"},
		{"empty segment behind an escaped quotation mark", "/api/users('a''b')//x"},
		{"NUL", "/api/v1.0/x\x00"},
		{"encoded NUL", "/api/v1.0/x%00.html"},
		{"twice encoded NUL", "/api/v1.0/x%2500"},
		{"line break", "/api/v1.0/x\r\nX: y"},
		{"encoded line break", "/api/v1.0/x%0d%0aX:%20y"},
		{"delete", "/api/v1.0/%7f"},
		{"fragment", "/api/v1.0/me#/../../x"},
		{"fragment in the query", "/api/v1.0/me?x=1#y"},
		{"space", "/api/v1.0/a b"},
		{"tab", "/api/v1.0/a\tb"},
		{"raw UTF-8", "/api/v1.0/ü"},
		{"raw byte", "/api/v1.0/\xff"},
		{"quotation marks", `/api/v1.0/"x"`},
		{"angle brackets", "/api/v1.0/<script>"},
		{"pipe", "/api/v1.0/a|b"},
		{"caret", "/api/v1.0/a^b"},
		{"backquote", "/api/v1.0/a`b"},
		{"braces", "/api/v1.0/{a}"},
		{"brackets", "/api/v1.0/[a]"},
		{"percent sign alone", "/api/v1.0/100%"},
		{"half an encoding", "/api/v1.0/%2"},
		{"an encoding that is none", "/api/v1.0/%zz"},
		{"space in the query", "/api/v1.0/me?a b"},
		{"NUL in the query", "/api/v1.0/me?a\x00"},
		{"line break in the query", "/api/v1.0/me?a\nb"},
		{"no slash", "api/v1.0/me"},
		{"query alone", "?/api/v1.0/me"},
		{"asterisk", "*"},
		{"authority", "localhost:8080"},
	}
	for _, tt := range tests {
		t.Run(tt.threat, func(t *testing.T) {
			refusal := admitRaw(t, g, tt.target)
			if refusal == nil || refusal.Cause != apierror.BadPath || refusal.Status() != 400 {
				t.Errorf("%s: got %v, want %s", tt.target, refusal, apierror.BadPath)
			}
		})
	}
}

// These are targets as real clients of the API send them.
func TestTargetsOfRealClientsAreAdmitted(t *testing.T) {
	g := newGuard(t, guard.Config{})
	for _, target := range []string{
		"/api/",
		"/api/v1.0/me/notes/notebooks",
		"/api/v1.0/me/notes/pages/1-a%21b",
		"/api/v1.0/me/notes/pages/0-37e6dad8c6eb489294656ad878431666!209-73DBAF9B7E5C4B4C!153/content",
		"/api/v1.0/me/notes/resources/0-f717b5fa5eaa454da7ecdf72a8c137fe!1-73DBAF9B7E5C4B4C!10456/$value",
		"/api/v1.0/users('me@contoso.example')/notes/pages",
		"/api/v1.0/users(%27me%40contoso.example%27)/notes/pages",
		"/api/v1.0/users('o''brien')/notes",
		"/api/v1.0/users('contoso%5Cuser')/notes",
		"/api/v1.0/me/notes/GetRecentNotebooks(includePersonalNotebooks=true)",
		"/api/v1.0/me/notes/Microsoft.OneNote.Api.GetNotebooksFromWebUrls()",
		"/api/v1.0/myOrganization/siteCollections/FromUrl(url='https%3A%2F%2Fcontoso.sharepoint.example%2Fsites%2Fa')",
		"/api/v1.0/myOrganization/siteCollections/FromUrl(url='https://contoso.sharepoint.example/sites/a')",
		"/api/v1.0/myOrganization/siteCollections/FromUrl(url=%27https://contoso.sharepoint.example%27)",
		"/api/v1.0/myOrganization/siteCollections/FromUrl(url='https%253A%252F%252Fcontoso.example%252Fa%2525FC')",
		"/api/v1.0/myOrganization/siteCollections/FromUrl(a=1,url='https://contoso.example')/x",
		"/api/v1.0/myOrganization/siteCollections/FromUrl(url='https://contoso.example/o''brien//x')",
		"/api/v1.0/me/notes/sections/a%2Fb",
		"/api/v1.0/me/notes/pages/",
		"/api/v1.0/me/notes/..a/b../...x",
		"/api/v1.0/me/notes/100%25",
		"/api/v1.0/me/notes/a%23b%20c",
		"/api/v1.0/me/notes/%E2%82%AC%C3%BC%FC",
		"/api/beta/$batch",
		"/api/v1.0/$metadata",
		"/api/v1.0/me/notes/pages?",
		"/api/v1.0/me/notes/pages?&$orderby=lastModifiedTime%20desc",
		"/api/v1.0/me/notes/pages/x/content?includeIDs=true,preAuthenticated=true",
		"/api/v1.0/me/notes/pages?filter=title%20eq%20'a//b/../c'&url=https://x//../y\\z",
		"/api/v1.0/me/notes/pages?search=a|b{c}[d]^`<e>\"ü\xff%zz%",
	} {
		t.Run(target, func(t *testing.T) {
			if refusal := admitRaw(t, g, target); refusal != nil {
				t.Errorf("got %v, want it admitted", refusal)
			}
		})
	}
}

// A path that the proxy compares in another form than the one it sends would
// be a gap (CVE-2026-27587, CVE-2026-27588): only the raw one counts.
func TestProxiedPrefixIsComparedRaw(t *testing.T) {
	g := newGuard(t, guard.Config{})
	for _, target := range []string{"/%61pi/v1.0/me", "/api%2fv1.0/me", "/Api/v1.0/me", "/API/v1.0/me", "/api", "/apix/", "/x/api/"} {
		if refusal := admitRaw(t, g, target); refusal == nil || refusal.Cause != apierror.NotFound {
			t.Errorf("%s: got %v, want %s", target, refusal, apierror.NotFound)
		}
	}
}

func TestTargetOver16KBIsRefused(t *testing.T) {
	g := newGuard(t, guard.Config{})
	const prefix = "/api/v1.0/me/notes/pages?filter="
	longest := prefix + strings.Repeat("a", 16<<10-len(prefix))
	if refusal := admitRaw(t, g, longest); refusal != nil {
		t.Errorf("16 KB: got %v, want it admitted", refusal)
	}
	if refusal := admitRaw(t, g, longest+"a"); refusal == nil || refusal.Cause != apierror.BadPath || !strings.Contains(refusal.Message, "16 KB") {
		t.Errorf("one byte more: got %v, want %s with the limit", refusal, apierror.BadPath)
	}
}

// A program may pass on a request that it has made itself.
func TestURLCountsWithoutRequestLine(t *testing.T) {
	g := newGuard(t, guard.Config{})
	r := &http.Request{Method: "GET", Host: "localhost", RemoteAddr: local, Header: http.Header{}}
	for target, want := range map[string]apierror.Cause{
		"/api/v1.0/me?a=b":  "",
		"/api/v1.0/a%2Fb?":  "",
		"/api/v1.0/a%2Fb|c": apierror.BadPath, // not encoded again, which would make %2F a slash
		"/api/%2e%2e/x":     apierror.BadPath,
		"/api/v1.0/me?a\nb": apierror.BadPath,
		"/x":                apierror.NotFound,
	} {
		path, query, hasQuery := strings.Cut(target, "?")
		unescaped, err := url.PathUnescape(path)
		if err != nil {
			t.Fatal(err)
		}
		r.URL = &url.URL{Path: unescaped, RawPath: path, RawQuery: query, ForceQuery: hasQuery}
		route, refusal := g.Admit(r, guard.Peer{})
		if got := causeOf(refusal); got != want {
			t.Errorf("%s: got %q, want %q", target, got, want)
		}
		if route != nil && route.Target != target {
			t.Errorf("%s: got target %s, want it as it is", target, route.Target)
		}
	}
}

// The target of a route is what was checked, byte for byte: nothing that reads
// the request line again can come to another result.
func TestRouteHoldsTargetAsClientWroteIt(t *testing.T) {
	g := newGuard(t, guard.Config{})
	for line, want := range map[string]string{
		"/api/v1.0/me/notes/pages":                      "/api/v1.0/me/notes/pages",
		"/api/v1.0/me/notes/pages?":                     "/api/v1.0/me/notes/pages?",
		"/api/v1.0/a%2Fb%2fc/1-d%21e!f?x=%zz|{y}&z=a?b": "/api/v1.0/a%2Fb%2fc/1-d%21e!f?x=%zz|{y}&z=a?b",
		"http://localhost:8080/api/v1.0/me?a=b":         "/api/v1.0/me?a=b",
		"HTTPS://localhost:8080/api/?u=http://x/api/":   "/api/?u=http://x/api/",
		"/":                                 "/",
		"/auth/a/callback?code=c&state=s":   "/auth/a/callback?code=c&state=s",
		"/readyz?account=work&wait=5s":      "/readyz?account=work&wait=5s",
		"http://localhost:8080/auth/status": "/auth/status",
	} {
		r := call{}.request(t)
		r.RequestURI = line
		r.URL = &url.URL{Path: "/another"} // must not count
		route, refusal := g.Admit(r, guard.Peer{})
		if refusal != nil {
			t.Errorf("%s: got %v, want it admitted", line, refusal)
			continue
		}
		if route.Target != want {
			t.Errorf("%s: got target %s, want %s", line, route.Target, want)
		}
	}
}

func causeOf(e *apierror.Error) apierror.Cause {
	if e == nil {
		return ""
	}
	return e.Cause
}

// Each kind of bad path has a message of its own, and none repeats the input.
func TestBadPathRefusalSaysWhy(t *testing.T) {
	g := newGuard(t, guard.Config{})
	for target, want := range map[string]string{
		"/api/canary/../x":       `a segment "." or ".."`,
		"/api/canary//x":         "empty segment (//)",
		"/api/canary%5cx":        "backslash outside of a quoted literal",
		`/api/canary\x`:          "%5C",
		"/api/canary#x":          "%23",
		"/api/canary?#x":         "%23",
		"/api/canary%":           "%25",
		"/api/canary x":          "percent-encoded",
		"/api/canary?a b":        "%20",
		"/api/canary%00":         "control character",
		"/api/canary%c0%ae":      "more bytes than it takes",
		"canary":                 "names no path",
		"http://canary":          "has no path",
		"http://canary/api/v1.0": "unusual way",
	} {
		refusal := admitRaw(t, g, target)
		if refusal == nil || !strings.Contains(refusal.Message, want) {
			t.Errorf("%q: got %v, want a message with %q", target, refusal, want)
			continue
		}
		if strings.Contains(refusal.Message, "canary") {
			t.Errorf("%q: the message repeats the input: %s", target, refusal.Message)
		}
	}
}

func TestEmptySegmentNamesItsUsualCause(t *testing.T) {
	g := newGuard(t, guard.Config{})
	_, refusal := g.Admit(call{line: "GET //api/v1.0/me/notes/notebooks"}.request(t), guard.Peer{})
	if refusal == nil || refusal.Cause != apierror.BadPath || !strings.Contains(refusal.Message, "base address in the app ends with a slash") {
		t.Errorf("got %v, want the advice to remove a slash", refusal)
	}
}
