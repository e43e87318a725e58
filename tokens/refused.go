// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// refusedFreshFor is how long a fresh token that an upstream refused is not
// refreshed for another refusal.
const refusedFreshFor = 5 * time.Minute

// refusedAfter is how many requests an upstream refuses with one fresh token until
// the account counts as refused. A single one may be a moment of the API's.
const refusedAfter = 2

// A refusal is what is known of an upstream that has refused the newest token there
// was, and has accepted none since.
type refusal struct {
	generation uint64    // of that token
	requests   int       // that were refused with it
	at         time.Time // of the first refusal; after refusedFreshFor that of a later one
	code       string    // of the API's error response; empty if it had none

	// established says that refusedAfter requests were refused with one token. That
	// holds for later tokens too, until one is accepted.
	established bool
}

// An acceptance is the token that an upstream has accepted last.
type acceptance struct {
	upstream   string
	generation uint64
}

// Refused notes that an upstream has refused the newest token there is. The code is
// that of its error response; empty if it has none.
func (a *Account) Refused(upstream string, generation uint64, code string) {
	if a.state.noteRefusal(upstream, generation, code, a.clock.Now()) {
		a.reportStatus()
	}
}

// Accepted notes that an upstream has accepted a token. While nothing changes this
// reads two atomic values.
func (a *Account) Accepted(upstream string, generation uint64) {
	last := a.state.accepted.Load()
	if last != nil && last.generation == generation && last.upstream == upstream && !a.state.refusing.Load() {
		return
	}
	if a.state.noteAcceptance(upstream, generation) {
		a.reportStatus()
	}
}

// noteRefusal counts a refusal. It reports whether the account is refused now and
// was not before.
func (s *accountState) noteRefusal(upstream string, generation uint64, code string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.record == nil || generation != s.record.Generation {
		return false // there is another token by now
	}
	if s.refusals == nil {
		s.refusals = make(map[string]*refusal)
	}
	n := s.refusals[upstream]
	if n == nil {
		n = new(refusal)
		s.refusals[upstream] = n
		s.refusing.Store(true)
	}
	if n.generation != generation {
		n.generation, n.requests = generation, 0
	}
	if !n.isRecent(now) {
		n.at = now
	}
	n.requests++
	if code != "" {
		n.code = code
	}
	was := n.established
	n.established = was || n.requests >= refusedAfter
	return n.established && !was
}

// noteAgain counts the refusal of a token that is known to have been refused while
// it was fresh, and that is refreshed now.
func (a *Account) noteAgain(upstream string, generation uint64) {
	a.state.mu.Lock()
	n := a.state.refusals[upstream]
	known := n != nil && n.generation == generation
	a.state.mu.Unlock()
	if known {
		a.Refused(upstream, generation, "")
	}
}

// noteAcceptance ends the refusal by an upstream. It reports whether the account was
// refused by it.
func (s *accountState) noteAcceptance(upstream string, generation uint64) (ended bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.acceptances == nil {
		s.acceptances = make(map[string]uint64)
	}
	if s.acceptances[upstream] < generation {
		s.acceptances[upstream] = generation
		s.accepted.Store(&acceptance{upstream, generation})
	}
	n := s.refusals[upstream]
	if n == nil || generation < n.generation {
		return false // the response to a request from before the refusal
	}
	if generation == n.generation && s.record != nil && s.record.RefreshToken != "" {
		if s.partlyRefused == nil {
			s.partlyRefused = make(map[string]refusal)
		}
		s.partlyRefused[upstream] = *n
	}
	delete(s.refusals, upstream)
	s.refusing.Store(len(s.refusals) > 0)
	return n.established
}

// forgetRefusals ends all refusals. The caller holds the lock.
func (s *accountState) forgetRefusals() {
	s.refusals, s.partlyRefused = nil, nil
	s.refusing.Store(false)
}

func (n *refusal) isRecent(now time.Time) bool { return now.Sub(n.at).Abs() < refusedFreshFor }

// refusedFresh reports whether the upstream has refused a fresh token a moment ago,
// and accepted none since. Then another refresh would not help: not for that token,
// and not for one that was refreshed for another upstream. A claims challenge asks
// for a token of another kind, so it is worth one refresh of each token.
//
// Nor does it help for a token that the upstream takes for some requests and refuses for
// others: an app that sends both would have it refreshed for each.
func (a *Account) refusedFresh(upstream string, generation uint64, claims string) bool {
	a.state.mu.Lock()
	defer a.state.mu.Unlock()
	if p := a.state.partlyRefused[upstream]; claims == "" && p.generation == generation && p.isRecent(a.clock.Now()) {
		return true
	}
	n := a.state.refusals[upstream]
	return n != nil && n.isRecent(a.clock.Now()) && (claims == "" || n.generation == generation)
}

// isNewest reports whether no newer token than that one can be had, and the upstream
// has never accepted it: it is as fresh as a token can be. One that was accepted
// before was revoked since, and a new sign-in brings another.
func (a *Account) isNewest(upstream string, generation uint64) bool {
	if a.config.Flow == oauth.FlowClientCredentials {
		return false
	}
	a.state.mu.Lock()
	defer a.state.mu.Unlock()
	r := a.state.record
	return r != nil && r.RefreshToken == "" && r.Generation == generation && a.state.acceptances[upstream] != generation
}

// wasRefused reports whether an upstream has refused the record's token, and no newer
// one could be had.
func (s *accountState) wasRefused(r *record) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refusedGeneration != 0 && s.refusedGeneration == r.Generation
}

// refusers returns the upstreams that refuse the account's tokens, in order, each
// with the code of its error response.
func (s *accountState) refusers() (upstreams, codes []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, upstream := range slices.Sorted(maps.Keys(s.refusals)) {
		if n := s.refusals[upstream]; n.established {
			upstreams = append(upstreams, upstream)
			codes = append(codes, n.code)
		}
	}
	return upstreams, codes
}

// codeRefused is the code of the state refused where the API gives none.
const codeRefused = "refused"

// RefusedBy returns the upstreams that refuse the account's tokens, fresh ones too.
func (a *Account) RefusedBy() []string {
	upstreams, _ := a.state.refusers()
	return upstreams
}

// refusedByUpstream returns why requests are refused although the token is fresh.
func (a *Account) refusedByUpstream() *oauth.Failure {
	upstreams, codes := a.state.refusers()
	code := codeRefused
	if i := slices.IndexFunc(codes, func(c string) bool { return c != "" }); i >= 0 {
		code = codes[i]
	}
	message := fmt.Sprintf("the API at %s responds to every request with 401, although the token is fresh", strings.Join(upstreams, " and "))
	return a.failure(oauth.Misconfigured, code, message, a.whyRefused())
}

// whyRefused says what is likely to be wrong, the likeliest first.
func (a *Account) whyRefused() string {
	if a.config.Flow == oauth.FlowClientCredentials {
		return "The OneNote API accepts no tokens of an app alone since 31 March 2025: use the flow code or device, with a user. " +
			"Otherwise the token is for another API (scopes, resource)."
	}
	what := "scopes"
	if a.config.Provider == oauth.AzureAD {
		what = "resource"
	}
	return "Likely causes: the token is for another API than this upstream (" + what + "); a permission for notes is missing in scopes or in the app registration; " +
		"or the user has no licence for OneNote, or no OneDrive yet. Correct that, then sign in again."
}
