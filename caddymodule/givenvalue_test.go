// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBytesAroundSecretsAreTakenOffOrRefused: editors, shells and container tools put
// them into variables and files.
func TestBytesAroundSecretsAreTakenOffOrRefused(t *testing.T) {
	for given, refused := range map[string]string{
		"s3~cret\n":            "",
		"s3~cret\r\n\r\n":      "",
		"  s3~cret\t":          "",
		"\ufeffs3~cret\n":      "",
		`"s3~cret"`:            "quotes",
		"'s3~cret'\n":          "quotes",
		"s3~cret\nmore":        "several lines",
		"\xff\xfes\x003\x00\n": "UTF-16",
		" \n":                  "only spaces",
	} {
		path := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(path, []byte(given), 0o600); err != nil {
			t.Fatal(err)
		}
		inFile, err := newSecret("account work: client_secret", "{file."+path+"}", false)
		if err != nil {
			t.Fatal(err)
		}
		got, err := inFile.reveal()
		check := func(where, got string, err error) {
			t.Helper()
			switch {
			case refused == "" && (err != nil || got != "s3~cret"):
				t.Errorf("%s, %q: got %q, %v", where, given, got, err)
			case refused != "" && (err == nil || !strings.Contains(err.Error(), refused) || !strings.HasPrefix(err.Error(), "account work: client_secret: ")):
				t.Errorf("%s, %q: got %v, want %q", where, given, err, refused)
			case err != nil && strings.Contains(err.Error(), "s3~"):
				t.Errorf("%s: the error quotes the secret: %v", where, err)
			}
		}
		check("file", got.Reveal(), err)
		if strings.ContainsRune(given, 0) {
			continue // no variable can hold it
		}
		t.Setenv("GIVEN", given)
		inVariable, err := newSecret("account work: client_secret", "{env.GIVEN}", false)
		check("variable", inVariable.value, err)
	}
}

func TestQuotesAroundClientIDAreRefused(t *testing.T) {
	for given, refused := range map[string]string{
		`"11111111-2222-4333-8444-555555555555"`:     "quotes",
		"'11111111-2222-4333-8444-555555555555'":     "quotes",
		"11111111-2222-4333-8444-555555555555\r\n":   "",
		"\ufeff11111111-2222-4333-8444-555555555555": "",
	} {
		t.Setenv("GIVEN", given)
		err := validated(t, "{\nadmin off\npersist_config off\nonenote {\nclient_id {env.GIVEN}\n}\n}\nhttp://:8080 {\nonenote\n}\n")
		if refused == "" && err != nil || refused != "" && (err == nil || !strings.Contains(err.Error(), refused) || !strings.Contains(err.Error(), "client_id")) {
			t.Errorf("%q: got %v, want %q", given, err, refused)
		}
	}
}
