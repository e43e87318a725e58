// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"strings"

	"github.com/caddy-onenote/caddy-onenote/emulator/grant"
	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// clientCredentials issues an app-only token, without a refresh token. It requires
// a tenant and, on v2.0, a scope that ends in /.default.
func (e *Endpoints) clientCredentials(t *tokenCall) (wire.Object, *oauthError) {
	if t.provider == grant.Live {
		return nil, unsupportedGrant(t.provider, "client_credentials")
	}
	if grant.IsTenantWord(t.tenant) {
		return nil, aadError("invalid_request", 9001023,
			"The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint.")
	}
	if t.secret == "" && t.assertion == "" {
		return nil, missingSecret(t.provider)
	}
	if err := e.authenticate(t, ""); err != nil {
		return nil, err
	}
	if t.provider == grant.Entra && !strings.HasSuffix(t.form.Get("scope"), "/.default") {
		return nil, aadError("invalid_scope", 1002012, "The provided value for scope %s is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).", t.form.Get("scope"))
	}
	g, err := t.narrow(grant.Grant{Provider: t.provider, Tenant: t.tenant, Client: t.client, Scope: t.form.Get("scope"), AppOnly: true})
	if err != nil {
		return nil, err
	}
	return e.issue(g), nil
}
