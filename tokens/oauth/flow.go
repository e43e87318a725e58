// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package oauth

// Flow is how a sign-in goes.
type Flow string

// The flows. Code and device end with a refresh token and are the ones to use.
const (
	FlowCode              Flow = "code"
	FlowToken             Flow = "token"
	FlowDevice            Flow = "device"
	FlowClientCredentials Flow = "client_credentials"
)
