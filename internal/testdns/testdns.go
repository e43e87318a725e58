// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package testdns is a DNS server for tests.
package testdns

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// A Server responds over udp and tcp at one address.
type Server struct {
	// Address is host and port.
	Address string

	mu      sync.Mutex
	records map[string][]dns.RR // by name, in lower case
	respond func(res, q *dns.Msg, tcp bool) bool
	asked   []string
}

// Start starts a server at a free port of loopback, with these records in the form of a
// zone file. It ends with the test.
func Start(t testing.TB, records ...string) *Server {
	t.Helper()
	return StartAt(t, "127.0.0.1:0", records...)
}

// StartAt is Start at an address.
func StartAt(t testing.TB, address string, records ...string) *Server {
	t.Helper()
	s := &Server{records: make(map[string][]dns.RR)}
	for _, text := range records {
		record, err := dns.NewRR(text)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.ToLower(record.Header().Name)
		s.records[name] = append(s.records[name], record)
	}
	packets, stream := listen(t, address)
	s.Address = packets.LocalAddr().String()
	for _, server := range []*dns.Server{{PacketConn: packets}, {Listener: stream}} {
		started := make(chan struct{})
		server.Handler = s
		server.NotifyStartedFunc = func() { close(started) }
		go func() { _ = server.ActivateAndServe() }() // it ends with Shutdown
		<-started
		t.Cleanup(func() { _ = server.Shutdown() })
	}
	return s
}

// listen listens at one port of both networks.
func listen(t testing.TB, address string) (net.PacketConn, net.Listener) {
	t.Helper()
	for range 100 {
		packets, err := net.ListenPacket("udp", address)
		if err != nil {
			t.Fatal(err)
		}
		stream, err := net.Listen("tcp", packets.LocalAddr().String())
		if err == nil {
			return packets, stream
		}
		packets.Close() // another program has the port
	}
	t.Fatal("no port is free for both udp and tcp")
	return nil, nil
}

// Respond lets a function change each response, or send none by returning false. It is
// told whether the question came over tcp, and is called for one question at a time.
func (s *Server) Respond(change func(res, q *dns.Msg, tcp bool) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.respond = change
}

// Asked returns the questions that came, as "<name> <type>", without repetitions.
func (s *Server) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Compact(slices.Sorted(slices.Values(s.asked)))
}

// Set gives a name one address.
func (s *Server) Set(name string, addr netip.Addr) {
	record := dns.RR(&dns.A{Hdr: dns.RR_Header{Name: dns.Fqdn(name), Rrtype: dns.TypeA, Class: dns.ClassINET}, A: addr.AsSlice()})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[dns.Fqdn(name)] = []dns.RR{record}
}

// ServeDNS implements dns.Handler: all records of a name that have the type, and those
// that its aliases lead to.
func (s *Server) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	res := new(dns.Msg).SetReply(q)
	_, tcp := w.RemoteAddr().(*net.TCPAddr)
	s.mu.Lock()
	question := q.Question[0]
	s.asked = append(s.asked, strings.TrimSuffix(question.Name, ".")+" "+dns.TypeToString[question.Qtype])
	s.addRecords(res, strings.ToLower(question.Name), question.Qtype)
	send := s.respond == nil || s.respond(res, q, tcp)
	s.mu.Unlock()
	if send {
		_ = w.WriteMsg(res) // whoever asked may be gone
	}
}

func (s *Server) addRecords(res *dns.Msg, name string, kind uint16) {
	records, known := s.records[name]
	if !known {
		res.Rcode = dns.RcodeNameError
		return
	}
	if !slices.ContainsFunc(records, func(r dns.RR) bool { return r.Header().Rrtype == kind || r.Header().Rrtype == dns.TypeCNAME }) {
		res.Ns = append(res.Ns, &dns.SOA{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeSOA, Class: dns.ClassINET}, Ns: ".", Mbox: "."})
	}
	for _, record := range records {
		alias, isAlias := record.(*dns.CNAME)
		if isAlias || record.Header().Rrtype == kind {
			res.Answer = append(res.Answer, record)
		}
		if isAlias && len(res.Answer) < 20 {
			s.addRecords(res, strings.ToLower(alias.Target), kind)
		}
	}
}

// Questions returns how many questions came.
func (s *Server) Questions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}
