// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"errors"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/emulator/grant"
	"github.com/caddy-onenote/caddy-onenote/emulator/mint"
)

// checkTenant returns an error for a tenant that is not a word, a GUID or a domain,
// and for consumers at v1, which has no personal accounts.
func checkTenant(p grant.Provider, tenant string) *oauthError {
	if p == grant.Live {
		return nil
	}
	if !grant.IsTenantWord(tenant) && !mint.IsGUID(tenant) && !strings.Contains(tenant, ".") {
		return aadError("invalid_request", 90002,
			"Tenant '%s' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.", tenant)
	}
	if p == grant.AzureAD && strings.EqualFold(tenant, grant.Consumers) {
		return aadError("invalid_request", 90027,
			"We are unable to issue tokens from this API version on the MSA tenant. Please use the v2.0 endpoint.")
	}
	return nil
}

// unsupportedGrant is the error for a grant_type that the provider does not support.
func unsupportedGrant(p grant.Provider, grantType string) *oauthError {
	if p == grant.Live {
		return liveError("unsupported_grant_type", "The provided value for the input parameter 'grant_type' is not valid.")
	}
	return aadError("unsupported_grant_type", 70003, "The app requested an unsupported grant type '%s'.", grantType)
}

// missing is the error for a request that lacks a parameter.
func missing(p grant.Provider, parameter string) *oauthError {
	return providerError(p, "invalid_request", 900144, "The request body must contain the following parameter: '"+parameter+"'.")
}

// unknownClient is the error for a client id that is not registered.
func unknownClient(p grant.Provider, id string) *oauthError {
	if p == grant.Live {
		return liveError("unauthorized_client", "The client does not exist or is not enabled for consumers.")
	}
	return aadError("unauthorized_client", 700016,
		"Application with identifier '%s' was not found in the directory. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant.", id)
}

// badRedirect is the error for a redirect URI that is not the client's.
func badRedirect(p grant.Provider, uri string) *oauthError {
	if p == grant.Live {
		return liveError("invalid_request", "The provided value for the input parameter 'redirect_uri' is not valid. The expected value is 'https://login.live.com/oauth20_desktop.srf' or a URL which matches the redirect URI registered for this client application.")
	}
	return aadError("invalid_request", 50011,
		"The redirect URI '%s' specified in the request does not match the redirect URIs configured for the application.", uri)
}

// wrongSecret is the error for a secret that is not the client's.
func wrongSecret(p grant.Provider) *oauthError {
	if p == grant.Live {
		return liveError("invalid_client", "The provided value for the input parameter 'client_secret' is not valid.")
	}
	return aadError("invalid_client", 7000215,
		"Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to the app.")
}

// missingSecret is the error for a confidential client that sends no secret.
func missingSecret(p grant.Provider) *oauthError {
	if p == grant.Live {
		return missing(p, "client_secret")
	}
	return aadError("invalid_client", 7000218,
		"The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")
}

// unwantedSecret is the error for a native app that sends a secret.
func unwantedSecret(p grant.Provider) *oauthError {
	if p == grant.Live {
		return liveError("invalid_request", "Public clients can't send a client secret.")
	}
	return aadError("invalid_client", 700025, "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.")
}

// revokedGrant is the error for a refresh token whose consent was withdrawn.
func revokedGrant(p grant.Provider) *oauthError {
	if p == grant.Live {
		return liveError("invalid_grant", "The request was denied because one or more scopes requested are unauthorized or expired. The user must first sign in and grant the client application access to the requested scope.")
	}
	return aadError("invalid_grant", 50173,
		"The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password.").with("bad_token")
}

// expiredGrant is the error for a refresh token that is too old.
func expiredGrant(p grant.Provider) *oauthError {
	if p == grant.Live {
		return liveError("invalid_grant", "The user could not be authenticated or the grant is expired. The user must first sign in and if needed grant the client application access to the requested scope.")
	}
	return aadError("invalid_grant", 700082, "The refresh token has expired due to inactivity.")
}

// malformedGrant is the error for a refresh token that the provider did not
// issue, or issued to another client.
func malformedGrant(p grant.Provider) *oauthError {
	if p == grant.Live {
		return liveError("invalid_grant", "The provided value for the input parameter 'refresh_token' is not valid.")
	}
	return aadError("invalid_grant", 70000, "The provided value for the input parameter 'refresh_token' or 'assertion' is not valid.").with("bad_token")
}

// badCode is the error for an authorization code that is unknown or was issued
// to another client.
func badCode(p grant.Provider) *oauthError {
	return providerError(p, "invalid_grant", 70000, "The provided value for the 'code' parameter is not valid.")
}

// expiredCode is the error for an authorization code that has expired.
func expiredCode(p grant.Provider) *oauthError {
	if p == grant.Live {
		return liveError("invalid_grant", "The provided value for the 'code' parameter is not valid. The code has expired.")
	}
	return aadError("invalid_grant", 70008, "The provided authorization code or refresh token is expired. Send a new interactive authorization request for this user and resource.")
}

// usedCode is the error for an authorization code that was redeemed before.
func usedCode(p grant.Provider) *oauthError {
	if p == grant.Live {
		return liveError("invalid_grant", "The provided value for the 'code' parameter is not valid. The code was already redeemed.")
	}
	return aadError("invalid_grant", 54005, "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.")
}

// badVerifier is the error for a code_verifier that does not match (RFC 7636).
func badVerifier(p grant.Provider) *oauthError {
	if p == grant.Live {
		return liveError("invalid_grant", "The provided value for the 'code_verifier' parameter is not valid.")
	}
	return aadError("invalid_grant", 501481, "The Code_Verifier does not match the code_challenge supplied in the authorization request.")
}

// redirectMismatch is the error for a token request whose redirect URI is not
// that of the authorization request.
func redirectMismatch(p grant.Provider, got, want string) *oauthError {
	if p == grant.Live {
		return liveError("invalid_grant", "The provided value for the input parameter 'redirect_uri' is not valid. It does not match the one of the authorization request.")
	}
	return aadError("invalid_grant", 500112,
		"The reply address '%s' does not match the reply address '%s' provided when requesting Authorization code.", got, want)
}

// badScope returns the error for a scope parameter that the provider does not
// accept, or nil.
func badScope(p grant.Provider, scope string) *oauthError {
	if p == grant.Live {
		if _, err := grant.LiveScope(scope); err != nil {
			return liveError("invalid_scope", "%s", err)
		}
		return nil
	}
	_, err := grant.EntraScope(scope)
	var unknown grant.UnknownScopeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &unknown):
		return aadError("invalid_scope", 70011,
			"The provided value for the input parameter 'scope' is not valid. The scope '%s' is not valid.", string(unknown))
	}
	return aadError("invalid_scope", 28000,
		"Provided value for the input parameter scope is not valid because it contains more than one resource.")
}

// badResource returns the error for a resource parameter of v1 that names no known
// API, or nil.
func badResource(resource string) *oauthError {
	if _, ok := grant.AudienceOfResource(resource); ok || resource == "" {
		return nil
	}
	return aadError("invalid_resource", 50001,
		"The application named %s was not found in the tenant named Contoso. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant.", resource)
}

// resourceRefused is the error for a resource parameter at v2.0.
func resourceRefused() *oauthError {
	return aadError("invalid_request", 901002, "The 'resource' request parameter is not supported.")
}
