// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"net/url"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
)

// siteFromURL returns the path on Microsoft Graph of the site whose address is the
// argument of FromUrl(url='…'):
//
//	url='https://contoso.sharepoint.com/sites/a b'  →  sites/contoso.sharepoint.com:/sites/a%20b
//
// A colon ends the path of the site, so that it can hold none. The query and the
// fragment of the address say nothing about the site.
func siteFromURL(argument string) (path string, problem *problem) {
	text, ok := cutURLArgument(argument)
	if !ok {
		return "", fromURLProblem("its argument is missing")
	}
	u, err := url.Parse(text)
	if err != nil {
		return "", fromURLProblem("the address cannot be read")
	}
	if u.Scheme != "https" || u.User != nil || u.Port() != "" && u.Port() != "443" || !isHostname(u.Hostname()) {
		return "", fromURLProblem("the address does not begin with https:// and the host of a SharePoint site")
	}
	b := append([]byte("sites/"), strings.ToLower(u.Hostname())...)
	sitePath := strings.Trim(u.Path, "/")
	if sitePath == "" {
		return string(b), nil
	}
	b = append(b, ':')
	for part := range strings.SplitSeq(sitePath, "/") {
		if part == "" || part == "." || part == ".." || strings.ContainsAny(part, `\:%?#;`) || strings.ContainsFunc(part, isControl) {
			return "", fromURLProblem("the path of the address holds a part that no SharePoint site has")
		}
		b = appendID(append(b, '/'), part, "")
	}
	return string(b), nil
}

// cutURLArgument returns the text of the argument url='…'.
func cutURLArgument(argument string) (text string, ok bool) {
	name, value, _ := strings.Cut(argument, "=")
	if !strings.EqualFold(strings.TrimSpace(name), "url") {
		return "", false
	}
	return literal(strings.TrimSpace(value))
}

func fromURLProblem(what string) *problem {
	return &problem{apierror.BadPath, "FromUrl: " + what + "; write FromUrl(url='https%3A%2F%2Fcontoso.sharepoint.com%2Fsites%2Fname')"}
}
