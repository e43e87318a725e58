// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package tokens

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/caddyserver/certmagic"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// Two real processes on one storage. A process stops itself by SIGSTOP at a step,
// and the test lets it go on when the other one has done something. Their clocks run
// twenty times as fast as the wall clock, so that a lock goes stale after half a
// second.

// processVariable makes the test binary a process that obeys commands.
const processVariable = "ONENOTE_TEST_PROCESS"

// processSetup is what such a process is told.
type processSetup struct {
	Authority, Storage, Key string
	Client                  string
	Import                  string // not a Secret, which no JSON reveals
	Epoch                   time.Time
}

const clockSpeed = 20

// fastClock runs faster than the wall clock, from the same time in all processes.
type fastClock struct{ epoch time.Time }

func (c fastClock) Now() time.Time {
	return c.epoch.Add(time.Since(c.epoch).Round(0) * clockSpeed).Round(0)
}

func (c fastClock) After(d time.Duration) (<-chan time.Time, func()) {
	return oauth.SystemClock{}.After(d / clockSpeed)
}

// fastLocks is a file storage with the locks of certmagic's, but faster: whoever has
// a lock rewrites it, and it is stale if nobody does; an unlock does not look whose
// it is.
type fastLocks struct {
	*certmagic.FileStorage
	clock fastClock
}

type fastLock struct {
	Created, Updated time.Time
}

func (s fastLocks) lockPath(name string) string {
	return filepath.Join(s.Path, "locks", name+".lock")
}

func (s fastLocks) Lock(ctx context.Context, name string) error {
	path := s.lockPath(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	for ctx.Err() == nil {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err == nil {
			now := s.clock.Now()
			s.write(f, fastLock{now, now})
			go s.keepFresh(path, now)
			return nil
		}
		if l, err := s.read(path); err == nil && s.clock.Now().Sub(l.Updated) > lockTrust {
			os.Remove(path)
			continue
		}
		time.Sleep(5 * time.Millisecond)
	}
	return ctx.Err()
}

func (s fastLocks) Unlock(_ context.Context, name string) error { return os.Remove(s.lockPath(name)) }

func (s fastLocks) write(f *os.File, l fastLock) {
	json.NewEncoder(f).Encode(map[string]time.Time{"created": l.Created, "updated": l.Updated})
	f.Close()
}

func (s fastLocks) read(path string) (l fastLock, err error) {
	content, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(content, &l)
	}
	return l, err
}

func (s fastLocks) keepFresh(path string, created time.Time) {
	for {
		time.Sleep(lockTrust / 2 / clockSpeed)
		l, err := s.read(path)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !l.Created.Equal(created) {
			return
		}
		if f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0o600); err == nil {
			s.write(f, fastLock{l.Created, s.clock.Now()})
		}
	}
}

// TestProcess is no test: it is what another process runs.
func TestProcess(t *testing.T) {
	setup := os.Getenv(processVariable)
	if setup == "" {
		t.Skip("run by the tests that need other processes")
	}
	var s processSetup
	if err := json.Unmarshal([]byte(setup), &s); err != nil {
		t.Fatal(err)
	}
	newServant(s).obey(os.Stdin)
	os.Exit(0)
}

// servant is the process on its side.
type servant struct {
	account *Account
	clock   fastClock
	stopAt  atomic.Pointer[string]
	full    atomic.Bool
}

func newServant(s processSetup) *servant {
	v := &servant{clock: fastClock{s.Epoch}}
	c := oauth.Config{
		Name: "default", Provider: oauth.Custom, ClientID: s.Client,
		AuthorizeURL: s.Authority + "/authorize", TokenURL: s.Authority + "/token",
	}
	if s.Import != "" {
		c.RefreshToken = func() (oauth.Secret, error) { return oauth.Secret(s.Import), nil }
	}
	c.Complete()
	v.account = NewAccount(Options{
		Config: c, Cache: NewCache(), Clock: v.clock, Keys: &KeyFile{Path: s.Key},
		Storage: servantStorage{fastLocks{&certmagic.FileStorage{Path: s.Storage}, v.clock}, v},
		Client:  oauth.NewHTTPClient(servantTransport{v}),
	})
	return v
}

// reached stops the process if it was told to stop at this step.
func (v *servant) reached(step string) {
	if at := v.stopAt.Load(); at != nil && *at == step {
		v.stopAt.Store(nil)
		// The signal takes effect a little later than the call returns.
		continued := make(chan os.Signal, 1)
		signal.Notify(continued, syscall.SIGCONT)
		fmt.Println("stopped", step)
		syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		<-continued
		signal.Stop(continued)
	}
}

// obey reads commands, one a line, and prints the result of each.
func (v *servant) obey(commands io.Reader) {
	ctx := context.Background()
	lines := bufio.NewScanner(commands)
	for lines.Scan() {
		command, argument, _ := strings.Cut(lines.Text(), " ")
		switch command {
		case "stop-at":
			v.stopAt.Store(&argument)
			v.result("", nil)
		case "full":
			v.full.Store(argument == "yes")
			v.result("", nil)
		case "token":
			authorization, _, err := v.account.Token(ctx)
			v.result(authorization, err)
		case "refresh":
			v.result("", v.account.ForceRefresh(ctx))
		case "background":
			background(v.account)
			v.result("", nil)
		case "poll":
			v.account.followStorage(ctx)
			v.result("", nil)
		case "sign-in":
			now := v.clock.Now()
			g := &oauth.Grant{
				AccessToken: oauth.Secret(argument), RefreshToken: oauth.Secret(argument + "-1"),
				ObtainedAt: now, Expiry: now.Add(time.Hour), User: oauth.User{ID: argument},
			}
			v.result("", v.account.Adopt(ctx, g, true))
		case "sign-out":
			v.result("", v.account.SignOut(ctx))
		case "state":
			v.result(string(v.account.Status(ctx).State), nil)
		}
	}
}

