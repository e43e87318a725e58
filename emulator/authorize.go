// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// codeLife is how long an authorization code can be redeemed. Microsoft
// accounts give it about five minutes.
const codeLife = 5 * time.Minute

// authorization is an authorization request (RFC 6749, section 4.1.1).
type authorization struct {
	provider     provider
	tenant       string
	client       string
	redirect     string
	responseType string
	responseMode string
	scope        string
	resource     string
	state        string
	nonce        string
	prompt       string
	loginHint    string
	challenge    string // PKCE (RFC 7636)
	method       string // of the challenge: S256 or plain
}

// authorizationCode is a code that was issued. It is kept after its use, or
// a second use would look like an unknown code.
type authorizationCode struct {
	authorization authorization
	account       account
	expires       time.Time
	used          bool
}

func authorizationOf(r *http.Request, p provider, tenant string) authorization {
	q := r.URL.Query()
	a := authorization{
		provider:     p,
		tenant:       tenant,
		client:       q.Get("client_id"),
		redirect:     q.Get("redirect_uri"),
		responseType: q.Get("response_type"),
		responseMode: q.Get("response_mode"),
		scope:        q.Get("scope"),
		state:        q.Get("state"),
		nonce:        q.Get("nonce"),
		prompt:       q.Get("prompt"),
		loginHint:    q.Get("login_hint"),
		challenge:    q.Get("code_challenge"),
		method:       q.Get("code_challenge_method"),
	}
	if p != live {
		a.resource = q.Get("resource")
	}
	if a.challenge != "" && a.method == "" {
		a.method = "plain"
	}
	return a
}

// serveAuthorize shows the consent page, and takes its answer. Mistakes that
// make the redirect URI untrustworthy stay on a page of the provider's; all
// others go back to the app.
func (e *Emulator) serveAuthorize(w http.ResponseWriter, r *http.Request, b body, p provider, tenant string) {
	a := authorizationOf(r, p, tenant)
	if err := e.checkApp(a); err != nil {
		a.showError(w, err)
		return
	}
	if err := a.check(); err != nil {
		a.sendBack(w, errorParameters(err))
		return
	}
	if r.Method != http.MethodPost {
		writePage(w, http.StatusOK, a.consentPage(r))
		return
	}
	e.decide(w, r, b, a)
}

// checkApp checks who asks, and where the answer would go.
func (e *Emulator) checkApp(a authorization) *oauthError {
	if err := checkTenant(a.provider, a.tenant); err != nil {
		return err
	}
	if a.client == "" {
		return a.provider.missing("client_id")
	}
	c, _, known := e.clientOf(a.client)
	if !known {
		return a.provider.unknownClient(a.client)
	}
	u, err := url.Parse(a.redirect)
	if err != nil || !u.IsAbs() || u.Fragment != "" || !c.redirectsTo(a.redirect) {
		return a.provider.badRedirect(a.redirect)
	}
	return nil
}

// check checks what is asked for.
func (a authorization) check() *oauthError {
	switch a.responseType {
	case "code", "token":
	case "":
		return a.provider.missing("response_type")
	default:
		return a.refuse("unsupported_response_type", 70005, "The provided value for the input parameter 'response_type' is not valid.")
	}
	switch a.responseMode {
	case "", "fragment", "form_post":
	case "query":
		if a.responseType == "token" {
			return a.refuse("invalid_request", 70007, "'query' is not a supported value of 'response_mode' when requesting a token.")
		}
	default:
		return a.refuse("invalid_request", 70007, "The provided value for the input parameter 'response_mode' is not valid.")
	}
	if a.challenge != "" && a.method != "S256" && a.method != "plain" {
		return a.refuse("invalid_request", 501491, "Invalid size of Code_Challenge parameter or unknown code_challenge_method.")
	}
	if a.responseType == "token" && offline(a.scope) {
		return a.refuse("invalid_scope", 70011, "The provided value for the input parameter 'scope' is not valid. Offline access is not available to the token flow.")
	}
	if err := a.checkScope(); err != nil {
		return err
	}
	if a.prompt == "none" {
		return a.refuse("login_required", 50058, "Session information is not sufficient for single-sign-on.")
	}
	return nil
}

func (a authorization) checkScope() *oauthError {
	switch a.provider {
	case azureAD:
		if _, ok := audienceOfResource(a.resource); !ok && a.resource != "" {
			return unknownResource(a.resource)
		}
		return nil
	case entra:
		if a.resource != "" {
			return resourceRefused()
		}
		if a.scope == "" {
			return a.provider.missing("scope")
		}
		_, err := entraScope(a.scope)
		return err
	}
	if a.scope == "" {
		return a.provider.missing("scope")
	}
	if _, err := liveScope(a.scope); err != nil {
		return liveError("invalid_scope", "%s", err)
	}
	return nil
}

