// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"net/url"
	"strings"
)

// timeFormat is how the service writes times: up to three digits of a second,
// and no trailing zeros.
const timeFormat = "2006-01-02T15:04:05.999Z"

// url makes an address below the request's root.
func (c *call) url(segments ...string) string {
	escaped := make([]string, len(segments))
	for i, s := range segments {
		escaped[i] = escapeID(s)
	}
	return c.base() + c.root.address(strings.Join(escaped, "/"))
}

// context makes the @odata.context of a path below the root, whose ids are
// written as keys.
func (c *call) context(path string) string {
	return c.base() + "$metadata#" + c.root.context + "/" + path
}

func (c *call) identity() object {
	return object{{"user", object{{"id", c.library.author.id}, {"displayName", c.library.author.name}}}}
}

// authorship is the members that say who made a thing.
func (c *call) authorship() object {
	name := c.library.author.name
	return object{
		{"createdBy", name},
		{"createdByIdentity", c.identity()},
		{"lastModifiedBy", name},
		{"lastModifiedByIdentity", c.identity()},
	}
}

func (c *call) notebookObject(n *notebook) object {
	o := object{
		{"id", n.id},
		{"self", c.url("notebooks", n.id)},
		{"createdTime", n.created.Format(timeFormat)},
		{"name", n.name},
	}
	o = append(o, c.authorship()...)
	return append(o, object{
		{"lastModifiedTime", n.modified.Format(timeFormat)},
		{"isDefault", n.isDefault},
		{"userRole", "Owner"},
		{"isShared", c.library.owner.shared != ""},
		{"sectionsUrl", c.url("notebooks", n.id, "sections")},
		{"sectionGroupsUrl", c.url("notebooks", n.id, "sectionGroups")},
		{"links", c.links(n.name, n.id)},
	}...)
}

// links are addresses of the people's apps, which are not this API's.
func (c *call) links(name, id string) object {
	cid := strings.ToLower(c.library.author.id)
	return object{
		{"oneNoteClientUrl", object{{"href", "onenote:https://d.docs.live.net/" + cid + "/Documents/" + url.PathEscape(name)}}},
		{"oneNoteWebUrl", object{{"href", "https://onedrive.live.com/redir.aspx?cid=" + cid + "&page=edit&resid=" + url.QueryEscape(id)}}},
	}
}

func (c *call) groupObject(g *sectionGroup) object {
	o := c.stampObject("sectionGroups", g.stamp)
	o = append(o,
		member{"sectionsUrl", c.url("sectionGroups", g.id, "sections")},
		member{"sectionGroupsUrl", c.url("sectionGroups", g.id, "sectionGroups")})
	return append(o, c.parents("sectionGroups", g.id, g.notebook, g.parent)...)
}

func (c *call) sectionObject(s *section) object {
	o := c.stampObject("sections", s.stamp)
	o = append(o,
		member{"isDefault", s.isDefault},
		member{"pagesUrl", c.url("sections", s.id, "pages")})
	return append(o, c.parents("sections", s.id, s.notebook, s.parent)...)
}

func (c *call) stampObject(collection string, s stamp) object {
	o := object{
		{"id", s.id},
		{"self", c.url(collection, s.id)},
		{"createdTime", s.created.Format(timeFormat)},
		{"name", s.name},
	}
	o = append(o, c.authorship()...)
	return append(o, member{"lastModifiedTime", s.modified.Format(timeFormat)})
}

// parents are the short forms of what a thing is in.
func (c *call) parents(collection, id string, n *notebook, g *sectionGroup) object {
	at := collection + keyOf(id)
	o := object{
		{"parentNotebook@odata.context", c.context(at + "/parentNotebook(id,name,self)/$entity")},
		{"parentNotebook", object{{"id", n.id}, {"name", n.name}, {"self", c.url("notebooks", n.id)}}},
		{"parentSectionGroup@odata.context", c.context(at + "/parentSectionGroup(id,name,self)/$entity")},
	}
	if g == nil {
		return append(o, member{"parentSectionGroup", nil})
	}
	return append(o, member{"parentSectionGroup", object{{"id", g.id}, {"name", g.name}, {"self", c.url("sectionGroups", g.id)}}})
}

func (c *call) pageObject(p *notePage) object {
	o := object{
		{"title", p.title},
		{"createdByAppId", "WLID-0000000048219837"},
		{"links", c.links(p.title, p.id)},
		{"contentUrl", c.url("pages", p.id, "content")},
		{"lastModifiedTime", p.modified.Format(timeFormat)},
		{"id", p.id},
		{"self", c.url("pages", p.id)},
		{"createdTime", p.created.Format(timeFormat)},
	}
	if c.options.is("pagelevel") {
		o = append(o, member{"level", p.level}, member{"order", p.order})
	}
	return append(o,
		member{"parentSection@odata.context", c.context("pages" + keyOf(p.id) + "/parentSection(id,name,self)/$entity")},
		member{"parentSection", object{{"id", p.section.id}, {"name", p.section.name}, {"self", c.url("sections", p.section.id)}}})
}

// expand adds the children that the expand option asks for. Nested options
// are read for their own expand only.
func (c *call) expand(o object, path string, children container, wanted string) object {
	for _, item := range splitList(wanted) {
		name, nested, _ := strings.Cut(item, "(")
		deeper := strings.TrimSuffix(nested, ")")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "sections":
			o = append(o, member{"sections@odata.context", c.context(path + "/sections")}, member{"sections", mapList(children.sections, c.sectionObject)})
		case "sectiongroups":
			o = append(o, member{"sectionGroups@odata.context", c.context(path + "/sectionGroups")},
				member{"sectionGroups", mapList(children.groups, func(g *sectionGroup) object {
					return c.expand(c.groupObject(g), path+"/sectionGroups"+keyOf(g.id), g.container, nestedExpand(deeper, wanted))
				})})
		}
	}
	return o
}

// nestedExpand reads the expand option of nested options; levels=max repeats
// the outer one.
func nestedExpand(options, outer string) string {
	for _, o := range strings.Split(options, ";") {
		name, value, _ := strings.Cut(strings.TrimPrefix(o, "$"), "=")
		switch {
		case strings.EqualFold(name, "expand"):
			return value
		case strings.EqualFold(name, "levels"):
			return outer
		}
	}
	return ""
}

// splitList splits at commas that are not inside of parentheses.
func splitList(s string) []string {
	var items []string
	depth, start := 0, 0
	for i := 0; i <= len(s); i++ {
		switch {
		case i < len(s) && s[i] == '(':
			depth++
		case i < len(s) && s[i] == ')':
			depth--
		case i == len(s), s[i] == ',' && depth == 0:
			if item := strings.TrimSpace(s[start:i]); item != "" {
				items = append(items, item)
			}
			start = i + 1
		}
	}
	return items
}

func mapList[T any](list []*T, of func(*T) object) []object {
	objects := make([]object, 0, len(list))
	for _, item := range list {
		objects = append(objects, of(item))
	}
	return objects
}
