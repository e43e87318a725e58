// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/emulator/odata"
	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// NoRoute implements [odata.Face]. A segment that the data model does not have is
// an error of the gateway. What the model has but OneNote does not serve gets a
// response of OneNote's own web server, which has no error member.
func (face) NoRoute(x *odata.Exchange, i int) {
	switch s := x.Segments; {
	case x.Version == "":
		version := strings.Split(strings.TrimPrefix(x.R.URL.Path, "/"), "/")[0]
		badRequest(x, "Invalid version: "+version)
	case hasRoot(x) && len(s) > 0 && isOwnerWord(s[0]) && i >= len(s):
		x.Fail(http.StatusNotFound, "Request_ResourceNotFound", "Resource '"+s[len(s)-1]+"' does not exist or one of its queried reference-property objects are not present.")
	case hasRoot(x) && len(s) > 0:
		segmentNotFound(x, s[min(i, len(s)-1)])
	default:
		noRouteBelowRoot(x)
	}
}

// hasRoot reports whether the segments are the whole path.
func hasRoot(x *odata.Exchange) bool { return len(x.Segments) == len(odata.ParsePath(x.R).Segments) }

// noRouteBelowRoot responds to a path below the root. Every other segment of it is
// an id.
func noRouteBelowRoot(x *odata.Exchange) {
	for n := 0; n < len(x.Segments); n += 2 {
		if !inModel(x.Segments[n]) {
			segmentNotFound(x, x.Segments[n])
			return
		}
	}
	rest := make([]string, len(x.Segments))
	for n, segment := range x.Segments {
		rest[n] = url.PathEscape(segment)
	}
	uri := "https://www.onenote.com/api/" + x.Version + "/users" + odata.Key(userID(x.Token.Grant.Account)) + "/notes/" + strings.Join(rest, "/")
	x.WriteError(http.StatusNotFound, wire.Object{{"Message", "No HTTP resource was found that matches the request URI '" + uri + "'."}})
}

// segmentNotFound responds that the data model has no such segment.
func segmentNotFound(x *odata.Exchange, segment string) {
	badRequest(x, "Resource not found for the segment '"+segment+"'.")
}

func isOwnerWord(segment string) bool {
	switch strings.ToLower(segment) {
	case "me", "users", "groups", "sites":
		return true
	}
	return false
}

// inModel reports whether the model has a segment below the root.
func inModel(segment string) bool {
	switch strings.ToLower(segment) {
	case "notebooks", "sections", "sectiongroups", "pages", "resources", "operations",
		"content", "$value", "$count", "preview", "parentnotebook", "parentsection", "parentsectiongroup",
		"copynotebook", "copytonotebook", "copytosectiongroup", "copytosection", "onenotepatchcontent":
		return true
	}
	return false
}
