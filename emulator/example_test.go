// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/caddy-onenote/caddy-onenote/emulator"
)

// A test of an app that uses OneNote runs the emulator in its own process: it
// exchanges a refresh token and lists notebooks.
func Example() {
	server := httptest.NewServer(emulator.New(emulator.Options{}))
	defer server.Close()

	response, err := http.PostForm(server.URL+"/oauth20_token.srf", url.Values{
		"grant_type":    {"refresh_token"},
		"client_id":     {"my-app"},
		"refresh_token": {emulator.ImportedRefreshToken},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	var tokens struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(response.Body).Decode(&tokens); err != nil {
		fmt.Println(err)
		return
	}

	request, err := http.NewRequest(http.MethodGet, server.URL+"/api/v1.0/me/notes/notebooks", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	request.Header.Set("Authorization", "Bearer "+tokens.AccessToken)
	list, err := http.DefaultClient.Do(request)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer list.Body.Close()
	var notebooks struct {
		Value []struct {
			Name string `json:"name"`
		} `json:"value"`
	}
	if err := json.NewDecoder(list.Body).Decode(&notebooks); err != nil {
		fmt.Println(err)
		return
	}
	for _, notebook := range notebooks.Value {
		fmt.Println(notebook.Name)
	}
	http.DefaultClient.CloseIdleConnections()
	// Output:
	// My Notebook
	// Recipes & more
}
