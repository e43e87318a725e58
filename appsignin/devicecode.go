// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package appsignin

import (
	"cmp"
	"errors"
	"net/http"
	"strconv"

	"github.com/caddy-onenote/caddy-onenote/internal/apppath"
)

// deviceInterval is how many seconds an app waits between two questions.
const deviceInterval = 5

// deviceCode gives an app a code for a person to type in (RFC 8628 §3.1, and v1 before it).
func (s *Site) deviceCode(q *request) {
	p, client, refusal := readTokenRequest(q.r)
	if refusal != nil {
		s.refuse(q, refusal)
		return
	}
	g := grant{
		id: newGrantID(), client: client, scope: p.get("scope"), resource: p.get("resource"),
		refreshes: wantsRefresh(q.path.Version, p.get("scope")),
	}
	deviceCode, userCode, err := s.Memory.addDevice(s.Now(), q.admission.Client, device{grant: g})
	if err != nil {
		q.w.Header().Set("Retry-After", "60")
		s.refuse(q, errFull)
		return
	}
	address := q.base + apppath.Device
	body := map[string]any{
		"device_code": deviceCode, "user_code": userCode,
		"message": "To sign in, use a web browser to open the page " + address + " and enter the code " + userCode + " to authenticate.",
	}
	life := int(deviceLife.Seconds())
	if q.path.Version == apppath.V1 {
		body["verification_url"] = address
		body["expires_in"], body["interval"] = strconv.Itoa(life), strconv.Itoa(deviceInterval)
	} else {
		body["verification_uri"] = address
		body["expires_in"], body["interval"] = life, deviceInterval
	}
	writeJSON(q, http.StatusOK, body)
}

// redeemDevice redeems a device code, once a person has allowed it. v1 calls it code.
func (s *Site) redeemDevice(q *request, p params, client string) {
	code := cmp.Or(p.get("device_code"), p.get("code"))
	d, err := s.Memory.poll(s.Now(), code, client)
	if errors.Is(err, errUsedCode) {
		s.Revocations.revoke(q.r.Context(), d.id)
		s.refuse(q, &oauthError{code: "invalid_grant", number: 54005, text: "The device code was redeemed before. All that it gave was revoked."})
		return
	}
	if errors.Is(err, errBusyCode) {
		s.refuse(q, &oauthError{code: "slow_down", number: 70018, text: "Another request is redeeming the device code. Ask again after the interval."})
		return
	}
	if errors.Is(err, errUnknownCode) {
		s.refuse(q, &oauthError{code: "expired_token", number: 70020, text: "The device code is unknown or has expired; it is valid for 15 minutes."})
		return
	}
	if err != nil {
		s.refuseGrant(q, err)
		return
	}
	switch d.state {
	case devicePending:
		s.refuse(q, &oauthError{code: "authorization_pending", number: 70016, text: "The user has not typed in the code yet. Ask again after the interval."})
	case deviceDeclined:
		s.refuse(q, &oauthError{code: "authorization_declined", number: 70001, text: "The user has declined.", status: http.StatusBadRequest})
	default:
		s.issue(q, p, d.grant, code)
	}
}
