// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite_test

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"golang.org/x/net/html"
)

// mapCommands maps commands as a request's are, read in pieces as the readers
// before and after want.
func mapCommands(t *testing.T, text string, before, after func(io.Reader) io.Reader) (string, int) {
	t.Helper()
	rules := upRules(t, "application/json")
	rules.Embedding.Batch = true
	c := rules.Open(before(strings.NewReader(text)))
	defer c.Close()
	got, err := io.ReadAll(after(c))
	if err != nil {
		t.Fatal(err)
	}
	_, links := c.Rewritten()
	return string(got), links
}

func whole(r io.Reader) io.Reader { return r }

// inLarge reads into a buffer in which a rewriter works in place.
func inLarge(r io.Reader) io.Reader { return bufio.NewReaderSize(r, 64<<10) }

func TestCommandsReplaceURLsInAttributesOnly(t *testing.T) {
	const local, remote = base + "/api/v1.0/r/1", "https://www.onenote.com/api/v1.0/r/1"
	tests := []struct {
		name, text, want string
		links            int
	}{
		{"a picture", `[{"content":"<img src=\"` + local + `\" />"}]`, `[{"content":"<img src=\"` + remote + `\" />"}]`, 1},
		{"single quotes, as in Microsoft's examples", `[{'content':'<img src="` + local + `">'}]`, `[{'content':'<img src="` + remote + `">'}]`, 1},
		{"single quotes in HTML", `[{"content":"<img src='` + local + `'>"}]`, `[{"content":"<img src='` + remote + `'>"}]`, 1},
		{"no quotes", `[{"content":"<img src=` + local + `>"}]`, `[{"content":"<img src=\"` + remote + `\">"}]`, 1},
		{"spaces around =", `[{"content":"<img src = \"` + local + `\">"}]`, `[{"content":"<img src = \"` + remote + `\">"}]`, 1},
		{"a line break before", `[{"content":"<img\nsrc=\"` + local + `\">"}]`, `[{"content":"<img\nsrc=\"` + remote + `\">"}]`, 1},
		{"an escaped line break before", `[{"content":"<img\nSRC=\"` + local + `\">"}]`, `[{"content":"<img\nSRC=\"` + remote + `\">"}]`, 1},
		{"unicode escapes", `[{"content":"\u003cimg src=\u0022` + local + `?a\u0026b\u0022\u003e"}]`, `[{"content":"\u003cimg src=\u0022` + remote + `?a\u0026b\u0022\u003e"}]`, 1},
		{"all that Gson escapes", `[{"content":"\u003cimg src\u003d\"` + local + `?a\u003d1\u0026b\u003d\u0027\"/\u003e"}]`, `[{"content":"\u003cimg src\u003d\"` + remote + `?a\u003d1\u0026b\u003d\u0027\"/\u003e"}]`, 1},
		{"all that .NET escapes", `[{"content":"\u003Cimg src=\u0022` + local + `?a=1\u0026b=\u002B\u0022 src=\u0022\u0022\u003E"}]`, `[{"content":"\u003Cimg src=\u0022` + remote + `?a=1\u0026b=\u002B\u0022 src=\u0022\u0022\u003E"}]`, 1},
		{"a signed picture that is escaped", `[{"content":"\u003cimg src \u003D \u0027` + local + `/content?publicAuth\u003dtrue\u0026amp;account\u003da\u0026amp;expires\u003d1\u0026amp;sig\u003dx\u0027\u003e"}]`, `[{"content":"\u003cimg src \u003D \u0027` + remote + `/content?publicAuth=true\u0027\u003e"}]`, 1},
		{"escaped slashes", `[{"content":"<img src=\"` + strings.ReplaceAll(local, "/", `\/`) + `\">"}]`, `[{"content":"<img src=\"` + strings.ReplaceAll(remote, "/", `\/`) + `\">"}]`, 1},
		{"a file", `[{"content":"<object data-attachment=\"a\" data=\"` + local + `\">"}]`, `[{"content":"<object data-attachment=\"a\" data=\"` + remote + `\">"}]`, 1},
		{"two of them", `[{"content":"<img src=\"` + local + `\" data-fullres-src=\"` + local + `\">"}]`, `[{"content":"<img src=\"` + remote + `\" data-fullres-src=\"` + remote + `\">"}]`, 2},
		{"a signed picture", `[{"content":"<img src=\"` + local + `/content?publicAuth=true&amp;account=a&amp;expires=1&amp;sig=x\">"}]`, `[{"content":"<img src=\"` + remote + `/content?publicAuth=true\">"}]`, 1},
		{"in a URL's own member", `[{"href":"` + local + `"}]`, `[{"href":"` + remote + `"}]`, 1},
		{"in a text", `[{"content":"see ` + local + `"}]`, `[{"content":"see ` + local + `"}]`, 0},
		{"in a link", `[{"content":"<a href=\"` + local + `\">"}]`, `[{"content":"<a href=\"` + local + `\">"}]`, 0},
		{"in another attribute", `[{"content":"<img alt=\"` + local + `\" my_src=\"` + local + `\" xsrc=\"` + local + `\">"}]`, `[{"content":"<img alt=\"` + local + `\" my_src=\"` + local + `\" xsrc=\"` + local + `\">"}]`, 0},
		{"another path", `[{"content":"<img src=\"` + base + `/x.png\">"}]`, `[{"content":"<img src=\"` + base + `/x.png\">"}]`, 0},
		{"a host that begins alike", `[{"content":"<img src=\"` + base + `8/api/x\">"}]`, `[{"content":"<img src=\"` + base + `8/api/x\">"}]`, 0},
		{"another scheme", `[{"content":"<img src=\"ftp://localhost:8080/api/x\">"}]`, `[{"content":"<img src=\"ftp://localhost:8080/api/x\">"}]`, 0},
		{"cut off", `[{"content":"<img src=\"` + local, `[{"content":"<img src=\"` + local, 0},
		{"cut off behind a tag", `[{"content":"<img src=\"` + local + `\">`, `[{"content":"<img src=\"` + remote + `\">`, 1},
		{"behind a long text", `[{"content":"` + strings.Repeat("x ", 9000) + `<img src=\"` + local + `\">` + strings.Repeat(" y", 9000) + `"}]`,
			`[{"content":"` + strings.Repeat("x ", 9000) + `<img src=\"` + remote + `\">` + strings.Repeat(" y", 9000) + `"}]`, 1},
		{"the name in other letters", `[{"Target":"body","Content" : "<img src='` + local + `'>"}]`, `[{"Target":"body","Content" : "<img src='` + remote + `'>"}]`, 1},
		{"names without quotes", `[{target:'body', content:'<img src="` + local + `">'}]`, `[{target:'body', content:'<img src="` + remote + `">'}]`, 1},
		{"single quotes and an address without any", `[{'content':'<img src=` + local + `/users(\'a\')>'}]`, `[{'content':'<img src=\"` + remote + `/users(\u0027a\u0027)\">'}]`, 1},
		{"several commands", `[{"content":"<img src='` + local + `'>"},{"content":"\u003Cp>","position":"after"},{"content":"<img src='` + local + `'>"}]`,
			`[{"content":"<img src='` + remote + `'>"},{"content":"\u003Cp>","position":"after"},{"content":"<img src='` + remote + `'>"}]`, 2},
		{"a tag that goes on in the next command", `[{"content":"<img alt='"},{"content":"' src='` + local + `'>"}]`, `[{"content":"<img alt='"},{"content":"' src='` + local + `'>"}]`, 0},
		{"commands of Graph's action", `{"commands":[{"content":"<img src='` + local + `'>"}]}`, `{"commands":[{"content":"<img src='` + remote + `'>"}]}`, 1},
		{"what looks like an attribute in a title", `[{"target":"title","content":"write src=` + local + ` or src='` + local + `' there"}]`, `[{"target":"title","content":"write src=` + local + ` or src='` + local + `' there"}]`, 0},
		{"what looks like an attribute in another member", `[{"name":"src=\"` + local + `\" <img src='` + local + `'>","content":""}]`, `[{"name":"src=\"` + local + `\" <img src='` + local + `'>","content":""}]`, 0},
		{"a value that is the member's name", `["content","<img src='` + local + `'>"]`, `["content","<img src='` + local + `'>"]`, 0},
		{"a name in an object", `{"content":{"<img src='` + local + `'>":1}}`, `{"content":{"<img src='` + local + `'>":1}}`, 0},
		{"markup that is a text", `[{"content":"<p>&lt;img src=\"` + local + `\"&gt; <!-- <img src='` + local + `'> -->"}]`, `[{"content":"<p>&lt;img src=\"` + local + `\"&gt; <!-- <img src='` + local + `'> -->"}]`, 0},
		{"control characters", `[{"content":"<img src='` + local + `&#10;b/&Tab;&#x0d;'><img src=` + local + `&#10;b&#1;&quot;\\>"}]`,
			`[{"content":"<img src='` + remote + `&#10;b/&Tab;&#x0d;'><img src=\"` + remote + `\u000ab\u0001&quot;\\\">"}]`, 2},
		{"a character in escapes beside what changes", `[{"content":"<img src='` + local + `/content?sig=\u00e9&account=\ud83d\ude00&expires=1&a=\u00E9\ud83d\uDE00'>"}]`, `[{"content":"<img src='` + remote + `/content?a=\u00E9\ud83d\uDE00'>"}]`, 1},
		{"behind many escapes", `[{"content":"` + strings.Repeat(`\u003cp\u003e\ud83d\ude00\/\n`, 9000) + `<img src=\"` + local + `\">"}]`, `[{"content":"` + strings.Repeat(`\u003cp\u003e\ud83d\ude00\/\n`, 9000) + `<img src=\"` + remote + `\">"}]`, 1},
		{"very many", `[{"content":"` + strings.Repeat(`<img src=\"`+local+`\">`, 3000) + `"}]`, `[{"content":"` + strings.Repeat(`<img src=\"`+remote+`\">`, 3000) + `"}]`, 3000},
		{"nothing", ``, ``, 0},
	}
	reads := map[string]func(io.Reader) io.Reader{"whole": whole, "one byte": iotest.OneByteReader, "half": iotest.HalfReader, "with the end": iotest.DataErrReader}
	for _, tt := range tests {
		for before, read := range reads {
			got, links := mapCommands(t, tt.text, read, whole)
			if got != tt.want || links != tt.links {
				t.Errorf("%s, source in pieces (%s): got %d links in\n%.300s\nwant %d in\n%.300s", tt.name, before, links, got, tt.links, tt.want)
			}
		}
		if got, links := mapCommands(t, tt.text, whole, iotest.OneByteReader); got != tt.want || links != tt.links {
			t.Errorf("%s, taken by one byte: got %d links in %.300s", tt.name, links, got)
		}
	}
}

