// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package authpath holds the paths under which a listener serves the pages that
// sign accounts in and out:
//
//	/auth/status
//	/auth/<account>/signin, callback, paste, signout
//	/favicon.ico
package authpath

import "strings"

// Prefix is the beginning of the paths of accounts. Status is the path of the accounts'
// states as JSON. Icon is that of the pages' icon, where browsers look for it.
const (
	Prefix = "/auth/"
	Status = Prefix + "status"
	Icon   = "/favicon.ico"
)

// The actions of an account.
const (
	SigninAction   = "signin"   // the page with the button, and the button
	CallbackAction = "callback" // the identity provider sends the browser here
	PasteAction    = "paste"    // a person sends the callback's address here instead
	SignoutAction  = "signout"
)

// Signin returns the path of an account's sign-in page.
func Signin(account string) string { return of(account, SigninAction) }

// Callback returns the path with which an account's redirect URI ends.
func Callback(account string) string { return of(account, CallbackAction) }

func of(account, action string) string { return Prefix + account + "/" + action }

// Split splits /auth/<account>/<action>. The action may hold slashes. It reports
// false for any other path; it does not check the account's name.
func Split(path string) (account, action string, ok bool) {
	rest, ok := strings.CutPrefix(path, Prefix)
	if !ok {
		return "", "", false
	}
	return strings.Cut(rest, "/")
}
