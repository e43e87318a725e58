// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"strings"
	"time"

	"github.com/caddy-onenote/caddy-onenote/proxy/api"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
)

const (
	// legacyPath is how the paths of the OneNote API begin.
	legacyPath = "/api/"

	// maxBody is the size of the largest request body that Graph takes. A larger one
	// was reported as lost although Graph responded with 200 (msgraph-sdk-php, issue
	// 477).
	maxBody = 4 << 20
)

// Dialect is the [api.Dialect] of a site in front of Microsoft Graph. Below /api/ it
// speaks the OneNote API with apps; all other paths are those of Native.
type Dialect struct {
	// Native serves the requests of apps that speak Graph. Its hosts are Graph's. Its
	// settings for links and pictures are those of translated requests as well.
	Native *api.Passthrough

	// OneNote are the hosts of the OneNote API. What apps send may name them, and so
	// may pages that were written through it.
	OneNote *api.Hosts

	// Sites knows the hosts of SharePoint sites.
	Sites *Sites

	// Operations makes the ids of operations that Graph does not have.
	Operations *Operations
}

// Paths implements [api.Dialect].
func (d *Dialect) Paths() []string { return append([]string{legacyPath}, d.Native.Paths()...) }

// Translate implements [api.Dialect].
func (d *Dialect) Translate(r *api.Request) (api.Translation, *apierror.Error) {
	if !strings.HasPrefix(r.Path, legacyPath) {
		return d.Native.Translate(r)
	}
	t := &translation{
		dialect: d,
		request: r,
		path:    r.Path,
		query:   r.Query,
		mapper:  Mapper{Sites: d.Sites, Version: versionIn(r.Path)},
	}
	if e := t.translateRequest(); e != nil {
		return nil, e
	}
	return t, nil
}

// versionIn returns the version in the path of an app.
func versionIn(path string) string {
	version, _, _ := strings.Cut(strings.TrimPrefix(path, legacyPath), "/")
	if strings.EqualFold(version, beta) {
		return beta
	}
	return v1
}

// IsBatch reports whether a request is a batch of the OneNote API. Graph has no
// such batches: the requests in it have to be sent one by one.
func IsBatch(method, path string) bool {
	if !strings.HasPrefix(path, legacyPath) || !strings.Contains(path, "atch") {
		return false
	}
	t, e := new(Mapper).ToGraph(method, path)
	return e == nil && t.Route == Batch
}

func (d *Dialect) now() time.Time {
	if d.Native.Now == nil {
		return time.Now()
	}
	return d.Native.Now()
}

var _ api.Dialect = (*Dialect)(nil)
