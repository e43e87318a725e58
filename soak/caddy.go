// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// buildCaddy builds Caddy with the product from the checkout around this module.
func buildCaddy(ctx context.Context, dir string) (string, error) {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/caddy-onenote/caddy-onenote").Output()
	if err != nil {
		return "", fmt.Errorf("go list: %w", err)
	}
	program := filepath.Join(dir, "caddy")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/caddy")
	build.Dir = strings.TrimSpace(string(root))
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w: %s", err, out)
	}
	return program, nil
}

// caddy is the product in a process that is stopped and started again.
type caddy struct {
	program, home      string
	site, graph, admin string // host:port
	upstream           string
	environment        []string

	mu      sync.Mutex
	process *exec.Cmd
	ended   chan struct{}
	started time.Time
	log     *tail
	labels  int // counts configurations, so that each differs from the one before
}

func newCaddy(ctx context.Context, program, home, upstream string) (*caddy, error) {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	c := &caddy{program: program, home: home, upstream: "http://" + upstream, log: &tail{}}
	for _, address := range []*string{&c.site, &c.graph, &c.admin} {
		var err error
		if *address, err = freeAddress(ctx); err != nil {
			return nil, err
		}
	}
	c.environment = append(os.Environ(), "SOAK_KEY="+base64.StdEncoding.EncodeToString(key), "XDG_DATA_HOME="+home, "XDG_CONFIG_HOME="+home)
	return c, nil
}

// storage is the folder where the sign-ins are stored.
func (c *caddy) storage() string { return filepath.Join(c.home, "storage") }

// config returns a configuration that differs from all before, or Caddy would not load it.
func (c *caddy) config() string {
	c.labels++
	port := func(address string) string { return address[strings.LastIndexByte(address, ':')+1:] }
	return fmt.Sprintf(`{
	admin %s
	persist_config off
	grace_period 10s
	storage file_system %s
	log {
		level WARN
	}
	onenote {
		encryption_key {env.SOAK_KEY}
		client_id soak
		authority %s
		refresh_token emulator-refresh-token
		account notes {
			label "Configuration %d"
		}
		account graph {
			provider entra
			scopes Notes.ReadWrite offline_access openid profile
		}
	}
}

http://:%s {
	bind 127.0.0.1
	onenote %s {
		account notes
		images local
	}
}

http://:%s {
	bind 127.0.0.1
	onenote %s {
		account graph
		upstream_api graph
	}
}
`, c.admin, c.storage(), c.upstream, c.labels, port(c.site), c.upstream, port(c.graph), c.upstream)
}

// start starts the process, and waits until it serves.
func (c *caddy) start(ctx context.Context) error {
	file := filepath.Join(c.home, "Caddyfile")
	if err := os.WriteFile(file, []byte(c.config()), 0o600); err != nil {
		return err
	}
	process := exec.Command(c.program, "run", "--config", file, "--adapter", "caddyfile") //nolint:gosec,noctx // the program is ours, and is ended by signals
	process.Env, process.Stderr = c.environment, c.log
	if err := process.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		_ = process.Wait()
		close(ended)
	}()
	c.mu.Lock()
	c.process, c.ended, c.started = process, ended, time.Now()
	c.mu.Unlock()
	for range 600 {
		if c.listens(ctx) {
			return nil
		}
		select {
		case <-ended:
			return fmt.Errorf("caddy has ended: %s", c.lastLog())
		case <-time.After(50 * time.Millisecond):
		}
	}
	return errors.New("caddy does not serve its sites")
}

func (c *caddy) listens(ctx context.Context) bool {
	for _, address := range []string{c.site, c.graph, c.admin} {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			return false
		}
		conn.Close()
	}
	return true
}

// stop ends the process with a signal, and waits for its end.
func (c *caddy) stop(s os.Signal) error {
	c.mu.Lock()
	process, ended := c.process, c.ended
	c.mu.Unlock()
	if process == nil {
		return nil
	}
	if err := process.Process.Signal(s); err != nil {
		return err
	}
	<-ended
	return nil
}

func (c *caddy) kill() { _ = c.stop(os.Kill) }

func (c *caddy) signal(s os.Signal) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.process.Process.Signal(s)
}

// reload loads another configuration.
func (c *caddy) reload(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+c.admin+"/load", strings.NewReader(c.config()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "text/caddyfile")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		var said bytes.Buffer
		_, _ = said.ReadFrom(res.Body)
		return fmt.Errorf("reload: %s: %s", res.Status, said.String())
	}
	return nil
}

// A sample is what the process holds at a time.
type sample struct {
	memory, heap, goroutines, files float64
}

// sample reads the metrics of the process.
func (c *caddy) sample(ctx context.Context) (s sample, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.admin+"/metrics", http.NoBody)
	if err != nil {
		return s, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return s, err
	}
	defer res.Body.Close()
	fields := map[string]*float64{
		"process_resident_memory_bytes": &s.memory, "go_memstats_heap_inuse_bytes": &s.heap,
		"go_goroutines": &s.goroutines, "process_open_fds": &s.files,
	}
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		name, text, _ := strings.Cut(lines.Text(), " ")
		if into := fields[name]; into != nil {
			if *into, err = strconv.ParseFloat(text, 64); err != nil || math.IsNaN(*into) {
				return s, fmt.Errorf("%s %s: %w", name, text, err)
			}
		}
	}
	return s, lines.Err()
}

// states returns the states of the accounts.
func (c *caddy) states(ctx context.Context) ([]string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.admin+"/onenote/accounts", http.NoBody)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	var list struct {
		Accounts []struct {
			State string `json:"state"`
		} `json:"accounts"`
	}
	if err := json.NewDecoder(res.Body).Decode(&list); err != nil {
		return nil, err
	}
	var states []string
	for _, a := range list.Accounts {
		states = append(states, a.State)
	}
	return states, nil
}

func (c *caddy) lastLog() string { return "the last lines of Caddy's log:\n" + c.log.String() }

// tail keeps the end of a log.
type tail struct {
	mu  sync.Mutex
	end []byte
}

const tailLength = 16 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end = append(t.end, p...)
	if len(t.end) > 2*tailLength {
		t.end = append([]byte(nil), t.end[len(t.end)-tailLength:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.end[max(0, len(t.end)-tailLength):])
}

// freeAddress returns a loopback address where nobody listens, and which no outgoing
// connection takes.
func freeAddress(ctx context.Context) (string, error) {
	var failed error
	for range 100 {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", 20000+mathrand.IntN(12000))) //nolint:gosec // a port is no secret
		if err == nil {
			return l.Addr().String(), l.Close()
		}
		failed = err
	}
	return "", failed
}
