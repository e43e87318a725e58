// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"net/http"
	"strconv"
	"time"

	"github.com/caddy-onenote/caddy-onenote/emulator/grant"
	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// deviceGrantType is the grant type of RFC 8628. v1 calls it device_code.
const deviceGrantType = "urn:ietf:params:oauth:grant-type:device_code"

// deviceLife is how long a device code is valid.
const deviceLife = 15 * time.Minute

// deviceGrant is a sign-in on a device that has no browser (RFC 8628).
type deviceGrant struct {
	code     string
	userCode string
	grant    grant.Grant
	expires  time.Time
	decision string // empty while pending, then accept or deny
	redeemed bool
}

// serveDeviceCode serves device authorization requests.
func (e *Endpoints) serveDeviceCode(w http.ResponseWriter, r *http.Request, b wire.Body, p grant.Provider, tenant string) {
	o, err := e.deviceCode(r, b, p, tenant)
	if err != nil {
		writeJSON(w, err.status, err.object(e.now()))
		return
	}
	writeJSON(w, http.StatusOK, o)
}

func (e *Endpoints) deviceCode(r *http.Request, b wire.Body, p grant.Provider, tenant string) (wire.Object, *oauthError) {
	t, err := newTokenCall(r, b, p, tenant)
	if err != nil {
		return nil, err
	}
	if _, _, known := e.clientOf(t.client); !known {
		return nil, unknownClient(p, t.client)
	}
	switch {
	case p == grant.AzureAD && t.form.Get("resource") == "":
		return nil, missing(p, "resource")
	case p != grant.AzureAD && t.form.Get("scope") == "":
		return nil, missing(p, "scope")
	case p == grant.Live && t.form.Get("response_type") != "device_code":
		return nil, missing(p, "response_type")
	}
	if err := t.checkScope(); err != nil {
		return nil, err
	}
	d := &deviceGrant{
		code:     e.mint.Opaque("device code"),
		userCode: e.mint.UserCode(),
		grant:    grant.Grant{Provider: p, Tenant: tenant, Client: t.client, Scope: t.form.Get("scope"), Resource: t.form.Get("resource")},
		expires:  e.now().Add(deviceLife),
	}
	e.devices = append(e.devices, d)
	return d.object(wire.Origin(r) + devicePagePath), nil
}

// object is the device authorization response. v1 writes numbers as strings and
// has another name for the address.
func (d *deviceGrant) object(address string) wire.Object {
	message := "To sign in, use a web browser to open the page " + address +
		" and enter the code " + d.userCode + " to authenticate."
	seconds := int(deviceLife / time.Second)
	if d.grant.Provider == grant.AzureAD {
		return wire.Object{
			{"user_code", d.userCode}, {"device_code", d.code}, {"verification_url", address},
			{"expires_in", strconv.Itoa(seconds)}, {"interval", "5"}, {"message", message},
		}
	}
	o := wire.Object{
		{"user_code", d.userCode}, {"device_code", d.code}, {"verification_uri", address},
		{"expires_in", seconds}, {"interval", 5},
	}
	if d.grant.Provider == grant.Entra {
		o = append(o, wire.Member{"message", message})
	}
	return o
}

// redeemDevice responds to a poll. It never sends slow_down: Microsoft does not
// document it. A test of a client can send it with a fault.
func (e *Endpoints) redeemDevice(t *tokenCall) (wire.Object, *oauthError) {
	value := t.form.Get("device_code")
	if value == "" {
		value = t.form.Get("code") // v1
	}
	if value == "" {
		return nil, missing(t.provider, "device_code")
	}
	d := e.deviceOf(func(d *deviceGrant) bool { return d.code == value })
	if d == nil || d.grant.Provider != t.provider || d.grant.Client != t.client {
		return nil, providerError(t.provider, "bad_verification_code", 70018, "The code that you entered is not valid.")
	}
	if err := e.authenticate(t, ""); err != nil {
		return nil, err
	}
	switch {
	case d.redeemed:
		return nil, providerError(t.provider, "bad_verification_code", 54005, "The device code was already redeemed.")
	case !e.now().Before(d.expires):
		return nil, providerError(t.provider, "expired_token", 70020, "The provided value for the input parameter 'device_code' is not valid. This device code has expired.")
	case d.decision == "":
		return nil, providerError(t.provider, "authorization_pending", 70016, "OAuth 2.0 device flow error. Authorization is pending. Continue polling.")
	case d.decision == "deny":
		return nil, providerError(t.provider, "authorization_declined", 70017, "The user denied the authorization request.")
	}
	g, err := t.narrow(d.grant)
	if err != nil {
		return nil, err
	}
	d.redeemed = true
	return e.issueAll(g, t.provider == grant.AzureAD || grant.Offline(g.Scope)), nil
}

func (e *Endpoints) deviceOf(match func(*deviceGrant) bool) *deviceGrant {
	for _, d := range e.devices {
		if match(d) {
			return d
		}
	}
	return nil
}
