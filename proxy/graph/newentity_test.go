// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph_test

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/caddy-onenote/caddy-onenote/proxy/graph"
)

func TestNewEntity(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"name", `{"name":"x"}`, `{"displayName":"x"}`},
		{"name without quotes", `{name:"x"}`, `{"displayName":"x"}`},
		{"single quotes", `{'name':'x'}`, `{"displayName":"x"}`},
		{"white space", "\r\n { name : 'x' }\n", "\r\n { \"displayName\" : \"x\" }\n"},
		{"escapes in the name of the member", `{"n\u0061me":"x"}`, `{"displayName":"x"}`},
		{"quotes in quotes", `{name:'a "b" \'c\' \\ \u0027'}`, `{"displayName":"a \"b\" 'c' \\ \u0027"}`},
		{"single quote in double quotes", `{name:"it's"}`, `{"displayName":"it's"}`},
		{"escaped single quote in double quotes", `{"name":"it\'s"}`, `{"displayName":"it's"}`},
		{"comma too many", `{name:'x' , }`, `{"displayName":"x"  }`},
		{"comma too many in an array", `{"x":[1,],"name":"x"}`, `{"x":[1],"displayName":"x"}`},
		{"line break in a name", "{name:'a\nb'}", `{"displayName":"a\u000ab"}`},
		{"byte order mark", "\ufeff" + `{name:'x'}`, `{"displayName":"x"}`},
		{"names in other languages", `{name:'国考 \ud83d\ude00'}`, `{"displayName":"国考 \ud83d\ude00"}`},
		{"name of something inside", `{"x":{name:1},y:[{'name':2}]}`, `{"x":{"name":1},"y":[{"name":2}]}`},
		{"texts that look like members", `{name:"{name:'x'}"}`, `{"displayName":"{name:'x'}"}`},
		{"numbers and words", `{a:1e400,b:-0.10,c:true,d:null}`, `{"a":1e400,"b":-0.10,"c":true,"d":null}`},

		{"nothing to change", `{ "displayName" : "x" }`, `{ "displayName" : "x" }`},
		{"empty object", `{}`, `{}`},
		{"nothing", ``, ``},
		{"no object", `["name"]`, `["name"]`},
		{"words without quotes", `{name:x}`, `{name:x}`},
		{"colon missing", `{name "x"}`, `{name "x"}`},
		{"comma missing", `{name:"x" y:1}`, `{name:"x" y:1}`},
		{"comma alone", `{,}`, `{,}`},
		{"two commas", `{name:"x",,}`, `{name:"x",,}`},
		{"cut off", `{name:"x`, `{name:"x`},
		{"cut off in an escape", `{name:"x\`, `{name:"x\`},
		{"escape that JSON does not have", `{name:"\x41"}`, `{name:"\x41"}`},
		{"something behind it", `{name:"x"} y`, `{name:"x"} y`},
		{"a zero byte", "{name:\x00}", "{name:\x00}"},
		{"nested too deeply", `{name:` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`, `{name:` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`},
		{"too long", `{name:"` + strings.Repeat("x", 64<<10) + `"}`, `{name:"` + strings.Repeat("x", 64<<10) + `"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := (&graph.NewEntityRules{}).Open(strings.NewReader(tt.in))
			got, err := io.ReadAll(body)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if pictures, changes := body.Rewritten(); pictures != 0 || (changes > 0) != (tt.in != tt.want) {
				t.Errorf("changes: got %d, %d, want any: %t", pictures, changes, tt.in != tt.want)
			}
			checkInPieces(t, &graph.NewEntityRules{}, tt.in, tt.want)
		})
	}
}

// The bodies of actions become JSON, and their names stay.
func TestNewEntityOfAnAction(t *testing.T) {
	for in, want := range map[string]string{
		`{"siteId":"1","renameAs":"x","name":"y"}`:       `{"siteId":"1","renameAs":"x","name":"y"}`,
		`{webUrl:'https://example.com/a?b=c','name':1,}`: `{"webUrl":"https://example.com/a?b=c","name":1}`,
	} {
		if got := translated(t, &graph.NewEntityRules{KeepNames: true}, in); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestNewEntityPassesTheErrorOfItsSource(t *testing.T) {
	wrong := errors.New("connection reset")
	for _, text := range []string{`{name:"x"`, strings.Repeat(" ", 70<<10)} {
		body := (&graph.NewEntityRules{}).Open(io.MultiReader(strings.NewReader(text), iotest.ErrReader(wrong)))
		if got, err := io.ReadAll(body); string(got) != text || !errors.Is(err, wrong) {
			t.Errorf("got %d bytes, %v, want %d, %v", len(got), err, len(text), wrong)
		}
	}
}

func FuzzNewEntity(f *testing.F) {
	for _, text := range []string{`{"name":"x"}`, `{name:'x',}`, `{"a":[1,{'b':"c"}],name:"\'"}`, "{name:'a\nb'}", `{"displayName":"x"}`} {
		f.Add(text, false)
		f.Add(text, true)
	}
	f.Fuzz(func(t *testing.T, text string, keep bool) {
		rules := &graph.NewEntityRules{KeepNames: keep}
		body := rules.Open(strings.NewReader(text))
		out, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		got := string(out)
		_, changes := body.Rewritten()
		if (changes > 0) != (got != text) {
			t.Errorf("%d changes: got %q of %q", changes, got, text)
		}
		if changes > 0 && !json.Valid(out) {
			t.Errorf("got %q, want JSON", got)
		}
		if again := translatedInPieces(t, rules, text, 1); again != got {
			t.Errorf("in pieces: got %q, want %q", again, got)
		}
		checkNewEntity(t, text, got, keep)
	})
}

// checkNewEntity compares JSON with what becomes of it: nothing changes but name in
// the outermost object.
func checkNewEntity(t *testing.T, text, got string, keep bool) {
	t.Helper()
	tree, err := jsonTree([]byte(text))
	if err != nil {
		return // only what it becomes is known, and that is JSON
	}
	if object, ok := tree.(jsonObject); ok && !keep {
		for i := range object {
			if object[i].name == "name" {
				object[i].name = "displayName"
			}
		}
	}
	var want strings.Builder
	writeJSON(&want, tree)
	if tree, err := canonical([]byte(got)); tree != want.String() {
		t.Errorf("got  %s, %v\nwant %s", tree, err, &want)
	}
}
