// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// A legacyClient is an app that was written against the OneNote API. It knows
// nothing but the address it was given: all other addresses it takes from
// responses. It keeps every response.
type legacyClient struct {
	base  string // scheme and host
	root  string // whose notes, such as /api/v1.0/me/notes
	token string // what it sends; behind the proxy nothing
	http  *http.Client
	seen  []legacyResponse
	gone  []string // ids of what it has deleted
}

func newLegacyClient(t *testing.T, base, token string) *legacyClient {
	transport := new(http.Transport)
	t.Cleanup(transport.CloseIdleConnections)
	return &legacyClient{base: base, token: token, http: &http.Client{Transport: transport}}
}

// A legacyResponse is one response and the request for it.
type legacyResponse struct {
	method, url string
	status      int
	header      http.Header
	body        string
}

// address returns the URL of a target: a whole URL, a path from a slash on, or what
// follows the root.
func (c *legacyClient) address(target string) string {
	switch {
	case strings.Contains(target, "://"):
		return target
	case strings.HasPrefix(target, "/"):
		return c.base + target
	}
	return c.base + c.root + "/" + target
}

// do sends a request; headers are pairs of name and value.
func (c *legacyClient) do(t *testing.T, method, target, body string, headers ...string) legacyResponse {
	t.Helper()
	return c.send(t, c.token, method, target, body, headers...)
}

func (c *legacyClient) send(t *testing.T, token, method, target, body string, headers ...string) legacyResponse {
	t.Helper()
	req, err := http.NewRequest(method, c.address(target), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := c.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	r := legacyResponse{method, req.URL.String(), res.StatusCode, res.Header, string(got)}
	c.seen = append(c.seen, r)
	return r
}

func (c *legacyClient) get(t *testing.T, target string) legacyResponse {
	t.Helper()
	return c.do(t, "GET", target, "")
}

// query returns a target with options; each is name=value, not encoded yet.
func query(target string, options ...string) string {
	for i, o := range options {
		name, value, _ := strings.Cut(o, "=")
		options[i] = name + "=" + url.QueryEscape(value)
	}
	return target + "?" + strings.Join(options, "&")
}

// download gets a picture as browsers do: without a token.
func (c *legacyClient) download(t *testing.T, address string) legacyResponse {
	t.Helper()
	return c.send(t, "", "GET", address, "")
}

// want ends the test unless the response has that status.
func (r legacyResponse) want(t *testing.T, status int) legacyResponse {
	t.Helper()
	if r.status != status {
		t.Fatalf("%s %s: got %d, want %d: %s", r.method, r.url, r.status, status, r.body)
	}
	return r
}

// object returns the JSON of the response.
func (r legacyResponse) object(t *testing.T) entity {
	t.Helper()
	if kind := r.header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
		t.Errorf("%s %s: got the content type %q, want application/json", r.method, r.url, kind)
	}
	var o entity
	if err := json.Unmarshal([]byte(r.body), &o); err != nil {
		t.Fatalf("%s %s: %v in %s", r.method, r.url, err, r.body)
	}
	return o
}

// list returns the entities of the response.
func (r legacyResponse) list(t *testing.T) []entity {
	t.Helper()
	return r.want(t, http.StatusOK).object(t).list(t, "value")
}

// An entity is an object of JSON.
type entity map[string]any

func (o entity) text(name string) string {
	s, _ := o[name].(string)
	return s
}

func (o entity) object(name string) entity {
	inner, _ := o[name].(map[string]any)
	return inner
}

func (o entity) list(t *testing.T, name string) []entity {
	t.Helper()
	all, ok := o[name].([]any)
	if !ok {
		t.Fatalf("there is no list %s in %v", name, o)
	}
	entities := make([]entity, len(all))
	for i, one := range all {
		entities[i], _ = one.(map[string]any)
	}
	return entities
}

