// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/caddy-onenote/caddy-onenote/guard"
	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// Bounds of probes that wait. Anybody may ask, so waiting must cost little.
const (
	maxWait    = time.Minute
	maxWaiters = 64
)

// readiness is the answer of /readyz.
type readiness struct {
	Ready bool `json:"ready"`

	// NotReady are the accounts that are not. A remote caller is not told.
	NotReady []accountState `json:"not_ready,omitempty"`

	// Error says what is wrong with the question.
	Error string `json:"error,omitempty"`
}

type accountState struct {
	Name  string       `json:"name"`
	State tokens.State `json:"state"`
}

// serveProbe answers /healthz: the process serves; and /readyz: accounts can
// be used. With account=<name> it is about one account, with wait=<duration>
// the answer waits until it is yes, at most a minute.
func (h *Handler) serveProbe(w http.ResponseWriter, r *http.Request, route *guard.Route) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if r.URL.Path == "/healthz" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("ok\n"))
		return
	}
	query := r.URL.Query()
	wait, err := parseWait(query.Get("wait"))
	if err != nil {
		writeReadiness(w, http.StatusBadRequest, readiness{Error: err.Error()})
		return
	}
	answer := h.app.readyWithin(r.Context(), wait, query.Get("account"))
	if route.Remote {
		answer.NotReady = nil
	}
	status := http.StatusOK
	if !answer.Ready {
		status = http.StatusServiceUnavailable
	}
	writeReadiness(w, status, answer)
}

func writeReadiness(w http.ResponseWriter, status int, answer readiness) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // it fails only where the caller is gone
}

// parseWait reads a duration such as 30s, or a number of seconds.
func parseWait(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	wait, err := time.ParseDuration(text)
	if seconds, atoiErr := strconv.Atoi(text); atoiErr == nil {
		wait, err = time.Duration(min(max(seconds, -1), 3600))*time.Second, nil
	}
	if err != nil || wait < 0 || wait > maxWait {
		return 0, errors.New("wait: expected a duration of at most 60s, such as 30s")
	}
	return wait, nil
}

// readyWithin returns whether the accounts can be used, as soon as they can or
// when the time is up.
func (a *App) readyWithin(ctx context.Context, wait time.Duration, name string) readiness {
	answer := a.ready(ctx, name)
	if answer.Ready || wait == 0 || !a.mayWait() {
		return answer
	}
	defer func() { <-a.waiters }()
	timeout, stop := a.clock.After(wait)
	defer stop()
	for {
		changed := a.changes.wait()
		if answer = a.ready(ctx, name); answer.Ready {
			return answer
		}
		select {
		case <-changed:
		case <-timeout:
			return answer
		case <-ctx.Done():
			return answer
		case <-a.ended:
			return answer
		}
	}
}

// mayWait takes one of the places of those who wait. Who finds none is
// answered at once.
func (a *App) mayWait() bool {
	select {
	case a.waiters <- struct{}{}:
		return true
	default:
		return false
	}
}

// ready returns which accounts cannot be used: of all, or of the one named.
func (a *App) ready(ctx context.Context, name string) readiness {
	accounts := a.all()
	if name != "" {
		account := a.account(name)
		if account == nil {
			return readiness{NotReady: []accountState{{Name: name, State: "unknown"}}}
		}
		accounts = []*tokens.Account{account}
	}
	var answer readiness
	for _, account := range accounts {
		if s := account.Status(ctx); !s.State.Usable() {
			answer.NotReady = append(answer.NotReady, accountState{Name: s.Name, State: s.State})
		}
	}
	answer.Ready = len(answer.NotReady) == 0
	return answer
}
