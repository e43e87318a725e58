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

// validated provisions a Caddyfile without starting it.
func validated(t *testing.T, config string) error {
	t.Helper()
	adapted, err := adapt(config)
	if err != nil {
		t.Fatal(err)
	}
	return validate(adapted)
}

// validate provisions a configuration in JSON as the commands do.
func validate(config []byte) error {
	parsed, err := parseConfig(config)
	if err != nil {
		return err
	}
	if parsed.AppsRaw["onenote"] == nil {
		return caddy.Validate(parsed) // of the emulator alone
	}
	_, done, err := provision(parsed)
	if err == nil {
		done()
	}
	return err
}

func TestConfigurationThatCannotWorkIsRefused(t *testing.T) {
	t.Setenv("KEY", tokens.GenerateKey())
	t.Setenv("EMPTY", "")
	const ok, graph = "client_id x", "client_id x\nprovider entra\nscopes Notes.ReadWrite"
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
		{"the upstream that the tokens are for", graph, "onenote", ""},
		{"tokens for another API", graph, "onenote onenote",
			"the tokens of account default are for the graph API, but the upstream is https://www.onenote.com (onenote)"},
		{"tokens for another API than that of the host", graph, "onenote https://www.onenote.com", "or write graph as the upstream"},
		{"tokens for Graph, at a URL of which nothing is known", graph, "onenote http://127.0.0.1:9",
			"the tokens of account default are for the graph API, but the upstream is http://127.0.0.1:9 (onenote); change the account's scopes or resource, or write upstream_api graph into the block of onenote"},
		{"tokens for Graph, at a URL that speaks it", graph, "onenote http://127.0.0.1:9 {\nupstream_api graph\n}", ""},
		{"tokens for the OneNote API, at a URL that speaks Graph", ok, "onenote http://127.0.0.1:9 {\nupstream_api graph\n}", "write upstream_api onenote into the block"},
		{"keys of accounts for different APIs", graph + "\naccount a\naccount b {\nprovider microsoft_account\nscopes office.onenote_update\n}",
			"onenote {\nclient_key k {env.KEY} a\nclient_key l {env.KEY} b\n}",
			"the tokens of account a are for the graph API and those of account b for the onenote API; a site has one upstream: give them a site each, or write the upstream of this site after the word onenote"},
		{"a placeholder for accounts for different APIs", graph + "\naccount a\naccount b {\nprovider microsoft_account\nscopes office.onenote_update\n}",
			"onenote {\naccount {http.auth.user.id}\n}", "write the upstream of this site after the word onenote"},
		{"a placeholder for accounts for different APIs, and the upstream", graph + "\naccount a\naccount b {\nprovider microsoft_account\nscopes office.onenote_update\n}",
			"onenote graph {\naccount {http.auth.user.id}\n}", ""},
		{"pages without an API", ok + "\naccount a\naccount b", "onenote_status", ""},
		{"pages of an account that is not there", ok, "onenote_status {\naccount work\n}", `account: there is no account "work"`},
		{"the reverse", ok, "onenote graph",
			"the tokens of account default are for the onenote API, but the upstream is https://graph.microsoft.com (graph)"},
		{"a bound key to another API", ok + "\naccount a\naccount b {\nprovider entra\nscopes Notes.ReadWrite\n}",
			"onenote {\naccount a\nclient_key k {env.KEY} b\n}", "the tokens of account a are for the onenote API and those of account b for the graph API"},
		{"a bound key to another API than the upstream", ok + "\naccount a\naccount b {\nprovider entra\nscopes Notes.ReadWrite\n}",
			"onenote onenote {\naccount a\nclient_key k {env.KEY} b\n}", "the tokens of account b are for the graph API"},
		{"custom is trusted", "account a {\nprovider custom\nclient_id x\nauthorize_url https://id.example/a\ntoken_url https://id.example/t\nscopes s\n}",
			"onenote graph", ""},
		{"a storage without a key", ok + "\nstorage file_system /nowhere", "onenote",
			"encryption_key is missing: tokens are kept in a storage that was configured, so the key that seals them must be given; make one with: caddy onenote keygen"},
		{"a storage with a key", ok + "\nstorage file_system /nowhere\nencryption_key {env.KEY}", "onenote", ""},
		{"a key that is none", ok + "\nencryption_key c2hvcnQ=", "onenote",
			"encryption_key 1: expected 32 bytes in base64"},
		{"a key that is not set", ok + "\nencryption_key {env.KEY} {env.EMPTY}", "onenote",
			"encryption_key 2: set the environment variable EMPTY"},
		{"files are not read yet", ok + "\nencryption_key {file./nowhere/key}\nclient_secret {file./nowhere/secret}",
			"onenote {\nclient_key a {file./nowhere/client}\n}", ""},
		{"a secret that is not set", ok + "\nclient_secret {env.EMPTY}", "onenote",
			"account default: client_secret: set the environment variable EMPTY"},
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
		{"a proxy for an upstream on this machine", ok, "onenote http://localhost:9 {\ntransport {\nnetwork_proxy url http://192.0.2.1:3128\n}\n}",
			"network_proxy: the upstream http://localhost:9 is on this machine"},
		{"a proxy for an upstream on this machine, with TLS", ok, "onenote https://127.0.0.1:9 {\ntransport {\nforward_proxy_url http://192.0.2.1:3128\n}\n}",
			"network_proxy: the upstream https://127.0.0.1:9 is on this machine"},
		{"a proxy for all sites, one on this machine", ok + "\ntransport {\nnetwork_proxy url http://192.0.2.1:3128\n}", "onenote http://[::1]:9",
			"network_proxy: the upstream http://[::1]:9 is on this machine"},
		{"a proxy for all sites but this", ok + "\ntransport {\nnetwork_proxy url http://192.0.2.1:3128\n}",
			"onenote http://[::1]:9 {\ntransport {\nnetwork_proxy none\n}\n}", ""},
		{"a proxy for the API", ok, "onenote {\ntransport {\nnetwork_proxy url http://192.0.2.1:3128\n}\n}", ""},
		{"a proxy for a provider on this machine", ok + "\nauthority http://127.0.0.1:9\ntransport {\nnetwork_proxy url http://192.0.2.1:3128\n}", "onenote",
			"account default: network_proxy: http://127.0.0.1:9 is on this machine"},
		{"a proxy for a custom provider on this machine", "account a {\nprovider custom\nclient_id x\nauthorize_url https://id.example/a\ntoken_url http://localhost:9/t\nscopes s\n}\n" +
			"transport {\nnetwork_proxy url http://192.0.2.1:3128\n}", "onenote", "account a: network_proxy: http://localhost:9/t is on this machine"},
		{"another name in the certificate", ok, "onenote {\ntransport {\ntls_server_name evil.example\n}\n}",
			"tls_server_name: the certificate of another host would do for www.onenote.com"},
		{"another name in the certificate of an upstream on this machine", ok, "onenote https://localhost:9 {\ntransport {\ntls_server_name api.example\n}\n}", ""},
		{"another name in the certificate of the provider", ok + "\ntransport {\ntls_server_name evil.example\n}", "onenote http://127.0.0.1:9",
			"account default: tls_server_name: the certificate of another host would do for the identity provider"},
		{"another name in the certificate of a provider on this machine", ok + "\nauthority https://localhost:9\ntransport {\ntls_server_name id.example\n}", "onenote http://127.0.0.1:9", ""},
		{"PROXY protocol", ok, "onenote {\ntransport {\nproxy_protocol v2\n}\n}", "proxy_protocol: the API does not speak it"},
		{"a public URL that is none", ok, "onenote {\npublic_url notes.example\n}",
			`onenote: public_url "notes.example": expected a URL such as https://notes.example`},
		{"an origin that is none", ok, "onenote {\nallowed_origins app.example\n}", "allowed_origins"},
		{"an unnamed account does not exist", ok + "\naccount a", "onenote {\naccount default\n}", `there is no account "default"`},
		{"public pictures where there are none", graph, "onenote {\nimages direct\n}",
			"images: graph serves no public pictures; expected local, links or off"},
		{"pictures that are links where there are none", ok, "onenote {\nimages links\nlinks off\n}",
			"images: with links off no URL leads to this site; expected direct, local or off, or links local"},
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

// A configuration can be validated on a machine that has neither its secrets nor
// its folders.
func TestValidationCreatesNoFile(t *testing.T) {
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

func TestInvalidJSONConfigurationIsRefused(t *testing.T) {
	tests := []jsonCase{
		{"unknown member", `{"client_id":"x","tennant":"y"}`, `{"handler":"onenote"}`, "unknown field"},
		{"account name", `{"accounts":{"Work":{"client_id":"x"}}}`, `{"handler":"onenote"}`, `account name "Work"`},
		{"an account that is null", `{"client_id":"x","accounts":{"work":null}}`, `{"handler":"onenote"}`, ""},
		{"upstream", `{"client_id":"x"}`, `{"handler":"onenote","upstream":"http://www.onenote.com"}`, "tokens are sent over https only"},
		{"links", `{"client_id":"x"}`, `{"handler":"onenote","links":"on"}`, `links: expected local | off, got "on"`},
		{"negative size", `{"client_id":"x"}`, `{"handler":"onenote","max_body":-1}`, "max_body: expected a positive size"},
		{"negative lifetime", `{"client_id":"x"}`, `{"handler":"onenote","image_lifetime":-1}`, "image_lifetime: expected a positive duration"},
		{"TLS options without TLS", `{"client_id":"x"}`, `{"handler":"onenote","upstream":"http://127.0.0.1:9","transport":{"tls":{}}}`, "is plain http, so its transport takes no tls options"},
		{"another name in the certificate", `{"client_id":"x"}`, `{"handler":"onenote","transport":{"tls":{"server_name":"evil.example"}}}`, "tls_server_name: the certificate of another host"},
		{"a placeholder for the name in the certificate", `{"client_id":"x"}`, `{"handler":"onenote","transport":{"tls":{"server_name":"{http.request.host}"}}}`, "tls_server_name: the certificate of another host"},
		{"another name in the certificate of the provider", `{"client_id":"x","transport":{"tls":{"server_name":"evil.example"}}}`, `{"handler":"onenote"}`, "tls_server_name: the certificate of another host"},
		{"a proxy for an upstream on this machine", `{"client_id":"x"}`, `{"handler":"onenote","upstream":"http://127.0.0.1:9","transport":{"network_proxy":{"from":"url","url":"http://192.0.2.1"}}}`, "network_proxy: the upstream"},
		{"peers", `{"client_id":"x"}`, `{"handler":"onenote","trusted_peers":["10.0.0.0/99"]}`, `trusted_peers: expected addresses or networks such as 10.0.0.0/8, got "10.0.0.0/99"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, tt.check)
	}
}

// jsonCase is a configuration in JSON and the error that it gives, if any.
type jsonCase struct{ name, onenote, handler, want string }

func (c jsonCase) check(t *testing.T) {
	err := validate([]byte(`{"admin":{"disabled":true,"config":{"persist":false}},"apps":{"onenote":` + c.onenote +
		`,"http":{"servers":{"s":{"listen":["127.0.0.1:8080"],"routes":[{"handle":[` + c.handler + `]}]}}}}}`))
	if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
		t.Errorf("got %v, want %q", err, c.want)
	}
}

// A token goes with each request, so that reverse_proxy may not lead it
// anywhere but to the site's upstream.
func TestReverseProxyOptionsThatLeadElsewhereAreRefused(t *testing.T) {
	for _, tt := range []jsonCase{
		{"upstreams of reverse_proxy", `{"client_id":"x"}`, `{"handler":"onenote","reverse_proxy":{"upstreams":[{"dial":"192.0.2.1:80"}]}}`, "reverse_proxy: tokens go to one upstream only"},
		{"dynamic upstreams", `{"client_id":"x"}`, `{"handler":"onenote","reverse_proxy":{"dynamic_upstreams":{"source":"a","name":"x"}}}`, "reverse_proxy: tokens go to one upstream only"},
		{"transport of reverse_proxy", `{"client_id":"x"}`, `{"handler":"onenote","reverse_proxy":{"transport":{"protocol":"http"}}}`, "reverse_proxy: the site brings its own transport"},
		{"rewrite of reverse_proxy", `{"client_id":"x"}`, `{"handler":"onenote","reverse_proxy":{"rewrite":{"method":"GET"}}}`, "reverse_proxy: requests go to the API as they come"},
	} {
		t.Run(tt.name, tt.check)
	}
}

func TestRemovedWordsSayWhatToWrite(t *testing.T) {
	jsonCase{"removed transport", `{"client_id":"x"}`, `{"handler":"reverse_proxy","transport":{"protocol":"onenote"}}`, "onenote is no transport of reverse_proxy any more"}.check(t)
	for site, want := range map[string]string{
		"onenote_guard graph": "write onenote for the whole site (it guards and proxies), or onenote_status",
		"reverse_proxy http://127.0.0.1 {\ntransport onenote {\nupstream graph\n}\n}": "write the directive onenote in place of reverse_proxy",
	} {
		if _, err := adapt(wrap("client_id x", site)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", site, err, want)
		}
	}
}

func TestSecretInAFileIsReadAtEachUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	s, err := newSecret("account work: client_secret", "{file."+path+"}", false)
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

func TestValueThatLooksLikeAPlaceholderIsNotReplacedAgain(t *testing.T) {
	t.Setenv("OUTER", "{env.INNER}")
	t.Setenv("INNER", "wrong")
	s, err := newSecret("x", "{env.OUTER}", false)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.reveal(); err != nil || got.Reveal() != "{env.INNER}" {
		t.Errorf("got %q, %v, want {env.INNER}", got.Reveal(), err)
	}
}
