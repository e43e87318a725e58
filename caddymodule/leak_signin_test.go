// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"bytes"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-onenote/caddy-onenote/emulator"
	"github.com/caddy-onenote/caddy-onenote/tokens/signin"
)

// A wiretap stands before the emulator and notes all that passes and opens a
// door: what is sent to the token endpoint, and what comes back from any page.
type wiretap struct {
	next http.Handler

	mu      sync.Mutex
	secrets map[string]string
	echo    func(form url.Values) (status int, contentType, body string) // responds to token requests, where not nil
}

// doors are the names under which secrets travel.
const doors = "code|state|access_token|refresh_token|id_token|device_code|client_secret|code_verifier|client_assertion"

var travelling = []*regexp.Regexp{
	regexp.MustCompile(`(?:^|[?&#])(` + doors + `)=([^&#"\s]+)`),
	regexp.MustCompile(`name="(` + doors + `)" value="([^"]+)"`),
	regexp.MustCompile(`"(` + doors + `)":\s*"([^"]+)"`),
}

func (w *wiretap) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/_emulator/") || strings.HasPrefix(r.URL.Path, "/api/") {
		w.next.ServeHTTP(rw, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	if r.Method == http.MethodPost && strings.HasSuffix(r.Header.Get("Content-Type"), "urlencoded") {
		w.note(string(body))
		if form, _ := url.ParseQuery(string(body)); form.Has("grant_type") && w.respondsItself(rw, form) {
			return
		}
	}
	rec := httptest.NewRecorder()
	w.next.ServeHTTP(rec, r)
	w.note(rec.Body.String())
	w.note(rec.Header().Get("Location"))
	for name, values := range rec.Header() {
		rw.Header()[name] = values
	}
	rw.WriteHeader(rec.Code)
	_, _ = rw.Write(rec.Body.Bytes())
}

func (w *wiretap) respondsItself(rw http.ResponseWriter, form url.Values) bool {
	w.mu.Lock()
	echo := w.echo
	w.mu.Unlock()
	if echo == nil {
		return false
	}
	status, contentType, body := echo(form)
	rw.Header().Set("Content-Type", contentType)
	rw.Header().Set("X-Ms-Request-Id", strings.Join(form["refresh_token"], ""))
	rw.WriteHeader(status)
	_, _ = io.WriteString(rw, body)
	return true
}

func (w *wiretap) note(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, pattern := range travelling {
		for _, found := range pattern.FindAllStringSubmatch(text, -1) {
			value := html.UnescapeString(found[2])
			if unescaped, err := url.QueryUnescape(value); err == nil {
				value = unescaped
			}
			if len(value) >= 12 {
				w.secrets[found[1]+" "+value[:6]] = value
			}
		}
	}
}

func (w *wiretap) noted(name string) (values []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for key, value := range w.secrets {
		if strings.HasPrefix(key, name+" ") {
			values = append(values, value)
		}
	}
	return values
}

func (w *wiretap) set(echo func(url.Values) (int, string, string)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.echo = echo
}

// tapped starts the emulator behind a wiretap, and Caddy before it with all
// that it can log.
func tapped(t *testing.T, account string) (*wiretap, *microsoft, *caddyServer) {
	t.Helper()
	tap := &wiretap{next: emulator.New(emulator.Options{}), secrets: make(map[string]string)}
	api := httptest.NewServer(tap)
	t.Cleanup(api.Close)
	m, s := &microsoft{t: t, url: api.URL}, newServer(t)
	t.Setenv("CANARY_SECRET", "canary-client-secret")
	path := caddy.ConfigAutosavePath
	t.Cleanup(func() { caddy.ConfigAutosavePath = path })
	caddy.ConfigAutosavePath = filepath.Join(s.dir, "autosave.json")
	config := s.config("client_id test\nauthority "+m.url+"\n"+account, "log\nonenote "+m.url, "debug\nservers {\nlog_credentials\n}")
	s.mustLoad(strings.Replace(config, "persist_config off", "", 1))
	return tap, m, s
}

