// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/caddy-onenote/caddy-onenote/internal/corpus"
)

// A traffic is one kind of request, how often it is sent, and what it may cost
// over Caddy's own reverse_proxy.
type traffic struct {
	name, path, contentType string
	body                    []byte

	turn, turns int // requests one after the other, and how often in a run

	passes      bool    // it is held to what passing bytes on may cost
	p50         float64 // at most; 0 where there is no goal
	allocations float64 // at most so many more
}

func (t *traffic) p50Limit() limit {
	if t.passes {
		return atMost(1.03)
	}
	return atMost(t.p50)
}

// p99Limit lets the highest that the baseline reached over itself do as well:
// what is measured is that uncertain.
func (t *traffic) p99Limit(highest float64) limit {
	if !t.passes {
		return limit{}
	}
	return limit{most: 1.05, orMost: highest}
}

func (t *traffic) throughputLimit() limit {
	if !t.passes {
		return limit{}
	}
	return atLeast(0.97)
}

// smallJSON is what a small answer of the API looks like: 336 bytes.
const smallJSON = `{"@odata.context":"https://www.onenote.com/api/v1.0/$metadata#me/notes/notebooks(id,name,self)",` +
	`"value":[{"id":"0-8943c159ee494c718cd0ebf0861d07a6!1-8943C159EE494C71!101","name":"Plan B","isDefault":true,` +
	`"self":"https://www.onenote.com/api/v1.0/me/notes/notebooks/0-8943c159ee494c718cd0ebf0861d07a6!1-8943C159EE494C71!101","userRole":"Own"}]}`

func kindsOfTraffic() []traffic {
	return []traffic{
		{
			name: "bytes that pass, 336", path: "/api/v1.0/me/notes/resources/1/content", contentType: "application/octet-stream",
			body: []byte(smallJSON), turn: 20, turns: 60, passes: true, allocations: 5,
		},
		{
			name: "JSON, 336 bytes", path: "/api/v1.0/me/notes/notebooks", contentType: "application/json",
			body: []byte(smallJSON), turn: 20, turns: 60, passes: true, allocations: 10,
		},
		{
			name: "list of 20 pages, 28 KB", path: "/api/v1.0/me/notes/pages", contentType: "application/json",
			body: corpus.PageList(20), turn: 20, turns: 40, allocations: 10,
		},
		{
			name: "page, 120 KiB", path: "/api/v1.0/me/notes/pages/1/content", contentType: "text/html; charset=utf-8",
			body: corpus.Named("mixed"), turn: 5, turns: 100, p50: 1.4, allocations: 10,
		},
	}
}
