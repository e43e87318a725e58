// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"net/http"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
)

// The versions of both APIs. What the OneNote API has in beta, Graph has in v1.0,
// except that copies of notebooks of personal accounts work in beta only.
const (
	v1   = "v1.0"
	beta = "beta"
)

// A Mapper maps URLs between the OneNote API and Microsoft Graph, for one request
// and its response. It is a value without global state, and not safe for concurrent
// use.
//
// Only what is known is mapped, piece by piece, and each id is decoded once and
// encoded again: whatever a path holds, its image is a path of OneNote on Graph.
type Mapper struct {
	// Sites knows the hosts of site collections. What Graph writes about a site is
	// learned. Nil: there are no hosts, and nothing is learned, which suits URLs
	// that a user has written, in the text of a page.
	Sites *Sites

	// Version is the version in the app's paths, v1.0 or beta. Links in a response
	// have it. Default: v1.0.
	Version string

	// Me is what Graph calls the user of a request for me in this response, decoded
	// (see [MeOf]). Empty: not known, and users/… stays users/….
	Me string

	last mappedRoot
}

// A Target is what a request of an app asks for, in terms of Microsoft Graph.
type Target struct {
	// Path is the raw path, such as /v1.0/me/onenote/pages. It is empty for Batch.
	Path string

	// Query is what the route itself needs, in addition to the app's query.
	Query string

	// Route is what is requested.
	Route Route

	// Version is the version in the app's path, v1.0 or beta, for [Mapper].
	Version string

	// Me says that the app has asked for its own user's notes.
	Me bool

	// Collection is the collection that the path names, or its last part:
	// notebooks, sectionGroups, sections, pages, resources or operations. It is
	// pages for sections/{id}/pages too.
	Collection string

	// ID is the id of the last entity in the path, decoded: that of the page, or
	// of the section in sections/{id}/pages.
	ID string

	// Consumer says that ID is of a personal account.
	Consumer bool
}

// ToGraph maps the raw path of an app's request, below /api/. The error names the
// segment that cannot be mapped, and what to do.
func (m *Mapper) ToGraph(method, path string) (Target, *apierror.Error) {
	t, problem := m.toGraph(method, path)
	if problem != nil {
		return Target{}, problem.err()
	}
	return t, nil
}

func (m *Mapper) toGraph(method, path string) (t Target, problem *problem) {
	var buf [maxSegments]segment
	s, ok := splitPath(buf[:0], path)
	if !ok {
		return t, malformedPath()
	}
	if len(s) < 2 || !s[0].is("api") || !isVersion(s[1]) {
		return t, unknownVersion()
	}
	version := v1
	if s[1].is(beta) {
		version = beta
	}
	t, problem = m.targetBelowVersion(method, s[2:])
	t.Version = version
	return t, problem
}

func (m *Mapper) targetBelowVersion(method string, s []segment) (t Target, problem *problem) {
	if t, problem, ok := specialTarget(method, s); ok {
		return t, problem
	}
	r, s, problem := cutRoot(s)
	if problem != nil {
		return t, problem
	}
	if problem = m.findHost(&r); problem != nil {
		return t, problem
	}
	p, problem := parsePlace(s)
	if problem != nil {
		return t, problem
	}
	return targetOf(method, r, p)
}

func targetOf(method string, r root, p place) (t Target, problem *problem) {
	t = Target{Route: p.route(method), Me: r.kind == meRoot, Collection: p.collection.name, ID: p.id, Consumer: isConsumerID(p.id)}
	if t.Route == 0 {
		return t, methodProblem(method, p)
	}
	if p.member != nil && p.member.collection {
		t.Collection = p.member.graph
	}
	version := v1
	if t.Route == Copy && t.Consumer {
		version = beta
	}
	b := make([]byte, 0, 160)
	b = r.appendGraph(append(append(append(b, '/'), version...), '/'))
	t.Path = string(p.appendGraph(append(b, '/')))
	return t, nil
}

// specialTarget returns the target of a path that has no root. It reports false for
// all other paths.
func specialTarget(method string, s []segment) (t Target, problem *problem, ok bool) {
	if len(s) == 1 && s[0].is("$batch") {
		if method != http.MethodPost {
			return t, wrongMethod(method, "$batch"), true
		}
		return Target{Route: Batch}, nil, true
	}
	if len(s) > 0 && s[0].is("myOrganization") {
		s = s[1:]
	}
	if len(s) != 2 || !s[0].is("siteCollections") || s[1].key || !strings.EqualFold(s[1].action(), "FromUrl") {
		return t, nil, false
	}
	if method != http.MethodGet && method != http.MethodHead {
		return t, wrongMethod(method, "FromUrl"), true
	}
	path, problem := siteFromURL(s[1].arguments)
	return Target{Path: "/" + v1 + "/" + path, Query: "$select=id", Route: FromURL}, problem, true
}

