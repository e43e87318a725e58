// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-onenote/caddy-onenote/emulator"
	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// tokenForms keeps what token endpoints are asked.
type tokenForms struct {
	mu   sync.Mutex
	sent []url.Values
}

func (f *tokenForms) all() []url.Values {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]url.Values{}, f.sent...)
}

// startTappedMicrosoft is startMicrosoft with the token requests kept.
func startTappedMicrosoft(t *testing.T) (*microsoft, *tokenForms) {
	t.Helper()
	e, f := emulator.New(emulator.Options{}), new(tokenForms)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/token") || r.URL.Path == tokenPath {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			form, _ := url.ParseQuery(string(body))
			f.mu.Lock()
			f.sent = append(f.sent, form)
			f.mu.Unlock()
			r.Body = io.NopCloser(strings.NewReader(string(body)))
		}
		e.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return &microsoft{t: t, url: s.URL}, f
}

const wantedClaims = `{"access_token":{"nbf":{"essential":true,"value":"1795251600"}}}`

// challenged is a 401 of continuous access evaluation.
func challenged() string {
	return fmt.Sprintf(`{"path":%q,"method":"GET","status":401,"headers":{"WWW-Authenticate":%q},"times":%%d}`, notebooks,
		`Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", error="insufficient_claims", claims="`+
			base64.StdEncoding.EncodeToString([]byte(wantedClaims))+`"`)
}

func TestClaimsChallengeCausesOneRefreshWithClaims(t *testing.T) {
	m, asked := startTappedMicrosoft(t)
	s := newServer(t)
	s.mustLoad(s.plain(m))
	s.get(notebooks).want(t, 200, "")
	before := len(asked.all())
	m.control("POST", "faults", fmt.Sprintf(challenged(), 1))
	s.get(notebooks).want(t, 200, "")
	sent := asked.all()[before:]
	if len(sent) != 1 || sent[0].Get("claims") != wantedClaims || sent[0].Get("grant_type") != "refresh_token" {
		t.Errorf("got token requests %v, want one refresh with the claims", sent)
	}
}

