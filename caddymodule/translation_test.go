// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/internal/apiclients"
)

// startTranslation starts a site that translates for the emulator's Graph.
func startTranslation(t *testing.T, options ...string) (*microsoft, *caddyServer, *legacyClient) {
	t.Helper()
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.translating(m, personal, ofGraph, options...))
	c := newLegacyClient(t, s.url, "")
	c.root = "/api/v1.0/me/notes"
	return m, s, c
}

// The API's own client works as it always did, although the API is Graph.
func TestClientOfOneNoteWorksWithGraph(t *testing.T) {
	for _, mode := range []string{"local", "links"} {
		t.Run("images "+mode, func(t *testing.T) {
			m, s, _ := startTranslation(t, "images "+mode)
			m.refuseSome("/v1.0/*")
			r := apiclients.OneNoteAPI.RunInNode(t, clientsFolder, s.url)
			wantOneNote(t, s, r)
			if r.Searched.Failure != http.StatusBadRequest {
				t.Errorf("search: got %v, want 400, since Graph has none", r.Searched)
			}
			wantOurToken(t, m)
			wantNotesOnly(t, m)
		})
	}
}

// What Graph has nothing like is refused here, in the shape of the OneNote API's
// errors, and nothing goes up.
func TestUntranslatableRequestsAreRefused(t *testing.T) {
	m, _, c := startTranslation(t)
	large := strings.Repeat("x", 4<<20)
	for _, tt := range []struct {
		method, target, body string
		status               int
		code, message        string
	}{
		{"GET", query("pages", "search=x"), "", 400, "20108", "search"},
		{"GET", query("pages", "$search=x"), "", 400, "20108", "search"},
		{"GET", query("pages", "$filter=title eq 'x"), "", 400, "20108", "filter"},
		{"GET", query("sections", "$filter=size gt 3"), "", 400, "20108", "size"},
		{"GET", query("pages", "$apply=x"), "", 400, "20108", "apply"},
		{"GET", "staffNotebooks", "", 501, "20111", "staffNotebooks"},
		{"GET", "notebooks/1-2/permissions", "", 501, "20111", "permissions"},
		{"GET", "notebooks/1-2/GetWopiProperties", "", 501, "20111", "GetWopiProperties"},
		{"POST", "notebooks/GetNotebooksFromWebUrls", "{}", 501, "20111", "GetNotebooksFromWebUrls"},
		{"POST", "notebooks/ProvisionNewNotebook", "{}", 501, "20111", "ProvisionNewNotebook"},
		{"PATCH", "sections/1-2", `{"name":"x"}`, 501, "20111", "sections/{id}"},
		{"DELETE", "notebooks/1-2", "", 501, "20111", "notebooks/{id}"},
		{"GET", "/api/v1.0/$metadata", "", 501, "20111", "$metadata"},
		{"GET", "/api/v2.0/me/notes/pages", "", 501, "20111", "/api/v1.0/"},
		{"GET", "/api/v1.0/me/messages", "", 501, "20111", "messages"},
		{"GET", "/api/v1.0/myOrganization/siteCollections/1/sites/2/notes/pages", "", 501, "20111", "sharepoint_host"},
		{"POST", "pages", large + "y", 413, "20016", "4 MiB"},
	} {
		r := c.do(t, tt.method, tt.target, tt.body, "Content-Type", "text/html")
		if message := r.wantError(t, tt.status, tt.code); !strings.Contains(message, tt.message) {
			t.Errorf("%s %s: got %q, want %q named", tt.method, tt.target, message, tt.message)
		}
	}
	for _, r := range m.requests("/") {
		if strings.HasPrefix(r.Path, "/v1.0/") || strings.HasPrefix(r.Path, "/beta/") || strings.HasPrefix(r.Path, "/api/") {
			t.Errorf("%s %s went up", r.Method, r.Path)
		}
	}
	wantNothingOfGraph(t, m, c.seen)
}

