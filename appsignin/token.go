// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package appsignin

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/internal/apppath"
	"github.com/caddy-onenote/caddy-onenote/internal/percent"
)

// tokenParams are the parameters that a token request may have: those of OAuth and OpenID
// Connect, and those with which Microsoft's libraries describe themselves. A misspelled one
// is refused, since what it was meant to protect would be missing.
var tokenParams = newSet(
	"grant_type", "code", "device_code", "refresh_token", "redirect_uri", "client_id", "client_secret",
	"client_assertion", "client_assertion_type", "code_verifier", "scope", "resource", "client_info", "claims",
	"state", "nonce", "response_type", "response_mode", "session_state", "audience", "tenant", "api-version", "itver",
	"login_hint", "domain_hint", "username", "prompt", "display", "locale", "lc", "mkt", "type", "format",
	"access_type", "token_type", "requested_token_use", "dc", "slice", "return_client_request_id", "client-request-id",
	"req_cnf", "id_token_hint", "iss",
)

func newSet(names ...string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, name := range names {
		set[name] = true
	}
	return set
}

// isTokenParam reports whether a token request may have a parameter. Telemetry of
// libraries begins with x-.
func isTokenParam(name string) bool {
	return tokenParams[name] || strings.HasPrefix(strings.ToLower(name), "x-")
}

var (
	errOtherClient   = &oauthError{code: "invalid_grant", number: 700005, text: "What was sent was issued to another client_id."}
	errOtherRedirect = &oauthError{code: "invalid_grant", number: 50011, text: "redirect_uri is not the one of the authorization request."}
	errElsewhere     = &oauthError{code: "invalid_grant", number: 50173, text: "The user who let the app sign in had not shown a client key that this site knows. Send the user to sign in again, here."}
	errBusy          = &oauthError{code: "temporarily_unavailable", number: 90033, status: http.StatusServiceUnavailable, text: "Another request is redeeming the code. Try again in a moment."}
	errTooMuch       = &oauthError{code: "invalid_scope", number: 70011, text: "client_id, scope and resource are longer than any app needs, so that no refresh token can hold them."}
	errVerifier      = &oauthError{code: "invalid_grant", number: 501481, text: "code_verifier does not match the code_challenge of the authorization request."}
	errNoClient      = &oauthError{code: "invalid_request", number: 900144, text: "The request has to contain client_id, in its body or as the user of HTTP Basic."}
	errTwoClients    = &oauthError{code: "invalid_request", number: 9000411, text: "The request names two different clients."}
	errGrantType     = &oauthError{code: "unsupported_grant_type", number: 70003, text: "grant_type has to be authorization_code, refresh_token or device_code. This proxy signs people in by itself."}
	errTwice         = &oauthError{code: "invalid_request", number: 9000411, text: "The request has a parameter twice."}
	errUnknownParam  = &oauthError{code: "invalid_request", number: 900144, text: "The request has a parameter that this endpoint does not know."}
	errTooLong       = &oauthError{code: "invalid_request", number: 900144, text: "A parameter is longer than any app needs."}
	errUnreadable    = &oauthError{code: "invalid_request", number: 900144, text: "The request body has to be a form of the type application/x-www-form-urlencoded, of at most 64 KiB."}
)

// token redeems a code or a refresh token for keys.
func (s *Site) token(q *request) {
	p, client, refusal := readTokenRequest(q.r)
	if refusal != nil {
		s.refuse(q, refusal)
		return
	}
	switch p.get("grant_type") {
	case "authorization_code":
		s.redeemCode(q, p, client)
	case "refresh_token":
		s.refresh(q, p, client)
	case "device_code", "urn:ietf:params:oauth:grant-type:device_code":
		s.redeemDevice(q, p, client)
	default:
		s.refuse(q, errGrantType)
	}
}

// readTokenRequest reads a token request and finds out which client it is of. Any secret
// will do: it is Microsoft's, and proves nothing to us.
func readTokenRequest(r *http.Request) (params, string, *oauthError) {
	p, err := readForm(r)
	if err != nil {
		return p, "", errUnreadable
	}
	if len(p.twice) > 0 {
		return p, "", errTwice
	}
	if p.tooLong() != "" {
		return p, "", errTooLong
	}
	for name := range p.values {
		if !isTokenParam(name) {
			return p, "", errUnknownParam
		}
	}
	client := p.get("client_id")
	user, _, basic := r.BasicAuth()
	if basic {
		// RFC 6749 §2.3.1 encodes it; old libraries do not.
		if client != "" && client != user && client != decode(user) {
			return p, "", errTwoClients
		}
		if client == "" {
			client = strings.Clone(decode(user)) // what is kept does not keep the whole header
		}
	}
	switch {
	case client == "":
		return p, "", errNoClient
	case len(client) > maxParam:
		return p, "", errTooLong
	}
	return p, client, nil
}

