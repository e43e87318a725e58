// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"encoding/json"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-onenote/caddy-onenote/internal/chromium"
	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// visit is a person at a browser, before a site whose account nobody has
// signed in yet.
type visit struct {
	t *testing.T
	m *microsoft
	s *caddyServer
	b *chromium.Browser
}

// at opens the status page in a browser that was never here.
func (v visit) at() *chromium.Tab {
	v.t.Helper()
	tab := v.b.Stranger(v.t)
	tab.Open(v.s.url + "/")
	return tab
}

// begin opens the status page and presses the button.
func (v visit) begin() *chromium.Tab {
	v.t.Helper()
	tab := v.at()
	tab.Follow(signinButton)
	return tab
}

// signIn does all of a sign-in.
func (v visit) signIn(user string) *chromium.Tab {
	v.t.Helper()
	tab := v.begin()
	consent(tab, user)
	v.wantSignedIn(tab)
	return tab
}

// wantSignedIn waits for the status page of an account that is ready.
func (v visit) wantSignedIn(tab *chromium.Tab) {
	v.t.Helper()
	tab.Until(onStatusPage)
	if got := tab.Text(".state"); !strings.Contains(got, "Ready") {
		v.t.Errorf("the page says %q, want Ready", got)
	}
	v.wantClean(tab)
	v.s.wantState(v.t, tokens.Ready)
}

// wantPage waits for a page with that heading, and looks for words on it.
func (v visit) wantPage(tab *chromium.Tab, heading string, words ...string) {
	v.t.Helper()
	tab.Until("document.querySelector('h1')?.innerText === " + inJS(heading))
	text := tab.Text("main")
	for _, w := range words {
		if !strings.Contains(text, w) {
			v.t.Errorf("%s: got %q, want %q in it", heading, text, w)
		}
	}
}

// wantClean fails the test if the address of the page, or of one that the back
// button leads to, tells what a sign-in lives on, if the provider was told
// where the browser came from, or if the console holds anything.
func (v visit) wantClean(tab *chromium.Tab) {
	v.t.Helper()
	for _, u := range tab.History() {
		if !strings.HasPrefix(u.String(), v.s.url) {
			continue
		}
		for _, name := range []string{"code=", "state=", "token="} {
			if strings.Contains(u.String(), name) {
				v.t.Errorf("the history holds %s", u)
			}
		}
	}
	v.m.wantNoReferrer(v.t, v.s.url)
	wantQuiet(v.t, tab)
}

// inJS writes a value as a literal of JavaScript.
func inJS(value any) string {
	b, _ := json.Marshal(value) // no text fails, and nothing that was read as JSON
	return string(b)
}

// responseOf returns the address by which the provider sent the browser back.
func (v visit) responseOf(tab *chromium.Tab) *url.URL {
	v.t.Helper()
	for _, r := range tab.Requests() {
		if u, err := url.Parse(r.URL); err == nil && strings.HasSuffix(u.Path, "/callback") && u.Query().Has("code") {
			return u
		}
	}
	v.t.Fatal("the provider's response did not come by the query")
	return nil
}

// named is an account whose provider says what people call who signs in.
const named = "provider entra\nscopes openid profile offline_access https://onenote.com/Notes.ReadWrite"

// Every way that a sign-in can go ends on a page that says what happened, and
// with a store to match.
func TestSignInInBrowser(t *testing.T) {
	b := chromium.Start(t)
	for _, tc := range []struct {
		name    string
		account string // its options
		run     func(visit)
	}{
		{"is denied", "", isDenied},
		{"is cancelled at a work account's provider", "provider entra", isDenied},
		{"is left by the back button", "", isLeft},
		{"gets its response twice", "", getsResponseTwice},
		{"gets a response with a forged state", "", isForged},
		{"gets its response in another browser", "", getsResponseElsewhere},
		{"gets its response in the fragment", "flow token\nscopes office.onenote_update", hasFragment},
		{"gets its response in the fragment with a code", "provider entra\nresponse_mode fragment", hasFragment},
		{"gets its response by a form", "provider entra\nresponse_mode form_post", hasForm},
		{"ends on a blank page of the provider's", "redirect_uri https://login.live.com/oauth20_desktop.srf", isPasted},
		{"ends on the provider's error page", "redirect_uri https://login.live.com/oauth20_desktop.srf", isRefusedByProvider},
		{"uses a code on another device", "flow device", usesDevice},
		{"is declined on another device", "provider entra\nflow device", isDeclinedOnDevice},
		{"offers a code beside the account's own flow", "provider entra", offersDevice},
		{"is by somebody who is not expected", named + "\nexpected_user one@example.com", isUnexpected},
		{"is by somebody else", named, changesHands},
		{"is undone", "", isUndone},
		{"is undone at a work account's provider", "provider entra", isUndone},
		{"lasts over a restart", "", lasts},
	} {
		t.Run(tc.name, func(t *testing.T) {
			v := visit{t, startMicrosoft(t), newServer(t), b}
			v.s.mustLoad(v.s.browsed(v.m, tc.account))
			tc.run(v)
		})
	}
}

