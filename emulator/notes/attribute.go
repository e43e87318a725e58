// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package notes

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// ResourceID returns the id of the resource that an attribute names, or "".
func ResourceID(value string) string {
	if id, found := strings.CutPrefix(value, OldResourceScheme); found {
		return id
	}
	id, found := strings.CutPrefix(value, resourceScheme)
	if !found {
		return ""
	}
	return id
}

// Attribute returns the value of an attribute, or "".
func Attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func setAttribute(n *html.Node, key, value string) {
	for i := range n.Attr {
		if n.Attr[i].Key == key {
			n.Attr[i].Val = value
			return
		}
	}
	n.Attr = append(n.Attr, html.Attribute{Key: key, Val: value})
}

func removeAttribute(n *html.Node, key string) {
	n.Attr = slices.DeleteFunc(n.Attr, func(a html.Attribute) bool { return a.Key == key })
}
