// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// upper marks the URLs that it was called with: picture URLs that begin with "p:" become
// "P:" with their type, links that begin with "l:" become "L:".
func upper() HTMLRules {
	return HTMLRules{
		Picture: func(dst, url, mimeType []byte) ([]byte, int, bool) {
			switch {
			case bytes.HasPrefix(url, []byte("p:")):
				dst = append(append(dst, "P:"...), url[2:]...)
				return append(append(append(dst, '['), mimeType...), ']'), 0, true
			case bytes.HasPrefix(url, []byte("q:")) && !bytes.HasPrefix(url, []byte("q:[")):
				dst = append(append(append(dst, '['), mimeType...), ']')
				return append(dst, url[2:]...), len("q:"), true
			}
			return dst, 0, false
		},
		Link: func(dst, url []byte) ([]byte, int, bool) {
			if !bytes.HasPrefix(url, []byte("l:")) {
				return dst, 0, false
			}
			return append(dst, "L:"...), len("l:"), true
		},
	}
}

func readAll(t testing.TB, r *Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	return string(b)
}

func TestHTMLFindsTagsAsTheStandardTokenizes(t *testing.T) {
	const (
		live = `<img src="p:a">`
		done = `<img src="P:a[]">`
	)
	for _, test := range []struct{ name, in, want string }{
		{"img", live, done},
		{"upper case", `<IMG SRC="p:a">`, `<IMG SRC="P:a[]">`},
		{"text around", "a" + live + "b", "a" + done + "b"},
		{"self-closing", `<img src="p:a"/>`, `<img src="P:a[]"/>`},
		{"image is not img", `<image src="p:a">`, ``},
		{"imgs is not img", `<imgs src="p:a">`, ``},
		{"NUL in the name", "<im\x00g src=\"p:a\">", ``},
		{"end tag", `</img src="p:a">`, ``},
		{"space before the name", `< img src="p:a">`, ``},
		{"stray <", `<<` + live, `<<` + done},
		{"other elements", `<iframe src="p:a"></iframe><video src="p:a" data="l:a">`, ``},

		{"comment", `<!--` + live + `-->` + live, `<!--` + live + `-->` + done},
		{"comment with >", `<!-- > ` + live + `-->`, ``},
		{"<!-->", `<!-->` + live, `<!-->` + done},
		{"<!--->", `<!--->` + live, `<!--->` + done},
		{"--!>", `<!-- --!>` + live, `<!-- --!>` + done},
		{"<!---!> does not end", `<!---!>` + live, ``},
		{"<!--!> does not end", `<!--!>` + live, ``},
		{"<!----!>", `<!----!>` + live, `<!----!>` + done},
		{"-- !>", `<!-- -- !>` + live, ``},
		{"--- >", `<!-- --- >` + live, ``},
		{"many dashes", `<!-- ----->` + live, `<!-- ----->` + done},
		{"--!->", `<!-- --!->` + live, ``},
		{"--!-->", `<!-- --!-->` + live, `<!-- --!-->` + done},
		{"comment in comment", `<!-- <!--> ` + live, `<!-- <!--> ` + done},
		{"open comment", `<!-- ` + live, ``},
		{"doctype", `<!DOCTYPE html "` + live, ``},
		{"doctype ends at >", `<!DOCTYPE html "a>b">` + live, `<!DOCTYPE html "a>b">` + done},
		{"bogus comment", `<!x "` + live + `>` + live, `<!x "` + live + `>` + done},
		{"<!->", `<!->` + live, `<!->` + done},
		{"CDATA", `<![CDATA[` + live + `]]>`, ``},
		{"processing instruction", `<?xml "` + live + live, `<?xml "` + live + done},
		{"</ and no letter", `</ ` + live + live, `</ ` + live + done},
		{"</>", `</>` + live, `</>` + done},

		{"script", `<script>` + live + `</script>` + live, `<script>` + live + `</script>` + done},
		{"self-closing script", `<script/>` + live + `</script>`, `<script/>` + done + `</script>`},
		{"self-closing iframe", `<iframe src="x" />` + live, `<iframe src="x" />` + done},
		{"self-closing in upper case", `<IFRAME SRC='x'/>` + live, `<IFRAME SRC='x'/>` + done},
		{"self-closing style", `<style />` + live, `<style />` + done},
		{"self-closing textarea", `<textarea rows=1 />` + live, `<textarea rows=1 />` + done},
		{"self-closing title", `<title />` + live, `<title />` + done},
		{"self-closing xmp", `<xmp/>` + live, `<xmp/>` + done},
		{"self-closing noembed", `<noembed a />` + live, `<noembed a />` + done},
		{"self-closing noframes", `<noframes a="" />` + live, `<noframes a="" />` + done},
		{"self-closing plaintext", `<plaintext/>` + live, `<plaintext/>` + done},
		{"self-closing twice", `<iframe />` + live + `<iframe />` + live, `<iframe />` + done + `<iframe />` + done},
		{"slash of an unquoted value closes nothing", `<iframe src=x/>` + live, ``},
		{"slash and space close nothing", `<iframe / >` + live, ``},
		{"slash between attributes closes nothing", `<iframe a/b>` + live, ``},
		{"script end with attributes", `<script></script a=">">` + live, `<script></script a=">">` + done},
		{"</scripts> does not end", `<script></scripts>` + live + `</script>`, ``},
		{"</ script> does not end", `<script></ script>` + live + `</script>`, ``},
		{"script, escaped", `<script><!-- </script>` + live, `<script><!-- </script>` + done},
		{"script, doubly escaped", `<script><!--<script></script>` + live + `--></script>` + live,
			`<script><!--<script></script>` + live + `--></script>` + done},
		{"script, escape ends at once", `<script><!--><script></script>` + live,
			`<script><!--><script></script>` + done},
		{"script, <scripts> does not escape", `<script><!--<scripts></script>` + live,
			`<script><!--<scripts></script>` + done},
		{"script, end of double escape", `<script><!--<script></SCRIPT ></script>` + live,
			`<script><!--<script></SCRIPT ></script>` + done},
		{"script, lone < stays escaped", `<script><!-- < <script></script>` + live + `--></script>` + live,
			`<script><!-- < <script></script>` + live + `--></script>` + done},
		{"script, dashes", `<script><!-- - -- - ---><script></script>` + live,
			`<script><!-- - -- - ---><script></script>` + done},
		{"style", `<style>` + live + `</STYLE >` + live, `<style>` + live + `</STYLE >` + done},
		{"textarea", `<textarea>` + live + `</textarea/>` + live, `<textarea>` + live + `</textarea/>` + done},
		{"title", `<title>` + live + `</titlex></title>` + live, `<title>` + live + `</titlex></title>` + done},
		{"title with comment", `<title><!--</title>` + live, `<title><!--</title>` + done},
		{"xmp", `<xmp>` + live + `</xmp>`, ``},
		{"iframe", `<iframe>` + live + `</iframe>`, ``},
		{"noembed", `<noembed>` + live + `</noembed>`, ``},
		{"noframes", `<noframes>` + live + `</noframes>`, ``},
		{"noscript is markup", `<noscript>` + live + `</noscript>`, `<noscript>` + done + `</noscript>`},
		{"plaintext", `<plaintext>` + live + `</plaintext>` + live, ``},
		{"raw text by an end tag", `</style>` + live, `</style>` + done},

		{"> in a quoted value", `<img alt="a>b" src="p:a">`, `<img alt="a>b" src="P:a[]">`},
		{"tag in a quoted value", `<p title='` + live + `'>` + live, `<p title='` + live + `'>` + done},
		{"end tag with attributes", `</p title=">` + live + `">` + live, `</p title=">` + live + `">` + done},
		{"quote in a name", `<p a"b>` + live + `">`, `<p a"b>` + done + `">`},
		{"quote in an unquoted value", `<p a=b"c>` + live, `<p a=b"c>` + done},
		{"quote after a value", `<p a="b""c>` + live, `<p a="b""c>` + done},
		{"= first in a name", `<img ="x" src="p:a">`, `<img ="x" src="P:a[]">`},
		{"= alone", `<p =">` + live, `<p =">` + done},
		{"slash before =", `<p a/="x>` + live, `<p a/="x>` + done},
		{"slash and space before =", `<p a /= "x>` + live, `<p a /= "x>` + done},
		{"space before =", `<img src = "p:a">`, `<img src = "P:a[]">`},
		{"no value", `<img src><img src=>` + live, `<img src><img src=>` + done},
		{"no space between attributes", `<img alt="a"src="p:a"id="b">`, `<img alt="a"src="P:a[]"id="b">`},
		{"slash between attributes", `<img/src="p:a"/alt>`, `<img/src="P:a[]"/alt>`},
		{"new lines and tabs", "<img\n\tsrc\r\n=\f\"p:a\">", "<img\n\tsrc\r\n=\f\"P:a[]\">"},
		{"cut off in a tag", live + `<img src="p:a" `, done + `<img src="p:a" `},
		{"cut off in a quote", live + `<img src="p:a`, done + `<img src="p:a`},
		{"cut off in a name", live + `<im`, done + `<im`},
		{"cut off after <", live + `<`, done + `<`},
		{"cut off in raw text", `<style>` + live + `</sty`, ``},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := test.want
			if want == "" {
				want = test.in
			}
			if got := readAll(t, HTML(strings.NewReader(test.in), upper())); got != want {
				t.Errorf("HTML(%q):\n got %q\nwant %q", test.in, got, want)
			}
			if got := readAll(t, HTML(iotest.OneByteReader(strings.NewReader(test.in)), upper())); got != want {
				t.Errorf("HTML(%q) byte by byte:\n got %q\nwant %q", test.in, got, want)
			}
		})
	}
}

