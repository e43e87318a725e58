// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import "github.com/caddy-onenote/caddy-onenote/tokens/oauth"

// What Microsoft lets people register changes. docs/graph.md says the same at more
// length; keep both equal.
const (
	oldScopesText = `Microsoft lets new registrations no longer choose these scopes. An app that was
registered with them works as it is: use its client id, its redirect URI and its
secret, if it has one. For a new registration use Microsoft Graph. The requests
of apps are then translated for it. Write into the account:

  provider entra
  tenant consumers
  scopes ` + oauth.GraphScopes + `

and run this command again.
`
	graphText = `The tokens are for Microsoft Graph. Requests of apps that speak the OneNote API
are translated for it.
`
	oneNoteAPIText = `The permissions are those of the API OneNote itself. A directory may not list it
(application id 2d4d3d8e-2be3-4bef-9f87-7875a61c29de), and personal accounts do
not get its scopes here. Then use Microsoft Graph. The requests of apps are then
translated for it. Write into the account:

  provider entra
  scopes ` + oauth.GraphScopes + `

and run this command again.
`
	directoryText = `Microsoft registers apps only for people who belong to a directory. A personal
account without one is refused. A free Azure sign-up makes a directory, but asks
for a card. Else somebody who has a directory can register the app for you: the
client id of an app without a secret may be passed on.

`
	workText = `In an organization, people may register apps unless the administrators have
turned that off. Then an administrator has to register this app, or to consent
to it. For permissions that end in .All that is often needed as well.

`
	appOnlyText = `OneNote has refused tokens of apps without a user since 31 March 2025, here and
at Microsoft Graph: with this registration you get tokens, and OneNote responds
with 401. Use flow code or device.
`
)

// advice says what the registration is good for, and what to use where it cannot be
// had.
func (r registration) advice() string {
	switch {
	case r.account.Flow == oauth.FlowClientCredentials:
		return appOnlyText
	case r.old():
		return oldScopesText
	case r.account.Audience() == graphAPI:
		return graphText
	case r.account.Audience() == "onenote":
		return oneNoteAPIText
	}
	return ""
}

// whoCanRegister says who gets these registrations from Microsoft at all.
func whoCanRegister(all []registration) string {
	persons, workers := false, false
	for _, r := range all {
		if r.account.Provider == oauth.Custom {
			continue
		}
		who := r.audience()
		persons = persons || who == audiences["personal"] || who == audiences["all"]
		workers = workers || who != audiences["personal"]
	}
	text := ""
	if persons {
		text += directoryText
	}
	if workers {
		text += workText
	}
	return text
}

// registrationKinds is what to register where no configuration says it.
const registrationKinds = `There is no Caddyfile here. Microsoft requires that each app is registered.
Choose what fits, write its Caddyfile, and run this command again: it then
prints each value to enter.

1. An app that is registered already, for a personal account and with scopes
   that begin with office.onenote. It works as it is, with its client id:

	{
		onenote {
			client_id {env.ONENOTE_CLIENT_ID}
		}
	}

	http://:8080 {
		bind 127.0.0.1
		onenote
	}

2. A new registration for personal accounts. It is for Microsoft Graph: Microsoft
   lets new registrations no longer choose scopes that begin with office.onenote.
   Requests of apps that speak the OneNote API are translated. In the account:

	provider entra
	tenant consumers
	client_id {env.ONENOTE_CLIENT_ID}
	scopes ` + oauth.GraphScopes + `

3. A new registration for work and school accounts, for Microsoft Graph as well.
   In place of contoso.onmicrosoft.com, the directory:

	provider entra
	tenant contoso.onmicrosoft.com
	client_id {env.ONENOTE_CLIENT_ID}
	scopes ` + oauth.GraphScopes + `

4. A registration for work and school accounts in a directory that lists the API
   OneNote itself. Nothing is translated:

	provider azure_ad
	tenant contoso.onmicrosoft.com
	client_id {env.ONENOTE_CLIENT_ID}

Who can register:

` + directoryText + workText
