// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package batch

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
)

const contentType = `multipart/mixed; boundary="b"`

func part(request string) string {
	return "--b\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n" + request + "\r\n"
}

func TestRequestsOfABatchAreRead(t *testing.T) {
	body := part("POST /api/v1.0/me/notes/sections/1/pages?x=%21 HTTP/1.1\r\nContent-Type: text/html\r\n\r\n<html>\r\n--bb\r\n</html>") +
		part("GET https://www.onenote.com/api/v1.0/me/notes/pages HTTP/1.1\r\nAccept: application/json\r\n\r\n") +
		part("\r\nDELETE /api/v1.0/me/notes/pages/1 HTTP/1.1") +
		part("PATCH /api/v1.0/me/notes/pages/1/content HTTP/1.1\nContent-Length: 2\n\n[]\n") +
		part("GET relative HTTP/1.1\r\n\r\n") +
		"--b\r\nContent-ID: 7\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c--\r\n" +
		"--b\r\nContent-Type: text/plain\r\n\r\nGET / HTTP/1.1\r\n" + "--b--\r\n"
	got, err := Read(contentType, iotest.OneByteReader(strings.NewReader(body)))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`POST /api/v1.0/me/notes/sections/1/pages?x=%21 "text/html" "<html>\r\n--bb\r\n</html>" <nil>`,
		`GET /api/v1.0/me/notes/pages "" "" <nil>`,
		`DELETE /api/v1.0/me/notes/pages/1 "" "" <nil>`,
		`PATCH /api/v1.0/me/notes/pages/1/content "" "[]" <nil>`,
		`  "" "" a request of the batch has no path that begins with a slash`,
		`  "" "" change sets are not supported: write their requests into the batch itself`,
		`  "" "" a part of a batch has the content type application/http`,
	}
	if len(got) != len(want) {
		t.Fatalf("got %d requests, want %d", len(got), len(want))
	}
	for i, r := range got {
		if text := fmt.Sprintf("%s %s %q %q %v", r.Method, r.Target, r.Header.Get("Content-Type"), r.Body, r.Err); text != want[i] {
			t.Errorf("request %d: got %s, want %s", i, text, want[i])
		}
	}
	if got[5].ContentID != "7" {
		t.Errorf("got content id %q, want 7", got[5].ContentID)
	}
}

func TestMalformedBatchIsRefused(t *testing.T) {
	broken := errors.New("broken")
	for _, test := range []struct {
		contentType string
		body        io.Reader
		want        error
	}{
		{"application/json", strings.NewReader("{}"), ErrContentType},
		{"multipart/mixed", strings.NewReader("--b--"), ErrContentType},
		{contentType, strings.NewReader("--b--\r\n"), ErrEmpty},
		{contentType, strings.NewReader(""), ErrEmpty},
		{contentType, strings.NewReader(part("GET /x HTTP/1.1\r\n\r\n")), ErrMalformed},
		{contentType, strings.NewReader(strings.Repeat(part("GET /x HTTP/1.1"), MaxRequests+1) + "--b--"), ErrTooMany},
		{contentType, io.MultiReader(strings.NewReader(part("GET /x HTTP/1.1\r\n\r\n")+"--b"), iotest.ErrReader(broken)), broken},
	} {
		if _, err := Read(test.contentType, test.body); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", test.contentType, err, test.want)
		}
	}
}

func TestResponsesCanBeReadAgain(t *testing.T) {
	var out bytes.Buffer
	b := NewWriter(&out)
	one := b.Response("first")
	one.Header().Set("Location", "http://localhost:8080/api/v1.0/x")
	one.WriteHeader(103)
	one.WriteHeader(201)
	one.WriteHeader(500)
	fmt.Fprint(one, "{}")
	one.Close()
	b.Response("").Close()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	_, params, err := mime.ParseMediaType(b.ContentType())
	if err != nil {
		t.Fatal(err)
	}
	reader := multipart.NewReader(&out, params["boundary"])
	for _, want := range []string{"first 201 http://localhost:8080/api/v1.0/x {}", " 200  "} {
		p, err := reader.NextPart()
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.ReadResponse(bufio.NewReader(p), nil)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		if got := fmt.Sprintf("%s %d %s %s", p.Header.Get("Content-Id"), res.StatusCode, res.Header.Get("Location"), body); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if _, err := reader.NextPart(); err != io.EOF {
		t.Errorf("got %v after the last response, want the end", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(part("GET /x HTTP/1.1\r\nA: b\r\n\r\nbody") + "--b--")
	f.Add(part("GET http://x/ HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\nbody") + "--b--")
	f.Fuzz(func(t *testing.T, body string) {
		all, err := Read(contentType, strings.NewReader(body))
		if err == nil && len(all) == 0 {
			t.Error("got no requests and no error")
		}
		for _, r := range all {
			if r.Err == nil && (r.Method == "" || !strings.HasPrefix(r.Target, "/")) {
				t.Errorf("got %+v, want a method and a path", r)
			}
		}
	})
}
