// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package nameserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"go.uber.org/goleak"

	"github.com/caddy-onenote/caddy-onenote/internal/testdns"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// asking returns a resolver that asks these addresses.
func asking(addresses ...string) *Resolver {
	r := new(Resolver)
	for _, a := range addresses {
		r.Servers = append(r.Servers, Server{Network: "udp", Address: a})
	}
	return r
}

func lookup(t *testing.T, r *Resolver, host string) ([]string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	addrs, err := r.Lookup(ctx, host)
	var texts []string
	for _, a := range addrs {
		texts = append(texts, a.String())
	}
	return texts, err
}

func wantAddrs(t *testing.T, r *Resolver, host string, want ...string) {
	t.Helper()
	if got, err := lookup(t, r, host); err != nil || !slices.Equal(got, want) {
		t.Errorf("%s: got %q, %v, want %q", host, got, err, want)
	}
}

// wantFailure wants one of the two kinds of failure: the name does not exist, or nobody
// could tell.
func wantFailure(t *testing.T, r *Resolver, host string, notFound bool, text string) {
	t.Helper()
	addrs, err := lookup(t, r, host)
	var e *net.DNSError
	if !errors.As(err, &e) || e.IsNotFound != notFound || e.IsTemporary == notFound || !strings.Contains(err.Error(), text) {
		t.Errorf("%s: got %q, %v, want an error with %q, not found: %t", host, addrs, err, text, notFound)
	}
}

func TestNameHasAddressesOfBothFamilies(t *testing.T) {
	s := testdns.Start(t, "both.test. A 192.0.2.1", "both.test. A 192.0.2.2", "both.test. AAAA 2001:db8::1",
		"four.test. A 192.0.2.3", "six.test. AAAA 2001:db8::2", "text.test. TXT hello", "xn--bcher-kva.test. A 192.0.2.4",
		"under_score.test. A 192.0.2.5")
	r := asking(s.Address)
	wantAddrs(t, r, "both.test", "2001:db8::1", "192.0.2.1", "192.0.2.2")
	wantAddrs(t, r, "Both.Test.", "2001:db8::1", "192.0.2.1", "192.0.2.2")
	wantAddrs(t, r, "four.test", "192.0.2.3")
	wantAddrs(t, r, "six.test", "2001:db8::2")
	wantAddrs(t, r, "bücher.test", "192.0.2.4")
	wantAddrs(t, r, "under_score.test", "192.0.2.5")
	wantFailure(t, r, "absent.test", true, "lookup absent.test on "+s.Address+": no such host")
	wantFailure(t, r, "text.test", true, "the name has no address")
	wantFailure(t, r, "a..test", true, "no such host")
	wantFailure(t, r, strings.Repeat("a", 64)+".test", true, "no such host")
}

// The name of a machine is in its hosts file, in containers at least. Only the servers
// are asked, and only for that name.
func TestNothingButTheServersIsAsked(t *testing.T) {
	hostname, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	s := testdns.Start(t)
	for _, name := range []string{hostname, "localhost.localdomain", "short"} {
		wantFailure(t, asking(s.Address), name, true, "no such host")
	}
	want := []string{hostname + " A", hostname + " AAAA", "localhost.localdomain A", "localhost.localdomain AAAA", "short A", "short AAAA"}
	slices.Sort(want)
	if got := s.Asked(); !slices.Equal(got, want) {
		t.Errorf("got questions %q, want %q", got, want)
	}
}

func TestAliasesAreFollowed(t *testing.T) {
	s := testdns.Start(t, "www.test. CNAME edge.test.", "edge.test. CNAME far.test.", "far.test. A 192.0.2.1",
		"round.test. CNAME about.test.", "about.test. CNAME round.test.", "lost.test. CNAME absent.test.",
		"dry.test. CNAME text.test.", "text.test. TXT hello")
	r := asking(s.Address)
	wantAddrs(t, r, "www.test", "192.0.2.1")
	if got := s.Questions(); got != 2 {
		t.Errorf("got %d questions, want one for each kind of address", got)
	}
	wantFailure(t, r, "round.test", true, "its aliases lead nowhere")
	wantFailure(t, r, "lost.test", true, "no such host")
	wantFailure(t, r, "dry.test", true, "the name has no address")
	// Some servers leave what the alias leads to for another question.
	s.Respond(func(res, _ *dns.Msg, _ bool) bool {
		res.Answer, res.Ns = res.Answer[:min(len(res.Answer), 1)], nil
		return true
	})
	wantAddrs(t, r, "www.test", "192.0.2.1")
}