// check searches all that the proxy writes, and the given pages, for what the
// wiretap noted.
func (w *wiretap) check(t *testing.T, s *caddyServer, pages map[string]string) {
	t.Helper()
	written := map[string]string{
		"the log":                 s.log(),
		"/config/":                s.adminDo("GET", "/config/", "").body,
		"/onenote/accounts":       s.adminDo("GET", "/onenote/accounts", "").body,
		"/metrics":                s.adminDo("GET", "/metrics", "").body,
		"the status page":         s.get("/").body,
		"/auth/status":            s.get("/auth/status").body,
		"the sign-in page":        s.get("/auth/default/signin").body,
		"a response":              s.get(notebooks).body,
		"the saved configuration": read(t, caddy.ConfigAutosavePath),
		"the storage":             readAll(t, filepath.Join(s.dir, "storage")),
	}
	for where, page := range pages {
		written[where] = page
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.secrets) == 0 {
		t.Fatal("no secret came by")
	}
	for what, secret := range w.secrets {
		secret = secret[:min(len(secret), 32)] // a piece of it is too much
		for where, text := range written {
			for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret), html.EscapeString(secret)} {
				if strings.Contains(text, form) {
					t.Errorf("%s… is in %s", what, where)
					break
				}
			}
		}
	}
}

var accept = url.Values{"user": {"someone@outlook.com"}, "decision": {"accept"}}

// However somebody signs in, what it takes is written down nowhere.
func TestSignInLeavesNoSecretInLogs(t *testing.T) {
	const callback = "/auth/default/callback"
	inputs := regexp.MustCompile(`name="([^"]+)" value="([^"]*)"`)
	tests := []struct {
		name, account string
		knows         string // a secret that must have come by
		signIn        func(t *testing.T, m *microsoft, s *caddyServer) map[string]string
	}{
		{"code in the query", "client_secret {env.CANARY_SECRET}", "code_verifier", func(t *testing.T, m *microsoft, s *caddyServer) map[string]string {
			return map[string]string{"the page it ends on": s.signIn(browser(), "default", "someone@outlook.com").body}
		}},
		{"code in a form", "response_mode form_post", "code", func(t *testing.T, m *microsoft, s *caddyServer) map[string]string {
			client := browser()
			page := s.signIn(client, "default", "someone@outlook.com")
			form := url.Values{}
			for _, input := range inputs.FindAllStringSubmatch(page.body, -1) {
				form.Set(input[1], html.UnescapeString(input[2]))
			}
			// The first time without the cookie, as a browser sends it from another site.
			return map[string]string{
				"the page that posts it again": strings.NewReplacer(form.Get("code"), "", form.Get("state"), "").Replace(s.submit(browser(), s.url+callback, form).body),
				"the page it ends on":          s.submit(client, s.url+callback, form).body,
			}
		}},
		{"code in the fragment", "response_mode fragment", "code", fragment},
		{"token in the fragment", "flow token\nscopes office.onenote_update wl.signin", "access_token", fragment},
		{"a device", "flow device", "device_code", func(t *testing.T, m *microsoft, s *caddyServer) map[string]string {
			begun := s.adminDo("POST", "/onenote/accounts/default/signin", `{"flow":"device"}`).body
			a := decodeAs[signin.Attempt](t, begun)
			form := url.Values{"user_code": {a.UserCode}, "user": accept["user"], "decision": accept["decision"]}
			s.submit(browser(), a.VerificationURI, form)
			path := "/onenote/accounts/default/signin/" + a.ID
			eventually(t, "the device is signed in", func() bool {
				return decodeAs[signin.Attempt](t, s.adminDo("GET", path, "").body).State == signin.AttemptDone
			})
			return map[string]string{"the response that began it": begun, "the response that ended it": s.adminDo("GET", path, "").body}
		}},
		{"a pasted address", "", "code", func(t *testing.T, m *microsoft, s *caddyServer) map[string]string {
			a := decodeAs[signin.Attempt](t, s.adminDo("POST", "/onenote/accounts/default/signin", `{"flow":"code"}`).body)
			client := browser()
			client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			body, err := json.Marshal(map[string]string{"address": s.submit(client, a.URL, accept).Header.Get("Location")})
			if err != nil {
				t.Fatal(err)
			}
			path := "/onenote/accounts/default/signin/" + a.ID + "/paste"
			return map[string]string{
				"the response to a broken address": s.adminDo("POST", path, string(body[:len(body)-1])).body,
				"the response":                     s.adminDo("POST", path, string(body)).body,
				"the response to it once more":     s.adminDo("POST", path, string(body)).body,
			}
		}},
		{"the application itself", "provider entra\nflow client_credentials\ntenant contoso.onmicrosoft.com\nclient_secret {env.CANARY_SECRET}\nscopes https://onenote.com/.default", "client_secret",
			func(t *testing.T, m *microsoft, s *caddyServer) map[string]string {
				return map[string]string{"a response": s.get(notebooks).body}
			}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tap, m, s := tapped(t, tt.account)
			pages := tt.signIn(t, m, s)
			if res := s.get(notebooks); res.StatusCode != 200 && !strings.Contains(tt.account, "client_credentials") {
				t.Errorf("after the sign-in: got %s %s", res.Status, res.body)
			}
			m.control("POST", "tokens/revoke", `{"kind":"access"}`)
			s.get(notebooks)
			codes, states := tap.noted("code"), tap.noted("state")
			if len(codes) > 0 && len(states) > 0 {
				// Whoever has an old address, or only looks at one.
				old := callback + "?code=" + url.QueryEscape(codes[0]) + "&state=" + url.QueryEscape(states[0])
				pages["an old address"] = s.get(old).body
				s.do("HEAD", old, "").want(t, 200, "")
				pages["an old address with an error"] = s.get(callback + "?error=access_denied&error_description=" + url.QueryEscape(codes[0]) + "&state=" + url.QueryEscape(states[0])).body
			}
			if len(tap.noted(tt.knows)) == 0 {
				t.Errorf("no %s came by", tt.knows)
			}
			s.adminDo("DELETE", "/onenote/accounts/default", "")
			tap.check(t, s, pages)
		})
	}
}

