// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package nodes

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	_ "github.com/caddyserver/caddy/v2/modules/caddyhttp/standard"
	_ "github.com/pberkel/caddy-storage-redis"

	_ "github.com/caddy-onenote/caddy-onenote"
	"github.com/caddy-onenote/caddy-onenote/emulator"
	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// nodeVariable makes the test binary a Caddy.
const nodeVariable = "ONENOTE_TEST_NODE"

func TestMain(m *testing.M) {
	if os.Getenv(nodeVariable) != "" {
		caddycmd.Main()
		return
	}
	os.Exit(m.Run())
}

// cluster is nodes that share a Redis, in front of one API and its identity provider.
type cluster struct {
	t         *testing.T
	redis     *redis
	microsoft string // URL of the emulator
	key       string
	account   string // options of the account
	nodes     []*node
}

// The two kinds of identity providers.
const (
	// microsoftAccount is a provider whose refresh tokens stay valid after their use.
	microsoftAccount = "authority %[1]s"
	// strictProvider ends the sign-in when a refresh token is used twice.
	strictProvider = "provider custom\n\t\tauthorize_url %[1]s/oauth20_authorize.srf\n\t\ttoken_url %[1]s/oauth20_token.srf\n\t\tscopes office.onenote_update wl.offline_access"
)

// startCluster starts nodes with an account that imports a refresh token.
func startCluster(t *testing.T, provider string, nodes int) *cluster {
	t.Helper()
	s := httptest.NewServer(emulator.New(emulator.Options{}))
	t.Cleanup(s.Close)
	c := &cluster{t: t, redis: startRedis(t), microsoft: s.URL, key: tokens.GenerateKey()}
	if provider == strictProvider {
		c.control("POST", "strict", `{"on":true}`)
	}
	c.account = fmt.Sprintf(provider, s.URL) + "\n\t\tclient_id test\n\t\trefresh_token emulator-refresh-token"
	var starting sync.WaitGroup
	for range nodes {
		n := c.newNode()
		starting.Go(n.start)
	}
	starting.Wait()
	return c
}

// control uses the emulator's control surface.
func (c *cluster) control(method, path, body string) []byte {
	c.t.Helper()
	return c.do(http.DefaultClient, method, c.microsoft+"/_emulator/"+path, body).body
}

// tokenRequests returns the number of requests at the token endpoint so far.
func (c *cluster) tokenRequests() int {
	c.t.Helper()
	var all []struct{ Path string }
	if err := json.Unmarshal(c.control("GET", "requests", ""), &all); err != nil {
		c.t.Fatal(err)
	}
	n := 0
	for _, r := range all {
		if strings.HasSuffix(r.Path, "/oauth20_token.srf") {
			n++
		}
	}
	return n
}

type response struct {
	*http.Response
	body []byte
}

func (c *cluster) do(client *http.Client, method, address, body string) response {
	c.t.Helper()
	req, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	res, err := client.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return response{res, got}
}

// node is a Caddy in a process.
type node struct {
	*cluster
	url, admin string
	dir        string
	process    *exec.Cmd
	log        *os.File
}

// newNode prepares a node that does not run yet.
func (c *cluster) newNode() *node {
	c.t.Helper()
	n := &node{cluster: c, url: "http://localhost:" + freePort(c.t), admin: "127.0.0.1:" + freePort(c.t), dir: c.t.TempDir()}
	c.nodes = append(c.nodes, n)
	config := fmt.Sprintf(`{
	admin %s
	persist_config off
	grace_period 2s
	log {
		exclude admin.api
	}
	onenote {
		storage redis {
			address 127.0.0.1:%s
			key_prefix onenote
		}
		encryption_key {env.ONENOTE_ENCRYPTION_KEY}
		%s
	}
}

http://:%s {
	bind 127.0.0.1
	onenote %s {
		images local
	}
}
`, n.admin, c.redis.port, c.account, n.url[strings.LastIndexByte(n.url, ':')+1:], c.microsoft)
	if err := os.WriteFile(filepath.Join(n.dir, "Caddyfile"), []byte(config), 0o600); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(n.kill)
	return n
}

