// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package appsignin responds to apps that insist on a sign-in of their own, at the paths
// of Microsoft's sign-in services (internal/apppath). It is plain net/http and knows
// neither the server around it nor how tokens are kept.
//
// What an app gets is a key of ours, never a token of Microsoft. The person signs in to
// the account of the proxy, once; the app is then sent back at once, with any client id
// and any secret. What protects the account is where the app is sent back to: only
// redirect URIs that the operator has listed (redirect.go).
//
//	authorize.go, response.go   a code, key or id_token for a listed redirect URI
//	token.go, issue.go          a code, device code or refresh token for keys
//	devicecode.go, devicepage.go  codes that a person types in
//	key.go, keyring.go          keys: sealed statements, not stored anywhere
//	revocations.go              the few that end early
//	idtoken.go, signingkey.go, metadata.go, profile.go   who is signed in
//	memory.go                   codes, in the memory of one process
//	mask.go                     no key of ours goes upstream
//
// # Keys
//
// A key says which account and which sign-in it is for, when it ends and from which grant
// it comes. It is sealed (AES-256-GCM) with a key that is derived from the sealing key of
// the proxy, so it survives restarts, opens on every node, and shows nothing. It opens the
// API while that sign-in is the account's: a sign-out ends it, and so does the next
// sign-in. Refresh tokens are the same with a longer life, and can be used again, as
// Microsoft's can. A code that is used twice revokes all that its grant gave.
//
// The guard around the package decides who may send a request. It stops pages of other
// sites and other machines before anything is read here, so they use up nothing.
package appsignin

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-onenote/caddy-onenote/internal/apppath"
	"github.com/caddy-onenote/caddy-onenote/internal/pagelook"
	"github.com/caddy-onenote/caddy-onenote/internal/repeated"
)

// An Account is an account of the proxy.
type Account interface {
	// SignIn returns who is signed in. An error says that this cannot be known now;
	// where nobody is signed in it is nil and SignIn.ID is empty.
	SignIn(ctx context.Context) (SignIn, error)

	// Latest is SignIn after a look at what other nodes have stored.
	Latest(ctx context.Context) (SignIn, error)
}

// SignIn is a sign-in to an account.
type SignIn struct {
	// ID tells it from any other sign-in, of the same person too. A refresh keeps it.
	// Empty: nobody is signed in.
	ID string

	// Usable says that requests are served with it, now or when what fails has passed.
	// Otherwise the person has to sign in again.
	Usable bool

	// Address is the e-mail address or UPN of the person, Name what to call them. Both
	// may be empty.
	Address, Name string
}

// Records keeps small sealed values that all nodes share.
type Records interface {
	// Load reads the value of that name into content. ErrNoRecord says that there is
	// none that can be opened.
	Load(ctx context.Context, name string, content any) error

	// Update reads the value into content, calls change, and stores content if it
	// returns true. No other node changes the value meanwhile. Where there is no value
	// that can be opened, change gets content as it was.
	Update(ctx context.Context, name string, content any, change func() bool) error
}

// ErrNoRecord means that there is no such record, or none that can be opened.
var ErrNoRecord = errors.New("no such record")

// Service is what the sites of one configuration share. Its fields are set before the
// first request.
type Service struct {
	// Account returns the account of that name, or nil.
	Account func(name string) Account

	// Memory has the codes. It outlives the Service, so that a reload of the
	// configuration ends no sign-in.
	Memory *Memory

	// Keys seals keys.
	Keys *Keyring

	// Revocations has the grants that were revoked.
	Revocations *Revocations

	// SigningKey signs id_tokens.
	SigningKey *SigningKey

	Now    func() time.Time
	Logger *zap.Logger

	failure repeated.Failure
}

// Site is one listener with app_signin.
type Site struct {
	*Service
	redirects redirectList
}

// NewSite returns a site that sends apps back to these redirect URIs and to no other.
func (s *Service) NewSite(redirectURIs []string) (*Site, error) {
	list, err := newRedirectList(redirectURIs)
	if err != nil {
		return nil, err
	}
	return &Site{Service: s, redirects: list}, nil
}

// Admission is what the server around us knows of a request that it has admitted.
type Admission struct {
	// Target is the request target that was checked: path and query as they were sent.
	Target string

	// Base is the URL at which the client reaches us, without a trailing slash.
	Base *url.URL

	// Account is the name of the account that the client may use.
	Account string

	// Client tells a client on another machine from others, by its address; empty for
	// all clients on this one.
	Client string

	// ClientKey tells which client key the person has shown who lets an app sign in;
	// empty for none.
	ClientKey string

	// LetsIn reports whether a key of that holder would let the client in. Nil: any would.
	LetsIn func(Holder) bool
}

// letsIn reports whether a key is of use to the client.
func (v Admission) letsIn(h Holder) bool { return v.LetsIn == nil || v.LetsIn(h) }

// request is one request with its response.
type request struct {
	w         http.ResponseWriter
	r         *http.Request
	admission Admission
	path      apppath.Path
	query     string
	base      string
	root      string // the relative path to the base
	account   Account
}

// holder is the person who lets an app sign in.
func (q *request) holder(signin SignIn) Holder {
	return Holder{Account: q.admission.Account, SignIn: signin.ID, ClientKey: q.admission.ClientKey}
}

// ServeHTTP responds to a request at one of the paths of internal/apppath.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request, admission Admission) {
	path, query, _ := strings.Cut(admission.Target, "?")
	known, ok := apppath.Parse(path)
	if !ok {
		http.NotFound(w, r)
		return
	}
	q := &request{
		w: w, r: r, admission: admission, path: known, query: query,
		base:    strings.TrimSuffix(admission.Base.String(), "/"),
		root:    "./" + strings.Repeat("../", strings.Count(path, "/")-1),
		account: s.Account(admission.Account),
	}
	// There is no Cross-Origin-Opener-Policy: apps open authorize in a window of their own
	// and wait for it.
	pagelook.SetHeaders(w.Header())
	if q.account == nil && needsAccount(known.Endpoint) {
		s.showProblem(q, http.StatusForbidden, noAccount)
		return
	}
	s.dispatch(q)
}

// needsAccount reports whether an endpoint is about the account that the site gives the
// client. For the others a code or a key says which one it is.
func needsAccount(e apppath.Endpoint) bool {
	return e == apppath.Authorize || e == apppath.DevicePage
}

func (s *Site) dispatch(q *request) {
	switch q.path.Endpoint {
	case apppath.Authorize:
		s.authorize(q)
	case apppath.Token:
		s.token(q)
	case apppath.Logout:
		s.logout(q)
	case apppath.Desktop:
		s.showEnd(q)
	case apppath.Profile:
		s.profile(q)
	case apppath.DeviceCode:
		s.deviceCode(q)
	case apppath.DevicePage:
		s.devicePage(q)
	case apppath.Metadata:
		s.metadata(q)
	case apppath.KeySet:
		s.keySet(q)
	case apppath.UserInfo:
		s.userInfo(q)
	}
}

func (s *Service) log() *zap.Logger {
	if s.Logger == nil {
		return zap.NewNop()
	}
	return s.Logger
}