func TestRecordsOfOtherNamesAreIgnored(t *testing.T) {
	s := testdns.Start(t, "www.test. A 192.0.2.1")
	s.Respond(func(res, q *dns.Msg, _ bool) bool {
		other, err := dns.NewRR("evil.test. A 203.0.113.66")
		if err != nil {
			t.Error(err)
		}
		res.Answer = []dns.RR{other}
		return true
	})
	wantFailure(t, asking(s.Address), "www.test", true, "the name has no address")
}

// Whoever guesses the port sends responses to other questions.
func TestResponseToAnotherQuestionIsPassedOver(t *testing.T) {
	good := testdns.Start(t, "www.test. A 192.0.2.1")
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer packets.Close()
	go func() {
		for {
			var b [1500]byte
			n, client, err := packets.ReadFrom(b[:])
			if err != nil {
				return
			}
			q := new(dns.Msg)
			if q.Unpack(b[:n]) != nil {
				continue
			}
			forged := new(dns.Msg).SetReply(q)
			forged.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: "www.test.", Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.IPv4(203, 0, 113, 66)}}
			for _, change := range []func(){
				func() { forged.Id++ },
				func() { forged.Id--; forged.Response = false },
				func() { forged.Response = true; forged.Question[0].Name = "other.test." },
				func() { forged.Question = nil },
			} {
				change()
				wire, err := forged.Pack()
				if err == nil {
					_, _ = packets.WriteTo(wire, client)
				}
			}
			_, _ = packets.WriteTo([]byte("no message"), client)
			if wire, err := forwarded(good.Address, q); err == nil {
				_, _ = packets.WriteTo(wire, client)
			}
		}
	}()
	wantAddrs(t, asking(packets.LocalAddr().String()), "www.test", "192.0.2.1")
}

func forwarded(address string, q *dns.Msg) ([]byte, error) {
	res, err := dns.Exchange(q, address)
	if err != nil {
		return nil, err
	}
	return res.Pack()
}

func TestTruncatedResponseIsFetchedOverTCP(t *testing.T) {
	var records []string
	for i := range 200 {
		records = append(records, fmt.Sprintf("many.test. A 192.0.2.%d", i))
	}
	s := testdns.Start(t, records...)
	s.Respond(func(res, _ *dns.Msg, tcp bool) bool {
		if !tcp {
			res.Truncate(datagramSize)
		}
		return true
	})
	if got, err := lookup(t, asking(s.Address), "many.test"); err != nil || len(got) != 200 {
		t.Errorf("got %d addresses, %v, want 200", len(got), err)
	}
	s.Respond(func(res, _ *dns.Msg, _ bool) bool {
		res.Truncated = true
		return true
	})
	wantFailure(t, asking(s.Address), "many.test", false, "cut off")
}

func TestServerCanBeAskedOverTCP(t *testing.T) {
	s := testdns.Start(t, "www.test. A 192.0.2.1")
	s.Respond(func(_, _ *dns.Msg, tcp bool) bool { return tcp })
	r := &Resolver{Servers: []Server{{"tcp", s.Address}}}
	wantAddrs(t, r, "www.test", "192.0.2.1")
}

func TestServerWithoutEDNSIsAskedWithoutIt(t *testing.T) {
	for _, code := range []int{dns.RcodeFormatError, dns.RcodeNotImplemented} {
		s := testdns.Start(t, "www.test. A 192.0.2.1")
		s.Respond(func(res, q *dns.Msg, _ bool) bool {
			if q.IsEdns0() != nil {
				res.Answer, res.Question, res.Rcode = nil, nil, code
			}
			return true
		})
		wantAddrs(t, asking(s.Address), "www.test", "192.0.2.1")
	}
}