// What comes in place of Graph's own errors has their shape all the same.
func TestErrorsOfEveryShapeBecomeThoseOfOneNote(t *testing.T) {
	m, _, c := startTranslation(t)
	const path = "/v1.0/me/onenote/notebooks"
	for _, tt := range []struct {
		name, fault string
		status      int
		code        string
		retryAfter  string
	}{
		{"HTML", `"status":502,"headers":{"Content-Type":"text/html"},"body":"<html>Bad gateway</html>"`, 502, "10002", ""},
		{"nothing", `"status":404`, 404, "20102", ""},
		{"no error object", `"status":404,"headers":{"Content-Type":"application/json"},"body":{"Message":"No HTTP resource was found"}`, 404, "20102", ""},
		{"a word", `"status":404,"headers":{"Content-Type":"application/json"},"body":{"error":{"code":"itemNotFound","message":"x"}}`, 404, "20102", ""},
		{"a number", `"status":403,"headers":{"Content-Type":"application/json"},"body":{"error":{"code":"10008","message":"x","innerError":{"date":"y"}}}`, 403, "10008", ""},
		{"no permission", `"status":401,"headers":{"Content-Type":"application/json","WWW-Authenticate":"Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\""},"body":{"error":{"code":"40003","message":"x"}}`, 401, "40003", ""},
		// The last one: it pauses the account.
		{"throttled, in fractions", `"status":429,"headers":{"Content-Type":"application/json","Retry-After":"2.128"},"body":{"error":{"code":"TooManyRequests","message":"x"}}`, 429, "20166", "3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m.control("POST", "faults", `{"path":"`+path+`","times":1,`+tt.fault+`}`)
			r := c.do(t, "GET", "notebooks", "", "X-CorrelationId", "8943c159-ee49-4c71-8cd0-ebf0861d07a6")
			r.wantError(t, tt.status, tt.code)
			if got := r.header.Get("Retry-After"); got != tt.retryAfter {
				t.Errorf("got Retry-After %q, want %q", got, tt.retryAfter)
			}
			if r.header.Get("X-CorrelationId") == "" {
				t.Error("there is no X-CorrelationId")
			}
		})
	}
	wantNothingOfGraph(t, m, c.seen)
}

// The app's own id is the one under which Graph knows the request.
func TestCorrelationIDGoesBothWays(t *testing.T) {
	m, _, c := startTranslation(t)
	const id = "8943c159-ee49-4c71-8cd0-ebf0861d07a6"
	got := c.do(t, "GET", "notebooks", "", "X-CorrelationId", id).want(t, 200)
	if got.header.Get("X-CorrelationId") == "" {
		t.Error("there is no X-CorrelationId")
	}
	all := m.requests("/v1.0/me/onenote/notebooks")
	if len(all) != 1 || all[0].Headers.Get("Client-Request-Id") != id {
		t.Errorf("got %v, want the id as client-request-id", all)
	}
}

