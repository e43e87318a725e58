// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/caddyserver/certmagic"

	"github.com/caddy-onenote/caddy-onenote/emulator"
	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// An account imports a refresh token, gets an access token for requests, and
// refreshes it when the API responds with a 401.
func ExampleAccount() {
	provider := httptest.NewServer(emulator.New(emulator.Options{}))
	defer provider.Close()
	dir, err := os.MkdirTemp("", "tokens")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)

	config := oauth.Config{
		Name:         "default",
		ClientID:     "client",
		Authority:    provider.URL, // without it: Microsoft's
		RefreshToken: func() (oauth.Secret, error) { return "emulator-refresh-token", nil },
	}
	config.Complete()
	if _, err := config.Check(); err != nil {
		panic(err)
	}
	cache := tokens.NewCache()
	defer cache.Close()
	account := tokens.NewAccount(tokens.Options{
		Config:  config,
		Cache:   cache,
		Storage: &certmagic.FileStorage{Path: dir},
		Keys:    &tokens.KeyFile{Path: dir + "/seal.key"},
		Client:  oauth.NewHTTPClient(provider.Client().Transport),
	})

	ctx := context.Background()
	authorization, generation, err := account.Token(ctx)
	if err != nil {
		panic(err) // an *oauth.Failure: its class says who can fix it, its hint how
	}
	fmt.Println("Authorization:", strings.Fields(authorization)[0])

	// The API responded with 401 to a request with that token.
	authorization, next, err := account.Refresh(ctx, "www.onenote.com", generation, "")
	if err != nil {
		panic(err)
	}
	fmt.Println("Authorization:", strings.Fields(authorization)[0], "of a newer generation:", next > generation)
	fmt.Println("state:", account.Status(ctx).State)

	// Output:
	// Authorization: Bearer
	// Authorization: Bearer of a newer generation: true
	// state: ready
}
