// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/caddy-onenote/caddy-onenote/proxy/graph"
	"github.com/caddy-onenote/caddy-onenote/proxy/rewrite"
)

var updateJSON = flag.Bool("update-json", false, "write the golden files of JSON; read the difference before you commit it")

// graphURL stands for the path mapper: it knows the roots of the samples.
var graphURL = regexp.MustCompile(`^https://graph\.microsoft\.com/(v1\.0|beta)/(\$metadata#)?users(?:/[^/]+|\('[^']*'\))/onenote`)

func localURL(dst, url []byte) ([]byte, bool) {
	if !graphURL.Match(url) {
		return dst, false
	}
	return append(dst, graphURL.ReplaceAll(url, []byte("http://localhost:8080/api/v1.0/${2}me/notes"))...), true
}

// sampleRules translate the samples.
func sampleRules() *graph.JSONRules {
	return &graph.JSONRules{
		URL:     localURL,
		Context: localURL,
		NextLink: func(url []byte) (string, bool) {
			return "http://localhost:8080/api/v1.0/me/notes/pages?skip=20", graphURL.Match(url)
		},
		Picture: func(dst, url []byte) ([]byte, bool) {
			if !graphURL.Match(url) {
				return dst, false
			}
			return append(dst, "http://localhost:8080/api/v1.0/me/notes/resources/1/content?sig=s"...), true
		},
	}
}

func operationRules() *graph.JSONRules {
	r := sampleRules()
	r.Operation = true
	return r
}

func rulesFor(file string) *graph.JSONRules {
	if strings.HasPrefix(filepath.Base(file), "operation") {
		return operationRules()
	}
	return sampleRules()
}

func samples(t testing.TB, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("no samples %s: %v", pattern, err)
	}
	return files
}

