// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"net/http"
	"strings"
)

// serveIdentity answers the identity endpoints, and reports false for a path
// that is none.
func (e *Emulator) serveIdentity(w http.ResponseWriter, r *http.Request, b body) bool {
	switch strings.ToLower(r.URL.Path) {
	case "/oauth20_authorize.srf":
		e.serveAuthorize(w, r, b, live, "")
	case "/oauth20_token.srf":
		e.serveToken(w, r, b, live, "")
	case "/oauth20_connect.srf":
		e.serveDeviceCode(w, r, b, live, "")
	case "/oauth20_logout.srf":
		e.serveLogout(w, r, live)
	case "/oauth20_desktop.srf":
		writePage(w, http.StatusOK, page("", ""))
	case "/err.srf":
		writePage(w, http.StatusOK, page("Error", "<p>We're unable to complete your request.</p>"))
	case devicePagePath, "/link", "/common/oauth2/deviceauth":
		e.serveDevicePage(w, r, b)
	default:
		return e.serveDirectory(w, r, b)
	}
	return true
}

// serveDirectory answers /{tenant}/oauth2/… and /{tenant}/oauth2/v2.0/….
func (e *Emulator) serveDirectory(w http.ResponseWriter, r *http.Request, b body) bool {
	segments := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if len(segments) < 3 || segments[1] != "oauth2" {
		return false
	}
	p, tenant, name := azureAD, segments[0], segments[2]
	if name == "v2.0" && len(segments) == 4 {
		p, name = entra, segments[3]
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
		writePage(w, http.StatusOK, page("", ""))
	default:
		return false
	}
	return true
}

// serveLogout sends the browser back to the app, without any parameter, or
// says that it is done. With registered clients a Microsoft account's address
// must be one of the client's.
func (e *Emulator) serveLogout(w http.ResponseWriter, r *http.Request, p provider) {
	query := r.URL.Query()
	back := query.Get("post_logout_redirect_uri")
	if p == live {
		back = query.Get("redirect_uri")
		c, open, known := e.clientOf(query.Get("client_id"))
		if !open && (!known || !c.redirectsTo(back)) {
			back = ""
		}
	}
	if back == "" {
		writePage(w, http.StatusOK, page("Signed out", "<p>You signed out of your account.</p>"))
		return
	}
	redirect(w, back)
}

// redirect sends the browser elsewhere, by GET.
func redirect(w http.ResponseWriter, to string) {
	h := w.Header()
	h.Set("Location", to)
	h.Set("Cache-Control", "no-store, no-cache")
	h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
	w.WriteHeader(http.StatusFound)
}
