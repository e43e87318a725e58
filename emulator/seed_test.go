// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/caddy-onenote/caddy-onenote/emulator"
)

// files makes a folder of these files.
func files(names ...string) fstest.MapFS {
	folder := make(fstest.MapFS)
	for i := 0; i < len(names); i += 2 {
		folder[names[i]] = &fstest.MapFile{Data: []byte(names[i+1])}
	}
	return folder
}

func lamp(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 30, 20))); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// seeded starts an emulator with a seed.
func seeded(t *testing.T, names ...string) *server {
	t.Helper()
	seed, err := emulator.ReadSeed(files(names...))
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(emulator.New(emulator.Options{Seed: seed}))
	t.Cleanup(h.Close)
	return &server{t: t, url: h.URL, client: h.Client()}
}

func namesIn(list []map[string]any, key string) []string {
	var names []string
	for _, item := range list {
		names = append(names, item[key].(string))
	}
	return names
}

func TestSeedFolderBecomesNotebooks(t *testing.T) {
	s := seeded(t,
		"Garden/Beds/1 Peas.html", "<html><head><title>Peas</title></head><body><p>Sow in March.</p><img src=\"lamp.png\"><img src=\"more/Big%20lamp.png\"></body></html>",
		"Garden/Beds/2 Beans.html", "<p>Later.</p><object data=\"plan.pdf\" data-attachment=\"plan.pdf\"></object>",
		"Garden/Beds/lamp.png", lamp(t),
		"Garden/Beds/more/Big lamp.png", lamp(t),
		"Garden/Beds/plan.pdf", "%PDF-1.4",
		"Garden/Years/2025/Notes.htm", "<p>A wet year.</p>",
		"Garden/Empty/.gitkeep", "",
		"Work/Team/.DS_Store", "x",
		"README.md", "Notes for tests.",
	)
	token := s.token()
	get := func(target string) response { return s.api(token, http.MethodGet, target, "", "").want(http.StatusOK) }
	for target, want := range map[string][]string{
		"/api/v1.0/me/notes/notebooks?orderby=name":     {"Garden", "Work"},
		"/api/v1.0/me/notes/sections?orderby=name":      {"2025", "Beds", "Empty", "Team"},
		"/api/v1.0/me/notes/sectionGroups?orderby=name": {"Years"},
	} {
		if got := namesIn(get(target).list(), "name"); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", target, got, want)
		}
	}
	pages := get("/api/v1.0/me/notes/pages?filter=" + "parentSection/name%20eq%20'Beds'").list()
	if got := namesIn(pages, "title"); !slices.Equal(got, []string{"Peas", "2 Beans"}) {
		t.Fatalf("pages: got %q, want them in the order of the files, titled by themselves or by the file", got)
	}
	content := get(strings.TrimPrefix(pages[0]["contentUrl"].(string), s.url)).body
	if !strings.Contains(content, "Sow in March.") || strings.Count(content, "/$value") != 4 || !strings.Contains(content, `width="30"`) {
		t.Errorf("got %s, want two pictures with their sizes", content)
	}
	content = get(strings.TrimPrefix(pages[1]["contentUrl"].(string), s.url)).body
	if !strings.Contains(content, `data-attachment="plan.pdf"`) || !strings.Contains(content, `type="application/pdf"`) {
		t.Errorf("got %s, want an attachment", content)
	}

	// A page that is posted to no section goes to the default one.
	s.api(token, http.MethodPost, "/api/v1.0/me/notes/pages", "text/html", "<html><head><title>New</title></head></html>").want(http.StatusCreated)
	s.control("reset", "")
	if got := len(s.api(s.token(), http.MethodGet, "/api/v1.0/me/notes/pages", "", "").list()); got != 3 {
		t.Errorf("after a reset: got %d pages, want the 3 of the seed", got)
	}
}

func TestSeedWithoutSectionTakesNewPages(t *testing.T) {
	s := seeded(t, "Empty/.gitkeep", "")
	s.api(s.token(), http.MethodPost, "/api/v1.0/me/notes/pages", "text/html", "<html><head><title>New</title></head></html>").want(http.StatusCreated)
}

func TestSeedMistakesAreNamed(t *testing.T) {
	for name, tt := range map[string]struct {
		files []string
		want  string
	}{
		"nothing":                  {nil, "there is no notebook: make a folder"},
		"a page at the top":        {[]string{"a.html", ""}, "a.html is outside of a notebook"},
		"a page in a notebook":     {[]string{"N/a.html", ""}, "N/a.html is outside of a section"},
		"a section in a section":   {[]string{"N/S/a.html", "", "N/S/T/b.html", ""}, "N/S holds pages, so it is a section"},
		"a missing picture":        {[]string{"N/S/a.html", "<img src=\"b.png\">"}, "N/S/a.html names a file that cannot be read: open N/S/b.png"},
		"a picture elsewhere":      {[]string{"N/S/a.html", "<img src=\"../b.png\">", "N/b.png", ""}, "N/S/a.html: the file ../b.png has to be beside the page"},
		"a picture at the root":    {[]string{"N/S/a.html", "<img src=\"/etc/b.png\">"}, "has to be beside the page"},
		"a part of a request":      {[]string{"N/S/a.html", "<img src=\"name:x\">"}, "N/S/a.html: the request has no part named \"x\""},
		"an address without sense": {[]string{"N/S/a.html", "<img src=\"%zz\">"}, "N/S/a.html: parse"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := emulator.ReadSeed(files(tt.files...))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestSeedKeepsAddressesOfOtherHosts(t *testing.T) {
	s := seeded(t, "N/S/a.html", "<img src=\"https://example.com/a.png\"><img src=\"data:image/png;base64,%%%\">")
	pages := s.api(s.token(), http.MethodGet, "/api/v1.0/me/notes/pages", "", "").list()
	content := s.api(s.token(), http.MethodGet, strings.TrimPrefix(pages[0]["contentUrl"].(string), s.url), "", "").body
	if !strings.Contains(content, `src="https://example.com/a.png"`) {
		t.Errorf("got %s, want the address as it is", content)
	}
}

// Whatever stands in a folder, reading it ends with a seed or an error, and a seed
// can be served.
func FuzzSeedPage(f *testing.F) {
	f.Add("<img src=\"b.png\"><p>x", "b.png")
	f.Add("<html><head><title>A</title></head><body><object data=\"b.png\" /></body></html>", "b.png")
	f.Add("<img src=\"%2e%2e/b.png\">", "b.png")
	f.Fuzz(func(t *testing.T, source, file string) {
		folder := files("N/S/a.html", source)
		if file != "a.html" && !strings.Contains(file, "/") {
			folder["N/S/"+file] = &fstest.MapFile{Data: []byte("x")}
		}
		seed, err := emulator.ReadSeed(folder)
		if err != nil {
			return
		}
		e := emulator.New(emulator.Options{Seed: seed})
		token, err := e.IssueToken("", "", 1e12)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodGet, "/api/v1.0/me/notes/pages", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
	})
}
