// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/caddy-onenote/caddy-onenote/internal/corpus"
)

// A traffic is one kind of request, how often it is sent, and what it may cost
// relative to Caddy's own reverse_proxy.
type traffic struct {
	name, path, contentType string
	body                    []byte

	turn, turns int // requests in a row, and how many such rows make a run

	small       bool    // it has the goals of small responses
	p50         float64 // at most; 0 where there is no goal
	allocations float64 // at most so many more
}

func (t *traffic) p50Limit() limit {
	if t.small {
		return atMost(0.97)
	}
	return atMost(t.p50)
}

// p99Limit also accepts the highest ratio that the baseline reached to itself: the
// measurement is that uncertain.
func (t *traffic) p99Limit(highest float64) limit {
	if !t.small {
		return limit{}
	}
	return limit{most: 1.05, orMost: highest}
}

func (t *traffic) throughputLimit() limit {
	if !t.small {
		return limit{}
	}
	return atLeast(1.05)
}

// smallJSON is what a small response of the API looks like: 336 bytes.
const smallJSON = `{"@odata.context":"https://www.onenote.com/api/v1.0/$metadata#me/notes/notebooks(id,name,self)",` +
	`"value":[{"id":"0-8943c159ee494c718cd0ebf0861d07a6!1-8943C159EE494C71!101","name":"Plan B","isDefault":true,` +
	`"self":"https://www.onenote.com/api/v1.0/me/notes/notebooks/0-8943c159ee494c718cd0ebf0861d07a6!1-8943C159EE494C71!101","userRole":"Own"}]}`

func kindsOfTraffic() []traffic {
	return []traffic{
		{
			name: "bytes that pass, 336", path: "/api/v1.0/me/notes/resources/1/content", contentType: "application/octet-stream",
			body: []byte(smallJSON), turn: 20, turns: 60, small: true, allocations: -40,
		},
		{
			name: "JSON, 336 bytes", path: "/api/v1.0/me/notes/notebooks", contentType: "application/json",
			body: []byte(smallJSON), turn: 20, turns: 60, small: true, allocations: -40,
		},
		{
			name: "list of 20 pages, 28 KB", path: "/api/v1.0/me/notes/pages", contentType: "application/json",
			body: corpus.PageList(20), turn: 20, turns: 40, p50: 1.1, allocations: 10,
		},
		{
			name: "page, 120 KiB", path: "/api/v1.0/me/notes/pages/1/content", contentType: "text/html; charset=utf-8",
			body: corpus.Named("mixed"), turn: 5, turns: 100, p50: 1.3, allocations: 10,
		},
	}
}
