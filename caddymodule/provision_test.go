// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// validated provisions a Caddyfile and nothing more.
func validated(t *testing.T, config string) error {
	t.Helper()
	adapted, err := adapt(config)
	if err != nil {
		t.Fatal(err)
	}
	return validate(adapted)
}

func TestConfigurationsThatCannotWorkAreRefused(t *testing.T) {
	t.Setenv("KEY", tokens.GenerateKey())
	t.Setenv("EMPTY", "")
	const ok = "client_id x"
	tests := []struct {
		name, global, site string
		want               string // empty: it can work
	}{
		{"the minimum", ok, "onenote", ""},
		{"no client id", "provider entra", "onenote", "client_id"},
		{"an option at the top is a default", ok + "\naccount a\naccount b", "onenote {\naccount b\n}", ""},
		{"several accounts and none named", ok + "\naccount a\naccount b", "onenote",
			"account is missing: there are several (a, b); say which one this site uses"},
		{"an account that is not there", ok, "onenote {\naccount work\n}",
			`account: there is no account "work"; the accounts are default`},
		{"a key of an account that is not there", ok, "onenote {\nclient_key a {env.KEY} work\n}",
			`client_key a: there is no account "work"`},
		{"every key has its account", ok + "\naccount a\naccount b", "onenote {\nclient_key k {env.KEY} b\n}", ""},
		{"a placeholder for the account", ok + "\naccount a\naccount b", "onenote {\naccount {http.auth.user.id}\n}", ""},
		{"tokens for another API", ok + "\nprovider entra\nscopes Notes.ReadWrite", "onenote",
			"the tokens of account default are for the graph API, but the upstream is https://www.onenote.com (onenote)"},
		{"the reverse", ok, "onenote graph",
			"the tokens of account default are for the onenote API, but the upstream is https://graph.microsoft.com (graph)"},
		{"a bound key to another API", ok + "\naccount a\naccount b {\nprovider entra\nscopes Notes.ReadWrite\n}",
			"onenote {\naccount a\nclient_key k {env.KEY} b\n}", "the tokens of account b are for the graph API"},
		{"custom is trusted", "account a {\nprovider custom\nclient_id x\nauthorize_url https://id.example/a\ntoken_url https://id.example/t\nscopes s\n}",
			"onenote graph", ""},
		{"a storage without a key", ok + "\nstorage file_system /nowhere", "onenote",
			"encryption_key is missing: tokens are kept in a storage that was configured, so the key that seals them must be given; make one with: caddy onenote keygen"},
		{"a storage with a key", ok + "\nstorage file_system /nowhere\nencryption_key {env.KEY}", "onenote", ""},
		{"a key that is none", ok + "\nencryption_key c2hvcnQ=", "onenote",
			"encryption_key 1: expected 32 bytes in base64"},
		{"a key that is not set", ok + "\nencryption_key {env.KEY} {env.EMPTY}", "onenote",
			"encryption_key 2: the environment variable of {env.EMPTY} is empty or not set"},
		{"files are not read yet", ok + "\nencryption_key {file./nowhere/key}\nclient_secret {file./nowhere/secret}",
			"onenote {\nclient_key a {file./nowhere/client}\n}", ""},
		{"a secret that is not set", ok + "\nclient_secret {env.EMPTY}", "onenote",
			"account default: client_secret: the environment variable of {env.EMPTY} is empty or not set"},
		{"a file of the request's path", ok, "onenote {\nclient_key a {file.secret}\n}",
			"client_key a: {file.name} means the file of the request's path here; write {file./absolute/path} to read a file"},
		{"another placeholder in a secret", ok, "onenote {\nclient_key a {http.request.host}\n}",
			"client_key a: it holds a placeholder other than {env.NAME} and {file./absolute/path}"},
		{"a file for what is no secret", "client_id {file./nowhere}", "onenote", "account default: client_id: unrecognized placeholder"},
		{"a credential of an account's own", ok + "\nprovider entra\nclient_secret {env.KEY}\naccount a {\nclient_certificate c.pem k.pem\n}", "onenote", ""},
		{"no verification", ok, "onenote {\ntransport {\ntls_insecure_skip_verify\n}\n}",
			"tls_insecure_skip_verify: anybody could pose as www.onenote.com and take the tokens"},
		{"no verification of the provider", ok + "\ntransport {\ntls_insecure_skip_verify\n}", "onenote http://127.0.0.1:9",
			"tls_insecure_skip_verify: anybody could pose as the identity provider"},
		{"PROXY protocol", ok, "onenote {\ntransport {\nproxy_protocol v2\n}\n}", "proxy_protocol: the API does not speak it"},
		{"a public URL that is none", ok, "onenote {\npublic_url notes.example\n}",
			`onenote: public_url "notes.example": expected a URL such as https://notes.example`},
		{"an origin that is none", ok, "onenote {\nallowed_origins app.example\n}", "allowed_origins"},
		{"an unnamed account does not exist", ok + "\naccount a", "onenote {\naccount default\n}", `there is no account "default"`},
		{"the long form by itself", ok, "reverse_proxy https://graph.microsoft.com {\ntransport onenote {\nimages direct\nupstream graph\n}\n}",
			"images: graph serves no public pictures; expected local or off"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := heldMemories()
			err := validated(t, "{\npersist_config off\nadmin off\nonenote {\n"+tt.global+"\n}\n}\nhttp://:8080 {\nbind 127.0.0.1\n"+tt.site+"\n}\n")
			if tt.want == "" && err != nil {
				t.Errorf("got %v, want no error", err)
			}
			if tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "c2hvcnQ") {
				t.Errorf("the error quotes a key: %v", err)
			}
			if got := heldMemories(); got != before {
				t.Errorf("in the pool: got %d, want %d as before", got, before)
			}
		})
	}
}

