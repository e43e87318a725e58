// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/caddy-onenote/caddy-onenote/internal/chromium"
	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// screenshotsVariable makes the tests write the README's screenshots again.
const screenshotsVariable = "ONENOTE_SCREENSHOTS"

// screenshotWidth is that of a window beside an editor, in pixels.
const screenshotWidth = 1000

// phoneWidth is that of the narrowest phones.
const phoneWidth = 360

// Every step of signing in and out is a key.
func TestPagesWorkByKeyboard(t *testing.T) {
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
	return [...document.querySelectorAll('header *, main *, footer *')]
		.filter(element => element.checkVisibility() && element.getBoundingClientRect().right > end)
		.map(element => element.outerHTML.slice(0, 80));
})()`

// lookVariable names a folder into which the tests write each page that they look at,
// light and dark, wide and narrow, for people to look at as well.
const lookVariable = "ONENOTE_LOOK"

// wantReadable fails the test unless the page can be read on a screen of any
// width, in light and in darkness. name is what the page is called in the folder of
// lookVariable.
func wantReadable(t *testing.T, tab *chromium.Tab, name string) {
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
		var scrolls int64
		if tab.Eval("document.documentElement.scrollWidth", &scrolls); scrolls > width {
			t.Errorf("%s: %d wide in a window of %d", tab.Address(), scrolls, width)
		}
	}
	wantQuiet(t, tab)
	saveLook(t, tab, name)
}

// saveLook writes the page into the folder of lookVariable, if there is one.
func saveLook(t *testing.T, tab *chromium.Tab, name string) {
	t.Helper()
	folder := os.Getenv(lookVariable)
	if folder == "" {
		return
	}
	for _, scheme := range []string{"light", "dark"} {
		tab.Scheme(scheme)
		for _, width := range []int64{screenshotWidth, phoneWidth} {
			file := filepath.Join(folder, fmt.Sprintf("%s-%s-%d.png", name, scheme, width))
			if err := os.WriteFile(file, tab.Screenshot(width), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	tab.Scheme("light")
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
func TestStatusPageIsReadable(t *testing.T) {
	m, s, b := startMicrosoft(t), newServer(t), chromium.Start(t)
	site := "onenote " + m.url + " {\n\taccount work\n}"
	s.mustLoad(s.config(m.block("work", named), site))
	tab := b.Stranger(t)
	tab.Open(s.url + "/")
	wantReadable(t, tab, "status-signed-out")
	photograph(t, tab, "status-signin.png")

	tab.Follow(signinButton)
	wantReadable(t, tab, "emulator-consent")
	consent(tab, "megan@contoso.com")
	tab.Until(onStatusPage)
	s.get(notebooks).want(t, 200, "")
	tab.Reload()
	wantReadable(t, tab, "status-ready")
	photograph(t, tab, "status-ready.png")
	tab.Press(".more summary")
	wantReadable(t, tab, "status-details")
	tab.Press(".more summary") // it would stay open

	s.mustLoad(s.config(m.block("work", named)+"\n"+m.block("personal"), site))
	s.signIn(browser(), "personal", "megan@outlook.com")
	m.control("POST", "tokens/revoke", `{"account":"megan@outlook.com","kind":"all"}`)
	s.adminDo("POST", "/onenote/accounts/personal/refresh", "")
	tab.Open(s.url + "/")
	if got := stateOf(tab, "work"); !strings.Contains(got, "Ready") {
		t.Errorf("work: got %q, want Ready", got)
	}
	if got := stateOf(tab, "personal"); !strings.Contains(got, "Sign-in required") {
		t.Errorf("personal, whose tokens were revoked: got %q, want Sign-in required", got)
	}
	wantReadable(t, tab, "status-signin-required")
	tab.Scheme("dark")
	photograph(t, tab, "status-dark.png")
}

// Each state has a page that can be read, and one main action at most.
func TestStatusPageIsReadableInEachState(t *testing.T) {
	b := chromium.Start(t)
	for _, test := range stateTests {
		t.Run(string(test.state), func(t *testing.T) {
			m, s := startMicrosoft(t), newServer(t)
			s.mustLoad(s.browsed(m))
			if test.signIn {
				s.signIn(browser(), "default", "someone@outlook.com")
			}
			test.bring(s, m)
			tab := b.Stranger(t)
			tab.Open(s.url + "/")
			wantReadable(t, tab, "state-"+string(test.state))
			var main []string
			tab.Eval("[...document.querySelectorAll('.primary')].map(e => e.innerText)", &main)
			want := 0
			if signingIn := test.state == tokens.SignedOut || test.state == tokens.SigningIn || test.state == tokens.NeedsSignin; signingIn {
				want = 1
			}
			if len(main) != want {
				t.Errorf("main actions: got %q, want %d", main, want)
			}
		})
	}
}

// Where there are many accounts, those that need somebody come first, and the others
// are folded.
func TestManyAccountsAreFoldedUnlessTheyNeedSomebody(t *testing.T) {
	m, s, b := startMicrosoft(t), newServer(t), chromium.Start(t)
	var blocks []string
	for _, name := range []string{"alex", "family", "megan", "zoe"} {
		blocks = append(blocks, m.block(name, named))
	}
	s.mustLoad(s.config(strings.Join(blocks, "\n"), "onenote "+m.url+" {\n\taccount alex\n}"))
	for _, name := range []string{"alex", "megan", "zoe"} {
		s.signIn(browser(), name, name+"@contoso.com")
	}
	m.control("POST", "tokens/revoke", `{"account":"zoe@contoso.com","kind":"all"}`)
	s.adminDo("POST", "/onenote/accounts/zoe/refresh", "")
	tab := b.Stranger(t)
	tab.Open(s.url + "/")
	var order []string
	tab.Eval("[...document.querySelectorAll('section[aria-labelledby^=name-] .tag')].map(e => e.innerText)", &order)
	if want := []string{"zoe", "family", "alex", "megan"}; !slices.Equal(order, want) {
		t.Errorf("accounts: got %v, want %v", order, want)
	}
	wantReadable(t, tab, "status-many")
	const signout = "section[aria-labelledby=name-alex] form[action$='/signout'] button"
	seen := func() (seen bool) {
		tab.Eval("document.querySelector("+inJS(signout)+").checkVisibility()", &seen)
		return seen
	}
	if seen() {
		t.Error("the account that needs nobody is not folded")
	}
	reach(t, tab, "#fold-alex > summary")
	tab.Key(kb.Enter)
	tab.Until("document.querySelector('#fold-alex').open")
	if !seen() {
		t.Error("the account does not open by keyboard")
	}
	wantReadable(t, tab, "status-many-open")
	tab.Reload()
	if !seen() {
		t.Error("the account is folded again after the page loaded itself again")
	}
}

// With script the page copies and shows local times; without it, it shows UTC.
func TestPagesHelpWithScript(t *testing.T) {
	m, s, b := startMicrosoft(t), newServer(t), chromium.Start(t)
	s.mustLoad(s.browsed(m))
	tab := b.Stranger(t)
	tab.Open(s.url + "/")
	tab.Follow(signinButton)
	consent(tab, "someone@outlook.com")
	tab.Until(onStatusPage)
	if got := tab.Text(".state"); !strings.Contains(got, "Ready") {
		t.Fatalf("got %q, want Ready", got)
	}
	var title string
	tab.Eval("document.querySelector('.more time').title", &title)
	if !strings.HasSuffix(title, " UTC") {
		t.Errorf("the title of a time: got %q, want it in UTC", title)
	}
	tab.Eval("document.addEventListener('copy', () => globalThis.copied = String(document.activeElement.value)); Object.defineProperty(navigator, 'clipboard', {value: {writeText: async text => { globalThis.copied = text }}})", nil)
	reach(t, tab, "button[data-copy=curl]")
	tab.Key(kb.Enter)
	tab.Until("globalThis.copied === " + inJS("curl "+s.url+notebooks))
	tab.Until("document.querySelector('#said').textContent === 'Copied'")
	wantQuiet(t, tab)
}

// Refusals that people see are pages like the others.
func TestRefusalPagesAreReadable(t *testing.T) {
	m, s, b := startMicrosoft(t), newServer(t), chromium.Start(t, "unknown.example")
	s.mustLoad(s.browsed(m))
	tab := b.Stranger(t)
	for name, address := range map[string]string{
		"not-found":      s.url + "/wiki/start",
		"no-such-page":   s.url + "/auth/default/nothing",
		"bad-path":       s.url + "/wiki//start",
		"forbidden-host": "http://unknown.example:" + s.port() + "/",
	} {
		tab.Open(address)
		tab.Forget() // the status of that page
		wantReadable(t, tab, "refusal-"+name)
	}
	for _, path := range []string{"/wiki/start", "/wiki//start", "/auth/default/nothing"} {
		tab.Open(s.url + path)
		tab.Follow("header a")
		if got, want := tab.Address().String(), s.url+"/"; got != want {
			t.Errorf("%s: the link leads to %s, want %s", path, got, want)
		}
	}
}

// So are the pages of a sign-in.
func TestSignInPagesAreReadable(t *testing.T) {
	m, s, b := startMicrosoft(t), newServer(t), chromium.Start(t)
	native := m.block("native", "redirect_uri https://login.live.com/oauth20_desktop.srf")
	s.mustLoad(s.config(m.block("work", named)+"\n"+m.block("personal")+"\n"+native, "onenote "+m.url+" {\n\taccount work\n}"))
	tab := b.Stranger(t)
	open := func(account string) { tab.Open(s.url + "/auth/" + account + "/signin") }

	open("native")
	wantReadable(t, tab, "signin-native")
	open("personal")
	wantReadable(t, tab, "signin-personal")
	tab.Press("summary")
	wantReadable(t, tab, "signin-paste")
	tab.Follow(signinButton)
	tab.Follow(denyButton)
	wantReadable(t, tab, "failure")

	open("personal")
	tab.Follow("form:has([name=flow][value=device]) button")
	wantReadable(t, tab, "device")
	photograph(t, tab, "device.png")
	tab.Scheme("light")
	open("personal")
	wantReadable(t, tab, "signin-code-waiting")
	tab.Open(s.url + "/")
	wantReadable(t, tab, "status-code-waiting")
	tab.Follow("section[aria-labelledby=name-personal] .code-link a")
	if got := tab.Text("h1"); got != "Sign in: personal" || tab.Text(".code output") == "" {
		t.Errorf("back to the code: got %q, without a code", got)
	}

	const long = "maximiliane.wolfeschlegelsteinhausenbergerdorff@a-company-with-a-long-name.example"
	open("work")
	tab.Follow(signinButton)
	consent(tab, long)
	open("work")
	tab.Follow("form:has([name=another]) button")
	consent(tab, "alex@contoso.com")
	wantReadable(t, tab, "confirm")
	tab.Follow("form:has([name=confirm][value=no]) button")
	wantReadable(t, tab, "status-long-name")

	open("personal")
	tab.Follow(signinButton)
	consent(tab, "one@outlook.com")
	open("personal")
	tab.Follow(signinButton)
	consent(tab, "two@outlook.com")
	wantReadable(t, tab, "confirm-unnamed")
	if text := tab.Text("main"); regexp.MustCompile("[0-9a-f]{20}").MatchString(text) {
		t.Errorf("the question names people by their ids: %q", text)
	}

	open("work")
	tab.Open(s.url + "/")
	tab.Follow("section[aria-labelledby=name-work] form[action$='/signout'] button")
	tab.Until("document.querySelector('h1').innerText === 'Signed out'")
	wantReadable(t, tab, "signed-out")
	tab.Open(s.url + "/auth/personal/callback")
	wantReadable(t, tab, "nothing-to-finish")
	tab.Open(s.url + "/auth/personal/callback?admin_consent=True&tenant=5e1c7cf0-0000-4000-8000-000000000000")
	wantReadable(t, tab, "admin-consent")
	tab.Open(s.url + "/auth/work/callback?code=M.1&state=unknown")
	tab.Forget() // that it is refused
	wantReadable(t, tab, "refused-response")
}

// Where the provider's name leads here, the pages say how to sign in all the same.
func TestPagesOfInterceptionAreReadable(t *testing.T) {
	s, b := newServer(t), chromium.Start(t)
	s.mustLoad(s.config("client_id x", "onenote {\nallowed_hosts www.onenote.com login.live.com\n}"))
	tab := b.Stranger(t)
	for name, path := range map[string]string{"status-intercepted": "/", "signin-intercepted": "/auth/default/signin"} {
		tab.Open(s.url + path)
		if got := tab.Text("main"); !strings.Contains(got, "login.live.com") || tab.Text("button.primary") != "Sign in with a code on another device" {
			t.Errorf("%s: got %q", path, got)
		}
		wantReadable(t, tab, name)
	}
}

// And those that apps meet which sign in by themselves (app_signin).
func TestPagesForAppsThatSignInAreReadable(t *testing.T) {
	m, s, b := startMicrosoft(t), newServer(t), chromium.Start(t)
	s.mustLoad(s.plain(m, "app_signin http://localhost/callback"))
	tab := b.Stranger(t)
	look := func(name, path, want string) {
		t.Helper()
		tab.Open(s.url + path)
		tab.Forget() // the status of the page
		if got := tab.Text("main"); !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
		wantReadable(t, tab, name)
	}
	const authorize = "/oauth20_authorize.srf?client_id=x&response_type=code"
	look("app-unlisted", authorize+"&redirect_uri=https%3A%2F%2Fother.example%2Fcb", "app_signin https://other.example/cb")
	look("app-problem", authorize, "redirect_uri")
	look("app-signed-out", "/oauth20_logout.srf", "has signed out")
	look("app-end", "/oauth20_desktop.srf", "has ended")

	code, _ := s.tokens(s.do("POST", "/common/oauth2/v2.0/devicecode", "client_id=tv", "Content-Type", "application/x-www-form-urlencoded"))["user_code"].(string)
	look("app-device", "/devicelogin", "Code that the device shows")
	tab.Fill("#code", code)
	tab.Follow("main button")
	wantReadable(t, tab, "app-device-decision")
	tab.Follow("button[value=allow]")
	wantReadable(t, tab, "app-device-done")

	tab.Scripts(false)
	look("app-form", authorize+"&redirect_uri=http%3A%2F%2Flocalhost%2Fcallback&response_mode=form_post", "One more step")
}

// Two pages are there for a moment only: one posts the response again, which it does by
// itself where scripts run; the other waits for the identity provider.
func TestPagesThatFinishASignInAreReadable(t *testing.T) {
	m, s, b := startMicrosoft(t), newServer(t), chromium.Start(t, "provider.example")
	s.mustLoad(s.browsed(m))
	m.control("POST", "faults", `{"path":"/oauth20_token.srf","delay":"5s","times":1}`)
	first, second, stranger := b.Tab(t), b.Tab(t), b.Stranger(t)
	first.Open(s.url + "/auth/default/signin")
	first.Follow(signinButton)
	state := first.Address().Query().Get("state")

	stranger.Scripts(false)
	stranger.OpenPlanted("http://provider.example/form", `<title>Back</title><link rel="icon" href="data:,"><form method="post" action="`+s.url+`/auth/default/callback">`+
		`<input type="hidden" name="code" value="M.1"><input type="hidden" name="state" value="`+state+`"><button>Back</button></form>`)
	stranger.Follow("button")
	if got := stranger.Text("main button"); got != "Go on" {
		t.Errorf("without scripts: got the button %q", got)
	}
	wantReadable(t, stranger, "finishing-by-button")

	first.Fill("input[name=user]", "someone@outlook.com")
	first.Press(acceptButton)
	eventually(t, "the provider is asked for the tokens", func() bool { return len(m.requests("/oauth20_token.srf")) == 1 })
	second.Open(s.url + "/auth/default/callback?code=M.1&state=" + url.QueryEscape(state))
	if got := second.Text("main [role=status]"); !strings.Contains(got, "is asked for the tokens") {
		t.Errorf("while the provider is asked: got %q", got)
	}
	wantReadable(t, second, "finishing")
	second.Until(onStatusPage)
	if got := second.Text(".state"); !strings.Contains(got, "Ready") {
		t.Errorf("after it: got %q, want Ready", got)
	}
}

// And those of the emulator, which are a newcomer's second screen.
func TestEmulatorPagesAreReadable(t *testing.T) {
	m, s, b := startMicrosoft(t), newServer(t), chromium.Start(t)
	s.mustLoad(s.browsed(m, "flow device"))
	tab, phone := b.Stranger(t), b.Stranger(t)
	tab.Open(s.url + "/")
	tab.Follow(signinButton)
	place, code := tab.Text(".place"), tab.Text(".code output")
	phone.Open(place)
	wantReadable(t, phone, "emulator-device")
	phone.Fill("input[name=user_code]", "WRONG")
	phone.Follow(acceptButton)
	phone.Forget() // the status of that page
	wantReadable(t, phone, "emulator-wrong-code")
	phone.Fill("input[name=user_code]", code)
	reach(t, phone, acceptButton)
	phone.FollowKey(kb.Enter)
	wantReadable(t, phone, "emulator-signed-in")
	phone.Open(m.url + "/common/oauth2/v2.0/authorize?client_id=test&response_type=code&scope=openid&redirect_uri=relative")
	phone.Forget()
	wantReadable(t, phone, "emulator-error")
	phone.Open(m.url + "/common/oauth2/v2.0/logout")
	wantReadable(t, phone, "emulator-signed-out")
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
		document.querySelectorAll('#base, #curl').forEach(field => field.value = field.value.replace(/http:\/\/localhost:\d+/, 'http://localhost:8080'));
		document.querySelectorAll('.version').forEach(product => product.innerText = 'caddy-onenote');
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
