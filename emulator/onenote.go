// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"net/http"
	"strings"
)

// serveOneNote answers the OneNote API, in the words of www.onenote.com or of
// Microsoft Graph.
func (c *call) serveOneNote() {
	switch {
	case c.segment(0) == "$metadata":
		c.serveMetadata()
		return
	case c.segment(0) == "$batch":
		c.serveBatch()
		return
	}
	if res := c.publicResource(); res != nil {
		c.servePublic(res)
		return
	}
	if !c.authorize(c.audience()) {
		return
	}
	if c.serveFromURL() || c.serveMe() {
		return
	}
	if !c.cutRoot() {
		c.notFound()
		return
	}
	if c.root.short() && c.token.grant.provider != live && c.token.grant.provider != anyProvider {
		c.fail(http.StatusBadRequest, "20150", "The request isn't valid for this authentication type. Use the ../me/notes/ path instead.")
		return
	}
	c.library = c.e.libraryOf(c.root.owner)
	c.route()
}

func (c *call) audience() audience {
	if c.api == graphAPI {
		return graph
	}
	return oneNote
}

// route answers what is below the root.
func (c *call) route() {
	switch c.segment(0) {
	case "notebooks":
		c.serveNotebooks()
	case "sectiongroups":
		c.serveGroups()
	case "sections":
		c.serveSections()
	case "pages":
		c.servePages()
	case "resources":
		c.serveResource()
	case "operations":
		c.serveOperation()
	case "classnotebooks", "staffnotebooks":
		c.notImplemented(c.segments[0])
	default:
		c.notFound()
	}
}

// id returns the i-th segment behind the root as it was sent, decoded.
func (c *call) id(i int) string {
	if i >= len(c.segments) {
		return ""
	}
	return c.segments[i]
}

// serveFromURL answers …/siteCollections/FromUrl(url='…').
func (c *call) serveFromURL() bool {
	s := c.segments
	if len(s) > 0 && strings.EqualFold(s[0], "myOrganization") {
		s = s[1:]
	}
	if len(s) < 2 || !strings.EqualFold(s[0], "siteCollections") || !strings.HasPrefix(strings.ToLower(s[1]), "fromurl(url='") {
		return false
	}
	site := strings.TrimSuffix(s[1][len("fromurl(url='"):], "')")
	if !strings.HasPrefix(site, "https://") {
		c.fail(http.StatusBadRequest, "20158", "Unable to get metadata for the site URL specified in the request. Check the format of the supplied URL.")
		return true
	}
	c.write(http.StatusOK, object{
		{"@odata.context", c.base() + "$metadata#Microsoft.OneNote.Api.SiteMetadata"},
		{"siteCollectionId", guidOf("site collection", site)},
		{"siteId", guidOf("site", site)},
	})
	return true
}

// serveMe answers Microsoft Graph's question who the token is for.
func (c *call) serveMe() bool {
	if c.api != graphAPI || len(c.segments) != 1 || c.segment(0) != "me" {
		return false
	}
	a := c.token.grant.account
	c.write(http.StatusOK, object{
		{"@odata.context", c.base() + "$metadata#users/$entity"},
		{"id", a.objectID()},
		{"userPrincipalName", a.userPrincipalName()},
		{"mail", a.userPrincipalName()},
	})
	return true
}

// serveMetadata answers with the model, which needs no token.
func (c *call) serveMetadata() {
	if !c.allow(http.MethodGet) {
		return
	}
	c.w.Header().Set("Content-Type", "application/xml")
	c.w.WriteHeader(http.StatusOK)
	_, _ = c.w.Write([]byte(metadataXML)) // a buffer never fails
}

const metadataXML = `<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
<Schema Namespace="Microsoft.OneNote.Api" xmlns="http://docs.oasis-open.org/odata/ns/edm">
<EntityType Name="Notebook"><Key><PropertyRef Name="id" /></Key><Property Name="id" Type="Edm.String" Nullable="false" /><Property Name="self" Type="Edm.String" /><Property Name="name" Type="Edm.String" /></EntityType>
<EntityType Name="Section"><Key><PropertyRef Name="id" /></Key><Property Name="id" Type="Edm.String" Nullable="false" /><Property Name="self" Type="Edm.String" /><Property Name="name" Type="Edm.String" /></EntityType>
<EntityType Name="Page"><Key><PropertyRef Name="id" /></Key><Property Name="id" Type="Edm.String" Nullable="false" /><Property Name="self" Type="Edm.String" /><Property Name="title" Type="Edm.String" /></EntityType>
</Schema></edmx:DataServices></edmx:Edmx>
`
