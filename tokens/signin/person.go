// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"cmp"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// personView is who is signed in, as the pages show it. It is never an id alone: no
// person knows those.
type personView struct {
	// Name is what to call them.
	Name string

	// Detail is the address of a full name, or why there is no better name.
	Detail string

	// Address is what tells them apart from others: several people have the same full
	// name. It is the name where nothing does.
	Address string

	// Named says that the name is theirs, and not a substitute.
	Named bool
}

// personOf returns how the pages show a user. owner is the name that the API has told
// for the account, label the one of its configuration; both may be empty.
func personOf(c oauth.Config, u oauth.User, owner, label string) personView {
	v := nameOf(c, u, owner, label)
	v.Address = cmp.Or(u.Name, v.Name)
	return v
}

func nameOf(c oauth.Config, u oauth.User, owner, label string) personView {
	switch {
	case u.FullName != "" && u.Name != "" && u.FullName != u.Name:
		return personView{Name: u.FullName, Detail: u.Name, Named: true}
	case u.Name != "" || u.FullName != "":
		return personView{Name: cmp.Or(u.Name, u.FullName), Named: true}
	case owner != "":
		return personView{Name: owner, Detail: "as the notebooks name their owner", Named: true}
	case label != "":
		return personView{Name: label, Detail: "a name of the configuration: the provider tells none", Named: true}
	}
	v := personView{Name: accountKind(c), Detail: "The provider does not say whose it is."}
	if u.ID != "" {
		v.Detail = "The provider does not say whose it is, only an id that ends in " + idEnd(u.ID) + "."
	}
	return v
}

// idEnd returns the end of an id: enough to tell two apart.
func idEnd(id string) string { return id[max(0, len(id)-6):] }

// accountKind says what an account is, where nothing says whose.
func accountKind(c oauth.Config) string {
	switch c.Provider {
	case oauth.MicrosoftAccount:
		return "Personal Microsoft account"
	case oauth.AzureAD:
		return "Work or school account"
	case oauth.Entra:
		return "Microsoft account"
	}
	return "Account at " + providerOf(c)
}

// providerOf returns the provider as a button names it.
func providerOf(c oauth.Config) string {
	if c.Provider != oauth.Custom {
		return "Microsoft"
	}
	for _, address := range []string{c.AuthorizeURL, c.DeviceURL, c.TokenURL} {
		if host := hostOf(address); host != "" {
			return host
		}
	}
	return "the provider"
}
