// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package oauth

import "slices"

// HowToGetRefreshToken says what to do where a sign-in ended without a refresh token
// although its flow gives one. Each provider has its own condition for it.
func (c Config) HowToGetRefreshToken() string {
	asked := slices.ContainsFunc(c.Scopes, isRefreshScope)
	switch c.Provider {
	case MicrosoftAccount:
		if !asked {
			return "Add wl.offline_access to scopes and sign in again."
		}
		return "Take back what the app may do at https://account.live.com/consent/Manage, sign in again, and accept that it may use your info at any time."
	case Entra:
		if !asked {
			return "Add offline_access to scopes and sign in again."
		}
		return "Take back what the app may do at https://myapps.microsoft.com/ (personal accounts: https://account.live.com/consent/Manage), sign in again, and accept that it keeps access to what you gave it access to."
	case AzureAD:
		return "azure_ad gives one with every sign-in by code, whatever is requested: take response_type and response_mode out of authorize_param and sign in again. If there is none then, ask your administrator whether a policy of the directory forbids it to the app."
	}
	if c.Flow == FlowDevice {
		return "Add the scope with which the provider grants one (mostly offline_access) to scopes and sign in again."
	}
	if asked {
		return "Many providers give one with the first consent only: write authorize_param prompt consent (and, where the provider knows it, authorize_param access_type offline) and sign in again."
	}
	return "Write authorize_param prompt consent (and, where the provider knows it, authorize_param access_type offline), or add offline_access to scopes where the provider knows it, and sign in again."
}
