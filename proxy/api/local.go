// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"strings"

	"github.com/caddy-onenote/caddy-onenote/proxy/rewrite"
)

// localLink returns what makes the API's URLs lead to the proxy. It is made at
// its first use: most responses of some apps have no link.
func (t *passthrough) localLink() rewrite.LinkFunc {
	if t.link == nil {
		t.link = t.dialect.Hosts.LocalLink(t.request.Base.String())
	}
	return t.link
}

// localReference makes what the API refers to lead to the proxy. A client
// resolves a path where it sent its request, and the proxy's base may have a
// path in front of it that the API does not know. There the whole base is
// written, as in all other links; that also serves clients that use the proxy
// without that path. A reference that is relative to the request's own path
// leads to the proxy as it is.
func (t *passthrough) localReference(value string) (string, bool) {
	switch {
	case strings.HasPrefix(value, "//"):
		return t.localURL(t.request.Upstream.Scheme + ":" + value)
	case strings.HasPrefix(value, "/"):
		base := t.request.Base
		return base.String() + value, base.Path != "" && hasPath([]byte(value), t.dialect.Hosts.paths)
	}
	return t.localURL(value)
}

func (t *passthrough) localURL(value string) (string, bool) {
	local, ok := t.localLink().Replace(nil, []byte(value))
	return string(local), ok
}