// If the refresh does not bring the claims, the next sign-in asks for them.
func TestClaimsThatRefreshCannotProvideGoIntoSignIn(t *testing.T) {
	m, asked := startTappedMicrosoft(t)
	s := newServer(t)
	s.mustLoad(s.plain(m))
	s.get(notebooks).want(t, 200, "")
	before := len(asked.all())
	m.control("POST", "faults", fmt.Sprintf(challenged(), 1))
	m.control("POST", "faults", `{"path":"`+tokenPath+`","status":400,"headers":{"Content-Type":"application/json"},"times":1,`+
		`"body":"{\"error\":\"interaction_required\",\"error_codes\":[50076],\"suberror\":\"basic_action\"}"}`)
	upstream := len(m.requests(notebooks))
	for range 5 {
		res := s.get(notebooks)
		res.want(t, 401, "signin_required")
		if !strings.Contains(res.body, s.url+"/auth/default/signin") {
			t.Errorf("the response does not say where to sign in: %s", res.body)
		}
	}
	if n := len(asked.all()) - before; n != 1 {
		t.Errorf("got %d token requests, want 1", n)
	}
	if n := len(m.requests(notebooks)) - upstream; n != 1 {
		t.Errorf("got %d requests upstream with a token that nobody accepts, want 1", n)
	}

	claimsOfSignin := func() string {
		t.Helper()
		client := browser()
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		u, err := url.Parse(s.submit(client, s.url+"/auth/default/signin", nil).Header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		return u.Query().Get("claims")
	}
	if got := claimsOfSignin(); got != wantedClaims {
		t.Errorf("the sign-in carries claims %q, want %q", got, wantedClaims)
	}
	page := s.signIn(browser(), "default", "one@outlook.com")
	if strings.Contains(page.body, `name="confirm"`) { // the imported token was another user's
		page = s.submit(browser(), s.url+"/auth/default/signin", formOf(page.body, "yes"))
	}
	s.get(notebooks).want(t, 200, "")
	if got := claimsOfSignin(); got != "" {
		t.Errorf("after the sign-in claims %q are still asked for", got)
	}
}

// formOf is what the page with the question posts for that choice.
func formOf(page, confirm string) url.Values {
	_, rest, _ := strings.Cut(page, `name="attempt" value="`)
	id, _, _ := strings.Cut(rest, `"`)
	return url.Values{"attempt": {id}, "confirm": {confirm}}
}

// certificateFor writes a certificate of these names and returns it with the
// path of the file to trust it by.
func certificateFor(t *testing.T, names ...string) (pair tls.Certificate, authority string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: names, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	authority = filepath.Join(t.TempDir(), "ca.pem")
	write(t, authority, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, authority
}

// OneDrive, as article 003 has it: the same sign-in with scopes of its own, and
// a bearer where old clients put access_token into the query.
func TestOneDriveRequestIsRefreshedAndRewritten(t *testing.T) {
	const drive = `{"id":"b!1","owner":{"user":{"displayName":"A"}},"@odata.context":"https://api.onedrive.com/v1.0/$metadata#drives/$entity"}`
	pair, authority := certificateFor(t, "api.onedrive.com")
	var mu sync.Mutex
	var got []*http.Request
	api := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		got = append(got, r)
		first := len(got) == 1
		mu.Unlock()
		if first {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, drive)
	}))
	api.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	api.Config.ErrorLog = log.New(io.Discard, "", 0)
	api.StartTLS()
	defer api.Close()

	m, asked := startTappedMicrosoft(t)
	s := newServer(t)
	s.mustLoad(s.config(importedAccount(m)+"\nscopes wl.signin wl.offline_access onedrive.readwrite",
		"onenote onedrive {\ntransport {\nnetwork_proxy url "+startTunnel(t, api.Listener.Addr().String())+
			"\ntls_trust_pool file "+authority+"\n}\n}"))
	res := s.get("/v1.0/drive?access_token=theirs&expand=children", "Authorization", "Bearer theirs")
	res.want(t, 200, "")
	if !strings.Contains(res.body, `"@odata.context":"`+s.url+`/v1.0/$metadata#drives/$entity"`) {
		t.Errorf("the links do not lead here: %s", res.body)
	}
	if len(got) != 2 {
		t.Fatalf("got %d requests, want the one that was refused and one more", len(got))
	}
	for _, r := range got {
		if r.Host != "api.onedrive.com" || r.RequestURI != "/v1.0/drive?expand=children" {
			t.Errorf("got %s %s", r.Host, r.RequestURI)
		}
		if h := r.Header["Authorization"]; len(h) != 1 || strings.Contains(h[0], "theirs") {
			t.Errorf("got Authorization %q, want one of ours", h)
		}
	}
	if a, b := got[0].Header.Get("Authorization"), got[1].Header.Get("Authorization"); a == b {
		t.Error("the second try went with the token that was refused")
	}
	if n := len(asked.all()); n != 2 {
		t.Errorf("got %d token requests, want 2", n)
	}
	s.get("/api/v1.0/me/notes/notebooks").want(t, 404, "not_found")
}

func TestTokenForOtherAPIIsRefused(t *testing.T) {
	for _, tt := range []struct{ scopes, upstream, want string }{
		{"wl.signin wl.offline_access onedrive.readwrite", "onenote", "are for the onedrive API, but the upstream is https://www.onenote.com"},
		{"office.onenote_update wl.signin wl.offline_access", "onedrive", "are for the onenote API, but the upstream is https://api.onedrive.com"},
		{"wl.signin wl.offline_access onedrive.readwrite", "onedrive", ""},
	} {
		err := validated(t, "{\npersist_config off\nadmin off\nonenote {\nclient_id x\nscopes "+tt.scopes+"\n}\n}\nhttp://:8080 {\nonenote "+tt.upstream+"\n}\n")
		if (tt.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s at %s: got %v, want %q", tt.scopes, tt.upstream, err, tt.want)
		}
	}
}

