// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/proxy/api"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
	"github.com/caddy-onenote/caddy-onenote/proxy/rewrite"
)

// shouting is a dialect in which the apps write in lower case and the API in
// capitals.
type shouting struct{}

func (shouting) Paths() []string { return []string{"/api/"} }

func (shouting) Translate(r *api.Request) (api.Translation, *apierror.Error) {
	if strings.HasSuffix(r.Path, "/permissions") {
		return nil, &apierror.Error{Cause: apierror.NotFound, Message: "The API has no permissions."}
	}
	r.Method, r.Path, r.Query = "PUT", strings.ToUpper(r.Path), strings.ToUpper(r.Query)
	r.Header["Client-Request-Id"] = r.Header["X-Correlationid"]
	r.RewriteResponse = true
	return shouted{}, nil
}

type shouted struct{}

func (shouted) RequestBody() api.BodyRules { return converted(bytes.ToUpper) }

func (shouted) ResponseHeader(res *http.Response) int {
	res.StatusCode = http.StatusAccepted
	res.Header.Set("Location", strings.ToLower(res.Header.Get("Location")))
	return 1
}

func (shouted) ResponseBody(res *http.Response) api.BodyRules {
	res.Header.Set("Content-Type", "application/json")
	return converted(bytes.ToLower)
}

// converted are rules that convert a body as a whole.
type converted func([]byte) []byte

func (c converted) Open(src io.Reader) rewrite.Body {
	all, err := io.ReadAll(src)
	return convertedBody{io.MultiReader(bytes.NewReader(c(all)), &failing{err})}
}

type convertedBody struct{ io.Reader }

func (convertedBody) Close() error          { return nil }
func (convertedBody) Rewritten() (int, int) { return 0, 1 }

// failing ends with an error, if there is one.
type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return 0, io.EOF
}

func TestDialectTranslatesRequestAndResponse(t *testing.T) {
	seen := new(log)
	var line, id string
	s := newSite(t, refuseUntil(seen, "token-2", func(w http.ResponseWriter, r *http.Request) {
		line, id = r.Method+" "+r.RequestURI, r.Header.Get("Client-Request-Id")
		w.Header().Set("Location", "HTTPS://API.EXAMPLE/X")
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, "RESPONSE")
	}), func(s *site) { s.transport.Dialect = shouting{} })
	res := s.send("POST", "/api/x%2fy?a=b", strings.NewReader("request"), "X-CorrelationId", "1")
	if line != "PUT /API/X%2FY?A=B" || id != "1" {
		t.Errorf("the API got %q with id %q", line, id)
	}
	for _, u := range seen.all() {
		if u.Bytes != int64(len("REQUEST")) || u.Length != u.Bytes {
			t.Errorf("the API got a body of %d bytes and length %d, want the translated one in both tries", u.Bytes, u.Length)
		}
	}
	if res.StatusCode != 202 || res.body != "response" || res.Header.Get("Location") != "https://api.example/x" || res.Header.Get("Content-Type") != "application/json" {
		t.Errorf("got %s %v %q, want the translated response", res.Status, res.Header, res.body)
	}
	if _, _, rewritten := s.observer.told(); rewritten != [4]int{0, 1, 1, 1} {
		t.Errorf("told of %v replaced, want one in body, header and request", rewritten)
	}
}

func TestDialectRefusesBeforeATokenIsAskedFor(t *testing.T) {
	s := newSite(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the API was asked") }), func(s *site) {
		s.transport.Dialect = shouting{}
	})
	asked := &asking{TokenSource: s.account}
	s.call.Tokens = asked
	res := s.send("POST", "/api/v1.0/me/notes/permissions", strings.NewReader("x"))
	if res.StatusCode != 404 || res.Header.Get("X-Onenote-Proxy-Error") != "not_found" || asked.asked {
		t.Errorf("got %s %s, asked for a token: %t", res.Status, res.body, asked.asked)
	}
}

// small takes bodies of 3 MiB.
type small struct{ shouting }

func (small) Translate(r *api.Request) (api.Translation, *apierror.Error) {
	r.MaxBody, r.Translated = 3<<20, true
	return shouting{}.Translate(r)
}

func TestBodyThatTheAPIWouldLoseIsNotSent(t *testing.T) {
	const limit = 3 << 20
	for name, test := range map[string]struct {
		size   int
		length bool // the length is sent before the body
		refuse bool
	}{
		"limit":             {size: limit, length: true},
		"limit, chunked":    {size: limit},
		"too long":          {size: limit + 1, length: true, refuse: true},
		"too long, chunked": {size: limit + 1, refuse: true},
	} {
		t.Run(name, func(t *testing.T) {
			got := -1
			s := newSite(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				n, _ := io.Copy(io.Discard, r.Body)
				got = int(n)
			}), func(s *site) { s.transport.Dialect = small{} })
			asked := &asking{TokenSource: s.account}
			s.call.Tokens = asked
			body := io.Reader(bytes.NewReader(make([]byte, test.size)))
			if !test.length {
				body = io.MultiReader(body) // hides the length
			}
			res := s.send("POST", "/api/v1.0/me/notes/pages", body)
			if test.refuse {
				if res.StatusCode != 413 || !strings.Contains(res.body, `"20016"`) || !strings.Contains(res.body, "3 MiB") || got != -1 || asked.asked {
					t.Errorf("got %s %s, %d bytes sent, asked for a token: %t; want 413 with 20016 and nothing sent", res.Status, res.body, got, asked.asked)
				}
				return
			}
			if res.StatusCode != 202 || got != test.size {
				t.Errorf("got %s and %d bytes, want all %d", res.Status, got, test.size)
			}
		})
	}
}

func TestPassthroughHasThePathsOfTheAPI(t *testing.T) {
	for _, preset := range api.Presets {
		d := api.Passthrough{Hosts: api.NewHosts(preset, nil)}
		if got := strings.Join(d.Paths(), " "); got != strings.Join(preset.Paths, " ") {
			t.Errorf("%s: got %q, want %q", preset.Name, got, preset.Paths)
		}
	}
}
