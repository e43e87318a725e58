// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"html"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// deviceGrantType is the grant type of RFC 8628; v1 says device_code.
const deviceGrantType = "urn:ietf:params:oauth:grant-type:device_code"

// deviceLife is how long a device code can be entered.
const deviceLife = 15 * time.Minute

// devicePagePath is where people enter the code.
const devicePagePath = "/devicelogin"

// deviceGrant is a sign-in on a device that has no browser (RFC 8628).
type deviceGrant struct {
	code     string
	userCode string
	grant    grant
	expires  time.Time
	decision string // empty while pending, then accept or deny
	redeemed bool
}

// serveDeviceCode answers a device authorization request.
func (e *Emulator) serveDeviceCode(w http.ResponseWriter, r *http.Request, b body, p provider, tenant string) {
	o, err := e.deviceCode(r, b, p, tenant)
	if err != nil {
		writeIdentityJSON(w, err.status, err.object(e.clock()))
		return
	}
	writeIdentityJSON(w, http.StatusOK, o)
}

func (e *Emulator) deviceCode(r *http.Request, b body, p provider, tenant string) (object, *oauthError) {
	t, err := newTokenCall(r, b, p, tenant)
	if err != nil {
		return nil, err
	}
	if _, _, known := e.clientOf(t.client); !known {
		return nil, p.unknownClient(t.client)
	}
	switch {
	case p == azureAD && t.form.Get("resource") == "":
		return nil, p.missing("resource")
	case p != azureAD && t.form.Get("scope") == "":
		return nil, p.missing("scope")
	case p == live && t.form.Get("response_type") != "device_code":
		return nil, p.missing("response_type")
	}
	if err := t.checkScope(); err != nil {
		return nil, err
	}
	d := &deviceGrant{
		code:     e.mint.opaque("device code"),
		userCode: e.mint.userCode(),
		grant:    grant{provider: p, tenant: tenant, client: t.client, scope: t.form.Get("scope"), resource: t.form.Get("resource")},
		expires:  e.clock().Add(deviceLife),
	}
	e.state.devices = append(e.state.devices, d)
	return d.object(hostOf(r) + devicePagePath), nil
}

// object is the device authorization response. v1 has its numbers in quotes
// and its own name for the address.
func (d *deviceGrant) object(address string) object {
	message := "To sign in, use a web browser to open the page " + address +
		" and enter the code " + d.userCode + " to authenticate."
	seconds := int(deviceLife / time.Second)
	if d.grant.provider == azureAD {
		return object{
			{"user_code", d.userCode}, {"device_code", d.code}, {"verification_url", address},
			{"expires_in", strconv.Itoa(seconds)}, {"interval", "5"}, {"message", message},
		}
	}
	o := object{
		{"user_code", d.userCode}, {"device_code", d.code}, {"verification_uri", address},
		{"expires_in", seconds}, {"interval", 5},
	}
	if d.grant.provider == entra {
		o = append(o, member{"message", message})
	}
	return o
}

// redeemDevice answers a poll. It never says slow_down: Microsoft's endpoints
// are not documented to, and a fault can say it where a client is to be tried.
func (e *Emulator) redeemDevice(t *tokenCall) (object, *oauthError) {
	value := t.form.Get("device_code")
	if value == "" {
		value = t.form.Get("code") // v1
	}
	if value == "" {
		return nil, t.provider.missing("device_code")
	}
	d := e.deviceOf(func(d *deviceGrant) bool { return d.code == value })
	if d == nil || d.grant.provider != t.provider || d.grant.client != t.client {
		return nil, t.deviceError("bad_verification_code", 70018, "The code that you entered is not valid.")
	}
	if err := e.authenticate(t, ""); err != nil {
		return nil, err
	}
	switch {
	case d.redeemed:
		return nil, t.deviceError("bad_verification_code", 54005, "The device code was already redeemed.")
	case !e.clock().Before(d.expires):
		return nil, t.deviceError("expired_token", 70020, "The provided value for the input parameter 'device_code' is not valid. This device code has expired.")
	case d.decision == "":
		return nil, t.deviceError("authorization_pending", 70016, "OAuth 2.0 device flow error. Authorization is pending. Continue polling.")
	case d.decision == "deny":
		return nil, t.deviceError("authorization_declined", 70017, "The user denied the authorization request.")
	}
	g, err := t.narrow(d.grant)
	if err != nil {
		return nil, err
	}
	d.redeemed = true
	return e.issueAll(g, t.provider == azureAD || offline(g.scope)), nil
}

func (t *tokenCall) deviceError(code string, number int, description string) *oauthError {
	if t.provider == live {
		return liveError(code, "%s", description)
	}
	return aadError(code, number, "%s", description)
}

func (e *Emulator) deviceOf(match func(*deviceGrant) bool) *deviceGrant {
	for _, d := range e.state.devices {
		if match(d) {
			return d
		}
	}
	return nil
}

// serveDevicePage lets a person enter a code and decide.
func (e *Emulator) serveDevicePage(w http.ResponseWriter, r *http.Request, b body) {
	if r.Method != http.MethodPost {
		writePage(w, http.StatusOK, devicePage(r.URL.Query().Get("user_code"), ""))
		return
	}
	form, err := formOf(r, b)
	if err != nil {
		writePage(w, http.StatusBadRequest, devicePage("", "The form could not be read."))
		return
	}
	userCode := strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(form.Get("user_code")))
	d := e.deviceOf(func(d *deviceGrant) bool { return d.userCode == userCode })
	switch {
	case d == nil, d.decision != "", !e.clock().Before(d.expires):
		writePage(w, http.StatusBadRequest, devicePage(userCode, "That code didn't work. Check the code and try again."))
	case form.Get("decision") == "accept":
		d.decision, d.grant.account = "accept", accountNamed(form.Get("user"))
		writePage(w, http.StatusOK, page("Signed in", "<p>You have signed in. You may now close this window.</p>"))
	case form.Get("decision") == "deny":
		d.decision = "deny"
		writePage(w, http.StatusOK, page("Declined", "<p>You declined. You may now close this window.</p>"))
	default:
		writePage(w, http.StatusBadRequest, devicePage(userCode, "The decision is accept or deny."))
	}
}

func devicePage(userCode, problem string) string {
	return page("Enter code", `<h1>Enter code</h1>
<p>`+html.EscapeString(problem)+`</p>
<form method="post" action="`+devicePagePath+`">
<p><label>Code <input name="user_code" value="`+html.EscapeString(userCode)+`" autocomplete="off"></label></p>
<p><label>Sign in as <input name="user" value="`+DefaultAccount+`"></label></p>
<p><button name="decision" value="accept">Continue</button>
<button name="decision" value="deny">Cancel</button></p>
</form>`)
}
