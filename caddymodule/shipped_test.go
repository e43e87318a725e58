// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

var kubernetesCaddyfile = regexp.MustCompile(`(?ms)^  Caddyfile: \|\n(.*?)^---$`)

// The kubelet sends its probes to an address and port of the pod, and a pod that never
// passes them never serves.
func TestProbesOfKubernetesSamplePass(t *testing.T) {
	s := newServer(t)
	found := kubernetesCaddyfile.FindStringSubmatch(read(t, "../deploy/kubernetes.yaml"))
	if found == nil {
		t.Fatal("there is no Caddyfile in the manifest")
	}
	t.Setenv("ONENOTE_ENCRYPTION_KEY", tokens.GenerateKey())
	t.Setenv("AZURE_CLIENT_ID", "11111111-2222-4333-8444-555555555555")
	t.Setenv("AZURE_FEDERATED_TOKEN_FILE", filepath.Join(s.dir, "token"))
	probes := freePort(t)
	config := strings.NewReplacer("\n    ", "\n", ":8080", ":"+s.port(), ":8081", ":"+probes,
		"admin unix//run/onenote/admin.sock|0600", "admin off\npersist_config off\nstorage file_system "+s.dir).Replace("\n" + found[1])
	s.mustLoad(config)
	for path, want := range map[string]int{"/healthz": http.StatusOK, "/readyz": http.StatusServiceUnavailable, notebooks: http.StatusNotFound, "/": http.StatusNotFound} {
		site := *s
		site.url = "http://127.0.0.1:" + probes
		if got := site.get(path, "Host", "10.1.2.3:8081"); got.StatusCode != want {
			t.Errorf("%s: got %d, want %d: %s", path, got.StatusCode, want, got.body)
		}
	}
}

// Whoever tries the example and then writes a configuration has signed in nowhere yet.
// The sign-in of the example is in the same folder, and is not that account's.
func TestRealConfigurationAfterTheExampleIsSignedOut(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	defer func(path string) { caddy.DefaultStorage.Path = path }(caddy.DefaultStorage.Path)
	caddy.DefaultStorage.Path = s.dir
	quiet := func(config string) string {
		return strings.Replace(config, "{\n", "{\n\tadmin off\n\tpersist_config off\n", 1)
	}
	s.mustLoad(quiet(strings.NewReplacer(":8080", ":"+s.port(), ":8081", ":"+freePort(t)).Replace(read(t, "../Caddyfile.example"))))
	s.get(notebooks).want(t, 200, "") // and so the example's sign-in is stored
	if err := caddy.Stop(); err != nil {
		t.Fatal(err)
	}

	first := caddyfileBlock.FindStringSubmatch(read(t, "../README.md"))
	if first == nil {
		t.Fatal("there is no Caddyfile in README.md")
	}
	t.Setenv("ONENOTE_CLIENT_ID", "real")
	config := strings.NewReplacer(":8080", ":"+s.port(), "client_id", "authority "+m.url+"\nclient_id").Replace(first[1])
	s.mustLoad(quiet(strings.Replace(config, "\tonenote\n}", "\tonenote "+m.url+" {\nupstream_api graph\n}\n}", 1)))
	if got := s.get("/auth/status"); !strings.Contains(got.body, `"state": "signed_out"`) || !strings.Contains(got.body, `"error": null`) {
		t.Errorf("got %s, want an account that is signed out and no error", got.body)
	}
}
