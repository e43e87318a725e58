// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
)

// Everything that opens a door is put through the proxy: secrets of the
// configuration, a sign-in with its code and verifier, tokens, client keys, a
// client's own token in two places. Then everything that the proxy writes is
// searched for it, with the log at DEBUG and log_credentials on.
func TestRequestsLeaveNoCredentialInLogs(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	secrets := map[string]string{
		"client secret":            "canary-client-secret",
		"client key":               "canary-client-key",
		"client key in a file":     "canary-file-key",
		"token of the client":      "canary-token-of-the-client",
		"token in the query":       "canary-token-in-the-query",
		"wrong client key":         "canary-wrong-key",
		"imported refresh token":   "canary-imported-token",
		"sealing key":              os.Getenv("ONENOTE_TEST_KEY"),
		"stolen address in a form": "canary-pasted-code",
	}
	t.Setenv("CANARY_SECRET", secrets["client secret"])
	t.Setenv("CANARY_KEY", secrets["client key"])
	t.Setenv("CANARY_IMPORT", secrets["imported refresh token"])
	keyFile := filepath.Join(t.TempDir(), "key")
	write(t, keyFile, secrets["client key in a file"]+"\n")

	autosave := filepath.Join(s.dir, "autosave.json")
	defer func(path string) { caddy.ConfigAutosavePath = path }(caddy.ConfigAutosavePath)
	caddy.ConfigAutosavePath = autosave
	config := s.config(
		"client_id test\nclient_secret {env.CANARY_SECRET}\nauthority "+m.url+"\naccount imported {\nrefresh_token {env.CANARY_IMPORT}\n}\naccount work",
		"log\nonenote "+m.url+" {\naccount work\nclient_key a {env.CANARY_KEY}\nclient_key b {file."+keyFile+"}\ntrusted_peers 127.0.0.1\n}",
		"debug\nservers {\nlog_credentials\n}")
	s.mustLoad(strings.Replace(config, "persist_config off", "", 1))

	// A sign-in, remembering every address that the browser came through.
	client := browser()
	var addresses []string
	client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		addresses = append(addresses, r.URL.String())
		return nil
	}
	if res := s.signIn(client, "work", "someone@outlook.com"); res.Request.URL.Path != "/" {
		t.Fatalf("the sign-in ended at %s: %s", res.Request.URL, res.body)
	}
	for _, address := range addresses {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"code", "state"} {
			if value := u.Query().Get(name); value != "" {
				secrets[name] = value
			}
		}
	}
	if secrets["code"] == "" || secrets["state"] == "" {
		t.Fatalf("no code or state came by: %q", addresses)
	}

	const via = "X-Forwarded-For"
	s.get(notebooks+"?access_token="+secrets["token in the query"]).want(t, 200, "")
	s.get(notebooks, "Authorization", "Bearer "+secrets["token of the client"]).want(t, 200, "")
	s.get(notebooks, via, "192.0.2.1", "Authorization", "Bearer "+secrets["client key"]).want(t, 200, "")
	s.get(notebooks, via, "192.0.2.1", "X-Onenote-Proxy-Key", secrets["client key in a file"]).want(t, 200, "")
	s.get(notebooks, via, "192.0.2.1", "X-Onenote-Proxy-Key", secrets["wrong client key"]).want(t, 403, "forbidden_client")
	m.control("POST", "tokens/revoke", `{"kind":"access"}`)
	s.get(s.firstPage()).want(t, 200, "")
	s.adminDo("POST", "/onenote/accounts/imported/refresh", "")
	s.adminDo("POST", "/onenote/accounts/work/refresh", "")
	s.submit(client, s.url+"/auth/work/paste", url.Values{"address": {s.url + "/auth/work/callback?code=" + secrets["stolen address in a form"] + "&state=x"}})
	addTokens(t, m, secrets)

	written := map[string]string{
		"the log":                  s.log(),
		"/config/":                 s.adminDo("GET", "/config/", "").body,
		"/onenote/accounts":        s.adminDo("GET", "/onenote/accounts", "").body,
		"/metrics":                 s.adminDo("GET", "/metrics", "").body,
		"the status page":          s.get("/").body,
		"/auth/status":             s.get("/auth/status").body,
		"an error":                 s.get("/api/%2e%2e/x").body,
		"/readyz":                  s.get("/readyz").body,
		"the saved configuration":  read(t, autosave),
		"the storage (not sealed)": readAll(t, filepath.Join(s.dir, "storage")),
	}
	for _, where := range []string{"the log", "/config/", "the saved configuration", "/metrics", "the storage (not sealed)"} {
		if len(written[where]) < 100 {
			t.Errorf("%s is too short to say anything: %q", where, written[where])
		}
	}
	for what, secret := range secrets {
		for where, text := range written {
			for _, form := range []string{secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret))} {
				if strings.Contains(text, form) {
					t.Errorf("%s is in %s", what, where)
				}
			}
		}
	}
	if !strings.Contains(s.log(), "upstream roundtrip") {
		t.Error("the log is not at DEBUG")
	}
	if !strings.Contains(s.log(), "kept out of the access log") {
		t.Error("what is kept out of the access log leaves no trace at all")
	}
}

