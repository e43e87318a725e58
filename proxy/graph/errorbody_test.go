// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph_test

import (
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/caddy-onenote/caddy-onenote/proxy/graph"
)

// oneNoteError is an error of the OneNote API, as an app reads it.
type oneNoteError struct{ code, message, url string }

// errorIn reads an error, and fails if it has another shape than those of the
// OneNote API.
func errorIn(t testing.TB, text string) oneNoteError {
	t.Helper()
	var doc map[string]map[string]string
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatalf("got %s, want an error of the OneNote API: %v", text, err)
	}
	e := doc["error"]
	if len(doc) != 1 || len(e) != 3 {
		t.Fatalf("got %s, want only code, message and @api.url in error", text)
	}
	return oneNoteError{e["code"], e["message"], e["@api.url"]}
}

func TestErrorBody(t *testing.T) {
	const docs = "https://aka.ms/onenote-errors#C"
	tests := []struct {
		name   string
		status int
		in     string
		want   oneNoteError
	}{
		{"number", 404, `{"error":{"code":"20102","message":"m","innerError":{"code":"9"}}}`, oneNoteError{"20102", "m", docs + "20102"}},
		{"number that is no text", 403, `{"error":{"code":10008,"message":"m"}}`, oneNoteError{"10008", "m", docs + "10008"}},
		{"URL of its own", 403, `{"error":{"code":"10008","message":"m","@api.url":"http://aka.ms/x"}}`, oneNoteError{"10008", "m", "http://aka.ms/x"}},
		{"InvalidAuthenticationToken", 401, `{"error":{"code":"InvalidAuthenticationToken","message":"m"}}`, oneNoteError{"40001", "m", docs + "40001"}},
		{"TooManyRequests", 429, `{"error":{"code":"TooManyRequests","innerError":{"message":"no"},"message":"m"}}`, oneNoteError{"20166", "m", docs + "20166"}},
		{"UnknownError", 504, `{"error":{"code":"UnknownError","message":""}}`, oneNoteError{"10002", "", docs + "10002"}},
		{"ServiceUnavailable", 503, `{"error":{"code":"serviceUnavailable","message":"m"}}`, oneNoteError{"10002", "m", docs + "10002"}},
		{"itemNotFound", 404, `{"error":{"code":"itemNotFound","message":"m"}}`, oneNoteError{"20102", "m", docs + "20102"}},
		{"word", 400, `{"error":{"code":"BadRequest","message":"m"}}`, oneNoteError{"19999", "m", docs + "19999"}},
		{"texts stay", 400, `{"error":{"code":"20258","message":"a \"b\" <ä> https://graph.microsoft.com/v1.0/me {0}\n"}}`, oneNoteError{"20258", "a \"b\" <ä> https://graph.microsoft.com/v1.0/me {0}\n", docs + "20258"}},
		{"no code", 500, `{"error":{"message":"m"}}`, oneNoteError{"10002", "m", docs + "10002"}},
		{"empty code", 404, `{"error":{"code":"","message":"m"}}`, oneNoteError{"20102", "m", docs + "20102"}},
		{"no message", 400, `{"error":{"code":"20108","message":null}}`, oneNoteError{"20108", "Microsoft Graph responded with 400 Bad Request and did not say why.", docs + "20108"}},
		{"message that is no text", 400, `{"error":{"code":"20108","message":{"value":"m"}}}`, oneNoteError{"20108", "Microsoft Graph responded with 400 Bad Request and did not say why.", docs + "20108"}},
		{"shape of an unknown route", 404, `{"Message":"No HTTP resource was found that matches the request URI 'https://www.onenote.com/api/v1.0/users('a')/notes/x'."}`,
			oneNoteError{"20102", "No HTTP resource was found that matches the request URI 'https://www.onenote.com/api/v1.0/users('a')/notes/x'.", docs + "20102"}},
		{"the same with another status", 400, `{"Message":"m"}`, oneNoteError{"19999", "m", docs + "19999"}},
		{"the same with a server error", 500, `{"Message":"m"}`, oneNoteError{"10002", "m", docs + "10002"}},
		{"error without an object around it", 400, `{"code":"20108","message":"m"}`, oneNoteError{"20108", "m", docs + "20108"}},
		{"shape of OAuth", 400, `{"error":"invalid_request","error_description":"m"}`, oneNoteError{"19999", "m", docs + "19999"}},
		{"page", 502, `<html><h1>Bad Gateway</h1></html>`, oneNoteError{"10002", "Microsoft Graph responded with 502 Bad Gateway and did not say why.", docs + "10002"}},
		{"page that says not found", 404, `<html>`, oneNoteError{"20102", "Microsoft Graph responded with 404 Not Found and did not say why.", docs + "20102"}},
		{"text", 400, `Bad Request`, oneNoteError{"19999", "Microsoft Graph responded with 400 Bad Request and did not say why.", docs + "19999"}},
		{"nothing", 413, ``, oneNoteError{"19999", "Microsoft Graph responded with 413 Request Entity Too Large and did not say why.", docs + "19999"}},
		{"status without a name", 599, ``, oneNoteError{"10002", "Microsoft Graph responded with 599 and did not say why.", docs + "10002"}},
		{"JSON that is no error", 500, `{"value":[]}`, oneNoteError{"10002", "Microsoft Graph responded with 500 Internal Server Error and did not say why.", docs + "10002"}},
		{"JSON that is no object", 500, `[1]`, oneNoteError{"10002", "Microsoft Graph responded with 500 Internal Server Error and did not say why.", docs + "10002"}},
		{"cut off", 404, `{"error":{"code":"20102","message":"m`, oneNoteError{"20102", "Microsoft Graph responded with 404 Not Found and did not say why.", docs + "20102"}},
		{"byte order mark and what follows", 404, "\ufeff" + `{"error":{"code":"20102","message":"m"}} x`, oneNoteError{"20102", "m", docs + "20102"}},
		{"too long", 404, `{"error":{"code":"10008","message":"` + strings.Repeat("x", 64<<10) + `"}}`, oneNoteError{"20102", "Microsoft Graph responded with 404 Not Found and did not say why.", docs + "20102"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rules := &graph.ErrorRules{Status: tt.status}
			got := translated(t, rules, tt.in)
			if e := errorIn(t, got); e != tt.want {
				t.Errorf("got  %+v\nwant %+v", e, tt.want)
			}
			checkInPieces(t, rules, tt.in, got)
		})
	}
}

