// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap/zapcore"
)

// Published and recorded refusals (articles 000 to 003, Microsoft's error code
// reference, public bug reports), and how each is classified.
var refusals = []struct {
	name   string
	status int
	header http.Header
	body   string
	class  Class
	code   string
	wait   time.Duration
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
	{"busy", 503, nil, `{"error":"temporarily_unavailable","error_description":"AADSTS90033: …","error_codes":[90033]}`, Transient, "AADSTS90033", 0, "by itself"},
	{"500 page", 500, nil, `<html>Internal Server Error</html>`, Transient, "http_500", 0, "by itself"},
	{"empty 502", 502, nil, ``, Transient, "http_502", 0, "by itself"},
	{"invalid_grant of a server that fails", 503, nil, `{"error":"invalid_grant"}`, Transient, "invalid_grant", 0, "by itself"},
	{"throttled", 429, http.Header{"Retry-After": {"60"}, "Content-Type": {"text/html"}}, `Too Many Requests`, Transient, "http_429", time.Minute, "by itself"},
	{"throttled until", 429, http.Header{"Retry-After": {"Sat, 21 Nov 2026 09:02:00 GMT"}}, `Too Many Requests`, Transient, "http_429", 2 * time.Minute, "by itself"},
	{"throttled for a very long time", 429, http.Header{"Retry-After": {"99999999999"}}, `Too Many Requests`, Transient, "http_429", time.Hour, "by itself"},
	{"throttled, silent", 429, nil, `Too Many Requests`, Transient, "http_429", 0, "by itself"},
	{"loop", 400, nil, `{"error":"invalid_grant","error_description":"AADSTS50196: The server terminated an operation because it encountered a client request loop.","error_codes":[50196]}`, Transient, "AADSTS50196", 0, "correlation id"},
	{"a firewall's page", 403, nil, `<html>Blocked by policy</html>`, Transient, "http_403", 0, "by itself"},
	{"redirect to a network's sign-in page", 302, http.Header{"Location": {"http://portal.example/login"}, "Content-Type": {"text/html"}}, `<html>Sign in</html>`, Transient, "http_302", 0, "network sign-in page"},
	{"network sign-in required", 511, http.Header{"Content-Type": {"text/html"}}, `<html>Sign in</html>`, Transient, "http_511", 0, "network sign-in page"},
	{"proxy wants credentials", 407, http.Header{"Proxy-Authenticate": {"Basic"}, "Content-Type": {"text/html"}}, `<html>`, Transient, "http_407", 0, "a proxy"},
	{"a busy provider", 503, nil, `<html>`, Transient, "http_503", 0, "service health"},
	{"redirect", 307, http.Header{"Location": {"http://127.0.0.1:1/steal"}}, ``, Transient, "http_307", 0, "by itself"},
	{"200 with an error", 200, nil, `{"error":"invalid_grant"}`, SigninRequired, "invalid_grant", 0, "Sign in again"},
	{"200 without OAuth", 200, nil, `<html>Welcome to our hotel</html>`, Transient, "no_oauth_answer", 0, "network sign-in page"},
	{"200 without a token", 200, nil, `{"token_type":"bearer"}`, Transient, "no_oauth_answer", 0, "network sign-in page"},
	{"unknown error", 400, nil, `{"error":"weird_thing"}`, Misconfigured, "unknown", 0, "caddy onenote check"},
	{"hostile error", 400, nil, "{\"error\":\"<script>\\u0000\\n\",\"trace_id\":\"a b\\nc\"}", Misconfigured, "unknown", 0, ""},
	{"transient beside another", 400, nil, `{"error":"invalid_grant","error_codes":[90033,70008]}`, Transient, "AADSTS90033", 0, "by itself"},
	{"unknown number beside a known one", 400, nil, `{"error":"invalid_grant","error_codes":[50173,123456789]}`, SigninRequired, "AADSTS50173", 0, "Sign in again"},
	{"unknown number", 400, nil, `{"error":"invalid_grant","error_codes":[123456789]}`, SigninRequired, "AADSTS123456789", 0, "Sign in again"},
	{"second factor as invalid_grant", 400, nil, `{"error":"invalid_grant","error_codes":[50076],"suberror":"basic_action","claims":"{\"access_token\":{}}"}`, SigninRequired, "AADSTS50076", 0, "Sign in again"},
	{"network outside of the organization (email-oauth2-proxy issue 123)", 400, nil, `{"error":"invalid_grant","error_description":"AADSTS53003: Access has been blocked by Conditional Access policies.","error_codes":[53003]}`, SigninRequired, "AADSTS53003", 0, "caddy onenote refresh"},
	{"token protection (azure-dev issue 7704)", 400, nil, `{"error":"access_denied","error_description":"AADSTS530084: Access has been blocked by conditional access token protection policy configured by this organization.","error_codes":[530084]}`, SigninRequired, "AADSTS530084", 0, "exempt the app"},
	{"permissions that the user does not have (outlookEmail issue 36)", 400, nil, `{"error":"invalid_request","error_description":"AADSTS90023: No applicable permissions were found for this user."}`, Misconfigured, "AADSTS90023", 0, "Check scopes"},
	{"sign-in frequency (email-oauth2-proxy issue 181)", 400, nil, `{"error":"invalid_grant","error_description":"AADSTS70043: The refresh token has expired or is invalid due to sign-in frequency checks by conditional access.","error_codes":[70043],"suberror":"token_expired"}`, SigninRequired, "AADSTS70043", 0, "Sign in again"},
	{"code of a device too late (azure-cli issue 22251)", 400, nil, `{"error":"expired_token","error_description":"AADSTS70020: The provided value for the input parameter 'device_code' is not valid. This device code has expired.","error_codes":[70020]}`, SigninRequired, "AADSTS70020", 0, "Start the sign-in again"},
	{"a code of Azure AD B2C (aad_oauth issue 133)", 400, nil, `{"error":"invalid_grant","error_description":"AADB2C90090: The specified kid is not found for JWE."}`, SigninRequired, "invalid_grant", 0, "Sign in again"},
	{"licence or service missing", 400, nil, `{"error":"invalid_grant","error_codes":[650052]}`, SigninRequired, "AADSTS650052", 0, "valid Office 365 licence"},
	{"OneNote not in the directory", 400, nil, `{"error":"invalid_resource","error_codes":[500011]}`, Misconfigured, "AADSTS500011", 0, "valid Office 365 licence"},
	{"server_error", 400, nil, `{"error":"server_error"}`, Transient, "server_error", 0, "by itself"},
	{"request timeout", 408, nil, `{"error":"invalid_request"}`, Transient, "invalid_request", 0, "by itself"},
	{"token with line breaks", 200, nil, `{"access_token":"a\r\nb","expires_in":3600}`, Misconfigured, "access_token", 0, "token_url"},
	{"token with a space", 200, nil, `{"access_token":"a b","token_type":"Bearer","expires_in":3600}`, Misconfigured, "access_token", 0, "token_url"},
	{"token beyond ASCII", 200, nil, `{"access_token":"ä","token_type":"bearer","expires_in":3600}`, Misconfigured, "access_token", 0, "token_url"},
	{"written as a form", 400, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, `error=invalid_grant&error_description=AADSTS70008%3A+The+refresh+token+has+expired+due+to+inactivity.`, SigninRequired, "AADSTS70008", 0, "Sign in again"},
	{"written as a form, said to be JSON", 401, nil, `error=invalid_client&error_description=AADSTS7000215%3a+Invalid+client+secret`, Misconfigured, "AADSTS7000215", 0, "its ID"},
	{"written as a form that is not encoded", 400, http.Header{"Content-Type": {"text/plain"}}, "error=invalid_grant&error_description=AADSTS50173: revoked; sign in\r\nTrace ID: 1", SigninRequired, "AADSTS50173", 0, "Sign in again"},
	{"a page with a form in an address", 403, http.Header{"Content-Type": {"text/html"}}, `<a href="?a=1&error=invalid_grant&b=2">Blocked</a>`, Transient, "http_403", 0, "by itself"},
	{"text with a form in it", 502, http.Header{"Content-Type": {"text/plain"}}, `upstream said: ?a=1&error=invalid_grant`, Transient, "http_502", 0, "by itself"},
	{"byte order mark", 400, nil, "\ufeff" + `{"error":"invalid_grant","error_codes":[50173]}`, SigninRequired, "AADSTS50173", 0, "Sign in again"},
	{"byte order mark before a form", 400, nil, "\ufefferror=invalid_grant", SigninRequired, "invalid_grant", 0, "Sign in again"},
	{"codes that are no list", 400, nil, `{"error":"invalid_grant","error_codes":"50173","error_description":"AADSTS50173: revoked"}`, SigninRequired, "AADSTS50173", 0, "Sign in again"},
	{"redirect URI of a single-page app", 400, nil, `{"error":"invalid_request","error_description":"AADSTS9002327: Tokens issued for the 'Single-Page Application' client-type may only be redeemed via cross-origin requests.","error_codes":[9002327]}`, Misconfigured, "AADSTS9002327", 0, "Single-page application"},
	{"personal account at v1", 400, nil, `{"error":"invalid_grant","error_description":"AADSTS500201: We are unable to issue tokens from this API version for a Microsoft account.","error_codes":[500201]}`, SigninRequired, "AADSTS500201", 0, "provider microsoft_account, or entra"},
	{"API disabled", 400, nil, `{"error":"invalid_resource","error_description":"AADSTS500014: The service principal for resource 'https://onenote.com/' is disabled.","error_codes":[500014]}`, Misconfigured, "AADSTS500014", 0, "enable the enterprise application"},
	{"no directory", 400, nil, `{"error":"invalid_request","error_description":"AADSTS50059: No tenant-identifying information found.","error_codes":[50059]}`, Misconfigured, "AADSTS50059", 0, "Set tenant"},
	{"tenant restrictions of the network", 400, nil, `{"error":"access_denied","error_description":"AADSTS500021: Access to 'Contoso' tenant is denied.","error_codes":[500021]}`, SigninRequired, "AADSTS500021", 0, "proxy"},
	{"tenant restrictions by policy", 400, nil, `{"error":"invalid_grant","error_description":"AADSTS500022: Access to 'Contoso' tenant is denied.","error_codes":[500022]}`, SigninRequired, "AADSTS500022", 0, "proxy"},
	{"device not known", 400, nil, `{"error":"invalid_grant","error_description":"AADSTS50097: Device authentication is required.","error_codes":[50097]}`, SigninRequired, "AADSTS50097", 0, "that the organization allows"},
	{"device platform not supported", 400, nil, `{"error":"access_denied","error_description":"AADSTS50005: Device platform Unknown used by the user is an unsupported device platform.","error_codes":[50005]}`, SigninRequired, "AADSTS50005", 0, "that the organization allows"},
	{"API not among the permissions at v1", 400, nil, `{"error":"access_denied","error_description":"AADSTS65005: The client application has requested access to resource 'https://onenote.com'. This request has failed because the client has not specified this resource in its requiredResourceAccess list.","error_codes":[65005]}`, SigninRequired, "AADSTS65005", 0, "API permissions"},
	{"code or refresh token cut off", 400, nil, `{"error":"invalid_grant","error_description":"AADSTS9002313: Invalid request. Request is malformed or invalid.","error_codes":[9002313]}`, SigninRequired, "AADSTS9002313", 0, "whole"},
	{"proof of possession", 200, nil, `{"access_token":"t","token_type":"pop","expires_in":3600}`, Misconfigured, "token_type", 0, "authorize_param"},
}

