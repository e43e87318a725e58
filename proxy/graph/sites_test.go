// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/proxy/graph"
)

func TestLearnedHostWinsOverTheConfiguredOne(t *testing.T) {
	s := graph.NewSites("Configured.sharepoint.com")
	check := func(siteCollection, want string) {
		t.Helper()
		if got, ok := s.Host(siteCollection); got != want || ok != (want != "") {
			t.Errorf("%s: got %q, %t, want %q", siteCollection, got, ok, want)
		}
	}
	check("a", "configured.sharepoint.com")
	s.Learn("A", "x-my.sharepoint.com")
	check("a", "x-my.sharepoint.com")
	check("b", "configured.sharepoint.com")
	s.Learn("a", "Other.sharepoint.com")
	check("A", "other.sharepoint.com")

	s = graph.NewSites("")
	check("a", "")
	s = nil
	s.Learn("a", "x.sharepoint.com")
	check("a", "")
}

func TestOnlyHostNamesAreLearned(t *testing.T) {
	for _, host := range []string{
		"", "localhost", "x.sharepoint.com:443", "x.sharepoint.com/a", "a,b.c", "user@x.com", "-a.com", "a-.com", "a..com", ".com", "a.com.",
		"ä.com", "a b.com", strings.Repeat("a", 64) + ".com", strings.Repeat("a.", 130) + "com", "x.com?y", "x.com:", "[::1]",
	} {
		s := graph.NewSites("")
		s.Learn("a", host)
		if got, ok := s.Host("a"); ok {
			t.Errorf("%q: got %q, want nothing", host, got)
		}
	}
}

func TestSitesAreBounded(t *testing.T) {
	s := graph.NewSites("")
	const many = 5000
	for i := range many {
		s.Learn("c"+strconv.Itoa(i), "x.sharepoint.com")
	}
	known := 0
	for i := range many {
		if _, ok := s.Host("c" + strconv.Itoa(i)); ok {
			known++
		}
	}
	if known > 1024 || known < 1000 {
		t.Errorf("got %d remembered, want 1024 at most and not far fewer", known)
	}
	if _, ok := s.Host("c" + strconv.Itoa(many-1)); !ok {
		t.Error("the last one was forgotten")
	}
}

func TestSitesAreSafeForConcurrentUse(t *testing.T) {
	s := graph.NewSites("")
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 500 {
				m := &graph.Mapper{Sites: s}
				m.ToLegacy(fmt.Sprintf("/v1.0/sites/h%d.example.com,c%d,w/onenote/pages", i, j))
				if _, err := m.ToGraph("GET", fmt.Sprintf("/api/v1.0/siteCollections/c%d/sites/w/notes/pages", j)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
