// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/caddyserver/certmagic"

	"github.com/caddy-onenote/caddy-onenote/emulator"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// The folder testdata/before-rename is a file storage that commit ab3040f wrote,
// when the class transient had another name (earlierTransient). It was made by a
// program that used this package and the emulator of that commit:
//
//   - an account "default" with client id "client" and otherwise the defaults, whose
//     identity requests went to the emulator in the same process;
//   - the refresh token "emulator-refresh-token" was imported and used at 09:00 UTC
//     on 21 November 2026 (Account.Token), so that there is a record with tokens, a
//     marker and the list of imports;
//   - at 09:56 another refresh (Account.Retry) failed: status 503, Retry-After 3600.
//     So the record has a failure of that class until 10:56.
//
// seal.key is the sealing key that was generated for it. It protects nothing else.
const earlierStorage = "testdata/before-rename"

// earlierAccount is an account on a copy of that storage, at a time of that day.
func earlierAccount(t *testing.T, hour, minute int) (a *Account, r *rig, requests *int) {
	t.Helper()
	r = newRig(t)
	r.clock.Advance(time.Duration(hour-9)*time.Hour + time.Duration(minute)*time.Minute)
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(earlierStorage)); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(earlierStorage + "/seal.key")
	if err != nil {
		t.Fatal(err)
	}
	key, err := ParseKey(string(text))
	if err != nil {
		t.Fatal(err)
	}
	r.storage, r.keys = &certmagic.FileStorage{Path: dir}, FixedKeys{key}
	identity := &inProcess{handler: emulator.New(emulator.Options{Now: r.clock.Now})}
	config := r.config(func(c *oauth.Config) { c.Authority = "" })
	return r.account(config, func(o *Options) { o.Client = oauth.NewHTTPClient(identity) }), r, &identity.requests
}

// inProcess serves requests to any host by a handler.
type inProcess struct {
	handler  http.Handler
	requests int
}

func (p *inProcess) RoundTrip(req *http.Request) (*http.Response, error) {
	p.requests++
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	inner := httptest.NewRequest(req.Method, req.URL.String(), bytes.NewReader(body))
	inner.Header = req.Header
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, inner)
	return w.Result(), nil
}

func TestEarlierRecordIsDegradedWhileItsTokenIsGood(t *testing.T) {
	a, _, requests := earlierAccount(t, 9, 57)
	s := wantState(t, a, Degraded)
	if s.Error == nil || s.Error.Class != oauth.Transient || s.Error.Code != "http_503" {
		t.Errorf("got error %+v, want transient http_503", s.Error)
	}
	if authorization, _, err := a.Token(context.Background()); err != nil || authorization != "Bearer EwBms8OBf_d7FiGnGmgTQtESh9VfaNHlIe1PCZPgd5HTkY" {
		t.Errorf("got %q, %v, want the stored token", authorization, err)
	}
	if !a.state.hasMarker.Load() {
		t.Error("the marker was not found")
	}
	if *requests != 0 {
		t.Errorf("got %d token requests, want 0", *requests)
	}
}

func TestEarlierRecordKeepsItsPause(t *testing.T) {
	a, r, requests := earlierAccount(t, 10, 1)
	wantState(t, a, Unavailable)
	_, _, err := a.Token(context.Background())
	f := wantFailure(t, err, oauth.Transient, "http_503")
	if f.Wait != 55*time.Minute {
		t.Errorf("got wait %v, want 55 minutes", f.Wait)
	}
	if *requests != 0 {
		t.Errorf("got %d token requests during the pause, want 0", *requests)
	}
	r.clock.Advance(f.Wait + time.Second)
	if _, _, err := a.Token(context.Background()); err != nil {
		t.Errorf("after the pause: %v", err)
	}
	wantState(t, a, Ready)
}

func TestEarlierImportListPreventsSecondImport(t *testing.T) {
	a, r, _ := earlierAccount(t, 9, 57)
	if err := a.SignOut(context.Background()); err != nil {
		t.Fatal(err)
	}
	again := r.account(a.Config())
	wantState(t, again, SignedOut)
}
