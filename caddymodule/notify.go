// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddy-onenote/caddy-onenote/internal/loopback"
	"github.com/caddy-onenote/caddy-onenote/internal/sentence"
	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
	"github.com/caddy-onenote/caddy-onenote/tokens/signin"
)

// Notify says who is told of each change of the state of an account: when an
// account stops to work, and when it works again. The state that a process begins
// with is no change.
//
// A notice that cannot be delivered holds nothing up. It is sent again after a
// pause that grows from 5 seconds to 5 minutes, for a day; a newer state of the
// same account replaces it. It holds no secret.
type Notify struct {
	// Where each change is sent to, by POST with JSON: `account`, the states
	// `from` and `to`, `class` and `code` of the failure, a `message` for people
	// and the time, `at`. A response with a status of 2xx confirms it. The
	// connection is made as that to the identity provider, see `transport`.
	// Default: none.
	Webhook string `json:"webhook,omitempty" onenote:"webhook <url>" placeholders:"secret"`

	// A program that is started for each change, without a shell, one at a time
	// and for 10 seconds at most. It finds the change in the environment variables
	// `ONENOTE_ACCOUNT`, `ONENOTE_FROM`, `ONENOTE_TO`, `ONENOTE_CLASS`,
	// `ONENOTE_CODE`, `ONENOTE_MESSAGE` and `ONENOTE_AT`. Of the variables of
	// Caddy it gets only those that hold no secret, such as `PATH` and `HOME`. An
	// exit code of 0 confirms the change. Default: none.
	Exec []string `json:"exec,omitempty" onenote:"exec <command> [<args...>]"`
}

// checkOption implements optionChecker.
func (n *Notify) checkOption(name string) error {
	if name != "webhook" || n.Webhook == "" || strings.Contains(n.Webhook, "{") {
		return nil
	}
	_, err := parseWebhook(n.Webhook)
	return err
}

// parseWebhook reads the address of a webhook. It may hold a secret, so it is not
// quoted.
func parseWebhook(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("expected a URL such as https://hooks.example/onenote")
	}
	return u, nil
}

func (a *App) readNotify(d *caddyfile.Dispenser, args []string) error {
	if len(args) != 0 {
		return errUsage
	}
	a.Notify = new(Notify)
	b := block{options: optionsOf(a.Notify, nil)}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if !b.has(d.Val()) {
			return b.unknown(d.Val(), d.Errf("unrecognized notify option %q; expected webhook or exec", d.Val()))
		}
		if err := b.read(d); err != nil {
			return err
		}
	}
	return nil
}

var errNobodyToNotify = errors.New("notify names nobody; write webhook <url> or exec <command> into its block")

func (n *Notify) any() bool { return n.Webhook != "" || len(n.Exec) > 0 }

// provisionNotify prepares the channels of notices. It starts and sends nothing.
func (a *App) provisionNotify(caddy.Context) error {
	if a.Notify == nil {
		return nil
	}
	if !a.Notify.any() {
		return errNobodyToNotify
	}
	r := resolver{subject: "notify", absent: a.registering}
	if err := r.prepare(a.Notify); err != nil {
		return err
	}
	for _, warning := range r.warnings {
		a.warn(warning)
	}
	boxes, err := a.lease.outboxes()
	if err != nil {
		return err
	}
	a.undelivered = boxes
	if len(a.Notify.Exec) > 0 {
		a.channels = append(a.channels, a.newChannel("exec", &boxes.exec, program(a.Notify.Exec).run))
	}
	if a.Notify.Webhook == "" {
		return nil
	}
	hook, err := a.newWebhook()
	if err != nil {
		return err
	}
	a.channels = append(a.channels, a.newChannel("webhook", &boxes.webhook, hook.post))
	return nil
}

func (a *App) newWebhook() (*webhook, error) {
	address, err := newSecret("notify: webhook", a.Notify.Webhook, a.registering)
	if err != nil {
		return nil, err
	}
	if !address.inFile() {
		u, err := parseWebhook(address.value)
		if err != nil {
			return nil, fmt.Errorf("notify: webhook: %w", err)
		}
		if u.Scheme == "http" && !loopback.Host(u.Hostname()) {
			a.warn("notify: webhook: " + u.Hostname() + " is reached without TLS, so others on the network can read and forge what is told; write https if it can")
		}
	}
	return &webhook{address: address, client: &http.Client{
		Transport:     webhookTransport{a.Transport},
		Timeout:       webhookTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func (a *App) newChannel(name string, box *outbox, send sendFunc) *channel {
	return &channel{outbox: box, send: send, clock: a.clock, log: a.logger.Named("notify." + name)}
}

// startNotify delivers notices until ctx ends. Those for a channel that is not
// configured any more are dropped.
func (a *App) startNotify(ctx context.Context) {
	if a.Notify == nil {
		return
	}
	if a.Notify.Webhook == "" {
		a.undelivered.webhook.clear()
	}
	if len(a.Notify.Exec) == 0 {
		a.undelivered.exec.clear()
	}
	for _, c := range a.channels {
		a.running.Go(func() { c.run(ctx) })
	}
}

// A notice is one change of the state of an account, as it is told.
type notice struct {
	Account string       `json:"account"`
	From    tokens.State `json:"from"`
	To      tokens.State `json:"to"`
	Class   oauth.Class  `json:"class"`
	Code    string       `json:"code"`
	Message string       `json:"message"`
	At      time.Time    `json:"at"`
}

// notify queues a notice of a change. It does not wait for anything.
func (a *App) notify(e tokens.Event) {
	if len(a.channels) == 0 || e.Name != tokens.EventStateChanged {
		return
	}
	n := notice{
		Account: e.Account, From: e.From, To: e.To, Class: e.Class, Code: e.Code,
		Message: a.messageOf(e), At: e.At.UTC().Truncate(time.Second),
	}
	for _, c := range a.channels {
		c.outbox.add(n)
	}
}

// messageOf says for people what happened and what to do.
func (a *App) messageOf(e tokens.Event) string {
	message := signin.Explanation(e.To)
	if e.Message != "" {
		message = strings.TrimSpace(sentence.Begin(e.Message) + ". " + e.Hint)
	}
	if e.To == tokens.SignedOut || e.To == tokens.NeedsSignin {
		message += " Sign in at " + cmp.Or(a.signinURL(e.Account), "the status page") + " or with: caddy onenote signin " + e.Account
	}
	return message
}

// Interface guard
var _ optionChecker = (*Notify)(nil)
