// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/caddy-onenote/caddy-onenote/internal/percent"
)

// A content is what a path of the API leads to, as far as it matters here.
type content int

const (
	otherContent    content = iota // most often JSON
	pageContent                    // the HTML of a page
	resourceContent                // the bytes of a picture or an attachment
	commandContent                 // commands that change a page
	pageItem                       // the properties of a page; a change of it is commands
	batchContent                   // requests, and the responses to them
)

// contentOf returns the content that a raw path leads to, by its last segments:
//
//	…/pages/{id}/content    …/resources/{id}/content
//	…/pages/{id}/$value     …/resources/{id}/$value
//	…/pages('{id}')/content and so on, in any case of letters
//	…/pages/{id}/onenotePatchContent    …/$batch
//	…/pages/{id}    …/pages('{id}')
//
// The API ignores a slash after them. An action may stand with its namespace in
// front, and with parentheses.
func contentOf(path string) content {
	rest, last := cutLast(strings.TrimSuffix(path, "/"))
	switch {
	case equalSegment(last, "content"), equalSegment(last, "$value"):
	case equalSegment(last, "$batch"):
		return batchContent
	case equalSegment(action(last), "onenotePatchContent"):
		return commandContent
	case namedContent(collectionOf(rest, last)) == pageContent:
		return pageItem
	default:
		return otherContent
	}
	return namedContent(collectionOf(cutLast(rest)))
}

// collectionOf returns the name of the collection that an item is in, whose id is
// the last segment of a path: …/pages/{id} or …/pages('{id}').
func collectionOf(rest, id string) string {
	if name, _, ok := strings.Cut(id, "("); ok {
		return name
	}
	_, name := cutLast(rest)
	return name
}

// NamesResource reports whether a raw path leads to the bytes of a picture or an
// attachment, read as it stands. To let somebody in by it, ask IsResource.
func NamesResource(path string) bool { return contentOf(path) == resourceContent }

// IsResource reports whether a raw path leads to the bytes of a picture or an
// attachment, and to nothing else however the API reads it: with parameters of
// segments (RFC 3986 §3.3) cut off, decoded more than once, or up to where a
// server might end it.
func IsResource(path string) bool {
	if !NamesResource(path) {
		return false
	}
	decoded := path
	for range percent.MaxDecodings {
		decoded = percent.Decode(decoded)
	}
	if strings.Count(decoded, "/") != strings.Count(path, "/") || !utf8.ValidString(decoded) || strings.ContainsFunc(decoded, endsSegment) {
		return false
	}
	segments := strings.Split(strings.Trim(decoded, "/"), "/")
	return !slices.ContainsFunc(segments, hasOpenLiteral) && !slices.ContainsFunc(segments[:len(segments)-1], isOtherContent)
}

// endsSegment reports whether the character may end a segment, or the path, for
// some server.
func endsSegment(c rune) bool {
	return c < ' ' || c == 0x7f || strings.ContainsRune(`;?#\%`, c)
}

// hasOpenLiteral reports whether a quoted literal begins in the segment and does
// not end there: it goes on in the next one.
func hasOpenLiteral(segment string) bool {
	return strings.ContainsAny(segment, "(=,") && strings.Count(segment, "'")%2 != 0
}

// isOtherContent reports whether a segment leads to something else than a
// resource, whatever follows it.
func isOtherContent(segment string) bool {
	name, _, _ := strings.Cut(segment, "(")
	switch strings.ToLower(name) {
	case "pages", "sections", "sectiongroups", "notebooks", "content", "$value", "preview", "operations", "$batch":
		return true
	}
	return false
}

// action returns the name of an action without its namespace and parentheses.
func action(segment string) string {
	segment = strings.TrimSuffix(segment, "()")
	return segment[strings.LastIndexByte(segment, '.')+1:]
}

func namedContent(segment string) content {
	switch {
	case equalSegment(segment, "pages"):
		return pageContent
	case equalSegment(segment, "resources"):
		return resourceContent
	}
	return otherContent
}

// cutLast cuts the last segment off a path.
func cutLast(path string) (rest, segment string) {
	slash := strings.LastIndexByte(path, '/')
	if slash < 0 {
		return "", path
	}
	return path[:slash], path[slash+1:]
}

// equalSegment compares a raw segment, which may be percent-encoded.
func equalSegment(raw, want string) bool {
	if strings.IndexByte(raw, '%') >= 0 {
		if decoded, err := url.PathUnescape(raw); err == nil {
			raw = decoded
		}
	}
	return strings.EqualFold(raw, want)
}