// Each sample's name begins with its status and its code.
func TestErrorSamplesMatchTheirGoldens(t *testing.T) {
	for _, file := range samples(t, "errors/*.json") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			status, err := strconv.Atoi(filepath.Base(file)[:3])
			if err != nil {
				t.Fatal(err)
			}
			text := readSample(t, file)
			got := translated(t, &graph.ErrorRules{Status: status}, text)
			checkJSONGolden(t, file, got)
			var sample struct{ Error struct{ Message string } }
			if err := json.Unmarshal([]byte(text), &sample); err != nil {
				t.Fatal(err)
			}
			if e := errorIn(t, got); e.message != sample.Error.Message {
				t.Errorf("got %+v, want the message %q", e, sample.Error.Message)
			}
		})
	}
}

// An error of the OneNote API is one already.
func TestErrorOfTheOneNoteAPIStays(t *testing.T) {
	for _, file := range samples(t, "legacy/error-*.json") {
		text := readSample(t, file)
		want, err := canonical([]byte(text))
		if got := translated(t, &graph.ErrorRules{Status: 403}, text); got != want {
			t.Errorf("%s: got  %s\nwant %s, %v", file, got, want, err)
		}
	}
}

func TestErrorBodyIsWholeWhereItsSourceFails(t *testing.T) {
	for text, code := range map[string]string{
		`{"error":{"code":"20102","message":"m"}}`: "20102",
		`{"error":{"code":"20102","mess`:           "10002",
	} {
		src := io.MultiReader(strings.NewReader(text), iotest.ErrReader(errors.New("connection reset")))
		got, err := io.ReadAll((&graph.ErrorRules{Status: 503}).Open(src))
		if err != nil {
			t.Fatal(err)
		}
		if e := errorIn(t, string(got)); e.code != code {
			t.Errorf("%s: got %s, want the code %s", text, got, code)
		}
	}
}

func TestErrorBodyReadAfterClose(t *testing.T) {
	body := (&graph.ErrorRules{Status: 400}).Open(strings.NewReader(``))
	if err := body.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := body.Read(make([]byte, 10)); n != 0 || err == nil {
		t.Errorf("got %d, %v, want an error", n, err)
	}
}

func TestCodesOfErrors(t *testing.T) {
	for body, want := range map[string]string{
		`{"error":{"code":"20166","message":"m"}}`:           "20166",
		`{"error":{"code":"TooManyRequests","message":"m"}}`: "20166",
		`{"error":{"code":"40003"}}`:                         "40003",
		`{"error":{"code":"BadRequest"}}`:                    "19999",
		`{"error":"invalid_request"}`:                        "19999",
	} {
		if got := errorIn(t, translated(t, &graph.ErrorRules{Status: 400}, body)).code; got != want {
			t.Errorf("%s: got %q, want %q", body, got, want)
		}
	}
}

func FuzzErrorBody(f *testing.F) {
	for _, file := range samples(f, "errors/*.json") {
		f.Add(400, readSample(f, file))
	}
	f.Add(404, `{"Message":"m"}`)
	f.Add(400, `{"error":"invalid_request","error_description":"m"}`)
	f.Add(502, `<html>`)
	f.Fuzz(func(t *testing.T, status int, text string) {
		rules := &graph.ErrorRules{Status: status}
		got := translated(t, rules, text)
		e := errorIn(t, got)
		if e.code == "" || strings.Trim(e.code, "0123456789") != "" {
			t.Errorf("code: got %q, want a number", e.code)
		}
		if again := translatedInPieces(t, rules, text, 1); again != got {
			t.Errorf("in pieces: got %s, want %s", again, got)
		}
		if again := translated(t, rules, got); again != got {
			t.Errorf("twice: got %s, want %s", again, got)
		}
	})
}
