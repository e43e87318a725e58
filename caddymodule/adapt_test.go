// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files again")

// adapt turns a Caddyfile into JSON.
func adapt(config string) ([]byte, error) {
	adapted, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(config), map[string]any{"filename": "Caddyfile"})
	return adapted, err
}

func indented(t *testing.T, config []byte) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, config, "", "\t"); err != nil {
		t.Fatal(err)
	}
	return b.String() + "\n"
}

// Each Caddyfile in testdata/adapt has a JSON file of the same name with its
// meaning. It also shows how to configure in JSON.
func TestCaddyfileAdaptsToItsGoldenJSON(t *testing.T) {
	files, err := filepath.Glob("testdata/adapt/*.caddyfile")
	if err != nil || len(files) == 0 {
		t.Fatalf("golden files: got %d, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".caddyfile"), func(t *testing.T) {
			config, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			adapted, err := adapt(string(config))
			if err != nil {
				t.Fatal(err)
			}
			got, golden := indented(t, adapted), strings.TrimSuffix(file, ".caddyfile")+".json"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", golden, diff)
			}
		})
	}
}

func TestCaddyfilesAreFormatted(t *testing.T) {
	files, _ := filepath.Glob("testdata/adapt/*.caddyfile")
	for _, file := range append(files, "../Caddyfile.example") {
		config, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(caddyfile.Format(config)), string(config)); diff != "" {
			t.Errorf("%s (-formatted +got):\n%s", file, diff)
		}
	}
}

// wrap puts options into the two places of a Caddyfile in which they stand.
// The lines of the global option begin at 3, those of the site at 103.
func wrap(global, site string) string {
	pad := strings.Repeat("\n", 96-strings.Count(global, "\n"))
	return "{\n\tonenote {\n" + global + "\n\t}\n}\n" + pad + "http://:8080 {\n" + site + "\n}\n"
}

