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

var testHosts = []string{"api.example", "other.example"}

// local moves https://api.example/api/ to http://here.
func local(dst, url []byte) (text []byte, rest int, ok bool) {
	for _, host := range []string{"https://api.example", "http://api.example", "https://other.example"} {
		if len(url) > len(host) && strings.EqualFold(string(url[:len(host)]), host) && bytes.HasPrefix(url[len(host):], []byte("/api/")) {
			return append(dst, "http://here"...), len(host), true
		}
	}
	return dst, 0, false
}

func TestJSONRewritesValuesThatBeginWithAURL(t *testing.T) {
	const u, v = `"https://api.example/api/a"`, `"http://here/api/a"`
	for _, test := range []struct{ name, in, want string }{
		{"member", `{"self":` + u + `}`, `{"self":` + v + `}`},
		{"white space", "{ \"self\" :\r\n\t" + u + " }", "{ \"self\" :\r\n\t" + v + " }"},
		{"much white space", `{"self":` + strings.Repeat(" ", 70000) + u + `}`, `{"self":` + strings.Repeat(" ", 70000) + v + `}`},
		{"array", `[` + u + `,` + u + ` , ` + u + `]`, `[` + v + `,` + v + ` , ` + v + `]`},
		{"top level", u, v},
		{"byte order mark", "\uFEFF" + u, "\uFEFF" + v},
		{"depth", `{"a":[{"b":{"c":` + u + `}}]}`, `{"a":[{"b":{"c":` + v + `}}]}`},
		{"host in upper case", `["https://API.Example/api/b","HTTPS://api.EXAMPLE/api/b"]`, `["http://here/api/b","http://here/api/b"]`},
		{"second host", `["https://other.example/api/b"]`, `["http://here/api/b"]`},
		{"http", `["http://api.example/api/b"]`, `["http://here/api/b"]`},
		{"query", `{"@odata.nextLink":"https://api.example/api/p?$top=20&$skip=\"x\u0026y"}`,
			`{"@odata.nextLink":"http://here/api/p?$top=20&$skip=\"x\u0026y"}`},
		{"escaped slashes", `["https:\/\/api.example\/api\/a\/b"]`, `["http:\/\/here\/api\/a\/b"]`},
		{"other escapes", `["https://api.example/api/\\\"\u00e4\ud83d\ude00\ud83d\n"]`,
			`["http://here/api/\\\"\u00e4\ud83d\ude00\ud83d\n"]`},
		{"UTF-8", `["https://api.example/api/ä"]`, `["http://here/api/ä"]`},

		{"key", `{` + u + `:1}`, ``},
		{"second key", `{"a":1,` + u + ` : 1}`, ``},
		{"middle of a text", `["see https://api.example/api/a"]`, ``},
		{"escaped quote", `["\"https://api.example/api/a"]`, ``},
		{"escaped quote after colon", `["a:\"https://api.example/api/a\""]`, ``},
		{"other host", `["https://api.example.evil/api/a","https://xapi.example/api/a","https://u@api.example/api/a"]`, ``},
		{"other path", `["https://api.example/apis","https://api.example"]`, ``},
		{"other scheme", `["ftp://api.example/api/a","onenote:https://api.example/api/a"]`, ``},
		{"host in a query", `["https://x.example/?https://api.example/api/a"]`, ``},
		{"no end", `["https://api.example/api/a`, ``},

		{"title", `{"title":` + u + `}`, ``},
		{"name", `{"name":` + u + `,"displayName":` + u + `,"previewText":` + u + `}`, ``},
		{"content", `{"content" : ` + u + `,"message":` + u + `,"@api.url":` + u + `}`, ``},
		{"after a title", `{"title":` + u + `,"self":` + u + `}`, `{"title":` + u + `,"self":` + v + `}`},
		{"not quite a title", `{"subtitle":` + u + `,"\"title":` + u + `,"titles":` + u + `}`,
			`{"subtitle":` + v + `,"\"title":` + v + `,"titles":` + v + `}`},
		{"title is a text", `["title",` + u + `]`, `["title",` + v + `]`},
		{"web URL", `{"links":{"oneNoteWebUrl":{"href":` + u + `},"x":` + u + `}}`,
			`{"links":{"oneNoteWebUrl":{"href":` + u + `},"x":` + v + `}}`},
		{"client URL", `{"oneNoteClientUrl" : {"a":[{}],"href":` + u + `}, "x":` + u + `}`,
			`{"oneNoteClientUrl" : {"a":[{}],"href":` + u + `}, "x":` + v + `}`},
		{"brackets in unchanged texts", `{"title":["]\"}",{"a":"]\\"},` + u + `],"x":` + u + `}`,
			`{"title":["]\"}",{"a":"]\\"},` + u + `],"x":` + v + `}`},
		{"bracket in a text", `["title\":{",` + u + `]`, `["title\":{",` + v + `]`},
		{"bracket after a text", `{"a":":{",` + `"x":` + u + `}`, `{"a":":{","x":` + v + `}`},
		{"unchanged member with much white space", `{"title"` + strings.Repeat(" ", 70000) + `:` + strings.Repeat("\n", 70000) + `[` + u + `]}`, ``},

		{"single quotes", `[{'content':'<img src="https://api.example/api/a">'}]`, ``},
		{"HTML", `<a href=` + u + `>` + ` {"a":` + u + `}`, ``},
		{"text", `hello {"a":` + u + `}`, ``},
		{"number", `1 {"a":` + u + `}`, ``},
		{"empty", ``, ``},
		{"not UTF-8 from here", `[` + u + `,"` + "\xe9" + `",` + u + `]`, `[` + v + `,"` + "\xe9" + `",` + u + `]`},
		{"not UTF-8 in the URL", `["https://api.example/api/` + "\xe9" + `"]`, ``},
		{"cut off in a character", `["` + "\xe2\x82", ``},
		{"UTF-16", "[\x00\"\x00h\x00t\x00", ``},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := test.want
			if want == "" {
				want = test.in
			}
			if got := readAll(t, JSON(strings.NewReader(test.in), testHosts, local)); got != want {
				t.Errorf("JSON(%.200q):\n got %.200q\nwant %.200q", test.in, got, want)
			}
			if got := readAll(t, JSON(iotest.OneByteReader(strings.NewReader(test.in)), testHosts, local)); got != want {
				t.Errorf("JSON(%.200q) byte by byte:\n got %.200q\nwant %.200q", test.in, got, want)
			}
		})
	}
}

