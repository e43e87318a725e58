// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"net/http"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/emulator/backend"
	"github.com/caddy-onenote/caddy-onenote/emulator/notes"
	"github.com/caddy-onenote/caddy-onenote/emulator/odata"
	"github.com/caddy-onenote/caddy-onenote/emulator/person"
)

// Root implements [backend.NotesFace]. Responses say users/… where the request said
// me, and addresses of pictures have another form than all others.
func (f face) Root(x *backend.NotesExchange, s []string) (backend.Root, bool) {
	collection := strings.ToLower(s[0])
	if !isOwnerWord(collection) {
		x.NoRoute(0)
		return backend.Root{}, false
	}
	if !permitted(x, collection == "me" || collection == "users" && x.OwnerOf(s).Account == x.Token.Grant.Account) {
		return backend.Root{}, false
	}
	key := userName(x.Token.Grant.Account)
	switch collection {
	case "me":
		collection = "users"
	case "sites":
		id, ok := f.siteID(x, s[1])
		if !ok {
			return backend.Root{}, false
		}
		key = id
		s = []string{s[0], id}
	default:
		key = s[1]
	}
	escaped := odata.EscapeID(key)
	root := backend.Root{
		Path:     collection + "/" + escaped + "/onenote",
		Context:  collection + odata.Key(key) + "/onenote",
		Pictures: collection + "('" + escaped + "')/onenote",
		Owner:    x.OwnerOf(s),
	}
	if collection == "sites" {
		root.Pictures = "siteCollections/" + escaped + "/onenote" // which Graph itself does not serve
	}
	return root, true
}

// userName is the name of a person in addresses.
func userName(p person.Person) string {
	if p.Work() {
		return p.ObjectID()
	}
	return p.UserPrincipalName()
}

// userID is the id of a person.
func userID(p person.Person) string {
	if p.Work() {
		return p.ObjectID()
	}
	return strings.ToLower(p.CID())
}

// permitted reports whether the token is for notes, and, unless they are the
// person's own, for those of others. It responds with an error if not.
func permitted(x *backend.NotesExchange, own bool) bool {
	all := []string{"Notes.ReadWrite.All", "Notes.Read.All"}
	wanted := append([]string{"Notes.Read", "Notes.ReadWrite", "Notes.Create", "Notes.ReadWrite.CreatedByApp"}, all...)
	if !own {
		wanted = all
	}
	switch {
	case !x.Token.Grant.Account.Work() && x.Token.OfAllNotes():
		// The permissions are for work accounts. The message is not filled in.
		x.Fail(http.StatusUnauthorized, "40001", "The request does not contain a valid authentication token. Detailed error information: {0}")
	case !x.Token.Permits(wanted...):
		x.Fail(http.StatusForbidden, "40004", "The OAuth token provided does not have the necessary scopes to complete the request. Please make sure you are including one or more of the following scopes: "+
			strings.Join(wanted, ",")+" (you provided these scopes: "+x.Token.Grant.Scope+")")
	default:
		return true
	}
	return false
}

// siteID checks the id of a site: its host, the id of its site collection and its
// own. It responds with an error if there is no such site.
func (f face) siteID(x *backend.NotesExchange, id string) (string, bool) {
	if strings.EqualFold(id, "root") {
		site := f.backend.SiteAt(notes.DefaultHost, "")
		return site.Host + "," + site.Collection + "," + site.ID, true
	}
	parts := strings.Split(id, ",")
	if len(parts) != 3 || !strings.Contains(parts[0], ".") {
		x.Fail(http.StatusBadRequest, "invalidRequest", "Provided identifier is malformed - site id is not valid")
		return "", false
	}
	site := notes.SiteOwner(parts[1], parts[2])
	if host, known := f.backend.Store.HostOf(site); known && !strings.EqualFold(host, parts[0]) {
		itemNotFound(x.Exchange)
		return "", false
	}
	f.backend.Store.PlaceSite(site, parts[0])
	return id, true
}

func itemNotFound(x *odata.Exchange) {
	x.Fail(http.StatusNotFound, "itemNotFound", "Requested site could not be found")
}
