// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite

import (
	"bytes"
	"io"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// The oracle is the tokenizer of golang.org/x/net/html. It agrees with the
// standard but in two points, and documents that touch them are skipped: it
// takes noscript for raw text, and in a script after "<!--" a "<" that begins
// nothing makes it forget the "<!--".
var beyondOracle = regexp.MustCompile(`(?is)<noscript|<script.*<!--.*<[^/a-z]|<script.*<!--.*<$`)

// checkHTML fails unless got is what upper makes of in: the same tokens, each
// byte for byte the same but for the tags of which a URL was replaced, and in
// those the same attributes with the values that upper says.
func checkHTML(t testing.TB, in, got string) {
	t.Helper()
	a, b := html.NewTokenizer(strings.NewReader(in)), html.NewTokenizer(strings.NewReader(got))
	for {
		typeA, typeB := a.Next(), b.Next()
		rawA, rawB := slices.Clone(a.Raw()), slices.Clone(b.Raw())
		if typeA == html.ErrorToken {
			rawA, rawB = append(rawA, a.Buffered()...), append(rawB, b.Buffered()...)
		}
		if typeA != typeB {
			t.Fatalf("%q: got token %q, want %q\n in %q\nout %q", in, rawB, rawA, in, got)
		}
		want, changed := wantAttributes(a, typeA)
		if !changed {
			if !bytes.Equal(rawA, rawB) {
				t.Fatalf("%q: got token %q, want it unchanged: %q\nout %q", in, rawB, rawA, got)
			}
		} else if _, more := b.TagName(); !slices.Equal(attributesOf(b, more), want) {
			t.Fatalf("%q: got tag %q, want attributes %q\nout %q", in, rawB, want, got)
		}
		if typeA == html.ErrorToken {
			return
		}
		if closesItself(rawA) {
			a.NextIsNotRawText()
			b.NextIsNotRawText()
		}
	}
}

// closesItself reports whether a tag ends with a slash that is not of a value. A
// value without quotes may end with one.
func closesItself(tag []byte) bool {
	z := html.NewTokenizer(bytes.NewReader(tag))
	if z.Next() != html.SelfClosingTagToken {
		return false
	}
	_, more := z.TagName()
	value := ""
	for more {
		var v []byte
		_, v, more = z.TagAttr()
		value = string(v)
	}
	return !strings.HasSuffix(value, string(tag[len(tag)-3:len(tag)-1]))
}

// attributesOf returns names and values in turns.
func attributesOf(z *html.Tokenizer, more bool) (list []string) {
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		list = append(list, string(key), string(value))
	}
	return list
}

var typeAttribute = map[string]string{"src": "data-src-type", "data-fullres-src": "data-fullres-src-type"}

// wantAttributes returns the attributes that a token has after rewriting, and
// whether that differs.
func wantAttributes(z *html.Tokenizer, typ html.TokenType) (list []string, changed bool) {
	if typ != html.StartTagToken && typ != html.SelfClosingTagToken {
		return nil, false
	}
	name, more := z.TagName()
	tag := string(name)
	list = attributesOf(z, more)
	get := func(name string) string {
		for i := 0; i < len(list); i += 2 {
			if list[i] == name {
				return list[i+1]
			}
		}
		return ""
	}
	for i := 0; i < len(list); i += 2 {
		const white = " \t\n\f\r"
		value := strings.Trim(list[i+1], white)
		left := list[i+1][:len(list[i+1])-len(strings.TrimLeft(list[i+1], white))]
		right := list[i+1][len(left)+len(value):]
		switch {
		case tag == "img" && (list[i] == "src" || list[i] == "data-fullres-src") && strings.HasPrefix(value, "p:"):
			value = "P:" + value[2:] + "[" + get(typeAttribute[list[i]]) + "]"
		case tag == "img" && (list[i] == "src" || list[i] == "data-fullres-src") && strings.HasPrefix(value, "q:") && !strings.HasPrefix(value, "q:["):
			value = "q:[" + get(typeAttribute[list[i]]) + "]" + value[2:]
		case tag == "object" && list[i] == "data" && strings.HasPrefix(value, "l:"),
			(tag == "object" || tag == "img") && list[i] == "data-render-src" && strings.HasPrefix(value, "l:"):
			value = "L:" + value[2:]
		default:
			continue
		}
		list[i+1] = left + value + right
		changed = true
	}
	return list, changed
}

