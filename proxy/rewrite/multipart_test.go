// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/caddy-onenote/caddy-onenote/proxy/rewrite"
)

// upRules are those of a request's body of that type, with URLs under base.
func upRules(t *testing.T, contentType string) rewrite.Rules {
	t.Helper()
	rules, ok := rewrite.NewRules(contentType)
	if !ok {
		t.Fatalf("no rules for %s", contentType)
	}
	link := apiOf(t, "onenote").UpstreamLink("https://www.onenote.com", base)
	rules.HTML = rewrite.HTMLRules{Link: link, LinkPictures: true}
	rules.JSONHosts, rules.JSONLink = []string{"localhost:8080"}, link
	rules.Embedding.Commands = true
	rules.Head = rewrite.HeadRules{
		Reference: func(value string) (string, bool) {
			there, ok := link.Replace(nil, []byte(value))
			return string(there), ok
		},
		Removed: func(name string) bool { return name == "Authorization" },
		Hosts:   []string{"localhost:8080"},
		Host:    "www.onenote.com",
	}
	return rules
}

func mapMultipart(t *testing.T, text string, before, after func(io.Reader) io.Reader) (string, int, error) {
	t.Helper()
	rules := upRules(t, "multipart/mixed; boundary=b")
	m := rules.Open(before(strings.NewReader(text)))
	got, err := io.ReadAll(after(m))
	pictures, links := m.Rewritten()
	_ = m.Close()
	return string(got), pictures + links, err
}

