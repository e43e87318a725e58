// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// browser behaves as one: it keeps cookies, follows redirects, says where a
// form comes from, and keeps Lax cookies back when another site posts one.
type browser struct {
	t      testing.TB
	jar    http.CookieJar
	client *http.Client

	at     *url.URL // what the address bar shows
	status int
	header http.Header
	body   string
	page   *html.Node

	// strict browsers do not run scripts.
	strict bool
}

func newBrowser(t testing.TB) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &browser{
		t:   t,
		jar: jar,
		client: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// open types an address into the address bar.
func (b *browser) open(address string) {
	b.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		b.t.Fatal(err)
	}
	b.at = nil
	b.go_(http.MethodGet, u, nil)
}

// go_ sends a request and follows where it leads.
func (b *browser) go_(method string, u *url.URL, form url.Values) {
	b.t.Helper()
	origin := b.at
	for hops := 0; ; hops++ {
		if hops > 10 {
			b.t.Fatalf("too many redirects, the last to %s", u)
		}
		if !isTestServer(u) {
			b.at, b.status, b.body, b.page = u, 0, "", nil
			return
		}
		res := b.send(method, u, form, origin)
		next := res.Header.Get("Location")
		if res.StatusCode < 300 || res.StatusCode > 399 || next == "" {
			b.arrive(u, res)
			return
		}
		res.Body.Close()
		target, err := u.Parse(next)
		if err != nil {
			b.t.Fatal(err)
		}
		if res.StatusCode != http.StatusTemporaryRedirect {
			method, form = http.MethodGet, nil
		}
		u = target
	}
}

func isTestServer(u *url.URL) bool {
	return u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1"
}

func (b *browser) send(method string, u *url.URL, form url.Values, origin *url.URL) *http.Response {
	b.t.Helper()
	req, err := http.NewRequest(method, u.String(), strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	req.URL.Fragment = ""
	req.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	req.Header.Set("Sec-Fetch-Mode", "navigate")
	sameSite := origin == nil || origin.Hostname() == u.Hostname()
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if origin != nil {
			req.Header.Set("Origin", origin.Scheme+"://"+origin.Host)
		}
	}
	if sameSite || method == http.MethodGet {
		for _, c := range b.jar.Cookies(u) {
			req.AddCookie(c)
		}
	}
	res, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	b.jar.SetCookies(u, res.Cookies())
	return res
}

func (b *browser) arrive(u *url.URL, res *http.Response) {
	b.t.Helper()
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	b.at, b.status, b.header, b.body = u, res.StatusCode, res.Header, string(body)
	b.page, err = html.Parse(strings.NewReader(b.body))
	if err != nil {
		b.t.Fatal(err)
	}
	if !b.strict {
		b.runScript()
	}
}

// runScript does what the scripts of the pages do: post the form, with the
// fragment of the address in it if the script reads it.
func (b *browser) runScript() {
	b.t.Helper()
	script := b.text("script")
	if !strings.Contains(script, "submit") {
		return
	}
	extra := url.Values{}
	if strings.Contains(script, "location.hash") {
		if b.at.Fragment == "" {
			return
		}
		var err error
		if extra, err = url.ParseQuery(b.at.EscapedFragment()); err != nil {
			b.t.Fatal(err)
		}
		b.at.Fragment, b.at.RawFragment = "", ""
	}
	b.submit(b.forms()[0], extra)
}

// form is a form on a page.
type form struct {
	action *url.URL
	method string
	values url.Values
	target string
}

// forms returns the forms of the page, hidden fields filled in.
func (b *browser) forms() []form {
	b.t.Helper()
	var forms []form
	for n := range b.page.Descendants() {
		if n.Type != html.ElementNode || n.Data != "form" {
			continue
		}
		action, err := b.at.Parse(attr(n, "action"))
		if err != nil {
			b.t.Fatal(err)
		}
		f := form{action: action, method: attr(n, "method"), target: attr(n, "target"), values: url.Values{}}
		for field := range n.Descendants() {
			if field.Data == "input" && attr(field, "name") != "" {
				f.values.Add(attr(field, "name"), attr(field, "value"))
			}
		}
		forms = append(forms, f)
	}
	return forms
}

// press presses the button of the first form whose action ends so and that has
// the given field already, if one is given.
func (b *browser) press(action string, with url.Values, has ...string) {
	b.t.Helper()
	for _, f := range b.forms() {
		fits := strings.HasSuffix(f.action.Path, action)
		for _, name := range has {
			fits = fits && f.values.Has(name)
		}
		if fits {
			b.submit(f, with)
			return
		}
	}
	b.t.Fatalf("no form for %s with %v on the page at %s:\n%s", action, has, b.at, b.body)
}

func (b *browser) submit(f form, with url.Values) {
	b.t.Helper()
	if f.method != "post" {
		b.t.Fatalf("form method: got %q, want post", f.method)
	}
	values := url.Values{}
	for name, v := range f.values {
		values[name] = v
	}
	for name, v := range with {
		values[name] = v
	}
	b.go_(http.MethodPost, f.action, values)
}

// text returns the text of all elements of one kind.
func (b *browser) text(element string) string {
	var s strings.Builder
	for n := range b.page.Descendants() {
		if n.Type != html.ElementNode || n.Data != element {
			continue
		}
		for c := range n.Descendants() {
			if c.Type == html.TextNode {
				s.WriteString(c.Data)
			}
		}
	}
	return s.String()
}

// sees fails unless the visible text holds all of it.
func (b *browser) sees(texts ...string) {
	b.t.Helper()
	if b.page == nil {
		b.t.Fatalf("at %s there is no page; want %q", b.at, texts)
	}
	visible := strings.Join(strings.Fields(b.text("main")), " ")
	for _, text := range texts {
		if !strings.Contains(visible, text) {
			b.t.Errorf("page at %s: got %q, want it to say %q", b.at, visible, text)
		}
	}
}

// accept submits the provider's consent page.
func (b *browser) decide(decision, user string) {
	b.t.Helper()
	values := url.Values{"decision": {decision}}
	if user != "" {
		values.Set("user", user)
	}
	b.submit(b.forms()[0], values)
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
