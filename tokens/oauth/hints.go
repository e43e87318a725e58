// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package oauth

// oauthError is what an OAuth error means.
type oauthError struct {
	class         Class
	message, hint string
}

// unknownError is for errors that nobody has published. They are the operator's:
// another try or another sign-in would only repeat them.
var unknownError = oauthError{Misconfigured, "the identity provider refused the request",
	"Compare the account's configuration with the app registration; `caddy onenote check` names what cannot work."}

// oauthErrors are the errors of RFC 6749 §4.1.2.1 and §5.2, OpenID Connect
// Core §3.1.2.6, RFC 8628 §3.5 and Microsoft's own, with their class.
var oauthErrors = map[string]oauthError{
	"temporarily_unavailable": {Transient, "the identity provider is busy", waits},
	"server_error":            {Transient, "the identity provider has a fault", waits},
	"authorization_pending":   {Transient, "the code was not used yet", "Type the code at the address shown."},
	"slow_down":               {Transient, "the identity provider asks to slow down", "It is asked less often from now on."},

	"invalid_grant":          {SigninRequired, "the sign-in is no longer valid", "Sign in again. If you took the app's permission back, the sign-in asks for it again."},
	"interaction_required":   {SigninRequired, "the identity provider wants to see the user again", "Sign in again."},
	"login_required":         {SigninRequired, "the identity provider wants to see the user again", "Sign in again."},
	"consent_required":       {SigninRequired, "the app's permissions were not granted", "Sign in again and accept them."},
	"access_denied":          {SigninRequired, "the sign-in was refused or cancelled", "Sign in again and accept what is asked, or ask your administrator to."},
	"authorization_declined": {SigninRequired, "the sign-in was declined", "Start it again and accept what is asked."},
	"expired_token":          {SigninRequired, "the code was not used in time", "Start the sign-in again and type the new code."},
	"bad_verification_code":  {SigninRequired, "the code is not known to the identity provider", "Start the sign-in again."},
	"permission_denied":      {SigninRequired, "the administrator cancelled the request", "Ask the administrator to grant the permissions."},
	"account_selection_required": {SigninRequired, "the identity provider does not know which account is meant",
		"Sign in again, or set login_hint."},

	"invalid_client":            {Misconfigured, "the identity provider does not accept the app's credentials", "Check client_id and client_secret; the secret's value is wanted, not its ID."},
	"unauthorized_client":       {Misconfigured, "the app is not allowed to sign in this way", "Check client_id, tenant and the account types and flows of the app registration."},
	"invalid_request":           {Misconfigured, "the identity provider does not accept the request", "Compare redirect_uri, client_secret (none for a native app) and scopes with the app registration."},
	"invalid_scope":             {Misconfigured, "a requested permission does not exist or is not allowed", "Check scopes against the app registration."},
	"invalid_resource":          {Misconfigured, "the requested API is not known in this directory", "Check resource; OneNote exists only where OneDrive for Business was provisioned."},
	"invalid_target":            {Misconfigured, "the requested API is not known in this directory", "Check resource and scopes."},
	"unsupported_grant_type":    {Misconfigured, "the identity provider does not know this flow", "Choose another flow, or check the endpoint's version."},
	"unsupported_response_type": {Misconfigured, "the identity provider does not allow this flow for the app", "Allow it in the app registration (implicit grant for flow token), or use flow code."},
}

// suberrors are the classes of interaction that Entra adds to an error.
var suberrors = map[string]bool{
	"bad_token": true, "token_expired": true, "basic_action": true, "additional_action": true, "message_only": true,
	"consent_required": true, "user_password_expired": true, "client_mismatch": true,
	"device_authentication_failed": true, "protection_policy_required": true, "protection_policies_required": true,
	"transient_error": true,
}

