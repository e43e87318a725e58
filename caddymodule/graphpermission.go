// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import "github.com/caddy-onenote/caddy-onenote/tokens/oauth"

// graphPermissions are the ids of Microsoft Graph's delegated permissions, by which the
// Azure command line knows them ("Microsoft Graph permissions reference").
var graphPermissions = map[string]string{
	"Notes.Create":                 "9d822255-d64d-4b7a-afdb-833b9a97ed02",
	"Notes.Read":                   "371361e4-b9e2-4a3f-8315-2a301a3b0a3d",
	"Notes.Read.All":               "dfabfca6-ee36-4db2-8208-7a28381419b3",
	"Notes.ReadWrite":              "615e26af-c38a-4150-ae3e-c3b0d4cb1d6a",
	"Notes.ReadWrite.All":          "64ac0503-b4fa-45d9-b544-71a463f05da0",
	"Notes.ReadWrite.CreatedByApp": "ed68249d-017c-4df5-9113-e684c7f8760b",
	"User.Read":                    "e1fe6dd8-ba31-4d61-89e7-88639da4683d",
	"email":                        "64a6cdd6-aab1-4aaf-94b8-3cc8405e90d0",
	"offline_access":               "7427e0e9-2fba-42fe-b0c0-848c9e6a8182",
	"openid":                       "37f7f235-527c-4136-accd-4a02d197296e",
	"profile":                      "14dad69e-099b-42c9-810b-d002981feec1",
}

// permissionLine returns the command line that adds the permissions, or nil if an id is
// not known.
func (r registration) permissionLine() []string {
	if r.account.Audience() != graphAPI || r.account.Flow == oauth.FlowClientCredentials {
		return nil
	}
	line := []string{"az ad app permission add --id '<application (client) ID>'", "--api " + oauth.GraphAppID, "--api-permissions"}
	for _, name := range r.permissions() {
		id, ok := graphPermissions[name]
		if !ok {
			return nil
		}
		line[2] += " " + id + "=Scope"
	}
	return line
}
