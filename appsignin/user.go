// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package appsignin

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// What an app is told of its user. The ids are made of the account's name: they stay the
// same whoever signs in and however often, so that an app finds its own data again, and
// they are none of Microsoft's.

// objectID and tenantID are the oid and the tid of an account.
func objectID(account string) string { return uuidOf("oid", account) }
func tenantID(account string) string { return uuidOf("tid", account) }

// subject is the sub of an account.
func subject(account string) string { return hash("sub", account)[:43] }

// userID is the id of an account at Live.
func userID(account string) string { return hash("cid", account)[:16] }

// uuidOf returns a UUID that follows from a text (RFC 9562 §5.8).
func uuidOf(kind, text string) string {
	b := sum(kind, text)
	b[6] = b[6]&0x0f | 0x80
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

func hash(kind, text string) string {
	b := sum(kind, text)
	return hex.EncodeToString(b[:])
}

func sum(kind, text string) [sha256.Size]byte {
	return sha256.Sum256([]byte("caddy-onenote app sign-in " + kind + "\x00" + text))
}

// person is who is signed in, as apps are told.
type person struct{ address, name, first, last string }

// personOf returns who is signed in. Where the provider tells no address, the account has
// one that leads nowhere: apps need something.
func personOf(account string, s SignIn) person {
	p := person{address: s.Address, name: cmp.Or(s.Name, s.Address, account)}
	if p.address == "" {
		p.address = account + "@onenote.invalid"
	}
	p.first, p.last, _ = strings.Cut(p.name, " ")
	return p
}
