// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard_test

import (
	"testing"

	"github.com/caddy-onenote/caddy-onenote/guard"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
)

// Known ways around proxies like this one. Each row is one advisory, as far as
// it concerns a single request.
func TestRequestsOfKnownAdvisoriesAreRefused(t *testing.T) {
	g := keyedGuard(t)
	checkAll(t, g, []call{
		{name: "GHSA-5hvv-m4w4-gf6v: User-Agent of a health check skips authentication",
			from: remote, header: field("User-Agent", "GoogleHC/1.0"), want: apierror.ForbiddenClient},
		{name: "GHSA-5hvv-m4w4-gf6v: User-Agent of a probe of Kubernetes",
			from: remote, header: field("User-Agent", "kube-probe/1.31"), want: apierror.ForbiddenClient},
		{name: "GHSA-7x63-xv5r-3p2x: X-Forwarded-Uri is taken for the path",
			from: remote, header: field("X-Forwarded-Uri", "/healthz"), want: apierror.ForbiddenClient},
		{name: "GHSA-7x63-xv5r-3p2x: X-Original-URL is taken for the path",
			from: remote, header: field("X-Original-URL", "/healthz", "X-Rewrite-URL", "/healthz"), want: apierror.ForbiddenClient},
		{name: "GHSA-pxq7-h93f-9jrg: the fragment is read differently",
			line: "GET " + notebooks + "#/healthz", from: remote, want: apierror.BadPath},
		{name: "GHSA-pxq7-h93f-9jrg: the fragment is read differently, the other way round",
			line: "GET /healthz#" + notebooks, from: remote, want: apierror.BadPath},
		{name: "GHSA-vjrc-mh2v-45x6: a header alias with underscores is a key",
			from: remote, header: field("X_Onenote_Proxy_Key", "key-of-scanner"), want: apierror.ForbiddenClient},
		{name: "GHSA-f59h-q822-g45g: a header alias with underscores hides a proxy",
			header: field("X_Forwarded_For", "192.0.2.7"), want: apierror.ForbiddenClient},
		{name: "GHSA-7rh7-c77v-6434: a rule for a path matches in the query",
			line: "GET " + notebooks + "?/healthz", from: remote, want: apierror.ForbiddenClient},
		{name: "GHSA-7rh7-c77v-6434: a rule for a path matches in the query, with a slash",
			line: "GET " + notebooks + "?x=/auth/a/callback", header: field("Origin", "https://evil.example"), want: apierror.ForbiddenOrigin},
		{name: "CVE-2026-27587: another case of the path",
			line: "GET /API/v1.0/me", want: apierror.NotFound},
		{name: "CVE-2026-27587: another encoding of the path",
			line: "GET /%61pi/v1.0/me", want: apierror.NotFound},
		{name: "CVE-2026-27588: another case of the host",
			host: "EVIL.example", want: apierror.ForbiddenHost},
		{name: "Oathkeeper 2026-03: the path is matched before it is cleaned",
			line: "GET /healthz/../api/v1.0/me", from: remote, want: apierror.BadPath},
		{name: "Oathkeeper 2026-03: the path is matched before it is cleaned, the other way round",
			line: "GET /api/../healthz", from: remote, want: apierror.BadPath},
		{name: "Oathkeeper 2026-03: X-Forwarded-Proto makes an origin ours",
			header: field("X-Forwarded-Proto", "https", "Origin", "https://localhost:8080"), want: apierror.ForbiddenOrigin},
		{name: "CVE-2019-9901: dot segments",
			line: "GET /api/%2e%2e/%2e%2e/x", want: apierror.BadPath},
		{name: "CVE-2021-29492: encoded slashes",
			line: "GET /api/..%2f..%2fx", want: apierror.BadPath},
		{name: "CVE-2021-29492: encoded backslashes",
			line: "GET /api/..%5c..%5cx", want: apierror.BadPath},
		{name: "CVE-2021-32779: a fragment in the path",
			line: "GET /api/v1.0/me#/../x", want: apierror.BadPath},
		{name: "GHSA-9wgg-m99q-hhfc: a page of ours starts token work before the key was checked",
			line: "POST /auth/work/signin", from: remote, want: apierror.ForbiddenClient},
		{name: "GHSA-9wgg-m99q-hhfc: a callback without a live state starts token work",
			line: "GET /auth/work/callback?code=c&state=s", from: remote, want: apierror.ForbiddenClient, status: 401},
		{name: "vault 7627: a simple request of any page reaches the agent",
			line: "POST " + notebooks, header: field("Origin", "https://evil.example", "Content-Type", "text/plain"), want: apierror.ForbiddenOrigin},
	})
	if _, refusal := g.Admit(call{from: remote, header: field("Authorization", "Bearer key-of-scanner")}.request(t), guard.Peer{}); refusal != nil {
		t.Errorf("with the key: got %v, want it admitted", refusal)
	}
}