func TestMultipartRewritesPartsOfKnownTypesOnly(t *testing.T) {
	const (
		img   = `<img src="http://localhost:8080/api/v1.0/r/1">`
		there = `<img src="https://www.onenote.com/api/v1.0/r/1">`
		html  = "Content-Type: text/html\n\n"
	)
	tests := []struct {
		name, text, want string
		urls             int
	}{
		{"HTML", "--b\n" + html + img + "\n--b--\n", "--b\n" + html + there + "\n--b--\n", 1},
		{"CRLF", "--b\r\nContent-Type: text/html\r\n\r\n" + img + "\r\n--b--\r\n", "--b\r\nContent-Type: text/html\r\n\r\n" + there + "\r\n--b--\r\n", 1},
		{"no line break at the end", "--b\n" + html + img + "\n--b--", "--b\n" + html + there + "\n--b--", 1},
		{"the closing delimiter on the same line is none", "--b\n" + html + img + "--b--", "--b\n" + html + there + "--b--", 1},
		{"white space behind delimiters", "--b \t\n" + html + img + "\n--b-- \n", "--b \t\n" + html + there + "\n--b-- \n", 1},
		{"preamble and epilogue", img + "\n--b\n" + html + img + "\n--b--\n" + img + "\n--b\n" + html + img, img + "\n--b\n" + html + there + "\n--b--\n" + img + "\n--b\n" + html + img, 1},
		{"XHTML", "--b\nContent-Type: application/xhtml+xml; charset=utf-8\n\n" + img + "\n--b--\n", "--b\nContent-Type: application/xhtml+xml; charset=utf-8\n\n" + there + "\n--b--\n", 1},
		{"JSON", "--b\nContent-Type: application/json\n\n{\"u\":\"http://localhost:8080/api/x\"}\n--b--\n", "--b\nContent-Type: application/json\n\n{\"u\":\"https://www.onenote.com/api/x\"}\n--b--\n", 1},
		{"commands", "--b\nContent-Disposition: form-data; name=\"Commands\"\nContent-Type: application/json\n\n[{'content':'<img src=\"http://localhost:8080/api/x\">'}]\n--b--\n", "--b\nContent-Disposition: form-data; name=\"Commands\"\nContent-Type: application/json\n\n[{'content':'<img src=\"https://www.onenote.com/api/x\">'}]\n--b--\n", 1},
		{"commands without a type", "--b\nContent-Disposition:form-data; name=\"Commands\"\n\n[{'content':'<img src=\"http://localhost:8080/api/x\">'}]\n--b--\n", "--b\nContent-Disposition:form-data; name=\"Commands\"\n\n[{'content':'<img src=\"https://www.onenote.com/api/x\">'}]\n--b--\n", 1},
		{"a page without a type", "--b\nContent-Disposition: form-data; name=presentation\n\n" + img + "\n--b--\n", "--b\nContent-Disposition: form-data; name=presentation\n\n" + there + "\n--b--\n", 1},
		{"a file without a type", "--b\nContent-Disposition: form-data; name=part1\n\n" + img + "\n--b--\n", "--b\nContent-Disposition: form-data; name=part1\n\n" + img + "\n--b--\n", 0},
		{"an HTML file", "--b\nContent-Disposition: form-data; name=\"part1\"; filename=\"a.html\"\n" + html + img + "\n--b--\n", "--b\nContent-Disposition: form-data; name=\"part1\"; filename=\"a.html\"\n" + html + img + "\n--b--\n", 0},
		{"a JSON file", "--b\nContent-Disposition: form-data; name=part1\nContent-Type: application/json\n\n{\"u\":\"http://localhost:8080/api/x\"}\n--b--\n", "--b\nContent-Disposition: form-data; name=part1\nContent-Type: application/json\n\n{\"u\":\"http://localhost:8080/api/x\"}\n--b--\n", 0},
		{"a file of HTTP", "--b\nContent-Disposition: form-data; name=part1\nContent-Type: application/http\n\nGET http://localhost:8080/api/x HTTP/1.1\n\n--b--\n", "--b\nContent-Disposition: form-data; name=part1\nContent-Type: application/http\n\nGET http://localhost:8080/api/x HTTP/1.1\n\n--b--\n", 0},
		{"a file with parts",
			"--b\nContent-Disposition: form-data; name=Presentation\n" + html + img + "\n--b\nContent-Disposition: form-data; name=part1; filename=a.mht\nContent-Type: multipart/related; boundary=c\n\n--c\nContent-Length: 9\n" + html + img + "\n--c--\n--b--\n",
			"--b\nContent-Disposition: form-data; name=Presentation\n" + html + there + "\n--b\nContent-Disposition: form-data; name=part1; filename=a.mht\nContent-Type: multipart/related; boundary=c\n\n--c\nContent-Length: 9\n" + html + img + "\n--c--\n--b--\n", 1},
		{"a page of another type", "--b\nContent-Disposition: form-data; name=Presentation\nContent-Type: text/plain\n\n" + img + "\n--b--\n", "--b\nContent-Disposition: form-data; name=Presentation\nContent-Type: text/plain\n\n" + img + "\n--b--\n", 0},
		{"binary", "--b\nContent-Type: image/png\n\n" + img + "\n--b--\n", "--b\nContent-Type: image/png\n\n" + img + "\n--b--\n", 0},
		{"no type", "--b\n\n" + img + "\n--b--\n", "--b\n\n" + img + "\n--b--\n", 0},
		{"base64", "--b\nContent-Transfer-Encoding: base64\n" + html + img + "\n--b--\n", "--b\nContent-Transfer-Encoding: base64\n" + html + img + "\n--b--\n", 0},
		{"8bit", "--b\nContent-Transfer-Encoding: 8BIT\n" + html + img + "\n--b--\n", "--b\nContent-Transfer-Encoding: 8BIT\n" + html + there + "\n--b--\n", 1},
		{"another charset", "--b\nContent-Type: text/html; charset=utf-16\n\n" + img + "\n--b--\n", "--b\nContent-Type: text/html; charset=utf-16\n\n" + img + "\n--b--\n", 0},
		{"a length", "--b\nContent-Length: 46\n" + html + img + "\n--b--\n", "--b\n" + html + there + "\n--b--\n", 1},
		{"the length of what stays", "--b\nContent-Length: 46\nContent-Type: a/b\n\n" + img + "\n--b--\n", "--b\nContent-Length: 46\nContent-Type: a/b\n\n" + img + "\n--b--\n", 0},
		{"several", "--b\n" + html + img + "\n--b\nContent-Type: image/png\n\n\x00--b\n" + html + img + "\n--b\n" + html + img + "\n--b--\n", "--b\n" + html + there + "\n--b\nContent-Type: image/png\n\n\x00--b\n" + html + img + "\n--b\n" + html + there + "\n--b--\n", 2},
		{"a tag that a delimiter cuts", "--b\n" + html + "<img src=\"http://localhost:8080/api\n--b\n" + html + "/x\">\n--b--\n", "--b\n" + html + "<img src=\"http://localhost:8080/api\n--b\n" + html + "/x\">\n--b--\n", 0},
		{"lines that are no delimiters", "--b\n" + html + "--bb\n--b-\n-- b\n --b\n\n--c\n" + img + "\n--b--\n", "--b\n" + html + "--bb\n--b-\n-- b\n --b\n\n--c\n" + there + "\n--b--\n", 1},
		{"nothing between delimiters", "--b\n--b\n\n--b--\n", "--b\n--b\n\n--b--\n", 0},
		{"a head without end", "--b\nContent-Type: text/html\n--b--\n", "--b\nContent-Type: text/html\n--b--\n", 0},
		{"an endless head", "--b\nContent-Type: text/html\nX: " + strings.Repeat("x", 3*(32<<10)) + "\n\n" + img + "\n--b--\n", "--b\nContent-Type: text/html\nX: " + strings.Repeat("x", 3*(32<<10)) + "\n\n" + img + "\n--b--\n", 0},
		{"no delimiter at all", img, img, 0},
		{"cut off", "--b\n" + html + img, "--b\n" + html + there, 1},
		{"cut off in a delimiter", "--b\n" + html + img + "\n-", "--b\n" + html + there + "\n-", 1},
		{"nothing", "", "", 0},
		{"a batch",
			"--b\nContent-Type: application/http\nContent-Transfer-Encoding: binary\n\nPOST /api/v1.0/me/notes/sections/1/pages HTTP/1.1\nContent-Type: text/html\nContent-Length: 46\n\n" + img + "\n\n\n--b--",
			"--b\nContent-Type: application/http\nContent-Transfer-Encoding: binary\n\nPOST /api/v1.0/me/notes/sections/1/pages HTTP/1.1\nContent-Type: text/html\n\n" + there + "\n\n\n--b--", 1},
		{"responses of a batch",
			"--b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"self\":\"http://localhost:8080/api/x\"}\r\n--b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\nhttp://localhost:8080/api/x\r\n--b--\r\n",
			"--b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"self\":\"https://www.onenote.com/api/x\"}\r\n--b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\nhttp://localhost:8080/api/x\r\n--b--\r\n", 1},
		{"a response without body", "--b\nContent-Type: application/http\n\nHTTP/1.1 204 No Content\n\n--b--\n", "--b\nContent-Type: application/http\n\nHTTP/1.1 204 No Content\n\n--b--\n", 0},
		{"the head of a message in a batch",
			"--b\r\nContent-Type: application/http\r\nContent-Length: 250\r\nLocation: http://localhost:8080/api/x\r\n\r\nGET http://localhost:8080/api/v1.0/x?$top=1 HTTP/1.1\r\nHOST:\tLocalHost:8080 \r\ncontent-location:http://localhost:8080/api/y\r\nLink: <http://localhost:8080/api/z>; title=\"<http://localhost:8080/api/z>\"\r\nX-Other: http://localhost:8080/api/x\r\n Location: http://localhost:8080/api/x\r\nContent-Length: 3\r\n\r\nLocation: http://localhost:8080/api/x\r\n--b--\r\n",
			"--b\r\nContent-Type: application/http\r\nLocation: http://localhost:8080/api/x\r\n\r\nGET https://www.onenote.com/api/v1.0/x?$top=1 HTTP/1.1\r\nHOST:\twww.onenote.com \r\ncontent-location:https://www.onenote.com/api/y\r\nLink: <https://www.onenote.com/api/z>; title=\"<http://localhost:8080/api/z>\"\r\nX-Other: http://localhost:8080/api/x\r\n Location: http://localhost:8080/api/x\r\nContent-Length: 3\r\n\r\nLocation: http://localhost:8080/api/x\r\n--b--\r\n", 4},
		{"a field that is removed",
			"--b\r\nContent-Type: application/http\r\nAuthorization: stays\r\n\r\nGET /api/v1.0/x HTTP/1.1\r\nauthorization : Bearer a\r\n  b\r\nAccept: a\r\n Authorization: b\r\nAuthorization: c\r\n\r\nAuthorization: body\r\n--b--\r\n",
			"--b\r\nContent-Type: application/http\r\nAuthorization: stays\r\n\r\nGET /api/v1.0/x HTTP/1.1\r\nAccept: a\r\n Authorization: b\r\n\r\nAuthorization: body\r\n--b--\r\n", 3},
		{"heads of messages in which nothing is ours",
			"--b\nContent-Type: application/http\nContent-Length: 9\n\nGET  http://localhost:8080/api/v1.0/x\nHost: localhost:8081\nLocation: http://localhost:8080/hrd\nLocation\nlocation : http://localhost:8080/api/x\n\n--b\nContent-Type: application/http\n\nhttp://localhost:8080/api/v1.0/x\n\n--b--\n",
			"--b\nContent-Type: application/http\nContent-Length: 9\n\nGET  http://localhost:8080/api/v1.0/x\nHost: localhost:8081\nLocation: http://localhost:8080/hrd\nLocation\nlocation : http://localhost:8080/api/x\n\n--b\nContent-Type: application/http\n\nhttp://localhost:8080/api/v1.0/x\n\n--b--\n", 0},
		{"a message in a batch of which the head has no end", "--b\nContent-Type: application/http\n\nGET http://localhost:8080/api/v1.0/x HTTP/1.1\n--b--\n", "--b\nContent-Type: application/http\n\nGET http://localhost:8080/api/v1.0/x HTTP/1.1\n--b--\n", 0},
		{"a message in a change set", "--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\nContent-Type: application/http\n\nPATCH http://localhost:8080/api/x HTTP/1.1\nContent-Type: application/json\n\n[\"http://localhost:8080/api/x\"]\n--c--\n--b--\n", "--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\nContent-Type: application/http\n\nPATCH https://www.onenote.com/api/x HTTP/1.1\nContent-Type: application/json\n\n[\"https://www.onenote.com/api/x\"]\n--c--\n--b--\n", 2},
		{"compressed in a batch", "--b\nContent-Type: application/http\n\nHTTP/1.1 200 OK\nContent-Type: text/html\nContent-Encoding: gzip\n\n" + img + "\n--b--\n", "--b\nContent-Type: application/http\n\nHTTP/1.1 200 OK\nContent-Type: text/html\nContent-Encoding: gzip\n\n" + img + "\n--b--\n", 0},
		{"a change set",
			"--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n" + html + img + "\n--c--\n--b\n" + html + img + "\n--b--\n",
			"--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n" + html + there + "\n--c--\n--b\n" + html + there + "\n--b--\n", 2},
		{"a change set with our own boundary", "--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n" + html + img + "\n--b--\n", "--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n" + html + there + "\n--b--\n", 1},
	}
	reads := map[string]func(io.Reader) io.Reader{"whole": whole, "one byte": iotest.OneByteReader, "half": iotest.HalfReader, "with the end": iotest.DataErrReader}
	for _, tt := range tests {
		for name, read := range reads {
			if got, urls, err := mapMultipart(t, tt.text, read, whole); err != nil || got != tt.want || urls != tt.urls {
				t.Errorf("%s, source in pieces (%s): got %d URLs, %v in\n%.500q\nwant %d in\n%.500q", tt.name, name, urls, err, got, tt.urls, tt.want)
			}
		}
		if got, _, _ := mapMultipart(t, tt.text, whole, iotest.OneByteReader); got != tt.want {
			t.Errorf("%s, taken by one byte: got %.500q", tt.name, got)
		}
	}
}

