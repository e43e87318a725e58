// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"net/http"
	"strings"
	"time"
)

// oneNoteJSON is the content type of the service's JSON.
const oneNoteJSON = "application/json; odata.metadata=minimal; odata.streaming=true"

// fail answers with an error in the shape of the API.
func (c *call) fail(status int, code, message string) {
	o := object{{"code", code}, {"message", message}}
	if c.api == legacy {
		o = append(o, member{"@api.url", "https://aka.ms/onenote-errors#C" + code})
	} else {
		id := c.w.Header().Get("request-id")
		o = append(o, member{"innerError", object{
			{"date", c.e.clock().Format("2006-01-02T15:04:05")},
			{"request-id", id},
			{"client-request-id", id},
		}})
	}
	c.write(status, object{{"error", o}})
}

// write answers with JSON.
func (c *call) write(status int, o object) {
	h := c.w.Header()
	h.Set("Content-Type", oneNoteJSON)
	if c.api == graphAPI {
		h.Set("Content-Type", "application/json; odata.metadata=minimal; odata.streaming=true; IEEE754Compatible=false; charset=utf-8")
		o = graphNames(o)
	}
	h.Set("Cache-Control", "no-cache")
	c.w.WriteHeader(status)
	_, _ = c.w.Write(o.encode()) // a buffer never fails
}

func (c *call) notFound() {
	c.fail(http.StatusNotFound, "20102", "The specified resource ID does not exist.")
}

func (c *call) notImplemented(what string) {
	c.fail(http.StatusNotImplemented, "20111", "OData Feature not implemented. "+what+".")
}

// appOnlyEnd is when OneNote stopped to take tokens of apps without a person.
func appOnlyEnd() time.Time { return time.Date(2025, time.March, 31, 0, 0, 0, 0, time.UTC) }

const appOnlyMessage = "The request does not contain a valid authentication token. Detailed error information: To improve the security of our customers' data, this API will no longer support app-only tokens starting from March 31st 2025. Customers may still call these APIs using delegated (app+user) tokens. Please refer to this link: https://learn.microsoft.com/en-us/graph/auth-v2-user"

// authorize finds the token and checks that it is for this API. It answers
// 401 if not: for a missing, expired, revoked or foreign token alike.
func (c *call) authorize(a audience) bool {
	c.token = c.e.accessTokenOf(c.bearer())
	if c.token == nil || !c.token.opens(a) {
		c.unauthorized(a)
		return false
	}
	if c.token.grant.appOnly && !c.e.clock().Before(appOnlyEnd()) && a != oneDrive {
		c.fail(http.StatusUnauthorized, "40001", appOnlyMessage)
		return false
	}
	if c.r.Method != http.MethodGet && c.r.Method != http.MethodHead && !c.token.writes() {
		c.fail(http.StatusForbidden, "40004", "The OAuth token provided does not have the necessary scopes to complete the request.")
		return false
	}
	return true
}

// writes tells whether the token lets its holder change notes. On v1 the
// app's registration decides that, which here allows everything.
func (t *accessToken) writes() bool {
	return t.grant.provider == azureAD || writes(t.grant.scope)
}

func (c *call) unauthorized(a audience) {
	switch a {
	case graph:
		c.w.Header().Set("WWW-Authenticate", `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="`+graphAppID+`"`)
		c.fail(http.StatusUnauthorized, "InvalidAuthenticationToken", c.graphComplaint())
	case oneDrive:
		c.w.Header().Set("WWW-Authenticate", `Bearer realm="OneDriveAPI", error="invalid_token", error_description="Invalid auth token"`)
		c.write(http.StatusUnauthorized, object{{"error", object{{"code", "unauthenticated"}, {"message", "The caller is not authenticated."}}}})
	default:
		c.fail(http.StatusUnauthorized, "40001", "The request does not contain a valid auth token.")
	}
}

func (c *call) graphComplaint() string {
	switch {
	case c.bearer() == "":
		return "Access token is empty."
	case c.token != nil:
		return "Access token validation failure. Invalid audience."
	}
	return "Lifetime validation failed, the token is expired."
}

// graphNames writes an answer with Microsoft Graph's property names.
func graphNames(o object) object {
	renamed := make(object, 0, len(o))
	for _, m := range o {
		switch m.name {
		case "createdBy", "lastModifiedBy":
			continue // Graph has the identity in its place
		case "@odata.context":
		case "name":
			m.name = "displayName"
		default:
			m.name = graphName(m.name)
		}
		switch v := m.value.(type) {
		case object:
			m.value = graphNames(v)
		case []object:
			list := make([]object, len(v))
			for i := range v {
				list[i] = graphNames(v[i])
			}
			m.value = list
		}
		renamed = append(renamed, m)
	}
	return renamed
}

func graphName(name string) string {
	if s, found := strings.CutSuffix(name, "Identity"); found {
		return s
	}
	switch name {
	case "createdTime":
		return "createdDateTime"
	case "lastModifiedTime":
		return "lastModifiedDateTime"
	}
	return name
}