// members returns the names of all members but annotations, sorted.
func (o entity) members() []string {
	var names []string
	for name := range o {
		if !strings.Contains(name, "@") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// texts returns one member of all entities.
func texts(all []entity, name string) []string {
	found := make([]string, len(all))
	for i, o := range all {
		found[i] = o.text(name)
	}
	return found
}

// entityWith returns the entity whose member has that value.
func entityWith(t *testing.T, all []entity, member, value string) entity {
	t.Helper()
	for _, o := range all {
		if o.text(member) == value {
			return o
		}
	}
	t.Fatalf("no entity has the %s %q: %q", member, value, texts(all, member))
	return nil
}

// attributes returns the values of an attribute of all elements of that name in
// HTML, or of all elements for "*".
func attributes(t *testing.T, page, element, name string) []string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode || element != "*" && n.Data != element {
			continue
		}
		for _, a := range n.Attr {
			if a.Key == name {
				values = append(values, a.Val)
			}
		}
	}
	return values
}

// links returns all URLs that the app could follow in a response: in its header,
// its JSON and the attributes of its HTML, but for those that a person has written.
func (r legacyResponse) links(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, name := range []string{"Location", "Operation-Location", "Content-Location"} {
		found = append(found, r.header[name]...)
	}
	switch kind := r.header.Get("Content-Type"); {
	case r.method == http.MethodHead:
	case strings.HasPrefix(kind, "application/json"):
		var v any
		if err := json.Unmarshal([]byte(r.body), &v); err != nil {
			t.Errorf("%s %s: %v", r.method, r.url, err)
		}
		found = appendURLs(found, v)
	case strings.HasPrefix(kind, "text/html"):
		for _, name := range []string{"src", "data-fullres-src", "data", "data-render-src"} {
			found = append(found, attributes(t, r.body, "*", name)...)
		}
	}
	return found
}

func appendURLs(found []string, v any) []string {
	switch v := v.(type) {
	case string:
		if strings.HasPrefix(v, "http://") || strings.HasPrefix(v, "https://") {
			return append(found, v)
		}
	case []any:
		for _, one := range v {
			found = appendURLs(found, one)
		}
	case map[string]any:
		for name, one := range v {
			if name != "error" { // its documentation is elsewhere
				found = appendURLs(found, one)
			}
		}
	}
	return found
}

// leadsElsewhere reports whether a URL is for a person, not for the app.
func leadsElsewhere(u *url.URL) bool {
	switch host := u.Hostname(); {
	case strings.HasSuffix(host, ".sharepoint.com"), host == "onedrive.live.com", host == "d.docs.live.net",
		strings.HasSuffix(host, ".wikipedia.org"), host == "www.youtube.com", strings.HasSuffix(host, "example.org"):
		return true
	}
	return false
}

// followAll follows each link of every response that was seen so far, and then each
// link of the responses to those.
func (c *legacyClient) followAll(t *testing.T) {
	followed := make(map[string]bool)
	for round := range 2 {
		for _, r := range slices.Clone(c.seen) {
			for _, link := range r.links(t) {
				if followed[link] {
					continue
				}
				followed[link] = true
				c.follow(t, r, link, round)
			}
		}
	}
	if len(followed) < 50 {
		t.Errorf("got %d links, want at least 50", len(followed))
	}
}

// follow follows one link of a response. It must lead to the API that the client was
// given, in the form of the OneNote API.
func (c *legacyClient) follow(t *testing.T, from legacyResponse, link string, round int) {
	u, err := url.Parse(link)
	if err != nil {
		t.Errorf("%s %s: %q is no URL: %v", from.method, from.url, link, err)
		return
	}
	if leadsElsewhere(u) {
		return
	}
	if u.Query().Get("publicAuth") == "true" {
		c.download(t, link).want(t, http.StatusOK) // it needs no token, so it may lead past the proxy
		return
	}
	if u.Scheme+"://"+u.Host != c.base || !strings.HasPrefix(u.Path, "/api/") {
		t.Errorf("round %d: %s %s leads to %s, want it at %s/api/", round, from.method, from.url, link, c.base)
		return
	}
	if strings.Contains(u.Path, "$metadata") { // a context only says what the data is
		return
	}
	for _, id := range c.gone {
		if strings.Contains(u.Path, id) {
			return
		}
	}
	if got := c.get(t, link); got.status != http.StatusOK {
		t.Errorf("round %d: a link of %s %s: GET %s: got %d, want 200: %s", round, from.method, from.url, link, got.status, got.body)
	}
}
