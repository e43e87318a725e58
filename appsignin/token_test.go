// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package appsignin

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-onenote/caddy-onenote/internal/repeated"
)

// site is a Site of the node.
func (n *node) site(t *testing.T) *Site {
	t.Helper()
	site, err := n.NewSite([]string{"http://localhost/callback"})
	if err != nil {
		t.Fatal(err)
	}
	return site
}

// postForm sends a token request.
func postForm(site *Site, path, form string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	site.ServeHTTP(w, r, Admission{Client: r.Header.Get("Test-Client"), Target: path, Base: &url.URL{Scheme: "http", Host: "localhost"}, Account: "notes"})
	return w
}

const (
	tokenPath = "/common/oauth2/v2.0/token"
	callback  = "http://localhost/callback"
)

var holder = Holder{Account: "notes", SignIn: "first"}

// An app has only one code: it has to be good for a second try where the first one failed
// for a reason of ours.
func TestCodesCanBeUsedAgainAfterAFailureThatPasses(t *testing.T) {
	n := newNode(t, new(sharedRecords), "secret")
	site := n.site(t)
	for name, form := range n.redeemable(t) {
		t.Run(name, func(t *testing.T) {
			n.account.err = errDown
			if w := postForm(site, tokenPath, form); w.Code != http.StatusServiceUnavailable {
				t.Errorf("while the storage is down: got %d %s, want 503", w.Code, w.Body)
			}
			n.account.err = nil
			if w := postForm(site, tokenPath, form); w.Code != http.StatusOK {
				t.Errorf("afterwards: got %d %s, want 200", w.Code, w.Body)
			}
			if w := postForm(site, tokenPath, form); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "redeemed before") {
				t.Errorf("once more: got %d %s, want a refusal", w.Code, w.Body)
			}
		})
	}
}

