// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"strings"
	"testing"
	"time"
)

func TestCheck(t *testing.T) {
	const none = "none"
	secret := func() (Secret, error) { return "s", nil }
	for _, test := range []struct {
		name         string
		c            Config
		refuse, warn string // part of the text; empty: none
	}{
		{"personal account", Config{}, "", ""},
		{"work account, v1", Config{Provider: AzureAD}, "", ""},
		{"work account, v2.0", Config{Provider: Entra}, "", ""},
		{"custom", Config{Provider: Custom, AuthorizeURL: "https://id.example/a", TokenURL: "https://id.example/t", Scopes: []string{"notes", "offline_access"}}, "", ""},
		{"bad name", Config{Name: "Work Account"}, "account name", ""},
		{"label", Config{Label: "Ada's notes (家)"}, "", ""},
		{"label of two lines", Config{Label: "a\nb"}, "label has to be one line", ""},
		{"long label", Config{Label: strings.Repeat("é", 101)}, "at most 100 characters", ""},
		{"no client", Config{ClientID: none}, "client_id is missing", ""},
		{"spaces in client", Config{ClientID: "a b"}, "client_id holds white space", ""},
		{"quotes around client", Config{ClientID: `"client"`}, "quotes", ""},
		{"quote before client", Config{ClientID: `'client`}, "quotes", ""},
		{"byte order mark before client", Config{ClientID: "\ufeffclient"}, "byte order mark", ""},
		{"client in UTF-16", Config{ClientID: "\xff\xfec\x00"}, "UTF-16", ""},
		{"line end after client", Config{ClientID: "client\r\n"}, "client_id holds white space", ""},
		{"hard space after client", Config{ClientID: "client\u00a0"}, "client_id holds white space", ""},
		{"unknown provider", Config{Provider: "google"}, "expected microsoft_account", ""},
		{"unknown flow", Config{Flow: "magic"}, "expected code, token", ""},
		{"v1 consumers", Config{Provider: AzureAD, Tenant: "consumers"}, "AADSTS90027", ""},
		{"v1 consumers in another case", Config{Provider: AzureAD, Tenant: "Consumers"}, "AADSTS90027", ""},
		{"v2 resource", Config{Provider: Entra, Resource: OneNoteResource}, "AADSTS901002", ""},
		{"live resource", Config{Resource: OneNoteResource}, "resource goes with azure_ad", ""},
		{"live tenant", Config{Tenant: "common"}, "tenant goes with", ""},
		{"token flow", Config{Flow: FlowToken}, "", "deprecated"},
		{"token flow with refresh", Config{Flow: FlowToken, Scopes: []string{"office.onenote", "wl.offline_access"}}, "gives no refresh token", "deprecated"},
		{"token flow by query", Config{Flow: FlowToken, ResponseMode: "query"}, "response_mode query is refused", "deprecated"},
		{"token flow with expected user", Config{Flow: FlowToken, ExpectedUser: "ada@example.com"}, "expected_user cannot be checked with flow token", "deprecated"},
		{"no refresh scope", Config{Scopes: []string{"office.onenote"}}, "", "wl.offline_access"},
		{"comma", Config{Scopes: []string{"office.onenote,wl.signin"}}, "comma", "wl.offline_access"},
		{"misspelt", Config{Scopes: []string{"office.onenote", "wl.sign-in", "wl.offline_access"}}, "write wl.signin", ""},
		{"misspelt offline", Config{Scopes: []string{"office.onenote", "wl.offline-access"}}, "write wl.offline_access", "somebody signs in"},
		{"wrong case", Config{Scopes: []string{"Office.OneNote", "wl.offline_access"}}, "small letters: office.onenote", ""},
		{"turned around", Config{Scopes: []string{"onenote.office", "wl.offline_access"}}, "write office.onenote", ""},
		{"two proofs", Config{ClientSecret: secret, CertificateFile: "c", KeyFile: "k"}, "exclude each other", ""},
		{"half a certificate", Config{CertificateFile: "c"}, "two files", ""},
		{"secret of a native app", Config{ClientSecret: secret, RedirectURI: DesktopRedirect}, "must not send a secret", ""},
		{"native", Config{RedirectURI: DesktopRedirect}, "", ""},
		{"app-only, personal", Config{Flow: FlowClientCredentials, ClientSecret: secret}, "no app-only access", "31 March 2025"},
		{"app-only, common", Config{Provider: Entra, Flow: FlowClientCredentials, ClientSecret: secret}, "one directory", "31 March 2025"},
		{"app-only, scope", Config{Provider: Entra, Tenant: "contoso.example", Flow: FlowClientCredentials, ClientSecret: secret, Scopes: []string{"https://onenote.com/Notes.Read"}}, "/.default", "31 March 2025"},
		{"app-only, no proof", Config{Provider: Entra, Tenant: "contoso.example", Flow: FlowClientCredentials}, "wants client_secret", "31 March 2025"},
		{"app-only", Config{Provider: Entra, Tenant: "contoso.example", Flow: FlowClientCredentials, ClientSecret: secret}, "", "31 March 2025"},
		{"two APIs", Config{Provider: Entra, Scopes: []string{"https://onenote.com/Notes.Read", "https://graph.microsoft.com/User.Read", "offline_access"}}, "two APIs", ""},
		{"default mixed", Config{Provider: Entra, Scopes: []string{"https://onenote.com/.default", "https://onenote.com/Notes.Read", "offline_access"}}, ".default", ""},
		{"redirect with fragment", Config{RedirectURI: "https://x.example/auth/default/callback#a"}, "fragment", ""},
		{"redirect over http", Config{RedirectURI: "http://x.example/auth/default/callback"}, "another machine", ""},
		{"redirect to ::1", Config{RedirectURI: "http://[::1]:8080/auth/default/callback"}, "use localhost", ""},
		{"redirect with odd characters", Config{RedirectURI: "https://x.example/(a)/auth/default/callback"}, "does not allow", ""},
		{"long redirect", Config{RedirectURI: "https://x.example/" + strings.Repeat("a", 250) + "/auth/default/callback"}, "256", ""},
		{"redirect with query", Config{RedirectURI: "https://x.example/auth/default/callback?a=b"}, "query", ""},
		{"redirect to another app", Config{RedirectURI: "https://legacy.example.com/oauth/callback"}, "", "has to be pasted"},
		{"redirect to another port", Config{RedirectURI: "http://localhost:3000/cb"}, "", "has to be pasted"},
		{"redirect to localhost", Config{RedirectURI: "http://localhost"}, "", "has to be pasted"},
		{"redirect of another account", Config{RedirectURI: "http://localhost:8080/auth/other/callback"}, "", "has to be pasted"},
		{"redirect of a native app", Config{RedirectURI: "ms-app://s-1-15-2-1"}, "", "has to be pasted"},
		{"redirect out of band", Config{Provider: Custom, AuthorizeURL: "https://id.example/a", TokenURL: "https://id.example/t", Scopes: []string{"offline_access"}, RedirectURI: "urn:ietf:wg:oauth:2.0:oob"}, "", "has to be pasted"},
		{"redirect elsewhere with an import", Config{RedirectURI: "https://legacy.example.com/cb", RefreshToken: secret}, "", "has to be pasted"},
		{"redirect elsewhere with device", Config{Flow: FlowDevice, RedirectURI: "https://legacy.example.com/cb"}, "", "block the device flow"},
		{"redirect without scheme", Config{RedirectURI: "localhost:8080/callback"}, "not a whole address", ""},
		{"redirect without scheme or port", Config{RedirectURI: "legacy.example.com/callback"}, "not a whole address", ""},
		{"redirect without scheme, with port", Config{RedirectURI: "legacy.example.com:443/callback"}, "not a whole address", ""},
		{"redirect of localhost as scheme", Config{RedirectURI: "localhost:/callback"}, "not a whole address", ""},
		{"redirect relative to the scheme", Config{RedirectURI: "//legacy.example.com/callback"}, "not a whole address", ""},
		{"redirect relative to the host", Config{RedirectURI: "/auth/default/callback"}, "not a whole address", ""},
		{"redirect without host", Config{RedirectURI: "https:///auth/default/callback"}, "not a whole address", ""},
		{"plain authority", Config{Authority: "http://id.example"}, "in the clear", ""},
		{"authority with path", Config{Authority: "https://id.example/tenant"}, "scheme and host only", ""},
		{"endpoint with user", Config{Provider: Custom, TokenURL: "https://u:p@id.example/t", AuthorizeURL: "https://id.example/a", Scopes: []string{"offline_access"}}, "user information", ""},
		{"custom without endpoint", Config{Provider: Custom, AuthorizeURL: "https://id.example/a"}, "wants token_url", ""},
		{"endpoint of a preset", Config{TokenURL: "https://id.example/t"}, "provider custom only", ""},
		{"secret to a stranger", Config{Provider: Entra, ClientSecret: secret, Authority: "https://id.example"}, "none of Microsoft's", ""},
		{"secret to a national cloud", Config{Provider: Entra, ClientSecret: secret, Authority: "https://login.microsoftonline.us"}, "", ""},
		{"secret to this machine", Config{Provider: Entra, ClientSecret: secret, Authority: "http://127.0.0.1:9"}, "", ""},
		{"no wl scope", Config{Scopes: []string{"office.onenote_update", "offline_access"}}, "", "add wl.signin"},
		{"all notes of a person", Config{Provider: Entra, Tenant: "consumers", Scopes: []string{"Notes.Read.All", "offline_access"}}, "code 40001", ""},
		{"all notes, tenant of persons", Config{Provider: Entra, Tenant: "9188040D-6c67-4c5b-b112-36a304b66dad", Scopes: []string{"https://graph.microsoft.com/Notes.Read.All", "offline_access"}}, "code 40001", ""},
		{"all notes and own notes of a person", Config{Provider: Entra, Tenant: "consumers", Scopes: []string{"Notes.Read.All", "Notes.Read", "offline_access"}}, "", "remove it"},
		{"all notes of anybody", Config{Provider: Entra, Scopes: []string{"Notes.ReadWrite.All", "offline_access"}}, "", "tenant common admits personal accounts"},
		{"all notes of workers", Config{Provider: Entra, Tenant: "organizations", Scopes: []string{"Notes.ReadWrite.All", "offline_access"}}, "", ""},
		{"all mail", Config{Provider: Entra, Tenant: "consumers", Scopes: []string{"Notes.Read", "User.Read.All", "offline_access"}}, "", ""},
		{"OneNote API of a person", Config{Provider: Entra, Tenant: "consumers"}, "", "AADSTS70011"},
		{"Graph without notes", Config{Provider: Entra, Scopes: []string{"User.Read", "offline_access"}}, "", "add Notes.ReadWrite for Microsoft Graph"},
		{"nothing but a sign-in", Config{Provider: Entra, Scopes: []string{"openid", "offline_access"}}, "", "no permission for notes"},
		{"nothing but a sign-in at live", Config{Scopes: []string{"wl.signin", "wl.offline_access"}}, "", "add office.onenote_update"},
		{"notes by registration", Config{Provider: Entra, Tenant: "organizations", Scopes: []string{"https://graph.microsoft.com/.default", "offline_access"}}, "", ""},
		{"Graph without refresh scope", Config{Provider: Entra, Scopes: []string{"Notes.ReadWrite"}}, "", "scopes lack offline_access"},
		{"device without refresh scope", Config{Provider: Entra, Flow: FlowDevice, Scopes: []string{"Notes.ReadWrite"}}, "", "scopes lack offline_access"},
		{"Graph, work", Config{Provider: Entra, Tenant: "organizations", Scopes: strings.Fields(GraphScopes)}, "", ""},
		{"Graph, v1", Config{Provider: AzureAD, Resource: "https://graph.microsoft.com/"}, "", ""},
		{"v1 with scopes of another API", Config{Provider: AzureAD, Scopes: []string{"https://graph.microsoft.com/Notes.Read"}}, "azure_ad ignores scopes", ""},
		{"Graph in two spellings", Config{Provider: Entra, Scopes: []string{"Notes.Read", "https://Graph.microsoft.com/User.Read", GraphAppID + "/Mail.Read", "offline_access"}}, "", ""},
		{"two APIs, one without prefix", Config{Provider: Entra, Scopes: []string{"https://onenote.com/Notes.Read", "User.Read", "offline_access"}}, "two APIs", ""},
		{"two APIs, one by its id", Config{Provider: Entra, Scopes: []string{oneNoteAppID + "/Notes.Read", "User.Read", "offline_access"}}, "two APIs", ""},
		{"two APIs, one of live", Config{Provider: Entra, Scopes: []string{"office.onenote_update", "Notes.ReadWrite", "offline_access"}}, "two APIs", "is one of microsoft_account"},
		{"app-only, Graph", Config{Provider: Entra, Tenant: "contoso.example", Flow: FlowClientCredentials, ClientSecret: secret, Scopes: []string{"https://graph.microsoft.com/.default"}}, "", "31 March 2025"},
		{"app-only, Graph, v1", Config{Provider: AzureAD, Tenant: "contoso.example", Flow: FlowClientCredentials, ClientSecret: secret, Resource: "https://graph.microsoft.com"}, "", "31 March 2025"},
		{"Graph in China", Config{Provider: Entra, Authority: "https://login.partner.microsoftonline.cn", Scopes: []string{"https://microsoftgraph.chinacloudapi.cn/Notes.ReadWrite", "offline_access"}}, "", "no OneNote in this national cloud"},
		{"Graph of the US government by its authority", Config{Provider: Entra, Authority: "https://login.microsoftonline.us", Scopes: []string{"Notes.ReadWrite", "offline_access"}}, "", "no OneNote in this national cloud"},
		{"OneNote of the US government", Config{Provider: AzureAD, Authority: "https://login.microsoftonline.us", Resource: "https://onenote.osi.office365.us/"}, "", ""},
		{"package id", Config{ClientID: "ms-app://s-1-15-2-1"}, "", ""},
		{"id of live at live", Config{ClientID: "0000000048219837"}, "", ""},
		{"negative margin", Config{RefreshBefore: -time.Second}, "refresh_before is negative", ""},
		{"unknown response mode", Config{ResponseMode: "post"}, "expected query, form_post or fragment", ""},
		{"tenant that is none", Config{Provider: Entra, Tenant: "my tenant"}, "expected a GUID, a domain", ""},
		{"import without refresh", Config{Flow: FlowToken, RefreshToken: secret}, "refresh_token goes with", "deprecated"},
		{"redirect with user", Config{RedirectURI: "https://u@x.example/auth/default/callback"}, "user information", ""},
		{"redirect that is none", Config{RedirectURI: "callback"}, "is not a whole address", ""},
		{"redirect to 127.0.0.1", Config{RedirectURI: "http://127.0.0.1:8080/auth/default/callback"}, "", ""},
		{"secret of a native Entra app", Config{Provider: Entra, ClientSecret: secret, RedirectURI: NativeRedirect}, "must not send a secret", ""},
		{"authority of a custom provider", Config{Provider: Custom, Authority: "https://id.example", AuthorizeURL: "https://id.example/a", TokenURL: "https://id.example/t", Scopes: []string{"offline_access"}}, "does not go with provider custom", ""},
		{"custom, no place to sign in", Config{Provider: Custom, TokenURL: "https://id.example/t", Scopes: []string{"offline_access"}}, "wants authorize_url", ""},
		{"custom, no device endpoint", Config{Provider: Custom, Flow: FlowDevice, TokenURL: "https://id.example/t", Scopes: []string{"offline_access"}}, "wants device_url", "device flow"},
		{"custom, endpoint in the clear", Config{Provider: Custom, AuthorizeURL: "https://id.example/a", TokenURL: "http://id.example/t", Scopes: []string{"offline_access"}}, "in the clear", ""},
		{"custom, issuer", Config{Provider: Custom, AuthorizeURL: "https://id.example/a", TokenURL: "https://id.example/t", Scopes: []string{"offline_access"}, Issuer: "https://issuer.example/tenant"}, "", ""},
		{"custom, issuer that is none", Config{Provider: Custom, AuthorizeURL: "https://id.example/a", TokenURL: "https://id.example/t", Scopes: []string{"offline_access"}, Issuer: "id.example"}, "issuer \"id.example\": expected an https address", ""},
		{"issuer of a preset", Config{Provider: Entra, Issuer: "https://id.example"}, "issuer goes with provider custom only", ""},
		{"custom, fragment", Config{Provider: Custom, AuthorizeURL: "https://id.example/a#b", TokenURL: "https://id.example/t", Scopes: []string{"offline_access"}}, "fragments do not belong", ""},
		{"Graph", Config{Provider: Entra, Scopes: []string{"Notes.ReadWrite", "offline_access"}}, "", ""},
		{"app-only, v1", Config{Provider: AzureAD, Tenant: "contoso.example", Flow: FlowClientCredentials, ClientSecret: secret}, "", "31 March 2025"},
		{"app-only, organizations", Config{Provider: AzureAD, Tenant: "organizations", Flow: FlowClientCredentials, ClientSecret: secret}, "one directory", "31 March 2025"},
		{"slash missing", Config{Provider: AzureAD, Resource: "https://onenote.com"}, "", "lacks the slash"},
		{"Live id at Entra", Config{Provider: Entra, ClientID: "0000000048219837"}, "", "Live app"},
		{"Notes at live", Config{Scopes: []string{"office.onenote", "Notes.Read", "wl.offline_access"}}, "write provider entra, tenant consumers and scopes " + GraphScopes, ""},
		{"Graph at live", Config{Scopes: []string{"https://graph.microsoft.com/Notes.Read", "wl.offline_access"}}, "write provider entra", ""},
		{"office at Entra", Config{Provider: Entra, Scopes: []string{"office.onenote", "offline_access"}}, "", "is one of microsoft_account"},
		{"device", Config{Provider: Entra, Flow: FlowDevice}, "", "block the device flow"},
		{"more than needed", Config{Scopes: []string{"office.onenote_update", "office.onenote", "wl.offline_access"}}, "", "more than it needs"},
		{"OneDrive and OneNote", Config{Scopes: []string{"office.onenote", "onedrive.readwrite", "wl.offline_access"}}, "", "OneNote scopes suffice"},
		{"OneDrive", Config{Scopes: []string{"wl.signin", "onedrive.readwrite", "wl.offline_access"}}, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := test.c
			if c.Name == "" {
				c.Name = "default"
			}
			switch c.ClientID {
			case "":
				c.ClientID = "client"
			case none:
				c.ClientID = ""
			}
			c.Complete()
			warnings, err := c.Check()
			got := ""
			if err != nil {
				got = err.Error()
			}
			if (test.refuse == "") != (err == nil) || !strings.Contains(got, test.refuse) {
				t.Errorf("got error %q, want %q", got, test.refuse)
			}
			if all := strings.Join(warnings, "\n"); (test.warn == "") != (all == "") || !strings.Contains(all, test.warn) {
				t.Errorf("got warnings %q, want %q", all, test.warn)
			}
			if err != nil && test.refuse != "account name" && !strings.Contains(got, "account default") {
				t.Errorf("the error %q does not name the account", got)
			}
		})
	}
}

