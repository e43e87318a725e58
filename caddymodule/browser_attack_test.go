// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/internal/chromium"
	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// attack is what a page tries that has no business here.
type attack struct {
	name string

	// script is the body of an async function of base, the address of the
	// site, and id, a picture's. It returns what the page has learnt.
	script string

	// method and path are the request by which the attack reaches the site.
	method, path string

	// asks says that a browser asks beforehand whether a page of another
	// origin may do this.
	asks bool
}

// isSocket reports whether the attack is none of HTTP, which is refused before
// it matters who asks.
func (a attack) isSocket() bool { return strings.Contains(a.script, "WebSocket") }

// snares are how a page makes the browser send a request, for the scripts.
const snares = `
	const loaded = element => new Promise(done => {
		element.onload = element.onerror = () => done(element);
		document.body.append(element);
	});
	const make = (name, attributes) => Object.assign(document.createElement(name), attributes);
	const post = async (action, enctype, fields) => {
		const frame = make('iframe', {name: 'f' + Math.random()});
		document.body.append(frame);
		const form = make('form', {method: 'post', action, enctype, target: frame.name});
		for (const [name, value] of Object.entries(fields)) {
			form.append(make('input', {name, value}));
		}
		document.body.append(form);
		const done = new Promise(done => frame.onload = done);
		form.submit();
		await done;
		return frame.contentDocument?.body?.innerText;
	};
	const note = '<html><head><title>Planted</title></head><body><p>x</p></body></html>';
`

var attacks = []attack{
	{"read by fetch", `return await (await fetch(base + '/api/v1.0/me/notes/notebooks')).text()`,
		"GET", "/api/v1.0/me/notes/notebooks", false},
	{"read by fetch with a header", `return await (await fetch(base + '/api/v1.0/me/notes/notebooks', {headers: {Authorization: 'Bearer x'}})).text()`,
		"GET", "/api/v1.0/me/notes/notebooks", true},
	{"read by fetch without CORS", `return await (await fetch(base + '/api/v1.0/me/notes/notebooks', {mode: 'no-cors', credentials: 'include'})).text()`,
		"GET", "/api/v1.0/me/notes/notebooks", false},
	{"read a picture", `const i = await loaded(make('img', {src: base + '/api/v1.0/me/notes/resources/' + id + '/content'})); return 'a picture'.repeat(i.naturalWidth)`,
		"GET", "/api/v1.0/me/notes/resources/{id}/content", false},
	{"read by a script element", `await loaded(make('script', {src: base + '/api/v1.0/me/notes/notebooks'}))`,
		"GET", "/api/v1.0/me/notes/notebooks", false},
	{"read by a style sheet", `await loaded(make('link', {rel: 'stylesheet', href: base + '/api/v1.0/me/notes/notebooks'}))`,
		"GET", "/api/v1.0/me/notes/notebooks", false},
	{"read in a frame", `const f = await loaded(make('iframe', {src: base + '/api/v1.0/me/notes/pages'})); return f.contentDocument?.body?.innerText`,
		"GET", "/api/v1.0/me/notes/pages", false},
	{"read by an event source", `await new Promise(done => { const e = new EventSource(base + '/api/v1.0/me/notes/notebooks'); e.onopen = e.onerror = () => { e.close(); done() } })`,
		"GET", "/api/v1.0/me/notes/notebooks", false},
	{"read by a web socket", `await new Promise(done => { const s = new WebSocket(base.replace('http', 'ws') + '/api/v1.0/me/notes/notebooks'); s.onopen = s.onerror = done })`,
		"GET", "/api/v1.0/me/notes/notebooks", false},
	{"read the status", `return await (await fetch(base + '/auth/status')).text()`,
		"GET", "/auth/status", false},
	{"read the status page", `return await (await fetch(base + '/')).text()`,
		"GET", "/", false},
	{"frame the status page", `const f = await loaded(make('iframe', {src: base + '/'})); return f.contentDocument?.body?.innerText`,
		"GET", "/", false},
	{"write by fetch", `await fetch(base + '/api/v1.0/me/notes/pages', {method: 'POST', mode: 'no-cors', body: note})`,
		"POST", "/api/v1.0/me/notes/pages", false},
	{"write HTML by fetch", `await fetch(base + '/api/v1.0/me/notes/pages', {method: 'POST', headers: {'Content-Type': 'text/html'}, body: note})`,
		"POST", "/api/v1.0/me/notes/pages", true},
	{"write by a plain form", `await post(base + '/api/v1.0/me/notes/pages', 'text/plain', {'<p>x': '</p>'})`,
		"POST", "/api/v1.0/me/notes/pages", false},
	{"write by a multipart form", `await post(base + '/api/v1.0/me/notes/pages', 'multipart/form-data', {Presentation: note})`,
		"POST", "/api/v1.0/me/notes/pages", false},
	{"write by a beacon", `navigator.sendBeacon(base + '/api/v1.0/me/notes/pages', note)`,
		"POST", "/api/v1.0/me/notes/pages", false},
	{"change a note", `await fetch(base + '/api/v1.0/me/notes/pages/1/content', {method: 'PATCH', body: '[]'})`,
		"PATCH", "/api/v1.0/me/notes/pages/1/content", true},
	{"delete a note", `await fetch(base + '/api/v1.0/me/notes/pages/1', {method: 'DELETE'})`,
		"DELETE", "/api/v1.0/me/notes/pages/1", true},
	{"start a sign-in by a form", `await post(base + '/auth/default/signin', '', {another: 'yes'})`,
		"POST", "/auth/default/signin", false},
	{"start a sign-in by fetch", `await fetch(base + '/auth/default/signin', {method: 'POST', mode: 'no-cors', credentials: 'include'})`,
		"POST", "/auth/default/signin", false},
	{"bring tokens of its own", `await post(base + '/auth/default/paste', '', {address: base + '/auth/default/callback?code=M.mine'})`,
		"POST", "/auth/default/paste", false},
	{"sign out by a form", `await post(base + '/auth/default/signout', '', {})`,
		"POST", "/auth/default/signout", false},
	{"sign out by fetch", `await fetch(base + '/auth/default/signout', {method: 'POST', mode: 'no-cors', credentials: 'include'})`,
		"POST", "/auth/default/signout", false},
	{"leave for a list of notes", `location.href = base + '/api/v1.0/me/notes/notebooks'`,
		"GET", "/api/v1.0/me/notes/notebooks", false},
}

