// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-onenote/caddy-onenote/internal/testclock"
	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

func TestPersonIsCalledByTheBestNameThereIs(t *testing.T) {
	const id = "26edc98506f3ab2c97a876d9d2ca9087"
	personal := oauth.Config{Provider: oauth.MicrosoftAccount}
	custom := oauth.Config{Provider: oauth.Custom, TokenURL: "https://id.example:8443/token"}
	for _, tc := range []struct {
		name                  string
		c                     oauth.Config
		u                     oauth.User
		owner, label          string
		want, address, detail string // detail: part of it
		named                 bool
	}{
		{"address and full name", personal, oauth.User{ID: id, Name: "ada@example.com", FullName: "Ada"}, "Other", "Label", "Ada", "ada@example.com", "ada@example.com", true},
		{"address", personal, oauth.User{ID: id, Name: "ada@example.com"}, "Other", "Label", "ada@example.com", "ada@example.com", "", true},
		{"told by the API", personal, oauth.User{ID: id}, "Ada", "Label", "Ada", "Ada", "notebooks name their owner", true},
		{"label", personal, oauth.User{ID: id}, "", "Family", "Family", "Family", "configuration", true},
		{"id alone", personal, oauth.User{ID: id}, "", "", "Personal Microsoft account", "Personal Microsoft account", "ends in ca9087", false},
		{"nothing", custom, oauth.User{}, "", "", "Account at id.example", "Account at id.example", "does not say whose", false},
	} {
		v := personOf(tc.c, tc.u, tc.owner, tc.label)
		if v.Name != tc.want || v.Address != tc.address || v.Named != tc.named || !strings.Contains(v.Detail, tc.detail) || (tc.detail == "") != (v.Detail == "") {
			t.Errorf("%s: got %+v, want %q, %q, %q, named %v", tc.name, v, tc.want, tc.address, tc.detail, tc.named)
		}
		if strings.Contains(v.Name+v.Detail, id) {
			t.Errorf("%s: got %+v, with the whole id", tc.name, v)
		}
	}
}

func TestProviderIsNamedOnButton(t *testing.T) {
	for _, tc := range []struct {
		c    oauth.Config
		want string
	}{
		{oauth.Config{Provider: oauth.MicrosoftAccount}, "Microsoft"},
		{oauth.Config{Provider: oauth.Entra}, "Microsoft"},
		{oauth.Config{Provider: oauth.Custom, AuthorizeURL: "https://id.example/a", TokenURL: "https://other.example/t"}, "id.example"},
		{oauth.Config{Provider: oauth.Custom}, "the provider"},
	} {
		if got := providerOf(tc.c); got != tc.want {
			t.Errorf("%+v: got %q, want %q", tc.c, got, tc.want)
		}
	}
}

// A button that cannot help is not the one that stands out.
func TestSignInIsMainActionOnlyWhereItHelps(t *testing.T) {
	transient := &oauth.FailureStatus{Class: oauth.Transient}
	required := &oauth.FailureStatus{Class: oauth.SigninRequired}
	for _, tc := range []struct {
		status tokens.Status
		want   bool
	}{
		{tokens.Status{State: tokens.SignedOut}, true},
		{tokens.Status{State: tokens.SigningIn}, true},
		{tokens.Status{State: tokens.NeedsSignin, Error: required}, true},
		{tokens.Status{State: tokens.Degraded, Error: required}, true},
		{tokens.Status{State: tokens.Degraded, Error: transient}, false},
		{tokens.Status{State: tokens.Ready}, false},
		{tokens.Status{State: tokens.NeedsOperator}, false},
		{tokens.Status{State: tokens.Unavailable}, false},
		{tokens.Status{State: tokens.Refused}, false},
	} {
		if got := signingInHelps(tc.status); got != tc.want {
			t.Errorf("%s: got %v, want %v", tc.status.State, got, tc.want)
		}
	}
}

func TestStatusPageSortsByUrgency(t *testing.T) {
	view := func(name, tone string) accountView {
		return accountView{Status: tokens.Status{Name: name}, Tone: tone}
	}
	views := []accountView{view("a", "good"), view("b", "idle"), view("c", "bad"), view("d", "warn"), view("e", "bad")}
	body := newStatusPage(views)
	names := func(views []accountView) (names []string) {
		for _, v := range views {
			names = append(names, v.Name)
		}
		return names
	}
	if got, want := names(body.Trouble), []string{"c", "e", "d", "b"}; !slices.Equal(got, want) {
		t.Errorf("trouble: got %v, want %v", got, want)
	}
	if got, want := names(body.Healthy), []string{"a"}; !slices.Equal(got, want) || !body.Healthy[0].Folded {
		t.Errorf("healthy: got %v, want %v, folded", body.Healthy, want)
	}
	if few := newStatusPage([]accountView{view("a", "good"), view("b", "bad"), view("c", "good")}); few.Healthy[0].Folded {
		t.Error("three accounts: got a folded one, want none")
	}
}

func TestServedIsShownInWords(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	var s Served
	p := &Pages{Clock: testclock.New(now), Served: func(string) Served { return s }}
	if v := p.servedView("a"); v != nil {
		t.Errorf("nothing is counted: got %+v, want nil", v)
	}
	s.Since = now.Add(-2 * time.Hour)
	if v := p.servedView("a"); v == nil || v.Counts != nil || v.Since.Words != "2 hours ago" {
		t.Errorf("no request yet: got %+v", v)
	}
	s.Requests, s.Pictures, s.Retries, s.Throttled, s.Failed = 1234567, 1, 1, 12, 999
	want := []countView{{"1,234,567", "requests"}, {"1", "picture"}, {"1", "retry"}, {"12", "throttled"}, {"999", "failed"}}
	if v := p.servedView("a"); !slices.Equal(v.Counts, want) {
		t.Errorf("got %v, want %v", v.Counts, want)
	}
	s = Served{Since: s.Since, Requests: 1}
	if v := p.servedView("a"); !slices.Equal(v.Counts, []countView{{"1", "request"}}) {
		t.Errorf("one request: got %v", v.Counts)
	}
}
