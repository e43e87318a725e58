// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package netfail tells apart why a request got no response: the certificate, the
// proxy, the name, a refused or a cut connection, or time. Each needs another fix, and
// "cannot be reached" names none of them.
package netfail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
)

// Kind is why there is no response, in a word for logs and programs.
type Kind string

// The kinds.
const (
	TLS         Kind = "tls"         // no TLS connection: mostly a certificate that is not trusted
	Proxy       Kind = "proxy"       // the proxy cannot be reached, or refuses
	DNS         Kind = "dns"         // the name cannot be resolved: there is none, or no server could tell
	Refused     Kind = "refused"     // nobody listens there
	Reset       Kind = "reset"       // the connection was closed before the response was complete
	Timeout     Kind = "timeout"     // no response in time
	Unreachable Kind = "unreachable" // no route, or anything else

	// Loop: the name leads back to this proxy, which recognised its own request.
	Loop Kind = "loop_detected"
)

// ErrLoop is the error of a request that came back to the proxy that sent it.
var ErrLoop = errors.New("the request came back to the proxy that sent it")

// KindOf returns the kind of the error of an HTTP round trip.
func KindOf(err error) Kind {
	switch {
	case errors.Is(err, ErrLoop):
		return Loop
	case isProxy(err):
		return Proxy
	case isTLS(err):
		return TLS
	case isDNS(err):
		return DNS
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return Timeout
	case isOneOf(err, refusedErrnos):
		return Refused
	case isOneOf(err, resetErrnos), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, net.ErrClosed): // by the transport, which read that the server has closed it
		return Reset
	}
	return kindOfText(err.Error())
}

// kindOfText tells the kind by the text of an error that hides its cause, as the
// DialError of Caddy's transport does.
func kindOfText(text string) Kind {
	for _, t := range []struct {
		part string
		kind Kind
	}{
		{": lookup ", DNS}, // in front of a timeout, too
		{"refused", Refused},
		{"i/o timeout", Timeout},
		{"reset by peer", Reset},
		{"server closed idle connection", Reset}, // net/http's name for EOF on a connection that carried nothing yet
		{"client connection lost", Reset},        // HTTP/2: no response to a ping
		{"server sent GOAWAY and closed", Reset},
		{"received from peer", Reset}, // HTTP/2: the server reset the stream
		{"use of closed network connection", Reset},
	} {
		if strings.Contains(text, t.part) {
			return t.kind
		}
	}
	return Unreachable
}

// Explanation is what people are told of a failure.
type Explanation struct {
	Kind Kind

	// Message says what happened, as part of a sentence.
	Message string

	// Advice says where to look, as part of a sentence.
	Advice string
}

// Explain explains the error of a round trip to a host. The words are ours and name
// only that host, so they can be shown to anybody.
func Explain(err error, host string) Explanation {
	kind := KindOf(err)
	e := Explanation{Kind: kind}
	switch kind {
	case TLS:
		e.Message = tlsMessage(err, host)
		e.Advice = "if a proxy, a firewall or a virus scanner inspects TLS here, give its certificate authority with tls_trust_pool in the transport block; else look at this machine's clock and at its own certificate authorities"
	case Proxy:
		e.Message = proxyMessage(err, host)
		e.Advice = "look at network_proxy in the transport block, else at the environment variables HTTPS_PROXY and NO_PROXY"
	case Loop:
		e.Message = host + " leads back to this proxy"
		e.Advice = LoopAdvice
	case DNS:
		e.Message = "the name " + host + " cannot be resolved: no DNS server could tell"
		e.Advice = "look at resolvers in the transport block, else at the DNS servers of this machine or container, and whether a proxy is needed"
		if isMissingName(err) {
			e.Message = "the name " + host + " is not known to DNS"
			e.Advice = "look at its spelling, and for a DNS server that blocks it; where only a proxy resolves names, give that with network_proxy"
		}
	case Refused:
		e.Message = host + " refuses the connection"
		e.Advice = "look at the port, and for a firewall that rejects connections"
	case Reset:
		e.Message = "the connection to " + host + " was reset before there was a response"
		e.Advice = "look for a firewall or a proxy that cuts connections"
	case Timeout:
		e.Message = host + " did not respond in time"
		e.Advice = "look at the network, and for a firewall that drops packets"
	default:
		e.Message = host + " cannot be reached"
		e.Advice = "look at network, routes and firewall"
	}
	return e
}

// LoopAdvice says what to do about a name that leads back to this proxy, as part of a
// sentence.
const LoopAdvice = "a hosts file, the DNS of a container network or an HTTPS_PROXY variable leads it here: " +
	"where the name has to lead here for apps, give DNS servers that know the real address with resolvers in the transport block of the Caddyfile; " +
	"where a variable does it, write \"network_proxy none\" there; else change it where the proxy runs"

