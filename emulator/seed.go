// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"bytes"
	"fmt"
	"image/color"
	"time"
)

// seedTime is when the seed was made.
func seedTime() time.Time { return time.Date(2017, time.April, 19, 18, 6, 31, 527e6, time.UTC) }

// seed fills a library: two notebooks, a section group, sections, pages with
// pictures in every form, an attachment, and a section that needs paging.
func (l *library) seed() {
	now := seedTime()
	first := l.addNotebook("My Notebook", now)
	first.isDefault = true
	quick := l.addSection(first, nil, "Quick Notes", now)
	quick.isDefault = true
	l.seedMoon(quick)
	l.seedPictures(quick)
	l.seedText(quick)

	projects := l.addGroup(first, nil, "Projects", now)
	plans := l.addSection(first, projects, "Plans", now.AddDate(0, 0, -7))
	l.seedPage(plans, "Plan", "<p>Milestones and owners.</p>", nil)

	second := l.addNotebook("Recipes & more", now)
	recipes := l.addSection(second, nil, "Recipes", now.AddDate(0, -1, 0))
	for i := 1; i <= 24; i++ {
		l.seedPage(recipes, fmt.Sprintf("Recipe %02d", i), fmt.Sprintf("<p>Step one of recipe %d.</p><p>Step two.</p>", i), nil)
	}
	l.addSection(second, nil, "Empty", now)
}

// seedPage adds a page that is an hour older than the one before it, so that
// lists, which begin with what changed last, show them in this order.
func (l *library) seedPage(s *section, title, content string, parts map[string]part) *notePage {
	at := s.created.Add(-time.Duration(len(s.pages)) * time.Hour)
	im := &importer{library: l, parts: parts, now: at, own: func(string) *resource { return nil }}
	d, err := im.parse("<html><head><title>" + escapeText(title) + "</title></head><body data-absolute-enabled=\"true\">" + content + "</body></html>")
	if err != nil {
		// Only a mistake in the text below can cause this; the tests read
		// every page, so it would not get far.
		d.title = "broken seed: " + err.Error()
	}
	return l.addPage(s, d, at)
}

// seedMoon adds a page with an attachment and with one picture whose web
// rendition and original are different files of different types.
func (l *library) seedMoon(s *section) {
	stamp := drawing{width: 100, height: 62, from: color.RGBA{R: 20, G: 30, B: 90, A: 255}, to: color.RGBA{R: 240, G: 220, B: 180, A: 255}}
	l.seedPage(s, "Sample Study Notes", `<div data-id="_default" style="`+defaultStyle+`">
<h1 style="font-size:16pt;color:#1e4e79;margin-top:11pt;margin-bottom:11pt">American History 101: Moon Landing</h1>
<p>First moon landing - July 20, 1969 with Apollo 11 (Eagle)</p>
<br />
<p><span style="font-weight:bold">Apollo 11 Astronauts</span></p>
<table style="border:0px"><tr><td style="border:0px">Neil Armstrong</td><td style="border:0px">Commander</td></tr>
<tr><td style="border:0px">Buzz Aldrin</td><td style="border:0px">LM Pilot</td></tr></table>
<img alt="Apollo 11 commemorative stamp." width="400" height="248" src="name:web" data-fullres-src="name:original" />
<object data-attachment="mission report.pdf" type="application/pdf" data="name:report"></object>
<p>References:</p>
<p><a href="https://en.wikipedia.org/wiki/Apollo_11">https://en.wikipedia.org/wiki/Apollo_11</a></p>
</div>`, map[string]part{
		"web":      {mime: "image/png", data: drawPNG(stamp)},
		"original": {mime: "image/jpeg", data: drawJPEG(stamp)},
		"report":   {mime: "application/pdf", data: seedPDF()},
	})
}

// seedPictures adds a page with the other forms of pictures: split ones that
// share an id, a printout whose recognised text would mislead who reads HTML
// with patterns, one whose original is addressed by the short root, and one
// that stands outside of all boxes.
func (l *library) seedPictures(s *section) {
	blue := drawing{width: 96, height: 64, from: color.RGBA{R: 30, G: 90, B: 200, A: 255}, to: color.RGBA{R: 200, G: 230, B: 255, A: 255}}
	red := drawing{width: 64, height: 48, from: color.RGBA{R: 200, G: 40, B: 40, A: 255}, to: color.RGBA{R: 255, G: 220, B: 200, A: 255}}
	l.seedPage(s, "Pictures", `<div data-id="multi-component-image" style="`+defaultStyle+`">
<p>Split images:</p>
<img data-id="stripes" data-index="0" data-options="splitimage" src="name:top" />
<img data-id="stripes" data-index="1" data-options="splitimage" src="name:bottom" />
<p>A printout:</p>
<img alt="Policy Manual (Knowledge Base) > 1 INTRODUCTION
Search (minimum 3 characters)
>
2 RIGHTS, NOTICES, &amp; DOCUMENTATION
&quot;Copy Permalink&quot; &lt;img src=x&gt;" data-options="printout" data-index="0" src="name:printout" data-old-root="true" />
</div>
<img alt="loose" style="position:absolute;left:700px;top:40px" width="64" height="48.5" src="name:loose" />`, map[string]part{
		"top":      {mime: "image/png", data: drawPNG(blue)},
		"bottom":   {mime: "image/png", data: drawPNG(red)},
		"printout": {mime: "image/jpeg", data: drawJPEG(blue)},
		"loose":    {mime: "image/gif", data: drawGIF(red)},
	})
}

// seedText adds a page whose text looks like addresses and markup, which
// nobody may change, and which has drawings.
func (l *library) seedText(s *section) {
	p := l.seedPage(s, "Text & traps", `<div style="`+defaultStyle+`">
<p>An address in text: https://www.onenote.com/api/v1.0/me/notes/resources/0-abc/$value</p>
<p><a href="https://www.onenote.com/api/v1.0/me/notes/pages">and in a link</a></p>
<p data-tag="to-do:completed">Written &lt;img src="https://www.onenote.com/api/v1.0/resources/0-abc/$value"&gt;</p>
<iframe width="340" height="280" data-original-src="https://www.youtube.com/watch?v=3Ztr44aKmQ8" src="https://www.youtube.com/embed/3Ztr44aKmQ8?feature=oembed&amp;autoplay=true"></iframe>
</div><!-- InkNode is not supported -->`, nil)
	p.ink = true
}

// seedPDF is a PDF file of one empty page, with a line per kilobyte or so of
// filling that makes it more than one read long.
func seedPDF() []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n")
	for i := range 600 {
		fmt.Fprintf(&b, "%% filling line %04d of the mission report\n", i)
	}
	b.WriteString("1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n" +
		"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n" +
		"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\n" +
		"trailer<</Root 1 0 R>>\n%%EOF\n")
	return b.Bytes()
}
