// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// Simple clients send the whole body before they read anything. They have to find the
// response, and not a connection that was reset.
func TestClientThatSendsAllFirstGetsTheRefusal(t *testing.T) {
	m := startMicrosoft(t)
	body := strings.Repeat("x", 20<<20)
	for name, tt := range map[string]struct {
		account, site string
		status        int
		cause         string
	}{
		"body over max_body":   {importedAccount(m), "onenote " + m.url + " {\nmax_body 1MB\n}", 413, "body_too_large"},
		"body over Graph's":    {importedAccount(m) + "\nprovider entra\nscopes Notes.ReadWrite offline_access", "onenote " + m.url + " {\nupstream_api graph\n}", 413, "body_too_large"},
		"client without a key": {importedAccount(m), "onenote " + m.url + " {\nclient_key phone key-of-the-phone\n}", 403, "forbidden_client"},
		"nobody signed in":     {"client_id test\nauthority " + m.url, "onenote " + m.url, 401, "signin_required"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.mustLoad(s.config(tt.account, tt.site))
			conn := s.raw(fmt.Sprintf("POST /api/v1.0/me/notes/pages HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			text, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			response{res, string(text)}.want(t, tt.status, tt.cause)
		})
	}
}
