// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// changeText returns text with a piece of its middle replaced.
func changeText(rnd *rand.Rand, text string) string {
	from := rnd.IntN(len(text) + 1)
	to := from + rnd.IntN(len(text)+1-from)
	inserts := []string{"", "amp;", "38;", ";", "=", "copy", "x", "&", `"`, "'", "\\", "/", "\n", "\u00e4"}
	return text[:from] + pick(rnd, inserts) + text[to:]
}

// What stays of an old value's spelling must not change what the new one
// means: a "&" that stood alone begins a reference if "amp;" comes after it.
func TestReplacedAttributeDecodesToTheNewURL(t *testing.T) {
	pieces := strings.Split("a|b|1|;|=|/|?|&|&amp;|&amp|&#38;|&#3|&#x26|&copy|&copy;|&not|&semi;|&quot;|&#39;|\r|\r\n|\x00|\u00e4", "|")
	rnd := rand.New(rand.NewPCG(5, 6))
	for range 10_000 {
		var b strings.Builder
		for range rnd.IntN(8) {
			b.WriteString(pick(rnd, pieces))
		}
		raw := b.String()
		var old decoded
		old.html([]byte(raw))
		if got, want := string(old.text), attributeOf(t, raw); got != want {
			t.Fatalf("%q reads as %q, want %q", raw, got, want)
		}
		url := strings.ToValidUTF8(changeText(rnd, string(old.text)), "")
		for _, quote := range []byte{'"', '\''} {
			head, tail, middle := old.common([]byte(raw), []byte(url))
			written := string(head) + string(appendValue(nil, middle, quote)) + string(tail)
			if got := attributeOf(t, written); got != url || strings.IndexByte(written, quote) >= 0 {
				t.Fatalf("%q instead of %q: written %q, which reads as %q", url, raw, written, got)
			}
		}
	}
}

// attributeOf returns what a quoted value means.
func attributeOf(t testing.TB, raw string) string {
	t.Helper()
	quote := `"`
	if strings.Contains(raw, quote) {
		quote = "'"
	}
	z := html.NewTokenizer(strings.NewReader("<p a=" + quote + raw + quote + ">"))
	z.Next()
	z.TagName()
	_, value, _ := z.TagAttr()
	return string(value)
}

func TestReplacedStringDecodesToTheNewURL(t *testing.T) {
	pieces := strings.Split(`a|/|\/|\\|\"|\b|\f|\n|\r|\t|\u0026|\u00E4|\ud83d\ude00|\ud83d|\ude00|\u0000|ä`, "|")
	rnd := rand.New(rand.NewPCG(7, 8))
	for range 10_000 {
		var b strings.Builder
		for range rnd.IntN(8) {
			b.WriteString(pick(rnd, pieces))
		}
		raw := b.String()
		var old decoded
		old.json([]byte(raw))
		if got, want := string(old.text), unquote(t, `"`+raw+`"`); got != want {
			t.Fatalf("%q reads as %q, want %q", raw, got, want)
		}
		url := strings.ToValidUTF8(changeText(rnd, string(old.text)), "")
		head, tail, middle := old.common([]byte(raw), []byte(url))
		written := string(head) + string(appendJSON(nil, middle, bytes.Contains([]byte(raw), escapedSlash))) + string(tail)
		if got := unquote(t, `"`+written+`"`); got != url {
			t.Fatalf("%q instead of %q: written %q, which reads as %q", url, raw, written, got)
		}
	}
}

// What is not JSON must not break anything.
func TestMalformedEscapesStandForThemselves(t *testing.T) {
	for _, raw := range []string{`\`, `\x`, `\u`, `\u12`, `\u12g4`, `\u+123`, `a\`, `\ud83d\u`, `\ud83d\ux`} {
		var d decoded
		d.json([]byte(raw))
		var want string
		if json.Unmarshal([]byte(`"`+raw+`"`), &want) != nil {
			want = strings.ReplaceAll(raw, `\ud83d`, replacement)
		}
		if got := string(d.text); got != want {
			t.Errorf("%q: got %q, want %q", raw, got, want)
		}
	}
}

// A URL with too many references stays as it is.
func TestURLsWithTooManyReferencesStay(t *testing.T) {
	for _, n := range []int{maxSigns, maxSigns + 1} {
		references, escapes := strings.Repeat("&amp;", n), strings.Repeat(`\u0026`, n)
		page, list := `<img src="p:`+references+`">`, `["https://api.example/api/`+escapes+`"]`
		wantPage, wantList := page, list
		if n <= maxSigns {
			wantPage, wantList = `<img src="P:`+references+`[]">`, `["http://here/api/`+escapes+`"]`
		}
		if got := readAll(t, HTML(strings.NewReader(page), upper())); got != wantPage {
			t.Errorf("%d references: got %.20q, want %.20q", n, got, wantPage)
		}
		if got := readAll(t, JSON(strings.NewReader(list), testHosts, local)); got != wantList {
			t.Errorf("%d escapes: got %.40q, want %.40q", n, got, wantList)
		}
	}
}
