// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"bytes"
	"encoding/json"
	"io"

	"github.com/caddy-onenote/caddy-onenote/proxy/rewrite"
)

// maxSiteBody is the most that is read of Graph's response about a site, of which only
// the id was asked for.
const maxSiteBody = 64 << 10

// siteRules make the response of FromUrl out of Graph's response about a site:
//
//	{"id":"contoso.sharepoint.com,09d1a587-…,d9e4d5c8-…"}
//	{"@odata.context":"…","siteCollectionId":"09d1a587-…","siteId":"d9e4d5c8-…"}
type siteRules struct{ t *translation }

// Open implements [api.BodyRules]. What is no site stays as it is.
func (r siteRules) Open(src io.Reader) rewrite.Body {
	return &wholeJSON{src: src, open: r.open}
}

func (r siteRules) open(src io.Reader) (out io.Reader, changes int) {
	text, err := io.ReadAll(io.LimitReader(src, maxSiteBody))
	unchanged := io.MultiReader(bytes.NewReader(text), src)
	if err != nil {
		return io.MultiReader(bytes.NewReader(text), failedReader{err}), 0
	}
	var found struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(text, &found) != nil {
		return unchanged, 0
	}
	s, ok := parseSite(found.ID)
	if !ok || s.host == "" {
		return unchanged, 0
	}
	r.t.dialect.Sites.Learn(s.collection, s.host)
	context := r.t.base() + legacyPath + r.t.mapper.version() + "/" + metadataPrefix + "Microsoft.OneNote.Api.SiteMetadata"
	body, err := json.Marshal(struct {
		Context    string `json:"@odata.context"`
		Collection string `json:"siteCollectionId"`
		Web        string `json:"siteId"`
	}{context, s.collection, s.web})
	if err != nil {
		return unchanged, 0 // three strings always encode
	}
	return bytes.NewReader(body), 1
}