func TestMistakeIsReportedWithFileAndLine(t *testing.T) {
	const ok = "client_id x"
	tests := []struct {
		name, global, site string
		want               string
	}{
		{"unknown global option", "clientid x", "onenote",
			`unrecognized onenote option "clientid", at Caddyfile:3; did you mean client_id?`},
		{"repeated global option", ok + "\n" + ok, "onenote",
			"client_id was given already, at Caddyfile:4"},
		{"missing value", "client_id", "onenote",
			"expected: client_id <id>, at Caddyfile:3"},
		{"two values", "client_id a b", "onenote",
			"expected: client_id <id>, at Caddyfile:3"},
		{"provider", "provider google", "onenote",
			`provider: expected microsoft_account | azure_ad | entra | custom, got "google", at Caddyfile:3`},
		{"flow", "flow implicit", "onenote",
			`flow: expected code | token | device | client_credentials, got "implicit", at Caddyfile:3`},
		{"response mode", "response_mode jwt", "onenote",
			`response_mode: expected query | form_post | fragment, got "jwt", at Caddyfile:3`},
		{"certificate without key", "client_certificate cert.pem", "onenote",
			"expected: client_certificate <cert.pem> <key.pem>, at Caddyfile:3"},
		{"parameter without value", "authorize_param prompt", "onenote",
			"expected: authorize_param <name> <value>, at Caddyfile:3"},
		{"parameter twice", "authorize_param prompt a\nauthorize_param prompt b", "onenote",
			"authorize_param: prompt was given already, at Caddyfile:4"},
		{"duration", "refresh_before soon", "onenote",
			`refresh_before: expected a positive duration such as 90s or 10m, got "soon", at Caddyfile:3`},
		{"block where none belongs", "client_id x {\na b\n}", "onenote",
			"client_id takes no block; expected: client_id <id>, at Caddyfile:4"},
		{"account without name", "account {\n}", "onenote",
			"expected: account <name> { ... }, at Caddyfile:3"},
		{"account name", "account Work", "onenote",
			`account name "Work": expected 1 to 63 of a-z, 0-9, _ and -, beginning with a letter or digit, at Caddyfile:3`},
		{"account twice", "account work\naccount work", "onenote",
			"account work was given already, at Caddyfile:4"},
		{"unknown account option", "account work {\nclient_id x\nencryption_key y\n}", "onenote",
			`unrecognized option "encryption_key" of account work, at Caddyfile:5`},
		{"repeated account option", "account work {\ntenant x\ntenant y\n}", "onenote",
			"tenant was given already, at Caddyfile:5"},
		{"storage without module", "storage", "onenote",
			"expected: storage <module> ..., at Caddyfile:3"},
		{"unknown storage", "storage nowhere", "onenote",
			"getting module named 'caddy.storage.nowhere'"},
		{"transport with name", "transport http {\ndial_timeout 1s\n}", "onenote",
			"expected: transport { ... }, at Caddyfile:3"},
		{"unknown transport option", "transport {\ndial_time 1s\n}", "onenote",
			"unrecognized subdirective dial_time, at Caddyfile:4"},

		{"unknown site option", ok, "onenote {\nacount work\n}",
			"unrecognized subdirective acount, at Caddyfile:104; did you mean account?"},
		{"unknown option of a pair", ok, "onenote {\nallow_host a\n}",
			"unrecognized subdirective allow_host, at Caddyfile:104; did you mean allowed_hosts?"},
		{"misspelt account option", "account work {\nclient_secert x\n}", "onenote",
			`unrecognized option "client_secert" of account work, at Caddyfile:4; did you mean client_secret?`},
		{"misspelt option of notices", ok + "\nnotify {\nwebook x\n}", "onenote",
			`unrecognized notify option "webook"; expected webhook or exec, at Caddyfile:5; did you mean webhook?`},
		{"repeated site option", ok, "onenote {\nlinks off\nlinks off\n}",
			"links was given already, at Caddyfile:105"},
		{"two upstreams", ok, "onenote graph onenote",
			"expected one upstream, got 2, at Caddyfile:103"},
		{"unknown upstream", ok, "onenote sharepoint",
			`upstream "sharepoint": expected onenote, graph, onedrive or scheme://host[:port], at Caddyfile:103`},
		{"placeholder upstream", ok, "onenote https://{host}",
			"placeholders are not allowed"},
		{"plain http upstream", ok, "onenote http://www.onenote.com",
			`upstream "http://www.onenote.com": tokens are sent over https only, or over http to a loopback address, at Caddyfile:103`},
		{"upstream with path", ok, "onenote https://www.onenote.com/api",
			"expected only scheme://host[:port]; the path comes with each request, at Caddyfile:103"},
		{"upstream with user", ok, "onenote https://user@www.onenote.com",
			"expected only scheme://host[:port]"},
		{"other scheme", ok, "onenote h2c://127.0.0.1",
			"expected the scheme https, or http for a loopback address, at Caddyfile:103"},
		{"to", ok, "onenote {\nto https://evil.example\n}",
			"to is not for onenote: tokens go to one upstream only; write it after the directive's name, at Caddyfile:104"},
		{"dynamic", ok, "onenote {\ndynamic a example.com\n}",
			"dynamic is not for onenote"},
		{"method", ok, "onenote {\nmethod POST\n}",
			"method is not for onenote: requests go to the API as they come, at Caddyfile:104"},
		{"rewrite", ok, "onenote {\nrewrite /x\n}",
			"rewrite is not for onenote"},
		{"named transport", ok, "onenote {\ntransport http {\n}\n}",
			"onenote brings its own transport; write its options as transport { ... }, without a name, at Caddyfile:104"},
		{"unknown option in the transport", ok, "onenote {\ntransport {\nbogus\n}\n}",
			"unrecognized subdirective bogus, at Caddyfile:105"},
		{"TLS to an upstream without", ok, "onenote http://127.0.0.1:9 {\ntransport {\ntls_server_name x\n}\n}",
			"the upstream http://127.0.0.1:9 is plain http, so its transport takes no tls options"},
		{"images", ok, "onenote {\nimages public\n}",
			`images: expected direct | local | links | off, got "public", at Caddyfile:104`},
		{"links", ok, "onenote {\nlinks remote\n}",
			`links: expected local | off, got "remote", at Caddyfile:104`},
		{"size", ok, "onenote {\nmax_replay much\n}",
			`max_replay: expected a size such as 20MiB, got "much", at Caddyfile:104`},
		{"no size", ok, "onenote {\nmax_body 0\n}",
			`max_body: expected a size such as 20MiB, got "0", at Caddyfile:104`},
		{"client key without key", ok, "onenote {\nclient_key phone\n}",
			"expected: client_key <name> <key> [<account>], at Caddyfile:104"},
		{"peers", ok, "onenote {\ntrusted_peers everybody\n}",
			`trusted_peers: expected addresses or networks such as 10.0.0.0/8, got "everybody", at Caddyfile:104`},
		{"flag with value", ok, "onenote {\nallow_remote_signin yes\n}",
			"expected: allow_remote_signin, at Caddyfile:104"},
		{"empty list", ok, "onenote {\nallowed_hosts\n}",
			"expected: allowed_hosts <host...>, at Caddyfile:104"},
		{"mistake of reverse_proxy's", ok, "onenote {\nlb_retries many\n}",
			"bad lb_retries number 'many'"},

		{"unknown option of the status pages", ok, "onenote_status {\nlinks off\n}",
			`unrecognized onenote_status option "links", at Caddyfile:104`},
		{"misspelt option of the status pages", ok, "onenote_status {\nacount x\n}",
			`unrecognized onenote_status option "acount", at Caddyfile:104; did you mean account?`},
		{"status pages with an upstream", ok, "onenote_status graph",
			"onenote_status has no upstream: it serves pages and probes only, at Caddyfile:103"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := adapt(wrap(tt.global, tt.site))
			if tt.want == "" {
				return
			}
			if err == nil {
				t.Fatalf("got no error, want %q", tt.want)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestOptionInBothGlobalBlocksIsAnError(t *testing.T) {
	tests := []struct{ name, second, want string }{
		{"an option in both", "client_id y", "client_id was given already, at Caddyfile:7"},
		{"an account in both", "account work", "account work was given already, at Caddyfile:7"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := adapt("{\nonenote {\nclient_id x\naccount work\n}\nonenote {\n" + tt.second + "\n}\n}\n")
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}
