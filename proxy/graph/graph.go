// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package graph lets apps that were written against the OneNote API use Microsoft
// Graph. It is the [api.Dialect] of such sites: requests below /api/ are translated
// for Graph and its responses are translated back; requests below /v1.0/ and /beta/
// are Graph's own and pass as [api.Passthrough] passes them.
//
// Nothing is remembered about an app or a user, except which SharePoint host has
// which site collection ([Sites]). The package sends nothing and knows no tokens.
package graph
