// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package notes

import (
	"bytes"
	"fmt"
	"image/color"
	"time"
)

// SeedTime is the time at which the seed was made.
func SeedTime() time.Time { return time.Date(2017, time.April, 19, 18, 6, 31, 527e6, time.UTC) }

// seed fills a library with two notebooks, a section group, sections, pages with
// pictures in every form, an attachment, and a section that needs paging.
func (l *Library) seed() {
	now := SeedTime()
	first := l.AddNotebook("My Notebook", now)
	first.IsDefault = true
	quick := l.AddSection(first, nil, "Quick Notes", now)
	quick.IsDefault = true
	l.seedTour(quick)
	l.seedPictures(quick)
	l.seedText(quick)

	projects := l.AddGroup(first, nil, "Projects", now)
	plans := l.AddSection(first, projects, "Plans", now.AddDate(0, 0, -7))
	l.seedPage(plans, "Plan", "<p>Milestones and owners.</p>", nil)

	second := l.AddNotebook("Recipes & more", now)
	recipes := l.AddSection(second, nil, "Recipes", now.AddDate(0, -1, 0))
	for i := 1; i <= 24; i++ {
		l.seedPage(recipes, fmt.Sprintf("Recipe %02d", i), fmt.Sprintf("<p>Step one of recipe %d.</p><p>Step two.</p>", i), nil)
	}
	l.AddSection(second, nil, "Empty", now)
}

// seedPage adds a page that is an hour older than the page before it, so that lists,
// which begin with the latest change, keep this order.
func (l *Library) seedPage(s *Section, title, content string, parts map[string]Part) *Page {
	at := s.Created.Add(-time.Duration(len(s.Pages)) * time.Hour)
	im := &Importer{Library: l, Parts: parts, Now: at, Own: func(string) *Resource { return nil }}
	d, err := im.Parse("<html><head><title>" + escapeText(title) + "</title></head><body data-absolute-enabled=\"true\">" + content + "</body></html>")
	if err != nil {
		// Only an error in the text below causes this. The tests read every
		// page and would find it.
		d.title = "broken seed: " + err.Error()
	}
	return l.AddPage(s, d, at)
}

// seedTour adds a page with an attachment and with a picture whose web rendition
// and original are different files of different types.
func (l *Library) seedTour(s *Section) {
	sketch := drawing{width: 100, height: 62, from: color.RGBA{R: 20, G: 30, B: 90, A: 255}, to: color.RGBA{R: 240, G: 220, B: 180, A: 255}}
	l.seedPage(s, "Lighthouse Tour", `<div data-id="_default" style="`+defaultStyle+`">
<h1 style="font-size:16pt;color:#1e4e79;margin-top:11pt;margin-bottom:11pt">Harbor Walks 1: The Old Lighthouse</h1>
<p>First lit in the spring of 1871, on the north pier (Beacon 3)</p>
<br />
<p><span style="font-weight:bold">Keepers</span></p>
<table style="border:0px"><tr><td style="border:0px">Ada Pine</td><td style="border:0px">Head keeper</td></tr>
<tr><td style="border:0px">Ben Rill</td><td style="border:0px">Assistant</td></tr></table>
<img alt="A sketch of the lighthouse." width="400" height="248" src="name:web" data-fullres-src="name:original" />
<object data-attachment="keeper report.pdf" type="application/pdf" data="name:report"></object>
<p>Read more:</p>
<p><a href="https://en.wikipedia.org/wiki/Lighthouse">https://en.wikipedia.org/wiki/Lighthouse</a></p>
</div>`, map[string]Part{
		"web":      {MIME: "image/png", Data: drawPNG(sketch)},
		"original": {MIME: "image/jpeg", Data: drawJPEG(sketch)},
		"report":   {MIME: "application/pdf", Data: seedPDF()},
	})
}

// seedPictures adds a page with the other forms of pictures: split ones that share
// an id, a printout whose recognized text misleads programs that read HTML with
// regular expressions, one whose original has an address without a root, and one
// outside all boxes.
func (l *Library) seedPictures(s *Section) {
	blue := drawing{width: 96, height: 64, from: color.RGBA{R: 30, G: 90, B: 200, A: 255}, to: color.RGBA{R: 200, G: 230, B: 255, A: 255}}
	red := drawing{width: 64, height: 48, from: color.RGBA{R: 200, G: 40, B: 40, A: 255}, to: color.RGBA{R: 255, G: 220, B: 200, A: 255}}
	l.seedPage(s, "Pictures", `<div data-id="multi-component-image" style="`+defaultStyle+`">
<p>Split images:</p>
<img data-id="stripes" data-index="0" data-options="splitimage" src="name:top" />
<img data-id="stripes" data-index="1" data-options="splitimage" src="name:bottom" />
<p>A printout:</p>
<img alt="Garden Guide (Second Edition) > 1 SOIL
Search (at least 3 letters)
>
2 WATER, LIGHT, &amp; SHADE
&quot;Copy Link&quot; &lt;img src=x&gt;" data-options="printout" data-index="0" src="name:printout" data-old-root="true" />
</div>
<img alt="loose" style="position:absolute;left:700px;top:40px" width="64" height="48.5" src="name:loose" />`, map[string]Part{
		"top":      {MIME: "image/png", Data: drawPNG(blue)},
		"bottom":   {MIME: "image/png", Data: drawPNG(red)},
		"printout": {MIME: "image/jpeg", Data: drawJPEG(blue)},
		"loose":    {MIME: "image/gif", Data: drawGIF(red)},
	})
}

// seedText adds a page with drawings, whose text looks like addresses and markup.
// A proxy must not change it.
func (l *Library) seedText(s *Section) {
	p := l.seedPage(s, "Text & traps", `<div style="`+defaultStyle+`">
<p>An address in text: https://www.onenote.com/api/v1.0/me/notes/resources/0-abc/$value</p>
<p><a href="https://www.onenote.com/api/v1.0/me/notes/pages">and in a link</a></p>
<p data-tag="to-do:completed">Written &lt;img src="https://www.onenote.com/api/v1.0/resources/0-abc/$value"&gt;</p>
<iframe width="340" height="280" data-original-src="https://www.youtube.com/watch?v=emulator-01" src="https://www.youtube.com/embed/emulator-01?feature=oembed&amp;autoplay=true"></iframe>
</div><!-- InkNode is not supported -->`, nil)
	p.Ink = true
}

// seedPDF is a PDF file of one empty page, with comments that make it longer than
// one read.
func seedPDF() []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n")
	for i := range 600 {
		fmt.Fprintf(&b, "%% filling line %04d of the keeper report\n", i)
	}
	b.WriteString("1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n" +
		"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n" +
		"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\n" +
		"trailer<</Root 1 0 R>>\n%%EOF\n")
	return b.Bytes()
}
