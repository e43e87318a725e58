// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// An outcome is what became of a request, in a word.
type outcome string

const (
	right       outcome = "right"
	unavailable outcome = "identity_unavailable"
	throttled   outcome = "throttled"
	unreachable outcome = "upstream_unreachable"
	passedOn    outcome = "error of the API" //nolint:gosec // no credential
	cut         outcome = "connection cut"
	wrong       outcome = "wrong"
)

// A client is one app. It sends one request after the other.
type client struct {
	*world
	name  string
	every time.Duration
	http  *http.Client
	turn  func(ctx context.Context, c *client)
	known *known
}

// known is what the clients know of the notes.
type known struct {
	notebooks, sections string // the lists, as the API sends them, with the addresses of the site
	graph               string // the list that the other site translates
	pages               []string
	parent              string // where new pages are created
}

// startClients learns what is right, and starts the clients.
func startClients(ctx context.Context, w *world) (*sync.WaitGroup, error) {
	k, err := learn(ctx, w)
	if err != nil {
		return nil, err
	}
	var running sync.WaitGroup
	for _, c := range []client{
		{name: "lists", every: 40 * time.Millisecond, turn: lists},
		{name: "lists, new connections", every: 100 * time.Millisecond, turn: lists},
		{name: "pages and pictures", every: 100 * time.Millisecond, turn: pages},
		{name: "writes", every: 150 * time.Millisecond, turn: writes},
		{name: "large writes", every: time.Second, turn: largeWrites},
		{name: "slow reader", every: 300 * time.Millisecond, turn: slowReads},
		{name: "leaves early", every: 200 * time.Millisecond, turn: leaves},
		{name: "translated lists", every: 80 * time.Millisecond, turn: translated},
		{name: "status", every: 500 * time.Millisecond, turn: statusPages},
		{name: "refused requests", every: 500 * time.Millisecond, turn: refused},
	} {
		c.world, c.known = w, k
		c.http = &http.Client{
			Timeout:       time.Minute,
			Transport:     &http.Transport{DisableKeepAlives: strings.Contains(c.name, "new connections")},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
		running.Go(func() { c.run(ctx) })
	}
	return &running, nil
}

func (c *client) run(ctx context.Context) {
	defer c.http.CloseIdleConnections()
	for ctx.Err() == nil {
		c.turn(ctx, c)
		pause(ctx, c.every)
	}
}

func (w *world) site() string {
	return "http://" + strings.Replace(w.caddy.site, "127.0.0.1", "localhost", 1)
}

func (w *world) graphSite() string {
	return "http://" + strings.Replace(w.caddy.graph, "127.0.0.1", "localhost", 1)
}

const root = "/api/v1.0/me/notes/"

// learn asks the API itself, and once the site that translates.
func learn(ctx context.Context, w *world) (*known, error) {
	token, err := w.service.emulator.IssueToken("", "", 24*time.Hour)
	if err != nil {
		return nil, err
	}
	get := func(address string) (string, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
		if err != nil {
			return "", err
		}
		if strings.HasPrefix(address, w.service.url()) {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return "", err
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			return "", fmt.Errorf("%s: %s, %w: %s", address, res.Status, err, body)
		}
		return strings.ReplaceAll(string(body), w.service.url(), w.site()), nil
	}
	k := &known{}
	if k.notebooks, err = get(w.service.url() + root + "notebooks"); err != nil {
		return nil, err
	}
	if k.sections, err = get(w.service.url() + root + "sections"); err != nil {
		return nil, err
	}
	if k.graph, err = get(w.graphSite() + root + "notebooks"); err != nil {
		return nil, err
	}
	list, err := get(w.service.url() + root + "pages")
	if err != nil {
		return nil, err
	}
	var pages, sections struct {
		Value []struct{ ID, ContentURL string }
	}
	if err := errors.Join(json.Unmarshal([]byte(list), &pages), json.Unmarshal([]byte(k.sections), &sections)); err != nil {
		return nil, err
	}
	for _, p := range pages.Value {
		k.pages = append(k.pages, p.ContentURL)
	}
	if len(k.pages) == 0 || len(sections.Value) == 0 {
		return nil, errors.New("there are no pages")
	}
	k.parent = w.site() + root + "sections/" + sections.Value[0].ID + "/pages"
	return k, nil
}

// A want is what is right for a request.
type want struct {
	status int
	cause  string // of an error response; empty for none
	body   func(body []byte) (complaint string)
}

// request sends a request, and compares the response with what is right. It returns the
// body if it was.
func (c *client) request(ctx context.Context, method, address string, body []byte, edit func(*http.Request), right want) (header http.Header, got []byte, ok bool) {
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		c.report.violate(err.Error())
		return nil, nil, false
	}
	if edit != nil {
		edit(req)
	}
	began := time.Now()
	res, err := c.http.Do(req)
	if err == nil {
		got, err = io.ReadAll(res.Body)
		res.Body.Close()
	}
	if ctx.Err() != nil {
		return nil, nil, false
	}
	o, detail := right.judge(res, got, err)
	c.settle(method+" "+address, o, detail, began)
	if o != "right" {
		return nil, nil, false
	}
	return res.Header, got, true
}

// settle counts the outcome of a request. One that nothing explains is a violation.
func (c *client) settle(what string, o outcome, detail string, began time.Time) {
	c.report.count(c.name, o, time.Since(began))
	if o == right || o != wrong && c.explains(o, began, time.Now()) {
		return
	}
	c.report.violate(fmt.Sprintf("%s: %s: %s: %s (%s)", c.name, what, o, detail, c.current()))
}

