// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"context"
	"errors"
	"time"

	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// lateResponse is how long an attempt lasts after its device code has expired, so
// that the provider's own response arrives first.
const lateResponse = time.Minute

// beginDevice requests a code to show, and polls for the result.
func (p *Pages) beginDevice(ctx context.Context, a *tokens.Account, t attempt) (attempt, error) {
	d, err := a.Client().StartDevice(ctx)
	if err != nil {
		var f *oauth.Failure
		if errors.As(err, &f) {
			a.SigninFailed(f)
		}
		return attempt{}, err
	}
	t.device = d
	t.expires = d.ExpiresAt.Add(lateResponse)
	t, err = p.Attempts.add(p.clock().Now(), t)
	if err != nil {
		return attempt{}, err
	}
	a.SigninBegan(d.ExpiresAt)
	p.poll(a, t)
	return t, nil
}

// poll starts polling the provider for the result of a device sign-in, if nobody
// polls yet. Polling outlives the request, but neither the attempt nor the Pages:
// the next request for the attempt, through the next Pages, starts it again.
func (p *Pages) poll(a *tokens.Account, t attempt) {
	if t.device == nil || t.phase != waiting || t.fingerprint != a.Config().Fingerprint() {
		return
	}
	t, ok := p.Attempts.startPolling(p.clock().Now(), t.id)
	if !ok {
		return
	}
	ctx, stop, ok := p.background(t.ctx)
	if !ok {
		p.Attempts.stopPolling(p.clock().Now(), t.id)
		return
	}
	go func() {
		defer p.polls.Done()
		defer stop()
		defer func() { p.Attempts.stopPolling(p.clock().Now(), t.id) }()
		g, err := a.Client().PollDevice(ctx, t.device, a.PendingClaims())
		if ctx.Err() != nil && err != nil {
			return // the attempt is over, or the next Pages go on
		}
		p.adopt(ctx, a, t, g, err)
	}()
}

// background returns a context that ends with ctx and with the Pages, whose
// Close waits for polls.
func (p *Pages) background(ctx context.Context) (_ context.Context, stop func(), ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, nil, false
	}
	if p.ctx == nil {
		p.ctx, p.cancel = context.WithCancel(context.Background())
	}
	ctx, cancel := context.WithCancel(ctx)
	unhook := context.AfterFunc(p.ctx, cancel)
	p.polls.Add(1)
	return ctx, func() { unhook(); cancel() }, true
}
