// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import "strings"

// The data model of Graph, as far as query options name it. Types are in the
// metadata of v1.0.

// propertiesOf returns the properties of a type with their own types, which are
// empty for texts, numbers and times.
func propertiesOf(typeName string) map[string]string {
	entity := map[string]string{
		"id": "", "self": "", "createddatetime": "",
	}
	with := func(more map[string]string) map[string]string {
		for name, of := range more {
			entity[name] = of
		}
		return entity
	}
	named := func(more map[string]string) map[string]string {
		with(map[string]string{
			"displayname": "", "lastmodifieddatetime": "", "createdby": "identitySet", "lastmodifiedby": "identitySet",
		})
		return with(more)
	}
	switch typeName {
	case "notebook":
		return named(map[string]string{
			"isdefault": "", "userrole": "", "isshared": "", "sectionsurl": "", "sectiongroupsurl": "", "links": "notebookLinks",
			"sections": "onenoteSection", "sectiongroups": "sectionGroup",
		})
	case "sectionGroup":
		return named(map[string]string{
			"sectionsurl": "", "sectiongroupsurl": "", "sections": "onenoteSection", "sectiongroups": "sectionGroup",
			"parentnotebook": "notebook", "parentsectiongroup": "sectionGroup",
		})
	case "onenoteSection":
		return named(map[string]string{
			"isdefault": "", "links": "notebookLinks", "pagesurl": "", "pages": "onenotePage",
			"parentnotebook": "notebook", "parentsectiongroup": "sectionGroup",
		})
	case "onenotePage":
		return with(map[string]string{
			"title": "", "createdbyappid": "", "links": "notebookLinks", "contenturl": "", "content": "", "lastmodifieddatetime": "",
			"level": "", "order": "", "usertags": "", "parentsection": "onenoteSection", "parentnotebook": "notebook",
		})
	case "recentNotebook":
		return map[string]string{"displayname": "", "lastaccessedtime": "", "links": "notebookLinks", "sourceservice": ""}
	case "identitySet":
		return map[string]string{"application": "identity", "device": "identity", "user": "identity"}
	case "identity":
		return map[string]string{"displayname": "", "id": ""}
	case "notebookLinks":
		return map[string]string{"onenoteclienturl": "externalLink", "onenoteweburl": "externalLink"}
	case "externalLink":
		return map[string]string{"href": ""}
	}
	return nil
}

// hasProperty reports whether a path leads from a type to a property.
func hasProperty(typeName, path string) bool {
	for _, name := range strings.Split(path, "/") {
		next, ok := propertiesOf(typeName)[strings.ToLower(name)]
		if !ok {
			return false
		}
		typeName = next
	}
	return true
}

// expands returns the type that a navigation property leads to. Pages are not
// expanded.
func expands(typeName, name string) (string, bool) {
	switch strings.ToLower(name) {
	case "sections", "sectiongroups", "parentnotebook", "parentsection", "parentsectiongroup":
		next, ok := propertiesOf(typeName)[strings.ToLower(name)]
		return next, ok
	}
	return "", false
}

// typeAt returns the type of the entities at a path, or "" if it leads to none.
func typeAt(segments []string) string {
	for i := len(segments) - 1; i >= max(0, len(segments)-2); i-- {
		switch name := strings.ToLower(segments[i]); {
		case strings.HasPrefix(name, "getrecentnotebooks"):
			return "recentNotebook"
		case name == "notebooks":
			return "notebook"
		case name == "sectiongroups":
			return "sectionGroup"
		case name == "sections":
			return "onenoteSection"
		case name == "pages":
			return "onenotePage"
		case i == len(segments)-1 && isTail(name):
			return ""
		}
	}
	return ""
}

// isTail reports whether a segment leads from an entity to something else.
func isTail(name string) bool {
	switch name {
	case "content", "$value", "preview":
		return true
	}
	return strings.HasPrefix(name, "copy")
}
