// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/emulator"
	"github.com/caddy-onenote/caddy-onenote/internal/apiclients"
)

// Microsoft's client of Graph in JavaScript reads the emulator without a proxy, so
// that the Graph face is not only our own idea of Graph. The one in Go does so in
// interop/msgraph.
func TestMicrosoftGraphClientReadsTheEmulator(t *testing.T) {
	for _, account := range []string{personal, work} {
		t.Run(account, func(t *testing.T) {
			api := httptest.NewTLSServer(emulator.New(emulator.Options{}))
			t.Cleanup(api.Close)
			s := &server{t: t, url: api.URL, client: api.Client()}
			certificate := filepath.Join(t.TempDir(), "certificate.pem")
			data := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: api.Certificate().Raw})
			if err := os.WriteFile(certificate, data, 0o600); err != nil {
				t.Fatal(err)
			}
			t.Setenv("NODE_EXTRA_CA_CERTS", certificate)
			t.Setenv("ACCESS_TOKEN", s.graphToken(account, "Notes.ReadWrite"))
			r := apiclients.Graph.RunInNode(t, "../internal/apiclients", api.URL)
			if want := []string{"My Notebook", "Recipes & more"}; !slices.Equal(r.Notebooks, want) || r.Self != "My Notebook" || r.Expanded < 3 {
				t.Errorf("got notebooks %q, %q at the self link and %d sections", r.Notebooks, r.Self, r.Expanded)
			}
			if len(r.Recipes) != 24 || r.Recipes[0] != "Recipe 01" || r.Recipes[23] != "Recipe 24" {
				t.Errorf("recipes: got %q, want 24", r.Recipes)
			}
			if strings.Count(r.Page, `src="`+api.URL+"/v1.0/users('") != 8 {
				t.Errorf("page: got %s, want 8 renditions of pictures", r.Page)
			}
			if !strings.Contains(r.Content, "<title>A changed page</title>") || !strings.Contains(r.Content, "One more line.") {
				t.Errorf("changed page: got %s", r.Content)
			}
			if r.Missing != http.StatusNotFound {
				t.Errorf("what does not exist: got status %d, want 404", r.Missing)
			}
		})
	}
}
