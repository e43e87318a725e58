// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// buildCaddy builds Caddy with the product from the checkout around this
// module, and returns the program. Nothing is downloaded.
func buildCaddy(ctx context.Context, dir string) (string, error) {
	const product = "github.com/caddy-onenote/caddy-onenote"
	root, err := output(exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", product))
	if err != nil {
		return "", err
	}
	program := filepath.Join(dir, "caddy.exe") // a name that Windows runs too
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/caddy")
	build.Dir = strings.TrimSpace(root)
	_, err = output(build)
	return program, err
}

// output runs a command. If it fails, its messages are in the error.
func output(c *exec.Cmd) (string, error) {
	var said bytes.Buffer
	c.Stderr = &said
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", strings.Join(c.Args[:2], " "), err, said.Bytes())
	}
	return string(out), nil
}

// A caddy is a Caddy in a process of its own, so that its processor time and memory
// are those of the proxy alone.
type caddy struct {
	site, admin string // host:port
	process     *exec.Cmd
	log         bytes.Buffer // complete when the process has ended
	ended       chan error
}

// startCaddy starts the program with these global options, one site with these
// directives, and a home of its own. The process ends with ctx.
func startCaddy(ctx context.Context, program, home, options, site string) (*caddy, error) {
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil, err
	}
	c := &caddy{ended: make(chan error, 1)}
	var err error
	if c.site, err = freeAddress(ctx); err != nil {
		return nil, err
	}
	if c.admin, err = freeAddress(ctx); err != nil {
		return nil, err
	}
	_, port, _ := strings.Cut(c.site, ":")
	config := filepath.Join(home, "Caddyfile")
	text := fmt.Sprintf("{\n\tadmin %s\n\tpersist_config off\n%s}\n\nhttp://:%s {\n\tbind 127.0.0.1\n\t%s\n}\n", c.admin, options, port, site)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	c.process = exec.CommandContext(ctx, program, "run", "--config", config, "--adapter", "caddyfile")
	c.process.Env = append(os.Environ(), "XDG_DATA_HOME="+home, "XDG_CONFIG_HOME="+home)
	c.process.Stderr = &c.log
	if err := c.process.Start(); err != nil {
		return nil, err
	}
	go func() { c.ended <- c.process.Wait() }()
	return c, c.awaitReady(ctx)
}

// awaitReady waits until the site is served.
func (c *caddy) awaitReady(ctx context.Context) error {
	for range 300 {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", c.site)
		if err == nil {
			return conn.Close()
		}
		select {
		case err := <-c.ended:
			return fmt.Errorf("caddy: %w: %s", err, c.log.Bytes())
		case <-time.After(100 * time.Millisecond):
		}
	}
	return errors.Join(errors.New("caddy does not serve its site"), c.stop())
}

// stop ends the process.
func (c *caddy) stop() error {
	if err := c.process.Process.Kill(); err != nil {
		return err
	}
	<-c.ended
	return nil
}

// A usage is what a process has used since its start.
type usage struct {
	allocations float64
	cpu         time.Duration
}

// usage reads the metrics of the runtime from Caddy's admin endpoint.
func (c *caddy) usage(ctx context.Context) (u usage, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.admin+"/metrics", http.NoBody)
	if err != nil {
		return u, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return u, err
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		name, text, _ := strings.Cut(lines.Text(), " ")
		switch name {
		case "go_memstats_mallocs_total":
			u.allocations, err = strconv.ParseFloat(text, 64)
		case "process_cpu_seconds_total":
			var seconds float64
			seconds, err = strconv.ParseFloat(text, 64)
			u.cpu = time.Duration(seconds * float64(time.Second))
		}
		if err != nil {
			return u, err
		}
	}
	return u, lines.Err()
}

// freeAddress returns a loopback address where nobody listens. Its port is not one
// of the system's ephemeral ports, which an outgoing connection could take before
// Caddy does.
func freeAddress(ctx context.Context) (string, error) {
	var failed error
	for range 100 {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000)))
		if err == nil {
			return l.Addr().String(), l.Close()
		}
		failed = err
	}
	return "", failed
}
