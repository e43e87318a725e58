// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"strconv"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
)

// A problem is why a path cannot be mapped.
type problem struct {
	cause   apierror.Cause
	message string
}

// err returns the error response for it.
func (p *problem) err() *apierror.Error {
	return &apierror.Error{Cause: p.cause, Message: p.message}
}

// unknownAt is the problem of a segment that Microsoft Graph has nothing like.
func unknownAt(s segment) *problem {
	name := s.action()
	return &problem{apierror.NotTranslatable, strconv.Quote(name) + " is not available in translation mode: " + reasonOf(name)}
}

// endsEarly is the problem of a path that ends before it names anything.
func endsEarly() *problem {
	return &problem{apierror.NotTranslatable, "the path ends before it names anything that is available in translation mode: expected a notebook, section group, section, page, resource or operation"}
}

// unknownVersion is the problem of a path that is not the OneNote API's.
func unknownVersion() *problem {
	return &problem{apierror.NotTranslatable, "the path is not available in translation mode: expected /api/v1.0/ or /api/beta/ at its beginning"}
}

// malformedAt is the problem of a segment that must be an id and cannot be one.
func malformedAt(s segment) *problem {
	return &problem{apierror.BadPath, strconv.Quote(s.text) + " in the path is no id: write the id exactly as the API has sent it, percent-encoded once"}
}

// argumentProblem is the problem of a function whose argument is missing or wrong.
func argumentProblem(m *member) *problem {
	if m.parameter == "" {
		return &problem{apierror.BadPath, strconv.Quote(m.legacy) + " in the path takes no arguments: remove the parentheses"}
	}
	return &problem{apierror.BadPath, strconv.Quote(m.legacy) + " in the path needs its argument: write " + m.legacy + "(" + m.parameter + "=true) or false"}
}

// methodProblem is the problem of a method that Microsoft Graph does not take for
// what the path names.
func methodProblem(method string, p place) *problem {
	what := p.collection.name
	switch {
	case p.member != nil:
		what = p.member.legacy
	case p.id != "":
		what += "/{id}"
	}
	problem := wrongMethod(method, what)
	if method == "DELETE" && p.id != "" && p.member == nil {
		problem.message += "; delete its file in OneDrive or SharePoint instead"
	}
	return problem
}

func wrongMethod(method, what string) *problem {
	return &problem{apierror.NotTranslatable, method + " of " + strconv.Quote(what) + " is not available in translation mode: Microsoft Graph has no such operation on OneNote"}
}

// unknownHost is the problem of a site whose host is not known yet.
func unknownHost(siteCollection string) *problem {
	return &problem{apierror.NotTranslatable, "siteCollections/" + siteCollection + " is not available in translation mode: Microsoft Graph needs the site's host, which no response has named yet; write sharepoint_host <host> in the configuration, or call FromUrl for the site first"}
}

func malformedPath() *problem {
	return &problem{apierror.BadPath, "the path cannot be read: a segment is empty, or a parenthesis or quotation mark has no counterpart"}
}

// reasonOf says what to do about a name that has no equivalent.
func reasonOf(name string) string {
	for _, r := range [...]struct{ name, reason string }{
		{"GetNotebooksFromWebUrls", "call GetNotebookFromWebUrl for each address instead"},
		{"$metadata", "the data model of the OneNote API is not that of Microsoft Graph"},
		{"permissions", "share the notebook in OneDrive or SharePoint instead"},
	} {
		if strings.EqualFold(name, r.name) {
			return r.reason
		}
	}
	return "Microsoft Graph has nothing like it"
}