// Whatever quotes and escapes stand around an address: what the proxy added to it
// does not go up, and valid JSON stays valid.
func TestSignatureIsRemovedWhicheverQuotesAndEscapesAreUsed(t *testing.T) {
	const (
		users  = "/api/v1.0/users('ann@contoso.example')/notes/resources/1-i1!1-B/"
		claims = "publicAuth=true&mimeType=image%2Fpng&account=default&expires=1795936919&sig=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		signed = base + users + "$value?" + claims
		want   = "https://www.onenote.com" + users + "$value"
	)
	html := strings.NewReplacer("&", "&amp;")
	attributes := map[string]string{
		"double quotes":                `<img src="` + html.Replace(signed) + `" alt="it's">`,
		"double quotes, bare &":        `<img src="` + signed + `" alt="it's">`,
		"single quotes":                `<img src='` + strings.ReplaceAll(html.Replace(signed), "'", "&#39;") + `' alt="it's">`,
		"single quotes around others":  `<img src='` + html.Replace(signed) + `' alt="it's">`,
		"single quotes, other name":    `<img src='` + strings.ReplaceAll(html.Replace(signed), "'", "&apos;") + `' alt="it's">`,
		"no quotes":                    `<img src=` + html.Replace(signed) + ` alt="it's">`,
		"no quotes, nothing behind":    `<img src=` + signed + `>`,
		"spaces":                       `<img src = "` + html.Replace(signed) + `" alt="it's">`,
		"full resolution":              `<img data-fullres-src="` + html.Replace(signed) + `" alt="it's">`,
		"an attachment":                `<object data="` + html.Replace(signed) + `" data-attachment="it's">`,
		"an attachment, no quotes":     `<object data=` + signed + ` data-attachment="it's">`,
		"every character, decimal":     `<img src="` + reference(signed, "&#%d;") + `">`,
		"every character, hexadecimal": `<img src='` + reference(signed, "&#x%X;") + `'>`,
	}
	escapes := map[string]func(string) string{
		"Go":         escaped(`<\u003c`, `>\u003e`, `&\u0026`),
		"JavaScript": escaped(),
		"Gson":       escaped(`<\u003c`, `>\u003e`, `&\u0026`, `=\u003d`, `'\u0027`),
		"PHP":        escaped(`/\/`),
		".NET":       escaped(`<\u003C`, `>\u003E`, `&\u0026`, `'\u0027`, `"\u0022`, `+\u002B`),
		"everything": func(text string) string { return reference(text, `\u%04x`) },
	}
	for attribute, markup := range attributes {
		for writer, escape := range escapes {
			text := `[{"target":"body","action":"append","content":"` + escape(markup) + `"}]`
			got, links := mapCommands(t, text, whole, whole)
			var commands []struct{ Content string }
			if err := json.Unmarshal([]byte(got), &commands); err != nil || len(commands) != 1 || links != 1 {
				t.Errorf("%s, %s: got %d links and %v in %s", attribute, writer, links, err, got)
				continue
			}
			if url := urlOf(t, commands[0].Content); url != want {
				t.Errorf("%s, %s:\n got %s\nwant %s\n  in %s", attribute, writer, url, want, got)
			}
		}
	}
}

