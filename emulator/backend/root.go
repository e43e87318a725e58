// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package backend

import (
	"strings"

	"github.com/caddy-onenote/caddy-onenote/emulator/notes"
	"github.com/caddy-onenote/caddy-onenote/emulator/odata"
	"github.com/caddy-onenote/caddy-onenote/emulator/person"
)

// Root is the part of an address that names the owner of the notes, such as
// me/notes.
type Root struct {
	Path     string // such as users/someone@example.com/notes; empty for the short root
	Context  string // such as users('someone%40example.com')/notes
	Pictures string // the path in the addresses of pictures, if that is another one
	Owner    notes.Owner
}

// address returns a path below the root.
func (r Root) address(path string) string {
	if r.Path == "" {
		return path
	}
	return r.Path + "/" + path
}

// URL returns an address below the root of the request.
func (x *NotesExchange) URL(segments ...string) string {
	return x.Base() + x.root.address(pathOf(segments))
}

// context returns the @odata.context of a path below the root. Its ids are in key
// form.
func (x *NotesExchange) context(path string) string {
	return x.Base() + "$metadata#" + x.root.Context + "/" + path
}

// short reports whether the request has no root, as in the oldest form of
// addresses: /api/v1.0/pages.
func (r Root) short() bool { return r.Path == "" }

// cutRoot removes the root from the segments. If there is none, it responds and
// reports false.
func (x *NotesExchange) cutRoot() bool {
	s := x.Segments
	if n := rootLength(s, x.notesTraits.RootWord); n > 0 {
		root, ok := x.face.Root(x, s[:n-1])
		if ok {
			x.root, x.Segments = root, s[n:]
		}
		return ok
	}
	if x.notesTraits.ShortRoot && len(s) > 0 && isCollection(s[0]) {
		// Without a root, contexts contain me/notes all the same.
		x.root = Root{Context: "me/notes", Owner: notes.Owner{Account: x.Token.Grant.Account}}
		return true
	}
	x.NoRoute(lengthOfOwner(s))
	return false
}

// rootLength counts the segments of the root, including its last word.
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

// lengthOfOwner counts the segments that name an owner.
func lengthOfOwner(s []string) int {
	for n := min(len(s), 5); n > 0; n-- {
		if isRoot(s[:n]) {
			return n
		}
	}
	return 0
}

// isRoot reports whether segments name an owner.
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

// Root implements [NotesFace]. Responses write the root as the request did: in
// slash form in addresses and in key form in contexts.
func (Entities) Root(x *NotesExchange, s []string) (Root, bool) {
	word := x.notesTraits.RootWord
	if last := len(s); last < len(x.Segments) {
		word = x.Segments[last] // in the client's case
	}
	return Root{Path: pathOf(s) + "/" + word, Context: ContextOf(s) + "/" + word, Owner: x.OwnerOf(s)}, true
}

// OwnerOf returns the owner that segments name. A site has the same notes in all
// forms of its address.
func (x *NotesExchange) OwnerOf(s []string) notes.Owner {
	if strings.EqualFold(s[0], "myOrganization") {
		s = s[1:]
	}
	mine := x.Token.Grant.Account
	switch strings.ToLower(s[0]) {
	case "me":
		return notes.Owner{Account: mine}
	case "users":
		return notes.Owner{Account: accountByID(s[1], mine)}
	case "groups":
		return notes.GroupOwner(s[1])
	case "sites":
		host, ids, found := strings.Cut(s[1], ",")
		if !found {
			return notes.SiteOwner(host, "")
		}
		return notes.SiteOwner(ids, "")
	}
	if len(s) == 4 {
		return notes.SiteOwner(s[1], s[3])
	}
	return notes.SiteOwner(s[1], "")
}

// accountByID returns the person of an id: me, a name, or one of their numbers.
func accountByID(id string, mine person.Person) person.Person {
	switch {
	case strings.EqualFold(id, "me"), strings.EqualFold(id, mine.ObjectID()),
		strings.EqualFold(id, mine.CID()), strings.EqualFold(id, mine.UserPrincipalName()):
		return mine
	}
	return person.Named(id)
}

func pathOf(segments []string) string {
	escaped := make([]string, len(segments))
	for i, s := range segments {
		escaped[i] = odata.EscapeID(s)
	}
	return strings.Join(escaped, "/")
}

// ContextOf returns a path in key form: the segment after a collection is its key.
func ContextOf(segments []string) string {
	var b strings.Builder
	for i := 0; i < len(segments); i++ {
		if i > 0 {
			b.WriteByte('/')
		}
		b.WriteString(segments[i])
		switch strings.ToLower(segments[i]) {
		case "users", "groups", "sites", "sitecollections":
			i++
			b.WriteString(odata.Key(segments[i]))
		}
	}
	return b.String()
}
