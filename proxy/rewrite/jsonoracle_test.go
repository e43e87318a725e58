// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite

import (
	"encoding/json"
	"io"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// A jsonToken is a token as encoding/json sees it, with what is before it.
type jsonToken struct {
	gap, raw string
	value    bool // a string that is a value, and not one to keep
}

// jsonTokens takes valid JSON apart.
func jsonTokens(t testing.TB, text string) (tokens []jsonToken, rest string) {
	t.Helper()
	type level struct {
		object, isKey, unchanged bool
		key                      string
	}
	stack := []level{{}}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	offset := 0
	for {
		tok, err := dec.Token()
		if err == io.EOF {
			return tokens, text[offset:]
		}
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		end := int(dec.InputOffset())
		raw := strings.TrimLeft(text[offset:end], " \t\r\n,:")
		now := jsonToken{gap: text[offset : end-len(raw)], raw: raw}
		offset = end
		top := &stack[len(stack)-1]
		unchanged := top.unchanged || top.object && slices.Contains(unchangedNames, top.key)
		switch tok {
		case json.Delim('{'):
			stack = append(stack, level{object: true, isKey: true, unchanged: unchanged})
		case json.Delim('['):
			stack = append(stack, level{unchanged: unchanged})
		case json.Delim('}'), json.Delim(']'):
			stack = stack[:len(stack)-1]
			top = &stack[len(stack)-1]
			top.isKey = true
		default:
			_, isString := tok.(string)
			if top.object && top.isKey {
				top.key, top.isKey = raw[1:len(raw)-1], false
				break
			}
			now.value = isString && !unchanged
			top.isKey = true
		}
		tokens = append(tokens, now)
	}
}

var unchangedNames = []string{"title", "name", "displayName", "previewText", "content", "message",
	"oneNoteWebUrl", "oneNoteClientUrl", "@api.url"}

// plainHost is what a string must begin with, unescaped but for its slashes.
var plainHost = regexp.MustCompile(`(?i)^"https?:\\?/\\?/(api|other)\.example\\?/`)

// checkJSON fails unless got is what local makes of in.
func checkJSON(t testing.TB, in, got string) {
	t.Helper()
	if !json.Valid([]byte(got)) {
		t.Fatalf("%q: got %q, which is not JSON", in, got)
	}
	a, restA := jsonTokens(t, in)
	b, restB := jsonTokens(t, got)
	if len(a) != len(b) || restA != restB {
		t.Fatalf("%q: got %q: %d tokens and %q, want %d and %q", in, got, len(b), restB, len(a), restA)
	}
	for i := range a {
		want := a[i].raw
		if a[i].value && plainHost.MatchString(want) {
			if url, ok := LinkFunc(local).Replace(nil, []byte(unquote(t, want))); ok {
				if unquote(t, b[i].raw) != string(url) {
					t.Fatalf("%q: got %s for %s, want %q", in, b[i].raw, want, url)
				}
				want = b[i].raw
				_, tail, _ := strings.Cut(a[i].raw, "example")
				if !strings.HasSuffix(want, tail) {
					t.Fatalf("%q: got %s for %s, want its tail as it was", in, want, a[i].raw)
				}
			}
		}
		if b[i].raw != want || b[i].gap != a[i].gap {
			t.Fatalf("%q: got %s%s, want %s%s", in, b[i].gap, b[i].raw, a[i].gap, want)
		}
	}
}

func unquote(t testing.TB, raw string) (s string) {
	t.Helper()
	if err := json.Unmarshal([]byte(raw), &s); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return s
}

func checkJSONDocument(t testing.TB, in string, seed uint64) {
	t.Helper()
	open := func(src io.Reader) *Reader { return JSON(src, testHosts, local) }
	got := readAll(t, open(strings.NewReader(in)))
	if cut := readChunked(t, in, seed, open); cut != got {
		t.Fatalf("%q, cut with seed %d:\n got %q\nwant %q", in, seed, cut, got)
	}
	if again := readAll(t, open(strings.NewReader(got))); again != got {
		t.Fatalf("%q, done twice:\n got %q\nwant %q", in, again, got)
	}
	if len(in) < maxGap && json.Valid([]byte(in)) && utf8.ValidString(in) {
		checkJSON(t, in, got)
	}
}

// randomJSON writes a value of that depth at most.
func randomJSON(b *strings.Builder, rnd *rand.Rand, depth int) {
	space := func() {
		for range max(0, rnd.IntN(8)-5) * (1 + rnd.IntN(20)) {
			b.WriteByte(" \t\r\n"[rnd.IntN(4)])
		}
	}
	list := func(open, shut byte, item func()) {
		b.WriteByte(open)
		for i := range rnd.IntN(5) {
			if i > 0 {
				b.WriteByte(',')
			}
			space()
			item()
			space()
		}
		b.WriteByte(shut)
	}
	switch kind := rnd.IntN(8); {
	case depth > 0 && kind < 2:
		list('[', ']', func() { randomJSON(b, rnd, depth-1) })
	case depth > 0 && kind < 5:
		list('{', '}', func() {
			randomString(b, rnd)
			space()
			b.WriteByte(':')
			space()
			randomJSON(b, rnd, depth-1)
		})
	case kind < 7:
		randomString(b, rnd)
	default:
		b.WriteString([]string{"null", "true", "-1.50e+3", "0"}[rnd.IntN(4)])
	}
}

var jsonPieces = strings.Split("https://api.example/api/|https:\\/\\/api.example\\/api\\/|http://api.example/api/|"+
	"https://other.example/api/a|https://API.Example/api/a|https://foreign.example/api/|https://api.example|https:\\u002f/api.example/api/|HTTPS://api.example/api/|"+
	"title|name|content|oneNoteWebUrl|oneNoteClientUrl|@api.url|self|href|nextLink|\\\"|\\\\|\\/|\\u0026|\\ud83d\\ude00|\\ud83d|\\n|"+
	"a|/|{|[|}|]|:|,| |\u00e4|api.example|\\\"title\\\":{|?a=1&b=2", "|")

func randomString(b *strings.Builder, rnd *rand.Rand) {
	b.WriteByte('"')
	for range rnd.IntN(4) {
		b.WriteString(jsonPieces[rnd.IntN(len(jsonPieces))])
	}
	b.WriteByte('"')
}

func TestJSONAgainstOracle(t *testing.T) {
	documents := 10_000
	if testing.Short() {
		documents = 2_000
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	for i := range documents {
		var b strings.Builder
		randomJSON(&b, rnd, 4)
		in := b.String()
		checkJSONDocument(t, in, uint64(i))
		// The same with a mistake: only the cuts must not matter.
		at := rnd.IntN(len(in))
		checkJSONDocument(t, in[:at]+`",:{}[]\/x`[rnd.IntN(10):][:1]+in[at+1:], uint64(i))
	}
}

func FuzzJSON(f *testing.F) {
	f.Add(`{"self":"https://api.example/api/a","title":"https://api.example/api/a"}`, uint64(1))
	f.Add(`["https:\/\/api.example\/api\/\u0026\"" , "http://other.example/api/x"]`, uint64(2))
	f.Add(`{"oneNoteWebUrl" : {"href":"https://api.example/api/a","a":[{}]},"https://api.example/api/":1}`, uint64(3))
	f.Add("{\"a\":\"\xe9\",\"b\":\"https://api.example/api/a\"}", uint64(4))
	f.Fuzz(func(t *testing.T, in string, seed uint64) { checkJSONDocument(t, in, seed) })
}