// aadsts says what the numbers mean that Entra puts into its errors, and what
// helps. transient marks the numbers that make an error transient although its
// name says otherwise. Source: Microsoft's "Microsoft Entra authentication and
// authorization error codes".
var aadsts = map[string]struct {
	message, hint string
	transient     bool
}{
	// Transient: keep the sign-in, wait.
	"90033": {"the directory service is unavailable", waits, true},
	"90006": {"the directory service has a fault", waits, true},
	"90012": {"the request took the directory service too long", waits, true},
	"90024": {"the directory service is busy", waits, true},
	"90090": {"the directory service has a fault", waits, true},
	"90091": {"the directory service has a fault", waits, true},
	"50033": {"the directory service has a fault", waits, true},
	"50087": {"the directory service has a fault", waits, true},
	"70012": {"the consumer sign-in service has a fault", waits, true},
	"40010": {"the sign-in service has a fault", waits, true},
	"90055": {"the directory is throttled: too many requests", waits, true},
	"50196": {"the directory believes the app asks in a loop", byItself + "; if it comes back, report it with the correlation id.", true},

	// The user signs in again.
	"70008":  {"the sign-in expired", signIn, false},
	"700082": {"the sign-in expired: it was not used for 90 days", signIn, false},
	"700084": {"the sign-in expired: tokens of single-page apps live 24 hours", "Register the redirect URI as Web or Mobile and desktop, not as Single-page application, and sign in again.", false},
	"70043":  {"the sign-in expired by the organization's sign-in frequency policy", signIn, false},
	"70000":  {"the sign-in is no longer valid", signIn, false},
	"70002":  {"the sign-in is no longer valid", signIn, false},
	"50173":  {"the sign-in was revoked, as after a change of the password", signIn, false},
	"50089":  {"the session expired", signIn, false},
	"50132":  {"the session is no longer valid", signIn, false},
	"50133":  {"the session expired, as after a change of the password", signIn, false},
	"65001":  {"the app's permissions were not granted", "Sign in again and accept them; if you may not, ask your administrator for consent.", false},
	"65004":  {"the app's permissions were declined", "Sign in again and accept them.", false},
	"50076":  {"a second factor is required", signIn, false},
	"50079":  {"a second factor has to be set up", "Sign in again and set it up.", false},
	"50074":  {"a second factor is required", signIn, false},
	"50078":  {"the second factor expired", signIn, false},
	"50072":  {"a second factor has to be set up", "Sign in again and set it up.", false},
	"50158":  {"a further check of the organization is required", signIn, false},
	"50055":  {"the password expired", "Change it at the provider, then sign in again.", false},
	"50144":  {"the password expired", "Change it at the provider, then sign in again.", false},
	"50057":  {"the account is disabled", "Ask your administrator to enable it, then sign in again.", false},
	"16000":  {"the wrong account is signed in at the provider", "Sign in again and choose the right account.", false},
	"50020":  {"the account does not belong to this directory", "Sign in with an account of the directory, or change tenant.", false},
	"50034":  {"the account does not exist in this directory", "Sign in with an account of the directory, or change tenant.", false},
	"70016":  {"the code was not used yet", "Type the code at the address shown.", false},
	"70018":  {"the code is not known to the provider", "Start the sign-in again and type the new code.", false},
	"70019":  {"the code was not used in time", "Start the sign-in again and type the new code.", false},
	"54005":  {"the authorization code was used already", "Start the sign-in again.", false},
	"9002313": {"what was sent as the code or the refresh token is damaged",
		"Sign in again. If you paste an address or import a refresh_token, take the whole of it, unchanged.", false},

	// An administrator acts first, then the user signs in.
	"90094":  {"an administrator has to grant the permissions", "Ask your administrator for consent, then sign in again.", false},
	"90095":  {"an administrator has to approve the app", "Ask your administrator for consent, then sign in again.", false},
	"50105":  {"the user is not assigned to the app", "Ask your administrator to assign the user to the enterprise application.", false},
	"53000":  {"the organization wants a compliant device", conditional, false},
	"53001":  {"the organization wants a device joined to its domain", conditional, false},
	"53002":  {"the organization does not allow this app", conditional, false},
	"53003":  {"the organization's conditional access refuses the sign-in", conditional, false},
	"530032": {"the organization's security policy refuses the sign-in", conditional, false},
	"530035": {"the organization's security defaults refuse the sign-in", conditional, false},
	"530084": {"the organization's token protection policy refuses the sign-in: it wants tokens that are bound to a device, which no proxy can have",
		"Ask your administrator to exempt the app or the user from token protection.", false},
	"50005":  {"the organization does not support this kind of device", conditional, false},
	"50097":  {"the organization wants to know the device", conditional, false},
	"500021": {"the network does not allow signing in to this directory", restricted, false},
	"500022": {"the network does not allow signing in to this directory", restricted, false},
	"500011": {"OneNote is not present in this directory", provision, false},
	"650052": {"the organization has no OneNote service or has not enabled it", provision, false},

	// The operator: credentials.
	"7000215": {"the client secret is wrong", "Put the secret's value into client_secret; its ID, which the portal shows beside it, is often pasted instead.", false},
	"7000222": {"the client secret expired", "Make a new one in the app registration and put it into client_secret.", false},
	"7000218": {"the app is registered as confidential, but no secret was sent", "Set client_secret, or switch on \"Allow public client flows\" in the app registration.", false},
	"700025":  {"the app is registered as public and may not send a secret", "Remove client_secret, or register the redirect URI under Web.", false},
	"700027":  {"the client certificate does not match the app registration", "Upload the certificate that client_certificate names to the app registration.", false},
	"700024":  {"the client assertion is outside its time", "Set this machine's clock.", false},
	"500133":  {"the client assertion is outside its time", "Set this machine's clock; for a federated token, check that its file is replaced in time.", false},
	"70021":   {"no federated credential of the app matches the token", federated, false},
	"7002138": {"no federated credential of the app matches the token", federated, false},
	"700211":  {"no federated credential of the app matches the token's issuer", federated, false},
	"700212":  {"no federated credential of the app matches the token's audience", federated, false},
	"700213":  {"no federated credential of the app matches the token's subject", federated, false},

	// The operator: app, tenant, endpoint.
	"700016":  {"the app is not known in this directory", "Check client_id and tenant; an app for one directory needs that directory as tenant.", false},
	"70001":   {"the app is not known in this directory", "Check client_id and tenant.", false},
	"90002":   {"the directory does not exist", "Check tenant: a GUID, a domain, common, organizations or consumers.", false},
	"50194":   {"the app is registered for one directory only", "Set tenant to that directory instead of common.", false},
	"9001023": {"the flow is not allowed for this tenant word", "Set tenant to a directory instead of common, organizations or consumers.", false},
	"9002331": {"the app is registered for personal accounts only", "Set tenant to consumers.", false},
	"9002332": {"the app is registered for work accounts only", "Set tenant to organizations or to a directory.", false},
	"90027":   {"the v1 endpoint does not sign personal accounts in", "Use provider microsoft_account, or entra with tenant consumers.", false},
	"901002":  {"the v2.0 endpoint does not know the parameter resource", "Use scopes instead of resource, or provider azure_ad.", false},
	"90009":   {"the app asks for a token for itself", "Ask for the API's scopes, by their full names.", false},
	"90023":   {"the request is malformed, or asks for permissions that the user does not have", "Check scopes, and compare the account's configuration with the app registration.", false},
	"900144":  {"a parameter is missing from the request", "Set scopes or resource for the account.", false},
	"70011":   {"a requested permission is not valid", scopes, false},
	"28002":   {"a requested permission is not valid", scopes, false},
	"28003":   {"a requested permission is not valid", scopes, false},
	"700222":  {"a requested permission is not valid", scopes, false},
	"700223":  {"a requested permission is not valid", scopes, false},
	"650057":  {"the API is not among the app's permissions", "Add OneNote under API permissions of the app registration.", false},
	"65005":   {"the API is not among the app's permissions", "Add OneNote under API permissions of the app registration, then sign in again.", false},
	"650053":  {"a requested permission does not exist at the API", scopes, false},
	"50011":   {"the redirect URI is not registered", "Register the exact address that `caddy onenote register` prints.", false},
	"70005":   {"the flow is not allowed for the app", "Allow the implicit grant in the app registration, or use flow code.", false},
	"700054":  {"the flow is not allowed for the app", "Allow the implicit grant in the app registration, or use flow code.", false},
	"50001":   {"the requested API is not known in this directory", provision, false},
	"700005":  {"the authorization code belongs to another directory", "Check tenant, then start the sign-in again.", false},
	"501481":  {"the code verifier does not match", "Start the sign-in again in one browser and finish it there.", false},
	"9002327": {"the redirect URI is registered as one of a single-page application, whose codes only a script in a browser may redeem",
		"In the app registration, take the redirect URI out of \"Single-page application\" and add it under \"Web\" (with client_secret) or \"Mobile and desktop applications\" (without), then sign in again.", false},
	"500201": {"the v1 endpoint gives no tokens to a personal Microsoft account",
		"Use provider microsoft_account, or entra with tenant common or consumers, or sign in with a work or school account.", false},
	"500014": {"the requested API is disabled in this directory",
		"Ask your administrator to enable the enterprise application of the API (OneNote or Microsoft Graph) in the directory, and to see that its subscription has not lapsed.", false},
	"50059": {"the request does not say which directory it is for",
		"Set tenant to the directory, a GUID or a domain, instead of common or organizations; the flow client_credentials always needs that.", false},
	"7000112": {"the app is disabled in this directory", "Ask your administrator to enable the enterprise application.", false},
}