// Whatever a host is made of, it is found, also as the end of another.
func TestJSONFindsEachHost(t *testing.T) {
	for _, host := range []string{"localhost:8080", "127.0.0.1:8080", "[::1]:8080", "[fe80::1]", "home.example", "a", "zoo", "xn--bcher-kva.example"} {
		for _, old := range []string{"http://" + host, "https:\\/\\/" + host, "https://sub." + host + ":1"} {
			in := `{"a":"` + old + `/api/x","b":["` + old + `","` + old + `/api/y"],"` + old + `/api/z":{"c":"see ` + old + `/api/"}}`
			want := strings.NewReplacer(`:"`+old, `:"new`, `["`+old, `["new`, `,"`+old+`/api/y`, `,"new/api/y`).Replace(in)
			link := func(dst, url []byte) ([]byte, int, bool) {
				written := strings.ReplaceAll(old, `\`, "")
				return append(dst, "new"...), len(written), bytes.HasPrefix(url, []byte(written))
			}
			hosts := []string{"nowhere.example", host, ""}
			if got := readAll(t, JSON(strings.NewReader(in), hosts, link)); got != want {
				t.Errorf("host %s:\n got %s\nwant %s", host, got, want)
			}
			if got := readAll(t, JSON(iotest.OneByteReader(strings.NewReader(in)), hosts, link)); got != want {
				t.Errorf("host %s, byte by byte:\n got %s\nwant %s", host, got, want)
			}
		}
	}
}

// However many URLs a read holds, and whether they grow or shrink, and up to
// where the text ceases to be UTF-8.
func TestJSONRewritesManyURLs(t *testing.T) {
	olds := []string{"https://api.example/api/a", "HTTPS://api.example/api/bb", "http://www.other.example/api/", "https:\\/\\/api.example\\/api"}
	for _, news := range [][]string{
		{"x:1", "x:2", "x:3", "x:4"},
		{"https://a-much-longer-name.example:8443/base/api/a", "x:2", "https://another-long-name.example/api/x/y/z", "y:\\/4"},
	} {
		link := func(dst, url []byte) ([]byte, int, bool) {
			for i, old := range olds {
				if strings.ReplaceAll(old, `\`, "") == string(url) {
					return append(dst, strings.ReplaceAll(news[i], `\`, "")...), len(url), true
				}
			}
			return dst, 0, false
		}
		for _, n := range []int{maxEdits - 1, maxEdits, maxEdits + 1, 3 * maxEdits, 1000} {
			var in, want strings.Builder
			for i := range n {
				in.WriteString(`["` + olds[i*i%7%4] + `",0],`)
				want.WriteString(`["` + news[i*i%7%4] + `",0],`)
			}
			for _, tail := range []string{`[]`, "[\"\xff\"," + in.String()} {
				in, want := "["+in.String()+tail, "["+want.String()+tail
				open := func(src io.Reader) *Reader { return JSON(src, testHosts, link) }
				if got := readAll(t, open(strings.NewReader(in))); got != want {
					t.Fatalf("%d URLs:\n got %s\nwant %s", n, got, want)
				}
				for seed := range uint64(8) {
					if got := readChunked(t, in, seed, open); got != want {
						t.Fatalf("%d URLs, cut with seed %d:\n got %s\nwant %s", n, seed, got, want)
					}
				}
			}
		}
	}
}

func TestJSONLeavesStringsThatAreTooLong(t *testing.T) {
	const head, tail = `"https://api.example/api/`, `"`
	for _, n := range []int{maxString - 1, maxString, maxString + 1, 3 * maxString} {
		long := head + strings.Repeat("x", n-len(head)-len(tail)) + tail
		in := `[` + long + `,"https://api.example/api/a"]`
		want := strings.Replace(in, `,"https://api.example`, `,"http://here`, 1)
		if n <= maxString {
			want = strings.ReplaceAll(in, `"https://api.example`, `"http://here`)
		}
		if got := readAll(t, JSON(strings.NewReader(in), testHosts, local)); got != want {
			t.Errorf("string of %d bytes: got %.60q…, want %.60q…", n, got, want)
		}
		if got := readAll(t, JSON(iotest.OneByteReader(strings.NewReader(in)), testHosts, local)); got != want {
			t.Errorf("string of %d bytes, byte by byte: got %.60q…, want %.60q…", n, got, want)
		}
	}
}