func TestManyNestedPartsNeedNoBufferEach(t *testing.T) {
	text := "--b\n" + strings.Repeat("Content-Type: multipart/mixed; boundary=c\n\n--c\nContent-Type: text/html\n\n<img src=\"http://localhost:8080/api/x\">\n--c--\n--b\n", 2000)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, urls, err := mapMultipart(t, text, whole, whole); err != nil || urls != 2000 {
		t.Fatalf("got %d URLs and %v", urls, err)
	}
	runtime.ReadMemStats(&after)
	allocated := after.TotalAlloc - before.TotalAlloc
	if limit := uint64(64 * len(text)); allocated > limit {
		t.Errorf("allocated %d bytes for %d, want %d at most", allocated, len(text), limit)
	}
}

func TestMultipartNestedTooDeepStays(t *testing.T) {
	text := "Content-Type: text/html\n\n<img src=\"http://localhost:8080/api/x\">"
	for i := range 10 {
		text = fmt.Sprintf("Content-Type: multipart/mixed; boundary=c%d\n\n--c%d\n%s", i, i, text)
	}
	got, urls, err := mapMultipart(t, "--b\n"+text, whole, whole)
	if err != nil || urls != 0 || got != "--b\n"+text {
		t.Errorf("got %d URLs and %v, want the text as it was", urls, err)
	}
}