// What happens after a transient failure: a refresh and the polling for a device code
// are repeated by themselves, any other step of a sign-in only by the user. Hints begin
// with the one; duringSignin puts the other in its place.
const (
	byItself = "It is tried again by itself"
	byUser   = "Start the sign-in again in a moment"
)

// Advice that several codes share.
const (
	waits       = byItself + "; look at the provider's service health if it lasts."
	between     = byItself + "; look for a network sign-in page, a proxy or a firewall between this machine and the provider."
	signIn      = "Sign in again."
	conditional = "Sign in from a device and network that the organization allows, in a browser rather than by device code, or ask your administrator. " +
		"If only the network was the wrong one, as without a VPN, an earlier sign-in may still be good: go back to that network and run `caddy onenote refresh`."
	restricted = "A proxy or policy of the organization restricts the directories that can be used from here (tenant restrictions). Ask its administrator to allow this directory, or sign in with an account of the organization."
	provision  = "Sign in at OneNote on the web with the work account. If it cannot get your notebooks, choose \"Go to my account\", then \"Next\", wait until OneDrive for Business opens, and go back: that provisions it. An account without a valid Office 365 licence needs one from its administrator. Then sign in here again."
	federated  = "Compare issuer, subject and audience of the federated credential in the app registration with the token's."
	scopes     = "Check scopes: the API's full names at v2.0 (https://onenote.com/Notes.ReadWrite), one API at a time."
)
