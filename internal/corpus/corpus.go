// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package corpus makes the pages and lists that the rewriters are measured with.
//
// They have the shape of the OneNote API's responses and are the same bytes every
// time: only the generator and its seeds are stored. None of it is a real note.
package corpus

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// A Page is a page to measure with.
type Page struct {
	Name string
	Size int // at least
	Kind func(*Writer)
}

// Pages are all pages, from ordinary ones to those of a single kind of content.
var Pages = [...]Page{
	{"small", 5 << 10, (*Writer).mixed},
	{"mixed", 120 << 10, (*Writer).mixed},
	{"text", 1 << 20, (*Writer).text},
	{"tables", 1 << 20, (*Writer).table},
	{"divs", 1 << 20, (*Writer).div},
	{"images", 1 << 20, (*Writer).image},
	{"ink", 2 << 20, (*Writer).ink},
	{"data", 4 << 20, (*Writer).data},
	{"mixed20m", 20 << 20, (*Writer).mixed},
}

// Named returns the page of that name.
func Named(name string) []byte {
	for _, p := range Pages {
		if p.Name == name {
			return p.Bytes()
		}
	}
	return nil
}

// Bytes returns the page.
func (p Page) Bytes() []byte {
	w := newWriter(p.Size)
	w.str("<html lang=\"en-US\">\n\t<head>\n\t\t<title>")
	w.words(4)
	w.str("</title>\n\t\t<meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\" />\n" +
		"\t\t<meta name=\"created\" content=\"2026-04-18T22:18:00.0000000\" />\n\t</head>\n" +
		"\t<body data-absolute-enabled=\"true\" style=\"font-family:Calibri;font-size:11pt\">\n")
	for len(w.b) < p.Size {
		p.Kind(w)
	}
	w.str("\t</body>\n</html>\n")
	return w.b
}

// A Writer writes a page, the same every time.
type Writer struct {
	b    []byte
	rand *rand.Rand
}

func newWriter(size int) *Writer {
	return &Writer{b: make([]byte, 0, size+size/8+4096), rand: rand.New(rand.NewPCG(2016, 3))}
}

func (w *Writer) str(s string) { w.b = append(w.b, s...) }

func (w *Writer) printf(format string, args ...any) { w.b = fmt.Appendf(w.b, format, args...) }

func (w *Writer) one(of ...string) string { return of[w.rand.IntN(len(of))] }

var vocabulary = strings.Fields(`the of and meeting notes project plan review to a in is agenda decision
	follow up next week budget draft design Überblick naïve 国考 мир who what question answer list idea
	remember &amp; &quot;quoted&quot; &#8211; 12.5 2026 Q3 v1.0 onenote`)

func (w *Writer) words(n int) {
	for i := range n {
		if i > 0 {
			w.str(" ")
		}
		w.str(w.one(vocabulary...))
	}
}

func (w *Writer) id() string {
	return fmt.Sprintf("0-%016x%016x!1-%016X!%d", w.rand.Uint64(), w.rand.Uint64(), w.rand.Uint64(), w.rand.IntN(400000))
}

func (w *Writer) mixed() {
	switch n := w.rand.IntN(10); {
	case n < 6:
		w.text()
	case n < 8:
		w.image()
	case n < 9:
		w.table()
	default:
		w.inkOf(400)
		w.object()
	}
}

func (w *Writer) text() {
	w.str("\t\t\t<p style=\"margin-top:0pt;margin-bottom:0pt\">")
	for range 1 + w.rand.IntN(4) {
		w.words(3 + w.rand.IntN(12))
		w.printf(" <span style=\"font-weight:bold;color:#%06x\">", w.rand.IntN(1<<24))
		w.words(1 + w.rand.IntN(4))
		w.str("</span> ")
		if w.rand.IntN(4) == 0 {
			w.str("<a href=\"https://www.example.com/a?b=c&amp;d=e\">")
			w.words(2)
			w.str("</a> ")
		}
	}
	w.str("</p>\n")
	if w.rand.IntN(3) == 0 {
		w.str("\t\t\t<br />\n")
	}
}

