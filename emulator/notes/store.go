// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package notes

import (
	"strings"
	"time"

	"github.com/caddy-onenote/caddy-onenote/emulator/person"
)

// Store holds the libraries of all owners.
type Store struct {
	now       func() time.Time
	seed      *Seed // nil for the seed that is built in
	libraries map[string]*Library
	public    map[string]*Resource // by id: pictures that were public at some time
	hosts     map[string]string    // by path of a site: where it is
}

// NewStore returns a store in its seed state. now is the emulator's time. Without a
// seed, the built-in one is used.
func NewStore(now func() time.Time, seed *Seed) *Store {
	s := &Store{now: now, seed: seed}
	s.Reset()
	return s
}

// Reset restores the seed state.
func (s *Store) Reset() {
	s.libraries = make(map[string]*Library)
	s.public = make(map[string]*Resource)
	s.hosts = make(map[string]string)
}

// DefaultHost is the host of the sites that nobody has asked for by their address.
const DefaultHost = "contoso.sharepoint.com"

// PlaceSite records the host of a site.
func (s *Store) PlaceSite(site Owner, host string) { s.hosts[site.Shared] = strings.ToLower(host) }

// HostOf returns the host of a group or site, and whether it is known for certain.
func (s *Store) HostOf(site Owner) (string, bool) {
	host, known := s.hosts[site.Shared]
	if !known {
		return DefaultHost, false
	}
	return host, true
}

// Owner is the person, group or site that a library belongs to.
type Owner struct {
	Account person.Person // or empty
	Shared  string        // path of a group or site, or empty
}

// SiteOwner is the owner of the notes of a site, by the ids of its site collection
// and of itself. The root site of a collection needs no id of its own.
func SiteOwner(collection, site string) Owner {
	id := collection
	if site != "" {
		id += "," + site
	}
	return Owner{Shared: "sites/" + strings.ToLower(id)}
}

// GroupOwner is the owner of the notes of a group.
func GroupOwner(id string) Owner { return Owner{Shared: "groups/" + strings.ToLower(id)} }

// InSharePoint reports whether the notes are in SharePoint, not on a person's own
// OneDrive.
func (o Owner) InSharePoint() bool { return o.Shared != "" || o.Account.Work() }

// key distinguishes the owner from every other.
func (o Owner) key() string {
	return string(o.Account) + "\x00" + o.Shared
}

// LibraryOf returns the library of an owner. It is seeded at its first use.
func (s *Store) LibraryOf(o Owner) *Library {
	key := o.key()
	l := s.libraries[key]
	if l == nil {
		l = newLibrary(o)
		l.Host, _ = s.HostOf(o)
		l.begin(s.seed)
		s.libraries[key] = l
	}
	return l
}

// begin fills a new library.
func (l *Library) begin(s *Seed) {
	if s == nil {
		l.seed()
		return
	}
	_ = l.fill(s) // ReadSeed has tried it
}

// Publish makes a picture public for an hour from now.
func (s *Store) Publish(res *Resource) {
	res.PublicUntil = s.now().Add(publicLife)
	s.public[res.ID] = res
}

// PublicPicture returns a picture that is public now, or nil.
func (s *Store) PublicPicture(id string) *Resource {
	res := s.public[id]
	if res == nil || !s.now().Before(res.PublicUntil) {
		return nil
	}
	return res
}

// Published returns a picture that was public at some time, or nil.
func (s *Store) Published(id string) *Resource { return s.public[id] }
