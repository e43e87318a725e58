// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard_test

import (
	"net/http"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/guard"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
)

func TestRequestWithOwnLoopMarkIsRefused(t *testing.T) {
	g := newGuard(t, guard.Config{Loop: "onenote-proxy-1"})
	checkAll(t, g, []call{
		{name: "no list"},
		{name: "others", header: http.Header{"Cdn-Loop": {"foo123.foocdn.example, barcdn.example; trace=\"abcdef\"", "AnotherCDN; abc=123"}}},
		{name: "another of our kind", header: field("CDN-Loop", "onenote-proxy-2")},
		{name: "our name in a parameter", header: field("CDN-Loop", "x; by=onenote-proxy-1")},
		{name: "our name in a longer one", header: field("CDN-Loop", "onenote-proxy-10, xonenote-proxy-1")},
		{name: "ourselves", header: field("CDN-Loop", "onenote-proxy-1"), want: apierror.LoopDetected, status: 508},
		{name: "ourselves among others", header: field("CDN-Loop", "foocdn.example , onenote-proxy-1;x=y ,bar"), want: apierror.LoopDetected},
		{name: "ourselves in a second field", header: http.Header{"Cdn-Loop": {"foo", "onenote-proxy-1"}}, want: apierror.LoopDetected},
		{name: "ourselves in capitals", header: field("CDN-Loop", "OneNote-Proxy-1"), want: apierror.LoopDetected},
		{name: "from a remote client, too", from: remote, header: field("CDN-Loop", "onenote-proxy-1"), want: apierror.LoopDetected},
		{name: "probes", line: "GET /healthz", header: field("CDN-Loop", "onenote-proxy-1"), want: apierror.LoopDetected},
		{name: "pages", line: "GET /", header: field("CDN-Loop", "onenote-proxy-1"), want: apierror.LoopDetected},
		{name: "a path that is nothing here", line: "POST /oauth20_token.srf", header: field("CDN-Loop", "onenote-proxy-1"), want: apierror.LoopDetected},
		{name: "a path that is refused", line: "GET /api/../x", header: field("CDN-Loop", "onenote-proxy-1"), want: apierror.LoopDetected},
		{name: "a host that is not allowed", host: "login.live.com", header: field("CDN-Loop", "onenote-proxy-1"), want: apierror.LoopDetected},
	})
}

func TestLoopMarkIsIgnoredWithoutOwnID(t *testing.T) {
	g := newGuard(t, guard.Config{})
	checkAll(t, g, []call{{name: "empty id", header: field("CDN-Loop", ""), kind: guard.API}})
}