func (v *servant) result(text string, err error) {
	if f := oauth.AsFailure(err); f != nil {
		text = f.Status.Code
	} else if err != nil {
		text = err.Error()
	}
	fmt.Println("result", text)
}

// servantStorage stops at the steps that are accesses to the storage.
type servantStorage struct {
	fastLocks
	v *servant
}

func (s servantStorage) Load(ctx context.Context, key string) ([]byte, error) {
	value, err := s.fastLocks.Load(ctx, key)
	if key == RecordKey("default") {
		s.v.reached("loaded")
	}
	return value, err
}

func (s servantStorage) Store(ctx context.Context, key string, value []byte) error {
	if s.v.full.Load() {
		return errors.New("no space left on device")
	}
	if key == RecordKey("default") {
		s.v.reached("store")
	}
	return s.fastLocks.Store(ctx, key, value)
}

func (s servantStorage) Lock(ctx context.Context, name string) error {
	err := s.fastLocks.Lock(ctx, name)
	s.v.reached("locked")
	return err
}

// servantTransport stops before a request and after its response.
type servantTransport struct{ v *servant }

func (t servantTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := http.DefaultTransport.RoundTrip(req)
	t.v.reached("responded")
	return res, err
}

// master is a process on the side of the test.
type master struct {
	t       *testing.T
	process *os.Process
	in      io.Writer
	out     chan string
}

// strictRig is a provider that rotates strictly, and a storage for processes.
type strictRig struct {
	*rig
	setup    processSetup
	mu       sync.Mutex
	provider strictProvider
}

func newStrictRig(t *testing.T) *strictRig {
	r := &strictRig{rig: newRig(t), provider: strictProvider{families: make(map[string]*family), tokens: make(map[string]*refreshToken)}}
	server := httpServer(t, func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		status, body := 503, ""
		if r.provider.fault == "" {
			status, body = r.provider.respond(req.FormValue("refresh_token"))
		}
		r.provider.fault = ""
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		io.WriteString(w, body)
	})
	r.setup = processSetup{Authority: server, Storage: t.TempDir(), Key: t.TempDir() + "/seal.key", Client: "client", Epoch: time.Now().Round(0)}
	return r
}

// issue makes the provider know the refresh token of a sign-in.
func (r *strictRig) issue(family string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.provider.issued = 0
	r.provider.issue(family)
	r.provider.issued = 100
}

// fail makes the next request fail before it has an effect.
func (r *strictRig) fail() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.provider.fault = "503"
}

// wantNoReuse checks that no refresh token was used twice.
func (r *strictRig) wantNoReuse() {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.provider.reused != "" {
		r.t.Errorf("the refresh token %s was used twice", r.provider.reused)
	}
}

// start starts a process.
func (r *strictRig) start(edit ...func(*processSetup)) *master {
	r.t.Helper()
	setup := r.setup
	for _, e := range edit {
		e(&setup)
	}
	text, err := json.Marshal(setup)
	if err != nil {
		r.t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestProcess$")
	cmd.Env = append(os.Environ(), processVariable+"="+string(text))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	m := &master{t: r.t, process: cmd.Process, in: in, out: make(chan string, 10)}
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			m.out <- lines.Text()
		}
		close(m.out)
	}()
	r.t.Cleanup(func() {
		cmd.Process.Kill()
		for range m.out {
		}
		cmd.Wait()
	})
	return m
}

// next returns the next line of the process.
func (m *master) next() string {
	m.t.Helper()
	select {
	case line, ok := <-m.out:
		if !ok {
			m.t.Fatal("the process has ended")
		}
		return line
	case <-time.After(20 * time.Second):
		m.t.Fatal("the process says nothing")
		return ""
	}
}

// do has the process obey a command, and returns the result.
func (m *master) do(command string) string {
	m.t.Helper()
	fmt.Fprintln(m.in, command)
	return m.result()
}

func (m *master) result() string {
	m.t.Helper()
	line := m.next()
	result, ok := strings.CutPrefix(line, "result ")
	if !ok {
		m.t.Fatalf("got %q, want a result", line)
	}
	return result
}

// want checks the result of a command.
func (m *master) want(command, want string) {
	m.t.Helper()
	if got := m.do(command); got != want {
		m.t.Errorf("%s: got %q, want %q", command, got, want)
	}
}

// stopAt begins a command during which the process stops at a step.
func (m *master) stopAt(step, command string) {
	m.t.Helper()
	m.want("stop-at "+step, "")
	fmt.Fprintln(m.in, command)
	if line := m.next(); line != "stopped "+step {
		m.t.Fatalf("got %q, want the process to stop at %s", line, step)
	}
	// A SIGCONT that comes before the SIGSTOP would have no effect.
	var status syscall.WaitStatus
	for !status.Stopped() {
		if _, err := syscall.Wait4(m.process.Pid, &status, syscall.WUNTRACED, nil); err != nil && err != syscall.EINTR {
			m.t.Fatal(err)
		}
	}
}

// resume lets the process go on, and returns the result of its command.
func (m *master) resume() string {
	m.t.Helper()
	if err := m.process.Signal(syscall.SIGCONT); err != nil {
		m.t.Fatal(err)
	}
	return m.result()
}
