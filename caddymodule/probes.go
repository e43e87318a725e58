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

// readiness is the response of /readyz.
type readiness struct {
	Ready bool `json:"ready"`

	// NotReady are the accounts that are not. A stranger is not told.
	NotReady []unreadyAccount `json:"not_ready,omitempty"`

	// Error says what is wrong with the question.
	Error string `json:"error,omitempty"`
}

type unreadyAccount struct {
	Name  string       `json:"name"`
	State tokens.State `json:"state"`
}

// serveProbe responds to /healthz, which says that the process serves, and to
// /readyz, which says whether the accounts that the client may see can be used. With account=<name> it is about one
// account, with wait=<duration> the response waits until it is yes, at most a
// minute. A stranger is told yes or no about all accounts and at once, whatever
// it asks.
func (s *site) serveProbe(w http.ResponseWriter, r *http.Request, route *guard.Route) {
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
	result := s.ready(r.Context(), wait, query.Get("account"), route)
	status := http.StatusOK
	if !result.Ready {
		status = http.StatusServiceUnavailable
	}
	writeReadiness(w, status, result)
}

// ready returns as much of the readiness as the client may know.
func (s *site) ready(ctx context.Context, wait time.Duration, account string, route *guard.Route) readiness {
	switch {
	case route.Stranger:
		return readiness{Ready: s.app.ready(ctx, "").Ready}
	case !route.Bound || account == route.Account:
		return s.app.readyWithin(ctx, wait, account)
	case account == "":
		return s.app.readyWithin(ctx, wait, route.Account)
	}
	return unknownReadiness(account)
}

// unknownReadiness is what is known of an account that does not exist, or that
// the client may not see.
func unknownReadiness(account string) readiness {
	return readiness{NotReady: []unreadyAccount{{Name: account, State: "unknown"}}}
}

func writeReadiness(w http.ResponseWriter, status int, result readiness) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(result) // it fails only if the client is gone
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
	result := a.ready(ctx, name)
	if result.Ready || wait == 0 || !a.mayWait() {
		return result
	}
	defer func() { <-a.waiters }()
	timeout, stop := a.clock.After(wait)
	defer stop()
	for {
		changed := a.changes.wait()
		if result = a.ready(ctx, name); result.Ready {
			return result
		}
		select {
		case <-changed:
		case <-timeout:
			return result
		case <-ctx.Done():
			return result
		case <-a.ended:
			return result
		}
	}
}

// mayWait takes one of the slots for waiting probes. If none is free, the probe
// gets its response at once.
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
			return unknownReadiness(name)
		}
		accounts = []*tokens.Account{account}
	}
	var result readiness
	for _, account := range accounts {
		if s := account.Status(ctx); !s.State.Usable() {
			result.NotReady = append(result.NotReady, unreadyAccount{Name: s.Name, State: s.State})
		}
	}
	result.Ready = len(result.NotReady) == 0
	return result
}
