// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

// Package nodes runs several Caddys with the product on one Redis, as
// deploy/kubernetes-redis.yaml does: each node is a process, Redis is Debian's, and the
// storage is the module that the documents name. It is a module of its own, because the
// product needs no Redis.
package nodes

import (
	"html"
	"net/url"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// seenWithin is how soon a node has to know what another one did.
const seenWithin = 3 * time.Second

func TestNodesShareOneSignIn(t *testing.T) {
	c := startCluster(t, strictProvider, 3)
	first, second, third := c.nodes[0], c.nodes[1], c.nodes[2]

	t.Logf("storm of 300 requests that causes the import: %v", c.storm(300))
	if got := c.tokenRequests(); got != 1 {
		t.Fatalf("token requests of three nodes that import one refresh token: got %d, want 1", got)
	}
	c.control("POST", "tokens/revoke", `{"kind":"access"}`)
	t.Logf("storm of 300 requests that causes a refresh: %v", c.storm(300))
	if got := c.tokenRequests(); got != 2 {
		t.Errorf("token requests after a storm of 401s: got %d, want 2", got)
	}

	address := pictureOf(t, first)
	for _, n := range c.nodes {
		res := n.get(address)
		res.want(t, 200, "")
		if !strings.HasPrefix(res.Header.Get("Content-Type"), "image/") {
			t.Errorf("picture at %s: got %q, want an image", n.url, res.Header.Get("Content-Type"))
		}
	}

	c.do(httpClient, "DELETE", "http://"+second.admin+"/onenote/accounts/default", "").want(t, 204, "")
	for _, n := range c.nodes {
		n.wantState("signed_out", seenWithin)
	}
	first.get(notebooks).want(t, 401, "signin_required")
	third.signIn("someone@outlook.com")
	for _, n := range c.nodes {
		n.wantState("ready", seenWithin)
	}
	c.storm(30)
}

var picture = regexp.MustCompile(`<img[^>]* src="([^"]+)"`)

// pictureOf returns the signed address of a picture on a page that the node has
// rewritten, without the host.
func pictureOf(t *testing.T, n *node) string {
	t.Helper()
	for _, match := range regexp.MustCompile(`"contentUrl":"([^"]+)"`).FindAllSubmatch(n.get("/api/v1.0/me/notes/pages").body, -1) {
		page, err := url.Parse(string(match[1]))
		if err != nil {
			t.Fatal(err)
		}
		found := picture.FindSubmatch(n.get(page.RequestURI()).body)
		if found == nil {
			continue
		}
		address, err := url.Parse(html.UnescapeString(string(found[1])))
		if err != nil {
			t.Fatal(err)
		}
		return address.RequestURI()
	}
	t.Fatal("no page has a picture")
	return ""
}

// The provider has not seen the request of the node that is killed: the others send the
// same refresh token, once.
func TestNodeIsKilledInRefresh(t *testing.T) {
	c := startCluster(t, strictProvider, 2)
	c.storm(2)
	c.refreshThatHangs(c.nodes[0])
	c.nodes[0].kill()
	c.nodes = c.nodes[1:]
	took := c.storm(20)
	t.Logf("requests waited for %v until the lock of the killed node had expired", took)
	if got := c.tokenRequests(); got != 3 {
		t.Errorf("token requests: got %d, want 3: the import, the one that was cut off, and one more", got)
	}
	c.control("POST", "tokens/revoke", `{"kind":"access"}`)
	c.storm(20) // the sign-in has not ended
}

// refreshThatHangs makes a node refresh at a provider that does not respond.
func (c *cluster) refreshThatHangs(n *node) {
	c.t.Helper()
	c.control("POST", "tokens/revoke", `{"kind":"access"}`)
	before := c.tokenRequests()
	c.control("POST", "faults", `{"path":"/oauth20_token.srf","times":1,"delay":"8s"}`)
	go func() { // nobody waits for the response
		if res, err := httpClient.Get(n.url + notebooks); err == nil {
			res.Body.Close()
		}
	}()
	eventually(c.t, "the refresh is under way", func() bool { return c.tokenRequests() > before })
}

// A node that is stopped in a refresh loses its lock. What it brings back late changes
// nothing.
func TestNodeIsFrozenInRefresh(t *testing.T) {
	c := startCluster(t, microsoftAccount, 2)
	c.storm(2)
	frozen, other := c.nodes[0], c.nodes[1]
	c.refreshThatHangs(frozen)
	frozen.signal(syscall.SIGSTOP)
	began := time.Now()
	other.get(notebooks).want(t, 200, "")
	t.Logf("the request waited for %v until the lock of the frozen node had expired", time.Since(began))
	time.Sleep(time.Until(began.Add(8 * time.Second))) // the response to the frozen node arrives
	frozen.signal(syscall.SIGCONT)
	frozen.wantState("ready", seenWithin)
	before := c.tokenRequests()
	c.storm(20)
	if got := c.tokenRequests(); got != before || got != 3 {
		t.Errorf("token requests: got %d, and %d after more requests, want 3: the import and two refreshes", before, got)
	}
}

// Redis is away for longer than the token lives.
func TestRedisIsRestarted(t *testing.T) {
	t.Run("Microsoft's provider", func(t *testing.T) {
		t.Parallel()
		c := startCluster(t, microsoftAccount, 2)
		c.storm(2)
		c.redis.stop()
		for range 2 {
			c.control("POST", "tokens/revoke", `{"kind":"access"}`)
			c.storm(20)
			c.nodes[0].wantState("degraded", seenWithin)
		}
		c.redis.start()
		for _, n := range c.nodes {
			n.wantState("ready", 2*seenWithin)
		}
		before := c.tokenRequests()
		c.nodes[0].kill()
		c.nodes[0].start()
		c.storm(20)
		if got := c.tokenRequests(); got != before {
			t.Errorf("token requests after a restart: got %d more, want none: the newest token was saved", got-before)
		}
	})
	t.Run("strict provider", func(t *testing.T) {
		t.Parallel()
		c := startCluster(t, strictProvider, 2)
		c.storm(2)
		c.redis.stop()
		c.storm(20) // with the token in memory
		c.control("POST", "tokens/revoke", `{"kind":"access"}`)
		for _, n := range c.nodes {
			n.get(notebooks).want(t, 503, "identity_unavailable")
			n.wantState("unavailable", seenWithin)
		}
		if got := c.tokenRequests(); got != 1 {
			t.Errorf("token requests while Redis was away: got %d, want none after the import", got-1)
		}
		c.redis.start()
		for _, n := range c.nodes {
			eventually(t, "the node serves again", func() bool { return n.get(notebooks).StatusCode == 200 })
			n.wantState("ready", seenWithin)
		}
		c.storm(20)
		if got := c.tokenRequests(); got != 2 {
			t.Errorf("token requests: got %d, want 2: the import and one refresh", got)
		}
	})
}

// A Redis that accepts connections and says nothing holds up no request whose token is
// good.
func TestRequestsAreServedWhileRedisHangs(t *testing.T) {
	c := startCluster(t, strictProvider, 1)
	c.storm(1)
	c.redis.signal(syscall.SIGSTOP)
	time.Sleep(seenWithin) // the nodes ask Redis, and wait
	if took := c.storm(20); took > time.Second {
		t.Errorf("requests with a good token took %v", took)
	}
	c.redis.signal(syscall.SIGCONT)
	c.nodes[0].wantState("ready", seenWithin)
}