// Validating touches no file: a pipeline has neither the secrets nor the
// folders of the machine that the configuration is for.
func TestValidatingMakesNoFile(t *testing.T) {
	dir := t.TempDir()
	defer func(path string) { caddy.DefaultStorage.Path = path }(caddy.DefaultStorage.Path)
	caddy.DefaultStorage.Path = filepath.Join(dir, "data")
	if err := validated(t, "{\npersist_config off\nadmin off\nonenote {\nclient_id x\n}\n}\nhttp://:8080 {\nbind 127.0.0.1\nonenote {\nimages local\n}\n}\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "data", "onenote")); !os.IsNotExist(err) {
		t.Errorf("the folder of the key: got %v, want none", err)
	}
}

func TestJSONThatCannotWorkIsRefused(t *testing.T) {
	tests := []struct{ name, onenote, handler, want string }{
		{"unknown member", `{"client_id":"x","tennant":"y"}`, `{"handler":"onenote"}`, "unknown field"},
		{"account name", `{"accounts":{"Work":{"client_id":"x"}}}`, `{"handler":"onenote"}`, `account name "Work"`},
		{"an account that is null", `{"client_id":"x","accounts":{"work":null}}`, `{"handler":"onenote"}`, ""},
		{"upstream", `{"client_id":"x"}`, `{"handler":"onenote","upstream":"http://www.onenote.com"}`, "tokens are sent over https only"},
		{"links", `{"client_id":"x"}`, `{"handler":"reverse_proxy","transport":{"protocol":"onenote","links":"on"}}`, `links: expected local or off, got "on"`},
		{"negative size", `{"client_id":"x"}`, `{"handler":"onenote","max_body":-1}`, "max_body: expected a positive size"},
		{"negative lifetime", `{"client_id":"x"}`, `{"handler":"reverse_proxy","transport":{"protocol":"onenote","image_lifetime":-1}}`, "image_lifetime: expected a positive duration"},
		{"peers", `{"client_id":"x"}`, `{"handler":"onenote","trusted_peers":["10.0.0.0/99"]}`, `trusted_peers "10.0.0.0/99": expected an address or a network`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := validate([]byte(`{"admin":{"disabled":true,"config":{"persist":false}},"apps":{"onenote":` + tt.onenote +
				`,"http":{"servers":{"s":{"listen":["127.0.0.1:8080"],"routes":[{"handle":[` + tt.handler + `]}]}}}}}`))
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestASecretInAFileIsReadAtEachUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	s, err := newSecret("account work: client_secret", "{file."+path+"}")
	if err != nil {
		t.Fatalf("a file that is not there yet: %v", err)
	}
	if _, err := s.reveal(); err == nil || !strings.Contains(err.Error(), "account work: client_secret: the file of {file."+path+"} is missing") {
		t.Errorf("got %v, want an error that names account, option and file", err)
	}
	for _, want := range []string{"first", "second"} {
		write(t, path, want+"\n")
		if got, err := s.reveal(); err != nil || got.Reveal() != want {
			t.Errorf("got %q, %v, want %q", got.Reveal(), err, want)
		}
	}
}

// A value may look like a placeholder. It is not replaced a second time.
func TestASecretIsReplacedOnce(t *testing.T) {
	t.Setenv("OUTER", "{env.INNER}")
	t.Setenv("INNER", "wrong")
	s, err := newSecret("x", "{env.OUTER}")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.reveal(); err != nil || got.Reveal() != "{env.INNER}" {
		t.Errorf("got %q, %v, want {env.INNER}", got.Reveal(), err)
	}
}

func TestAccountsInheritWhatTheyLeaveOut(t *testing.T) {
	defaults := Account{
		Provider: tokens.Entra, ClientID: "id", ClientSecret: "{env.SECRET}", Tenant: "consumers",
		Scopes: []string{"a"}, AuthorizeParams: []Param{{"p", "q"}}, RefreshBefore: 1,
	}
	got := Account{Tenant: "contoso", Scopes: []string{"b"}, FederatedTokenFile: "/token"}.withDefaults(defaults)
	if got.Tenant != "contoso" || got.Scopes[0] != "b" || got.ClientID != "id" || got.Provider != tokens.Entra ||
		got.AuthorizeParams[0].Value != "q" || got.RefreshBefore != 1 {
		t.Errorf("got %+v", got)
	}
	if got.ClientSecret != "" {
		t.Error("an account with a credential of its own inherits another")
	}
}
