// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// Published and recorded refusals (articles 000 to 003, Microsoft's error code
// reference, public bug reports), and what each has to lead to.
var refusals = []struct {
	name   string
	status int
	header http.Header
	body   string
	class  Class
	code   string
	after  time.Duration
	hint   string // part of it
}{
	{"live, consent revoked", 400, nil, `{"error":"invalid_grant","error_description":"The request was denied because one or more scopes requested are unauthorized or expired. The user must first sign in and grant the client application access to the requested scope."}`, SigninRequired, "invalid_grant", 0, "took the app's permission back"},
	{"live, expired", 400, nil, `{"error":"invalid_grant","error_description":"The user could not be authenticated or the grant is expired. The user must first sign in and if needed grant the client application access to the requested scope."}`, SigninRequired, "invalid_grant", 0, "Sign in again"},
	{"live, public client with secret", 400, nil, `{"error":"invalid_request","error_description":"Public clients can't send a client secret."}`, Misconfigured, "invalid_request", 0, "none for a native app"},
	{"idle", 400, nil, `{"error":"invalid_grant","error_description":"AADSTS700082: The refresh token has expired due to inactivity.","error_codes":[700082],"timestamp":"Z","trace_id":"t","correlation_id":"c","error_uri":"https://login.microsoftonline.com/error?code=700082"}`, SigninRequired, "AADSTS700082", 0, "Sign in again"},
	{"revoked", 400, nil, `{"error":"invalid_grant","error_codes":[50173],"suberror":"bad_token"}`, SigninRequired, "AADSTS50173", 0, "Sign in again"},
	{"two codes", 400, nil, `{"error":"invalid_grant","error_description":"AADSTS70002: Error validating credentials. AADSTS70008: expired.","error_codes":[70002,70008]}`, SigninRequired, "AADSTS70008", 0, "Sign in again"},
	{"code in the description only", 400, nil, `{"error":"invalid_grant","error_description":"AADSTS70002: Error. AADSTS70008: expired."}`, SigninRequired, "AADSTS70008", 0, "Sign in again"},
	{"consent missing", 400, nil, `{"error":"invalid_grant","error_description":"AADSTS65001: The user or administrator has not consented","error_codes":[65001],"suberror":"consent_required"}`, SigninRequired, "AADSTS65001", 0, "ask your administrator for consent"},
	{"second factor", 400, nil, `{"error":"interaction_required","error_codes":[50076],"suberror":"basic_action","claims":"{\"access_token\":{}}"}`, SigninRequired, "AADSTS50076", 0, "Sign in again"},
	{"v1 resource unknown", 400, nil, `{"error":"invalid_resource","error_description":"AADSTS50001: The application named … was not found","error_codes":[50001]}`, Misconfigured, "AADSTS50001", 0, "valid Office 365 licence"},
	{"wrong secret", 401, nil, `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.","error_codes":[7000215]}`, Misconfigured, "AADSTS7000215", 0, "its ID"},
	{"secret expired", 401, nil, `{"error":"invalid_client","error_codes":[7000222]}`, Misconfigured, "AADSTS7000222", 0, "Make a new one"},
	{"secret missing", 401, nil, `{"error":"invalid_client","error_codes":["7000218"]}`, Misconfigured, "AADSTS7000218", 0, "Allow public client flows"},
	{"unknown app", 400, nil, `{"error":"unauthorized_client","error_codes":[700016]}`, Misconfigured, "AADSTS700016", 0, "Check client_id and tenant"},
	{"bad scope", 400, nil, `{"error":"invalid_scope","error_codes":[70011]}`, Misconfigured, "AADSTS70011", 0, "full names"},
	{"busy", 503, nil, `{"error":"temporarily_unavailable","error_description":"AADSTS90033: …","error_codes":[90033]}`, Passing, "AADSTS90033", 0, "by itself"},
	{"500 page", 500, nil, `<html>Internal Server Error</html>`, Passing, "http_500", 0, "by itself"},
	{"empty 502", 502, nil, ``, Passing, "http_502", 0, "by itself"},
	{"invalid_grant of a server that fails", 503, nil, `{"error":"invalid_grant"}`, Passing, "invalid_grant", 0, "by itself"},
	{"throttled", 429, http.Header{"Retry-After": {"60"}, "Content-Type": {"text/html"}}, `Too Many Requests`, Passing, "http_429", time.Minute, "by itself"},
	{"throttled until", 429, http.Header{"Retry-After": {"Sat, 21 Nov 2026 09:02:00 GMT"}}, `Too Many Requests`, Passing, "http_429", 2 * time.Minute, "by itself"},
	{"throttled for ever", 429, http.Header{"Retry-After": {"99999999999"}}, `Too Many Requests`, Passing, "http_429", time.Hour, "by itself"},
	{"throttled, silent", 429, nil, `Too Many Requests`, Passing, "http_429", 0, "by itself"},
	{"loop", 400, nil, `{"error":"invalid_grant","error_description":"AADSTS50196: The server terminated an operation because it encountered a client request loop.","error_codes":[50196]}`, Passing, "AADSTS50196", 0, "correlation id"},
	{"a firewall's page", 403, nil, `<html>Blocked by policy</html>`, Passing, "http_403", 0, "by itself"},
	{"redirect", 307, http.Header{"Location": {"http://127.0.0.1:1/steal"}}, ``, Passing, "http_307", 0, "by itself"},
	{"200 with an error", 200, nil, `{"error":"invalid_grant"}`, SigninRequired, "invalid_grant", 0, "Sign in again"},
	{"200 without OAuth", 200, nil, `<html>Welcome to our hotel</html>`, Passing, "no_oauth_answer", 0, "network sign-in page"},
	{"200 without a token", 200, nil, `{"token_type":"bearer"}`, Passing, "no_oauth_answer", 0, "network sign-in page"},
	{"unknown error", 400, nil, `{"error":"weird_thing"}`, Misconfigured, "unknown", 0, "caddy onenote check"},
	{"hostile error", 400, nil, "{\"error\":\"<script>\\u0000\\n\",\"trace_id\":\"a b\\nc\"}", Misconfigured, "unknown", 0, ""},
	{"transient beside another", 400, nil, `{"error":"invalid_grant","error_codes":[90033,70008]}`, Passing, "AADSTS90033", 0, "by itself"},
	{"unknown number beside a known one", 400, nil, `{"error":"invalid_grant","error_codes":[50173,123456789]}`, SigninRequired, "AADSTS50173", 0, "Sign in again"},
	{"unknown number", 400, nil, `{"error":"invalid_grant","error_codes":[123456789]}`, SigninRequired, "AADSTS123456789", 0, "Sign in again"},
	{"second factor as invalid_grant", 400, nil, `{"error":"invalid_grant","error_codes":[50076],"suberror":"basic_action","claims":"{\"access_token\":{}}"}`, SigninRequired, "AADSTS50076", 0, "Sign in again"},
	{"licence or service missing", 400, nil, `{"error":"invalid_grant","error_codes":[650052]}`, SigninRequired, "AADSTS650052", 0, "valid Office 365 licence"},
	{"OneNote not in the directory", 400, nil, `{"error":"invalid_resource","error_codes":[500011]}`, Misconfigured, "AADSTS500011", 0, "valid Office 365 licence"},
	{"server_error", 400, nil, `{"error":"server_error"}`, Passing, "server_error", 0, "by itself"},
	{"request timeout", 408, nil, `{"error":"invalid_request"}`, Passing, "invalid_request", 0, "by itself"},
	{"token with line breaks", 200, nil, `{"access_token":"a\r\nb","expires_in":3600}`, Misconfigured, "access_token", 0, "token_url"},
	{"token with a space", 200, nil, `{"access_token":"a b","token_type":"Bearer","expires_in":3600}`, Misconfigured, "access_token", 0, "token_url"},
	{"token beyond ASCII", 200, nil, `{"access_token":"ä","token_type":"bearer","expires_in":3600}`, Misconfigured, "access_token", 0, "token_url"},
	{"proof of possession", 200, nil, `{"access_token":"t","token_type":"pop","expires_in":3600}`, Misconfigured, "token_type", 0, "authorize_param"},
}

