// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"net/url"
	"strings"
)

// root is the part of an address that says whose notes are meant, such as
// me/notes. Answers write it as the request did, in slash form in their
// addresses and in key form in their contexts.
type root struct {
	path    string // such as users/someone@example.com/notes; empty for the short root
	context string // such as users('someone%40example.com')/notes
	owner   owner
}

// owner is whose notes a root means.
type owner struct {
	account account // a person, or empty
	shared  string  // a group's or a site's id, or empty
}

// address returns the path of something below the root.
func (r root) address(path string) string {
	if r.path == "" {
		return path
	}
	return r.path + "/" + path
}

// short tells whether the request came by the oldest form of addresses, which
// has no root: /api/v1.0/pages.
func (r root) short() bool { return r.path == "" }

// cutRoot takes the root off the segments of a call. It reports false for
// what is no root.
func (c *call) cutRoot() bool {
	s := c.segments
	if len(s) == 0 {
		return false
	}
	word := "notes"
	if c.api == graphAPI {
		word = "onenote"
	}
	n := rootLength(s, word)
	switch {
	case n > 0:
		c.root = root{path: pathOf(s[:n]), context: contextOf(s[:n]), owner: c.ownerOf(s[:n-1])}
		c.segments = s[n:]
	case c.api == legacy && isCollection(s[0]):
		// Contexts of the short root say me/notes all the same.
		c.root = root{context: "me/notes", owner: owner{account: c.token.grant.account}}
	default:
		return false
	}
	return true
}

// rootLength counts the segments of the root, the word notes included.
func rootLength(s []string, word string) int {
	for n, segment := range s {
		if !strings.EqualFold(segment, word) {
			continue
		}
		if isRoot(s[:n]) {
			return n + 1
		}
	}
	return 0
}

// isRoot tells whether segments name a place for notes.
func isRoot(s []string) bool {
	if len(s) > 0 && strings.EqualFold(s[0], "myOrganization") {
		s = s[1:]
	}
	switch {
	case len(s) == 1:
		return strings.EqualFold(s[0], "me")
	case len(s) == 2:
		switch strings.ToLower(s[0]) {
		case "users", "groups", "sites", "sitecollections":
			return true
		}
	case len(s) == 4:
		return strings.EqualFold(s[0], "siteCollections") && strings.EqualFold(s[2], "sites")
	}
	return false
}

func isCollection(s string) bool {
	switch strings.ToLower(s) {
	case "notebooks", "sections", "sectiongroups", "pages", "resources", "operations":
		return true
	}
	return false
}

func (c *call) ownerOf(s []string) owner {
	if strings.EqualFold(s[0], "myOrganization") {
		s = s[1:]
	}
	mine := c.token.grant.account
	switch {
	case strings.EqualFold(s[0], "me"):
		return owner{account: mine}
	case strings.EqualFold(s[0], "users"):
		return owner{account: accountByID(s[1], mine)}
	}
	return owner{shared: strings.ToLower(strings.Join(s, "/"))}
}

// accountByID reads an id of a person: me, a name, or a number of theirs.
func accountByID(id string, mine account) account {
	switch {
	case strings.EqualFold(id, "me"), strings.EqualFold(id, mine.objectID()),
		strings.EqualFold(id, mine.cid()), strings.EqualFold(id, mine.userPrincipalName()):
		return mine
	}
	return accountNamed(id)
}

func pathOf(segments []string) string {
	escaped := make([]string, len(segments))
	for i, s := range segments {
		escaped[i] = escapeID(s)
	}
	return strings.Join(escaped, "/")
}

// contextOf writes a path in key form: every second segment behind a
// collection is its key.
func contextOf(segments []string) string {
	var b strings.Builder
	for i := 0; i < len(segments); i++ {
		if i > 0 {
			b.WriteByte('/')
		}
		b.WriteString(segments[i])
		switch strings.ToLower(segments[i]) {
		case "users", "groups", "sites", "sitecollections":
			i++
			b.WriteString(keyOf(segments[i]))
		}
	}
	return b.String()
}

// keyOf writes an id as OData's key.
func keyOf(id string) string {
	escaped := strings.ReplaceAll(url.PathEscape(id), "!", "%21")
	return "('" + strings.ReplaceAll(escaped, "@", "%40") + "')"
}

// escapeID writes an id as a segment of an address, where ! stays as it is.
func escapeID(id string) string { return strings.ReplaceAll(url.PathEscape(id), "%21", "!") }
