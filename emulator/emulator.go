// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package emulator is the OneNote API and Microsoft's sign-in endpoints in
// memory: an [http.Handler] that takes the place of www.onenote.com,
// graph.microsoft.com, api.onedrive.com, login.live.com and login.microsoftonline.com
// for an app, a proxy or a test.
//
// It serves, all on one host:
//
//   - the OneNote API at /api/v1.0 and /api/beta, Microsoft Graph's OneNote API
//     over the same notes below /v1.0 and /beta (me, users, groups and sites, with
//     JSON $batch), and a part of the OneDrive API at /v1.0/drive that shows
//     whether a token is for it;
//   - sign-in for Microsoft accounts (/oauth20_authorize.srf and its siblings),
//     for Azure AD v1 (/{tenant}/oauth2/…) and for the Microsoft identity
//     platform v2.0 (/{tenant}/oauth2/v2.0/…), with all their grants. A tenant
//     is common, organizations, consumers, a GUID or a domain. People enter
//     device codes at /devicelogin;
//   - a control surface at /_emulator/.
//
// Every name that signs in is an account, and every account begins with the
// same seed: two notebooks, a section group, sections, more pages than fit into
// one list response, pictures with two different renditions, and an attachment.
// Ids are derived from the name of the account, so they are the same in every
// run. A request that names no account is for [DefaultAccount]. Accounts at
// contoso.com, at fabrikam.com and below onmicrosoft.com are work accounts, whose
// notes are in SharePoint; all others are Microsoft accounts. Every group and
// every site exists. A site has the same notes at
// /api/v1.0/myOrganization/siteCollections/{a}/sites/{b}/notes and at
// /v1.0/sites/{host},{a},{b}/onenote.
//
// Every token endpoint accepts [ImportedRefreshToken] at any time. All other
// refresh tokens are signed with a fixed seed, so that an emulator accepts those
// that an earlier one issued. None of this is secret: never expose an emulator
// to a network.
//
// # Control surface
//
// It accepts JSON from loopback peers. Others get 403, unless Options.AllowRemote is set.
//
//	GET    /_emulator/                this list, with examples, as JSON or for a browser
//	POST   /_emulator/reset           back to the seed
//	POST   /_emulator/tokens          {"account","expires_in","scope"} → {"access_token","refresh_token","expires_in"}
//	POST   /_emulator/tokens/expire   {"account","kind"}; kind is access, refresh or all
//	POST   /_emulator/tokens/revoke   {"account","kind"}
//	POST   /_emulator/clock           {"advance":"1h"} → {"now"}
//	POST   /_emulator/strict          {"on":true}
//	POST   /_emulator/graph           {"strict","public_form","copies","status","polls"}
//	POST   /_emulator/clients         {"client_id","client_secret","redirect_uris","certificate"}
//	POST   /_emulator/faults          {"method","path","after","times","status","headers","body","delay","cut"} → {"id"}
//	DELETE /_emulator/faults/{id}
//	GET    /_emulator/requests        [{"method","path","query","status","headers","sha256","bytes"}]
//
// All members are optional. Without account, a request is about all accounts;
// tokens are issued to [DefaultAccount]. Without kind, it is about all tokens. In
// strict mode the use of a refresh token that has a successor ends its family, as
// RFC 9700 requires; otherwise old refresh tokens stay valid, as they do at
// Microsoft. A scope of the form Notes.ReadWrite makes tokens for Microsoft Graph;
// those for groups, sites and other people's notes are Notes.Read.All and
// Notes.ReadWrite.All, and Sites.Read.All finds sites. Once a client is registered, all others are unknown. certificate, in
// PEM, is for clients that sign assertions.
//
// A fault applies to requests with its method (default: any) whose path matches
// its glob, in which * matches any characters, including /. The first after
// matching requests are served normally; then the fault fires as often as times
// says (default: without limit). Of several faults, the oldest fires. status,
// headers and body replace the response; headers alone are added to it; body is a
// string or JSON; an object or a list is sent as application/json. delay, such as "2s", delays the response. cut closes the
// connection after that many bytes of the response body; with 0 nothing is sent,
// and the request is neither read nor processed. In all other cases the request
// body is read completely before any response.
//
// The request log holds the last 10,000 requests in the order of their arrival,
// including sign-in and without control requests. Path, query and headers are
// shown as they were sent, and the body by its length and its SHA-256.
//
// # Microsoft Graph
//
// POST /_emulator/graph sets those habits of Graph about which reports differ;
// what it does not name gets its default:
//
//   - strict, default true: OData query options need their dollar sign, nested ones
//     too. With false, those without it are accepted;
//   - public_form, default false: preAuthenticated=true changes the addresses of
//     pictures to the publicAuth form, as in 2018. They need a token all the same;
//   - copies: "operation" announces a copy by Operation-Location, "location" by the
//     address of the copy alone. Default: location for Microsoft accounts, else
//     operation;
//   - status, "Completed" (the default) or "completed": how the status is spelled;
//   - polls, default 1: how often a client finds a copy running.
//
// Copies on a personal OneDrive work on beta only, as they do there.
//
// # Packages
//
// Imports run one way, from the top of this list to its end:
//
//   - emulator puts the services together;
//   - control has the control surface, the request log and the faults;
//   - identity, onenote, graph and onedrive are the services. Another API is one
//     more package and one more entry in [New];
//   - backend is what the APIs for notes share, odata what all APIs share;
//   - notes holds notebooks and pages, grant holds tokens;
//   - wire, person and mint are the base: HTTP messages and JSON, people, ids.
package emulator

