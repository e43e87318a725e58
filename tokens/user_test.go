// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// The provider's name for a user comes first, then the label, and an id last.
func TestStatusNamesUser(t *testing.T) {
	for _, tc := range []struct {
		name, label string
		user        oauth.User
		want        string
	}{
		{"name", "Family", oauth.User{ID: "1", Name: "ada@example.com", FullName: "Ada"}, "ada@example.com"},
		{"id and label", "Family", oauth.User{ID: "1"}, "Family"},
		{"id only", "", oauth.User{ID: "1"}, "1"},
		{"nothing but a label", "Family", oauth.User{}, "Family"},
		{"nothing", "", oauth.User{}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(t)
			a := r.account(r.config(func(c *oauth.Config) { c.Label, c.RefreshToken = tc.label, nil }))
			if _, ok := a.User(context.Background()); ok {
				t.Error("before: got a user, want nobody")
			}
			if err := a.Adopt(context.Background(), &oauth.Grant{
				AccessToken: "t", RefreshToken: "r", ObtainedAt: r.clock.Now(), Expiry: r.clock.Now().Add(time.Hour), User: tc.user,
			}, false); err != nil {
				t.Fatal(err)
			}
			got := ""
			if u := a.Status(context.Background()).User; u != nil {
				got = *u
			}
			if got != tc.want {
				t.Errorf("user of the status: got %q, want %q", got, tc.want)
			}
			if u, ok := a.User(context.Background()); !ok || u != tc.user {
				t.Errorf("user: got %+v, %v; want %+v", u, ok, tc.user)
			}
		})
	}
}

func TestReplacedUserIsCalledByLabel(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config(func(c *oauth.Config) { c.Label, c.RefreshToken = "Family", nil }))
	adopt := func(id string) error {
		return a.Adopt(context.Background(), &oauth.Grant{
			AccessToken: "t", RefreshToken: "r", ObtainedAt: r.clock.Now(), Expiry: r.clock.Now().Add(time.Hour), User: oauth.User{ID: id},
		}, false)
	}
	if err := adopt("1"); err != nil {
		t.Fatal(err)
	}
	var other *OtherUserError
	if err := adopt("2"); !errors.As(err, &other) || other.Signed != "Family" || other.New != "2" {
		t.Errorf("another user: got %+v, %v; want Family and 2", other, err)
	}
}
