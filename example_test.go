// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package onenote_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/caddy-onenote/caddy-onenote"
	"github.com/caddy-onenote/caddy-onenote/emulator"
	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// A Go program that runs Caddy gets the module by importing this package. Here
// the emulator stands for the OneNote API and for Microsoft's sign-in.
func Example() {
	microsoft := httptest.NewServer(emulator.New(emulator.Options{}))
	defer microsoft.Close()
	dir, err := os.MkdirTemp("", "caddy-onenote")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	listener, err := net.Listen("tcp", "127.0.0.1:0") // a free port
	if err != nil {
		fmt.Println(err)
		return
	}
	address := listener.Addr().String()
	listener.Close()

	caddyfile := fmt.Sprintf(`{
	admin off
	persist_config off
	log {
		output discard
	}
	storage file_system %[1]s
	onenote {
		encryption_key %[2]s
		client_id example
		authority %[3]s
		refresh_token emulator-refresh-token
	}
}

http://%[4]s {
	onenote %[3]s
}
`, dir, tokens.GenerateKey(), microsoft.URL, address)
	config, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(caddyfile), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := caddy.Load(config, true); err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = caddy.Stop() }() // it would only log

	// The app sends no token.
	res, err := http.Get("http://" + address + "/api/v1.0/me/notes/notebooks")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Body.Close()
	fmt.Println(res.Status)
	// Output: 200 OK
}