import (
	"io/fs"
	"net/http"
	"time"

	"github.com/caddy-onenote/caddy-onenote/emulator/backend"
	"github.com/caddy-onenote/caddy-onenote/emulator/control"
	"github.com/caddy-onenote/caddy-onenote/emulator/grant"
	"github.com/caddy-onenote/caddy-onenote/emulator/graph"
	"github.com/caddy-onenote/caddy-onenote/emulator/identity"
	"github.com/caddy-onenote/caddy-onenote/emulator/mint"
	"github.com/caddy-onenote/caddy-onenote/emulator/notes"
	"github.com/caddy-onenote/caddy-onenote/emulator/odata"
	"github.com/caddy-onenote/caddy-onenote/emulator/onedrive"
	"github.com/caddy-onenote/caddy-onenote/emulator/onenote"
	"github.com/caddy-onenote/caddy-onenote/emulator/person"
	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// DefaultAccount is the account of a sign-in that names none, and of
// [ImportedRefreshToken].
const DefaultAccount = person.Default

// ImportedRefreshToken is a refresh token that every token endpoint accepts at
// any time, in strict mode too, and that is never revoked. Using it starts a
// new family, whose tokens can expire and be revoked.
const ImportedRefreshToken = grant.ImportedRefreshToken

// Options configures an [Emulator]. The zero value works.
type Options struct {
	// Now returns the time. Default: [time.Now]. POST /_emulator/clock
	// advances the emulator's clock relative to it.
	Now func() time.Time

	// Seed is what every account begins with. Default: the notes that the package
	// describes.
	Seed *Seed

	// AllowRemote lets clients on other machines use the control surface. Whoever
	// does can issue tokens.
	AllowRemote bool
}

// Seed is what every account begins with.
type Seed = notes.Seed

// ReadSeed reads a seed from a folder: a folder for each notebook, in it a folder for
// each section, in that a file .html for each page, with its pictures beside it. A
// folder without pages that holds folders is a section group. docs/emulator.md
// describes it.
func ReadSeed(folder fs.FS) (*Seed, error) { return notes.ReadSeed(folder) }

// Emulator is the handler for all services. It is safe for concurrent use.
// Requests are served one after another, so their order in the request log is the
// order in which they took effect.
type Emulator struct {
	control  *control.Surface
	services []service
}

// service is one of Microsoft's services. It reports false for a path that is not
// its own, which the next service then gets.
type service interface {
	Serve(w http.ResponseWriter, r *http.Request, b wire.Body) bool
}

// New returns an emulator in its seed state.
func New(o Options) *Emulator {
	clock := control.NewShiftedClock(o.Now)
	unique := mint.New()
	grants := grant.NewBook(clock.Time, unique)
	signIn := identity.New(clock.Time, unique, grants)
	store := notes.NewStore(clock.Time, o.Seed)
	server := odata.Server{Now: clock.Time, Mint: unique, Grants: grants}
	shared := &backend.Backend{Server: server, Store: store}
	microsoftGraph := graph.New(shared)
	surface := control.New(clock, signIn, grants, microsoftGraph, grants.Reset, signIn.Reset, store.Reset, microsoftGraph.Reset)
	surface.AllowRemote = o.AllowRemote
	return &Emulator{
		control: surface,
		services: []service{
			signIn,
			onenote.New(shared),
			onedrive.New(&server),
			microsoftGraph, // the last one: it serves every other path
		},
	}
}

// IssueToken issues an access token to an account, or to [DefaultAccount] if it is
// empty. A scope such as Notes.ReadWrite makes a token for Microsoft Graph, none makes
// one for the OneNote API.
func (e *Emulator) IssueToken(account, scope string, life time.Duration) (string, error) {
	return e.control.IssueAccess(account, scope, life)
}

// ServeHTTP serves one request: control requests at once, all others by way
// of the request log and the faults.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if control.Handles(r.URL.Path) {
		e.control.Serve(w, r)
		return
	}
	e.control.Intercept(w, r, e.dispatch)
}

// dispatch passes a request to the service that its path belongs to.
func (e *Emulator) dispatch(w http.ResponseWriter, r *http.Request, b wire.Body) {
	for _, s := range e.services {
		if s.Serve(w, r, b) {
			return
		}
	}
}

// Interface guard
var _ http.Handler = (*Emulator)(nil)
