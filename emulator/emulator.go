// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package emulator is the OneNote API and Microsoft's identity endpoints in
// memory: an [http.Handler] that an app, a proxy or a test talks to in place
// of www.onenote.com, login.live.com and login.microsoftonline.com.
//
// It serves, all on one host:
//
//   - the OneNote API at /api/v1.0 and /api/beta, its Microsoft Graph form at
//     /v1.0/me/onenote, and enough of the OneDrive API at /v1.0/drive to prove
//     that a token fits it;
//   - sign-in for Microsoft accounts (/oauth20_authorize.srf and its siblings),
//     for Azure AD v1 (/{tenant}/oauth2/…) and for the Microsoft identity
//     platform v2.0 (/{tenant}/oauth2/v2.0/…), with every grant that these
//     have. A tenant is common, organizations, consumers, a GUID or a domain;
//     people enter device codes at /devicelogin;
//   - a control surface at /_emulator/.
//
// Every name that signs in is an account, and every account starts with the
// same seed: two notebooks, a section group, sections, enough pages to need a
// second list request, pictures whose two renditions differ, and an
// attachment. Ids are derived from the account's name, so they are the same in
// every run. The person is [DefaultAccount] where nobody says otherwise.
//
// The token [ImportedRefreshToken] is accepted by every token endpoint at any
// time. All other refresh tokens are signed with a fixed seed, so that an
// emulator which was restarted accepts what an earlier one issued. None of
// this is secret, and nothing here may ever face a network.
//
// # Control surface
//
// It takes JSON from loopback peers only; others get 403.
//
//	POST   /_emulator/reset           back to the seed
//	POST   /_emulator/tokens          {"account","expires_in","scope"} → {"access_token","refresh_token","expires_in"}
//	POST   /_emulator/tokens/expire   {"account","kind"}; kind is access, refresh or all
//	POST   /_emulator/tokens/revoke   {"account","kind"}
//	POST   /_emulator/clock           {"advance":"1h"} → {"now"}
//	POST   /_emulator/strict          {"on":true}
//	POST   /_emulator/clients         {"client_id","client_secret","redirect_uris","certificate"}
//	POST   /_emulator/faults          {"method","path","after","times","status","headers","body","delay","cut"} → {"id"}
//	DELETE /_emulator/faults/{id}
//	GET    /_emulator/requests        [{"method","path","query","status","headers","sha256","bytes"}]
//
// Members may be left out. Without account a request is about everybody, or,
// for tokens, about [DefaultAccount]; without kind, about all tokens. In strict
// mode the use of a refresh token that has a successor ends its whole family,
// as RFC 9700 demands; otherwise old ones stay good, as they do at Microsoft.
// As soon as a client is registered, all others are unknown; certificate, in
// PEM, is for clients that sign assertions.
//
// A fault is for requests of its method (default: any) whose path matches its
// glob, in which * stands for any run of characters, / among them. It lets
// after requests pass, then fires as often as times says (default: for ever); of several
// the oldest fires. Status, headers and body replace the answer, headers alone
// are added to it, and body is a string or JSON. Delay, such as "2s", holds the
// answer back. Cut severs the connection behind that many bytes of the
// answer's body; with 0 nothing is sent, and the request is neither read nor
// processed. In all other cases a request's body is read whole before any
// answer.
//
// The request log has the last 10,000 requests in the order of their arrival,
// sign-in among them and control requests not, with path, query and headers as
// they were on the wire, and the length and SHA-256 of the body.
package emulator

import (
	"net/http"
	"sync"
	"time"
)

// Options configures an [Emulator]. The zero value works.
type Options struct {
	// Now tells the time. Default: [time.Now]. POST /_emulator/clock moves
	// the emulator's clock ahead of it.
	Now func() time.Time
}

// Emulator is the whole service. It is safe for concurrent use; requests are
// answered one after another, which makes their order in the request log the
// order in which they took effect.
type Emulator struct {
	now   func() time.Time
	mint  *mint
	mu    sync.Mutex
	state *state
}

// state is what POST /_emulator/reset throws away.
type state struct {
	advance   time.Duration
	requests  requestLog
	faults    faultList
	clients   map[string]client
	codes     map[string]*authorizationCode
	devices   []*deviceGrant
	grants    grantBook
	libraries map[string]*library
	public    map[string]*resource // by resource id: what a publicAuth URL may show
}

func newState() *state {
	return &state{
		clients:   make(map[string]client),
		codes:     make(map[string]*authorizationCode),
		grants:    newGrantBook(),
		libraries: make(map[string]*library),
		public:    make(map[string]*resource),
	}
}

// New returns an emulator in its seed state.
func New(o Options) *Emulator {
	now := o.Now
	if now == nil {
		now = time.Now
	}
	return &Emulator{now: now, mint: newMint(), state: newState()}
}

// clock tells the emulator's time, in UTC. The caller holds e.mu.
func (e *Emulator) clock() time.Time {
	return e.now().Add(e.state.advance).UTC()
}

// ServeHTTP answers one request: control requests at once, all others by way
// of the request log and the faults.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if isControlPath(r.URL.Path) {
		e.serveControl(w, r)
		return
	}
	entry, f := e.arrive(r)
	var b body
	if !f.ignoresBody() {
		var err error
		if b, err = readBody(r.Body); err != nil {
			e.note(entry, b)
			sever(w) // the client went away: there is nobody to answer
		}
		e.note(entry, b)
	}
	if f.severs() || !f.wait(r.Context()) {
		sever(w)
	}
	a := e.answer(r, entry, b, f)
	if f.cuts() {
		a.sendCut(w, f.bytesBeforeCut())
	}
	a.send(w)
}

// arrive logs the request and picks the fault that applies to it.
func (e *Emulator) arrive(r *http.Request) (*logEntry, *fault) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.state.requests.add(r), e.state.faults.pick(r)
}

// note writes down the body that came with a request, before any wait, so
// that the log is whole also while an answer is held back.
func (e *Emulator) note(entry *logEntry, b body) {
	e.mu.Lock()
	defer e.mu.Unlock()
	entry.Bytes, entry.SHA256 = b.size, b.sum
}

// answer makes the reply and writes its status to the log before the client
// can see it, so that whoever got an answer also finds it in the log.
func (e *Emulator) answer(r *http.Request, entry *logEntry, b body, f *fault) *reply {
	e.mu.Lock()
	defer e.mu.Unlock()
	a := newReply(r, e.clock())
	if f.replaces() {
		f.write(a)
	} else {
		e.dispatch(a, r, b)
		a.compress()
		f.decorate(a)
	}
	entry.Status = a.status()
	return a
}

// dispatch finds who answers: an identity endpoint or one of the APIs.
func (e *Emulator) dispatch(w http.ResponseWriter, r *http.Request, b body) {
	if e.serveIdentity(w, r, b) {
		return
	}
	e.serveAPI(w, r, b)
}

// Interface guard
var _ http.Handler = (*Emulator)(nil)
