// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A server that adds trailers to the header would read there what the header may
// not hold.
func TestTrailersOfTheClientThatAreDropped(t *testing.T) {
	gone := append(droppedFields(), "Host", "Content-Type", "Content-Encoding", "Content_type", "Cdn-Loop", "Range", "If-Match", "Expect", "X-Hop")
	in := inRequest("POST", "/api/x", http.Header{"Connection": {"close, X-Hop"}})
	in.Trailer = http.Header{"X-Sum": nil}
	for _, name := range gone {
		in.Trailer[name] = nil
	}
	end := &atEnd{Reader: bytes.NewReader([]byte("bytes")), do: func() {
		for name := range in.Trailer {
			in.Trailer[name] = []string{"late"}
		}
		in.Trailer["Authorization"] = []string{"Bearer late"}
		in.Trailer["X-Not-Announced"] = []string{"late"}
	}}
	in.Body, in.ContentLength = io.NopCloser(end), -1
	out := sentFor(t, new(Transport), Call{}, in)
	if _, err := io.Copy(io.Discard, out.Body); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(http.Header{"X-Sum": {"late"}}, out.Trailer); diff != "" {
		t.Errorf("trailers that are sent (-want +got):\n%s", diff)
	}
}

func TestRequestWhoseTrailersAreAllDroppedHasNone(t *testing.T) {
	in := inRequest("POST", "/api/x", http.Header{})
	in.Trailer = http.Header{"Authorization": nil}
	in.Body, in.ContentLength = io.NopCloser(bytes.NewReader([]byte("bytes"))), -1
	if out := sentFor(t, new(Transport), Call{}, in); out.Trailer != nil {
		t.Errorf("got %v, want none", out.Trailer)
	}
}

func TestTrailersOfTheAPIThatAreRemoved(t *testing.T) {
	gone := []string{"Set-Cookie", "Strict-Transport-Security", "Access-Control-Allow-Origin", "X-Onenote-Proxy-Error", "Location", "Content-Security-Policy", "Content-Type"}
	for _, announced := range []bool{false, true} {
		api := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			prefix := http.TrailerPrefix
			if announced {
				prefix = ""
				w.Header().Set("Trailer", "X-Sum, "+strings.Join(gone, ", "))
			}
			_, _ = io.WriteString(w, "bytes")
			_ = http.NewResponseController(w).Flush()
			for _, name := range append(gone, "X-Sum") {
				w.Header().Set(prefix+name, "late")
			}
		})
		s := newSite(t, api)
		res := s.send("GET", "/api/v1.0/x", nil)
		if res.body != "bytes" {
			t.Errorf("got %q", res.body)
		}
		if diff := cmp.Diff(http.Header{"X-Sum": {"late"}}, res.Trailer); diff != "" {
			t.Errorf("trailers, announced %t (-want +got):\n%s", announced, diff)
		}
	}
}
