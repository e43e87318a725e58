// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package api

import "testing"

func TestContentIsTakenFromTheLastSegments(t *testing.T) {
	tests := map[string]content{
		"/api/v1.0/me/notes/pages/0-1!2/content":                         pageContent,
		"/api/v1.0/pages/0-1!2/content":                                  pageContent,
		"/api/beta/me/notes/pages/0-1!2/$value":                          pageContent,
		"/api/beta/me/notes/pages/0-1!2/%24value":                        pageContent,
		"/api/v1.0/me/notes/Pages/0-1!2/Content":                         pageContent,
		"/api/v1.0/me/notes/pages('0-1!2')/content":                      pageContent,
		"/v1.0/users('a@b.example')/onenote/pages/1/content":             pageContent,
		"/api/v1.0/myOrganization/groups/g/notes/pages/1/content":        pageContent,
		"/api/v1.0/me/notes/resources/0-1!2/$value":                      resourceContent,
		"/api/v1.0/resources/0-1!2/content":                              resourceContent,
		"/v1.0/groups('g')/onenote/resources/1/content":                  resourceContent,
		"/api/v1.0/me/notes/pages":                                       otherContent,
		"/api/v1.0/me/notes/pages/1":                                     pageItem,
		"/api/v1.0/me/notes/pages/1/":                                    pageItem,
		"/api/v1.0/me/notes/pages('1')":                                  pageItem,
		"/v1.0/me/onenote/Pages/1":                                       pageItem,
		"/api/v1.0/me/notes/pages/1/parentSection":                       otherContent,
		"/api/v1.0/me/notes/resources/1":                                 otherContent,
		"/api/v1.0/me/notes/sections/1/pages":                            otherContent,
		"/api/v1.0/me/notes/pages/1/preview":                             otherContent,
		"/api/v1.0/me/notes/pages/1/content/":                            pageContent,
		"/api/v1.0/me/notes/resources/1/$value/":                         resourceContent,
		"/api/v1.0/me/notes/pages/1/content//":                           otherContent,
		"/v1.0/me/onenote/pages/1/onenotePatchContent":                   commandContent,
		"/beta/users/u/onenote/pages/1/OneNotePatchContent/":             commandContent,
		"/v1.0/me/onenote/pages/1/microsoft.graph.onenotePatchContent()": commandContent,
		"/v1.0/$batch":                          batchContent,
		"/api/beta/%24batch":                    batchContent,
		"/api/v1.0/me/notes/batch":              otherContent,
		"/":                                     otherContent,
		"/api/v1.0/me/notes/sections/content":   otherContent,
		"/api/v1.0/me/notes/sections/1/content": otherContent,
		"/api/v1.0/drive/items/1/content":       otherContent,
		"/api/v1.0/me/notes/pages/content":      otherContent,
		"/content":                              otherContent,
		"/pages/content":                        otherContent,
		"content":                               otherContent,
		"":                                      otherContent,
		"/api/v1.0/me/notes/pages/1/%zzvalue":   otherContent,
	}
	for path, want := range tests {
		if got := contentOf(path); got != want {
			t.Errorf("%s: got %d, want %d", path, got, want)
		}
	}
}

func TestResourceIsFoundOnlyInUnambiguousPaths(t *testing.T) {
	for path, want := range map[string]bool{
		"/api/v1.0/me/notes/resources/1-a!2/content":          true,
		"/api/v1.0/me/notes/resources/1-a%212/content/":       true,
		"/api/v1.0/resources/1/$value":                        true,
		"/api/v1.0/resources/1/%24value":                      true,
		"/api/v1.0/me/notes/resources('1')/content":           true,
		"/v1.0/users('a%40b')/onenote/resources/1/$value":     true,
		"/api/v1.0/me/notes/notebooks":                        false,
		"/api/v1.0/me/notes/resources/1":                      false,
		"/api/v1.0/me/notes/pages/1/content":                  false,
		"/api/v1.0/me/notes/pages/1;/resources/1/content":     false,
		"/api/v1.0/me/notes/notebooks%3F/resources/1/content": false,
		"/": false,
		"":  false,
	} {
		if got := IsResource(path); got != want {
			t.Errorf("%s: got %t, want %t", path, got, want)
		}
	}
}
