// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package control

import (
	"encoding/json"
	"errors"
	"html"
	"net/http"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/emulator/grant"
	"github.com/caddy-onenote/caddy-onenote/emulator/identity"
)

// A controlEntry is one control: what it does, and an example of the body that it takes.
type controlEntry struct {
	Method  string          `json:"method"`
	Path    string          `json:"path"`
	Does    string          `json:"does"`
	Example json.RawMessage `json:"example,omitempty"`

	name   string
	handle func([]byte) (any, error)
}

// controls returns all controls. Handlers run under c.mu. A nil response is 204.
func (c *Surface) controls() []controlEntry {
	list := []controlEntry{
		{Method: http.MethodPost, name: "reset", handle: c.reset,
			Does: "Goes back to the seed, without faults, tokens or clients."},
		{Method: http.MethodPost, name: "tokens", handle: c.issueTokens,
			Does:    "Issues tokens to an account. A scope such as Notes.ReadWrite makes them for Microsoft Graph.",
			Example: json.RawMessage(`{"account":"one@outlook.com","expires_in":3600,"scope":"office.onenote_update"}`)},
		{Method: http.MethodPost, name: "tokens/expire", handle: c.endTokens(grant.Expired),
			Does:    "Lets tokens expire: access, refresh or all, of one account or of all.",
			Example: json.RawMessage(`{"account":"one@outlook.com","kind":"access"}`)},
		{Method: http.MethodPost, name: "tokens/revoke", handle: c.endTokens(grant.Revoked),
			Does:    "Revokes tokens, as a changed password does.",
			Example: json.RawMessage(`{"account":"one@outlook.com","kind":"refresh"}`)},
		{Method: http.MethodPost, name: "clock", handle: c.advanceClock,
			Does:    "Advances the clock.",
			Example: json.RawMessage(`{"advance":"1h"}`)},
		{Method: http.MethodPost, name: "strict", handle: c.setStrict,
			Does:    "Ends all tokens of a family when a refresh token is used again, or no longer.",
			Example: json.RawMessage(`{"on":true}`)},
		{Method: http.MethodPost, name: "graph", handle: c.setGraph,
			Does:    "Sets habits of Microsoft Graph about which reports differ.",
			Example: json.RawMessage(`{"strict":true,"public_form":false,"copies":"operation","status":"Completed","polls":1}`)},
		{Method: http.MethodPost, name: "clients", handle: c.registerClient,
			Does:    "Registers a client; all that are not registered are then unknown.",
			Example: json.RawMessage(`{"client_id":"my-app","client_secret":"a secret","redirect_uris":["http://localhost:8080/callback"]}`)},
		{Method: http.MethodPost, name: "faults", handle: c.addFault,
			Does:    "Makes matching requests fail, be slow or break off. It responds with the id of the fault.",
			Example: json.RawMessage(`{"method":"GET","path":"/api/*/pages*","after":0,"times":2,"status":429,"headers":{"Retry-After":"1"},"body":{"error":{"code":"20166"}},"delay":"100ms"}`)},
		{Method: http.MethodDelete, name: "faults/{id}",
			Does: "Removes a fault."},
		{Method: http.MethodGet, name: "requests", handle: c.listRequests,
			Does: "Lists the requests so far, in their order."},
	}
	for i := range list {
		list[i].Path = prefix + list[i].name
	}
	return list
}

// find returns the method and the handler of a control.
func (c *Surface) find(name string) (method string, handle func([]byte) (any, error)) {
	for _, e := range c.controls() {
		if e.name == name {
			return e.Method, e.handle
		}
	}
	return "", nil
}

// serveList lists the controls: for programs, or as a page.
func (c *Surface) serveList(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", http.MethodGet)
		fail(w, http.StatusMethodNotAllowed, errors.New("the list of controls takes GET"))
		return
	}
	w.Header().Set("Vary", "Accept")
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		identity.WritePage(w, http.StatusOK, "Controls of the emulator", c.listPage())
		return
	}
	write(w, map[string]any{"controls": c.controls()})
}

// listPage returns the list as HTML.
func (c *Surface) listPage() string {
	var b strings.Builder
	b.WriteString("<h1>Controls of the emulator</h1>\n<p>They are for tests. They take and return JSON; every member is optional.</p>\n<dl>\n")
	for _, e := range c.controls() {
		b.WriteString("<dt><code>" + e.Method + " " + html.EscapeString(e.Path) + "</code></dt>\n<dd>" + html.EscapeString(e.Does))
		if e.Example != nil {
			b.WriteString("<br><code style=\"overflow-wrap:anywhere\">" + html.EscapeString(string(e.Example)) + "</code>")
		}
		b.WriteString("</dd>\n")
	}
	b.WriteString("</dl>")
	return b.String()
}
