// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import "strings"

// provider is one of Microsoft's identity endpoints.
type provider string

// The providers. anyProvider marks grants that every token endpoint takes.
const (
	live        provider = "microsoft_account"
	azureAD     provider = "azure_ad" // v1
	entra       provider = "entra"    // v2.0
	anyProvider provider = ""
)

// tenantWords are the tenants that are no tenant.
const (
	common        = "common"
	organizations = "organizations"
	consumers     = "consumers"
)

func isTenantWord(tenant string) bool {
	switch strings.ToLower(tenant) {
	case common, organizations, consumers:
		return true
	}
	return false
}

// checkTenant refuses what is neither a word, a GUID nor a domain, and the
// personal accounts that v1 does not have.
func checkTenant(p provider, tenant string) *oauthError {
	if p == live {
		return nil
	}
	if !isTenantWord(tenant) && !isGUID(tenant) && !strings.Contains(tenant, ".") {
		return aadError("invalid_request", 90002,
			"Tenant '%s' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.", tenant)
	}
	if p == azureAD && strings.EqualFold(tenant, consumers) {
		return aadError("invalid_request", 90027,
			"We are unable to issue tokens from this API version on the MSA tenant. Please use the v2.0 endpoint.")
	}
	return nil
}

// unsupportedGrant is the answer to a grant_type that the provider lacks.
func (p provider) unsupportedGrant(grantType string) *oauthError {
	if p == live {
		return liveError("unsupported_grant_type", "The provided value for the input parameter 'grant_type' is not valid.")
	}
	return aadError("unsupported_grant_type", 70003, "The app requested an unsupported grant type '%s'.", grantType)
}

// missing is the answer to a request that lacks a parameter.
func (p provider) missing(parameter string) *oauthError {
	if p == live {
		return liveError("invalid_request", "The request body must contain the following parameter: '%s'.", parameter)
	}
	return aadError("invalid_request", 900144, "The request body must contain the following parameter: '%s'.", parameter)
}

// unknownClient is the answer to a client id that nobody registered.
func (p provider) unknownClient(id string) *oauthError {
	if p == live {
		return liveError("unauthorized_client", "The client does not exist or is not enabled for consumers.")
	}
	return aadError("unauthorized_client", 700016,
		"Application with identifier '%s' was not found in the directory. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant.", id)
}

// badRedirect is the answer to a redirect URI that is not the client's.
func (p provider) badRedirect(uri string) *oauthError {
	if p == live {
		return liveError("invalid_request", "The provided value for the input parameter 'redirect_uri' is not valid. The expected value is 'https://login.live.com/oauth20_desktop.srf' or a URL which matches the redirect URI registered for this client application.")
	}
	return aadError("invalid_request", 50011,
		"The redirect URI '%s' specified in the request does not match the redirect URIs configured for the application.", uri)
}

// wrongSecret is the answer to a secret that is not the client's.
func (p provider) wrongSecret() *oauthError {
	if p == live {
		return liveError("invalid_client", "The provided value for the input parameter 'client_secret' is not valid.")
	}
	return aadError("invalid_client", 7000215,
		"Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to the app.")
}

// missingSecret is the answer to a confidential client that proves nothing.
func (p provider) missingSecret() *oauthError {
	if p == live {
		return p.missing("client_secret")
	}
	return aadError("invalid_client", 7000218,
		"The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")
}

// unwantedSecret is the answer to a native app that sends a secret.
func (p provider) unwantedSecret() *oauthError {
	if p == live {
		return liveError("invalid_request", "Public clients can't send a client secret.")
	}
	return aadError("invalid_client", 700025, "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.")
}

// revokedGrant is the answer to a refresh token whose consent was withdrawn.
func (p provider) revokedGrant() *oauthError {
	if p == live {
		return liveError("invalid_grant", "The request was denied because one or more scopes requested are unauthorized or expired. The user must first sign in and grant the client application access to the requested scope.")
	}
	return aadError("invalid_grant", 50173,
		"The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password.").with("bad_token")
}

// expiredGrant is the answer to a refresh token that died of age.
func (p provider) expiredGrant() *oauthError {
	if p == live {
		return liveError("invalid_grant", "The user could not be authenticated or the grant is expired. The user must first sign in and if needed grant the client application access to the requested scope.")
	}
	return aadError("invalid_grant", 700082, "The refresh token has expired due to inactivity.")
}

// malformedGrant is the answer to a refresh token that the provider never
// issued, or issued for somebody else.
func (p provider) malformedGrant() *oauthError {
	if p == live {
		return liveError("invalid_grant", "The provided value for the input parameter 'refresh_token' is not valid.")
	}
	return aadError("invalid_grant", 70000, "The provided value for the input parameter 'refresh_token' or 'assertion' is not valid.").with("bad_token")
}

// badCode is the answer to an authorization code that is unknown or somebody
// else's.
func (p provider) badCode() *oauthError {
	if p == live {
		return liveError("invalid_grant", "The provided value for the 'code' parameter is not valid.")
	}
	return aadError("invalid_grant", 70000, "The provided value for the 'code' parameter is not valid.")
}

// expiredCode is the answer to an authorization code that came too late.
func (p provider) expiredCode() *oauthError {
	if p == live {
		return liveError("invalid_grant", "The provided value for the 'code' parameter is not valid. The code has expired.")
	}
	return aadError("invalid_grant", 70008, "The provided authorization code or refresh token is expired. Send a new interactive authorization request for this user and resource.")
}

// usedCode is the answer to an authorization code that was redeemed before.
func (p provider) usedCode() *oauthError {
	if p == live {
		return liveError("invalid_grant", "The provided value for the 'code' parameter is not valid. The code was already redeemed.")
	}
	return aadError("invalid_grant", 54005, "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.")
}

// badVerifier is the answer to a code_verifier that does not fit (RFC 7636).
func (p provider) badVerifier() *oauthError {
	if p == live {
		return liveError("invalid_grant", "The provided value for the 'code_verifier' parameter is not valid.")
	}
	return aadError("invalid_grant", 501481, "The Code_Verifier does not match the code_challenge supplied in the authorization request.")
}

// redirectMismatch is the answer to a token request whose redirect URI is not
// that of the authorization request.
func (p provider) redirectMismatch(got, want string) *oauthError {
	if p == live {
		return liveError("invalid_grant", "The provided value for the input parameter 'redirect_uri' is not valid. It does not match the one of the authorization request.")
	}
	return aadError("invalid_grant", 500112,
		"The reply address '%s' does not match the reply address '%s' provided when requesting Authorization code.", got, want)
}