func TestRefusals(t *testing.T) {
	for _, test := range refusals {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				for name, v := range test.header {
					w.Header()[name] = v
				}
				if w.Header().Get("Content-Type") == "" {
					w.Header().Set("Content-Type", "application/json")
				}
				w.WriteHeader(test.status)
				w.Write([]byte(test.body))
			}))
			defer server.Close()
			c := r.config(func(c *Config) { c.Authority = server.URL })
			a := r.account(c)
			_, _, err := a.Token(context.Background())
			f := wantFailure(t, err, test.class, test.code)
			if strings.ContainsAny(f.TraceID, " \n") || strings.ContainsAny(f.Error(), "<>\n") {
				t.Errorf("got foreign text %q, %q", f.TraceID, f.Error())
			}
			if f.RetryAfter() < test.after || test.after > 0 && f.RetryAfter() > test.after+time.Minute {
				t.Errorf("got retry after %v, want %v", f.RetryAfter(), test.after)
			}
			if f.class == Passing && f.RetryAfter() <= 0 {
				t.Error("a passing failure does not say when to come back")
			}
			if !strings.Contains(f.Hint(), test.hint) {
				t.Errorf("got hint %q, want %q in it", f.Hint(), test.hint)
			}
			s := wantState(t, a, map[Class]State{Passing: Unavailable, SigninRequired: NeedsSignin, Misconfigured: NeedsOperator}[test.class])
			if s.Error == nil || s.Error.Code != test.code || s.Error.Class != test.class || s.Error.Hint != f.Hint() {
				t.Errorf("got status error %+v, want %s %s with the same hint", s.Error, test.class, test.code)
			}
			// Whatever was answered, the refresh token is still there.
			if rec, _ := a.held.known(); rec == nil || rec.RefreshToken != "emulator-refresh-token" {
				t.Error("the refresh token was lost")
			}
			if err := a.look(context.Background()); err != nil {
				t.Fatal(err)
			}
			if rec, _ := a.held.known(); rec == nil || rec.RefreshToken != "emulator-refresh-token" {
				t.Error("the refresh token was lost from the storage")
			}
		})
	}
}

func TestTokenRequestsFollowNoRedirect(t *testing.T) {
	r := newRig(t)
	var reached bool
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer thief.Close()
	server := httptest.NewServer(http.RedirectHandler(thief.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	a := r.account(r.config(func(c *Config) { c.Authority = server.URL }))
	if _, _, err := a.Token(context.Background()); err == nil {
		t.Error("got a token from a redirect")
	}
	if reached {
		t.Error("the refresh token was sent to where a redirect pointed")
	}
}

func TestEveryHintHasText(t *testing.T) {
	for code, e := range aadsts {
		if e.message == "" || e.hint == "" {
			t.Errorf("AADSTS%s: message %q, hint %q: both want text", code, e.message, e.hint)
		}
	}
	for word, e := range oauthErrors {
		if e.message == "" || e.hint == "" || e.class == "" {
			t.Errorf("%s: class %q, message %q, hint %q: all want text", word, e.class, e.message, e.hint)
		}
	}
}
