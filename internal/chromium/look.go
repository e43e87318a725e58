// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package chromium

import (
	"context"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Scheme makes the tab prefer a colour scheme, light or dark, and no motion, so
// that a screenshot does not show a moment of an animation.
func (tab *Tab) Scheme(name string) {
	tab.t.Helper()
	tab.run("preferring "+name, emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: name},
		{Name: "prefers-reduced-motion", Value: "reduce"},
	}))
}

// Resize sets the width of the window, and a small height.
func (tab *Tab) Resize(width int64) {
	tab.t.Helper()
	tab.run("resizing the window", chromedp.EmulateViewport(width, 200))
}

// Scripts allows the scripts of pages, or forbids them.
func (tab *Tab) Scripts(allowed bool) {
	tab.t.Helper()
	tab.run("allowing or forbidding scripts", emulation.SetScriptExecutionDisabled(!allowed))
}

// Screenshot returns the whole page as a PNG, whatever its height.
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
