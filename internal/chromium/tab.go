// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package chromium

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// Tab is a tab of a browser. If something that they wait for does not happen, its
// methods fail the test and say what the tab shows instead.
type Tab struct {
	t       testing.TB
	browser *Browser
	ctx     context.Context
	leaves  int

	mu         sync.Mutex
	complaints []Complaint
	requests   []*Request
}

// Open types an address into the address bar and waits for the page.
func (tab *Tab) Open(address string) {
	tab.t.Helper()
	tab.leave("opening "+address, func(ctx context.Context) error {
		_, _, _, _, err := page.Navigate(address).Do(ctx)
		return err
	})
}

// Press clicks on an element with the mouse.
func (tab *Tab) Press(selector string) {
	tab.t.Helper()
	tab.run("pressing "+selector, chromedp.Click(selector, chromedp.ByQuery, chromedp.NodeVisible))
}

// Follow clicks on an element with the mouse and waits for the next page.
func (tab *Tab) Follow(selector string) {
	tab.t.Helper()
	tab.leave("pressing "+selector, chromedp.Click(selector, chromedp.ByQuery, chromedp.NodeVisible).Do)
}

// Fill writes a text into a field, in place of what it held.
func (tab *Tab) Fill(selector, text string) {
	tab.t.Helper()
	tab.Press(selector)
	tab.Eval("document.activeElement.select()", nil)
	tab.run("filling in "+selector, input.InsertText(text))
}

// Key presses keys, as package kb names them, wherever the focus is.
func (tab *Tab) Key(keys string) {
	tab.t.Helper()
	tab.run("pressing a key", chromedp.KeyEvent(keys))
}

// FollowKey presses keys that lead to another page, and waits for it.
func (tab *Tab) FollowKey(keys string) {
	tab.t.Helper()
	tab.leave("pressing a key", chromedp.KeyEvent(keys).Do)
}

// Reload loads the page again.
func (tab *Tab) Reload() {
	tab.t.Helper()
	tab.leave("loading again", page.Reload().Do)
}

// Back presses the browser's back button.
func (tab *Tab) Back() {
	tab.t.Helper()
	tab.leave("going back", func(ctx context.Context) error {
		current, entries, err := page.GetNavigationHistory().Do(ctx)
		if err != nil {
			return err
		}
		if current == 0 {
			return errors.New("there is no page before this one")
		}
		return page.NavigateToHistoryEntry(entries[current-1].ID).Do(ctx)
	})
}

// Opened returns the tab that act makes this one open.
func (tab *Tab) Opened(act func()) *Tab {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, waitLimit)
	defer cancel()
	// A link with rel=noopener hides the old page from the new one, but not
	// from the browser.
	found := make(chan target.ID, 1)
	chromedp.ListenBrowser(ctx, func(event any) {
		if created, ok := event.(*target.EventTargetCreated); ok && created.TargetInfo.Type == "page" {
			select {
			case found <- created.TargetInfo.TargetID:
			default:
			}
		}
	})
	act()
	select {
	case id := <-found:
		return tab.browser.open(tab.t, chromedp.WithTargetID(id))
	case <-ctx.Done():
		tab.t.Fatalf("no tab was opened; %s", tab.describe())
		return nil
	}
}

// Until waits until an expression is true on the page.
func (tab *Tab) Until(expression string) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, waitLimit)
	defer cancel()
	if err := tab.until(ctx, expression); err != nil {
		tab.t.Fatalf("never became true: %s; %s", expression, tab.describe())
	}
}

// Eval evaluates an expression on the page and stores its value in result. If the
// value is a promise, it waits for it.
func (tab *Tab) Eval(expression string, result any) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, waitLimit)
	defer cancel()
	if err := tab.eval(ctx, expression, result); err != nil {
		tab.t.Fatalf("evaluating %s: %v; %s", expression, err, tab.describe())
	}
}

// Text returns the text of the first element that matches, as people see it.
func (tab *Tab) Text(selector string) string {
	tab.t.Helper()
	var text string
	tab.Eval("document.querySelector("+quote(selector)+")?.innerText ?? ''", &text)
	return text
}

// Has reports whether the page has such an element.
func (tab *Tab) Has(selector string) bool {
	tab.t.Helper()
	var has bool
	tab.Eval("document.querySelector("+quote(selector)+") !== null", &has)
	return has
}

// Address returns what the address bar shows, even if the browser shows its own
// page about a host that cannot be reached.
func (tab *Tab) Address() *url.URL {
	tab.t.Helper()
	all := tab.History()
	return all[len(all)-1]
}

// History returns the addresses of the pages that the back button leads to, and
// of the page shown as the last one.
func (tab *Tab) History() []*url.URL {
	tab.t.Helper()
	var current int64
	var entries []*page.NavigationEntry
	tab.run("reading the history", chromedp.NavigationEntries(&current, &entries))
	all := make([]*url.URL, 0, current+1)
	for _, e := range entries[:current+1] {
		u, err := url.Parse(e.URL)
		if err != nil {
			tab.t.Fatal(err)
		}
		all = append(all, u)
	}
	return all
}

// run runs actions within the limit.
func (tab *Tab) run(what string, actions ...chromedp.Action) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, waitLimit)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		tab.t.Fatalf("%s: %v; %s", what, err, tab.describe())
	}
}

// leave runs an action and waits until the tab has another document, whole.
func (tab *Tab) leave(what string, action func(context.Context) error) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, waitLimit)
	defer cancel()
	// Mark the current document: the next one has no mark, or an older one if
	// the back button brings it.
	tab.leaves++
	err := tab.eval(ctx, fmt.Sprintf("void (globalThis.__left = %d)", tab.leaves), nil)
	if err == nil {
		err = chromedp.Run(ctx, chromedp.ActionFunc(action))
	}
	if err == nil {
		err = tab.until(ctx, fmt.Sprintf("globalThis.__left !== %d && document.readyState === 'complete'", tab.leaves))
	}
	if err != nil {
		tab.t.Fatalf("%s: %v; %s", what, err, tab.describe())
	}
}

// until polls. An expression may fail while one document replaces another, so
// only the end of the context is an error.
func (tab *Tab) until(ctx context.Context, expression string) error {
	poll := time.NewTicker(pollInterval)
	defer poll.Stop()
	for {
		var done bool
		if err := tab.eval(ctx, "!!("+expression+")", &done); err == nil && done {
			return nil
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (tab *Tab) eval(ctx context.Context, expression string, result any) error {
	p := runtime.Evaluate(expression).WithAwaitPromise(true).WithReturnByValue(true)
	executor := cdp.WithExecutor(ctx, chromedp.FromContext(ctx).Target)
	value, exception, err := p.Do(executor)
	switch {
	case err != nil:
		return err
	case exception != nil:
		return exception
	case result == nil || value.Value == nil:
		return nil
	}
	return json.Unmarshal(value.Value, result)
}

// describe says what the tab shows, for the message of a failed test.
func (tab *Tab) describe() string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(tab.ctx), closeLimit)
	defer cancel()
	var shows struct{ Address, Title, Text string }
	err := tab.eval(ctx, "({Address: location.href, Title: document.title, Text: document.body?.innerText ?? ''})", &shows)
	if err != nil {
		return fmt.Sprintf("what the tab shows cannot be read: %v", err)
	}
	return fmt.Sprintf("the tab shows %s (%s):\n%s\nconsole: %q", shows.Address, shows.Title, shows.Text, tab.Complaints())
}

// quote writes a text as a literal of JavaScript.
func quote(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		return "''" // no string fails
	}
	return string(b)
}
