// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/caddy-onenote/caddy-onenote/guard"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
)

// A server asks the guard about each request. An admitted request has a Route,
// which says what to do with it; a refusal is a handler that sends the response.
func ExampleGuard() {
	g, err := guard.New(guard.Config{
		Paths:      []string{"/api/"},
		Account:    "default",
		ClientKeys: []guard.ClientKey{{Name: "app", Key: "key-of-app"}, {Name: "scanner", Key: "key-of-scanner", Account: "work"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		route, refusal := g.Admit(r, guard.Peer{})
		if refusal != nil {
			refusal.ServeHTTP(w, r)
			return
		}
		// Here a proxy sends route.Target upstream with the account's token.
		fmt.Fprintf(w, "%s %s as %s", route.Kind, route.Target, route.Account)
	})

	send := func(remoteAddr, url, key string) {
		r := httptest.NewRequest("GET", url, nil)
		r.RemoteAddr = remoteAddr
		if key != "" {
			r.Header.Set("Authorization", "Bearer "+key)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if cause := w.Header().Get(apierror.Header); cause != "" {
			fmt.Println(w.Code, cause)
			return
		}
		fmt.Println(w.Code, w.Body)
	}
	send("127.0.0.1:50000", "http://localhost:8080/api/v1.0/me/notes/pages?$top=5", "key-of-app")
	send("127.0.0.1:50000", "http://evil.example/api/v1.0/me/notes/pages", "") // DNS rebinding
	send("127.0.0.1:50000", "http://localhost:8080/api/../secret", "")
	send("192.0.2.7:50000", "http://localhost:8080/api/v1.0/me/notes/pages", "")
	send("192.0.2.7:50000", "http://localhost:8080/api/v1.0/me/notes/pages", "key-of-scanner")
	// Output:
	// 200 api /api/v1.0/me/notes/pages?$top=5 as default
	// 403 forbidden_host
	// 400 bad_path
	// 403 forbidden_client
	// 200 api /api/v1.0/me/notes/pages as work
}
