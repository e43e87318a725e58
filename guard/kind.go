// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard

// A Kind says what is to be done with an admitted request.
type Kind int

const (
	// API: send it upstream with the account's token.
	API Kind = iota + 1

	// Page: serve one of our own pages, under / and /auth/.
	Page

	// Probe: respond to /healthz or /readyz.
	Probe

	// Preflight: respond with ServePreflight and never send it upstream.
	Preflight

	// Picture: fetch a local picture with the token of the account for which
	// its URL was signed. The client has shown nothing else.
	Picture

	// AppSignin: let an app sign in, at a path of Microsoft's sign-in services.
	AppSignin
)

// String returns the name of the kind, for logs.
func (k Kind) String() string {
	switch k {
	case API:
		return "api"
	case Page:
		return "page"
	case Probe:
		return "probe"
	case Preflight:
		return "preflight"
	case Picture:
		return "picture"
	case AppSignin:
		return "app"
	}
	return "none"
}
