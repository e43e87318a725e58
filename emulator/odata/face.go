// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package odata

import (
	"github.com/caddy-onenote/caddy-onenote/emulator/grant"
	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// ContentType is the content type of the service's JSON.
const ContentType = "application/json; odata.metadata=minimal; odata.streaming=true"

// Traits are the constants of an API.
type Traits struct {
	// Audience is what access tokens must be for.
	Audience grant.Audience
	// Prefix precedes the version in paths. It is /api or empty.
	Prefix string
	// RequestID is the response header field with the id of the request.
	RequestID string
	// ContentType is the content type of JSON responses.
	ContentType string
	// Name is the property that holds the name of an entity.
	Name string
	// ErrorType is the content type of error responses. Default: ContentType.
	ErrorType string
	// ClientRequestID is the request header field whose value the response
	// repeats, or empty if the field RequestID does that.
	ClientRequestID string
	// TopEndsList is set if a list that was requested with the option top has no
	// nextLink.
	TopEndsList bool
	// SelectInContext is set if contexts show the properties that $select names.
	SelectInContext bool
	// ByName is set if lists are in the order of names, unless the client wants
	// another one. Lists of pages are not.
	ByName bool
	// Aliases are other names of properties, which $filter and $orderby may use.
	Aliases map[string]string
	// MaxBody is the largest request body in bytes, or 0 for the largest that any
	// API accepts.
	MaxBody int64
	// PeopleOnly is set if the API rejects app-only tokens since March 2025.
	PeopleOnly bool
}

// Face is what distinguishes an API from the others.
type Face interface {
	Traits() Traits
	// Error makes the error member of an error response.
	Error(x *Exchange, code, message string) wire.Object
	// Unauthorized responds to a request whose token is missing or not valid.
	Unauthorized(x *Exchange)
	// NoRoute responds to a path whose segment i leads nowhere.
	NoRoute(x *Exchange, i int)
	// TooLarge responds to a request whose body is larger than MaxBody.
	TooLarge(x *Exchange)
}
