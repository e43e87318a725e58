// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package identity serves Microsoft's sign-in endpoints: those of Microsoft
// accounts, of Azure AD v1 and of the Microsoft identity platform v2.0. What they
// issue is recorded in a [grant.Book].
package identity

import (
	"net/http"
	"strings"
	"time"

	"github.com/caddy-onenote/caddy-onenote/emulator/grant"
	"github.com/caddy-onenote/caddy-onenote/emulator/mint"
	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// Endpoints are the sign-in endpoints of all providers.
type Endpoints struct {
	now    func() time.Time
	mint   *mint.Mint
	grants *grant.Book
	signIns
}

// signIns is the part that a reset empties: the registered clients and the
// sign-ins that they began.
type signIns struct {
	clients map[string]Registration
	codes   map[string]*authorizationCode
	devices []*deviceGrant
}

func newSignIns() signIns {
	return signIns{clients: make(map[string]Registration), codes: make(map[string]*authorizationCode)}
}

// New returns the endpoints without a registered client.
func New(now func() time.Time, m *mint.Mint, grants *grant.Book) *Endpoints {
	return &Endpoints{now: now, mint: m, grants: grants, signIns: newSignIns()}
}

// Reset forgets the registered clients and the sign-ins that they began.
func (e *Endpoints) Reset() { e.signIns = newSignIns() }

// Serve serves the sign-in endpoints. It reports false for any other path.
func (e *Endpoints) Serve(w http.ResponseWriter, r *http.Request, b wire.Body) bool {
	switch strings.ToLower(r.URL.Path) {
	case "/oauth20_authorize.srf":
		e.serveAuthorize(w, r, b, grant.Live, "")
	case "/oauth20_token.srf":
		e.serveToken(w, r, b, grant.Live, "")
	case "/oauth20_connect.srf":
		e.serveDeviceCode(w, r, b, grant.Live, "")
	case "/oauth20_logout.srf":
		e.serveLogout(w, r, grant.Live)
	case "/oauth20_desktop.srf":
		writePage(w, http.StatusOK, blankPage())
	case "/err.srf":
		writePage(w, http.StatusOK, notice("Error", "We're unable to complete your request."))
	case devicePagePath, "/link", "/common/oauth2/deviceauth":
		e.serveDevicePage(w, r, b)
	default:
		return e.serveDirectory(w, r, b)
	}
	return true
}

// serveDirectory serves /{tenant}/oauth2/… and /{tenant}/oauth2/v2.0/….
func (e *Endpoints) serveDirectory(w http.ResponseWriter, r *http.Request, b wire.Body) bool {
	segments := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if len(segments) < 3 || segments[1] != "oauth2" {
		return false
	}
	p, tenant, name := grant.AzureAD, segments[0], segments[2]
	if name == "v2.0" && len(segments) == 4 {
		p, name = grant.Entra, segments[3]
	} else if len(segments) != 3 {
		return false
	}
	switch name {
	case "authorize":
		e.serveAuthorize(w, r, b, p, tenant)
	case "token":
		e.serveToken(w, r, b, p, tenant)
	case "devicecode":
		e.serveDeviceCode(w, r, b, p, tenant)
	case "logout":
		e.serveLogout(w, r, p)
	case "nativeclient":
		writePage(w, http.StatusOK, blankPage())
	default:
		return false
	}
	return true
}

// serveLogout redirects to the app, without parameters, or shows a page. With
// registered clients, a Microsoft account redirects to registered addresses only.
func (e *Endpoints) serveLogout(w http.ResponseWriter, r *http.Request, p grant.Provider) {
	query := r.URL.Query()
	back := query.Get("post_logout_redirect_uri")
	if p == grant.Live {
		back = query.Get("redirect_uri")
		c, open, known := e.clientOf(query.Get("client_id"))
		if !open && (!known || !c.redirectsTo(back)) {
			back = ""
		}
	}
	if back == "" {
		writePage(w, http.StatusOK, notice("Signed out", "You signed out of your account."))
		return
	}
	redirect(w, back)
}

// redirect redirects the browser, which then sends a GET.
func redirect(w http.ResponseWriter, to string) {
	h := w.Header()
	h.Set("Location", to)
	h.Set("Cache-Control", "no-store, no-cache")
	h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
	w.WriteHeader(http.StatusFound)
}
