// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	_ "github.com/caddyserver/caddy/v2/modules/caddyhttp/headers" // so that a reload can be seen
	_ "github.com/caddyserver/caddy/v2/modules/filestorage"       // so that Caddy leaves the user's own storage alone
)

func TestCaddyfile(t *testing.T) {
	tests := []struct {
		input string
		ok    bool
	}{
		{"onenote_emulator", true},
		{"onenote_emulator now", false},
		{"onenote_emulator {\n strict on\n}", false},
	}
	for _, test := range tests {
		err := new(Handler).UnmarshalCaddyfile(caddyfile.NewTestDispenser(test.input))
		if (err == nil) != test.ok {
			t.Errorf("%q: got %v, want ok %v", test.input, err, test.ok)
		}
	}
}

// adapt turns a Caddyfile into JSON.
func adapt(t *testing.T, input string) string {
	t.Helper()
	adapter := caddyfile.Adapter{ServerType: httpcaddyfile.ServerType{}}
	config, warnings, err := adapter.Adapt([]byte(input), map[string]any{"filename": "Caddyfile"})
	if err != nil {
		t.Fatal(err)
	}
	for _, warning := range warnings {
		if warning.Directive != "" {
			t.Errorf("warning: %s", warning)
		}
	}
	return string(config)
}

func TestDirectiveComesBeforeRespond(t *testing.T) {
	config := adapt(t, "http://127.0.0.1:8081 {\n\trespond \"nobody\"\n\tonenote_emulator\n}\n")
	emulator, respond := strings.Index(config, `"onenote_emulator"`), strings.Index(config, `"static_response"`)
	if emulator < 0 || respond < emulator {
		t.Errorf("got %s, want onenote_emulator before static_response", config)
	}
}

func TestCleanupAfterFailedProvision(t *testing.T) {
	if err := new(Handler).Cleanup(); err != nil {
		t.Error(err)
	}
}

func TestHandlersShareOneEmulator(t *testing.T) {
	ctx, cancel := caddy.NewContext(caddy.Context{Context: context.Background()})
	defer cancel()
	first, second := new(Handler), new(Handler)
	for _, h := range []*Handler{first, second} {
		if err := h.Provision(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if first.emulator != second.emulator {
		t.Error("got two emulators, want one")
	}
	for _, h := range []*Handler{first, second} {
		if err := h.Cleanup(); err != nil {
			t.Error(err)
		}
	}
	if _, exists := emulators.References(poolKey); exists {
		t.Error("the pool still holds the emulator")
	}
}

// load runs the emulator at an address, with another directive beside it.
func load(t *testing.T, address, extra string) {
	t.Helper()
	config := adapt(t, fmt.Sprintf(`{
	admin off
	persist_config off
	storage file_system %s
}
http://%s {
	%s
	onenote_emulator
}
`, t.TempDir(), address, extra))
	if err := caddy.Load([]byte(config), true); err != nil {
		t.Fatal(err)
	}
}

// freeAddress finds a port that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestReloadRevokesNothing(t *testing.T) {
	address := freeAddress(t)
	load(t, address, "")
	t.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			t.Error(err)
		}
		if _, exists := emulators.References(poolKey); exists {
			t.Error("the pool still holds the emulator")
		}
	})
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	send := func(method, path, token, body string) (*http.Response, string) {
		t.Helper()
		r, err := http.NewRequest(method, "http://"+address+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		response, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		data, _ := io.ReadAll(response.Body) // one of them is cut on purpose
		return response, string(data)
	}

	_, body := send(http.MethodPost, "/_emulator/tokens", "", "{}")
	var tokens struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(body), &tokens); err != nil {
		t.Fatal(err)
	}
	const notebooks = "/api/v1.0/me/notes/notebooks"
	response, body := send(http.MethodGet, notebooks, tokens.AccessToken, "")
	if response.StatusCode != http.StatusOK || !strings.Contains(body, "http://"+address+notebooks) {
		t.Fatalf("got %s %s, want notebooks with addresses here", response.Status, body)
	}

	load(t, address, "header X-Reloaded yes")
	response, _ = send(http.MethodGet, notebooks, tokens.AccessToken, "")
	if response.StatusCode != http.StatusOK || response.Header.Get("X-Reloaded") != "yes" {
		t.Errorf("after the reload: got %s %v, want the token to be good", response.Status, response.Header)
	}

	// Caddy's wrappers let an answer be cut.
	send(http.MethodPost, "/_emulator/faults", "", `{"path":"/api/*","cut":7,"status":200,"body":"a long answer"}`)
	if _, body := send(http.MethodGet, notebooks, tokens.AccessToken, ""); body != "a long " {
		t.Errorf("got %q, want a cut answer", body)
	}
}
