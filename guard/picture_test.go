// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/caddy-onenote/caddy-onenote/guard"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
	"github.com/caddy-onenote/caddy-onenote/proxy/picture"
)

const (
	picturePath     = "/api/v1.0/me/notes/resources/0-f717b5fa!1-73DBAF9B7E5C4B4C!10456/content"
	pictureUpstream = "https://www.onenote.com"
)

func pictureGuard(t testing.TB) (*guard.Guard, *clock, string) {
	c := &clock{time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC)}
	s, err := picture.New(c.now, bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	g := newGuard(t, guard.Config{
		Account:    "default",
		Upstream:   pictureUpstream,
		ImageURL:   mustURL(t, "https://pictures.example"),
		Pictures:   s,
		Serves:     func(account string) bool { return account == "work" || account == "home" },
		ClientKeys: []guard.ClientKey{{Name: "scanner", Key: "key-of-scanner", Account: "home"}},
		Now:        c.now,
	})
	query := s.AppendQuery(nil, picture.Picture{Account: "work", Upstream: pictureUpstream, Path: picturePath, MIMEType: "image/png", Expires: c.Add(time.Hour)})
	return g, c, string(query)
}

// The URL is the key: an <img> on a page or in a mail sends nothing else.
func TestSignedPictureIsAdmittedWithoutKey(t *testing.T) {
	g, _, query := pictureGuard(t)
	for _, c := range []call{
		{name: "local"},
		{name: "remote, without a key", from: remote},
		{name: "by its own host", host: "pictures.example", from: remote},
		{name: "on a page of another site", header: field("Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image")},
		{name: "on a sandboxed page", header: field("Origin", "null", "Sec-Fetch-Site", "cross-site")},
		{name: "with somebody's key", from: remote, header: field("Authorization", "Bearer key-of-scanner")},
		{name: "with a wrong key", from: remote, header: field("X-Onenote-Proxy-Key", "x")},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			t.Run(method+" "+c.name, func(t *testing.T) {
				c.line, c.kind = method+" "+picturePath+"?"+query, guard.Picture
				route := c.check(t, g)
				if route == nil {
					return
				}
				if route.Account != "work" || !route.Bound || route.KeyName != "" {
					t.Errorf("got %+v, want it bound to the account that was signed", route)
				}
				if p := route.Picture; p == nil || p.Path != picturePath || p.MIMEType != "image/png" || p.Upstream != pictureUpstream {
					t.Errorf("picture: got %+v", p)
				}
			})
		}
	}
}

func TestPictureSignatureOpensNothingElse(t *testing.T) {
	g, c, query := pictureGuard(t)
	checkAll(t, g, []call{
		{name: "rebound host", line: "GET " + picturePath + "?" + query, host: "evil.example", want: apierror.ForbiddenHost},
		{name: "writing", line: "POST " + picturePath + "?" + query, want: apierror.MethodNotAllowed},
		{name: "deleting", line: "DELETE " + picturePath + "?" + query, want: apierror.MethodNotAllowed},
		{name: "another picture", line: "GET " + strings.Replace(picturePath, "10456", "10457", 1) + "?" + query, want: apierror.ForbiddenClient},
		{name: "the notebooks", line: "GET " + notebooks + "?" + query, want: apierror.ForbiddenClient},
		{name: "climbing", line: "GET " + picturePath + "/../content?" + query, want: apierror.BadPath},
		{name: "a page of ours", line: "GET /auth/status?" + query, from: remote, want: apierror.ForbiddenClient, status: 401},
		{name: "another account", line: "GET " + picturePath + "?" + strings.Replace(query, "work", "home", 1), want: apierror.ForbiddenClient},
		{name: "even with a key", line: "GET " + picturePath + "?" + query + "x", header: field("Authorization", "Bearer key-of-scanner"), from: remote, want: apierror.ForbiddenClient},
		{name: "without the signature it is a request like others", line: "GET " + picturePath + "?publicAuth=true&mimeType=image/png", from: remote, want: apierror.ForbiddenClient},
		{name: "and like others it needs a key", line: "GET " + picturePath + "?publicAuth=true&mimeType=image/png", header: field("Authorization", "Bearer key-of-scanner")},
	})
	c.advance(time.Hour)
	for _, from := range []string{local, remote} {
		_, refusal := g.Admit(call{line: "GET " + picturePath + "?" + query, from: from}.request(t), guard.Peer{})
		if refusal == nil || refusal.Status() != 403 || !strings.Contains(refusal.Message, "expired") {
			t.Errorf("after its hour, from %s: got %v, want 403 with the reason", from, refusal)
		}
	}
}

func TestPictureSignatureIsIgnoredWherePicturesAreNotLocal(t *testing.T) {
	_, _, query := pictureGuard(t)
	g := newGuard(t, guard.Config{})
	checkAll(t, g, []call{
		{name: "local", line: "GET " + picturePath + "?" + query},
		{name: "remote", line: "GET " + picturePath + "?" + query, from: remote, want: apierror.ForbiddenClient},
	})
}
