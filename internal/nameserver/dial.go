// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package nameserver

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"time"
)

// A DialFunc connects to an address, which is host and port.
type DialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

// A Dialer connects to hosts by the addresses that its Resolver finds.
type Dialer struct {
	Resolver *Resolver

	// Dial connects to one address of IP.
	Dial DialFunc

	// Timeout bounds names and connections together. Zero: no limit of ours.
	Timeout time.Duration

	// FallbackDelay is how long the better kind of address has before the other is
	// tried beside it (RFC 8305). Zero: 300ms; negative: one after the other.
	FallbackDelay time.Duration
}

const (
	defaultFallbackDelay = 300 * time.Millisecond

	// shortestDial is what each address gets of the time that is left, where there
	// is as much.
	shortestDial = 2 * time.Second
)

// DialContext connects to a host and port. A host that is an address is asked of
// nobody.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return d.Dial(ctx, network, address)
	}
	if d.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d.Timeout)
		defer cancel()
	}
	addrs, err := d.Resolver.Lookup(ctx, host)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	better, others := families(addrs)
	return d.race(ctx, network, port, better, others)
}

// families returns the addresses in two kinds. IPv6 is the better one, unless this
// machine has no route for it.
func families(addrs []netip.Addr) (better, others []netip.Addr) {
	for _, addr := range addrs {
		if addr.Is4() {
			others = append(others, addr)
		} else {
			better = append(better, addr)
		}
	}
	if len(better) == 0 || len(others) > 0 && !slices.ContainsFunc(better, hasRoute) {
		return others, better
	}
	return better, others
}

// hasRoute reports whether this machine can send something to an address. Nothing is
// sent: for udp, connecting only chooses a route.
func hasRoute(addr netip.Addr) bool {
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(addr, 9)))
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}

// dialed is what became of one kind of address.
type dialed struct {
	conn  net.Conn
	err   error
	first bool // of the better kind
}

// race connects to the better kind of address, and beside it to the other one where
// that takes long or fails. The first connection is the one.
func (d *Dialer) race(ctx context.Context, network, port string, better, others []netip.Addr) (net.Conn, error) {
	if len(others) == 0 || d.FallbackDelay < 0 {
		return d.each(ctx, network, port, append(better, others...))
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan dialed)
	start := func(addrs []netip.Addr, first bool) {
		conn, err := d.each(ctx, network, port, addrs)
		select {
		case results <- dialed{conn, err, first}:
		case <-ctx.Done():
			if conn != nil {
				_ = conn.Close()
			}
		}
	}
	go start(better, true)
	delay := d.FallbackDelay
	if delay == 0 {
		delay = defaultFallbackDelay
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	running, begun := 1, false
	begin := func() {
		if !begun {
			begun = true
			running++
			go start(others, false)
		}
	}
	var failed error
	for running > 0 {
		select {
		case <-timer.C:
			begin()
		case r := <-results:
			if r.err == nil {
				return r.conn, nil
			}
			running--
			if failed == nil || r.first {
				failed = r.err
			}
			begin()
		case <-ctx.Done():
			return nil, &net.OpError{Op: "dial", Net: network, Err: ctx.Err()}
		}
	}
	return nil, failed
}

// each connects to one address after the other, and gives each its part of the time.
func (d *Dialer) each(ctx context.Context, network, port string, addrs []netip.Addr) (net.Conn, error) {
	var failed error
	for i, addr := range addrs {
		conn, err := d.one(ctx, network, net.JoinHostPort(addr.String(), port), len(addrs)-i)
		if err == nil {
			return conn, nil
		}
		if failed == nil {
			failed = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, failed
}

func (d *Dialer) one(ctx context.Context, network, address string, left int) (net.Conn, error) {
	if deadline, ok := ctx.Deadline(); ok {
		remaining := time.Until(deadline)
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, min(remaining, max(shortestDial, remaining/time.Duration(left))))
		defer cancel()
	}
	return d.Dial(ctx, network, address)
}