// redeemCode redeems an authorization code. What does not fit uses nothing up; a code that
// comes again revokes what it gave (RFC 6749 §4.1.2).
func (s *Site) redeemCode(q *request, p params, client string) {
	c, err := s.Memory.redeem(s.Now(), p.get("code"), func(c code) error { return c.accepts(p, client) })
	if errors.Is(err, errUsedCode) {
		s.Revocations.revoke(q.r.Context(), c.id)
		s.refuse(q, &oauthError{code: "invalid_grant", number: 54005, text: "The code was redeemed before. All that it gave was revoked."})
		return
	}
	if err != nil {
		s.refuseGrant(q, err)
		return
	}
	s.issue(q, p, c.grant, p.get("code"))
}

// accepts returns why a code is not redeemed for a request.
func (c code) accepts(p params, client string) error {
	switch {
	case c.client != client:
		return errOtherClient
	case c.redirectURI != p.get("redirect_uri"):
		return errOtherRedirect
	case !c.verifies(p):
		return errVerifier
	}
	return nil
}

// verifies checks the verifier of PKCE. One that comes without a challenge is refused too:
// somebody has removed the challenge on the way (RFC 9700 §4.8).
func (c code) verifies(p params) bool {
	verifier, given := p.values["code_verifier"]
	if c.challenge == "" {
		return !given
	}
	if !isVerifier(verifier) {
		return false
	}
	if !c.plain {
		sum := sha256.Sum256([]byte(verifier))
		verifier = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return subtle.ConstantTimeCompare([]byte(verifier), []byte(c.challenge)) == 1
}

// isVerifier reports whether s can be a verifier or a challenge of PKCE (RFC 7636 §4.1).
func isVerifier(s string) bool {
	if len(s) < 43 || len(s) > 128 {
		return false
	}
	for i := range len(s) {
		if !percent.IsUnreserved(s[i]) {
			return false
		}
	}
	return true
}

// refresh gives new keys for a refresh token of ours. One of Microsoft's, which an old app
// may still have, is not.
func (s *Site) refresh(q *request, p params, client string) {
	st, _, err := s.openStatement(q.r.Context(), refreshKind, p.get("refresh_token"))
	if err == nil && st.Client != client {
		err = errOtherClient
	}
	if err != nil {
		s.refuseGrant(q, err)
		return
	}
	s.issue(q, p, grant{
		Holder: st.holder(), id: st.Grant, client: st.Client,
		scope: st.Scope, resource: st.Resource, refreshes: true,
	}, "")
}

// isTemporary reports whether the same request may succeed later.
func isTemporary(err error) bool {
	var refusal *oauthError
	return err != nil && !IsDead(err) && !errors.As(err, &refusal)
}

// refuseGrant says why nothing is issued.
func (s *Site) refuseGrant(q *request, err error) {
	var e *oauthError
	switch {
	case errors.As(err, &e):
		s.refuse(q, e)
	case errors.Is(err, errBusyCode):
		q.w.Header().Set("Retry-After", "1")
		s.refuse(q, errBusy)
	case errors.Is(err, errUnknownCode):
		s.refuse(q, &oauthError{code: "invalid_grant", number: 70008, text: "The code is unknown or has expired; it is valid for one minute. Send the user to sign in again."})
	case errors.Is(err, ErrUnknownKey), errors.Is(err, ErrExpired):
		s.refuse(q, &oauthError{code: "invalid_grant", number: 70000, text: "The refresh token was not issued by this proxy, or has expired. Send the user to sign in again."})
	case IsDead(err):
		s.refuse(q, &oauthError{code: "invalid_grant", number: 50173, text: "The sign-in that this belongs to has ended. Send the user to sign in again."})
	default:
		s.unavailable(q, err)
	}
}

// wantsRefresh reports whether a refresh token comes with a code.
func wantsRefresh(v apppath.Version, scope string) bool {
	return v == apppath.V1 || hasScope(scope, "offline_access") || hasScope(scope, "wl.offline_access")
}

// hasScope reports whether a list of scopes has one. Old apps write commas between them.
func hasScope(list, scope string) bool {
	for _, s := range strings.FieldsFunc(list, func(r rune) bool { return r == ' ' || r == ',' }) {
		if strings.ReplaceAll(s, "-", "_") == scope {
			return true
		}
	}
	return false
}