// reference writes every character in that format.
func reference(text, format string) string {
	var b strings.Builder
	for _, c := range text {
		fmt.Fprintf(&b, format, c)
	}
	return b.String()
}

// escaped returns what escapes the given characters, each in front of its escape,
// and those that every writer must escape.
func escaped(pairs ...string) func(string) string {
	all := []string{`\`, `\\`}
	for _, pair := range append(pairs, `"\"`) {
		all = append(all, pair[:1], pair[1:])
	}
	return strings.NewReplacer(all...).Replace
}

// urlOf returns the URL of the first tag that has one.
func urlOf(t *testing.T, markup string) string {
	t.Helper()
	for z := html.NewTokenizer(strings.NewReader(markup)); z.Next() != html.ErrorToken; {
		for _, a := range z.Token().Attr {
			switch a.Key {
			case "src", "data-fullres-src", "data":
				return a.Val
			}
		}
	}
	return ""
}

// A page in a batch keeps the alphabet, the padding and the rest of what is no
// base64, however it is cut.
func TestPagesInBase64KeepTheirSpelling(t *testing.T) {
	page := func(base string, n int) string {
		return "<html>>>???>" + strings.Repeat("y", n) + `<img src="` + base + `/api/v1.0/r/1" alt="???>>>" />` + strings.Repeat("<p>???</p>", 2<<10)
	}
	std, url := base64.StdEncoding, base64.URLEncoding
	remote := "https://www.onenote.com"
	for n := range 4 {
		local, want := []byte(page(base, n)), []byte(page(remote, n))
		encoded := std.EncodeToString(local)
		tests := map[string]struct{ in, want string }{
			"standard":           {encoded, std.EncodeToString(want)},
			"escaped slashes":    {strings.ReplaceAll(encoded, "/", `\/`), std.EncodeToString(want)},
			"escaped in .NET":    {strings.ReplaceAll(encoded, "+", `\u002B`), std.EncodeToString(want)},
			"without padding":    {url.WithPadding(base64.NoPadding).EncodeToString(local), url.WithPadding(base64.NoPadding).EncodeToString(want)},
			"behind white space": {std.EncodeToString([]byte(" \r\n" + string(local))), std.EncodeToString([]byte(" \r\n" + string(want)))},
			"a text":             {"see " + encoded, "see " + encoded},
			"a picture":          {std.EncodeToString([]byte("GIF89a" + string(local))), std.EncodeToString([]byte("GIF89a" + string(local)))},
			"text behind it":     {std.EncodeToString(local[:300]) + "*" + encoded, std.EncodeToString(append(want[:300+len(remote)-len(base):300+len(remote)-len(base)], nil...)) + "*" + encoded},
			"broken off":         {encoded[:len(encoded)/2+n], ""},
		}
		if len(local)%3 != 0 { // else nothing tells whether it is padded
			tests["for URLs"] = struct{ in, want string }{url.EncodeToString(local), url.EncodeToString(want)}
		}
		for name, test := range tests {
			text := `{"responses":[{"body":"` + test.in + `"},{"body":"` + test.in + `"}]}`
			got, _ := mapCommands(t, text, whole, whole)
			var batch struct{ Responses []struct{ Body string } }
			if err := json.Unmarshal([]byte(got), &batch); err != nil || len(batch.Responses) != 2 {
				t.Fatalf("%s, %d: got %v in %.120s…", name, n, err, got)
			}
			for _, r := range batch.Responses {
				if test.want != "" && r.Body != test.want {
					t.Errorf("%s, %d: got %.120s…, want %.120s…", name, n, r.Body, test.want)
				}
			}
			for _, size := range []int{1, 3, 1000} {
				pieces := func(r io.Reader) io.Reader { return &pieceReader{r, size} }
				if cut, _ := mapCommands(t, text, pieces, whole); cut != got {
					t.Errorf("%s, %d: in pieces of %d: got %.120s…, want %.120s…", name, n, size, cut, got)
				}
			}
		}
	}
}