func readSample(t testing.TB, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// opener is what all rules have.
type opener interface {
	Open(src io.Reader) rewrite.Body
}

// translated reads a body in one piece.
func translated(t testing.TB, rules opener, text string) string {
	t.Helper()
	body := rules.Open(strings.NewReader(text))
	out, err := io.ReadAll(body)
	if err != nil {
		t.Fatalf("ReadAll: %v", err)
	}
	if err := body.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	return string(out)
}

// A randomSource returns its text in pieces of random length, sometimes nothing,
// and sometimes the end together with the last piece.
type randomSource struct {
	text string
	max  int
	rand *rand.Rand
}

func (c *randomSource) Read(p []byte) (int, error) {
	if c.text == "" {
		return 0, io.EOF
	}
	if c.rand.IntN(8) == 0 {
		return 0, nil
	}
	n := copy(p[:min(len(p), 1+c.rand.IntN(c.max))], c.text)
	c.text = c.text[n:]
	if c.text == "" && c.rand.IntN(2) == 0 {
		return n, io.EOF
	}
	return n, nil
}

// translatedInPieces is translated with the source and the buffers cut at random.
func translatedInPieces(t testing.TB, rules opener, text string, seed uint64) string {
	t.Helper()
	rnd := rand.New(rand.NewPCG(seed, 0))
	sizes := [...]int{1, 7, 40, 600, 5000, 40000}
	size := func() int { return sizes[rnd.IntN(len(sizes))] }
	body := rules.Open(&randomSource{text, size(), rnd})
	defer body.Close()
	var out []byte
	buf := make([]byte, size())
	for {
		n, err := body.Read(buf[:1+rnd.IntN(len(buf))])
		out = append(out, buf[:n]...)
		if err == io.EOF {
			return string(out)
		}
		if err != nil {
			t.Fatalf("Read: %v", err)
		}
	}
}

// checkInPieces compares a body that was read in one piece with the same in pieces.
func checkInPieces(t testing.TB, rules opener, text, whole string) {
	t.Helper()
	for seed := range uint64(6) {
		if got := translatedInPieces(t, rules, text, seed); got != whole {
			t.Fatalf("in pieces (seed %d):\ngot  %q\nwant %q", seed, got, whole)
		}
	}
	body := rules.Open(iotest.OneByteReader(strings.NewReader(text)))
	out, err := io.ReadAll(iotest.OneByteReader(body))
	if err != nil || string(out) != whole {
		t.Fatalf("byte by byte:\ngot  %q, %v\nwant %q", out, err, whole)
	}
}

func checkJSONGolden(t *testing.T, file, got string) {
	t.Helper()
	golden := file + ".golden"
	if *updateJSON {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := readSample(t, golden); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// The samples are responses of Graph as they were published (testdata/ORIGINS.md);
// beside each stands what the app gets.
func TestJSONSamplesMatchTheirGoldens(t *testing.T) {
	for _, file := range samples(t, "json/*.json") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, rules := readSample(t, file), rulesFor(file)
			got := translated(t, rules, text)
			checkJSONGolden(t, file, got)
			checkInPieces(t, rules, text, got)
			want, err := jsonOracle{rules}.translate([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if tree, err := canonical([]byte(got)); tree != want {
				t.Errorf("as a tree: got  %s, %v\nwant %s", tree, err, want)
			}
		})
	}
}

// A response that has the names of the OneNote API already, as
// getNotebookFromWebUrl gives on Graph, has nothing to translate.
func TestJSONOfTheOneNoteAPIStays(t *testing.T) {
	for _, file := range samples(t, "legacy/*.json") {
		text := readSample(t, file)
		if got := translated(t, sampleRules(), text); got != text {
			t.Errorf("%s: got  %s\nwant %s", file, got, text)
		}
	}
}

// Each sample can be had back from its translation, apart from URLs.
func TestJSONTranslationLosesNothing(t *testing.T) {
	for _, file := range samples(t, "json/*.json") {
		if strings.Contains(file, "operation") || strings.Contains(file, "batch") {
			continue // they have no names to translate, or entities of other services
		}
		text := readSample(t, file)
		tree, err := jsonTree([]byte(translated(t, &graph.JSONRules{}, text)))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		var got strings.Builder
		writeJSON(&got, backToGraph(tree))
		if want, err := canonical([]byte(text)); got.String() != want {
			t.Errorf("%s:\ngot  %s\nwant %s, %v", file, &got, want, err)
		}
	}
}

// backToGraph gives the members of an entity the names of Graph again.
func backToGraph(value any) any {
	switch v := value.(type) {
	case []any:
		for i := range v {
			v[i] = backToGraph(v[i])
		}
	case jsonObject:
		out := jsonObject{}
		for _, m := range v {
			switch m.name {
			case "name":
				m.name = "displayName"
			case "createdTime":
				m.name = "createdDateTime"
			case "lastModifiedTime":
				m.name = "lastModifiedDateTime"
			case "createdBy", "lastModifiedBy":
				continue // the identity has it
			case "createdByIdentity", "lastModifiedByIdentity":
				out = append(out, jsonMember{strings.TrimSuffix(m.name, "Identity"), m.value})
				continue
			}
			out = append(out, jsonMember{m.name, backToGraph(m.value)})
		}
		return out
	}
	return value
}

func shapeOf(expand map[string]*graph.Shape, names ...string) *graph.Shape {
	return &graph.Shape{Select: names, Expand: expand}
}

func TestJSON(t *testing.T) {
	const g = "https://graph.microsoft.com/v1.0/users/me/onenote"
	const l = "http://localhost:8080/api/v1.0/me/notes"
	identity := `{"user":{"id":"1","displayName":"Ann"}}`
	tests := []struct {
		name, in, want string
		rules          func(r *graph.JSONRules)
	}{
		{"names", `{"displayName":"a","createdDateTime":"1","lastModifiedDateTime":"2"}`, `{"name":"a","createdTime":"1","lastModifiedTime":"2"}`, nil},
		{"names that are null", `{"displayName":null,"createdDateTime":null}`, `{"name":null,"createdTime":null}`, nil},
		{"names at any depth", `{"value":[[{"sections":[{"displayName":"a"}]}]]}`, `{"value":[[{"sections":[{"name":"a"}]}]]}`, nil},
		{"names in texts stay", `{"title":"displayName","displayName":"{\"displayName\":\"createdBy\"}","x":"displayName"}`, `{"title":"displayName","name":"{\"displayName\":\"createdBy\"}","x":"displayName"}`, nil},
		{"escapes in a name", `{"displayN\u0061me":"a","\u0073elf":"` + g + `"}`, `{"name":"a","\u0073elf":"` + l + `"}`, nil},
		{"escapes that no name may have", `{"displayN\x61me":"a"}`, `{"displayN\x61me":"a"}`, nil},
		{"names in another case stay", `{"displayname":"a","DisplayName":"b"}`, `{"displayname":"a","DisplayName":"b"}`, nil},
		{"names that come twice", `{"displayName":"a","displayName":"b"}`, `{"name":"a","name":"b"}`, nil},
		{"texts with URLs stay", `{"title":"` + g + `","content":"` + g + `","x":"` + g + `"}`, `{"title":"` + g + `","content":"` + g + `","x":"` + g + `"}`, nil},
		{"members of texts stay", `{"title":{"displayName":"a","self":"` + g + `"},"content":[{"displayName":"a"}]}`, `{"title":{"displayName":"a","self":"` + g + `"},"content":[{"displayName":"a"}]}`, nil},
		{"URLs", `{"self":"` + g + `/a","pagesUrl":"` + g + `/b","x@odata.navigationLink":"` + g + `/c"}`, `{"self":"` + l + `/a","pagesUrl":"` + l + `/b","x@odata.navigationLink":"` + l + `/c"}`, nil},
		{"URLs elsewhere stay", `{"self":"https://example.com/","links":{"oneNoteWebUrl":{"href":"` + g + `"},"oneNoteClientUrl":{"href":"` + g + `"}}}`, `{"self":"https://example.com/","links":{"oneNoteWebUrl":{"href":"` + g + `"},"oneNoteClientUrl":{"href":"` + g + `"}}}`, nil},
		{"URLs that are null or no text", `{"self":null,"pagesUrl":1,"contentUrl":["` + g + `"]}`, `{"self":null,"pagesUrl":1,"contentUrl":["` + g + `"]}`, nil},
		{"escapes in a URL", `{"self":"` + strings.ReplaceAll(g, "/", `\/`) + `\/\u0061\"\\"}`, `{"self":"` + strings.ReplaceAll(l, "/", `\/`) + `\/a\"\\"}`, nil},
		{"escapes in a URL that stays", `{"self":"https:\/\/example.com\/\u0061"}`, `{"self":"https:\/\/example.com\/\u0061"}`, nil},
		{"surrogates in a URL", `{"self":"` + g + `/\ud83d\ude00\ud83d"}`, `{"self":"` + l + "/😀\ufffd" + `"}`, nil},
		{"URL that is no JSON", `{"self":"` + g + "\n" + `"}`, `{"self":"` + g + "\n" + `"}`, nil},
		{"URL that is not UTF-8", `{"self":"` + g + "\xff" + `"}`, `{"self":"` + g + "\xff" + `"}`, nil},
		{"next link", `{"value":[{"sections@odata.nextLink":"` + g + `?a"}],"@odata.nextLink":"` + g + `?$skip=20"}`, `{"value":[{"sections@odata.nextLink":"` + l + `?a"}],"@odata.nextLink":"http://localhost:8080/api/v1.0/me/notes/pages?skip=20"}`, nil},
		{"preview", `{"previewText":"` + g + `","links":{"previewImageUrl":{"href":"` + g + `/resources/1/$value"},"href":"` + g + `"}}`, `{"previewText":"` + g + `","links":{"previewImageUrl":{"href":"http://localhost:8080/api/v1.0/me/notes/resources/1/content?sig=s"},"href":"` + l + `"}}`, nil},
		{"short parent", `{"parentNotebook@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users('a')/onenote/sections('1')/parentNotebook/$entity"}`, `{"parentNotebook@odata.context":"http://localhost:8080/api/v1.0/$metadata#me/notes/sections('1')/parentNotebook(id,name,self)/$entity"}`, nil},
		{"parent that was expanded", `{"parentNotebook@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users('a')/onenote/sections('1')/parentNotebook/$entity"}`, `{"parentNotebook@odata.context":"http://localhost:8080/api/v1.0/$metadata#me/notes/sections('1')/parentNotebook/$entity"}`,
			func(r *graph.JSONRules) { r.Shape = shapeOf(map[string]*graph.Shape{"parentNotebook": nil}) }},
		{"context of a parent that ends in another way", `{"parentNotebook@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users('a')/onenote/notebooks/$entity"}`, `{"parentNotebook@odata.context":"http://localhost:8080/api/v1.0/$metadata#me/notes/notebooks/$entity"}`, nil},
		{"context elsewhere", `{"parentNotebook@odata.context":"https://example.com/parentNotebook/$entity"}`, `{"parentNotebook@odata.context":"https://example.com/parentNotebook/$entity"}`, nil},

		{"identity", `{"createdBy":` + identity + `,"lastModifiedBy":` + identity + `}`, `{"createdBy":"Ann","createdByIdentity":` + identity + `,"lastModifiedBy":"Ann","lastModifiedByIdentity":` + identity + `}`, nil},
		{"identity of an application", `{"createdBy":{"user":null,"application":{"displayName":"App","id":"1"}}}`, `{"createdBy":"App","createdByIdentity":{"user":null,"application":{"displayName":"App","id":"1"}}}`, nil},
		{"identity of a device", `{"createdBy":{"device":{"displayName":"\u0041\/\"b"},"user":{"displayName":""}}}`, `{"createdBy":"\u0041\/\"b","createdByIdentity":{"device":{"displayName":"\u0041\/\"b"},"user":{"displayName":""}}}`, nil},
		{"identity that comes twice", `{"createdBy":{"user":{"displayName":"a"},"u\u0073er":{"displayName":"b","displayName":"c"}}}`, `{"createdBy":"c","createdByIdentity":{"user":{"displayName":"a"},"u\u0073er":{"displayName":"b","displayName":"c"}}}`, nil},
		{"identity of nobody", `{"createdBy": {} ,"x":1}`, `{"createdBy": "","createdByIdentity": {} ,"x":1}`, nil},
		{"identity with a name that is no text", `{"createdBy":{"user":{"displayName":1}}}`, `{"createdBy":"","createdByIdentity":{"user":{"displayName":1}}}`, nil},
		{"identity that is null", `{"createdBy":null}`, `{"createdBy":null}`, nil},
		{"identity that is a text", `{"createdBy":"Ann","createdByIdentity":` + identity + `}`, `{"createdBy":"Ann","createdByIdentity":` + identity + `}`, nil},
		{"notebook of getNotebookFromWebUrl", `{"id":"1","name":"displayName","createdTime":"1","createdBy":"Ann","createdByIdentity":` + identity + `,"lastModifiedBy":"Ann","self":"` + g + `/notebooks/1"}`,
			`{"id":"1","name":"displayName","createdTime":"1","createdBy":"Ann","createdByIdentity":` + identity + `,"lastModifiedBy":"Ann","self":"` + l + `/notebooks/1"}`, nil},
		{"identity that is a list", `{"createdBy":[{"displayName":"a"}]}`, `{"createdBy":[{"name":"a"}]}`, nil},
		{"users anywhere", `{"user":{"displayName":"a"},"x":{"application":{"displayName":"a"},"device":{"displayName":"a"}}}`, `{"user":{"displayName":"a"},"x":{"application":{"displayName":"a"},"device":{"displayName":"a"}}}`, nil},
		{"only the name is selected", `{"createdBy":` + identity + `}`, `{"createdBy":"Ann"}`, func(r *graph.JSONRules) { r.Shape = shapeOf(nil, "createdBy") }},
		{"only the identity is selected", `{"createdBy":` + identity + `,"lastModifiedBy":null}`, `{"createdByIdentity":` + identity + `,"lastModifiedByIdentity":null}`,
			func(r *graph.JSONRules) { r.Shape = shapeOf(nil, "createdByIdentity", "lastModifiedByIdentity") }},
		{"both are selected", `{"createdBy":` + identity + `}`, `{"createdBy":"Ann","createdByIdentity":` + identity + `}`, func(r *graph.JSONRules) { r.Shape = shapeOf(nil, "createdBy", "createdByIdentity") }},
		{"neither is selected", `{"createdBy":` + identity + `}`, `{"createdBy":"Ann"}`, func(r *graph.JSONRules) { r.Shape = shapeOf(nil, "id") }},
		{"selected in a list and what it expands", `{"value":[{"createdBy":` + identity + `,"sections":[{"createdBy":` + identity + `}],"parentNotebook":{"createdBy":` + identity + `}}]}`,
			`{"value":[{"createdBy":"Ann","sections":[{"createdByIdentity":` + identity + `}],"parentNotebook":{"createdBy":"Ann","createdByIdentity":` + identity + `}}]}`,
			func(r *graph.JSONRules) {
				r.Shape = shapeOf(map[string]*graph.Shape{"sections": shapeOf(nil, "createdByIdentity")}, "createdBy")
			}},
		{"name that is too long is not that of a list", `{"sections":[],"` + strings.Repeat("x", 300) + `":{"createdBy":` + identity + `}}`, `{"sections":[],"` + strings.Repeat("x", 300) + `":{"createdBy":"Ann","createdByIdentity":` + identity + `}}`,
			func(r *graph.JSONRules) {
				r.Shape = shapeOf(map[string]*graph.Shape{"sections": shapeOf(nil, "createdBy")}, "id")
			}},
		{"value of something else is no list", `{"sections":{"value":{"createdBy":` + identity + `}}}`, `{"sections":{"value":{"createdBy":"Ann","createdByIdentity":` + identity + `}}}`,
			func(r *graph.JSONRules) {
				r.Shape = shapeOf(map[string]*graph.Shape{"sections": shapeOf(nil, "createdBy")}, "id")
			}},

		{"operation", `{"id":"1","status":"Completed","createdDateTime":"a","createdBy":` + identity + `,"resourceLocation":"` + g + `/pages/1","error":null}`,
			`{"id":"1","status":"completed","createdDateTime":"a","createdBy":` + identity + `,"resourceLocation":"` + l + `/pages/1","error":null}`, func(r *graph.JSONRules) { r.Operation = true }},
		{"operation that was not started", `{"status":"NotStarted"}`, `{"status":"not started"}`, func(r *graph.JSONRules) { r.Operation = true }},
		{"operation with a status as it was in 2026", `{"status":"not started"}`, `{"status":"not started"}`, func(r *graph.JSONRules) { r.Operation = true }},
		{"status of something in an operation", `{"error":{"status":"Failed"}}`, `{"error":{"status":"Failed"}}`, func(r *graph.JSONRules) { r.Operation = true }},
		{"status of something else", `{"status":"Completed"}`, `{"status":"Completed"}`, nil},
		{"recent notebooks", `{"value":[{"displayName":"a","lastAccessedTime":"1","sourceService":"OneDrive"}]}`, `{"value":[{"name":"a","lastAccessedTime":"1","sourceService":"OneDrive"}]}`, nil},
		{"members that only Graph has", `{"userTags":["a"],"isShared":false}`, `{"userTags":["a"],"isShared":false}`, nil},

		{"white space and numbers", "\n{ \"displayName\" :\t\"a\" , \"x\" : [ 1e400 , -0.10 , true ] }\r\n", "\n{ \"name\" :\t\"a\" , \"x\" : [ 1e400 , -0.10 , true ] }\r\n", nil},
		{"byte order mark", "\ufeff" + `{"displayName":"a"}`, "\ufeff" + `{"name":"a"}`, nil},
		{"behind the JSON", `{"displayName":"a"} {"displayName":"a"}`, `{"name":"a"} {"displayName":"a"}`, nil},
		{"an array", `[{"displayName":"a"}]`, `[{"name":"a"}]`, nil},
		{"no object", `"displayName"`, `"displayName"`, nil},
		{"no JSON", `<html>{"displayName":"a"}`, `<html>{"displayName":"a"}`, nil},
		{"nothing", ``, ``, nil},
		{"cut off in a name", `{"displayName":"a","displayNa`, `{"name":"a","displayNa`, nil},
		{"cut off in a URL", `{"self":"` + g, `{"self":"` + g, nil},
		{"cut off in an identity", `{"createdBy":{"user":{"displayName":"Ann"}`, `{"createdBy":{"user":{"displayName":"Ann"}`, nil},
		{"cut off behind an identity", `{"createdBy":` + identity, `{"createdBy":"Ann","createdByIdentity":` + identity, nil},
		{"broken in an identity", `{"createdBy":{"user":{"displayName" "Ann"}},"displayName":"a"}`, `{"createdBy":{"user":{"displayName" "Ann"}},"displayName":"a"}`, nil},
		{"identity with brackets that do not match", `{"createdBy":{"user":[}},"displayName":"a"}`, `{"createdBy":{"user":[}},"displayName":"a"}`, nil},
		{"brackets that do not match", `{"value":[}],"displayName":"a"}`, `{"value":[}],"displayName":"a"}`, nil},
		{"bracket of an object that closes an array", `{"value":[1},"displayName":"a"}`, `{"value":[1},"displayName":"a"}`, nil},
		{"bracket of an array that closes an object", `{"value":1],"displayName":"a"}`, `{"value":1],"displayName":"a"}`, nil},
		{"comma too many", `{"displayName":"a",,"displayName":"a"}`, `{"name":"a",,"displayName":"a"}`, nil},
		{"colon missing", `{"displayName" "a","displayName":"a"}`, `{"name" "a","displayName":"a"}`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rules := sampleRules()
			if tt.rules != nil {
				tt.rules(rules)
			}
			got := translated(t, rules, tt.in)
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			checkInPieces(t, rules, tt.in, got)
			if json.Valid([]byte(tt.in)) != json.Valid([]byte(got)) {
				t.Errorf("is JSON: got %t, want %t", json.Valid([]byte(got)), json.Valid([]byte(tt.in)))
			}
		})
	}
}

func TestJSONWithoutFunctionsKeepsURLs(t *testing.T) {
	const in = `{"@odata.context":"a","self":"b","@odata.nextLink":"c","previewImageUrl":{"href":"d"}}`
	if got := translated(t, &graph.JSONRules{}, in); got != in {
		t.Errorf("got  %s\nwant %s", got, in)
	}
}

// What has a longest length is decided by that length, not by how it is cut.
func TestJSONLongestLengths(t *testing.T) {
	const g = "https://graph.microsoft.com/v1.0/users/me/onenote/"
	for _, extra := range []int{-300, -40, -2, -1, 0, 1, 2, 40, 300} {
		for name, text := range map[string]string{
			"name":     `{"displayName@` + strings.Repeat("x", 256-28+extra%200) + `@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users('a')/onenote/"}`,
			"URL":      `{"self":"` + g + strings.Repeat("x", 64<<10-len(g)-2+extra) + `"}`,
			"gap":      `{"createdBy":` + strings.Repeat(" ", 16<<10-50+extra) + `null,"displayName":"a"}`,
			"identity": `{"createdBy":{"user":{"displayName":"` + strings.Repeat("x", 16<<10-50+extra) + `"}},"displayName":"a"}`,
		} {
			t.Run(fmt.Sprint(name, extra), func(t *testing.T) {
				rules := sampleRules()
				rules.Shape = shapeOf(nil, "createdByIdentity")
				got := translated(t, rules, text)
				checkInPieces(t, rules, text, got)
				if want := extra <= 0; name == "URL" && (got != text) != want {
					t.Errorf("changed: got %t, want %t", got != text, want)
				}
			})
		}
	}
}

func TestJSONKeepsTheBytesOfAURLThatIsTheSame(t *testing.T) {
	const in = `{"self":"https:\/\/example.com\/\u0061"}`
	same := func(dst, url []byte) ([]byte, bool) { return append(dst, url...), true }
	body := (&graph.JSONRules{URL: same}).Open(strings.NewReader(in))
	got, err := io.ReadAll(body)
	if string(got) != in || err != nil {
		t.Errorf("got  %s, %v\nwant %s", got, err, in)
	}
	if _, links := body.Rewritten(); links != 0 {
		t.Errorf("got %d links, want 0", links)
	}
}

func TestJSONTextOfAnyLengthPasses(t *testing.T) {
	text := `{"displayName":"` + strings.Repeat(`\\\"x`, 1<<20) + `","` + strings.Repeat("y", 1<<20) + `":1,"displayName":"b"}`
	want := strings.ReplaceAll(text, `"displayName"`, `"name"`)
	if got := translated(t, sampleRules(), text); got != want {
		t.Errorf("got %d bytes, want %d", len(got), len(want))
	}
}

// Neither a name nor a text is held whole, and neither is white space between a name
// and its value.
func TestJSONMemoryIsFlatWhateverTheInputHolds(t *testing.T) {
	gap, text := strings.Repeat(" ", 2<<20), strings.Repeat("x", 2<<20)
	for name, in := range map[string]string{
		"gap before null":     `{"createdBy"` + gap + `:` + gap + `null}`,
		"gap before identity": `{"createdBy"` + gap + `:` + gap + `{"user":{"displayName":"a"}}}`,
		"gap before text":     `{"createdBy"` + gap + `:` + gap + `"a"}`,
		"gap before nothing":  `{"createdBy"` + gap,
		"name":                `{"` + text + `":1}`,
		"text":                `{"title":"` + text + `"}`,
		"URL":                 `{"self":"` + text + `"}`,
		"identity":            `{"createdBy":{"user":{"displayName":"` + text + `"}}}`,
		"number":              `{"x":1` + strings.Repeat("1", 2<<20) + `}`,
		"no JSON":             text,
	} {
		src, buf := strings.NewReader(in), make([]byte, 32<<10)
		for range 3 {
			runtime.GC()
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, sampleRules().Open(src), buf)
		runtime.ReadMemStats(&after)
		if int(n) != len(in) || err != nil {
			t.Errorf("%s: got %d bytes, %v, want %d", name, n, err, len(in))
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > 512<<10 {
			t.Errorf("%s: %d bytes were allocated, want at most 512 KiB", name, got)
		}
	}
}

// What lies deeper than anything of OneNote stays, and what follows does not.
func TestJSONNestedDeeplyStays(t *testing.T) {
	deep := strings.Repeat("[", 1<<20) + `{"displayName":"a"}` + strings.Repeat("]", 1<<20)
	text := `{"x":` + deep + `,"displayName":"a"}`
	want := `{"x":` + deep + `,"name":"a"}`
	if got := translated(t, sampleRules(), text); got != want {
		t.Errorf("got %d bytes that end in %s, want %d", len(got), got[len(got)-30:], len(want))
	}
}

func TestJSONPassesTheErrorOfItsSource(t *testing.T) {
	wrong := errors.New("connection reset")
	body := sampleRules().Open(io.MultiReader(strings.NewReader(`{"displayName":"a","displayNa`), iotest.ErrReader(wrong)))
	got, err := io.ReadAll(body)
	if want := `{"name":"a","displayNa`; string(got) != want || !errors.Is(err, wrong) {
		t.Errorf("got %s, %v, want %s, %v", got, err, want, wrong)
	}
	if _, err := body.Read(make([]byte, 1)); !errors.Is(err, wrong) {
		t.Errorf("once more: got %v, want %v", err, wrong)
	}
}

func TestJSONSourceThatGivesNothingEnds(t *testing.T) {
	body := sampleRules().Open(iotest.ErrReader(nil))
	if _, err := io.ReadAll(body); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("got %v, want %v", err, io.ErrNoProgress)
	}
}

func TestJSONReadAfterClose(t *testing.T) {
	body := sampleRules().Open(strings.NewReader(`{"displayName":"a"}`))
	if err := body.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := body.Read(make([]byte, 10)); n != 0 || err == nil {
		t.Errorf("got %d, %v, want an error", n, err)
	}
}

func TestJSONCountsURLs(t *testing.T) {
	text := readSample(t, "testdata/json/pages-list-consumer-2019.json")
	body := sampleRules().Open(strings.NewReader(text + `{"previewImageUrl":{"href":"x"}}`))
	if _, err := io.Copy(io.Discard, body); err != nil {
		t.Fatal(err)
	}
	if pictures, links := body.Rewritten(); pictures != 0 || links != strings.Count(text, `"https://graph.microsoft.com/`) {
		t.Errorf("got %d pictures and %d links, want 0 and %d", pictures, links, strings.Count(text, `"https://graph.microsoft.com/`))
	}
	body = sampleRules().Open(strings.NewReader(`{"previewImageUrl":{"href":"https://graph.microsoft.com/v1.0/users/me/onenote/"},"displayName":"a"}`))
	if _, err := io.Copy(io.Discard, body); err != nil {
		t.Fatal(err)
	}
	if pictures, links := body.Rewritten(); pictures != 1 || links != 0 {
		t.Errorf("got %d pictures and %d links, want 1 and 0", pictures, links)
	}
}

// Contexts are handed out in the order of the body.
func TestJSONContextsComeInOrder(t *testing.T) {
	var got []string
	rules := &graph.JSONRules{Context: func(dst, url []byte) ([]byte, bool) {
		got = append(got, string(url))
		return dst, false
	}}
	translated(t, rules, `{"@odata.context":"1","value":[{"x@odata.context":"2"},{"x@odata.context":"3"}]}`)
	if fmt.Sprint(got) != "[1 2 3]" {
		t.Errorf("got %v, want [1 2 3]", got)
	}
}

// The first bytes are there before the source has more.
func TestJSONDoesNotWaitForMore(t *testing.T) {
	src, w := io.Pipe()
	defer w.Close()
	body := sampleRules().Open(src)
	go func() { _, _ = w.Write([]byte(`{"displayName":"a","title":"b`)) }()
	var got []byte
	buf := make([]byte, 100)
	for want := `{"name":"a","title":"b`; string(got) != want; {
		n, err := body.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, buf[:n]...); !strings.HasPrefix(want, string(got)) {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
}

// benchmarkList is a list of pages of Graph.
func benchmarkList(t testing.TB, pages int) []byte {
	var list map[string]json.RawMessage
	var value []json.RawMessage
	err := json.Unmarshal([]byte(readSample(t, "testdata/json/pages-list-consumer-2019.json")), &list)
	if err == nil {
		err = json.Unmarshal(list["value"], &value)
	}
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	text.WriteString(`{"@odata.context":` + string(list["@odata.context"]) + `,"value":[`)
	for i := range pages {
		if i > 0 {
			text.WriteByte(',')
		}
		if err := json.Compact(&text, value[i%len(value)]); err != nil {
			t.Fatal(err)
		}
	}
	text.WriteString(`]}`)
	return text.Bytes()
}

// streamed repeats a list of pages up to a length, as one list.
type streamed struct {
	pages []byte // with a comma behind each
	rest  int
	now   []byte
}

func newStream(t testing.TB, size int) *streamed {
	list := benchmarkList(t, 20)
	begin := bytes.IndexByte(list, '[') + 1
	pages := append(bytes.Clone(list[begin:len(list)-2]), ',')
	return &streamed{pages: pages, rest: size / len(pages), now: list[:begin]}
}

func (s *streamed) Read(p []byte) (int, error) {
	if len(s.now) == 0 {
		switch s.rest--; {
		case s.rest > 0:
			s.now = s.pages
		case s.rest == 0:
			s.now = append(bytes.Clone(s.pages[:len(s.pages)-1]), `]}`...)
		default:
			return 0, io.EOF
		}
	}
	n := copy(p, s.now)
	s.now = s.now[n:]
	return n, nil
}

// A list of 20 MB takes no more memory than one of 200 KB: all that is ever
// allocated for it, not only what it holds at once, stays below 256 KiB.
func TestJSONMemoryIsFlat(t *testing.T) {
	const limit = 256 << 10
	rules := graph.JSONRules{URL: localLink, Context: localLink}
	for _, size := range []int{200 << 10, 20 << 20} {
		for range 3 {
			runtime.GC() // a pool keeps its content over one collection
		}
		src, buf := newStream(t, size), make([]byte, 32<<10)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, rules.Open(src), buf)
		runtime.ReadMemStats(&after)
		if err != nil || n < int64(size/2) {
			t.Fatalf("got %d bytes of %d, %v", n, size, err)
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > limit {
			t.Errorf("%d bytes: %d bytes were allocated, want at most %d", size, got, limit)
		}
	}
}

// The first byte is there long before the last is read.
func TestJSONFirstByteComesBeforeTheLastIsRead(t *testing.T) {
	src := newStream(t, 20<<20)
	body := sampleRules().Open(src)
	if _, err := io.ReadFull(body, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	if all := newStream(t, 20<<20).rest; src.rest < all-1 {
		t.Errorf("read %d of %d pieces before the first byte was there, want at most 1", all-src.rest, all)
	}
}

// localLink is a cheap localURL.
func localLink(dst, url []byte) ([]byte, bool) {
	const from, to = "https://graph.microsoft.com/v1.0/", "http://localhost:8080/api/v1.0/"
	if !bytes.HasPrefix(url, []byte(from)) {
		return dst, false
	}
	return append(append(dst, to...), url[len(from):]...), true
}

func FuzzJSON(f *testing.F) {
	for _, pattern := range []string{"json/*.json", "errors/*.json", "legacy/*.json"} {
		for _, file := range samples(f, pattern) {
			f.Add(readSample(f, file), byte(0))
		}
	}
	for i, text := range []string{
		`{"createdBy":{"user":{"displayName":"Ann"}},"lastModifiedBy":null,"sections":[{"createdBy":{"device":{"displayName":"a"}}}]}`,
		`{"status":"NotStarted","resourceLocation":"https:\/\/graph.microsoft.com\/v1.0\/users\/me\/onenote","displayN\u0061me":""}`,
		`{"value":[{"parentNotebook@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users('a')/onenote/parentNotebook/$entity"}],"@odata.nextLink":"https://graph.microsoft.com/v1.0/users/me/onenote"}`,
		`{"links":{"previewImageUrl":{"href":"https://graph.microsoft.com/v1.0/users/me/onenote"},"oneNoteWebUrl":{"href":"a"}}}`,
		"\ufeff[1e400,true,\"\\ud800\",{}]",
	} {
		f.Add(text, byte(i))
	}
	shapes := []*graph.Shape{
		nil,
		shapeOf(nil, "createdBy"),
		shapeOf(map[string]*graph.Shape{"sections": nil, "parentNotebook": shapeOf(nil, "lastModifiedByIdentity")}, "createdByIdentity", "lastModifiedBy"),
		shapeOf(map[string]*graph.Shape{"value": shapeOf(nil, "createdBy"), "sections": shapeOf(nil, "createdBy", "createdByIdentity")}, "id"),
	}
	f.Fuzz(func(t *testing.T, text string, how byte) {
		rules := sampleRules()
		rules.Operation = how&1 != 0
		rules.Shape = shapes[how>>1&3]
		got := translated(t, rules, text)
		for seed := range uint64(2) {
			if again := translatedInPieces(t, rules, text, seed); again != got {
				t.Fatalf("in pieces: got %q, want %q", again, got)
			}
		}
		want, err := jsonOracle{rules}.translate([]byte(text))
		if err != nil {
			if json.Valid([]byte(got)) {
				t.Fatalf("got %q, which is JSON, of %q, which is not", got, text)
			}
			return
		}
		tree, err := canonical([]byte(got))
		if err != nil || tree != want && utf8.ValidString(text) && len(text) < 16<<10 {
			t.Fatalf("of   %s\ngot  %s, %v\nwant %s", text, tree, err, want)
		}
	})
}

func BenchmarkJSON(b *testing.B) {
	list := benchmarkList(b, 100)
	rules := graph.JSONRules{URL: localLink, Context: localLink}
	src, buf := bytes.NewReader(list), make([]byte, 32<<10)
	b.SetBytes(int64(len(list)))
	b.ReportAllocs()
	for b.Loop() {
		src.Reset(list)
		body := rules.Open(src)
		for {
			if _, err := body.Read(buf); err != nil {
				break
			}
		}
	}
}

// BenchmarkJSONRoundTrip is what BenchmarkJSON is measured by.
func BenchmarkJSONRoundTrip(b *testing.B) {
	list := benchmarkList(b, 100)
	b.SetBytes(int64(len(list)))
	b.ReportAllocs()
	for b.Loop() {
		var value any
		if err := json.Unmarshal(list, &value); err != nil {
			b.Fatal(err)
		}
		if _, err := json.Marshal(value); err != nil {
			b.Fatal(err)
		}
	}
}
