// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package picture signs the URLs of local pictures and checks them.
//
// The OneNote API can make the pictures of a page public for an hour, so that
// an <img> loads without a token (preAuthenticated=true). Where that does not
// serve (Microsoft Graph never had it, or nothing is to be public) the page's
// pictures point at this proxy instead, in the same form as the service's and
// with three more parameters:
//
//	/api/v1.0/me/notes/resources/{id}/content?publicAuth=true&mimeType=image/png&account=work&expires=1763730000&sig=…
//
// A client that has such a URL may GET that one picture until it expires, and
// nothing else: the signature (HMAC-SHA256, RFC 2104) covers account,
// upstream, path, type and expiry. Keys are derived (HKDF, RFC 5869) from the
// keys that seal the stored tokens, so every node that can open the store can
// verify, a restart changes nothing, and the sealing keys sign nothing
// themselves.
package picture

import "time"

// A Picture is one picture that may be fetched without a key until it expires.
type Picture struct {
	// Account is the account with whose token the picture is fetched.
	Account string

	// Upstream is the API to which the path belongs, scheme and host. It is
	// signed but not part of the URL: a URL made for one site's upstream is
	// worth nothing at another site.
	Upstream string

	// Path is the raw path of the picture, byte for byte as it is requested
	// here and sent upstream.
	Path string

	// MIMEType is the type that the page names for the picture, such as
	// image/png; it may be empty. It is a hint, as it is in the service's own
	// URLs, and no promise about what the picture is.
	MIMEType string

	// Expires is when the URL stops working, in whole seconds: fractions are
	// dropped by signing.
	Expires time.Time
}
