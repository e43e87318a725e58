// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"io"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-onenote/caddy-onenote/proxy/api"
)

func TestPrivateCacheControlIsNeverWeaker(t *testing.T) {
	for _, tt := range []struct {
		values []string
		want   string
	}{
		{nil, "private"},
		{[]string{""}, "private"},
		{[]string{"no-store"}, "no-store"},
		{[]string{"No-Store, public"}, "No-Store, public"},
		{[]string{"no-cache, no-store, must-revalidate"}, "no-cache, no-store, must-revalidate"},
		{[]string{"no-store, must-understand, max-age=9"}, "private, no-store, must-understand, max-age=9"},
		{[]string{"private"}, "private"},
		{[]string{"Private", "max-age=60"}, "Private, max-age=60"},
		{[]string{"private, s-maxage=60"}, "private"},
		{[]string{`private="set-cookie", max-age=60`}, "private, max-age=60"},
		{[]string{`private="a, no-store", max-age=60`}, "private, max-age=60"},
		{[]string{`x="a\", no-store", max-age=60`}, `private, x="a\", no-store", max-age=60`},
		{[]string{"public, max-age=3600, immutable"}, "private, max-age=3600, immutable"},
		{[]string{"PUBLIC", "S-MaxAge=1"}, "private"},
		{[]string{"no-cache"}, "private, no-cache"},
		{[]string{"max-age=0,,must-revalidate"}, "private, max-age=0, must-revalidate"},
	} {
		if got := privateCacheControl(tt.values); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.values, got, tt.want)
		}
	}
}

func TestResponseThatDependsOnClientIsKeptOutOfSharedCaches(t *testing.T) {
	fields := http.Header{
		"Cache-Control": {"public, max-age=60"}, "Vary": {"Accept"}, "Etag": {`"1"`},
		"Cdn-Cache-Control": {"max-age=60"}, "Acme-Cdn-Cache-Control": {"max-age=60"},
		"Surrogate-Control": {"max-age=60"}, "Edge-Control": {"max-age=60"}, "X-Accel-Expires": {"60"},
	}
	respond := func(vary string) http.Header {
		transport := Transport{
			Dialect: passthrough(api.Passthrough{}),
			Next: roundTrip(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 200, Header: fields.Clone(), Body: http.NoBody, Request: r}, nil
			}),
		}
		res := must(transport.For(Call{Tokens: newAccount(), Vary: vary}).RoundTrip(inRequest("GET", "/api/x", http.Header{})))
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		for _, name := range []string{"X-Content-Type-Options", "Content-Security-Policy", "Cross-Origin-Resource-Policy"} {
			delete(res.Header, name)
		}
		return res.Header
	}
	if diff := cmp.Diff(fields, respond("")); diff != "" {
		t.Errorf("a response for everybody is changed (-want +got):\n%s", diff)
	}
	want := http.Header{"Cache-Control": {"private, max-age=60"}, "Vary": {"Accept", "Authorization, X-Key"}, "Etag": {`"1"`}}
	if diff := cmp.Diff(want, respond("Authorization, X-Key")); diff != "" {
		t.Errorf("a response for one client (-want +got):\n%s", diff)
	}
}