func TestAudience(t *testing.T) {
	for _, test := range []struct {
		c    Config
		want string
	}{
		{Config{}, "onenote"},
		{Config{Provider: AzureAD}, "onenote"},
		{Config{Provider: AzureAD, Resource: "https://graph.microsoft.com"}, "graph"},
		{Config{Provider: Entra}, "onenote"},
		{Config{Provider: Entra, Scopes: []string{"Notes.ReadWrite", "offline_access"}}, "graph"},
		{Config{Provider: Entra, Scopes: strings.Fields(GraphScopes)}, "graph"},
		{Config{Provider: Entra, Scopes: []string{"offline_access", "notes.read"}}, "graph"},
		{Config{Provider: Entra, Scopes: []string{"https://graph.microsoft.com/Notes.Read"}}, "graph"},
		{Config{Provider: Entra, Scopes: []string{"https://Graph.Microsoft.com/Notes.Read"}}, "graph"},
		{Config{Provider: Entra, Scopes: []string{"https://graph.microsoft.com/.default"}}, "graph"},
		{Config{Provider: Entra, Scopes: []string{GraphAppID + "/Notes.Read"}}, "graph"},
		{Config{Provider: Entra, Scopes: []string{"https://onenote.com/Notes.Read", "offline_access"}}, "onenote"},
		{Config{Provider: Entra, Scopes: []string{"https://onenote.com//.default"}}, "onenote"},
		{Config{Scopes: []string{"wl.signin", "office.onenote_create"}}, "onenote"},
		{Config{Provider: Entra, Scopes: []string{"offline_access", "openid"}}, ""},
		{Config{Provider: Entra, Scopes: []string{oneNoteAppID + "/.default"}}, "onenote"},
		{Config{Scopes: []string{"wl.signin", "onedrive.readwrite"}}, "onedrive"},
		{Config{Provider: Custom, Scopes: []string{"office.onenote"}}, ""},
	} {
		test.c.Complete()
		if got := test.c.Audience(); got != test.want {
			t.Errorf("%+v: got audience %q, want %q", test.c.Scopes, got, test.want)
		}
	}
}