// hostile are requests for something that is no note. A server could read each of
// them as a path of Graph outside of OneNote.
var hostile = []string{
	"/api/v1.0/me/messages",
	"/api/v1.0/me",
	"/api/v1.0/users/anna@example.com",
	"/api/v1.0/me/notes/../messages",
	"/api/v1.0/me/notes/../../me/messages",
	"/api/v1.0/me/notes/pages/../../../messages",
	"/api/v1.0/me/notes/%2e%2e/messages",
	"/api/v1.0/me/notes/pages/%2e%2e/%2e%2e/%2e%2e/messages",
	"/api/v1.0/me/notes/pages/%252e%252e/%252e%252e/messages",
	"/api/v1.0/me/notes/pages/..%2f..%2f..%2fmessages",
	"/api/v1.0/me/notes/pages/..%252f..%252fmessages",
	"/api/v1.0/me/notes/pages/1%2f..%2f..%2f..%2fmessages/content",
	"/api/v1.0/me/notes/pages/..%5c..%5cmessages",
	`/api/v1.0/me/notes/pages/..\..\messages`,
	"/api/v1.0/me/notes/pages/1;/../../messages",
	"/api/v1.0/me/notes/pages/1%3Fx=/content",
	"/api/v1.0/me/notes/pages/1%23/content",
	"/api/v1.0/me/notes/pages('..')/content",
	"/api/v1.0/me/notes/pages('1/../../../messages')/content",
	"/api/v1.0/me/notes/pages('1''/../../messages')/content",
	"/api/v1.0/me/notes/pages('1%2F..%2F..%2Fmessages')/content",
	"/api/v1.0/users('me/messages')/notes/pages",
	"/api/v1.0/users('me')/messages",
	"/api/v1.0/users/me%2Fmessages%3F/notes/pages",
	"/api/v1.0/users/..%2Fme/notes/pages",
	"/api/v1.0/users/%2e%2e/notes/pages",
	"/api/v1.0/users/a/drive/notes/pages",
	"/api/v1.0/me/drive/root:/x:/notes/pages",
	"/api/v1.0/myOrganization/groups/1%2Fthreads%23/notes/pages",
	"/api/v1.0/myOrganization/groups('1/threads')/notes/pages",
	"/api/v1.0/myOrganization/siteCollections/a,b/sites/c/notes/pages",
	"/api/v1.0/myOrganization/siteCollections/evil.example.com,b,c/drive",
	"/api/v1.0/myOrganization/siteCollections/FromUrl(url='https://contoso.sharepoint.com/sites/a:/drive')",
	"/api/v1.0/myOrganization/siteCollections/FromUrl(url='https://contoso.sharepoint.com/../../me/messages')",
	"/api/v1.0/myOrganization/siteCollections/FromUrl(url='https%3A%2F%2Fcontoso.sharepoint.com%2F..%2F..%2Fme%2Fmessages')",
	"/api/v1.0/myOrganization/siteCollections/FromUrl(url='https://contoso.sharepoint.com/sites/%252e%252e/x')",
	"/api/v1.0/myOrganization/siteCollections/FromUrl(url='https://u@contoso.sharepoint.com/sites/x')",
	"/api/v1.0/myOrganization/siteCollections/FromUrl(url='https://evil/me/messages')",
	"/api/v1.0/me/notes/notebooks/getRecentNotebooks(includePersonalNotebooks=true)/../messages",
	"/api/v1.0/me/notes/notebooks/getRecentNotebooks(includePersonalNotebooks=true%2F..%2Fmessages)",
	"/api/v1.0/me/notes/operations/..%2f..%2fmessages",
	"/api/v1.0/me/notes/operations/copied-1795000000-L3YxLjAvbWUvbWVzc2FnZXM.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	"/api/v1.0/me/notes/resources/..%2f..%2fmessages/$value",
	"/api/v1.0/me/notes/resources/1/$value/../../../messages",
	"/api/v1.0/me/notes/pages/1/content/../../../../messages",
	"/api/v1.0/me/notes//../messages",
	"/api/v1.0//me/messages",
	"/api//v1.0/me/messages",
	"/api/../v1.0/me/messages",
	"/api/%2e%2e/v1.0/me/messages",
	"/api/v1.0/..%2f..%2fv1.0/me/messages",
	"/api/v1.0/me/notes/pages%00/content",
	"/api/v1.0/$batch",
	"/api/v1.0/%24batch/../me/messages",
	"/API/v1.0/me/messages",
}