func isDenied(v visit) {
	tab := v.begin()
	tab.Follow(denyButton)
	v.wantPage(tab, "Sign-in failed: default", "The sign-in was refused or cancelled", "access_denied", "Sign in again")
	v.wantClean(tab)
	v.s.wantState(v.t, tokens.SignedOut)

	// The page offers what it advises.
	tab.Follow(signinButton)
	consent(tab, "someone@outlook.com")
	v.wantSignedIn(tab)
}

func isLeft(v visit) {
	tab := v.begin()
	tab.Back()
	tab.Reload()
	if got := tab.Text(".state"); !strings.Contains(got, "Signing in") {
		v.t.Errorf("the page says %q, want Signing in", got)
	}
	v.s.wantState(v.t, tokens.SigningIn)
	tab.Follow(signinButton)
	consent(tab, "someone@outlook.com")
	v.wantSignedIn(tab)
}

func getsResponseTwice(v visit) {
	tab := v.signIn("someone@outlook.com")
	tab.Open(v.responseOf(tab).String())
	v.wantSignedIn(tab)
}

func isForged(v visit) {
	tab := v.begin()
	forged := v.s.url + "/auth/default/callback?" + url.Values{
		"code": {"M.stolen"}, "state": {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
	}.Encode()
	other := v.b.Stranger(v.t)
	other.Open(forged)
	v.wantPage(other, "Too late, or not from here", "is not known here")
	v.s.wantState(v.t, tokens.SigningIn)
	if got := v.m.requests(tokenPath); len(got) != 0 {
		v.t.Errorf("the forged code went to the provider: %v", got)
	}

	// It took nothing from the one who really signs in.
	consent(tab, "someone@outlook.com")
	v.wantSignedIn(tab)
}

// Somebody begins a sign-in and lures somebody else into ending it.
func getsResponseElsewhere(v visit) {
	tab := v.begin()
	lured := v.b.Stranger(v.t)
	lured.Open(tab.Address().String())
	consent(lured, "victim@outlook.com")
	v.wantPage(lured, "Another browser", "begun in another browser")
	v.s.wantState(v.t, tokens.SigningIn)

	consent(tab, "someone@outlook.com")
	v.wantSignedIn(tab)
}

func hasFragment(v visit) {
	v.signIn("someone@outlook.com")
}

func hasForm(v visit) {
	tab := v.signIn("someone@outlook.com")
	for _, r := range tab.Requests() {
		if strings.HasPrefix(r.URL, v.s.url+"/auth/default/callback?") {
			v.t.Errorf("the response came by the query: %s", r.URL)
		}
	}
}

func isPasted(v visit) {
	tab := v.at()
	provider := tab.Opened(func() { tab.Press(signinButton) })
	provider.Until("document.querySelector(" + inJS(acceptButton) + ") !== null")
	consent(provider, "someone@outlook.com")
	address := provider.Address()
	if got, want := address.Host+address.Path, "login.live.com/oauth20_desktop.srf"; got != want {
		v.t.Fatalf("the provider's page: got %s, want %s", got, want)
	}
	tab.Fill("input[name=address]", "https://login.live.com/oauth20_desktop.srf?code=M.forged&state=forged")
	tab.Follow("form[action$='/paste'] button")
	v.wantPage(tab, "Too late, or not from here", "is not known here")

	tab.Forget() // the console has the status of that page
	tab.Open(v.s.url + "/")
	tab.Fill("input[name=address]", address.String())
	tab.Follow("form[action$='/paste'] button")
	v.wantSignedIn(tab)
}

// Live shows its own page where it does not trust the redirect URI; what is
// wrong stands in its address only.
func isRefusedByProvider(v visit) {
	v.m.control("POST", "clients", `{"client_id":"test","redirect_uris":["http://localhost/other"]}`)
	tab := v.at()
	provider := tab.Opened(func() { tab.Press(signinButton) })
	provider.Until("location.pathname === '/err.srf' && location.hash !== ''")
	tab.Fill("input[name=address]", provider.Address().String())
	tab.Follow("form[action$='/paste'] button")
	v.wantPage(tab, "Sign-in failed: default", "The identity provider does not accept the request", "Compare redirect_uri")
	v.wantClean(tab)
	v.s.wantState(v.t, tokens.SignedOut)
}

// hasten lets the provider be asked every second whether a code was used, in
// place of every five: the next sign-in with a code gets the provider's own
// response with another interval.
func (v visit) hasten(path string, form url.Values) {
	v.t.Helper()
	form.Set("client_id", "test")
	res := v.s.submit(browser(), v.m.url+path, form)
	var response map[string]any
	if err := json.Unmarshal([]byte(res.body), &response); err != nil || response["user_code"] == nil {
		v.t.Fatalf("%s: got %s, %v", path, res.body, err)
	}
	response["interval"] = 1
	v.m.control("POST", "faults", `{"path":`+inJS(path)+`,"times":1,"status":200,"headers":{"Content-Type":"application/json"},"body":`+inJS(inJS(response))+`}`)
}

// enter types the code that a tab shows at the provider, in another browser,
// and presses a button there.
func (v visit) enter(tab *chromium.Tab, button string) {
	v.t.Helper()
	code := tab.Text(".code output")
	if code == "" {
		v.t.Fatal("the page shows no code")
	}
	var size float64
	tab.Eval("parseFloat(getComputedStyle(document.querySelector('.code output')).fontSize)", &size)
	if size < 32 {
		v.t.Errorf("the code is %.0f pixels high, want it large", size)
	}
	phone := v.b.Stranger(v.t)
	phone.Open(tab.Text("a[href^='" + v.m.url + "']"))
	phone.Fill("input[name=user_code]", code)
	phone.Fill("input[name=user]", "someone@outlook.com")
	phone.Follow(button)
}

// The page notices by itself that the code was used.
func usesDevice(v visit) {
	v.hasten("/oauth20_connect.srf", url.Values{"response_type": {"device_code"}, "scope": {"office.onenote_update wl.signin wl.offline_access"}})
	tab := v.begin()
	v.s.wantState(v.t, tokens.SigningIn)
	v.enter(tab, acceptButton)
	v.wantSignedIn(tab)
}

func isDeclinedOnDevice(v visit) {
	v.hasten("/common/oauth2/v2.0/devicecode", url.Values{"scope": {"https://onenote.com/Notes.ReadWrite"}})
	tab := v.begin()
	v.enter(tab, denyButton)
	v.wantSettled(tab)
	v.wantPage(tab, "Sign-in failed: default", "declined", "Start")
	v.wantClean(tab)
	v.s.wantState(v.t, tokens.SignedOut)
}

func offersDevice(v visit) {
	v.hasten("/common/oauth2/v2.0/devicecode", url.Values{"scope": {"https://onenote.com/Notes.ReadWrite offline_access"}})
	tab := v.at()
	tab.Follow("form:has([name=flow][value=device]) button")
	v.enter(tab, acceptButton)
	v.wantSettled(tab)
	v.wantSignedIn(tab)
}

// wantSettled looks at the page again once the provider has said how the
// sign-in went, instead of waiting for the page to do it.
func (v visit) wantSettled(tab *chromium.Tab) {
	v.t.Helper()
	eventually(v.t, "the sign-in is over", func() bool { return v.s.status().State != tokens.SigningIn })
	tab.Reload()
}

func isUnexpected(v visit) {
	tab := v.begin()
	consent(tab, "two@example.com")
	v.wantPage(tab, "Sign-in failed: default", "Another user signed in than expected_user allows", "nothing was stored")
	v.wantClean(tab)
	v.s.wantState(v.t, tokens.SignedOut)
	if found, err := filepath.Glob(filepath.Join(v.s.dir, "storage", "onenote", "accounts", "*")); err != nil || len(found) != 0 {
		v.t.Errorf("stored: %v, %v", found, err)
	}

	tab.Follow(signinButton)
	consent(tab, "One@Example.com")
	v.wantSignedIn(tab)
}

func changesHands(v visit) {
	tab := v.signIn("one@example.com")
	v.s.wantUser(v.t, "one@example.com")

	again := func() {
		tab.Open(v.s.url + "/auth/default/signin")
		tab.Follow("form:has([name=another]) button")
		consent(tab, "two@example.com")
		v.wantPage(tab, "Replace the user of default?", "two@example.com signed in, but the account is in use by one@example.com")
		v.s.wantUser(v.t, "one@example.com")
	}
	again()
	tab.Follow("form:has([name=confirm][value=no]) button")
	v.wantSignedIn(tab)
	v.s.wantUser(v.t, "one@example.com")

	again()
	tab.Follow("form:has([name=confirm][value=yes]) button")
	v.wantSignedIn(tab)
	v.s.wantUser(v.t, "two@example.com")
}

func isUndone(v visit) {
	tab := v.signIn("someone@outlook.com")
	tab.Follow("form[action$='/signout'] button")
	v.wantPage(tab, "Signed out", "tokens of the account default are deleted")
	v.wantClean(tab)
	v.s.wantState(v.t, tokens.SignedOut)

	tab.Follow("nav a")
	tab.Until(onStatusPage)
	tab.Follow(signinButton)
	consent(tab, "someone@outlook.com")
	v.wantSignedIn(tab)
}

func lasts(v visit) {
	tab := v.signIn("someone@outlook.com")
	if err := caddy.Stop(); err != nil {
		v.t.Fatal(err)
	}
	v.s.mustLoad(v.s.browsed(v.m))
	tab.Reload()
	v.wantSignedIn(tab)
}
