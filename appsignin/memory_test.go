// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package appsignin

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func accept(code) error { return nil }

func TestMemoryIsBoundedAndForgets(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	m := new(Memory)
	for i := range 5000 { // of clients without number
		_, _ = m.addCode(now, fmt.Sprint(i%2*i), code{})
	}
	_, _ = m.addCode(now, "", code{})
	if got := len(m.codes.entries); got > maxLocal+maxRemote {
		t.Errorf("%d codes are kept, want at most %d", got, maxLocal+maxRemote)
	}
	late, err := m.addCode(now.Add(codeLife), "", code{})
	if err != nil || len(m.codes.entries) != 1 {
		t.Fatalf("after a minute: got %v and %d codes, want one", err, len(m.codes.entries))
	}
	if _, err := m.redeem(now.Add(2*codeLife), late, accept); !errors.Is(err, errUnknownCode) {
		t.Errorf("after another minute: got %v, want %v", err, errUnknownCode)
	}
}

func TestUsedCodesAreBounded(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	m := new(Memory)
	var first, last string
	for i := range maxUsed + 1 {
		last, _ = m.addCode(now, "", code{})
		if i == 0 {
			first = last
		}
		if _, err := m.redeem(now, last, accept); err != nil {
			t.Fatal(err)
		}
		m.settle(now.Add(time.Duration(i)), last, gaveKeys)
	}
	if _, err := m.redeem(now, first, accept); !errors.Is(err, errUnknownCode) || len(m.usedCodes.entries) != maxUsed {
		t.Errorf("got %v of %d used codes, want the oldest to be dropped", err, len(m.usedCodes.entries))
	}
	if _, err := m.redeem(now, last, accept); !errors.Is(err, errUsedCode) {
		t.Errorf("got %v, want %v", err, errUsedCode)
	}
}

// A page of another site may lead the browser to authorize as often as it likes.
func TestFloodOfCodesDropsNoCodeOfAnybody(t *testing.T) {
	n := newNode(t, new(sharedRecords), "secret")
	site := n.site(t)
	redeem := n.redeemable(t)["code"]
	used := n.redeemable(t)["code"]
	key := keyIn(t, postForm(site, tokenPath, used))
	var last *httptest.ResponseRecorder
	for range 2 * (maxLocal + maxRemote) {
		last = authorize(site, "")
	}
	if location := last.Header().Get("Location"); last.Code != http.StatusFound || !strings.Contains(location, "error=temporarily_unavailable") || !strings.Contains(location, "state=s") {
		t.Errorf("got %d %s, want the app to be told to try again", last.Code, location)
	}
	if location := authorize(site, "192.0.2.1/32").Header().Get("Location"); !strings.Contains(location, "code=") {
		t.Errorf("another client: got %s, want a code", location)
	}
	keyIn(t, postForm(site, tokenPath, redeem))
	postForm(site, tokenPath, used)
	n.want(t, key, ErrRevoked)
	n.pass(codeLife)
	if location := authorize(site, "").Header().Get("Location"); !strings.Contains(location, "code=") {
		t.Errorf("after a minute: got %s, want a code", location)
	}
}

// authorize asks for a code as a client.
func authorize(site *Site, client string) *httptest.ResponseRecorder {
	const target = "/common/oauth2/v2.0/authorize?response_type=code&client_id=app&state=s&redirect_uri=" + callback
	w := httptest.NewRecorder()
	site.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil),
		Admission{Client: client, Target: target, Base: &url.URL{Scheme: "http", Host: "localhost"}, Account: "notes"})
	return w
}

// Device codes cost nothing, not even a client key.
func TestFloodOfDeviceCodesDropsNoneOfAnybody(t *testing.T) {
	n := newNode(t, new(sharedRecords), "secret")
	site := n.site(t)
	ask := func(client string) *httptest.ResponseRecorder {
		return postForm(site, "/common/oauth2/v2.0/devicecode", "client_id=x", "Test-Client", client)
	}
	_, here := n.device(t, "")
	_, there := n.device(t, "192.0.2.1/32")
	for i := range 4000 {
		ask(fmt.Sprintf("198.51.100.%d/32", i%2*i%200))
	}
	w := ask("198.51.100.0/32")
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), `"temporarily_unavailable"`) {
		t.Errorf("got %d %s, want 429", w.Code, w.Body)
	}
	for _, userCode := range []string{here, there} {
		if _, ok := n.Memory.deviceOf(n.Now(), userCode); !ok {
			t.Error("a device code was dropped")
		}
	}
	if w := ask(""); w.Code != http.StatusOK {
		t.Errorf("on this machine: got %d %s, want a code", w.Code, w.Body)
	}
}

func TestOneAddressGetsAShareOnly(t *testing.T) {
	n := newNode(t, new(sharedRecords), "secret")
	for range 2 * maxShare {
		_, _, _ = n.Memory.addDevice(n.Now(), "192.0.2.1/32", device{})
	}
	if got := len(n.Memory.devices.entries); got != maxShare {
		t.Errorf("got %d device codes, want %d", got, maxShare)
	}
	n.device(t, "192.0.2.2/32")
}

// Where too many requests wait, a person can sign in all the same.
func TestFloodOfWaitingRequestsDropsNoneOfAnybody(t *testing.T) {
	n := newNode(t, new(sharedRecords), "secret")
	n.account.signin = SignIn{}
	site := n.site(t)
	first := parsedURL(t, authorize(site, "").Header().Get("Location"))
	var last *url.URL
	for range 2 * (maxLocal + maxRemote) {
		last = parsedURL(t, authorize(site, "").Header().Get("Location"))
	}
	if address, _ := n.Memory.Resume(n.Now(), first.Query().Get(ResumeField)); address == "" {
		t.Error("the first request was dropped")
	}
	if last.Path != first.Path || last.RawQuery != "" {
		t.Errorf("got %s, want the sign-in page alone", last)
	}
}

func parsedURL(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
