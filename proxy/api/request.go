// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/caddy-onenote/caddy-onenote/internal/hostport"
	"github.com/caddy-onenote/caddy-onenote/proxy/picture"
)

// A Request is a request between an app and the API: what the app has sent, and
// after [Dialect.Translate] what the API gets.
type Request struct {
	// Incoming is the request as it came from the app. It is not changed.
	Incoming *http.Request

	// Method, Path and Query are those of the request, path and query as they
	// stand in the request line.
	Method, Path, Query string

	// Header is the header to send, without credentials.
	Header http.Header

	// The next three are set by [Dialect.Translate].

	// RewriteResponse asks for a response whose body can be rewritten.
	RewriteResponse bool

	// Translated says that the API gets another request than the one that the app
	// has sent, and not only other URLs in it.
	Translated bool

	// MaxBody is the size in bytes of the largest request body that the API takes.
	// A larger one is refused before it is sent. 0: no limit.
	MaxBody int64

	// Upstream has the scheme and host of the API.
	Upstream *url.URL

	// Account is the name of the account whose token is sent.
	Account string

	// Base is where the app reaches the proxy, without a slash at its end. It
	// may be nil, and then no links can be made.
	Base *url.URL

	// ImageBase is the same for local pictures. Nil: Base.
	ImageBase *url.URL

	// Picture is the signed picture that is requested, or nil.
	Picture *picture.Picture

	// Signer signs the URLs of local pictures. Nil: there are none.
	Signer *picture.Signer

	// Most requests are translated by Passthrough. Its state is here so that it
	// needs no allocation of its own.
	passthrough passthrough
}

// upstream returns scheme and host of the API.
func (r *Request) upstream() string {
	return r.Upstream.Scheme + "://" + hostport.WithoutDefaultPort(r.Upstream)
}

// imageBase returns where local pictures are served, or nil.
func (r *Request) imageBase() *url.URL {
	if r.ImageBase != nil {
		return r.ImageBase
	}
	return r.Base
}

// PictureSigner returns what makes the URL of a local picture, for
// [Hosts.LocalPicture]; nil where there can be none. The URLs work until expires.
func (r *Request) PictureSigner(expires time.Time) func(dst []byte, path, mimeType []byte) []byte {
	if r.imageBase() == nil || r.Signer == nil {
		return nil
	}
	base := r.imageBase().String()
	p := picture.Picture{Account: r.Account, Upstream: r.upstream(), Expires: expires}
	return func(dst []byte, path, mimeType []byte) []byte {
		p.Path, p.MIMEType = string(path), string(mimeType)
		dst = append(dst, base...)
		dst = append(dst, path...)
		dst = append(dst, '?')
		return r.Signer.AppendQuery(dst, p)
	}
}

// Bases returns the base URLs that the app may know the proxy by: those that it is
// told, and any spelling of loopback. Base must be set.
func (r *Request) Bases() []string {
	bases := []string{r.Base.String(), r.imageBase().String()}
	for _, port := range r.ports() {
		for _, host := range [...]string{"localhost", "127.0.0.1", "[::1]"} {
			bases = append(bases, "http://"+host+port)
		}
	}
	slices.Sort(bases)
	return slices.Compact(bases)
}

// ports returns the ports, each with its colon, at which the request may have
// reached the proxy: the port of the base, and the port of the listener.
func (r *Request) ports() []string {
	ports := []string{portOf(r.Base)}
	if addr, ok := r.Incoming.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		if _, port, err := net.SplitHostPort(addr.String()); err == nil && ":"+port != ports[0] {
			ports = append(ports, ":"+port)
		}
	}
	return ports
}

func portOf(u *url.URL) string {
	if port := u.Port(); port != "" {
		return ":" + port
	}
	return ""
}
