// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"net/http"
	"strings"
)

// A Route is what a request asks for. It decides what becomes of its query and body
// and of the response.
type Route int

// The routes. The zero Route is none of them.
const (
	Collection         Route = iota + 1 // GET of a list
	Entity                              // GET of one notebook, section group, section or page
	NewEntity                           // POST of a notebook, section group or section
	NewPage                             // POST of a page
	Removal                             // DELETE of a page
	PageContent                         // GET of a page's HTML
	PageCommands                        // changes to a page
	Preview                             // GET of a page's preview
	Resource                            // GET of the bytes of a picture or an attachment
	Operation                           // GET of the state of an operation
	Copy                                // POST of a copy, which begins an operation
	FromURL                             // GET of the ids of a SharePoint site
	NotebookFromWebURL                  // POST of a notebook's web address
	RecentNotebooks                     // GET of the notebooks that were opened last
	Batch                               // POST of several requests; it has no path on Graph
)

// methods are the routes of one path by method. Zero: there is none.
type methods struct{ get, post, patch, delete Route }

// of returns the route of a method, or zero.
func (m methods) of(method string) Route {
	switch method {
	case http.MethodGet, http.MethodHead:
		return m.get
	case http.MethodPost:
		return m.post
	case http.MethodPatch:
		return m.patch
	case http.MethodDelete:
		return m.delete
	}
	return 0
}

// A collection is one of the collections that both APIs have directly below a root.
// They are spelled equally.
type collection struct {
	name      string
	methods   methods  // of the collection itself
	entity    methods  // of an entity in it
	functions []member // bound to the collection
	members   []member // of an entity
}

// A member is what may follow a collection or the id of an entity.
type member struct {
	graph, legacy string
	methods       methods
	parameter     string // of the function, if it has one: a Boolean
	collection    bool   // it is one of the collections, of an entity's children
}

// collections is the only list of the paths below a root that can be translated.
var collections = [...]collection{
	{
		name:    "notebooks",
		methods: methods{get: Collection, post: NewEntity},
		entity:  methods{get: Entity},
		functions: []member{
			{graph: "getNotebookFromWebUrl", legacy: "GetNotebookFromWebUrl", methods: methods{post: NotebookFromWebURL}},
			{graph: "getRecentNotebooks", legacy: "GetRecentNotebooks", methods: methods{get: RecentNotebooks}, parameter: "includePersonalNotebooks"},
		},
		members: []member{children("sections", NewEntity), children("sectionGroups", NewEntity), copying("copyNotebook")},
	},
	{
		name:    "sectionGroups",
		methods: methods{get: Collection},
		entity:  methods{get: Entity},
		members: []member{
			children("sections", NewEntity), children("sectionGroups", NewEntity),
			parent("parentNotebook"), parent("parentSectionGroup"),
		},
	},
	{
		name:    "sections",
		methods: methods{get: Collection},
		entity:  methods{get: Entity},
		members: []member{
			children("pages", NewPage), copying("copyToNotebook"), copying("copyToSectionGroup"),
			parent("parentNotebook"), parent("parentSectionGroup"),
		},
	},
	{
		name:    "pages",
		methods: methods{get: Collection, post: NewPage},
		entity:  methods{get: Entity, delete: Removal},
		members: []member{
			same("content", methods{get: PageContent, patch: PageCommands}),
			same("$value", methods{get: PageContent}),
			same("onenotePatchContent", methods{post: PageCommands}),
			same("preview", methods{get: Preview}),
			copying("copyToSection"),
			parent("parentNotebook"), parent("parentSection"),
		},
	},
	{
		name: "resources",
		members: []member{
			// Graph has both, and $value is what it writes into pages itself.
			{graph: "$value", legacy: "$value", methods: methods{get: Resource}},
			{graph: "$value", legacy: "content", methods: methods{get: Resource}},
		},
	},
	{
		name:   "operations",
		entity: methods{get: Operation},
	},
}

func same(name string, m methods) member {
	return member{graph: name, legacy: name, methods: m}
}

func children(name string, post Route) member {
	return member{graph: name, legacy: name, methods: methods{get: Collection, post: post}, collection: true}
}

func parent(name string) member { return same(name, methods{get: Entity}) }

func copying(name string) member { return same(name, methods{post: Copy}) }

// collectionOf returns the collection of that name, in any case of letters, or nil.
func collectionOf(name string) *collection {
	for i := range collections {
		if strings.EqualFold(name, collections[i].name) {
			return &collections[i]
		}
	}
	return nil
}

func isCollectionName(name string) bool { return collectionOf(name) != nil }

// find returns the member that a segment names by its legacy name, in any case of
// letters, or nil. The names on Graph differ in nothing but case, except that
// resources have two there too.
func find(members []member, s segment) *member {
	if s.key {
		return nil
	}
	name := s.action()
	for i := range members {
		if strings.EqualFold(name, members[i].legacy) {
			return &members[i]
		}
	}
	return nil
}