// maxText bounds what Text returns.
const maxText = 300

// Text returns the error's own text for a log. It leaves the request's URL out and, in
// errors that are not known here, what stands in quotes: those may quote the server,
// and a server can send back what it was sent.
func Text(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	text := err.Error()
	if KindOf(err) == Unreachable {
		text, _, _ = strings.Cut(text, `"`)
	}
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "")
	}
	return text
}

// ProxyError is the refusal of an HTTP proxy.
type ProxyError struct {
	// Status is the status of the response to CONNECT.
	Status int
}

func (e *ProxyError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("the proxy responded to CONNECT with status %d %s", e.Status, http.StatusText(e.Status)))
}

// OnProxyConnectResponse is for the field of that name of an [http.Transport], whose
// own error is the reason phrase alone.
func OnProxyConnectResponse(_ context.Context, _ *url.URL, _ *http.Request, res *http.Response) error {
	if res.StatusCode == http.StatusOK {
		return nil
	}
	return &ProxyError{res.StatusCode}
}

func isProxy(err error) bool {
	var refused *ProxyError
	if errors.As(err, &refused) || proxyStatus(err) != 0 {
		return true
	}
	for op := range opErrors(err) {
		if op.Op == "proxyconnect" || strings.HasPrefix(op.Op, "socks") {
			return true
		}
	}
	return false
}

// opErrors ranges over the network errors in err.
func opErrors(err error) func(yield func(*net.OpError) bool) {
	return func(yield func(*net.OpError) bool) {
		var op *net.OpError
		for errors.As(err, &op) {
			if !yield(op) {
				return
			}
			err = op.Err
		}
	}
}

// proxyStatus returns the status with which a proxy refused, where net/http returned
// nothing but its reason phrase; 0 for any other error.
func proxyStatus(err error) int {
	var refused *ProxyError
	if errors.As(err, &refused) {
		return refused.Status
	}
	for next := err; next != nil; next = errors.Unwrap(next) {
		err = next
	}
	if err == nil {
		return 0
	}
	for status := http.StatusBadRequest; status <= http.StatusNetworkAuthenticationRequired; status++ {
		if text := http.StatusText(status); text != "" && err.Error() == text {
			return status
		}
	}
	return 0
}

func proxyMessage(err error, host string) string {
	switch status := proxyStatus(err); {
	case status == http.StatusProxyAuthRequired:
		return "the proxy wants a user name and a password (status 407) before it connects to " + host
	case status != 0:
		return fmt.Sprintf("the proxy does not connect to %s (status %d)", host, status)
	case isDNS(err):
		return "the name of the proxy on the way to " + host + " cannot be resolved by DNS"
	case isTLS(err):
		return "the certificate of the proxy on the way to " + host + " is not accepted"
	}
	return "the proxy on the way to " + host + " cannot be reached"
}

func isTLS(err error) bool {
	var (
		unverified *tls.CertificateVerificationError
		record     tls.RecordHeaderError
		alert      tls.AlertError
		authority  x509.UnknownAuthorityError
		name       x509.HostnameError
		invalid    x509.CertificateInvalidError
		roots      x509.SystemRootsError
	)
	if errors.As(err, &unverified) || errors.As(err, &record) || errors.As(err, &alert) || errors.As(err, &authority) ||
		errors.As(err, &name) || errors.As(err, &invalid) || errors.As(err, &roots) {
		return true
	}
	// These have no type of their own.
	text := err.Error()
	return strings.Contains(text, "tls: ") || strings.Contains(text, "server gave HTTP response to HTTPS client")
}

func tlsMessage(err error, host string) string {
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var unverified *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	switch {
	case errors.As(err, &name):
		return "the certificate that came from " + host + " is one of another host"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the certificate of " + host + " has expired or is not valid yet, by this machine's clock"
	case errors.As(err, &unverified), errors.As(err, &authority), errors.As(err, &invalid):
		return "the certificate of " + host + " is not trusted by this machine"
	}
	return "no TLS connection to " + host + " could be made (certificate or protocol)"
}

func isDNS(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns)
}

// isMissingName reports whether a DNS server said that there is no such name, in
// contrast to none that could tell. The text is what is left of the error behind the
// DialError of Caddy's transport.
func isMissingName(err error) bool {
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return dns.IsNotFound
	}
	return strings.Contains(err.Error(), "no such host")
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// The error numbers of systems, those of Windows' sockets included, which package
// syscall names only there.
var (
	refusedErrnos = []syscall.Errno{syscall.ECONNREFUSED, 10061}
	resetErrnos   = []syscall.Errno{syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED, 10053, 10054}
)

func isOneOf(err error, errnos []syscall.Errno) bool {
	var errno syscall.Errno
	return errors.As(err, &errno) && slices.Contains(errnos, errno)
}
