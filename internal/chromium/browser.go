// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package chromium lets tests use pages as people do: in a real, headless
// Chromium, with a mouse and a keyboard. Tests that need it skip where no
// Chromium is installed, unless nothing may skip; see package needs.
//
// Tests wait for a condition of the page, never for a time; the limits only end a
// test that fails.
package chromium

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"github.com/caddy-onenote/caddy-onenote/internal/needs"
)

// Limits for waiting, far beyond what any of it takes.
const (
	startLimit = time.Minute
	waitLimit  = 20 * time.Second
	closeLimit = 10 * time.Second
)

// pollInterval is how often a state is polled that sends no notice of a change.
const pollInterval = 5 * time.Millisecond

// Browser is a Chromium with a profile of its own. It ends with the test that
// started it and leaves no process and no file behind.
type Browser struct {
	ctx context.Context
}

// Start starts a browser. It reaches localhost and the addresses of this machine,
// and nothing else. Each of hosts is one more name for 127.0.0.1, for example of
// another site or of one that uses DNS rebinding.
func Start(t testing.TB, hosts ...string) *Browser {
	t.Helper()
	path := needs.Program(t, "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
	profile := newProfile(t)
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.UserDataDir(profile),
		chromedp.NoSandbox, // root in a container has none
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("host-resolver-rules", resolverRules(hosts)),
		// Not every browser keeps pages of the network away from this machine,
		// so tests must not rely on that.
		chromedp.Flag("disable-features", "Translate,LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets"),
		chromedp.WSURLReadTimeout(startLimit),
	)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	// chromedp.Cancel below closes the browser in order. The cancel function
	// that is dropped here would kill it.
	ctx, _ := chromedp.NewContext(allocator, chromedp.WithErrorf(discard))
	t.Cleanup(func() {
		limited, cancel := context.WithTimeout(ctx, closeLimit)
		defer cancel()
		if err := chromedp.Cancel(limited); err != nil {
			t.Logf("closing the browser: %v", err)
		}
		stop()
	})
	// The first run starts the process, which ends with the context of that
	// run: so it must be the one without a limit.
	if err := chromedp.Run(ctx); err != nil {
		t.Fatalf("starting %s: %v", path, err)
	}
	return &Browser{ctx: ctx}
}

// discard drops chromedp's log of protocol messages that it does not know yet;
// failures are returned as errors.
func discard(string, ...any) {}

// resolverRules resolves names without a network. Exclusions count first, then
// the first rule that matches.
func resolverRules(hosts []string) string {
	var rules []string
	for _, host := range hosts {
		rules = append(rules, "MAP "+host+" 127.0.0.1")
	}
	rules = append(rules, "MAP * ~NOTFOUND", "EXCLUDE localhost", "EXCLUDE 127.0.0.1", "EXCLUDE [::1]")
	return strings.Join(rules, ", ")
}

// newProfile makes a folder for a profile. t.TempDir would not do: processes of
// Chromium still write for a moment after the browser has ended, and a TempDir
// that cannot be removed at once fails the test.
func newProfile(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "chromium")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		limit, retry := time.After(closeLimit), time.NewTicker(pollInterval)
		defer retry.Stop()
		for os.RemoveAll(dir) != nil {
			select {
			case <-retry.C:
			case <-limit:
				t.Logf("%s could not be removed", dir)
				return
			}
		}
	})
	return dir
}

// Tab opens a tab, which closes with the test. Tabs share their cookies.
func (b *Browser) Tab(t testing.TB) *Tab {
	t.Helper()
	return b.open(t)
}

// Stranger opens a tab with a cookie store of its own, which is empty: to web
// sites it is another browser.
func (b *Browser) Stranger(t testing.TB) *Tab {
	t.Helper()
	executor := cdp.WithExecutor(b.ctx, chromedp.FromContext(b.ctx).Browser)
	profile, err := target.CreateBrowserContext().Do(executor)
	if err != nil {
		t.Fatalf("making another browser: %v", err)
	}
	t.Cleanup(func() {
		if err := target.DisposeBrowserContext(profile).Do(executor); err != nil {
			t.Logf("closing the other browser: %v", err)
		}
	})
	// A profile without a window has no place for a tab.
	id, err := target.CreateTarget("about:blank").WithBrowserContextID(profile).WithNewWindow(true).Do(executor)
	if err != nil {
		t.Fatalf("opening a window: %v", err)
	}
	return b.open(t, chromedp.WithTargetID(id))
}

func (b *Browser) open(t testing.TB, options ...chromedp.ContextOption) *Tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, options...)
	tab := &Tab{t: t, browser: b, ctx: ctx}
	chromedp.ListenTarget(ctx, tab.notice)
	t.Cleanup(cancel)
	if err := chromedp.Run(ctx); err != nil {
		t.Fatalf("opening a tab: %v", err)
	}
	return tab
}
