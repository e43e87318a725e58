// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite_test

import (
	"bytes"
	"flag"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/proxy/api"
	"github.com/caddy-onenote/caddy-onenote/proxy/rewrite"
)

var update = flag.Bool("update", false, "write the golden files; read the difference before you commit it")

// base is where the pages of the goldens are read.
const base = "http://localhost:8080"

// sign stands for the signature of a local picture.
func sign(dst, path, mimeType []byte) []byte {
	dst = append(append(append(dst, base...), path...), "?publicAuth=true"...)
	if len(mimeType) > 0 {
		dst = append(append(dst, "&mimeType="...), url.QueryEscape(string(mimeType))...)
	}
	return append(dst, "&sig=s"...)
}

// apiOf returns the hosts of a preset on its own upstream.
func apiOf(t testing.TB, preset string) *api.Hosts {
	t.Helper()
	p, ok := api.PresetNamed(preset)
	if !ok {
		t.Fatalf("no preset %q", preset)
	}
	upstream, err := url.Parse(p.Upstream)
	if err != nil {
		t.Fatal(err)
	}
	return api.NewHosts(p, upstream)
}

// The samples are pages and lists as the API writes them (their origins are in
// testdata/ORIGINS.md), each beside what becomes of it. A sample without a golden
// file stays as it is.
func TestSamplesMatchTheirGoldens(t *testing.T) {
	for _, preset := range []string{"onenote", "graph"} {
		api := apiOf(t, preset)
		link := api.LocalLink(base)
		direct := rewrite.HTMLRules{Picture: api.PublicPicture, Link: link}
		local := rewrite.HTMLRules{Picture: api.LocalPicture(sign), Link: link}
		for _, test := range []struct {
			cases, golden string
			open          func(io.Reader) *rewrite.Reader
		}{
			{"html/*.html", ".direct", func(src io.Reader) *rewrite.Reader { return rewrite.HTML(src, direct) }},
			{"html/*.html", ".local", func(src io.Reader) *rewrite.Reader { return rewrite.HTML(src, local) }},
			{"json/*.json", ".links", func(src io.Reader) *rewrite.Reader { return rewrite.JSON(src, api.Anchors(), link) }},
		} {
			if test.golden == ".direct" && preset == "graph" {
				continue // it has no public pictures
			}
			files, err := filepath.Glob(filepath.Join("testdata", preset, test.cases))
			if err != nil || len(files) == 0 {
				t.Fatalf("no cases %s of %s: %v", test.cases, preset, err)
			}
			for _, file := range files {
				t.Run(file+test.golden, func(t *testing.T) { checkGolden(t, file, file+test.golden, test.open) })
			}
		}
	}
}

func checkGolden(t *testing.T, file, golden string, open func(io.Reader) *rewrite.Reader) {
	in, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got := rewritten(t, in, open)
	if again := rewritten(t, got, open); !bytes.Equal(again, got) {
		t.Errorf("done twice:\n got %s\nwant %s", again, got)
	}
	if *update {
		writeGolden(t, golden, in, got)
	}
	want, err := os.ReadFile(golden)
	if os.IsNotExist(err) {
		want, err = in, nil
	}
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func rewritten(t *testing.T, in []byte, open func(io.Reader) *rewrite.Reader) []byte {
	t.Helper()
	r := open(bytes.NewReader(in))
	defer r.Close()
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func writeGolden(t *testing.T, golden string, in, got []byte) {
	t.Helper()
	if bytes.Equal(in, got) {
		if err := os.Remove(golden); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		return
	}
	if err := os.WriteFile(golden, got, 0o644); err != nil {
		t.Fatal(err)
	}
}

// A page that a client reads and sends back holds the API's own URLs again.
func TestPageSentBackHasTheAPIsURLs(t *testing.T) {
	api := apiOf(t, "onenote")
	up := api.UpstreamLink("https://www.onenote.com", base)
	local := rewrite.HTMLRules{Picture: api.LocalPicture(sign), Link: api.LocalLink(base)}
	back := rewrite.HTMLRules{Link: up, LinkPictures: true}
	files, err := filepath.Glob("testdata/onenote/html/*.html")
	if err != nil || len(files) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	for _, file := range files {
		in, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		page := rewritten(t, in, func(src io.Reader) *rewrite.Reader { return rewrite.HTML(src, local) })
		sent := rewritten(t, page, func(src io.Reader) *rewrite.Reader { return rewrite.HTML(src, back) })
		if bytes.Contains(sent, []byte("localhost")) {
			t.Errorf("%s: sent back with URLs of ours:\n%s", file, sent)
		}
		if got, want := strings.Count(string(sent), "onenote.com/api/"), strings.Count(string(in), "onenote.com/api/"); got != want {
			t.Errorf("%s: sent back with %d URLs of the API, want %d:\n%s", file, got, want, sent)
		}
	}
}