func (w *Writer) table() {
	w.str("<table style=\"border:1px solid;border-collapse:collapse\">\n")
	for range 2 + w.rand.IntN(6) {
		w.str("<tr>\n")
		for range 2 + w.rand.IntN(4) {
			w.str("<td style=\"border:1px solid\">")
			if w.rand.IntN(8) == 0 {
				w.str("<table><tr><td>x</td></tr></table>")
			}
			w.words(1 + w.rand.IntN(3))
			w.str("</td>\n")
		}
		w.str("</tr>\n")
	}
	w.str("</table>\n")
}

func (w *Writer) div() {
	w.printf("<div style=\"position:absolute;left:%dpx;top:%dpx;width:%dpx\"><p>",
		w.rand.IntN(900), w.rand.IntN(90000), w.rand.IntN(900))
	w.words(2 + w.rand.IntN(8))
	w.str("</p></div>\n")
}

func (w *Writer) root() string {
	return w.one("me/notes/", "me/notes/", "me/notes/", "", "users('user@example.com')/notes/",
		"groups('7eb70cc1-0000-4000-8000-000000000000')/notes/",
		"myOrganization/siteCollections/cc999b8c-7b3b-42fa-8b78-853029dd094f/sites/4a38c317-8bb1-426f-b9df-b87ce88e724d/notes/")
}

// imageURL returns the URL of a picture: one in eight on another host, one in
// eight already public.
func (w *Writer) imageURL(typ string) string {
	host := "www.onenote.com"
	end := w.one("$value", "$value", "content")
	switch w.rand.IntN(8) {
	case 0:
		host = "pictures.example.com"
	case 1:
		end = "content?publicAuth=true" + w.one("&amp;", "&") + "mimeType=" + typ
	}
	return "https://" + host + "/api/" + w.one("v1.0", "v1.0", "beta") + "/" + w.root() + "resources/" + w.id() + "/" + end
}

func (w *Writer) image() {
	typ, full := w.one("image/png", "image/jpeg"), w.one("image/png", "image/jpeg", "image/svg+xml")
	w.str("\t\t\t<img ")
	if w.rand.IntN(3) == 0 {
		w.str("alt=\"")
		w.words(w.rand.IntN(20))
		w.str("\" ")
	}
	w.printf("width=\"%d\" height=\"%d.5\" src=\"%s\" data-src-type=\"%s\" data-fullres-src=\"%s\" data-fullres-src-type=\"%s\" />\n",
		w.rand.IntN(2000), w.rand.IntN(2000), w.imageURL(typ), typ, w.imageURL(full), full)
}

func (w *Writer) object() {
	w.printf("\t\t\t<object data-attachment=\"slides.pdf\" type=\"application/pdf\" data=\"%s\" />\n", w.imageURL("x/y"))
}

func (w *Writer) ink() { w.inkOf(8000) }

// inkOf writes ink in a comment, as the API does, with an img tag in it that must
// not count as a picture.
func (w *Writer) inkOf(points int) {
	w.str("<!-- <inkml:ink><inkml:trace xml:id=\"st0\">")
	for range points {
		w.printf("%d %d, ", w.rand.IntN(30000), w.rand.IntN(30000))
	}
	w.printf("</inkml:trace></inkml:ink> <img src=\"%s\"> -->\n", w.imageURL("image/png"))
}

// data writes a picture as a data: URI.
func (w *Writer) data() {
	const base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	w.str("<img src=\"data:image/png;base64,")
	for range 70_000 + w.rand.IntN(260_000) {
		w.b = append(w.b, base64[w.rand.IntN(len(base64))])
	}
	w.printf("\" data-fullres-src=\"%s\">\n", w.imageURL("image/png"))
}