func unknownResource(resource string) *oauthError {
	return aadError("invalid_resource", 50001,
		"The application named %s was not found in the tenant named Contoso. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant.", resource)
}

func resourceRefused() *oauthError {
	return aadError("invalid_request", 901002, "The 'resource' request parameter is not supported.")
}

// refuse is an error with a number only where the provider has numbers.
func (a authorization) refuse(code string, number int, description string) *oauthError {
	if a.provider == live {
		return liveError(code, "%s", description)
	}
	return aadError(code, number, "%s", description)
}

// showError shows an error on a page of the provider's. The fragment of a
// Microsoft account's error page is for developers to read.
func (a authorization) showError(w http.ResponseWriter, err *oauthError) {
	if a.provider != live {
		writePage(w, http.StatusBadRequest, page("Sign in to your account",
			"<h1>Sorry, but we’re having trouble signing you in.</h1>\n<p>"+html.EscapeString(err.text())+"</p>"))
		return
	}
	redirect(w, "/err.srf?lc=1033#"+encodeFragment(errorParameters(err)))
}

func errorParameters(err *oauthError) url.Values {
	return url.Values{"error": {err.code}, "error_description": {err.text()}}
}

// decide takes the answer of the consent page.
func (e *Emulator) decide(w http.ResponseWriter, r *http.Request, b body, a authorization) {
	form, err := formOf(r, b)
	if err != nil {
		writePage(w, http.StatusBadRequest, page("Bad request", "<p>The form could not be read.</p>"))
		return
	}
	switch form.Get("decision") {
	case "accept":
		a.sendBack(w, e.accept(a, accountNamed(form.Get("user"))))
	case "deny":
		a.sendBack(w, errorParameters(a.denied()))
	default:
		writePage(w, http.StatusBadRequest, page("Bad request", "<p>The decision is accept or deny.</p>"))
	}
}

func (a authorization) denied() *oauthError {
	if a.provider == live {
		return liveError("access_denied", "The user has denied access to the scope requested by the client application.")
	}
	// Azure AD's text has no number here.
	return liveError("access_denied", "the user canceled the authentication")
}

// accept makes the parameters that the app gets: a code, or a token.
func (e *Emulator) accept(a authorization, who account) url.Values {
	v := url.Values{}
	if a.provider != live {
		v.Set("session_state", guidOf("session", string(who)))
	}
	if a.responseType == "code" {
		code := "M." + e.mint.opaque("code")
		e.state.codes[code] = &authorizationCode{authorization: a, account: who, expires: e.clock().Add(codeLife)}
		v.Set("code", code)
		return v
	}
	g := a.grant(who)
	v.Set("access_token", e.issueAccess(g, accessTokenLife).value)
	v.Set("token_type", "bearer")
	v.Set("expires_in", "3600")
	v.Set("scope", g.grantedScope())
	if a.provider == live {
		v.Set("user_id", who.userID())
	}
	return v
}

// grant is what a person allows by accepting the request.
func (a authorization) grant(who account) grant {
	return grant{
		account: who, provider: a.provider, tenant: a.tenant, client: a.client,
		redirect: a.redirect, scope: a.scope, resource: a.resource, nonce: a.nonce,
	}
}

// sendBack sends parameters to the app, in the way that it asked for.
func (a authorization) sendBack(w http.ResponseWriter, v url.Values) {
	if a.state != "" {
		v.Set("state", a.state)
	}
	switch mode := a.mode(); mode {
	case "form_post":
		writePage(w, http.StatusOK, formPostPage(a.redirect, v))
	case "fragment":
		redirect(w, a.redirect+"#"+encodeFragment(v))
	default:
		separator := "?"
		if strings.Contains(a.redirect, "?") {
			separator = "&"
		}
		redirect(w, a.redirect+separator+v.Encode())
	}
}

// mode is the response mode asked for, or the default of the response type.
func (a authorization) mode() string {
	switch {
	case a.responseMode == "form_post" || a.responseMode == "fragment":
		return a.responseMode
	case a.responseType == "token":
		return "fragment"
	}
	return "query"
}

// encodeFragment encodes parameters for a fragment, where a plus sign need
// not mean a space.
func encodeFragment(v url.Values) string {
	return strings.ReplaceAll(v.Encode(), "+", "%20")
}