// fragment signs in as a browser does whose response is in the fragment: the
// page at the callback posts it.
func fragment(t *testing.T, _ *microsoft, s *caddyServer) map[string]string {
	t.Helper()
	client := browser()
	ended := s.signIn(client, "default", "someone@outlook.com")
	form, err := url.ParseQuery(ended.Request.URL.EscapedFragment())
	if err != nil || len(form) == 0 {
		t.Fatalf("the sign-in ended at %s", ended.Request.URL)
	}
	form.Set("from_page", "1")
	return map[string]string{
		"the page that reads it": ended.body,
		"the page it ends on":    s.submit(client, s.url+"/auth/default/callback", form).body,
	}
}

// A provider's error may hold whatever was sent to it. Only what is known of
// errors goes further.
func TestSecretsEchoedByProviderAreNotLogged(t *testing.T) {
	all := func(form url.Values) string { return form.Encode() + " " + strings.Join(values(form), " ") }
	echoes := map[string]func(form url.Values) (int, string, string){
		"in the description": func(form url.Values) (int, string, string) {
			body, _ := json.Marshal(map[string]any{"error": "invalid_grant", "error_description": "AADSTS70000: " + all(form), "error_uri": "https://login.example/?" + form.Encode()})
			return 400, "application/json", string(body)
		},
		"in the description of an error that has no number": func(form url.Values) (int, string, string) {
			body, _ := json.Marshal(map[string]any{"error": "invalid_client", "error_description": all(form)})
			return 401, "application/json", string(body)
		},
		"in the error": func(form url.Values) (int, string, string) {
			body, _ := json.Marshal(map[string]any{"error": form.Get("refresh_token") + form.Get("code_verifier"), "suberror": form.Get("client_secret"), "trace_id": all(form), "correlation_id": all(form)})
			return 400, "application/json", string(body)
		},
		"in a page": func(form url.Values) (int, string, string) { return 502, "text/html", "<html>" + all(form) },
		"in broken JSON": func(form url.Values) (int, string, string) {
			return 200, "application/json", `{"access_token":` + all(form)
		},
		"in a wrong place": func(form url.Values) (int, string, string) {
			return 400, "application/json", `{"error":["` + all(form) + `"]}`
		},
		"in a form": func(form url.Values) (int, string, string) {
			return 400, "text/plain", "error=invalid_client&error_description=" + form.Encode()
		},
	}
	for name, echo := range echoes {
		t.Run(name, func(t *testing.T) {
			tap, m, s := tapped(t, "client_secret {env.CANARY_SECRET}")
			s.signIn(browser(), "default", "someone@outlook.com")
			s.get(notebooks).want(t, 200, "")
			tap.set(echo)
			m.control("POST", "tokens/revoke", `{"kind":"access"}`)
			pages := map[string]string{
				"the response to a request": s.get(notebooks).body,
				"the response of refresh":   s.adminDo("POST", "/onenote/accounts/default/refresh", "").body,
				"the page of a sign-in":     s.signIn(browser(), "default", "another@outlook.com").body,
			}
			if len(tap.noted("refresh_token")) == 0 || len(tap.noted("code_verifier")) == 0 {
				t.Error("no refresh token or verifier came by")
			}
			tap.check(t, s, pages)
		})
	}
}

func values(form url.Values) (all []string) {
	for _, v := range form {
		all = append(all, v...)
	}
	return all
}
