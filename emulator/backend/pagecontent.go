// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package backend

import (
	"net/http"
	"strings"

	"golang.org/x/net/html"

	"github.com/caddy-onenote/caddy-onenote/emulator/mint"
	"github.com/caddy-onenote/caddy-onenote/emulator/notes"
)

// writePageContent responds with the HTML of a page. With preAuthenticated=true its
// pictures become public for an hour, if the face permits it. With includeInkML, a
// page with drawings is a multipart response.
func (x *NotesExchange) writePageContent(p *notes.Page) {
	public := x.Query.Is("preauthenticated") && x.notesTraits.PublicPictures
	if public {
		x.publishPictures(p)
	}
	w := &notes.PageWriter{Page: p, IncludeIDs: x.Query.Is("includeids"), Address: x.addresser(public)}
	content := w.Write()
	h := x.W.Header()
	h.Set("Cache-Control", "no-cache")
	if x.Query.Is("includeinkml") && p.Ink {
		boundary := "Part_" + mint.Hex(12, p.ID)
		h.Set("Content-Type", `multipart/mixed; boundary="`+boundary+`"`)
		content = inkParts(boundary, content)
	} else {
		h.Set("Content-Type", "text/html; charset=utf-8")
	}
	x.W.WriteHeader(http.StatusOK)
	_, _ = x.W.Write([]byte(content)) // a buffer never fails
}

// inkParts returns a page with drawings: HTML, then InkML.
func inkParts(boundary, content string) string {
	return strings.Join([]string{
		"--" + boundary,
		"Content-Type: text/html",
		`Content-Disposition: form-data; name="presentation"`,
		"",
		content,
		"--" + boundary,
		"Content-Type: application/inkml+xml",
		"",
		`<?xml version="1.0" encoding="utf-8"?>`,
		`<inkml:ink xmlns:inkml="http://www.w3.org/2003/InkML"><inkml:trace xml:id="st0">10 10, 20 12</inkml:trace></inkml:ink>`,
		"--" + boundary + "--",
		"",
	}, "\r\n")
}

func (x *NotesExchange) publishPictures(p *notes.Page) {
	for _, n := range p.Pictures() {
		for _, key := range []string{"src", "data-fullres-src"} {
			if res := x.Library.Resources[notes.ResourceID(notes.Attribute(n, key))]; res != nil {
				x.store.Publish(res)
			}
		}
	}
}

// addresser returns the function that makes the addresses of resources in a page.
func (x *NotesExchange) addresser(public bool) func(*html.Node, html.Attribute) string {
	return func(n *html.Node, a html.Attribute) string {
		address := x.resourceAddress(notes.ResourceID(a.Val), strings.HasPrefix(a.Val, notes.OldResourceScheme))
		if !public || n.Data != "img" {
			return address + "/$value" // attachments are never public
		}
		return publicAddress(address, notes.Attribute(n, typeAttribute(a.Key)))
	}
}

// typeAttribute is the attribute with the type of the resource in an attribute.
func typeAttribute(key string) string {
	if key == "src" {
		return "data-src-type"
	}
	return key + "-type"
}
