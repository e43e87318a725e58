// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/caddy-onenote/caddy-onenote/proxy/rewrite"
)

const localBase = "http://localhost:8080"

// mapCommands maps commands as a request's are, read in pieces as the readers
// before and after want.
func mapCommands(text string, before func(io.Reader) io.Reader, after func(io.Reader) io.Reader) (string, int) {
	hosts := NewAPIHosts(Presets[0], nil)
	link := hosts.UpstreamLink("https://www.onenote.com", localBase)
	values := rewrite.JSON(before(strings.NewReader(text)), anchorsOfBases(localBase), link)
	c := newCommands(values, []string{"localhost:8080"}, link)
	defer c.Close()
	got := must(io.ReadAll(after(c)))
	_, links := c.Rewritten()
	return string(got), links
}

func whole(r io.Reader) io.Reader { return r }

func TestURLsInTheHTMLOfCommands(t *testing.T) {
	const local, remote = localBase + "/api/v1.0/r/1", "https://www.onenote.com/api/v1.0/r/1"
	tests := []struct {
		name, text, want string
		links            int
	}{
		{"a picture", `[{"content":"<img src=\"` + local + `\" />"}]`, `[{"content":"<img src=\"` + remote + `\" />"}]`, 1},
		{"single quotes, as in Microsoft's examples", `[{'content':'<img src="` + local + `">'}]`, `[{'content':'<img src="` + remote + `">'}]`, 1},
		{"single quotes in HTML", `["<img src='` + local + `'>"]`, `["<img src='` + remote + `'>"]`, 1},
		{"no quotes", `["<img src=` + local + `>"]`, `["<img src=` + remote + `>"]`, 1},
		{"spaces around =", `["<img src = \"` + local + `\">"]`, `["<img src = \"` + remote + `\">"]`, 1},
		{"a line break before", `["<img\nsrc=\"` + local + `\">"]`, `["<img\nsrc=\"` + remote + `\">"]`, 1},
		{"an escaped line break before", `["<img\nSRC=\"` + local + `\">"]`, `["<img\nSRC=\"` + remote + `\">"]`, 1},
		{"unicode escapes", `["\u003cimg src=\u0022` + local + `?a\u0026b\u0022\u003e"]`, `["\u003cimg src=\u0022` + remote + `?a&amp;b\u0022\u003e"]`, 1},
		{"all that Gson escapes", `["\u003cimg src\u003d\"` + local + `?a\u003d1\u0026b\u003d\u0027\"/\u003e"]`, `["\u003cimg src\u003d\"` + remote + `?a=1&amp;b=\u0027\"/\u003e"]`, 1},
		{"all that .NET escapes", `["\u003Cimg src=\u0022` + local + `?a=1\u0026b=\u002B\u0022 src=\u0022\u003E"]`, `["\u003Cimg src=\u0022` + remote + `?a=1&amp;b=\u002B\u0022 src=\u0022\u003E"]`, 1},
		{"a signed picture that is escaped", `["\u003cimg src \u003D \u0027` + local + `/content?publicAuth\u003dtrue\u0026amp;account\u003da\u0026amp;expires\u003d1\u0026amp;sig\u003dx\u0027\u003e"]`, `["\u003cimg src \u003D \u0027` + remote + `/content?publicAuth=true\u0027\u003e"]`, 1},
		{"escaped slashes", `["<img src=\"` + strings.ReplaceAll(local, "/", `\/`) + `\">"]`, `["<img src=\"` + remote + `\">"]`, 1},
		{"a file", `["<object data-attachment=\"a\" data=\"` + local + `\">"]`, `["<object data-attachment=\"a\" data=\"` + remote + `\">"]`, 1},
		{"two of them", `["<img src=\"` + local + `\" data-fullres-src=\"` + local + `\">"]`, `["<img src=\"` + remote + `\" data-fullres-src=\"` + remote + `\">"]`, 2},
		{"a signed picture", `["<img src=\"` + local + `/content?publicAuth=true&amp;account=a&amp;expires=1&amp;sig=x\">"]`, `["<img src=\"` + remote + `/content?publicAuth=true\">"]`, 1},
		{"in a URL's own member", `[{"href":"` + local + `"}]`, `[{"href":"` + remote + `"}]`, 1},
		{"in a text", `["see ` + local + `"]`, `["see ` + local + `"]`, 0},
		{"in a link", `["<a href=\"` + local + `\">"]`, `["<a href=\"` + local + `\">"]`, 0},
		{"in another attribute", `["<img data-render-src=\"` + local + `\" alt=\"` + local + `\" my_src=\"` + local + `\" xsrc=\"` + local + `\">"]`, `["<img data-render-src=\"` + local + `\" alt=\"` + local + `\" my_src=\"` + local + `\" xsrc=\"` + local + `\">"]`, 0},
		{"another path", `["<img src=\"` + localBase + `/x.png\">"]`, `["<img src=\"` + localBase + `/x.png\">"]`, 0},
		{"a host that begins alike", `["<img src=\"` + localBase + `8/api/x\">"]`, `["<img src=\"` + localBase + `8/api/x\">"]`, 0},
		{"another scheme", `["<img src=\"ftp://localhost:8080/api/x\">"]`, `["<img src=\"ftp://localhost:8080/api/x\">"]`, 0},
		{"cut off", `["<img src=\"` + local, `["<img src=\"` + remote, 1},
		{"behind a long text", `["` + strings.Repeat("x ", 9000) + `<img src=\"` + local + `\">` + strings.Repeat(" y", 9000) + `"]`,
			`["` + strings.Repeat("x ", 9000) + `<img src=\"` + remote + `\">` + strings.Repeat(" y", 9000) + `"]`, 1},
		{"too long", `["<img src=\"` + local + strings.Repeat("x", maxAttribute) + `\">"]`, `["<img src=\"` + local + strings.Repeat("x", maxAttribute) + `\">"]`, 0},
		{"nothing", ``, ``, 0},
	}
	reads := map[string]func(io.Reader) io.Reader{"whole": whole, "one byte": iotest.OneByteReader, "half": iotest.HalfReader, "with the end": iotest.DataErrReader}
	for _, tt := range tests {
		for before, read := range reads {
			got, links := mapCommands(tt.text, read, whole)
			if got != tt.want || links != tt.links {
				t.Errorf("%s, source in pieces (%s): got %d links in\n%.300s\nwant %d in\n%.300s", tt.name, before, links, got, tt.links, tt.want)
			}
		}
		if got, links := mapCommands(tt.text, whole, iotest.OneByteReader); got != tt.want || links != tt.links {
			t.Errorf("%s, taken by one byte: got %d links in %.300s", tt.name, links, got)
		}
	}
}