// silent is a server that never responds.
func silent(t *testing.T) *testdns.Server {
	s := testdns.Start(t)
	s.Respond(func(_, _ *dns.Msg, _ bool) bool { return false })
	return s
}

func unused(t *testing.T) string {
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer packets.Close()
	return packets.LocalAddr().String()
}

func TestNextServerIsAskedWhereOneCannotTell(t *testing.T) {
	t.Parallel()
	good := testdns.Start(t, "www.test. A 192.0.2.1")
	ill := testdns.Start(t)
	ill.Respond(func(res, _ *dns.Msg, _ bool) bool {
		res.Rcode = dns.RcodeServerFailure
		return true
	})
	wantAddrs(t, asking(unused(t), good.Address), "www.test", "192.0.2.1")
	wantAddrs(t, asking(ill.Address, good.Address), "www.test", "192.0.2.1")
	quiet := silent(t)
	r := asking(quiet.Address, good.Address)
	wantAddrs(t, r, "www.test", "192.0.2.1")
	// From now on nobody waits for the silent one.
	before := quiet.Questions()
	wantAddrs(t, r, "www.test", "192.0.2.1")
	if got := quiet.Questions() - before; got != 0 {
		t.Errorf("got %d more questions at the server that does not respond, want none", got)
	}
	// A name that does not exist does so at every server.
	asked := testdns.Start(t, "absent.test. A 192.0.2.9")
	wantFailure(t, asking(good.Address, asked.Address), "absent.test", true, "no such host")
	if got := asked.Asked(); len(got) > 0 {
		t.Errorf("got questions %q at the second server, want none", got)
	}
}

func TestFailureOfServersIsNoMissingName(t *testing.T) {
	t.Parallel()
	ill := testdns.Start(t)
	ill.Respond(func(res, _ *dns.Msg, _ bool) bool {
		res.Rcode = dns.RcodeRefused
		return true
	})
	wantFailure(t, asking(ill.Address), "www.test", false, "REFUSED")
	wantFailure(t, asking(unused(t)), "www.test", false, "refused")
	wantFailure(t, asking(silent(t).Address), "www.test", false, "did not respond in time")
}

// Datagrams get lost.
func TestLostQuestionIsSentAgain(t *testing.T) {
	t.Parallel()
	s := testdns.Start(t, "www.test. A 192.0.2.1")
	lost := make(map[uint16]bool)
	s.Respond(func(_, q *dns.Msg, _ bool) bool {
		kind := q.Question[0].Qtype
		known := lost[kind]
		lost[kind] = true
		return known
	})
	wantAddrs(t, asking(s.Address), "www.test", "192.0.2.1")
}

// Some servers never respond about IPv6.
func TestAddressesOfOneFamilyDoNotWaitForTheOther(t *testing.T) {
	t.Parallel()
	s := testdns.Start(t, "www.test. A 192.0.2.1")
	s.Respond(func(_, q *dns.Msg, _ bool) bool { return q.Question[0].Qtype == dns.TypeA })
	begun := time.Now()
	wantAddrs(t, asking(s.Address), "www.test", "192.0.2.1")
	if took := time.Since(begun); took > 900*time.Millisecond {
		t.Errorf("took %s, want no more than the delay", took)
	}
}

func TestLookupEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := asking(silent(t).Address).Lookup(ctx, "www.test"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was canceled", err)
	}
}

// connected is a connection to an address.
type connected struct {
	net.Conn
	address string
}

func (connected) Close() error { return nil }