// A national cloud is another authority, another resource and another API host.
func TestNationalCloudsAreConfigured(t *testing.T) {
	for _, tt := range []struct{ name, account, upstream string }{
		{"US government", "provider azure_ad\nauthority https://login.microsoftonline.us\nresource https://onenote.osi.office365.us/", "https://onenote.osi.office365.us"},
		{"US government, GCC", "provider azure_ad\nresource https://onenote.gcc.osi.office365.us/", "https://onenote.gcc.osi.office365.us"},
		{"US defence", "provider azure_ad\nauthority https://login.microsoftonline.us\nresource https://onenote.osi.apps.mil/", "https://onenote.osi.apps.mil"},
		{"US government, Graph", "provider entra\nauthority https://login.microsoftonline.us\nscopes https://graph.microsoft.us/Notes.ReadWrite offline_access", "https://graph.microsoft.us"},
		{"China", "provider entra\nauthority https://login.partner.microsoftonline.cn\nscopes https://microsoftgraph.chinacloudapi.cn/Notes.ReadWrite offline_access", "https://microsoftgraph.chinacloudapi.cn"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("SECRET", "s3cret")
			if err := validated(t, "{\npersist_config off\nadmin off\nonenote {\nclient_id x\nclient_secret {env.SECRET}\n"+tt.account+"\n}\n}\nhttp://:8080 {\nonenote "+tt.upstream+"\n}\n"); err != nil {
				t.Error(err)
			}
		})
	}
}

// Each way of choosing an account sends that account's token and no other.
func TestAccountIsChosenBySiteMatcherKeyAndPlaceholder(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	t.Setenv("KEY_B", "key-of-the-second-account-0123456789")
	s.mustLoad(s.config(importedAccount(m)+"\naccount a\naccount b\naccount c\naccount d",
		"@c header X-Team c\nonenote @c "+m.url+" {\naccount c\n}\n"+
			"@d header X-User *\nonenote @d "+m.url+" {\naccount {header.X-User}\n}\n"+
			"onenote "+m.url+" {\naccount a\nclient_key two {env.KEY_B} b\ntrusted_peers 127.0.0.1\n}"))
	sent := make(map[string]string) // account by token
	for _, tt := range []struct {
		account string
		headers []string
	}{
		{"a", nil},
		{"b", []string{"X-Onenote-Proxy-Key", "key-of-the-second-account-0123456789"}},
		{"c", []string{"X-Team", "c"}},
		{"d", []string{"X-User", "d"}},
		{"a", nil},
	} {
		s.get(notebooks, tt.headers...).want(t, 200, "")
		all := m.requests(notebooks)
		token := all[len(all)-1].Headers.Get("Authorization")
		if was := sent[token]; was != "" && was != tt.account {
			t.Errorf("account %s sent the token of %s", tt.account, was)
		}
		sent[token] = tt.account
	}
	if len(sent) != 4 {
		t.Errorf("got %d different tokens, want 4", len(sent))
	}
}

// What was begun before a sign-out does not bring the user back.
func TestSignOutOverAdminAPIEndsPendingSignIns(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config("client_id test\nauthority "+m.url, "onenote "+m.url))
	client := browser()
	res := s.submit(client, s.url+"/auth/default/signin", nil) // on the provider's page
	if got := s.adminDo("DELETE", "/onenote/accounts/default", ""); got.StatusCode != http.StatusNoContent {
		t.Fatalf("sign-out: got %s %s", got.Status, got.body)
	}
	s.submit(client, res.Request.URL.String(), url.Values{"user": {"one@outlook.com"}, "decision": {"accept"}})
	s.get(notebooks).want(t, 401, "signin_required")
}

func TestSigninURLIsAbsentWithoutSite(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config("provider entra\nflow client_credentials\ntenant contoso.example\nclient_id test\nclient_secret s3cret\nauthority "+m.url, "onenote "+m.url))
	if status := decodeAs[tokens.Status](t, s.adminDo("GET", "/onenote/accounts/default", "").body); status.SigninURL != nil {
		t.Errorf("got %s, want none", *status.SigninURL)
	}
	caddyOneNote(nil, "signin", "--address", s.admin).want(t, exitFailed, "no user signs in")
}