// askRaw sends a request whose target is sent as it stands.
func (s *caddyServer) askRaw(t *testing.T, method, target string) int {
	t.Helper()
	req, err := http.NewRequest(method, s.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.URL.Opaque = target
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode
}

// Neither alone nor in a batch does a translated request reach anything but notes.
func TestTranslatedRequestReachesNothingButNotes(t *testing.T) {
	m, s, c := startTranslation(t)
	for _, target := range hostile {
		for _, method := range []string{"GET", "POST", "DELETE"} {
			if status := s.askRaw(t, method, target); status < 400 {
				t.Errorf("%s %s: got %d, want a refusal", method, target, status)
			}
		}
	}
	var requests []batched
	for _, target := range hostile {
		if !strings.ContainsAny(target, " ") {
			requests = append(requests, batched{method: "GET", path: target}, batched{method: "GET", path: "http://evil.example" + target})
		}
	}
	requests = append(requests,
		batched{method: "GET", path: "/v1.0/me/messages"},
		batched{method: "GET", path: "https://graph.microsoft.com/v1.0/me/messages"},
		batched{method: "GET", path: "/auth/status"},
		batched{method: "POST", path: "/api/v1.0/%24b%61tch", kind: "multipart/mixed; boundary=x"})
	for len(requests) > 0 {
		n := min(len(requests), 100)
		for i, part := range c.sendBatch(t, "v1.0", requests[:n]...) {
			if status := statusOf(part); status < "400" {
				t.Errorf("GET %s in a batch: got %s", requests[i].path, part)
			}
		}
		requests = requests[n:]
	}
	wantNotesOnly(t, m)
	wantNothingOfGraph(t, m, c.seen)
}

// One part of a batch that is refused stops no other, and each passes the guard.
func TestBatchGoesOnBehindRefusedPart(t *testing.T) {
	m, _, c := startTranslation(t)
	got := c.sendBatch(t, "beta",
		batched{"GET", "/api/v1.0/me/notes/../../../secret", "", ""},
		batched{"GET", "/api/v1.0/me/notes/pages?search=x", "", ""},
		batched{"GET", "/api/v1.0/me/notes/classNotebooks", "", ""},
		batched{"GET", "/api/v1.0/me/notes/pages/0-nobody!1-nothing", "", ""},
		batched{"PROPFIND", "/api/v1.0/me/notes/pages", "", ""},
		batched{"GET", "/api/v1.0/me/notes/notebooks?top=1", "", ""},
	)
	for i, want := range []string{"400", "400", "501", "404", "405", "200"} {
		if status := statusOf(got[i]); status != want {
			t.Errorf("part %d: got %s, want %s", i, got[i], want)
		}
		if want != "200" && !strings.Contains(got[i], `"@api.url":`) {
			t.Errorf("part %d: got an error of another shape: %s", i, got[i])
		}
	}
	wantNotesOnly(t, m)
	wantNothingOfGraph(t, m, c.seen)
}

// Batches are read as a whole before anything is sent. That must not take all memory.
func TestBatchesAreHeldWithinABudget(t *testing.T) {
	_, s, _ := startTranslation(t)
	held := &runningApp(t).batches.held
	post := func() response {
		return s.do("POST", "/api/beta/$batch", "--b\r\nContent-Type: application/http\r\n\r\nGET /api/v1.0/me/notes/notebooks HTTP/1.1\r\n\r\n\r\n--b--\r\n",
			"Content-Type", "multipart/mixed; boundary=b")
	}
	held.Store(maxBatches - 10)
	res := post()
	res.want(t, 429, "throttled")
	if got := res.Header.Get("Retry-After"); got != "5" {
		t.Errorf("got Retry-After %q, want 5", got)
	}
	if got := held.Load(); got != maxBatches-10 {
		t.Errorf("a refused batch still holds %d bytes", got-maxBatches+10)
	}
	held.Store(0)
	post().want(t, 200, "")
	eventually(t, "the batch to hold nothing", func() bool { return held.Load() == 0 })
}

// Whatever Graph's responses hold, no address in them leads an app to more than notes
// here, nor the token to somebody else.
func TestHostileResponseLeadsNowhere(t *testing.T) {
	m, _, c := startTranslation(t)
	for _, location := range []string{
		"https://evil.example/v1.0/me/onenote/pages/1",
		"//evil.example/v1.0/me/onenote/pages/1",
		m.url + "/v1.0/me/messages",
		m.url + "/v1.0/me/onenote/../messages",
		m.url + "/v1.0/me/onenote/pages/..%2F..%2Fmessages",
		m.url + "/v1.0/me/onenote/pages/1%2F..%2F..%2F..%2Fmessages",
		m.url + "/v1.0/me/onenote/pages/1?x=/../../messages",
		m.url + "/v1.0/me/onenote/pages/1#/messages",
		m.url + "/v1.0/me/onenote/pages/%2e%2e",
		m.url + "@evil.example/v1.0/me/onenote/pages/1",
		"/v1.0/me/messages",
		"../../../messages",
	} {
		m.control("POST", "faults", `{"path":"*opyToSection","times":1,"status":202,"headers":{"Location":"`+location+`"},"body":{"id":"1"}}`)
		r := c.do(t, "POST", "pages/0-a!1-b/copyToSection", `{"id":"1"}`, "Content-Type", "application/json").want(t, 202)
		for _, name := range []string{"Location", "Operation-Location"} {
			link, _, _ := strings.Cut(r.header.Get(name), "?")
			link, _, _ = strings.Cut(link, "#")
			if strings.HasPrefix(link, c.base+"/") && strings.Contains(link, "messages") {
				t.Errorf("%s for %s: got %s", name, location, link)
			}
		}
		if operation := r.header.Get("Operation-Location"); operation != "" {
			c.get(t, operation)
		}
	}
	wantNotesOnly(t, m)
}

// A redirect of Graph is the client's to follow, without our token.
func TestRedirectOfGraphIsNotFollowed(t *testing.T) {
	m, s, _ := startTranslation(t)
	m.control("POST", "faults", `{"path":"/v1.0/me/onenote/notebooks","times":1,"status":302,"headers":{"Location":"`+m.url+`/v1.0/me"}}`)
	if res := s.get(notebooks); res.StatusCode != 302 || res.Header.Get("Authorization") != "" {
		t.Errorf("got %d with %v", res.StatusCode, res.Header)
	}
	if n := len(m.requests("/v1.0/me")); n != 0 {
		t.Errorf("got %d requests for the address in the redirect", n)
	}
}

// startTwoAccounts starts a site with the accounts a and b, each with a key.
func startTwoAccounts(t *testing.T) (*microsoft, *caddyServer, func() string) {
	t.Helper()
	m, s := startMicrosoft(t), newServer(t)
	t.Setenv("KEY_A", "key-of-the-first-account-01234567890")
	t.Setenv("KEY_B", "key-of-the-second-account-0123456789")
	_, a := m.issue("a@example.com", ofGraph)
	_, b := m.issue("b@example.com", ofGraph)
	config := func() string {
		return s.config("provider entra\ntenant consumers\nclient_id test\nauthority "+m.url+"\nscopes "+ofGraph+
			"\naccount a {\nrefresh_token "+a+"\n}\naccount b {\nrefresh_token "+b+"\n}",
			"onenote "+m.url+" {\nupstream_api graph\naccount a\nclient_key a {env.KEY_A} a\nclient_key b {env.KEY_B} b\n}")
	}
	s.mustLoad(config())
	return m, s, config
}

const (
	asA = "key-of-the-first-account-01234567890"
	asB = "key-of-the-second-account-0123456789"
)

var operationID = regexp.MustCompile(`/operations/([^/?]+)$`)

// An operation of ours is of one account, survives a restart, and cannot be made up.
func TestOperationIsOfOneAccountAndSurvivesRestart(t *testing.T) {
	m, s, config := startTwoAccounts(t)
	ask := func(key, path string) response { return s.get(path, "X-Onenote-Proxy-Key", key) }
	firstOf := func(collection string) entity {
		t.Helper()
		var list struct{ Value []entity }
		res := ask(asA, "/api/v1.0/me/notes/"+collection)
		if err := json.Unmarshal([]byte(res.body), &list); err != nil || len(list.Value) == 0 {
			t.Fatalf("%s: %v in %s", collection, err, res.body)
		}
		return list.Value[0]
	}
	page, section := firstOf("pages"), firstOf("sections")
	res := s.do("POST", "/api/v1.0/me/notes/pages/"+page.text("id")+"/copyToSection", `{"id":"`+section.text("id")+`"}`,
		"X-Onenote-Proxy-Key", asA, "Content-Type", "application/json")
	res.want(t, 202, "")
	path := strings.TrimPrefix(res.Header.Get("Operation-Location"), s.url)
	if !strings.Contains(path, "/operations/copied-") {
		t.Fatalf("got Operation-Location %q, want an operation of ours", path)
	}
	if got := ask(asA, path); got.StatusCode != 200 || !strings.Contains(got.body, `"status":"completed"`) {
		t.Errorf("its own account: got %d %s", got.StatusCode, got.body)
	}
	if got := ask(asB, path); got.StatusCode != 404 {
		t.Errorf("another account: got %d %s, want 404", got.StatusCode, got.body)
	}
	id := operationID.FindStringSubmatch(path)[1]
	for name, forged := range map[string]string{
		"another signature": id[:len(id)-2] + "AA",
		"another time":      strings.Replace(id, "copied-1", "copied-2", 1),
		"no signature":      strings.SplitN(id, ".", 2)[0],
		"an empty one":      strings.SplitN(id, ".", 2)[0] + ".",
	} {
		if got := ask(asA, strings.Replace(path, id, forged, 1)); got.StatusCode != 404 {
			t.Errorf("%s: got %d %s, want 404", name, got.StatusCode, got.body)
		}
	}
	s.mustLoad(strings.Replace(config(), "grace_period 10s", "grace_period 9s", 1))
	if got := ask(asA, path); got.StatusCode != 200 || !strings.Contains(got.body, `"status":"completed"`) {
		t.Errorf("after a reload: got %d %s", got.StatusCode, got.body)
	}
	// A copy may become visible late, and Graph may be unable to say.
	for _, status := range []string{"404", "503"} {
		m.control("POST", "faults", `{"path":"*/onenote/pages/*","times":1,"status":`+status+`}`)
		if got := ask(asA, path); got.StatusCode != 200 || !strings.Contains(got.body, `"status":"running"`) {
			t.Errorf("Graph says %s: got %d %s, want running", status, got.StatusCode, got.body)
		}
	}
	ask(asA, path).want(t, 200, "")
	wantNotesOnly(t, m)
}

// The URL of a picture opens that picture of that account and nothing else.
func TestLocalPictureOfGraphIsOfOneAccount(t *testing.T) {
	m, s, _ := startTwoAccounts(t)
	ask := func(key, path string) response { return s.get(path, "X-Onenote-Proxy-Key", key) }
	list := ask(asA, "/api/v1.0/me/notes/pages?filter=title%20eq%20'Lighthouse%20Tour'")
	content := contentURL.FindStringSubmatch(list.body)
	if content == nil {
		t.Fatalf("no page: %s", list.body)
	}
	page := ask(asA, strings.TrimPrefix(content[1], s.url))
	picture := strings.ReplaceAll(imageURL.FindStringSubmatch(page.body)[1], "&amp;", "&")
	get := func(address string) response { return s.get(strings.TrimPrefix(address, s.url)) }
	if got := get(picture); got.StatusCode != 200 || !strings.HasPrefix(got.Header.Get("Content-Type"), "image/") {
		t.Fatalf("GET %s: got %d %s", picture, got.StatusCode, got.body)
	}
	if !strings.Contains(picture, "account=a&") && !strings.Contains(picture, "account=a") {
		t.Fatalf("the picture names no account: %s", picture)
	}
	path, query, _ := strings.Cut(picture, "?")
	for name, address := range map[string]string{
		"of another account": strings.Replace(picture, "account=a", "account=b", 1),
		"at another path":    strings.Replace(picture, "/resources/", "/pages/", 1),
		"in Graph's form":    strings.NewReplacer("/api/v1.0/", "/v1.0/", "/notes/", "/onenote/").Replace(path) + "?" + query,
		"with a method more": picture + "&x-http-method=DELETE",
		"without signature":  path,
	} {
		if got := get(address); got.StatusCode == 200 && name != "with a method more" {
			t.Errorf("%s: got %d for %s", name, got.StatusCode, address)
		}
	}
	wantNotesOnly(t, m)
}

// Ranges, validators and compression work for what is not rewritten, and HEAD for all.
func TestTranslatedResourceKeepsRanges(t *testing.T) {
	m, s, c := startTranslation(t)
	page := entityWith(t, c.get(t, query("pages", "top=100")).list(t), "title", "Lighthouse Tour")
	content := c.get(t, page.text("contentUrl")).want(t, 200)
	picture := attributes(t, content.body, "img", "src")[0]
	whole := c.download(t, picture).want(t, 200)
	part := c.send(t, "", "GET", picture, "", "Range", "bytes=1-4").want(t, 206)
	if part.body != whole.body[1:5] {
		t.Errorf("got the range %q, want %q", part.body, whole.body[1:5])
	}
	since := c.send(t, "", "GET", picture, "", "If-Modified-Since", whole.header.Get("Last-Modified"))
	if since.status != 304 {
		t.Errorf("got %d for a picture that has not changed, want 304", since.status)
	}
	head := c.send(t, "", "HEAD", picture, "").want(t, 200)
	if head.header.Get("Content-Length") != whole.header.Get("Content-Length") {
		t.Errorf("HEAD: got the length %s, want %s", head.header.Get("Content-Length"), whole.header.Get("Content-Length"))
	}
	if res := s.get(notebooks, "Accept-Encoding", "gzip"); res.StatusCode != 200 || !strings.Contains(res.body, `"name":"My Notebook"`) {
		t.Errorf("gzip: got %d %q %s", res.StatusCode, res.Header, res.body)
	}
	list := c.do(t, "HEAD", "notebooks", "").want(t, 200)
	if length := list.header.Get("Content-Length"); length != "" && length != c.get(t, "notebooks").header.Get("Content-Length") {
		t.Errorf("HEAD of a list: got the length %s, which is not that of the list here", length)
	}
	wantNothingOfGraph(t, m, c.seen)
}

// With links off, they lead to the OneNote API itself and not to Graph.
func TestLinksOffLeadToOneNote(t *testing.T) {
	m, _, c := startTranslation(t, "links off", "images off")
	list := c.get(t, "notebooks").list(t)
	if self := list[0].text("self"); !strings.HasPrefix(self, "https://www.onenote.com/api/v1.0/me/notes/notebooks/") {
		t.Errorf("got %s", self)
	}
	wantNothingOfGraph(t, m, c.seen)
}