// arrival is a line of the access log.
type arrival struct {
	Status int
	Method string // of requests that the access log leaves out
	Path   string

	Request struct{ Method, URI string }
}

// arrivals returns what the site was asked for so far, and what it said.
func (s *caddyServer) arrivals() []string {
	s.t.Helper()
	var all []string
	for line := range strings.SplitSeq(s.log(), "\n") {
		var a arrival
		if json.Unmarshal([]byte(line), &a) != nil || a.Status == 0 {
			continue
		}
		if a.Request.URI != "" {
			a.Method, a.Path = a.Request.Method, a.Request.URI
		}
		all = append(all, fmt.Sprintf("%s %s %d", a.Method, a.Path, a.Status))
	}
	return all
}

// assault is a site, signed in, that pages of others know the address of.
type assault struct {
	t  *testing.T
	m  *microsoft
	s  *caddyServer
	id string // of a picture
}

func newAssault(t *testing.T, options ...string) assault {
	t.Helper()
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(strings.Replace(s.plain(m, options...), "\tbind 127.0.0.1\n", "\tbind 127.0.0.1\n\tlog\n", 1))
	page := s.page("/api/v1.0/me/notes/", "Pictures")
	id := pictureID(t, s.get(strings.TrimPrefix(page.ContentURL, s.url)).body)
	return assault{t, m, s, id}
}

// try runs an attack on the page that a tab shows, and returns what it learnt
// once the site has responded as it should.
func (a assault) try(tab *chromium.Tab, base string, what attack, arrives string) string {
	a.t.Helper()
	before := len(a.s.arrivals())
	var learnt string
	tab.Eval(`(async (base, id) => {`+snares+`
		try {
			return await (async () => {`+what.script+`})() ?? '';
		} catch {
			return '';
		}
	})(`+inJS(base)+`, `+inJS(a.id)+`)`, &learnt)
	arrives = strings.Replace(arrives, "{id}", a.id, 1)
	eventually(a.t, arrives, func() bool { return slices.Contains(a.s.arrivals()[before:], arrives) })
	return learnt
}

// in returns the assault as part of another test.
func (a assault) in(t *testing.T) assault {
	a.t = t
	return a
}

// wantRefused runs an attack and fails the test unless it comes to nothing.
// asks says that the browser asks for leave instead.
func (a assault) wantRefused(tab *chromium.Tab, base string, what attack, asks bool) {
	a.t.Helper()
	method, status := what.method, 403
	if asks {
		method = "OPTIONS"
	}
	if what.isSocket() {
		status = 405
	}
	requests := len(a.m.requests("/"))
	a.wantUnharmed(a.try(tab, base, what, fmt.Sprintf("%s %s %d", method, what.path, status)), requests)
}

