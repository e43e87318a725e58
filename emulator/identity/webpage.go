// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package identity

import (
	_ "embed"
	"html"
	"net/http"
)

// style is the style sheet of all pages. It is part of each page, so that a page
// loads nothing else.
//
//go:embed style.css
var style string

// icon is an inline picture: without one, browsers request /favicon.ico.
const icon = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E" +
	"%3Crect width='16' height='16' rx='4' fill='%230a5cad'/%3E%3Ccircle cx='8' cy='6' r='2.6' fill='%23fff'/%3E" +
	"%3Cpath d='M3 13a5 4.2 0 0 1 10 0z' fill='%23fff'/%3E%3C/svg%3E"

// page makes a web page for people. body is HTML.
func page(title, body string) string {
	return document(title, `<main>
<p class="brand">Emulator <span>in place of Microsoft’s sign-in</span></p>
`+body+`
</main>
<footer>No password is asked for, and no real account is touched.</footer>`)
}

// notice makes a page that says one thing, in a text that is not HTML.
func notice(title, text string) string {
	return page(title, "<h1>"+html.EscapeString(title)+"</h1>\n<p>"+html.EscapeString(text)+"</p>")
}

// blankPage is the page on which sign-ins of native apps end. Microsoft's is empty.
func blankPage() string { return document("", "") }

func document(title, body string) string {
	return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n" +
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n" +
		"<meta name=\"color-scheme\" content=\"light dark\">\n" +
		"<link rel=\"icon\" href=\"" + icon + "\">\n" +
		"<title>" + html.EscapeString(title) + "</title>\n<style>\n" + style + "</style>\n</head>\n<body>\n" + body + "\n</body>\n</html>\n"
}

func writePage(w http.ResponseWriter, status int, page string) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store, no-cache")
	h.Set("X-Frame-Options", "DENY")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(page)) // a buffer never fails
}
