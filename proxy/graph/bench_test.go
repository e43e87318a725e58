// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph_test

import (
	"testing"

	"github.com/caddy-onenote/caddy-onenote/proxy/graph"
)

// A list of 100 pages has some 400 URLs.
func BenchmarkToLegacy(b *testing.B) {
	for name, path := range map[string]string{
		"me":   "/v1.0/users/user@example.com/onenote/pages/" + page + "/content",
		"site": "/v1.0/sites/contoso.sharepoint.com," + collection + "," + web + "/onenote/sections/" + section + "/pages",
		"key":  "/v1.0/users('user@example.com')/onenote/resources/" + page + "/$value",
	} {
		b.Run(name, func(b *testing.B) {
			m := &graph.Mapper{Sites: graph.NewSites(""), Me: "user@example.com"}
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := m.ToLegacy(path); !ok {
					b.Fatal("not mapped")
				}
			}
		})
	}
}

func BenchmarkToGraph(b *testing.B) {
	m := &graph.Mapper{}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.ToGraph("GET", "/api/v1.0/me/notes/sections/"+section+"/pages"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTranslateQuery(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := graph.TranslateQuery("$select=id,name&$filter=contains(title,'a')%20and%20createdTime%20gt%202015-07-01&$orderby=createdTime%20desc&$top=20", graph.Target{Route: graph.Collection}); err != nil {
			b.Fatal(err)
		}
	}
}