func TestValidCommandsStayValid(t *testing.T) {
	for _, name := range []string{"patch-control-characters.json", "patch-users-quote.json"} {
		text, err := os.ReadFile("testdata/reports/" + name)
		if err != nil {
			t.Fatal(err)
		}
		got, links := mapCommands(t, string(text), whole, whole)
		if !json.Valid([]byte(got)) || links == 0 || strings.Contains(got, "localhost") || strings.Contains(got, "sig=") {
			t.Errorf("%s: got %d links in %s", name, links, got)
		}
	}
}

// The time for a body grows with its length, whatever it holds: it is a multiple
// of what a body without anything to find takes. What is not linear takes many
// hundred times as long.
func TestCommandsTakeLinearTime(t *testing.T) {
	const n = 1 << 20
	fill := func(piece string) string { return strings.Repeat(piece, n/len(piece)+1)[:n] }
	plain := `[{"content":"` + fill("<p>x</p>") + `"}]`
	for _, body := range []string{
		fill("<img src=http://localhost:8080/api/"),
		`[{"content":"` + fill("<img src=http://localhost:8080/api/"),
		`[{"content":"` + fill("<img src=http://localhost:8080/api/>") + `"}]`,
		`[{"content":"` + fill(`<img src=\"http://localhost:8080/api/\">`) + `"}]`,
		`[{"content":"<img ` + fill(`src=\"http://localhost:8080/api/\"`),
		`[{"content":"` + fill(`http://localhost:8080`) + `"}]`,
		fill(`{"content":"<`),
		`[{"content":"` + fill(`\u005c`),
		`["` + fill(`\\`),
		`["` + fill(`\"`),
		fill(`"`),
		fill(`'`),
		fill(`[`),
		fill(`\ud83d`),
		`[{"content":"<img alt='` + fill(`\ud83d`),
	} {
		took, base := timeOf(t, body), timeOf(t, plain)
		if took > 100*base {
			t.Errorf("%.60s…: took %v, and %v where there is nothing to find", body, took, base)
		}
	}
}

