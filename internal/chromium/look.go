// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package chromium

import (
	"context"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Scheme makes the tab prefer a colour scheme: light or dark.
func (tab *Tab) Scheme(name string) {
	tab.t.Helper()
	tab.run("preferring "+name, emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: name},
	}))
}

// Screenshot returns the whole page as a PNG, for a window of that width.
func (tab *Tab) Screenshot(width int64) []byte {
	tab.t.Helper()
	var picture []byte
	tab.run("taking a screenshot",
		chromedp.EmulateViewport(width, 200),
		chromedp.ActionFunc(func(ctx context.Context) error {
			var err error
			picture, err = page.CaptureScreenshot().WithCaptureBeyondViewport(true).Do(ctx)
			return err
		}))
	return picture
}
