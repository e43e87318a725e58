// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite

import (
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
)

func TestHTMLRewritesTagsOfAnyLength(t *testing.T) {
	long := strings.Repeat("x>/='", 40<<10)
	for _, test := range []struct{ name, in, want string }{
		{"long value first", `<img alt="` + long + `" src="p:a" data-src-type="t" />`, `<img alt="` + long + `" src="P:a[t]" data-src-type="t" />`},
		{"URL without its type first", `<img src="p:a" alt="` + long + `">`, `<img  alt="` + long + `" src="P:a[]">`},
		{"type last", `<img src="p:a" alt="` + long + `" data-src-type="t"/>`, `<img  alt="` + long + `" data-src-type="t" src="P:a[t]"/>`},
		{"type last, space before the slash", `<img src="p:a" alt="` + long + `" data-src-type="t" />`, `<img  alt="` + long + `" data-src-type="t"  src="P:a[t]"/>`},
		{"type first", `<img data-src-type=t alt="` + long + `" src=p:a>`, `<img data-src-type=t alt="` + long + `" src="P:a[t]">`},
		{"both types beside their URLs", `<img src="p:a" data-src-type="t" data-fullres-src="p:b" data-fullres-src-type="u" alt="` + long + `">`,
			`<img src="P:a[t]" data-src-type="t" data-fullres-src="P:b[u]" data-fullres-src-type="u" alt="` + long + `">`},
		{"one type far away", `<img src="p:a" data-fullres-src="p:b" data-fullres-src-type="u" alt="` + long + `" data-src-type="t">`,
			`<img  data-fullres-src="P:b[u]" data-fullres-src-type="u" alt="` + long + `" data-src-type="t" src="P:a[t]">`},
		{"another of that name behind", `<img src="p:a" alt="` + long + `" src="p:b" data-src-type="t">`, `<img  alt="` + long + `"  src="P:a[]" src="p:b" data-src-type="t">`},
		{"another of that name, very long", `<img src="p:a" alt="` + long + `" src="` + long + `">`, `<img  alt="` + long + `"  src="P:a[]" src="` + long + `">`},
		{"a long one of that name in front", `<img src="` + long + `" src="p:b">`, ``},
		{"no URL that matters", `<img src="x" alt="` + long + `" data-src-type="t" data-fullres-src="y">`, ``},
		{"an attachment", `<object data-attachment="` + long + `" data="l:a" /><object data="l:b" type="` + long + `" />`,
			`<object data-attachment="` + long + `" data="L:a" /><object data="L:b" type="` + long + `" />`},
		{"to be rendered", `<img data-render-src="l:a" alt="` + long + `" src="p:a" />`, `<img data-render-src="L:a" alt="` + long + `" src="P:a[]" />`},
		{"cut off", `<p><img data-render-src="x" alt="` + long, ``},
		{"very much white space", "<img src=\"p:a\"" + strings.Repeat("\n", 3*maxTag) + "data-src-type=t>", "<img " + strings.Repeat("\n", 3*maxTag) + "data-src-type=t src=\"P:a[t]\">"},
		{"references", `<img src='&#112;:a&amp;&quot;"' alt="` + long + `">`, `<img  alt="` + long + `" src="P:a&amp;&quot;&quot;[]">`},
		{"tags in the long value", `<img alt="` + strings.Repeat(`<img src='p:a'>`, 9000) + `" src="p:b">`, `<img alt="` + strings.Repeat(`<img src='p:a'>`, 9000) + `" src="P:b[]">`},
	} {
		t.Run(test.name, func(t *testing.T) {
			after := `<img src="p:c">`
			want := test.want
			if want == "" {
				want = test.in
			}
			if want += `<img src="P:c[]">`; test.name == "cut off" {
				want = test.in + after
			}
			for name, src := range map[string]io.Reader{
				"at once":      strings.NewReader(test.in + after),
				"byte by byte": iotest.OneByteReader(strings.NewReader(test.in + after)),
				"in halves":    iotest.HalfReader(strings.NewReader(test.in + after)),
			} {
				if got := readAll(t, HTML(src, upper())); got != want {
					t.Errorf("%s: got %s, want %s", name, abridged(got), abridged(want))
				}
			}
		})
	}
}

// abridged returns a text with its long runs of x cut out.
func abridged(text string) string {
	return regexp.MustCompile(`x{20,}`).ReplaceAllStringFunc(text, func(run string) string { return fmt.Sprintf("<%d x>", len(run)) })
}

// The lengths around the bound, where the way of reading changes.
func TestHTMLRewritesTagsAroundTheLongestThatIsHeld(t *testing.T) {
	for n := maxTag - 2; n <= maxTag+2; n++ {
		const head, tail = `<img alt="`, `>" src="p:a">`
		in := head + strings.Repeat("x", n-len(head)-len(tail)) + tail + `<img src="p:b">`
		want := strings.NewReplacer("p:a", "P:a[]", "p:b", "P:b[]").Replace(in)
		for name, src := range map[string]io.Reader{
			"at once":      strings.NewReader(in),
			"byte by byte": iotest.OneByteReader(strings.NewReader(in)),
			"in halves":    iotest.HalfReader(strings.NewReader(in)),
		} {
			if got := readAll(t, HTML(src, upper())); got != want {
				t.Errorf("tag of %d bytes, %s: got %s, want %s", n, name, abridged(got), abridged(want))
			}
		}
	}
}

