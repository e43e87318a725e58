// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
)

// All registrations are here, in one place: of two directives that are put
// before the same other one, the one that is registered first comes first.
func init() {
	caddy.RegisterModule(new(App))
	caddy.RegisterModule(new(Handler))
	caddy.RegisterModule(new(StatusHandler))
	caddy.RegisterModule(removedTransport{})
	caddy.RegisterModule(adminAPI{})

	httpcaddyfile.RegisterGlobalOption("onenote", parseGlobalOption)
	httpcaddyfile.RegisterHandlerDirective("onenote", parseDirective)
	httpcaddyfile.RegisterHandlerDirective("onenote_status", parseStatusDirective)
	httpcaddyfile.RegisterHandlerDirective("onenote_guard", parseRemovedGuard)
	httpcaddyfile.RegisterDirectiveOrder("onenote", httpcaddyfile.Before, "reverse_proxy")
	httpcaddyfile.RegisterDirectiveOrder("onenote_status", httpcaddyfile.Before, "respond")
	httpcaddyfile.RegisterDirectiveOrder("onenote_guard", httpcaddyfile.Before, "reverse_proxy")

	registerCommand()
}
