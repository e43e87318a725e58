// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/url"
	"slices"
	"strings"
)

// Registration is the registration of a client, and the body of POST
// /_emulator/clients. Until one is registered, every client id, secret and
// redirect URI is accepted. After that, only registered ones are.
type Registration struct {
	ID string `json:"client_id"`
	// Secret makes the app a confidential client, which must send it. Default:
	// none. A client without secret and certificate must not send a secret.
	Secret string `json:"client_secret"`
	// RedirectURIs are compared byte for byte. Default: any.
	RedirectURIs []string `json:"redirect_uris"`
	// Certificate, in PEM, verifies the client assertions of the app. Default:
	// none.
	Certificate string `json:"certificate"`

	certificate *x509.Certificate
}

func (c *Registration) parseCertificate() error {
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

// confidential reports whether the client must authenticate.
func (c Registration) confidential() bool { return c.Secret != "" || c.certificate != nil }

func (c Registration) redirectsTo(uri string) bool {
	return len(c.RedirectURIs) == 0 || slices.Contains(c.RedirectURIs, uri)
}

// clientOf returns the registration of a client id. Without registrations every id
// is known, and open is true: nothing is checked.
func (e *Endpoints) clientOf(id string) (c Registration, open, known bool) {
	if len(e.clients) == 0 {
		return Registration{ID: id}, true, true
	}
	c, known = e.clients[id]
	return c, false, known
}

// isNativeRedirect reports whether a redirect URI is one of Microsoft's blank
// pages, which are for apps that cannot keep a secret.
func isNativeRedirect(uri string) bool {
	u, err := url.Parse(uri)
	if err != nil {
		return false
	}
	path := strings.ToLower(u.Path)
	return path == "/oauth20_desktop.srf" || strings.HasSuffix(path, "/oauth2/nativeclient")
}

// Register registers a client.
func (e *Endpoints) Register(c Registration) error {
	if c.ID == "" {
		return errors.New("a client needs a client_id")
	}
	if err := c.parseCertificate(); err != nil {
		return err
	}
	e.clients[c.ID] = c
	return nil
}
