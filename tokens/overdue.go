// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

// A renewal is overdue when somebody who waited for it was sent away. It goes
// on, and nobody knows yet how it will end; but until it does the account serves
// no more than one whose renewal failed, and readiness probes have to know.

func (h *holding) beginRenewal() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.renewing = true
}

// endRenewal forgets that a renewal was overdue, however it ended.
func (a *Account) endRenewal() {
	a.held.mu.Lock()
	was := a.held.overdue
	a.held.renewing, a.held.overdue = false, false
	a.held.mu.Unlock()
	if was {
		a.tell()
	}
}

// giveUpWaiting returns the failure for somebody who waited long enough.
func (a *Account) giveUpWaiting() *Failure {
	a.held.mu.Lock()
	news := a.held.renewing && !a.held.overdue
	a.held.overdue = a.held.renewing // it may have ended in this moment
	a.held.mu.Unlock()
	if news {
		a.tell()
	}
	return a.overdue()
}

func (h *holding) isOverdue() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.overdue
}

func (a *Account) overdue() *Failure {
	f := a.failure(Passing, "timeout", hostOf(a.config.endpoints().token)+" takes long to answer",
		"The renewal goes on; look at the network if it lasts.")
	f.retryAfter = firstPause
	return f
}
