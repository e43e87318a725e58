// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/caddy-onenote/caddy-onenote/internal/chromium"
	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// screenshotsVariable makes the tests write the README's screenshots anew.
const screenshotsVariable = "ONENOTE_SCREENSHOTS"

// screenshotWidth is that of a window beside an editor, in pixels.
const screenshotWidth = 1000

// phoneWidth is that of the narrowest phones.
const phoneWidth = 360

// Every step of signing in and out is a key.
func TestThePagesWorkByKeyboard(t *testing.T) {
	m, s, b := startMicrosoft(t), newServer(t), chromium.Start(t)
	s.mustLoad(s.browsed(m))
	tab := b.Tab(t)
	tab.Open(s.url + "/")
	reach(t, tab, signinButton)
	tab.FollowKey(kb.Enter)
	reach(t, tab, acceptButton)
	tab.FollowKey(kb.Enter)
	tab.Until(onStatusPage)
	s.wantState(t, tokens.Ready)

	reach(t, tab, "form[action$='/signout'] button")
	tab.FollowKey(" ")
	tab.Until("document.querySelector('h1').innerText === 'Signed out'")
	reach(t, tab, "nav a")
	tab.FollowKey(kb.Enter)
	tab.Until(onStatusPage)
	wantQuiet(t, tab)
	s.wantState(t, tokens.SignedOut)
}

// reach presses Tab until the focus is on an element, and fails the test if it
// never is, or if the focus cannot be seen there.
func reach(t *testing.T, tab *chromium.Tab, selector string) {
	t.Helper()
	const many = 20
	for range many {
		tab.Key(kb.Tab)
		var at struct{ Here, Seen bool }
		tab.Eval(`({
			Here: document.activeElement.matches(`+inJS(selector)+`),
			Seen: getComputedStyle(document.activeElement).outlineStyle !== 'none',
		})`, &at)
		if !at.Here {
			continue
		}
		if !at.Seen {
			t.Errorf("%s: the focus on %s cannot be seen", tab.Address(), selector)
		}
		return
	}
	t.Fatalf("%s: %s is not reached in %d steps", tab.Address(), selector, many)
}

// faint lists the texts of a page whose contrast to what is behind them is
// below what WCAG 2.2 asks for (1.4.3): 4.5, or 3 where they are large.
const faint = `(() => {
	const channels = colour => colour.match(/[\d.]+/g).map(Number);
	const luminance = colour => {
		const [r, g, b] = channels(colour).map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const behind = element => {
		for (let e = element; e; e = e.parentElement) {
			const colour = getComputedStyle(e).backgroundColor;
			if ((channels(colour)[3] ?? 1) === 1) {
				return colour;
			}
		}
		return 'rgb(255, 255, 255)';
	};
	const found = [];
	for (const element of document.querySelectorAll('body *')) {
		const own = element.value || [...element.childNodes].filter(n => n.nodeType === Node.TEXT_NODE).map(n => n.data).join('').trim();
		if (!own || !element.checkVisibility()) {
			continue;
		}
		const style = getComputedStyle(element);
		const [dark, light] = [luminance(style.color), luminance(behind(element))].sort((a, b) => a - b);
		const ratio = (light + 0.05) / (dark + 0.05);
		const large = parseFloat(style.fontSize) >= 24 || parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700;
		if (ratio < (large ? 3 : 4.5)) {
			found.push(own + ': ' + ratio.toFixed(1));
		}
	}
	return found;
})()`

// wide lists the elements that stick out of the column.
const wide = `(() => {
	const style = getComputedStyle(document.querySelector('main'));
	const end = document.querySelector('main').getBoundingClientRect().right - parseFloat(style.paddingRight);
	return [...document.querySelectorAll('nav *, main *, footer *')]
		.filter(element => element.checkVisibility() && element.getBoundingClientRect().right > end)
		.map(element => element.outerHTML.slice(0, 80));
})()`

// wantReadable fails the test unless the page can be read on a screen of any
// width, in light and in darkness.
func wantReadable(t *testing.T, tab *chromium.Tab) {
	t.Helper()
	var backgrounds []string
	for _, scheme := range []string{"dark", "light"} {
		tab.Scheme(scheme)
		var found []string
		if tab.Eval(faint, &found); len(found) > 0 {
			t.Errorf("%s: too faint in %s: %q", tab.Address(), scheme, found)
		}
		var background string
		tab.Eval("getComputedStyle(document.body).backgroundColor", &background)
		backgrounds = append(backgrounds, background)
	}
	if backgrounds[0] == backgrounds[1] {
		t.Errorf("%s: the background is %s in light and in darkness", tab.Address(), backgrounds[0])
	}
	for _, width := range []int64{phoneWidth, screenshotWidth} {
		tab.Resize(width)
		var found []string
		if tab.Eval(wide, &found); len(found) > 0 {
			t.Errorf("%s: wider than a window of %d: %q", tab.Address(), width, found)
		}
	}
	wantQuiet(t, tab)
}

