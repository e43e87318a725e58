// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph_test

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/proxy/graph"
)

// A jsonAuthor writes JSON at random, of names and texts that mean something to the
// translator.
type jsonAuthor struct {
	rand *rand.Rand
	strings.Builder
}

var (
	randomNames = []string{
		"displayName", "createdDateTime", "lastModifiedDateTime", "createdBy", "lastModifiedBy", "createdByIdentity",
		"user", "application", "device", "id", "value", "sections", "parentNotebook", "links", "previewImageUrl", "href",
		"oneNoteWebUrl", "self", "pagesUrl", "resourceLocation", "status", "title", "name", "content", "error", "x",
		"@odata.context", "@odata.nextLink", "parentNotebook@odata.context", "sections@odata.context", "sections@odata.nextLink",
		`displayN\u0061me`, `cre\u0061tedBy`, `\u0040odata.context`, `us\u0065r`, `a\"`, `\\`,
	}
	randomTexts = []string{
		"", "Ann", "displayName", "Completed", "NotStarted", `\"createdBy\":{}`, `\\`, `\ud83d\ude00\udc00`, "国考",
		"https://graph.microsoft.com/v1.0/users/me/onenote/pages/1", `https:\/\/graph.microsoft.com\/v1.0\/users\/me\/onenote\/\u0061`,
		"https://graph.microsoft.com/v1.0/$metadata#users('a')/onenote/sections('1')/parentNotebook/$entity",
		"https://graph.microsoft.com/v1.0/users/me/onenote/国考", "https://example.com/",
	}
	randomScalars = []string{"null", "null", "true", "false", "0", "-1.50", "1e400", "12345678901234567890"}
	randomSpaces  = []string{"", "", "", "", " ", "\n\t", "\r\n  "}
)

func (a *jsonAuthor) one(of []string) { a.WriteString(of[a.rand.IntN(len(of))]) }

func (a *jsonAuthor) space() { a.one(randomSpaces) }

func (a *jsonAuthor) text(of []string) {
	a.WriteByte('"')
	a.one(of)
	a.WriteByte('"')
}

func (a *jsonAuthor) value(depth int) {
	a.space()
	switch n := a.rand.IntN(10); {
	case n < 4 && depth < 6, depth == 0:
		a.list("{}", func() {
			a.text(randomNames)
			a.space()
			a.WriteByte(':')
			a.value(depth + 1)
		})
	case n < 6 && depth < 6:
		a.list("[]", func() { a.value(depth + 1) })
	case n < 9:
		a.text(randomTexts)
	default:
		a.one(randomScalars)
	}
	a.space()
}

func (a *jsonAuthor) list(brackets string, element func()) {
	a.WriteByte(brackets[0])
	a.space()
	for i := range a.rand.IntN(6) {
		if i > 0 {
			a.WriteByte(',')
			a.space()
		}
		element()
	}
	a.WriteByte(brackets[1])
}

func (a *jsonAuthor) shape(depth int) *graph.Shape {
	if depth == 3 || a.rand.IntN(4) == 0 {
		return nil
	}
	shape := &graph.Shape{}
	if a.rand.IntN(4) > 0 {
		shape.Select = []string{"id"}
	}
	for _, name := range []string{"createdBy", "createdByIdentity", "lastModifiedBy", "lastModifiedByIdentity", "*"} {
		if a.rand.IntN(3) == 0 {
			shape.Select = append(shape.Select, name)
		}
	}
	for _, name := range []string{"sections", "value", "parentNotebook", "x"} {
		if a.rand.IntN(2) == 0 {
			if shape.Expand == nil {
				shape.Expand = make(map[string]*graph.Shape)
			}
			shape.Expand[name] = a.shape(depth + 1)
		}
	}
	return shape
}

// What is JSON becomes what the oracle says. What is broken stays broken.
func TestRandomJSONIsTranslatedAsTheOracleDoes(t *testing.T) {
	for seed := range uint64(1000) {
		a := &jsonAuthor{rand: rand.New(rand.NewPCG(seed, 1))}
		a.value(0)
		text := a.String()
		rules := sampleRules()
		rules.Operation = a.rand.IntN(4) == 0
		rules.Shape = a.shape(0)
		got := translated(t, rules, text)
		want, err := jsonOracle{rules}.translate([]byte(text))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if tree, err := canonical([]byte(got)); tree != want {
			t.Fatalf("of   %s\ngot  %s, %v\nwant %s", text, tree, err, want)
		}
		if again := translatedInPieces(t, rules, text, seed); again != got {
			t.Fatalf("in pieces: got  %s\nwant %s", again, got)
		}
		a.breakJSON(t, rules, text)
	}
}

// breakJSON cuts the text, and takes a byte out of it or puts one in.
func (a *jsonAuthor) breakJSON(t *testing.T, rules *graph.JSONRules, text string) {
	t.Helper()
	for range 8 {
		at := a.rand.IntN(len(text))
		broken := text[:at]
		switch a.rand.IntN(3) {
		case 0:
			broken += text[at+1:]
		case 1:
			broken += string(`{}[],:"\n1`[a.rand.IntN(10)]) + text[at:]
		}
		if json.Valid([]byte(broken)) {
			continue
		}
		got := translated(t, rules, broken)
		if json.Valid([]byte(got)) {
			t.Fatalf("of   %s\ngot  %s, which is JSON", broken, got)
		}
		if again := translatedInPieces(t, rules, broken, uint64(at)); again != got {
			t.Fatalf("in pieces: got  %s\nwant %s", again, got)
		}
	}
}