func TestMultipartReturnsTheErrorOfItsSource(t *testing.T) {
	broken := errors.New("connection reset")
	for cut := range 60 {
		text := "--b\nContent-Type: text/html\n\n<p>some text</p>\n--b--\nand an epilogue"[:cut]
		src := io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken))
		rules := upRules(t, "multipart/mixed; boundary=b")
		m := rules.Open(src)
		if got, err := io.ReadAll(m); err != broken || string(got) != text {
			t.Errorf("cut at %d: got %q, %v; want %q and the error", cut, got, err, text)
		}
		_ = m.Close()
	}
}

// Whatever the body and however it is cut: the same comes out, and a reader of
// multipart bodies finds the same parts, those of binary types unchanged.
func FuzzMultipart(f *testing.F) {
	f.Add([]byte("--b\nContent-Type: text/html\n\n<img src=\"http://localhost:8080/api/x\">\n--b--\n"), 5)
	f.Add([]byte("x\r\n--b\r\nContent-Type: a/b\r\n\r\n\x00\r\n--b-\r\n--b \r\n\r\n\n--b--"), 1)
	f.Add([]byte("--b\nContent-Type: application/http\n\nHTTP/1.1 200 OK\nContent-Type: application/json\nContent-Length: 2\n\n{}\n--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\n--c--\n--b--"), 2)
	f.Fuzz(func(t *testing.T, text []byte, size int) {
		size = max(1, min(size, 1<<10))
		want, urls, err := mapMultipart(t, string(text), whole, whole)
		if err != nil {
			t.Fatal(err)
		}
		pieces := func(r io.Reader) io.Reader { return &pieceReader{r, size} }
		if got, n, err := mapMultipart(t, string(text), pieces, pieces); err != nil || got != want || n != urls {
			t.Errorf("in pieces of %d: got %q, %v; want %q", size, got, err, want)
		}
		if got, n, err := mapMultipart(t, string(text), pieces, inLarge); err != nil || got != want || n != urls {
			t.Errorf("in pieces of %d, into a large buffer: got %q, %v; want %q", size, got, err, want)
		}
		if urls == 0 && !bytes.Contains(bytes.ToLower(text), []byte("content-length")) && want != string(text) {
			t.Errorf("got %q with nothing replaced, want %q", want, text)
		}
		if before, after := partsOfBody(text), partsOfBody([]byte(want)); before > after {
			t.Errorf("got %d parts, want the %d that there were, in %q", after, before, want)
		}
	})
}

func partsOfBody(body []byte) (n int) {
	r := multipart.NewReader(bytes.NewReader(body), "b")
	for {
		if _, err := r.NextRawPart(); err != nil {
			return n
		}
		n++
	}
}