// block is an account of that name, at the emulator.
func (m *microsoft) block(name string, options ...string) string {
	return "account " + name + " {\nclient_id test\nauthority " + m.url + "\n" + strings.Join(options, "\n") + "\n}"
}

// stateOf returns what the status page says of an account.
func stateOf(tab *chromium.Tab, name string) string {
	return tab.Text("section[aria-labelledby=name-" + name + "] .state")
}

// The status page is looked at, by what can be measured of it, in the states
// that it has to make clear.
func TestTheStatusPageCanBeRead(t *testing.T) {
	m, s, b := startMicrosoft(t), newServer(t), chromium.Start(t)
	site := "onenote " + m.url + " {\n\taccount work\n}"
	s.mustLoad(s.config(m.block("work", named), site))
	tab := b.Stranger(t)
	tab.Open(s.url + "/")
	wantReadable(t, tab)
	photograph(t, tab, "status-signin.png")

	tab.Follow(signinButton)
	consent(tab, "megan@contoso.com")
	tab.Until(onStatusPage)
	wantReadable(t, tab)
	photograph(t, tab, "status-ready.png")

	s.mustLoad(s.config(m.block("work", named)+"\n"+m.block("personal"), site))
	s.signIn(browser(), "personal", "megan@outlook.com")
	m.control("POST", "tokens/revoke", `{"account":"megan@outlook.com","kind":"all"}`)
	s.adminDo("POST", "/onenote/accounts/personal/renew", "")
	tab.Reload()
	if got := stateOf(tab, "work"); !strings.Contains(got, "Ready") {
		t.Errorf("work: got %q, want Ready", got)
	}
	if got := stateOf(tab, "personal"); !strings.Contains(got, "Sign-in required") {
		t.Errorf("personal, whose tokens were revoked: got %q, want Sign-in required", got)
	}
	wantReadable(t, tab)
	tab.Scheme("dark")
	photograph(t, tab, "status-dark.png")
}

// So are the pages of a sign-in.
func TestThePagesOfASigninCanBeRead(t *testing.T) {
	m, s, b := startMicrosoft(t), newServer(t), chromium.Start(t)
	native := m.block("native", "redirect_uri https://login.live.com/oauth20_desktop.srf")
	s.mustLoad(s.config(m.block("work", named)+"\n"+m.block("personal")+"\n"+native, "onenote "+m.url+" {\n\taccount work\n}"))
	tab := b.Stranger(t)
	open := func(account string) { tab.Open(s.url + "/auth/" + account + "/signin") }

	open("native")
	wantReadable(t, tab)
	open("personal")
	wantReadable(t, tab)
	tab.Press("summary")
	wantReadable(t, tab)
	tab.Follow(signinButton)
	tab.Follow(denyButton)
	wantReadable(t, tab)

	open("personal")
	tab.Follow("form:has([name=flow][value=device]) button")
	wantReadable(t, tab)
	photograph(t, tab, "device.png")

	open("work")
	tab.Follow(signinButton)
	consent(tab, "megan@contoso.com")
	open("work")
	tab.Follow("form:has([name=another]) button")
	consent(tab, "alex@contoso.com")
	wantReadable(t, tab)
	tab.Follow("form:has([name=confirm][value=no]) button")

	tab.Follow("form[action$='/signout'] button")
	tab.Until("document.querySelector('h1').innerText === 'Signed out'")
	wantReadable(t, tab)
	tab.Open(s.url + "/auth/work/callback?code=M.1&state=unknown")
	tab.Forget() // that it is refused
	wantReadable(t, tab)
}

// photograph writes a screenshot into docs, if it is asked for. The addresses
// on it are those that a reader would see, in place of the emulator's: of the
// site, and of the provider's page.
func photograph(t *testing.T, tab *chromium.Tab, name string) {
	t.Helper()
	if os.Getenv(screenshotsVariable) == "" {
		return
	}
	tab.Eval(`
		document.querySelectorAll('#base').forEach(field => field.value = 'http://localhost:8080');
		document.querySelectorAll('ol a').forEach(link => link.innerText = 'https://www.microsoft.com/link');
		document.activeElement.blur();
	`, nil)
	picture := tab.Screenshot(screenshotWidth)
	const most = 150 << 10
	if len(picture) > most {
		t.Errorf("%s: got %d bytes, want at most %d", name, len(picture), most)
	}
	if err := os.WriteFile(filepath.Join("..", "docs", name), picture, 0o644); err != nil {
		t.Fatal(err)
	}
}