// code returns a new code.
func (n *node) code(t *testing.T, c code) string {
	t.Helper()
	secret, err := n.Memory.addCode(n.Now(), "", c)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// device returns the codes of a new device.
func (n *node) device(t *testing.T, from string) (deviceCode, userCode string) {
	t.Helper()
	deviceCode, userCode, err := n.Memory.addDevice(n.Now(), from, device{grant: grant{id: "g2", client: "app"}})
	if err != nil {
		t.Fatal(err)
	}
	return deviceCode, userCode
}

// redeemable returns the forms that redeem a code and a device code.
func (n *node) redeemable(t *testing.T) map[string]string {
	code := n.code(t, code{grant: grant{Holder: holder, id: "g1", client: "app"}, redirectURI: callback})
	deviceCode, userCode := n.device(t, "")
	n.Memory.decide(n.Now(), userCode, deviceAllowed, holder)
	return map[string]string{
		"code":        "grant_type=authorization_code&client_id=app&redirect_uri=" + url.QueryEscape(callback) + "&code=" + code,
		"device code": "grant_type=device_code&client_id=app&device_code=" + deviceCode,
	}
}

// A request that waits for a slow storage may still fail. An app that tries again meanwhile
// does not revoke what its third try gives.
func TestRetryDuringARedemptionRevokesNothing(t *testing.T) {
	n := newNode(t, new(sharedRecords), "secret")
	site := n.site(t)
	want := map[string]string{"code": `"temporarily_unavailable"`, "device code": `"slow_down"`}
	for name, form := range n.redeemable(t) {
		t.Run(name, func(t *testing.T) {
			asked, release := make(chan struct{}), make(chan struct{})
			n.account.asked = func() {
				close(asked)
				<-release
			}
			first := make(chan *httptest.ResponseRecorder)
			go func() { first <- postForm(site, tokenPath, form) }()
			<-asked
			n.account.asked, n.account.err = nil, errDown
			if w := postForm(site, tokenPath, form); !strings.Contains(w.Body.String(), want[name]) {
				t.Errorf("meanwhile: got %d %s, want %s", w.Code, w.Body, want[name])
			}
			close(release)
			if w := <-first; w.Code != http.StatusServiceUnavailable {
				t.Errorf("got %d %s, want the failure of the storage", w.Code, w.Body)
			}
			n.account.err = nil
			key := keyIn(t, postForm(site, tokenPath, form))
			n.want(t, key, nil)
			postForm(site, tokenPath, form)
			n.want(t, key, ErrRevoked)
		})
	}
}

func TestCodeThatIsGivenBackStillExpires(t *testing.T) {
	n := newNode(t, new(sharedRecords), "secret")
	secret := n.code(t, code{})
	accept := func(code) error { return nil }
	if _, err := n.Memory.redeem(n.Now(), secret, accept); err != nil {
		t.Fatal(err)
	}
	n.Memory.settle(n.Now(), secret, failed)
	n.pass(codeLife)
	if _, err := n.Memory.redeem(n.Now(), secret, accept); !errors.Is(err, errUnknownCode) {
		t.Errorf("got %v, want %v", err, errUnknownCode)
	}
}

// A used code may be in a log or in the history of a browser. Only its app knows the rest,
// and may revoke by a replay.
func TestReplayThatDoesNotFitRevokesNothing(t *testing.T) {
	n := newNode(t, new(sharedRecords), "secret")
	site := n.site(t)
	verifier := strings.Repeat("v", 43)
	secret := n.code(t, code{grant: grant{Holder: holder, id: "g1", client: "app"}, redirectURI: callback, challenge: verifier, plain: true})
	form := func(client, redirectURI, verifier string) string {
		return url.Values{"grant_type": {"authorization_code"}, "code": {secret}, "client_id": {client}, "redirect_uri": {redirectURI}, "code_verifier": {verifier}}.Encode()
	}
	key := keyIn(t, postForm(site, tokenPath, form("app", callback, verifier)))
	for name, replay := range map[string]string{
		"another client":   form("other", callback, verifier),
		"another redirect": form("app", callback+"/x", verifier),
		"another verifier": form("app", callback, strings.Repeat("x", 43)),
	} {
		if w := postForm(site, tokenPath, replay); w.Code != http.StatusBadRequest || strings.Contains(w.Body.String(), "redeemed before") {
			t.Errorf("%s: got %d %s, want the refusal of a code that was not used", name, w.Code, w.Body)
		}
		n.want(t, key, nil)
	}
	postForm(site, tokenPath, form("app", callback, verifier))
	n.want(t, key, ErrRevoked)
}

// keyIn returns the key of a token response.
func keyIn(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	var body map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	key, _ := body["access_token"].(string)
	if key == "" {
		t.Fatalf("got %d %s, want a key", w.Code, w.Body)
	}
	return key
}

// Anybody can send requests, so a line for each would fill the disk.
func TestMissingSealingKeyIsLoggedOnceByAppSignIns(t *testing.T) {
	core, logs := observer.New(zapcore.ErrorLevel)
	n := newNode(t, new(sharedRecords)) // without any key
	n.Logger = zap.New(core)
	site := n.site(t)
	form := n.redeemable(t)["code"]
	send := func(when string, want int) {
		t.Helper()
		for range 20 {
			if w := postForm(site, tokenPath, form); w.Code != http.StatusServiceUnavailable {
				t.Fatalf("%s: got %d %s, want 503", when, w.Code, w.Body)
			}
			postForm(site, tokenPath, "grant_type=refresh_token&client_id=app&refresh_token="+marker+"rAAAA")
			authorize(site, "") // it succeeds
		}
		if got := logs.Len(); got != want {
			t.Errorf("%s: got %d lines, want %d", when, got, want)
		}
	}
	send("at first", 1)
	n.pass(repeated.Every)
	form = n.redeemable(t)["code"]
	send("ten minutes later", 2)
}

func TestClientOfBasicIsBoundedAsParametersAre(t *testing.T) {
	site := newNode(t, new(sharedRecords), "secret").site(t)
	for length, want := range map[int]int{maxParam: http.StatusOK, maxParam + 1: http.StatusBadRequest} {
		basic := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", length) + ":secret"))
		if w := postForm(site, "/common/oauth2/v2.0/devicecode", "scope=x", "Authorization", "Basic "+basic); w.Code != want {
			t.Errorf("a client of %d bytes: got %d %s, want %d", length, w.Code, w.Body, want)
		}
	}
}

// FuzzTokenRequest sends whole token requests to the three services. Keys are given only
// for a code, device code or refresh token of ours, and only to its own client.
func FuzzTokenRequest(f *testing.F) {
	f.Add(byte(0), "grant_type=authorization_code&client_id=app&redirect_uri=http%3A%2F%2Flocalhost%2Fcallback&code=CODE", "", "")
	f.Add(byte(1), "grant_type=refresh_token&client_id=app&refresh_token=REFRESH&scope=openid+offline_access&client_info=1", "application/x-www-form-urlencoded; charset=utf-8", "")
	f.Add(byte(2), "grant_type=device_code&device_code=DEVICE&scope=a;b%", "", "Basic YXBwOnNlY3JldA==")
	f.Add(byte(2), "grant_type=urn:ietf:params:oauth:grant-type:device_code&client_id=other&code=DEVICE", "", "")
	f.Add(byte(3), "client_id=app&scope=wl.offline_access&x-client-SKU=node", "", "")
	f.Add(byte(4), "client_id=%61pp&resource=https://onenote.com/&client_id=app", "text/plain", "Basic !")
	paths := []string{"/oauth20_token.srf", "/common/oauth2/token", tokenPath, "/common/oauth2/v2.0/devicecode", "/common/oauth2/devicecode"}
	signingKey := &SigningKey{Records: new(sharedRecords)} // it takes long to make
	f.Fuzz(func(t *testing.T, path byte, form, contentType, authorization string) {
		n := newNode(t, new(sharedRecords), "secret")
		n.SigningKey = signingKey
		site := n.site(t)
		// Secrets are not known to the fuzzer: words stand for them.
		code := n.code(t, code{grant: grant{Holder: holder, id: "g1", client: "app", refreshes: true}, redirectURI: callback})
		deviceCode, userCode := n.device(t, "")
		n.Memory.decide(n.Now(), userCode, deviceAllowed, holder)
		refresh, err := n.sealStatement(refreshKind, statement{Account: "notes", SignIn: "first", Grant: "g3", Client: "app"}, refreshLife)
		if err != nil {
			t.Fatal(err)
		}
		sent := strings.NewReplacer("CODE", code, "REFRESH", refresh, "DEVICE", deviceCode).Replace(form)
		var headers []string
		if contentType != "" {
			headers = append(headers, "Content-Type", contentType)
		}
		if authorization != "" {
			headers = append(headers, "Authorization", authorization)
		}
		w := postForm(site, paths[int(path)%len(paths)], sent, headers...)

		var body map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Fatalf("%q: got %d %q, want JSON", form, w.Code, w.Body)
		}
		if w.Code != http.StatusOK {
			if w.Code != http.StatusBadRequest || body["error"] == "" || body["access_token"] != nil {
				t.Fatalf("%q: got %d %s, want 400 and an error", form, w.Code, w.Body)
			}
			return
		}
		p := parseParams(sent)
		user, _, _ := basicAuth(authorization)
		if p.get("client_id") == "" && user == "" || len(p.twice) > 0 {
			t.Fatalf("%q: got %s without a client, or with a parameter twice", form, w.Body)
		}
		key, _ := body["access_token"].(string)
		if key == "" { // a new device code
			if body["user_code"] == nil {
				t.Fatalf("%q: got %s", form, w.Body)
			}
			return
		}
		if !strings.Contains(sent, code) && !strings.Contains(sent, refresh) && !strings.Contains(sent, deviceCode) {
			t.Fatalf("%q: got a key for nothing: %s", form, w.Body)
		}
		if client := p.get("client_id"); client != "app" && (client != "" || decode(user) != "app") {
			t.Fatalf("%q: the client %q got a key: %s", form, client, w.Body)
		}
		if got, err := n.Check(t.Context(), key); err != nil || got != holder {
			t.Fatalf("%q: the key opens %v, %v", form, got, err)
		}
	})
}

// basicAuth reads a header Authorization as net/http does.
func basicAuth(authorization string) (user, password string, ok bool) {
	return (&http.Request{Header: http.Header{"Authorization": {authorization}}}).BasicAuth()
}
