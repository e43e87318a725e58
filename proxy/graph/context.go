// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"strings"
)

// metadataPrefix is how a context begins behind the version.
const metadataPrefix = "$metadata#"

// MeOf returns the user, decoded, whom a context names: the one of
// $metadata#users('…')/onenote/…. What stands in front of $metadata does not matter.
//
// Where the app's request was for me, that is what Graph calls the app's own user in
// this response.
func MeOf(context string) (user string, ok bool) {
	s, ok := contextSegments(context)
	if !ok {
		return "", false
	}
	r, _, problem := cutRoot(s)
	if problem != nil || r.kind != userRoot {
		return "", false
	}
	return r.id, true
}

// contextSegments splits the path in a context.
func contextSegments(context string) (s []segment, ok bool) {
	_, path, ok := strings.Cut(context, metadataPrefix)
	if !ok {
		return nil, false
	}
	return splitPath(nil, "/"+path)
}

// ContextToLegacy maps what stands behind the version in an @odata.context. It
// reports false for a context that is not OneNote's.
//
//	$metadata#users('a%40b')/onenote/pages(id,createdDateTime)
//	$metadata#me/notes/pages(id,createdTime)
//
// Unlike in other URLs, the whole way to an entity stays.
func (m *Mapper) ContextToLegacy(context string) (legacy string, ok bool) {
	path, ok := strings.CutPrefix(context, metadataPrefix)
	if !ok {
		return "", false
	}
	if name, ok := legacyType(path); ok {
		return metadataPrefix + name, true
	}
	s, ok := splitPath(nil, "/"+path)
	if !ok {
		return "", false
	}
	r, s, problem := cutRoot(s)
	if problem != nil || len(s) == 0 || wordOfContext(s[0]) == nil {
		return "", false
	}
	b := append(make([]byte, 0, 128), metadataPrefix...)
	b = m.own(r).appendLegacy(b, appendKey)
	for i := range s {
		if s[i].key {
			b = appendKey(b, s[i].text)
		} else if b, ok = appendContextWord(append(b, '/'), s[i]); !ok {
			return "", false
		}
	}
	return string(b), true
}

// wordOfContext returns the collection with which the path in a context begins.
func wordOfContext(s segment) *collection {
	if s.key {
		return nil
	}
	return collectionOf(s.text)
}

// appendContextWord appends a word, and the list of selected properties behind it.
func appendContextWord(dst []byte, s segment) ([]byte, bool) {
	name := s.action()
	if !isContextWord(name) {
		return dst, false
	}
	dst = append(dst, name...)
	if s.arguments == "" {
		return dst, true
	}
	dst = appendLegacyNames(append(dst, '('), s.arguments)
	return append(dst, ')'), true
}

// isContextWord reports whether a word is one of names and a leading dollar sign.
func isContextWord(s string) bool {
	s = strings.TrimPrefix(s, "$")
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// appendLegacyNames appends a list of properties with the names of the OneNote API.
func appendLegacyNames(dst []byte, list string) []byte {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for list != "" {
		n := len(list) - len(strings.TrimLeft(list, letters))
		if n > 0 {
			dst = append(dst, legacyProperty(list[:n])...)
			list = list[n:]
			continue
		}
		dst = appendID(dst, list[:1], "(),*/'+")
		list = list[1:]
	}
	return dst
}

// legacyType maps the name of a type, alone or as Collection(name), behind
// $metadata#.
func legacyType(name string) (string, bool) {
	if inner, ok := strings.CutPrefix(name, "Collection("); ok {
		inner, ok = strings.CutSuffix(inner, ")")
		legacy, known := legacyType(inner)
		return "Collection(" + legacy + ")", ok && known
	}
	name, isEntity := strings.CutSuffix(name, "/$entity")
	name, ok := strings.CutPrefix(name, "microsoft.graph.")
	if !ok {
		return "", false
	}
	for _, t := range [...]struct{ graph, legacy string }{
		{"notebook", "Notebook"},
		{"sectionGroup", "SectionGroup"},
		{"onenoteSection", "Section"},
		{"onenotePage", "Page"},
		{"onenotePagePreview", "PagePreview"},
		{"onenoteOperation", "NotesOperation"},
		{"recentNotebook", "RecentNotebook"},
		{"copyNotebookModel", "Notebook"},
	} {
		if strings.EqualFold(name, t.graph) {
			if isEntity {
				return "Microsoft.OneNote.Api." + t.legacy + "/$entity", true
			}
			return "Microsoft.OneNote.Api." + t.legacy, true
		}
	}
	return "", false
}