func TestHTMLRewritesAttributes(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"both URLs, each with its own type",
			`<img src="p:a" data-src-type="image/png" data-fullres-src="p:b" data-fullres-src-type="image/jpeg" />`,
			`<img src="P:a[image/png]" data-src-type="image/png" data-fullres-src="P:b[image/jpeg]" data-fullres-src-type="image/jpeg" />`},
		{"types before URLs, full resolution first",
			`<img data-fullres-src-type=c data-src-type='d' data-fullres-src='p:b' x src="p:a">`,
			`<img data-fullres-src-type=c data-src-type='d' data-fullres-src='P:b[c]' x src="P:a[d]">`},
		{"only the second", `<img src="x" data-fullres-src="p:b">`, `<img src="x" data-fullres-src="P:b[]">`},
		{"first of two URLs", `<img src="p:a" src="p:b">`, `<img src="P:a[]" src="p:b">`},
		{"first of two, foreign", `<img src="x" src="p:b">`, ``},
		{"first of two, empty", `<img src src="p:b">`, ``},
		{"first of two, other case", `<img SRC="p:a" src="p:b">`, `<img SRC="P:a[]" src="p:b">`},
		{"first of two types", `<img data-src-type=a data-src-type=b src="p:c">`,
			`<img data-src-type=a data-src-type=b src="P:c[a]">`},
		{"object", `<object data="l:a" type="x" src="p:a"></object>`, `<object data="L:a" type="x" src="p:a"></object>`},
		{"object is no picture", `<object data="p:a">`, ``},
		{"img data is no link", `<img data="l:a" src="l:a">`, ``},

		{"unquoted gains quotes", `<img src=p:a>`, `<img src="P:a[]">`},
		{"unquoted, slash is of the value", `<img src=p:a/>`, `<img src="P:a/[]">`},
		{"unquoted with both quotes", `<img src=p:"'&amp;>`, `<img src="P:&quot;'&amp;[]">`},
		{"the beginning stays", `<img src="q:a" data-src-type="b&amp;c&quot;" data-fullres-src='q:&#39;' data-fullres-src-type="'">`,
			`<img src="q:[b&amp;c&quot;]a" data-src-type="b&amp;c&quot;" data-fullres-src='q:[&#39;]&#39;' data-fullres-src-type="'">`},
		{"the beginning stays, without quotes", `<img src=q:a data-src-type=b><img src=q:&amp;>`, `<img src="q:[b]a" data-src-type=b><img src="q:[]&amp;">`},
		{"single quotes stay", `<img src='p:"a'>`, `<img src='P:"a[]'>`},
		{"references to white space around a URL", `<img src="&#32; &Tab;p:a b&#13;&NewLine; &#x0C;"><img src=&#10;q:>`, `<img src="&#32; &Tab;P:a b[]&#13;&NewLine; &#x0C;"><img src="` + "\n" + `q:[]">`},
		{"white space around a URL", "<img src=\"\n p:a\t\">", "<img src=\"\n P:a[]\t\">"},

		{"& stays as it was", `<img src="p:a?b&amp;c&d&#38;e">`, `<img src="P:a?b&amp;c&amp;d&amp;e[]">`},
		{"reference in the scheme", `<img src="&#112;&#x3a;a">`, `<img src="P:a[]">`},
		{"reference to keep", `<object data="l:users(&#39;a&#x27;)&amp;&sol;">`, `<object data="L:users(&#39;a&#x27;)&amp;&sol;">`},
		{"bare & to keep", `<object data="l:?a=1&b=2&copy=3">`, `<object data="L:?a=1&b=2&copy=3">`},
		{"old reference", `<object data="&#108:&copy">`, `<object data="L:&copy">`},
		{"NUL", "<img src=\"p:\x00\">", "<img src=\"P:\uFFFD[]\">"},
		{"CR", "<img src=\"p:\r\n\ra\">", "<img src=\"P:\n\na[]\">"},
		{"quote in single quotes", `<img src='p:&#39;'>`, `<img src='P:&#39;[]'>`},
		{"quote in double quotes", `<img src="p:&quot;">`, `<img src="P:&quot;[]">`},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := test.want
			if want == "" {
				want = test.in
			}
			if got := readAll(t, HTML(strings.NewReader(test.in), upper())); got != want {
				t.Errorf("HTML(%q):\n got %q\nwant %q", test.in, got, want)
			}
		})
	}
}

func TestHTMLGivesLinkThePicturesThatPictureDeclined(t *testing.T) {
	in := `<img src="l:a" data-fullres-src="p:b"><object data="l:c">`
	rules := upper()
	rules.LinkPictures = true
	want := `<img src="L:a" data-fullres-src="P:b[]"><object data="L:c">`
	if got := readAll(t, HTML(strings.NewReader(in), rules)); got != want {
		t.Errorf("with LinkPictures: got %q, want %q", got, want)
	}
	rules.Picture = nil
	want = `<img src="L:a" data-fullres-src="p:b"><object data="L:c">`
	if got := readAll(t, HTML(strings.NewReader(in), rules)); got != want {
		t.Errorf("with LinkPictures only: got %q, want %q", got, want)
	}
	if got := readAll(t, HTML(strings.NewReader(in), HTMLRules{})); got != in {
		t.Errorf("without rules: got %q, want %q", got, in)
	}
}
