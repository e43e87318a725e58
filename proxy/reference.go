// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/proxy/rewrite"
)

// A reference decides about a URI reference in the head of a message (RFC 3986
// §4.1): it returns the one that shall stand there instead, or false.
type reference func(value string) (string, bool)

// localReference makes what the API refers to lead to us. A client resolves a
// path where it sent its request, and our base may have a path in front of it
// that the API does not know. There the whole base is written, as in all other
// links, which also serves those who reach us without that path. What is
// relative to the request's own path leads to us as it is.
func (x *exchange) localReference(value string) (string, bool) {
	switch {
	case strings.HasPrefix(value, "//"):
		return x.localURL(x.url.Scheme + ":" + value)
	case strings.HasPrefix(value, "/"):
		return x.Base.String() + value, x.Base.Path != "" && hasPath([]byte(value), x.Hosts.paths)
	}
	return x.localURL(value)
}

func (x *exchange) localURL(value string) (string, bool) {
	local, ok := x.localLink().Replace(nil, []byte(value))
	return string(local), ok
}

// upstreamReference returns the reference for what is sent to the API, given
// the bases that are ours and the link for whole URLs under them. A path below
// the path of a base is the API's without it.
func (h *APIHosts) upstreamReference(link rewrite.Link, ours []string) reference {
	bases := basesOf(ours)
	return func(value string) (string, bool) {
		if !strings.HasPrefix(value, "/") {
			there, ok := link.Replace(nil, []byte(value))
			return string(there), ok
		}
		for _, b := range bases {
			rest, ok := bytes.CutPrefix([]byte(value), []byte(b.path))
			if !ok || b.path == "" || !hasPath(rest, h.paths) {
				continue
			}
			if isSigned(rest) {
				rest = appendUnsigned(nil, rest)
			}
			return string(rest), true
		}
		return "", false
	}
}

// locations are the header fields whose references lead to the API: all but
// Link are one reference and nothing else. OData-EntityId names what was made
// where an answer has no body (OData 4.0 part 1, §8.3.3).
var locations = [...]string{"Location", "Operation-Location", "Content-Location", "Odata-Entityid", "Link"}

// rewriteLocation rewrites the value of one of the locations and returns how
// many references were replaced.
func rewriteLocation(name, value string, to reference) (string, int) {
	if name == "Link" {
		return rewriteLinkField(value, to)
	}
	if there, ok := to(value); ok {
		return there, 1
	}
	return value, 0
}

// rewriteLinkField rewrites the targets of a Link field (RFC 8288), which
// stand in angle brackets, and nothing in its quoted parameters.
func rewriteLinkField(value string, to reference) (string, int) {
	var b strings.Builder
	n, from := 0, 0
	quoted := false
	for i := 0; i < len(value); i++ {
		switch value[i] {
		case '\\':
			if quoted {
				i++
			}
		case '"':
			quoted = !quoted
		case '<':
			end := strings.IndexByte(value[i:], '>')
			if quoted || end < 0 {
				continue
			}
			if there, ok := to(value[i+1 : i+end]); ok {
				b.WriteString(value[from : i+1])
				b.WriteString(there)
				from = i + end
				n++
			}
			i += end
		}
	}
	if n == 0 {
		return value, 0
	}
	b.WriteString(value[from:])
	return b.String(), n
}
