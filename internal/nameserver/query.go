// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package nameserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// datagramSize is how large a response over udp may be: it passes every network in
// one piece.
const datagramSize = 1232

// ask sends one question. A response that was cut off is fetched over tcp, and a server
// that does not know EDNS is asked without.
func (s Server) ask(ctx context.Context, name string, kind uint16) (*dns.Msg, error) {
	q := new(dns.Msg).SetQuestion(name, kind)
	q.SetEdns0(datagramSize, false)
	res, err := s.exchange(ctx, s.Network, q)
	if err == nil && (res.Rcode == dns.RcodeFormatError || res.Rcode == dns.RcodeNotImplemented) {
		q = new(dns.Msg).SetQuestion(name, kind)
		res, err = s.exchange(ctx, s.Network, q)
	}
	if err == nil && res.Truncated && !strings.HasPrefix(s.Network, "tcp") {
		res, err = s.exchange(ctx, strings.Replace(s.Network, "udp", "tcp", 1), q)
	}
	if err != nil {
		return nil, err
	}
	switch {
	case res.Truncated:
		return nil, errors.New("the DNS server's response is cut off")
	case res.Rcode != dns.RcodeSuccess && res.Rcode != dns.RcodeNameError:
		return nil, fmt.Errorf("the DNS server responded with %s", rcode(res.Rcode))
	}
	return res, nil
}

// rcode returns a code of a response in a word.
func rcode(code int) string {
	if word, ok := dns.RcodeToString[code]; ok {
		return word
	}
	return fmt.Sprint("code ", code)
}

// exchange sends a message and returns the response to it. Anything else that comes
// over a connectionless network is passed over: it may be late, or forged.
func (s Server) exchange(ctx context.Context, network string, q *dns.Msg) (*dns.Msg, error) {
	c, err := new(net.Dialer).DialContext(ctx, network, s.Address)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	// The context may end before its deadline.
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	conn := dns.Conn{Conn: c, UDPSize: datagramSize}
	if err := conn.WriteMsg(q); err != nil {
		return nil, err
	}
	for {
		res, err := conn.ReadMsg()
		var lost net.Error
		switch {
		case errors.As(err, &lost):
			if ctx.Err() != nil {
				err = ctx.Err()
			}
			return nil, err
		case res != nil && isResponse(res, q) && (err == nil || res.Truncated):
			return res, nil
		case strings.HasPrefix(network, "tcp"):
			return nil, errors.New("the DNS server's response cannot be read")
		}
	}
}

// isResponse reports whether a message is the response to a question.
func isResponse(res, q *dns.Msg) bool {
	if res.Id != q.Id || !res.Response {
		return false
	}
	// A server that could not read the question does not repeat it.
	if len(res.Question) == 0 {
		return res.Rcode != dns.RcodeSuccess
	}
	got, want := res.Question[0], q.Question[0]
	return got.Qtype == want.Qtype && got.Qclass == want.Qclass && strings.EqualFold(got.Name, want.Name)
}

// isNegative reports whether a response says that there is nothing more (RFC 2308 §2.2).
func isNegative(res *dns.Msg) bool {
	return slices.ContainsFunc(res.Ns, func(record dns.RR) bool { return record.Header().Rrtype == dns.TypeSOA })
}

// readAddresses returns the addresses of a name in a response, and the name at the end
// of its aliases; an empty one where they lead in a circle. Records of other names are
// ignored.
func readAddresses(res *dns.Msg, name string, kind uint16) (addrs []netip.Addr, end string) {
	aliases := make(map[string]string)
	for _, record := range res.Answer {
		if alias, ok := record.(*dns.CNAME); ok {
			aliases[dns.CanonicalName(alias.Hdr.Name)] = alias.Target
		}
	}
	end = name
	for hops := 0; aliases[dns.CanonicalName(end)] != ""; hops++ {
		if hops == maxAliases {
			return nil, ""
		}
		end = aliases[dns.CanonicalName(end)]
	}
	for _, record := range res.Answer {
		if dns.CanonicalName(record.Header().Name) != dns.CanonicalName(end) || record.Header().Rrtype != kind {
			continue
		}
		if addr, ok := addressOf(record); ok {
			addrs = append(addrs, addr)
		}
	}
	return addrs, end
}

func addressOf(record dns.RR) (netip.Addr, bool) {
	var addr netip.Addr
	var ok bool
	switch record := record.(type) {
	case *dns.A:
		addr, ok = netip.AddrFromSlice(record.A)
	case *dns.AAAA:
		addr, ok = netip.AddrFromSlice(record.AAAA)
	}
	return addr.Unmap(), ok
}
