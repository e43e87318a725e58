// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import "strings"

// A root is the part of a path that says whose notebooks are meant. Both APIs have
// the same ones, written in other ways:
//
//	OneNote API                                          Microsoft Graph
//	me/notes, or nothing                                 me/onenote
//	users/{id}/notes                                     users/{id}/onenote
//	myOrganization/groups/{id}/notes                     groups/{id}/onenote
//	myOrganization/siteCollections/{c}/sites/{w}/notes   sites/{host},{c},{w}/onenote
//	myOrganization/siteCollections/{c}/notes             sites/{c}/onenote
type root struct {
	kind rootKind
	id   string // of the user or group
	site site
}

type rootKind int

const (
	meRoot rootKind = iota
	userRoot
	groupRoot
	siteRoot
)

// A site is a web in a site collection of SharePoint. Without a web it is the root
// of the collection.
type site struct{ host, collection, web string }

// cutRoot cuts the root off the segments of a path behind the version, in the
// spelling of either API.
func cutRoot(segments []segment) (r root, rest []segment, problem *problem) {
	s := segments
	if len(s) > 0 && s[0].is("myOrganization") {
		s = s[1:]
	}
	if len(s) == 0 {
		return r, nil, endsEarly()
	}
	isOwn := len(s) == len(segments) // not below myOrganization
	if isOwn && isCollectionName(s[0].text) {
		return root{kind: meRoot}, s, nil // the oldest form
	}
	switch {
	case isOwn && s[0].is("me"):
		r, s = root{kind: meRoot}, s[1:]
	case s[0].is("users"), s[0].is("groups"):
		r, s, problem = cutOwner(s)
	case s[0].is("siteCollections"), s[0].is("sites"):
		r, s, problem = cutSite(s)
	default:
		return r, nil, unknownAt(s[0])
	}
	if problem != nil {
		return r, nil, problem
	}
	if len(s) == 0 {
		return r, nil, endsEarly()
	}
	if !s[0].is("notes") && !s[0].is("onenote") {
		return r, nil, unknownAt(s[0])
	}
	return r, s[1:], nil
}

func cutOwner(s []segment) (root, []segment, *problem) {
	r, isValid := root{kind: groupRoot}, isID
	if s[0].is("users") {
		r.kind, isValid = userRoot, isUserID
	}
	if len(s) < 2 {
		return r, nil, endsEarly()
	}
	if !isValid(s[1].text) || s[1].arguments != "" {
		return r, nil, malformedAt(s[1])
	}
	r.id = s[1].text
	return r, s[2:], nil
}

// cutSite reads the three ways to name a site: siteCollections/{c}/sites/{w} of the
// OneNote API, sites/{host},{c},{w} of Microsoft Graph, and siteCollections with that
// id, which Microsoft Graph writes and does not understand.
func cutSite(s []segment) (root, []segment, *problem) {
	r := root{kind: siteRoot}
	if len(s) < 2 {
		return r, nil, endsEarly()
	}
	if s[1].arguments != "" {
		return r, nil, unknownAt(s[1])
	}
	var ok bool
	if r.site, ok = parseSite(s[1].text); !ok {
		return r, nil, malformedAt(s[1])
	}
	if s[0].is("sites") || len(s) < 4 || !s[2].is("sites") {
		return r, s[2:], nil
	}
	if r.site.web != "" || !isSitePart(s[3].text) || s[3].arguments != "" {
		return r, nil, malformedAt(s[3])
	}
	r.site.web = s[3].text
	return r, s[4:], nil
}

// parseSite reads the id of a site: {c}, {c},{w} or {host},{c},{w}.
func parseSite(id string) (s site, ok bool) {
	s.collection, s.web, ok = strings.Cut(id, ",")
	if !ok {
		return s, isSitePart(s.collection)
	}
	if middle, last, ok := strings.Cut(s.web, ","); ok {
		s = site{host: strings.ToLower(s.collection), collection: middle, web: last}
		if !isHostname(s.host) {
			return s, false
		}
	}
	return s, isSitePart(s.collection) && isSitePart(s.web)
}

// appendGraph appends the root as Microsoft Graph writes it.
func (r root) appendGraph(dst []byte) []byte {
	switch r.kind {
	case meRoot:
		dst = append(dst, "me"...)
	case userRoot:
		dst = appendGraphID(append(dst, "users/"...), r.id)
	case groupRoot:
		dst = appendGraphID(append(dst, "groups/"...), r.id)
	case siteRoot:
		dst = appendGraphID(append(dst, "sites/"...), r.site.id())
	}
	return append(dst, "/onenote"...)
}

// id returns the id that Microsoft Graph knows the site by.
func (s site) id() string {
	if s.web == "" {
		return s.collection
	}
	return s.host + "," + s.collection + "," + s.web
}

// appendLegacy appends the root as the OneNote API writes it, with ids as appendID
// writes them.
func (r root) appendLegacy(dst []byte, appendID func(dst []byte, id string) []byte) []byte {
	switch r.kind {
	case meRoot:
		dst = append(dst, "me"...)
	case userRoot:
		dst = appendID(append(dst, "users"...), r.id)
	case groupRoot:
		dst = appendID(append(dst, "myOrganization/groups"...), r.id)
	case siteRoot:
		dst = appendID(append(dst, "myOrganization/siteCollections"...), r.site.collection)
		if r.site.web != "" {
			dst = appendID(append(dst, "/sites"...), r.site.web)
		}
	}
	return append(dst, "/notes"...)
}

func appendSlashID(dst []byte, id string) []byte { return appendLegacyID(append(dst, '/'), id) }
