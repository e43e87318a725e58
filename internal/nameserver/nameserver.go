// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package nameserver asks given DNS servers for the addresses of a host, and asks
// nothing else: no hosts file, no search domains, no other server. Go's own resolver
// reads the hosts file first, whatever server it is told to ask.
//
// Nothing is cached. Connections to an API are kept, so names are rarely asked, and an
// address that moves is found with the next connection.
package nameserver

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/net/idna"
)

// A Server is one DNS server.
type Server struct {
	// Network is udp or tcp. A response that does not fit into a datagram is
	// fetched over tcp in either case.
	Network string

	// Address is host and port.
	Address string
}

// A Resolver asks its servers in their order: the next one where one does not
// respond, or cannot tell. The one that responded last is asked first. It is safe for
// concurrent use.
type Resolver struct {
	Servers []Server

	preferred atomic.Uint32 // index in Servers
}

const (
	// rounds is how often each server is asked: a datagram may be lost.
	rounds = 2

	// longestTry is how long one server may take, where there is time.
	longestTry = 3 * time.Second

	// resolutionDelay is how long a family of addresses is waited for once there is
	// one of the other: some servers never respond about IPv6 (RFC 8305 §3 names half
	// of it, for networks that are near).
	resolutionDelay = 100 * time.Millisecond

	// maxAliases bounds a chain of CNAME records.
	maxAliases = 8
)

// Lookup returns the addresses of a host. The error is a *net.DNSError: with IsNotFound
// where a server knows that there is no such name or that it has no address; with
// IsTimeout or IsTemporary where no server could tell.
func (r *Resolver) Lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	name := asciiName(host)
	if _, ok := dns.IsDomainName(name); !ok {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	var last error
	first := int(r.preferred.Load())
	tries := rounds * len(r.Servers)
	for i := range tries {
		index := (first + i) % len(r.Servers)
		addrs, err := r.try(ctx, r.Servers[index], dns.Fqdn(name), tries-i)
		if err == nil || isDefinite(err) {
			r.preferred.Store(uint32(index))
			return addrs, describe(err, host, r.Servers[index])
		}
		last = describe(err, host, r.Servers[index])
		if ctx.Err() != nil {
			break
		}
	}
	return nil, last
}

// try asks one server, for its part of the time that is left.
func (r *Resolver) try(ctx context.Context, s Server, name string, left int) ([]netip.Addr, error) {
	limit := longestTry
	if deadline, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(deadline)/time.Duration(left))
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return s.addresses(ctx, name)
}

// A family is what a server responded about one kind of address.
type family struct {
	addrs []netip.Addr
	err   error
}

// addresses asks for both kinds of addresses at once.
func (s Server) addresses(ctx context.Context, name string) ([]netip.Addr, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	six, four := make(chan family, 1), make(chan family, 1)
	go func() { six <- s.follow(ctx, name, dns.TypeAAAA) }()
	go func() { four <- s.follow(ctx, name, dns.TypeA) }()
	var v6, v4 family
	for range 2 {
		select {
		case v6 = <-six:
		case v4 = <-four:
		}
		if len(v6.addrs)+len(v4.addrs) > 0 {
			hurry := time.AfterFunc(resolutionDelay, cancel)
			defer hurry.Stop()
		}
	}
	if addrs := append(v6.addrs, v4.addrs...); len(addrs) > 0 {
		return addrs, nil
	}
	// Of two errors the one counts that leaves something open: no address of one
	// kind says nothing of the other.
	if v4.err != nil && !errors.Is(v4.err, errNoAddress) {
		return nil, v4.err
	}
	return nil, v6.err
}

// follow asks for addresses, and asks again where an alias was all that came.
func (s Server) follow(ctx context.Context, name string, kind uint16) family {
	for range maxAliases {
		res, err := s.ask(ctx, name, kind)
		if err != nil {
			return family{err: err}
		}
		addrs, end := readAddresses(res, name, kind)
		switch {
		case len(addrs) > 0:
			return family{addrs: addrs}
		case end == "":
			return family{err: errAliases}
		case res.Rcode == dns.RcodeNameError:
			return family{err: errNoName}
		case end == name, isNegative(res):
			return family{err: errNoAddress}
		}
		name = end
	}
	return family{err: errAliases}
}

// The errors of a server that responded.
var (
	errNoName    = errors.New("no such host")
	errNoAddress = errors.New("no such host: the name has no address")
	errAliases   = errors.New("no such host: its aliases lead nowhere")
)

// isDefinite reports whether another server would say the same.
func isDefinite(err error) bool {
	return errors.Is(err, errNoName) || errors.Is(err, errNoAddress) || errors.Is(err, errAliases)
}

// describe returns the error as those of package net are.
func describe(err error, host string, s Server) error {
	if err == nil {
		return nil
	}
	e := &net.DNSError{Err: err.Error(), Name: host, Server: s.Address, UnwrapErr: err}
	var timeout net.Error
	switch {
	case isDefinite(err):
		e.IsNotFound = true
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		e.Err, e.IsTimeout, e.IsTemporary = "the DNS server did not respond in time", true, true
	default:
		e.IsTemporary = true
	}
	return e
}

// asciiName returns a name as DNS has it (RFC 5890). One that cannot be written so is
// asked as it is: servers know names that the rules do not allow.
func asciiName(host string) string {
	if name, err := idna.Lookup.ToASCII(host); err == nil {
		return name
	}
	return host
}