// wantUnharmed fails the test if anything came of an attack.
func (a assault) wantUnharmed(learnt string, requests int) {
	a.t.Helper()
	for _, secret := range []string{"Notebook", "Pictures", "a picture", "accounts", "emulator"} {
		if strings.Contains(learnt, secret) {
			a.t.Errorf("the page has learnt %q", learnt)
		}
	}
	if got := a.m.requests("/"); len(got) != requests {
		a.t.Errorf("the attack reached the provider: %v", got[requests:])
	}
	if got := a.s.status().State; got != tokens.Ready {
		a.t.Errorf("the account is %s", got)
	}
}

// Pages of other web sites, also of those on this very machine, can neither
// read nor write a note, start a sign-in, nor sign out.
func TestPageOfForeignOriginIsRefused(t *testing.T) {
	b := chromium.Start(t, "evil.example")
	for _, host := range []string{"evil.example", "localhost"} {
		t.Run(host, func(t *testing.T) {
			a := newAssault(t)
			page := strings.Replace(serveHTML(t, "<title>evil</title><body>"), "127.0.0.1", host, 1)
			tab := b.Stranger(t)
			for _, what := range attacks {
				t.Run(what.name, func(t *testing.T) {
					tab.Open(page)
					a.in(t).wantRefused(tab, a.s.url, what, what.asks)
				})
			}
		})
	}
}

// A page whose host name now leads here has the origin of that name, and the
// browser sees nothing wrong in what it does.
func TestPageWithReboundNameIsRefused(t *testing.T) {
	b := chromium.Start(t, "evil.example")
	a := newAssault(t)
	tab := b.Stranger(t)
	origin := "http://evil.example:" + a.s.port()
	for _, what := range attacks {
		t.Run(what.name, func(t *testing.T) {
			tab.OpenPlanted(origin+"/evil", "<title>evil</title><body>")
			a.in(t).wantRefused(tab, origin, what, false)
		})
	}
	t.Run("unless the name is allowed", func(t *testing.T) {
		a := newAssault(t, "allowed_hosts evil.example")
		origin := "http://evil.example:" + a.s.port()
		tab := b.Stranger(t)
		tab.OpenPlanted(origin+"/evil", "<title>evil</title><body>")
		if learnt := a.try(tab, origin, attacks[0], "GET "+notebooks+" 200"); !strings.Contains(learnt, "My Notebook") {
			t.Errorf("the page has learnt %q, want the notebooks: then the attack above is none", learnt)
		}
	})
}

// oneNoteAPI calls the API as the npm package onenoteapi does.
const oneNoteAPI = `
	const call = (method, path, type, body) => new Promise((resolve, reject) => {
		const request = new XMLHttpRequest();
		request.onload = () => resolve(request);
		request.onerror = () => reject(new Error(method + ' ' + path + ' did not go through'));
		request.ontimeout = request.onerror;
		request.open(method, base + path);
		if (type) {
			request.setRequestHeader('Content-Type', type);
		}
		request.setRequestHeader('Authorization', 'Bearer a token that the page does not have');
		request.setRequestHeader('X-CorrelationId', '5f0ee7a1-6e3c-4b8f-9d57-1a9a3f0a2c11');
		request.send(body);
	});
`