// timeOf returns how long the commands take that are read in small pieces: the
// shortest of three times.
func timeOf(t *testing.T, text string) time.Duration {
	t.Helper()
	best := time.Duration(math.MaxInt64)
	for range 3 {
		begin := time.Now()
		mapCommands(t, text, func(r io.Reader) io.Reader { return &pieceReader{r, 1 << 10} }, whole)
		best = min(best, time.Since(begin))
	}
	return best
}

// Apps send bodies that were cut off. They go on as they are.
func TestCommandsThatEndInAnEscapeStayAsTheyAre(t *testing.T) {
	for _, text := range []string{`"\`, `'\`, `[{"content":"\`, `[{"content":"x\\\`, `{"a":{"b":"\`, `[{"title":"\`} {
		for _, size := range []int{1, 2, 3, 1 << 10} {
			pieces := func(r io.Reader) io.Reader { return &pieceReader{r, size} }
			for name, after := range map[string]func(io.Reader) io.Reader{"pieces": pieces, "large": inLarge} {
				if got, n := mapCommands(t, text, pieces, after); got != text || n != 0 {
					t.Errorf("%s in pieces of %d, %s: got %q with %d links", text, size, name, got, n)
				}
			}
		}
	}
}

func TestCommandsReturnTheErrorOfTheirSource(t *testing.T) {
	broken := iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(`[{"a":1}]`)))
	rules := upRules(t, "application/json")
	c := rules.Open(broken)
	defer c.Close()
	got, err := io.ReadAll(c)
	if err != iotest.ErrTimeout || string(got) != "[" {
		t.Errorf("got %q, %v; want what was read and the error", got, err)
	}
}

