// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
)

// reloadsVariable says how many reloads TestReloadsUnderLoad makes.
const reloadsVariable = "ONENOTE_TEST_RELOADS"

// reloadClient sends one request after the other over connections that it keeps. Each
// has a number.
type reloadClient struct {
	t       *testing.T
	url     string
	method  string
	http    *http.Client
	arrived *sync.Map // numbers of requests that the API has got

	served, unread *atomic.Int64
}

var requestNumbers atomic.Int64

// send sends a request, and once more if its connection was closed before anybody read
// it: the listener of the old configuration had it in its queue, or closes what is idle.
// That is so with any configuration of Caddy. A request that had begun must not fail.
func (c *reloadClient) send() {
	for range 10 {
		number := fmt.Sprint(requestNumbers.Add(1))
		err := c.try(number)
		if err == nil {
			c.served.Add(1)
			return
		}
		if _, begun := c.arrived.Load(number); begun {
			c.t.Errorf("%s: a request that had begun failed: %v", c.method, err)
			return
		}
		c.unread.Add(1)
	}
	c.t.Errorf("%s: ten connections in a row were closed unread", c.method)
}

func (c *reloadClient) try(number string) error {
	req, err := http.NewRequest(c.method, c.url+notebooks, strings.NewReader(""))
	if err != nil {
		return err
	}
	req.Header.Set("X-Number", number)
	if c.method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
		req.Body = io.NopCloser(strings.NewReader(`{"name":"` + strings.Repeat("n", 10_000) + `"}`))
		req.ContentLength = 10_011
	}
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK || len(body) < 20_000 {
		return fmt.Errorf("%s: %.200s", res.Status, body)
	}
	return nil
}

// held is what a process holds.
type held struct{ goroutines, files, heap int }

// heldNow counts it when nothing is under way.
func heldNow(t *testing.T) held {
	t.Helper()
	var h held
	last := -1
	eventually(t, "the number of goroutines stays", func() bool {
		time.Sleep(200 * time.Millisecond)
		h.goroutines = runtime.NumGoroutine()
		same := h.goroutines == last
		last = h.goroutines
		return same
	})
	runtime.GC()
	runtime.GC() // what finalizers have freed
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	h.heap = int(m.HeapAlloc)
	if files, err := os.ReadDir("/proc/self/fd"); err == nil {
		h.files = len(files)
	}
	return h
}

// Reloads under load fail no request that had begun, and leave nothing behind.
func TestReloadsUnderLoad(t *testing.T) {
	reloads := 30
	if text := os.Getenv(reloadsVariable); text != "" {
		var err error
		if reloads, err = strconv.Atoi(text); err != nil {
			t.Fatalf("%s: %v", reloadsVariable, err)
		}
	}
	m, s := startMicrosoft(t), newServer(t)
	var arrived sync.Map
	body := `{"value":"` + strings.Repeat("v", 20_000) + `"}`
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived.Store(r.Header.Get("X-Number"), nil)
		_, _ = io.Copy(io.Discard, r.Body)
		time.Sleep(10 * time.Millisecond)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, body[:15_000])
		time.Sleep(10 * time.Millisecond)
		_, _ = io.WriteString(w, body[15_000:])
	}))
	t.Cleanup(api.Close)
	loads := 0
	load := func() {
		loads++
		s.mustLoad(s.config(importedAccount(m)+fmt.Sprintf("\nlabel \"load %d\"", loads), "onenote "+api.URL+""))
	}
	var served, unread atomic.Int64
	underLoad := func(reloads int) held {
		t.Helper()
		var running sync.WaitGroup
		stop := make(chan struct{})
		for i := range 8 {
			c := &reloadClient{t: t, url: s.url, method: []string{"GET", "POST"}[i%2], http: &http.Client{Transport: &http.Transport{}}, arrived: &arrived, served: &served, unread: &unread}
			running.Go(func() {
				for {
					select {
					case <-stop:
						c.http.CloseIdleConnections()
						return
					default:
						c.send()
					}
				}
			})
		}
		for range reloads {
			load()
			enough := served.Load() + 10
			eventually(t, "requests are served between two reloads", func() bool { return served.Load() > enough })
		}
		close(stop)
		running.Wait()
		arrived.Clear()
		load() // ends what the load has left idle
		return heldNow(t)
	}
	load()
	before := underLoad(reloads / 5) // warms up
	after := underLoad(reloads - reloads/5)
	t.Logf("%d reloads, %d requests served, %d connections closed unread; goroutines %d, then %d; open files %d, then %d; heap %d KB, then %d KB",
		reloads, served.Load(), unread.Load(), before.goroutines, after.goroutines, before.files, after.files, before.heap>>10, after.heap>>10)
	if after.goroutines > before.goroutines+5 || after.files > before.files+5 || after.heap > before.heap+4<<20 {
		t.Errorf("it grows: got %+v after %+v", after, before)
	}
	if got := len(m.requests(tokenPath)); got != 1 {
		t.Errorf("refreshes: got %d, want 1", got)
	}
	if err := caddy.Stop(); err != nil {
		t.Error(err)
	}
}