func TestRefusalIsClassified(t *testing.T) {
	for _, test := range refusals {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t)
			authority, _ := provider(t, func(w http.ResponseWriter, _ *http.Request) {
				for name, v := range test.header {
					w.Header()[name] = v
				}
				if w.Header().Get("Content-Type") == "" {
					w.Header().Set("Content-Type", "application/json")
				}
				w.WriteHeader(test.status)
				w.Write([]byte(test.body))
			})
			c := r.client(r.config(func(c *Config) { c.Authority = authority }))
			g, err := refresh(c)
			if err == nil {
				err = c.CheckBearer(g)
			}
			f := wantFailure(t, err, test.class, test.code)
			if strings.ContainsAny(f.Status.TraceID, " \n") || strings.ContainsAny(f.Error(), "<>\n") {
				t.Errorf("got foreign text %q, %q", f.Status.TraceID, f.Error())
			}
			if f.Wait != test.wait || f.RetryAfter() != test.wait {
				t.Errorf("got wait %v, want %v", f.Wait, test.wait)
			}
			if !strings.Contains(f.Status.Hint, test.hint) || f.Hint() != f.Status.Hint {
				t.Errorf("got hint %q, want %q in it", f.Status.Hint, test.hint)
			}
			if f.Class() != string(test.class) {
				t.Errorf("got class %q, want %q", f.Class(), test.class)
			}
		})
	}
}