// findHost completes the root of a site, which Graph cannot find without its host.
func (m *Mapper) findHost(r *root) *problem {
	if r.kind != siteRoot || r.site.web == "" || r.site.host != "" {
		return nil
	}
	host, ok := m.Sites.Host(r.site.collection)
	if !ok {
		return unknownHost(r.site.collection)
	}
	r.site.host = host
	return nil
}

// ToLegacy maps a raw path that Graph wrote, from its version on, to the path of the
// app. It reports false for what is no path of OneNote on Graph. A path of the
// OneNote API, which Graph writes into some pages, is mapped too.
func (m *Mapper) ToLegacy(path string) (legacy string, ok bool) {
	b, ok := m.appendLegacy(make([]byte, 0, len(path)+64), path, "")
	return string(b), ok
}

// PictureToLegacy is ToLegacy for the bytes of a picture. Whatever Graph wrote, the
// path ends with content, as that of pictures that load without a token does. It
// reports false for all other paths.
func (m *Mapper) PictureToLegacy(path string) (legacy string, ok bool) {
	b, ok := m.appendLegacy(make([]byte, 0, len(path)+64), path, "content")
	return string(b), ok
}

// appendLegacy appends the legacy path. form, if it is not empty, is how the path
// of a resource ends, and then other paths are none.
func (m *Mapper) appendLegacy(dst []byte, path, form string) ([]byte, bool) {
	start, rest, ok := m.legacyRoot(path)
	if !ok {
		return dst, false
	}
	var buf [maxSegments]segment
	s, ok := splitPath(buf[:0], rest)
	if !ok {
		return dst, false
	}
	p, problem := parsePlace(s)
	if problem != nil || !p.exists() {
		return dst, false
	}
	if form != "" {
		if p.route(http.MethodGet) != Resource {
			return dst, false
		}
		p.member = find(p.collection.members, segment{text: form})
	}
	return p.appendLegacy(append(append(dst, start...), '/')), true
}

// A mappedRoot is a raw path that was mapped, up to the place below its root.
type mappedRoot struct {
	graph, legacy string
	me, version   string // of the Mapper
}

// legacyRoot maps a raw path up to the end of its root, and returns the rest. It
// remembers the last root: the URLs of a response begin equally.
func (m *Mapper) legacyRoot(path string) (legacy, rest string, ok bool) {
	last := &m.last
	if rest, ok = strings.CutPrefix(path, last.graph); ok && last.graph != "" && last.me == m.Me && last.version == m.Version {
		return last.legacy, rest, true
	}
	var buf [maxSegments]segment
	s, ok := splitPath(buf[:0], path)
	if !ok {
		return "", "", false
	}
	first := 0 // the version
	if len(s) > 0 && s[0].is("api") {
		first = 1
	}
	if len(s) <= first || !isVersion(s[first]) {
		return "", "", false
	}
	r, below, problem := cutRoot(s[first+1:])
	if problem != nil {
		return "", "", false
	}
	end := s[len(s)-len(below)-1].end
	b := append(append(make([]byte, 0, 128), "/api/"...), m.version()...)
	legacy = string(m.own(r).appendLegacy(append(b, '/'), appendSlashID))
	if isShort := len(below) == len(s)-first-1; !isShort {
		*last = mappedRoot{path[:end], legacy, m.Me, m.Version}
	} else if first == 0 {
		return "", "", false // Graph has none
	}
	return legacy, path[end:], true
}

// own returns the root as the app knows it: its own user is me. It learns the host
// of a site.
func (m *Mapper) own(r root) root {
	switch {
	case r.kind == siteRoot && r.site.host != "":
		m.Sites.Learn(r.site.collection, r.site.host)
	case r.kind == userRoot && m.Me != "" && strings.EqualFold(r.id, m.Me):
		return root{kind: meRoot}
	}
	return r
}

func (m *Mapper) version() string {
	if m.Version == "" {
		return v1
	}
	return m.Version
}

func isVersion(s segment) bool { return s.is(v1) || s.is(beta) }