// Whatever the text and however it is cut: the same comes out, and what was
// mapped once is not mapped again.
func FuzzCommands(f *testing.F) {
	f.Add(`[{"content":"<img src=\"http://localhost:8080/api/x\">"}]`, 3)
	f.Add(`{'content':'\u003cimg src\u003d\u0022http:\/\/localhost:8080/api/x?a\u003db\u0026amp;c\u00e9\ud83d\ude00\u0022>'}`, 2)
	f.Add(`{"body":"<img src=\"http://localhost:8080/api/x\">"},{"body":"PGltZyBzcmM9Imh0dHA6Ly9sb2NhbGhvc3Q6ODA4MC9hcGkvIj4="`, 5)
	f.Add(`src='http:\/\/localhost:8080\/api\/x\u0026`, 1)
	f.Add(`src\u003d\u0022http://localhost:8080/api/x?a\u003db\u0026amp;c\u0022`, 2)
	f.Add(`data=http://localhost:8080/api/src=http://localhost:8080/api/`, 7)
	f.Add(`"\`, 1)
	f.Add(`[{"content":"\\\`, 2)
	f.Fuzz(func(t *testing.T, text string, size int) {
		size = max(1, min(size, 1<<10))
		want, links := mapCommands(t, text, whole, whole)
		pieces := func(r io.Reader) io.Reader { return &pieceReader{r, size} }
		if got, n := mapCommands(t, text, pieces, pieces); got != want || n != links {
			t.Errorf("in pieces of %d: got %q, want %q", size, got, want)
		}
		if got, n := mapCommands(t, text, pieces, inLarge); got != want || n != links {
			t.Errorf("in pieces of %d, into a large buffer: got %q, want %q", size, got, want)
		}
		if json.Valid([]byte(text)) && !json.Valid([]byte(want)) {
			t.Errorf("got %q, which is no JSON, from %q, which is", want, text)
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
