// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"strings"

	"github.com/caddy-onenote/caddy-onenote/proxy/graph/odata"
)

// properties are the names that may stand in a query or a context: those of the
// OneNote API, and those of Graph where they differ.
var properties = [...]struct{ legacy, graph string }{
	{"id", "id"},
	{"self", "self"},
	{"name", "displayName"},
	{"title", "title"},
	{"createdTime", "createdDateTime"},
	{"lastModifiedTime", "lastModifiedDateTime"},
	{"createdBy", "createdBy"},
	{"createdByIdentity", "createdBy"},
	{"lastModifiedBy", "lastModifiedBy"},
	{"lastModifiedByIdentity", "lastModifiedBy"},
	{"createdByAppId", "createdByAppId"},
	{"isDefault", "isDefault"},
	{"isShared", "isShared"},
	{"userRole", "userRole"},
	{"links", "links"},
	{"oneNoteClientUrl", "oneNoteClientUrl"},
	{"oneNoteWebUrl", "oneNoteWebUrl"},
	{"href", "href"},
	{"sectionsUrl", "sectionsUrl"},
	{"sectionGroupsUrl", "sectionGroupsUrl"},
	{"pagesUrl", "pagesUrl"},
	{"contentUrl", "contentUrl"},
	{"content", "content"},
	{"level", "level"},
	{"order", "order"},
	{"userTags", "userTags"},
	{"sections", "sections"},
	{"sectionGroups", "sectionGroups"},
	{"pages", "pages"},
	{"parentNotebook", "parentNotebook"},
	{"parentSection", "parentSection"},
	{"parentSectionGroup", "parentSectionGroup"},
	{"size", ""}, // Graph has none
	{"thumbnailUrl", ""},
}

// findProperty returns the index of a property by its name in the OneNote API, in
// any case of letters, or -1.
func findProperty(name string) int {
	for i, p := range properties {
		if strings.EqualFold(name, p.legacy) {
			return i
		}
	}
	return -1
}

// legacyProperty returns the name in the OneNote API of a property of Graph. Names
// that are equal in both, or are not known, stay.
func legacyProperty(name string) string {
	for _, p := range properties {
		if name == p.graph {
			return p.legacy
		}
	}
	return name
}

// legacySpelling returns the name in the OneNote API as that spells it. Names that
// are not known stay.
func legacySpelling(name string) string {
	if i := findProperty(name); i >= 0 {
		return properties[i].legacy
	}
	return name
}

// graphPath returns the path that a property has on Graph. Names that are not known
// stay, and Graph responds to them. It reports false for a property that Graph does
// not have.
func graphPath(path []string) (renamed []string, ok bool) {
	renamed = make([]string, len(path), len(path)+2)
	for i, name := range path {
		renamed[i] = name
		known := findProperty(name)
		if known < 0 {
			continue
		}
		if renamed[i] = properties[known].graph; renamed[i] == "" {
			return nil, false
		}
	}
	return renamed, true
}

// expressionNames are the names in $filter and $orderby.
var expressionNames = odata.Names{Property: expressionPath, Type: literalType}

// expressionPath returns the path of a property in an expression. What is a text in
// the OneNote API, the name of who has created or changed something, is an identity
// on Graph.
func expressionPath(path []string) (renamed []string, problem string) {
	renamed, ok := graphPath(path)
	if !ok {
		return nil, "Microsoft Graph has no property " + strings.Join(path, "/")
	}
	switch legacySpelling(path[len(path)-1]) {
	case "createdBy", "lastModifiedBy":
		renamed = append(renamed, "user", "displayName")
	}
	return renamed, ""
}

// literalType returns what stands in front of a quoted literal on Graph. It takes
// roles as texts: Microsoft.OneNote.Api.UserRole'Owner' is 'Owner'.
func literalType(name string) (renamed string, ok bool) {
	const legacy, graph = "microsoft.onenote.api.", "microsoft.graph."
	lower := strings.ToLower(name)
	switch {
	case strings.HasPrefix(lower, legacy):
		return "", true
	case strings.HasPrefix(lower, graph), lower == "duration":
		return name, true
	}
	return "", false
}