func TestDialerTriesEachAddress(t *testing.T) {
	t.Parallel()
	s := testdns.Start(t, "both.test. AAAA ::1", "both.test. A 192.0.2.1", "two.test. A 192.0.2.1", "two.test. A 192.0.2.2")
	refused := errors.New("refused")
	for _, tt := range []struct {
		name, address string
		dial          map[string]error // what the addresses respond; others hang
		want          string
	}{
		{"an address is asked of nobody", "192.0.2.9:443", map[string]error{"192.0.2.9:443": nil}, "192.0.2.9:443"},
		{"the second after the first", "two.test:443", map[string]error{"192.0.2.1:443": refused, "192.0.2.2:443": nil}, "192.0.2.2:443"},
		{"the other family where one fails", "both.test:443", map[string]error{"[::1]:443": refused, "192.0.2.1:443": nil}, "192.0.2.1:443"},
		{"the other family where one hangs", "both.test:443", map[string]error{"192.0.2.1:443": nil}, "192.0.2.1:443"},
		{"the first error where all fail", "both.test:443", map[string]error{"[::1]:443": refused, "192.0.2.1:443": refused}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := Dialer{Resolver: asking(s.Address), Timeout: 5 * time.Second, FallbackDelay: 20 * time.Millisecond}
			d.Dial = func(ctx context.Context, _, address string) (net.Conn, error) {
				err, ok := tt.dial[address]
				if !ok {
					<-ctx.Done()
					return nil, ctx.Err()
				}
				return connected{address: address}, err
			}
			conn, err := d.DialContext(t.Context(), "tcp", tt.address)
			switch {
			case tt.want == "" && !errors.Is(err, refused):
				t.Errorf("got %v, %v, want the error", conn, err)
			case tt.want != "" && (err != nil || conn.(connected).address != tt.want):
				t.Errorf("got %v, %v, want %s", conn, err, tt.want)
			}
		})
	}
}

func TestDialTimeoutBoundsNamesAndConnections(t *testing.T) {
	s := testdns.Start(t, "www.test. A 192.0.2.1", "www.test. AAAA ::1")
	hang := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	for name, server := range map[string]*testdns.Server{"name": silent(t), "connection": s} {
		d := Dialer{Resolver: asking(server.Address), Dial: hang, Timeout: 60 * time.Millisecond}
		begun := time.Now()
		conn, err := d.DialContext(t.Context(), "tcp", "www.test:443")
		if err == nil {
			t.Fatalf("%s: got %v", name, conn)
		}
		var timeout net.Error
		if !errors.As(err, &timeout) || !timeout.Timeout() || time.Since(begun) > time.Second {
			t.Errorf("%s: got %v after %s, want a timeout after 60ms", name, err, time.Since(begun))
		}
	}
}

func TestBetterFamilyIsTheOneWithARoute(t *testing.T) {
	four, six, far := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1"), netip.MustParseAddr("2001:db8::1")
	if better, _ := families([]netip.Addr{four}); !slices.Equal(better, []netip.Addr{four}) {
		t.Errorf("only IPv4: got %v", better)
	}
	if better, _ := families([]netip.Addr{far}); !slices.Equal(better, []netip.Addr{far}) {
		t.Errorf("only IPv6, without a route: got %v", better)
	}
	for _, addr := range []netip.Addr{six, far} {
		want := four
		if hasRoute(addr) {
			want = addr
		}
		if better, _ := families([]netip.Addr{four, addr}); !slices.Equal(better, []netip.Addr{want}) {
			t.Errorf("%s: got %v first, want %s", addr, better, want)
		}
	}
}

// What a server sends is foreign.
func FuzzResponse(f *testing.F) {
	seed := new(dns.Msg).SetQuestion("www.test.", dns.TypeA)
	seed.Response = true
	alias, _ := dns.NewRR("www.test. CNAME edge.test.")
	a, _ := dns.NewRR("edge.test. A 192.0.2.1")
	seed.Answer = []dns.RR{alias, a}
	wire, err := seed.Pack()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(wire)
	f.Fuzz(func(t *testing.T, wire []byte) {
		res := new(dns.Msg)
		if res.Unpack(wire) != nil {
			return
		}
		q := new(dns.Msg).SetQuestion("www.test.", dns.TypeA)
		q.Id = res.Id
		isResponse(res, q)
		addrs, end := readAddresses(res, "www.test.", dns.TypeA)
		if len(addrs) > 0 && end == "" {
			t.Errorf("got %v of no name", addrs)
		}
		for _, addr := range addrs {
			if !addr.Is4() {
				t.Errorf("got %s for an A record", addr)
			}
		}
	})
}
