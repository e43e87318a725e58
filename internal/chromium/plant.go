// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package chromium

import (
	"context"
	"encoding/base64"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/chromedp"
)

// OpenPlanted opens an address but takes the page from the test instead of the
// server there, as if the name had led to another server a moment ago. Requests
// of that page go to the server. This is DNS rebinding without a DNS server.
func (tab *Tab) OpenPlanted(address, html string) {
	tab.t.Helper()
	ctx, cancel := context.WithCancel(tab.ctx)
	defer cancel()
	chromedp.ListenTarget(ctx, func(event any) {
		if paused, ok := event.(*fetch.EventRequestPaused); ok {
			go tab.plant(ctx, paused.RequestID, html) // a listener must not wait
		}
	})
	tab.run("planting a page", fetch.Enable().WithPatterns([]*fetch.RequestPattern{{URLPattern: address}}))
	tab.Open(address)
	tab.run("planting no more", fetch.Disable())
}

func (tab *Tab) plant(ctx context.Context, id fetch.RequestID, html string) {
	err := fetch.FulfillRequest(id, 200).
		WithResponseHeaders([]*fetch.HeaderEntry{{Name: "Content-Type", Value: "text/html; charset=utf-8"}}).
		WithBody(base64.StdEncoding.EncodeToString([]byte(html))).
		Do(cdp.WithExecutor(ctx, chromedp.FromContext(ctx).Target))
	if err != nil {
		tab.t.Errorf("planting a page: %v", err)
	}
}