func TestFailureIsLoggedAsOneObject(t *testing.T) {
	status := FailureStatus{Class: SigninRequired, Code: "AADSTS50173", Message: "the sign-in was revoked", Hint: "Sign in again.",
		Suberror: "bad_token", TraceID: "trace"}
	enc := zapcore.NewMapObjectEncoder()
	if err := status.MarshalLogObject(enc); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"class": "signin_required", "code": "AADSTS50173", "message": "the sign-in was revoked", "hint": "Sign in again.",
		"suberror": "bad_token", "trace_id": "trace"}
	if diff := cmp.Diff(want, enc.Fields); diff != "" {
		t.Errorf("the log object differs (-want +got):\n%s", diff)
	}
	got, err := json.Marshal(status)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"class":"signin_required","code":"AADSTS50173","message":"the sign-in was revoked","hint":"Sign in again."}`; string(got) != want {
		t.Errorf("got JSON %s, want %s", got, want)
	}
}

func TestTokenRequestFollowsNoRedirect(t *testing.T) {
	r := newRig(t)
	var reached atomic.Bool
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
	defer thief.Close()
	server := httptest.NewServer(http.RedirectHandler(thief.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	c := r.client(r.config(func(c *Config) { c.Authority = server.URL }))
	if _, err := refresh(c); err == nil {
		t.Error("got a token from a redirect")
	}
	if reached.Load() {
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