// A page of an allowed origin works with the API as it would with the real one.
func TestPageOfAllowedOriginUsesAPI(t *testing.T) {
	b := chromium.Start(t, "app.example")
	page := strings.Replace(serveHTML(t, "<title>app</title><body>"), "127.0.0.1", "app.example", 1)
	a := newAssault(t, "allowed_origins "+strings.TrimSuffix(page, "/"))
	tab := b.Stranger(t)
	tab.Open(page)
	var did struct {
		List        int
		Notebooks   string
		Created     int
		Location    string
		Correlation string
		Patched     int
		Content     string
		Deleted     int
	}
	tab.Eval(`(async base => {`+oneNoteAPI+`
		const list = await call('GET', '/api/v1.0/me/notes/notebooks?&$orderby=name');
		const boundary = 'OneNoteTypeScriptBoundary';
		const created = await call('POST', '/api/v1.0/me/notes/pages', 'multipart/form-data; boundary=' + boundary,
			'--' + boundary + '\r\nContent-Type: application/xhtml+xml\r\nContent-Disposition: form-data; name="Presentation"\r\n\r\n' +
			'<html><head><title>From a page</title></head><body><p id="p" data-id="p">first</p></body></html>\r\n--' + boundary + '--\r\n');
		const page = JSON.parse(created.responseText);
		const content = page.contentUrl.slice(base.length);
		const patched = await call('PATCH', content, 'application/json', JSON.stringify([{target: 'body', action: 'append', content: '<p>second</p>'}]));
		const read = await call('GET', content + '?includeIDs=true');
		const deleted = await call('DELETE', '/api/v1.0/me/notes/pages/' + page.id);
		return {
			List: list.status, Notebooks: list.responseText,
			Created: created.status, Location: created.getResponseHeader('Location'), Correlation: created.getResponseHeader('X-CorrelationId'),
			Patched: patched.status, Content: read.responseText, Deleted: deleted.status,
		};
	})(`+inJS(a.s.url)+`)`, &did)
	if did.List != 200 || !strings.Contains(did.Notebooks, `"self":"`+a.s.url+`/api/`) {
		t.Errorf("list: got %d %s, want links to %s", did.List, did.Notebooks, a.s.url)
	}
	if did.Created != 201 || !strings.HasPrefix(did.Location, a.s.url+"/api/") || did.Correlation == "" {
		t.Errorf("create: got %d, location %q, correlation %q", did.Created, did.Location, did.Correlation)
	}
	if did.Patched != 204 || !strings.Contains(did.Content, "first") || !strings.Contains(did.Content, "second") {
		t.Errorf("patch: got %d, and then %s", did.Patched, did.Content)
	}
	if did.Deleted != 204 {
		t.Errorf("delete: got %d", did.Deleted)
	}
	if asked := slices.ContainsFunc(a.s.arrivals(), func(line string) bool { return strings.HasPrefix(line, "OPTIONS ") }); !asked {
		t.Error("the browser asked for no leave")
	}
	for _, r := range a.m.requests("/api/") {
		if got := r.Headers["Authorization"]; len(got) != 1 || strings.Contains(got[0], "does not have") || r.Headers.Get("Origin") != "" {
			t.Errorf("%s %s went up with %q and the origin %q", r.Method, r.Path, got, r.Headers.Get("Origin"))
		}
	}
}

// What somebody wrote into a shared notebook is shown, and does nothing: a page
// of notes has the address of the site, and must not have its rights.
func TestScriptInPageDoesNotRun(t *testing.T) {
	b := chromium.Start(t)
	a := newAssault(t, "images local")
	const script = `<script>
		document.documentElement.setAttribute('class', 'ran');
		fetch('/auth/default/signout', {method: 'POST'});
	</script>`
	const note = `<html><body><p>A note</p>` + script + `<img src="x" onerror="document.documentElement.setAttribute('class', 'ran')">
		<form method="post" action="/auth/default/signout"><button>More</button></form></body></html>`
	const drawing = `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">` + script + `</svg>`
	local := a.pictureURL()
	a.m.control("POST", "faults", `{"path":"*/pages/note/content","status":200,"headers":{"Content-Type":"text/html"},"body":`+inJS(note)+`}`)
	a.m.control("POST", "faults", `{"path":"*/resources/*","status":200,"headers":{"Content-Type":"image/svg+xml"},"body":`+inJS(drawing)+`}`)
	const ran = "document.documentElement.getAttribute('class') === 'ran'"
	tab := b.Stranger(t)
	for _, address := range []string{a.s.url + "/api/v1.0/me/notes/pages/note/content", local} {
		tab.Open(address)
		var did bool
		if tab.Eval(ran, &did); did {
			t.Errorf("%s: its script ran", address)
		}
	}
	tab.Open(a.s.url + "/api/v1.0/me/notes/pages/note/content")
	tab.Press("form button")
	tab.Open(serveHTML(t, note)) // any page but one of ours: there it runs
	tab.Until(ran)
	for _, line := range a.s.arrivals() {
		if strings.Contains(line, "signout") {
			t.Errorf("a note signs out: %s", line)
		}
	}
	if got := a.s.status().State; got != tokens.Ready {
		t.Errorf("the account is %s", got)
	}
}

// pictureURL returns the address of a picture on a page of ours.
func (a assault) pictureURL() string {
	a.t.Helper()
	page := a.s.page("/api/v1.0/me/notes/", "Pictures")
	html := a.s.get(strings.TrimPrefix(page.ContentURL, a.s.url)).body
	_, rest, _ := strings.Cut(html, `src="`+a.s.url)
	path, _, found := strings.Cut(rest, `"`)
	if !found {
		a.t.Fatalf("no picture of ours: %s", html)
	}
	return a.s.url + strings.ReplaceAll(path, "&amp;", "&")
}