// start starts the process, and waits until it serves.
func (n *node) start() {
	log, err := os.OpenFile(filepath.Join(n.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		n.t.Error(err)
		return
	}
	n.log = log
	n.process = exec.Command(os.Args[0], "run", "--config", filepath.Join(n.dir, "Caddyfile"), "--adapter", "caddyfile")
	n.process.Env = append(os.Environ(), nodeVariable+"=1", "ONENOTE_ENCRYPTION_KEY="+n.key, "XDG_DATA_HOME="+n.dir, "XDG_CONFIG_HOME="+n.dir)
	n.process.Stderr = log
	if err := n.process.Start(); err != nil {
		n.t.Error(err)
		return
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if res, err := http.Get(n.url + "/healthz"); err == nil {
			res.Body.Close()
			return
		}
	}
	text, _ := os.ReadFile(log.Name())
	n.t.Errorf("the node does not serve: %s", text)
}

// kill ends the process at once, as a power failure does.
func (n *node) kill() {
	if n.process == nil {
		return
	}
	_ = n.process.Process.Kill() // it may have ended
	_ = n.process.Wait()
	n.process = nil
	n.log.Close()
	if n.t.Failed() {
		text, _ := os.ReadFile(n.log.Name())
		n.t.Logf("log of %s:\n%s", n.url, text)
	}
}

func (n *node) signal(s syscall.Signal) {
	n.t.Helper()
	if err := n.process.Process.Signal(s); err != nil {
		n.t.Error(err)
	}
}

// httpClient keeps connections.
var httpClient = &http.Client{Timeout: 30 * time.Second}

const notebooks = "/api/v1.0/me/notes/notebooks"

// get requests from the node. A connection of its own shows what a new client gets.
func (n *node) get(path string) response {
	n.t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}
	return n.do(&client, "GET", n.url+path, "")
}

// want checks the status of a response, and its cause if it is an error response.
func (r response) want(t *testing.T, status int, cause string) {
	t.Helper()
	if got := r.Header.Get("X-Onenote-Proxy-Error"); r.StatusCode != status || got != cause {
		t.Errorf("%s: got %d %q, want %d %q: %s", r.Request.URL, r.StatusCode, got, status, cause, r.body)
	}
}

// state returns the state of the account, as the node's admin API tells it.
func (n *node) state() string {
	n.t.Helper()
	var status struct{ State string }
	res := n.do(http.DefaultClient, "GET", "http://"+n.admin+"/onenote/accounts/default", "")
	if err := json.Unmarshal(res.body, &status); err != nil {
		n.t.Fatalf("%v: %s", err, res.body)
	}
	return status.State
}

// wantState waits until the account is in a state.
func (n *node) wantState(want string, within time.Duration) {
	n.t.Helper()
	began := time.Now()
	for n.state() != want {
		if time.Since(began) > within {
			n.t.Fatalf("%s: got state %s after %v, want %s", n.url, n.state(), within, want)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// signIn presses the buttons of a sign-in.
func (n *node) signIn(user string) {
	n.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		n.t.Fatal(err)
	}
	client := http.Client{Jar: jar}
	at := n.url + "/auth/default/signin"
	for _, form := range []url.Values{nil, {"user": {user}, "decision": {"accept"}}} {
		res, err := client.PostForm(at, form)
		if err != nil {
			n.t.Fatal(err)
		}
		res.Body.Close()
		at = res.Request.URL.String()
	}
	if !strings.HasPrefix(at, n.url+"/") {
		n.t.Fatalf("the sign-in ended at %s", at)
	}
}

// storm sends requests to all nodes at once. All must be served. It returns how long
// the slowest took.
func (c *cluster) storm(requests int) time.Duration {
	c.t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: requests}
	defer transport.CloseIdleConnections()
	client := http.Client{Transport: transport, Timeout: 30 * time.Second}
	var running sync.WaitGroup
	began := time.Now()
	for i := range requests {
		running.Go(func() {
			res, err := client.Get(c.nodes[i%len(c.nodes)].url + notebooks)
			if err != nil {
				c.t.Error(err)
				return
			}
			defer res.Body.Close()
			if body, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK {
				c.t.Errorf("%s: got %s: %s", res.Request.URL, res.Status, body)
			}
		})
	}
	running.Wait()
	return time.Since(began)
}

// freePort returns a port on which nobody listens and which the system gives to nobody
// who asks for any.
func freePort(t *testing.T) string {
	t.Helper()
	for range 1000 {
		port := fmt.Sprint(20000 + rand.IntN(12000))
		if _, given := givenPorts.LoadOrStore(port, true); given {
			continue
		}
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			continue
		}
		l.Close()
		return port
	}
	t.Fatal("no port is free")
	return ""
}

// givenPorts are those that were given already: two listeners of Caddy can have the same.
var givenPorts sync.Map

// eventually waits for what another process does. The limit only ends a test that
// fails.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came to this: %s", what)
		}
	}
}
