// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package nodes

import (
	"net"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/caddy-onenote/caddy-onenote/internal/needs"
)

// redis is Debian's redis-server in a process, with its data in a file, as the
// documents advise.
type redis struct {
	t       *testing.T
	program string
	port    string
	dir     string
	process *exec.Cmd
}

func startRedis(t *testing.T) *redis {
	t.Helper()
	r := &redis{t: t, program: needs.Program(t, "redis-server"), port: freePort(t), dir: t.TempDir()}
	r.start()
	t.Cleanup(r.stop)
	return r
}

func (r *redis) start() {
	r.t.Helper()
	r.process = exec.Command(r.program, "--bind", "127.0.0.1", "--port", r.port, "--dir", r.dir,
		"--save", "", "--appendonly", "yes", "--appendfsync", "always", "--daemonize", "no", "--logfile", r.dir+"/log")
	if err := r.process.Start(); err != nil {
		r.t.Fatal(err)
	}
	eventually(r.t, "redis listens", func() bool {
		c, err := net.DialTimeout("tcp", "127.0.0.1:"+r.port, time.Second)
		if err != nil {
			return false
		}
		c.Close()
		return true
	})
}

// stop ends the server. What was stored is there again after start.
func (r *redis) stop() {
	if r.process == nil {
		return
	}
	r.signal(syscall.SIGCONT)
	r.signal(syscall.SIGTERM)
	_ = r.process.Wait() // its exit code tells nothing
	r.process = nil
}

// signal sends a signal to the server: SIGSTOP makes one that accepts connections and
// says nothing.
func (r *redis) signal(s syscall.Signal) {
	if err := r.process.Process.Signal(s); err != nil {
		r.t.Errorf("redis: %v", err)
	}
}