func checkHTMLDocument(t testing.TB, in string, seed uint64) {
	t.Helper()
	got := readAll(t, HTML(strings.NewReader(in), upper()))
	open := func(src io.Reader) *Reader { return HTML(src, upper()) }
	if cut := readChunked(t, in, seed, open); cut != got {
		t.Fatalf("%q, cut with seed %d:\n got %q\nwant %q", in, seed, cut, got)
	}
	if again := readAll(t, HTML(strings.NewReader(got), upper())); again != got {
		t.Fatalf("%q, done twice:\n got %q\nwant %q", in, again, got)
	}
	signs := strings.Count(in, "&") + strings.Count(in, "\r") + strings.Count(in, "\x00")
	if len(in) < maxTag && signs <= maxSigns && !beyondOracle.MatchString(in) {
		checkHTML(t, in, got)
	}
}

// htmlPieces make documents that are likely to hold what is tricky.
var htmlPieces = strings.Split("<|>|<img |<IMG\n|<object |</|</p |<!--|-->|--!>|-|!|<!|<?|=|\"|'|/| |\t|\r\n|"+
	"src=|data-fullres-src=|alt=|<p title=\"|<a href='|<![CDATA[|]]>|<!DOCTYPE html>|x|\u00e4|\x00|<svg>|<br/>|<image src=p:a>|"+
	"<script>|</script>|<script|</scrip|<style>|</style>|</STYLE |<title>|</title>|<textarea>|</textarea/>|"+
	"<iframe />|<title/>|<script/>|<style a=b/>|<xmp>|</xmp>|<iframe>|</iframe>|<noembed>|</noembed>|<noframes>|</noframes>|<plaintext>", "|")

var (
	tagPieces   = strings.Split("<img |<img |<IMG\n|<object |<p |</p ", "|")
	namePieces  = strings.Split("src|src|SRC|data|data-src-type|data-fullres-src|data-fullres-src-type|data-render-src|alt|=|a/", "|")
	equalPieces = strings.Split("=|=|=| = |=\n|", "|")
	valuePieces = strings.Split("p:|p:|q:|l:|a|/|?b=c|image/png|&amp;|&amp|&#38;|&#x26|&#0;|&#128;|&notit;|&copy=|&copy|&semi;|&|"+
		"&#32;|&Tab;|&#x0d;|&lt|;|=|&#99999999999999;|&sol;|p&colon;|&|'|\"|\r\n|\x00| |>|\u00e4", "|")
	commentPieces = strings.Split("-|-|--|>|!|<|x|<!--|</", "|")
	scriptPieces  = strings.Split("-|--|>|<!--|-->|<script>|<script |</script>|</SCRIPT/|<x|x|</x", "|")
)

func pick(rnd *rand.Rand, pieces []string) string { return pieces[rnd.IntN(len(pieces))] }

// randomHTML writes a piece of a document.
func randomHTML(b *strings.Builder, rnd *rand.Rand) {
	some := func(pieces []string, n int) {
		for range rnd.IntN(n) {
			b.WriteString(pick(rnd, pieces))
		}
	}
	switch rnd.IntN(8) {
	case 0:
		b.WriteString("<!--")
		some(commentPieces, 6)
		b.WriteString(`<img src="p:a">`)
	case 1:
		b.WriteString("<script>")
		some(scriptPieces, 8)
		b.WriteString(`<img src="p:a">`)
	case 2, 3, 4:
		b.WriteString(pick(rnd, tagPieces))
		for range rnd.IntN(5) {
			b.WriteString(pick(rnd, namePieces))
			b.WriteString(pick(rnd, equalPieces))
			quote := []string{`"`, `"`, `'`, ""}[rnd.IntN(4)]
			b.WriteString(quote)
			some(valuePieces, 6)
			b.WriteString(quote)
			b.WriteString([]string{" ", "\n", "/", ""}[rnd.IntN(4)])
		}
		b.WriteString([]string{">", "/>"}[rnd.IntN(2)])
	default:
		some(htmlPieces, 8)
	}
}

func TestHTMLAgainstOracle(t *testing.T) {
	documents := 10_000
	if testing.Short() {
		documents = 2_000
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range documents {
		var b strings.Builder
		for range 1 + rnd.IntN(8) {
			randomHTML(&b, rnd)
		}
		checkHTMLDocument(t, b.String(), uint64(i))
	}
}

func FuzzHTML(f *testing.F) {
	f.Add(`<img src="p:a&amp;b" data-src-type="image/png" data-fullres-src='p:b'/><object data=l:a>`, uint64(1))
	f.Add(`<script><!--<script></script><img src="p:a">--></script><img src=p:"'>`, uint64(2))
	f.Add(`<!-- > --!><img alt=">" src = " p:&#x26;"><p a"b='<img src="p:a">'>`, uint64(3))
	f.Add(`<img src="q:a" data-src-type='&quot;&' data-fullres-src='q:&#38;'>`, uint64(5))
	f.Add(`<title></titlex><img src=p:a></title ><!DOCTYPE "><img ="x" SRC=p:a/ >`, uint64(4))
	f.Fuzz(func(t *testing.T, in string, seed uint64) { checkHTMLDocument(t, in, seed) })
}
