// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package chromium

import (
	"context"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Scheme makes the tab prefer a colour scheme, light or dark, and no motion:
// screenshots are to show what was meant, not a moment of it.
func (tab *Tab) Scheme(name string) {
	tab.t.Helper()
	tab.run("preferring "+name, emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: name},
		{Name: "prefers-reduced-motion", Value: "reduce"},
	}))
}

// Resize gives the window a width, and a height that shows little.
func (tab *Tab) Resize(width int64) {
	tab.t.Helper()
	tab.run("resizing the window", chromedp.EmulateViewport(width, 200))
}

// Screenshot returns the whole page, however high, as a PNG.
func (tab *Tab) Screenshot(width int64) []byte {
	tab.t.Helper()
	tab.Resize(width)
	var picture []byte
	tab.run("taking a screenshot", chromedp.ActionFunc(func(ctx context.Context) error {
		var err error
		picture, err = page.CaptureScreenshot().WithCaptureBeyondViewport(true).Do(ctx)
		return err
	}))
	return picture
}
