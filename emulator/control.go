// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

const controlPrefix = "/_emulator/"

func isControlPath(path string) bool {
	return strings.HasPrefix(path, controlPrefix) || path == strings.TrimSuffix(controlPrefix, "/")
}

// maxControlBody bounds what a control request may say.
const maxControlBody = 16 << 20

// serveControl answers the control surface, which the package comment
// describes. Whoever reaches it can mint tokens, so that only loopback peers
// may.
func (e *Emulator) serveControl(w http.ResponseWriter, r *http.Request) {
	if !isLoopback(r.RemoteAddr) {
		controlError(w, http.StatusForbidden, errors.New("the control surface is for loopback peers only"))
		return
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxControlBody))
	if err != nil {
		controlError(w, http.StatusRequestEntityTooLarge, err)
		return
	}
	name := strings.TrimPrefix(r.URL.Path, controlPrefix)
	if id, found := strings.CutPrefix(name, "faults/"); found {
		e.controlFault(w, r, id)
		return
	}
	method, handle := e.control(name)
	if handle == nil {
		controlError(w, http.StatusNotFound, errors.New("no such control: "+name))
		return
	}
	if r.Method != method {
		w.Header().Set("Allow", method)
		controlError(w, http.StatusMethodNotAllowed, errors.New(name+" takes "+method))
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	answer, err := handle(data)
	if err != nil {
		controlError(w, http.StatusBadRequest, err)
		return
	}
	writeControl(w, answer)
}

// control finds a control by its name. Handlers run under e.mu; a nil answer
// is 204.
func (e *Emulator) control(name string) (method string, handle func([]byte) (any, error)) {
	switch name {
	case "reset":
		return http.MethodPost, e.controlReset
	case "faults":
		return http.MethodPost, e.controlFaults
	case "tokens":
		return http.MethodPost, e.controlTokens
	case "tokens/expire":
		return http.MethodPost, e.controlEnd(expired)
	case "tokens/revoke":
		return http.MethodPost, e.controlEnd(revoked)
	case "clock":
		return http.MethodPost, e.controlClock
	case "strict":
		return http.MethodPost, e.controlStrict
	case "clients":
		return http.MethodPost, e.controlClients
	case "requests":
		return http.MethodGet, e.controlRequests
	}
	return "", nil
}

// isLoopback judges the peer: a loopback address, or a unix socket, whose
// peers net/http calls "@" or nothing.
func isLoopback(remote string) bool {
	if remote == "@" || remote == "" {
		return true
	}
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

func (e *Emulator) controlReset([]byte) (any, error) {
	e.state = newState()
	return nil, nil
}

func (e *Emulator) controlFaults(data []byte) (any, error) {
	var request faultRequest
	if err := decodeControl(data, &request); err != nil {
		return nil, err
	}
	if err := request.validate(); err != nil {
		return nil, err
	}
	return map[string]string{"id": e.state.faults.add(request).id}, nil
}

func (e *Emulator) controlFault(w http.ResponseWriter, r *http.Request, id string) {
	if r.Method != http.MethodDelete {
		w.Header().Set("Allow", http.MethodDelete)
		controlError(w, http.StatusMethodNotAllowed, errors.New("a fault takes DELETE"))
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.state.faults.remove(id) {
		controlError(w, http.StatusNotFound, errors.New("no such fault: "+id))
		return
	}
	writeControl(w, nil)
}

// tokenRequest is the body of POST /_emulator/tokens.
type tokenRequest struct {
	// Account is the name to issue tokens for. Default: [DefaultAccount].
	Account string `json:"account"`
	// ExpiresIn is the life of the access token in seconds. Default: 3600.
	ExpiresIn *int `json:"expires_in"`
	// Scope is what the tokens are good for, in the words of a Microsoft
	// account. Default: all of OneNote.
	Scope string `json:"scope"`
}

func (e *Emulator) controlTokens(data []byte) (any, error) {
	var request tokenRequest
	if err := decodeControl(data, &request); err != nil {
		return nil, err
	}
	scope, err := liveScope(request.Scope)
	if err != nil {
		return nil, err
	}
	life := accessTokenLife
	if request.ExpiresIn != nil {
		life = time.Duration(*request.ExpiresIn) * time.Second
	}
	g := grant{account: accountNamed(request.Account), provider: anyProvider, scope: scope}
	return map[string]any{
		"access_token":  e.issueAccess(g, life).value,
		"refresh_token": e.issueRefresh(g),
		"expires_in":    int(life / time.Second),
	}, nil
}

// endRequest is the body of POST /_emulator/tokens/expire and …/revoke.
type endRequest struct {
	// Account is whose tokens end. Default: everybody's.
	Account string `json:"account"`
	// Kind is access, refresh or all. Default: all.
	Kind string `json:"kind"`
}

func (e *Emulator) controlEnd(how ending) func([]byte) (any, error) {
	return func(data []byte) (any, error) {
		var request endRequest
		if err := decodeControl(data, &request); err != nil {
			return nil, err
		}
		switch request.Kind {
		case "access":
			e.endAccess(request.Account)
		case "refresh":
			e.endRefresh(request.Account, how)
		case "all", "":
			e.endAccess(request.Account)
			e.endRefresh(request.Account, how)
		default:
			return nil, errors.New("kind is access, refresh or all")
		}
		return nil, nil
	}
}

func (e *Emulator) controlClock(data []byte) (any, error) {
	var request struct {
		Advance faultDuration `json:"advance"`
	}
	if err := decodeControl(data, &request); err != nil {
		return nil, err
	}
	e.state.advance += time.Duration(request.Advance)
	return map[string]string{"now": e.clock().Format(time.RFC3339)}, nil
}

func (e *Emulator) controlStrict(data []byte) (any, error) {
	var request struct {
		On bool `json:"on"`
	}
	if err := decodeControl(data, &request); err != nil {
		return nil, err
	}
	e.state.grants.strict = request.On
	return nil, nil
}

func (e *Emulator) controlClients(data []byte) (any, error) {
	var c client
	if err := decodeControl(data, &c); err != nil {
		return nil, err
	}
	if c.ID == "" {
		return nil, errors.New("a client needs a client_id")
	}
	if err := c.parseCertificate(); err != nil {
		return nil, err
	}
	e.state.clients[c.ID] = c
	return nil, nil
}

func (e *Emulator) controlRequests([]byte) (any, error) {
	entries := make([]logEntry, 0, len(e.state.requests.entries))
	for _, entry := range e.state.requests.entries {
		entries = append(entries, *entry)
	}
	return entries, nil
}

// decodeControl reads a control request; an empty one is an empty object.
// Unknown members are errors, or a misspelt fault would silently never fire.
func decodeControl(data []byte, into any) error {
	if len(strings.TrimSpace(string(data))) == 0 {
		return nil
	}
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

func writeControl(w http.ResponseWriter, answer any) {
	w.Header().Set("Cache-Control", "no-store")
	if answer == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer) // an error means that the client left
}

func controlError(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": err.Error()})
}