// What comes out of long tags has the attributes that the oracle expects, however
// it is cut. Attributes may have moved, so only the first of each name counts.
func TestLongTagsAgainstOracle(t *testing.T) {
	tags := 300
	if testing.Short() {
		tags = 60
	}
	rnd := rand.New(rand.NewPCG(9, 10))
	for i := range tags {
		in := randomLongTag(rnd)
		got := readAll(t, HTML(strings.NewReader(in), upper()))
		open := func(src io.Reader) *Reader { return HTML(src, upper()) }
		if cut := readChunked(t, in, uint64(i), open); cut != got {
			t.Fatalf("%s, cut with seed %d: got %s, want %s", abridged(in), i, abridged(cut), abridged(got))
		}
		before, after := html.NewTokenizer(strings.NewReader(in)), html.NewTokenizer(strings.NewReader(got))
		for {
			typ := before.Next()
			if got := after.Next(); got != typ {
				t.Fatalf("%s: got a token %v in %s, want %v", abridged(in), got, abridged(got.String()), typ)
			}
			if typ == html.ErrorToken {
				break
			}
			want, _ := wantAttributes(before, typ)
			if slices.ContainsFunc(want, isLongURL) {
				break // as two values that a missing quote makes one
			}
			_, more := after.TagName()
			rewritten := attributesOf(after, more)
			if slices.Equal(sorted(rewritten, false), sorted(want, false)) {
				continue
			}
			twice := hasTwice(strings.TrimSuffix(in, afterLongTag))
			if diff := cmp.Diff(sorted(want, twice), sorted(rewritten, twice)); diff != "" {
				t.Fatalf("tag %d, %s:\n got %s\n(-want +got):\n%s", i, abridged(in), abridged(got), abridged(diff))
			}
		}
	}
}

func isLongURL(value string) bool {
	return len(value) > maxAttribute/2 && strings.Contains(value[:20], ":")
}

// sorted returns the attributes sorted. Where a URL's attribute is there twice, the
// first may have been written without its type.
func sorted(list []string, twice bool) (all []string) {
	for i := 0; i < len(list); i += 2 {
		value := list[i+1]
		if twice {
			value, _, _ = strings.Cut(value, "[")
		}
		all = append(all, list[i]+"="+value)
	}
	slices.Sort(all)
	return all
}

// hasTwice reports whether a tag has an attribute for a picture's URL twice.
func hasTwice(tag string) bool {
	for _, name := range []string{"[^-]src", "fullres-src"} {
		if len(regexp.MustCompile(`(?i)`+name+`[\s=>/]`).FindAllString(tag, 3)) > 1 {
			return true
		}
	}
	return false
}

// randomLongTag writes a tag with values of any length, and a short one after it.
func randomLongTag(rnd *rand.Rand) string {
	names := strings.Split("src|SRC|data-src-type|data-fullres-src|data-fullres-src-type|data-render-src|data|alt|alt|id", "|")
	var b strings.Builder
	b.WriteString([]string{"<img ", "<object "}[rnd.IntN(2)])
	for range 1 + rnd.IntN(9) {
		name := pick(rnd, names)
		b.WriteString(name)
		b.WriteString(pick(rnd, equalPieces))
		quote := []string{`"`, `"`, `'`, ""}[rnd.IntN(4)]
		b.WriteString(quote)
		if rnd.IntN(3) == 0 && !strings.HasSuffix(name, "type") {
			b.WriteString(strings.Repeat("x", rnd.IntN(2*maxTag))) // no URL is so long
		} else {
			for range rnd.IntN(3) {
				b.WriteString(pick(rnd, []string{"p:", "q:", "l:", "a", "&amp;", "/"}))
			}
		}
		b.WriteString(quote)
		b.WriteString([]string{" ", "\n", "/", "  "}[rnd.IntN(4)])
	}
	b.WriteString([]string{">", "/>", " />"}[rnd.IntN(3)])
	return b.String() + afterLongTag
}

const afterLongTag = `<img src="p:c"><p>`

// A tag of any length takes no more memory than any other.
func TestLongTagIsNotHeld(t *testing.T) {
	for _, in := range []string{
		`<img alt="` + strings.Repeat("x", 8<<20) + `" src="p:a">`,
		`<img src="p:a" alt="` + strings.Repeat("x", 8<<20) + `" data-src-type="t">`,
		`<img src="p:a" ` + strings.Repeat("data-fullres-src='p:a' ", 400<<10) + `>`,
		`<img src="p:a` + strings.Repeat("&amp;", 1<<20) + `" alt="x">`,
	} {
		r := HTML(strings.NewReader(in), upper())
		p := make([]byte, 32<<10)
		most := 0
		for {
			_, err := r.Read(p)
			if err != nil {
				break
			}
			most = max(most, cap(r.window)+r.scan.size())
		}
		if most > 512<<10 {
			t.Errorf("%.30s…: took %d KiB of buffers", in, most>>10)
		}
		r.Close()
	}
}
