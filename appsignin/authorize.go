// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package appsignin

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/internal/apppath"
)

// authorization is an authorization request (RFC 6749 §4.1.1) that may be responded to.
type authorization struct {
	params
	redirectURI string
	client      string
	wants       wants
	mode        responseMode
	challenge   string
	plain       bool
}

// wants is what a response_type asks for.
type wants struct{ code, token, idToken bool }

// responseTypes are those that are known, by their words in order.
var responseTypes = map[string]wants{
	"code":          {code: true},
	"token":         {token: true},
	"id_token":      {idToken: true},
	"code id_token": {code: true, idToken: true},
}

// authorize sends an app back with what it asked for, where somebody is signed in. Else
// the person signs in first.
func (s *Site) authorize(q *request) {
	if q.r.Method == http.MethodHead {
		return // it uses nothing up
	}
	p := parseParams(q.query)
	redirectURI := p.get("redirect_uri")
	switch {
	case len(q.query) > maxQuery || p.tooLong() != "":
		s.showProblem(q, http.StatusBadRequest, tooLong)
		return
	case p.differ["redirect_uri"]:
		s.showProblem(q, http.StatusBadRequest, twoRedirects)
		return
	case redirectURI == "":
		s.showProblem(q, http.StatusBadRequest, noRedirect)
		return
	case !s.redirects.has(redirectURI):
		s.showUnlisted(q, redirectURI)
		return
	case p.get("client_id") == "":
		s.showProblem(q, http.StatusBadRequest, noClient)
		return
	}
	a, err := newAuthorization(p)
	if err != nil {
		s.respond(q, a, err.response(q.path.Version))
		return
	}
	s.authorizeAs(q, a)
}

// newAuthorization reads the request of an app that is sent back in any case. With an
// error it says how.
func newAuthorization(p params) (authorization, *oauthError) {
	a := authorization{params: p, redirectURI: p.get("redirect_uri"), client: p.get("client_id"), challenge: p.get("code_challenge")}
	words := strings.Fields(p.get("response_type"))
	slices.Sort(words)
	known := false
	a.wants, known = responseTypes[strings.Join(words, " ")]
	a.mode = modeQuery
	if a.wants.token || a.wants.idToken || !known && strings.Contains(p.get("response_type"), "token") {
		a.mode = modeFragment
	}
	if !known {
		return a, &oauthError{code: "unsupported_response_type", number: 700051,
			text: "response_type has to be code, token, id_token or code id_token."}
	}
	if mode := responseMode(p.get("response_mode")); mode != "" {
		if !mode.known() || mode == modeQuery && (a.wants.token || a.wants.idToken) {
			return a, &oauthError{code: "invalid_request", number: 70007,
				text: "response_mode has to be query, fragment or form_post, and tokens are not sent in a query."}
		}
		a.mode = mode
	}
	return a, a.readChallenge()
}

// readChallenge reads the challenge of PKCE (RFC 7636 §4.3).
func (a *authorization) readChallenge() *oauthError {
	method, given := a.values["code_challenge_method"]
	a.plain = method == "plain" || !given
	switch {
	case !a.has("code_challenge") && !given:
		return nil
	case !isVerifier(a.challenge):
		return &oauthError{code: "invalid_request", number: 501491, text: "code_challenge has to be 43 to 128 unreserved characters."}
	case method != "S256" && !a.plain:
		return &oauthError{code: "invalid_request", number: 501481, text: "code_challenge_method has to be S256 or plain."}
	}
	return nil
}

// authorizeAs responds for who is signed in to the account.
func (s *Site) authorizeAs(q *request, a authorization) {
	signin, err := q.account.SignIn(q.r.Context())
	switch {
	case err != nil:
		s.showUnavailable(q, err)
	case signin.ID != "" && signin.Usable:
		s.grantAndRespond(q, a, signin)
	case slices.Contains(strings.Fields(a.get("prompt")), "none"):
		e := oauthError{code: "login_required", number: 50058, text: "Nobody is signed in to the account of this proxy."}
		s.respond(q, a, e.response(q.path.Version))
	default:
		s.signInFirst(q, "?"+q.query, formSource(a.redirectURI))
	}
}

// signInFirst sends the browser to our sign-in page, which leads back here. Where too many
// requests wait it does not: the person signs in all the same, and starts the app again.
func (s *Site) signInFirst(q *request, query, source string) {
	path, _, _ := strings.Cut(q.admission.Target, "?")
	page := q.root + "auth/" + q.admission.Account + "/signin"
	id := s.Memory.addResume(s.Now(), q.admission.Client, resume{strings.TrimPrefix(path, "/") + query, source})
	if id != "" {
		page += "?" + url.Values{ResumeField: {id}}.Encode()
	}
	seeOther(q.w, page)
}

// ResumeField names the request of an app that waits, in the query and the forms of our
// sign-in page.
const ResumeField = "app"

// grantAndRespond sends the app back with what it asked for.
func (s *Site) grantAndRespond(q *request, a authorization, signin SignIn) {
	g := grant{
		Holder: q.holder(signin), id: newGrantID(), client: a.client,
		scope: a.get("scope"), resource: a.get("resource"), nonce: a.get("nonce"),
		refreshes: wantsRefresh(q.path.Version, a.get("scope")),
	}
	var response fields
	issued := ""
	if a.wants.code {
		var err error
		issued, err = s.Memory.addCode(s.Now(), q.admission.Client, code{grant: g, redirectURI: a.redirectURI, challenge: a.challenge, plain: a.plain})
		if err != nil {
			s.respond(q, a, errFull.response(q.path.Version))
			return
		}
		response.add("code", issued)
	}
	if a.wants.token {
		key, err := s.sealStatement(accessKind, g.statement(), keyLife)
		if err != nil {
			s.showUnavailable(q, err)
			return
		}
		response = append(response, implicit(q.path.Version, key, g)...)
	}
	if a.wants.idToken {
		token, err := s.idToken(q, g, signin, issued)
		if err != nil {
			s.showUnavailable(q, err)
			return
		}
		response.add("id_token", token)
	}
	if q.path.Version == apppath.V1 && a.wants.code {
		response.add("session_state", uuidOf("session", g.id))
	}
	s.respond(q, a, response)
}

// implicit returns the fields of a key that goes straight to the app.
func implicit(v apppath.Version, key string, g grant) fields {
	var f fields
	f.add("access_token", key)
	f.add("token_type", tokenType(v))
	f.add("expires_in", keySeconds)
	if g.scope != "" {
		f.add("scope", g.scope)
	}
	if v == apppath.Live {
		f.add("user_id", userID(g.Account))
	}
	return f
}

// seeOther redirects. http.Redirect would change relative addresses, and clean listed ones.
func seeOther(w http.ResponseWriter, address string) {
	w.Header().Set("Location", address)
	w.WriteHeader(http.StatusFound)
}
