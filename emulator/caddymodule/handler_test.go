// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	_ "github.com/caddyserver/caddy/v2/modules/caddyhttp/headers" // so that a reload can be seen
	_ "github.com/caddyserver/caddy/v2/modules/filestorage"       // so that Caddy leaves the user's own storage alone
)

func TestDirectiveTakesItsOptions(t *testing.T) {
	tests := []struct{ input, want string }{
		{"onenote_emulator", ""},
		{"onenote_emulator {\n instance work\n seed notes\n allow_remote\n}", ""},
		{"onenote_emulator now", `takes a block, got "now"`},
		{"onenote_emulator {\n strict on\n}", `unrecognized onenote_emulator option "strict"; expected instance, seed or allow_remote`},
		{"onenote_emulator {\n instance 1\n}", "a name begins with a letter"},
		{"onenote_emulator {\n instance\n}", "expected: instance <name>"},
		{"onenote_emulator {\n seed a b\n}", "expected: seed <folder>"},
		{"onenote_emulator {\n allow_remote yes\n}", "expected: allow_remote"},
		{"onenote_emulator {\n seed a\n seed b\n}", "seed was given already"},
	}
	for _, test := range tests {
		err := new(Handler).UnmarshalCaddyfile(caddyfile.NewTestDispenser(test.input))
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%q: got %v, want %q", test.input, err, test.want)
		}
	}
}

// A reload of the same file finds the same instances, and so their state.
func TestAdapterNumbersInstancesInOrder(t *testing.T) {
	config := adapt(t, "http://127.0.0.1:8081 {\n\tonenote_emulator\n}\nhttp://127.0.0.1:8082 {\n\tonenote_emulator {\n\t\tinstance a\n\t}\n}\nhttp://127.0.0.1:8083 {\n\tonenote_emulator\n}\n")
	var got []string
	for _, found := range regexp.MustCompile(`"instance":"([^"]*)"`).FindAllStringSubmatch(config, -1) {
		got = append(got, found[1])
	}
	if want := []string{"1", "a", "2"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestInstanceWithTwoSetsOfOptionsIsAMistake(t *testing.T) {
	input := "http://127.0.0.1:8081 {\n\tonenote_emulator {\n\t\tinstance a\n\t}\n}\nhttp://127.0.0.1:8082 {\n\tonenote_emulator {\n\t\tinstance a\n\t\tseed notes\n\t}\n}\n"
	adapter := caddyfile.Adapter{ServerType: httpcaddyfile.ServerType{}}
	_, _, err := adapter.Adapt([]byte(input), map[string]any{"filename": "Caddyfile"})
	if err == nil || !strings.Contains(err.Error(), "instance a was given already, with other options") {
		t.Errorf("got %v", err)
	}
}

func TestSeedThatCannotBeReadIsAnError(t *testing.T) {
	ctx, cancel := caddy.NewContext(caddy.Context{Context: context.Background()})
	defer cancel()
	for folder, want := range map[string]string{
		filepath.Join(t.TempDir(), "nothing"): "seed: ",
		t.TempDir():                           "there is no notebook",
	} {
		h := &Handler{Seed: folder}
		if err := h.Provision(ctx); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), folder) {
			t.Errorf("got %v, want %q", err, want)
		}
		if err := h.Cleanup(); err != nil {
			t.Error(err)
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

func TestDirectiveIsOrderedBeforeRespond(t *testing.T) {
	config := adapt(t, "http://127.0.0.1:8081 {\n\trespond \"nobody\"\n\tonenote_emulator\n}\n")
	emulator, respond := strings.Index(config, `"onenote_emulator"`), strings.Index(config, `"static_response"`)
	if emulator < 0 || respond < emulator {
		t.Errorf("got %s, want onenote_emulator before static_response", config)
	}
}

func TestCleanupSucceedsAfterFailedProvision(t *testing.T) {
	if err := new(Handler).Cleanup(); err != nil {
		t.Error(err)
	}
}

func TestHandlersOfAnInstanceShareOneEmulator(t *testing.T) {
	ctx, cancel := caddy.NewContext(caddy.Context{Context: context.Background()})
	defer cancel()
	first, second, other := new(Handler), new(Handler), &Handler{Instance: "other"}
	for _, h := range []*Handler{first, second, other} {
		if err := h.Provision(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if first.emulator != second.emulator {
		t.Error("got two emulators, want one")
	}
	if first.emulator == other.emulator {
		t.Error("got one emulator for two instances")
	}
	for _, h := range []*Handler{first, second, other} {
		if err := h.Cleanup(); err != nil {
			t.Error(err)
		}
	}
	if _, exists := emulators.References(first.instance); exists {
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

func TestReloadKeepsIssuedTokensValid(t *testing.T) {
	address := freeAddress(t)
	load(t, address, "")
	t.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			t.Error(err)
		}
		if _, exists := emulators.References(instance{name: "1"}); exists {
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
		if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) {
			// A connection that is opened in the moment of a reload may be reset:
			// the old listener had it in its queue. Clients try again then.
			if r.GetBody != nil {
				r.Body, _ = r.GetBody() // it never fails for a text
			}
			response, err = client.Do(r)
		}
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
	// The old listener may still accept a connection in the moment of the reload.
	for deadline := time.Now().Add(20 * time.Second); ; {
		response, _ = send(http.MethodGet, notebooks, tokens.AccessToken, "")
		if response.Header.Get("X-Reloaded") == "yes" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the new configuration is not served")
		}
	}
	if response.StatusCode != http.StatusOK {
		t.Errorf("after the reload: got %s, want the token to be good", response.Status)
	}

	// Caddy's response writers let a response be cut.
	send(http.MethodPost, "/_emulator/faults", "", `{"path":"/api/*","cut":7,"status":200,"body":"a long response"}`)
	if _, body := send(http.MethodGet, notebooks, tokens.AccessToken, ""); body != "a long " {
		t.Errorf("got %q, want a cut response", body)
	}
}