func (w want) judge(res *http.Response, body []byte, err error) (outcome, string) {
	if err != nil {
		return cut, err.Error()
	}
	cause := res.Header.Get("X-Onenote-Proxy-Error")
	excerpt := fmt.Sprintf("%s %s: %.300s", res.Status, cause, body)
	switch {
	case res.StatusCode == w.status && cause == w.cause:
		if w.body == nil {
			return right, ""
		}
		if complaint := w.body(body); complaint != "" {
			return wrong, complaint
		}
		return right, ""
	case cause != "":
		return outcome(cause), excerpt
	case res.StatusCode == http.StatusTooManyRequests, res.StatusCode == http.StatusServiceUnavailable:
		return passedOn, excerpt
	}
	return wrong, excerpt
}

func is(want string) func([]byte) string {
	return func(got []byte) string {
		if string(got) != want {
			return fmt.Sprintf("the body differs: got %.300s", got)
		}
		return ""
	}
}

func lists(ctx context.Context, c *client) {
	c.request(ctx, "GET", c.site()+root+"notebooks", nil, nil, want{status: 200, body: is(c.known.notebooks)})
	c.request(ctx, "GET", c.site()+root+"sections", nil, nil, want{status: 200, body: is(c.known.sections)})
}

func translated(ctx context.Context, c *client) {
	c.request(ctx, "GET", c.graphSite()+root+"notebooks", nil, nil, want{status: 200, body: is(c.known.graph)})
}

var picture = regexp.MustCompile(`<img[^>]* src="([^"]+)"`)

// pages loads a page as a browser does, with its pictures.
func pages(ctx context.Context, c *client) {
	for _, page := range c.known.pages {
		_, body, ok := c.request(ctx, "GET", page, nil, nil, want{status: 200, body: c.hasNoForeignPictures})
		if !ok {
			return
		}
		for _, src := range picture.FindAllSubmatch(body, -1) {
			c.request(ctx, "GET", html.UnescapeString(string(src[1])), nil, nil, want{status: 200, body: isPicture})
		}
		pause(ctx, c.every)
	}
}

// hasNoForeignPictures complains of pictures that a browser could not load.
func (c *client) hasNoForeignPictures(page []byte) string {
	for _, src := range picture.FindAllSubmatch(page, -1) {
		u, err := url.Parse(html.UnescapeString(string(src[1])))
		if err != nil || u.Scheme != "data" && "http://"+u.Host != c.site() {
			return fmt.Sprintf("a picture is not at the site: %s", src[1])
		}
	}
	if bytes.Contains(page, []byte(c.service.address)) {
		return "an address of the API is left in the page"
	}
	return ""
}

func isPicture(body []byte) string {
	if !strings.HasPrefix(http.DetectContentType(body), "image/") {
		return fmt.Sprintf("it is no picture: %.40q", body)
	}
	return ""
}

// title returns a title that no other page has.
func (c *client) title() string { return fmt.Sprintf("soak %d", titles.Add(1)) }

var titles atomic.Int64

// writes creates a page, reads it and deletes it.
func writes(ctx context.Context, c *client) {
	c.create(ctx, []byte("<html><head><title>"+c.title()+"</title></head><body><p>text</p></body></html>"))
}

// largeWrites is writes with two megabytes.
func largeWrites(ctx context.Context, c *client) {
	c.create(ctx, []byte("<html><head><title>"+c.title()+"</title></head><body><p>"+strings.Repeat("long text ", 200_000)+"</p></body></html>"))
}

func (c *client) create(ctx context.Context, page []byte) {
	isHTML := func(req *http.Request) { req.Header.Set("Content-Type", "text/html") }
	header, _, ok := c.request(ctx, "POST", c.known.parent, page, isHTML, want{status: 201})
	if !ok {
		return
	}
	at := header.Get("Location")
	if !strings.HasPrefix(at, c.site()+"/") {
		c.report.violate("a new page is at " + at + ", not at the site")
		return
	}
	c.request(ctx, "GET", at, nil, nil, want{status: 200})
	c.request(ctx, "DELETE", at, nil, nil, want{status: 204})
}

// slowReads reads a list slowly.
func slowReads(ctx context.Context, c *client) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.site()+root+"sections", http.NoBody)
	if err != nil {
		c.report.violate(err.Error())
		return
	}
	began := time.Now()
	res, err := c.http.Do(req)
	var body bytes.Buffer
	if err == nil {
		for err == nil && ctx.Err() == nil {
			_, err = io.CopyN(&body, res.Body, 512)
			pause(ctx, 10*time.Millisecond)
		}
		res.Body.Close()
		if errors.Is(err, io.EOF) {
			err = nil
		}
	}
	if ctx.Err() != nil {
		return
	}
	o, detail := want{status: 200, body: is(c.known.sections)}.judge(res, body.Bytes(), err)
	c.settle("GET "+req.URL.Path, o, detail, began)
}

// leaves sends requests and does not wait for the responses.
func leaves(ctx context.Context, c *client) {
	short, cancel := context.WithTimeout(ctx, 3*time.Millisecond)
	defer cancel()
	c.request(short, "GET", c.known.pages[0], nil, nil, want{status: 200})
}

func statusPages(ctx context.Context, c *client) {
	c.request(ctx, "GET", c.site()+"/healthz", nil, nil, want{status: 200})
	c.request(ctx, "GET", c.site()+"/", nil, nil, want{status: 200})
}

// refused sends what the guard refuses.
func refused(ctx context.Context, c *client) {
	foreign := func(req *http.Request) { req.Host = "evil.example" }
	c.request(ctx, "GET", c.site()+root+"notebooks", nil, foreign, want{status: 403, cause: "forbidden_host"})
	c.request(ctx, "GET", c.site()+"/secret", nil, nil, want{status: 404, cause: "not_found"})
}
