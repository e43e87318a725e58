// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import "bytes"

// A jsonMember says what becomes of a member of an object.
type jsonMember struct {
	does   memberKind
	rename string // the new name, with quotes; empty: it stays. Of an identity: where the identity goes
	name   string // of an identity: where the text goes
	short  bool   // of a context: it is that of a parent in its short form
}

// A memberKind says what becomes of a member's value.
type memberKind uint8

const (
	otherMember    memberKind = iota // members in it are translated
	keepMember                       // stays, and all in it
	linkMember                       // a URL
	contextMember                    // @odata.context
	nextLinkMember                   // @odata.nextLink
	pictureMember                    // a URL of a picture
	previewMember                    // an object with the URL of a picture
	identityMember                   // who did something
	statusMember                     // that of an operation
)

// isText reports whether the value may be a string that changes.
func (m *jsonMember) isText() bool {
	switch m.does {
	case linkMember, contextMember, nextLinkMember, pictureMember, statusMember:
		return true
	}
	return false
}

// memberOf returns what becomes of the member of that name, in an operation or
// anywhere else.
func memberOf(name []byte, operation bool) jsonMember {
	if !operation {
		switch string(name) {
		case "displayName":
			return jsonMember{does: keepMember, rename: `"name"`}
		case "createdDateTime":
			return jsonMember{does: keepMember, rename: `"createdTime"`}
		case "lastModifiedDateTime":
			return jsonMember{does: keepMember, rename: `"lastModifiedTime"`}
		case "createdBy":
			return jsonMember{does: identityMember, name: "createdBy", rename: `"createdByIdentity"`}
		case "lastModifiedBy":
			return jsonMember{does: identityMember, name: "lastModifiedBy", rename: `"lastModifiedByIdentity"`}
		}
	}
	switch string(name) {
	case "self", "sectionsUrl", "sectionGroupsUrl", "pagesUrl", "contentUrl", "resourceLocation", "href":
		return jsonMember{does: linkMember}
	case "@odata.context":
		return jsonMember{does: contextMember}
	case "@odata.nextLink":
		return jsonMember{does: nextLinkMember}
	case "previewImageUrl":
		return jsonMember{does: previewMember}
	case "status":
		if operation {
			return jsonMember{does: statusMember}
		}
	case "title", "name", "displayName", "previewText", "content", "message", // people wrote these
		"oneNoteWebUrl", "oneNoteClientUrl", "@api.url", // these lead elsewhere
		"createdByIdentity", "lastModifiedByIdentity", "user", "application", "device": // these have a displayName
		return jsonMember{does: keepMember}
	}
	return annotationMember(name)
}

// annotationMember returns what becomes of an annotation, such as
// parentNotebook@odata.context.
func annotationMember(name []byte) jsonMember {
	at := bytes.LastIndexByte(name, '@')
	if at < 0 {
		return jsonMember{}
	}
	switch string(name[at:]) {
	case "@odata.context":
		return jsonMember{does: contextMember, short: isParentMember(name[:at])}
	case "@odata.nextLink", "@odata.id", "@odata.editLink", "@odata.readLink", "@odata.mediaReadLink",
		"@odata.mediaEditLink", "@odata.navigationLink", "@odata.associationLink":
		return jsonMember{does: linkMember}
	}
	return jsonMember{}
}

func isParentMember(name []byte) bool {
	switch string(name) {
	case "parentNotebook", "parentSection", "parentSectionGroup":
		return true
	}
	return false
}

// appendShortParent writes what the OneNote API has in the context of a parent
// that was not asked for, and that it returns in a short form.
func appendShortParent(context []byte) []byte {
	const entity, short = "/$entity", "(id,name,self)"
	path, ok := bytes.CutSuffix(context, []byte(entity))
	if !ok || !isParentMember(path[bytes.LastIndexByte(path, '/')+1:]) {
		return context
	}
	return append(append(path, short...), entity...)
}

// appendStatus writes the status of an operation as the OneNote API does:
// "completed", "not started".
func appendStatus(dst, status []byte) []byte {
	for i, c := range status {
		if 'A' <= c && c <= 'Z' {
			if i > 0 && 'a' <= status[i-1] && status[i-1] <= 'z' {
				dst = append(dst, ' ')
			}
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}
