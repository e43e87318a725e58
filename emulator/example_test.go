// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/emulator"
)

// A test of an app runs the emulator in its own process. This one exchanges a
// refresh token for an access token and lists notebooks.
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

// A fault makes the API fail as often as the test needs it, and the request log
// shows what the app sent.
func Example_fault() {
	server := httptest.NewServer(emulator.New(emulator.Options{}))
	defer server.Close()
	defer http.DefaultClient.CloseIdleConnections()

	fault := `{"path":"/api/*/notebooks","status":503,"headers":{"Retry-After":"7"},"times":1}`
	set, err := http.Post(server.URL+"/_emulator/faults", "application/json", strings.NewReader(fault))
	if err != nil {
		fmt.Println(err)
		return
	}
	set.Body.Close()

	for range 2 {
		response, err := http.Get(server.URL + "/api/v1.0/me/notes/notebooks?top=5")
		if err != nil {
			fmt.Println(err)
			return
		}
		response.Body.Close()
		fmt.Printf("%d %q\n", response.StatusCode, response.Header.Get("Retry-After"))
	}

	log, err := http.Get(server.URL + "/_emulator/requests")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer log.Body.Close()
	var requests []struct {
		Method, Path, Query string
		Status              int
	}
	if err := json.NewDecoder(log.Body).Decode(&requests); err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range requests {
		fmt.Println(r.Method, r.Path, r.Query, r.Status)
	}
	// Output:
	// 503 "7"
	// 401 ""
	// GET /api/v1.0/me/notes/notebooks top=5 503
	// GET /api/v1.0/me/notes/notebooks top=5 401
}