func TestCommandsPassOnErrors(t *testing.T) {
	broken := iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(`[{"a":1}]`)))
	c := newCommands(rewrite.JSON(broken, nil, nil), []string{"localhost:8080"}, nil)
	defer c.Close()
	got, err := io.ReadAll(c)
	if err != iotest.ErrTimeout || string(got) != "[" {
		t.Errorf("got %q, %v; want what was read and the error", got, err)
	}
}

// Whatever the text and however it is cut: the same comes out, and what was
// mapped once is not mapped again.
func FuzzCommands(f *testing.F) {
	f.Add(`["<img src=\"http://localhost:8080/api/x\">"]`, 3)
	f.Add(`src='http:\/\/localhost:8080\/api\/x\u0026`, 1)
	f.Add(`src\u003d\u0022http://localhost:8080/api/x?a\u003db\u0026amp;c\u0022`, 2)
	f.Add(`data=http://localhost:8080/api/src=http://localhost:8080/api/`, 7)
	f.Fuzz(func(t *testing.T, text string, size int) {
		size = max(1, min(size, 1<<10))
		want, links := mapCommands(text, whole, whole)
		pieces := func(r io.Reader) io.Reader { return &pieceReader{r, size} }
		if got, n := mapCommands(text, pieces, pieces); got != want || n != links {
			t.Errorf("in pieces of %d: got %q, want %q", size, got, want)
		}
		if links == 0 && want != text {
			t.Errorf("got %q with nothing replaced, want %q", want, text)
		}
	})
}

// A pieceReader reads at most size bytes at once.
type pieceReader struct {
	io.Reader
	size int
}

func (r *pieceReader) Read(p []byte) (int, error) { return r.Reader.Read(p[:min(len(p), r.size)]) }
