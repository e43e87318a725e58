// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import "strings"

// A place is what a path names below a root: a collection, an entity in it, and a
// member of that.
type place struct {
	collection *collection
	id         string  // empty: the collection itself
	member     *member // nil: the collection or the entity itself
	argument   string  // of the member, with its parameter
}

// parsePlace reads the segments behind a root, in the spelling of either API. Of
// entities in each other, the last one counts: notebooks/{id}/sections/{id}/pages is
// sections/{id}/pages, since ids are unique below a root and Graph refuses some of
// the long forms.
func parsePlace(s []segment) (p place, problem *problem) {
	if len(s) == 0 {
		return p, endsEarly()
	}
	if p.collection = wordOf(s[0]); p.collection == nil {
		return p, unknownAt(s[0])
	}
	for s = s[1:]; len(s) > 0; s = s[1:] {
		if p.member != nil { // an entity among the children that the member names
			if !p.member.collection {
				return p, unknownAt(s[0])
			}
			p = place{collection: collectionOf(p.member.graph)}
		}
		if problem = p.enter(s[0]); problem != nil {
			return p, problem
		}
	}
	return p, nil
}

// wordOf returns the collection that a segment names, or nil.
func wordOf(s segment) *collection {
	if s.key || s.arguments != "" {
		return nil
	}
	return collectionOf(s.text)
}

// enter reads one more segment behind a collection or an entity.
func (p *place) enter(s segment) *problem {
	members := p.collection.members
	if p.id == "" {
		members = p.collection.functions
	}
	if m := find(members, s); m != nil {
		p.member = m
		return p.setArgument(s)
	}
	if p.id != "" {
		return unknownAt(s)
	}
	// What could be a function is no id.
	if s.arguments != "" || !s.key && (s.text[0] == '$' || isUnknownFunction(s.action())) {
		return unknownAt(s)
	}
	if !isID(s.text) {
		return malformedAt(s)
	}
	p.id = s.text
	return nil
}

// unknownFunctions of the OneNote API stand at the place of an id and cannot be
// translated.
var unknownFunctions = [...]string{"GetNotebooksFromWebUrls", "ProvisionNewNotebook", "GetWopiProperties", "GetOrCreateOrganizationSharingLink"}

func isUnknownFunction(name string) bool {
	for _, function := range unknownFunctions {
		if strings.EqualFold(name, function) {
			return true
		}
	}
	return false
}

// setArgument reads the argument of a function: parameter=true.
func (p *place) setArgument(s segment) *problem {
	if p.member.parameter == "" && s.arguments == "" {
		return nil
	}
	name, value, _ := strings.Cut(s.arguments, "=")
	value = strings.ToLower(strings.TrimSpace(value))
	if !strings.EqualFold(strings.TrimSpace(name), p.member.parameter) || value != "true" && value != "false" {
		return argumentProblem(p.member)
	}
	p.argument = p.member.parameter + "=" + value
	return nil
}

// route returns what a request with the method asks for at the place, or zero.
func (p place) route(method string) Route {
	switch {
	case p.member != nil:
		return p.member.methods.of(method)
	case p.id != "":
		return p.collection.entity.of(method)
	}
	return p.collection.methods.of(method)
}

// exists reports whether any method leads anywhere at the place.
func (p place) exists() bool {
	return p.member != nil || p.id != "" && p.collection.entity != methods{} || p.id == "" && p.collection.methods != methods{}
}

func (p place) appendGraph(dst []byte) []byte {
	dst = append(dst, p.collection.name...)
	if p.id != "" {
		dst = appendGraphID(append(dst, '/'), p.id)
	}
	if p.member == nil {
		return dst
	}
	return p.appendArgument(append(append(dst, '/'), p.member.graph...))
}

func (p place) appendLegacy(dst []byte) []byte {
	dst = append(dst, p.collection.name...)
	if p.id != "" {
		dst = appendSlashID(dst, p.id)
	}
	if p.member == nil {
		return dst
	}
	return p.appendArgument(append(append(dst, '/'), p.member.legacy...))
}

func (p place) appendArgument(dst []byte) []byte {
	if p.argument == "" {
		return dst
	}
	return append(append(append(dst, '('), p.argument...), ')')
}