// addTokens adds the bearers and refresh tokens that the emulator saw. The
// bodies of token requests are not kept there, so refresh tokens are taken
// from the response to a token request.
func addTokens(t *testing.T, m *microsoft, secrets map[string]string) {
	t.Helper()
	for _, r := range m.requests("/api/") {
		for _, value := range r.Headers["Authorization"] {
			secrets["bearer "+value[len(value)-8:]] = strings.TrimPrefix(value, "Bearer ")
		}
	}
	if !slices.ContainsFunc(slices.Collect(keys(secrets)), func(name string) bool { return strings.HasPrefix(name, "bearer ") }) {
		t.Error("the emulator saw no bearer")
	}
}

func keys(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// readAll returns all files below a folder, one after the other.
func readAll(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			all.WriteString(read(t, path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// The access log knows nothing of codes, states and pictures that anybody may
// fetch, but it still says that there was a request.
func TestPublicPictureIsNotInAccessLog(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config(importedAccount(m), "log\nonenote "+m.url+" {\nimages local\n}"))
	address := imageURL.FindStringSubmatch(s.get(s.firstPage()).body)[1]
	path := strings.TrimPrefix(strings.ReplaceAll(address, "&amp;", "&"), s.url)
	s.get(path).want(t, 200, "")
	resource := regexp.MustCompile(`resources/[^/]+`).FindString(path)
	for line := range strings.Lines(s.log()) {
		var entry struct {
			Logger string `json:"logger"`
		}
		_ = json.Unmarshal([]byte(line), &entry)
		if strings.HasPrefix(entry.Logger, "http.log.access") && strings.Contains(line, resource) {
			t.Errorf("the access log has the picture: %s", line)
		}
		if entry.Logger == "http.handlers.onenote" && strings.Contains(line, resource) {
			t.Errorf("the handler's log has the picture: %s", line)
		}
	}
}

// A word in the query must not be enough to stay out of the log.
func TestPublicAuthKeepsOnlyPicturesOutOfAccessLog(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config(importedAccount(m), "log\nonenote "+m.url))
	for _, path := range []string{
		notebooks + "?publicAuth=true", notebooks + "?x=%70ublicauth", "/api/v1.0/me/notes/pages/P;/resources/R/content?publicauth",
		"/?publicauth", "/nothing/here?publicAuth=true",
	} {
		s.get(path)
		path, _, _ = strings.Cut(path, "?")
		logged := func() bool {
			for line := range strings.Lines(s.log()) {
				var entry struct {
					Logger  string               `json:"logger"`
					Request struct{ URI string } `json:"request"`
				}
				_ = json.Unmarshal([]byte(line), &entry)
				if strings.HasPrefix(entry.Logger, "http.log.access") && strings.HasPrefix(entry.Request.URI, path+"?") {
					return true
				}
			}
			return false
		}
		eventually(t, path+" is in the access log", logged)
	}
}
