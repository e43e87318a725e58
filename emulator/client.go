// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/url"
	"slices"
	"strings"
)

// client is an app's registration, and the body of POST /_emulator/clients.
// As long as none is registered, every client id, secret and redirect URI is
// taken; afterwards only registered ones are.
type client struct {
	ID string `json:"client_id"`
	// Secret makes the app a confidential client, which must show it.
	// Default: none; an app without secret and certificate must not send one.
	Secret string `json:"client_secret"`
	// RedirectURIs are compared byte for byte. Default: any.
	RedirectURIs []string `json:"redirect_uris"`
	// Certificate, in PEM, is what the app's client assertions are verified
	// with. Default: none.
	Certificate string `json:"certificate"`

	certificate *x509.Certificate
}

func (c *client) parseCertificate() error {
	if c.Certificate == "" {
		return nil
	}
	block, _ := pem.Decode([]byte(c.Certificate))
	if block == nil {
		return errors.New("certificate holds no PEM block")
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return err
	}
	c.certificate = certificate
	return nil
}

// confidential tells whether the app must prove who it is.
func (c client) confidential() bool { return c.Secret != "" || c.certificate != nil }

func (c client) redirectsTo(uri string) bool {
	return len(c.RedirectURIs) == 0 || slices.Contains(c.RedirectURIs, uri)
}

// clientOf returns the registration of an id. While there are no
// registrations, all ids are known and open is true: nothing is checked.
func (e *Emulator) clientOf(id string) (c client, open, known bool) {
	if len(e.state.clients) == 0 {
		return client{ID: id}, true, true
	}
	c, known = e.state.clients[id]
	return c, false, known
}

// isNativeRedirect tells whether a redirect URI is one of Microsoft's own
// blank pages, which are for apps that cannot keep a secret.
func isNativeRedirect(uri string) bool {
	u, err := url.Parse(uri)
	if err != nil {
		return false
	}
	path := strings.ToLower(u.Path)
	return path == "/oauth20_desktop.srf" || strings.HasSuffix(path, "/oauth2/nativeclient")
}
