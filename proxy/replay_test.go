// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/caddy-onenote/caddy-onenote/proxy/api"
)

// An API may refuse a token as soon as it sees it. The upload is then still
// running, and what the API never read has to arrive with the second try.
func TestUploadIsSentAgainWhen401ComesEarly(t *testing.T) {
	for protocol, options := range map[string][]func(*site){"HTTP/1.1": nil, "HTTP/2": {overTLS(true)}} {
		for _, size := range []int{200 << 10, 5 << 20} {
			for _, length := range []string{"known", "unknown"} {
				t.Run(fmt.Sprintf("%s/%s/%d", protocol, length, size), func(t *testing.T) {
					seen := new(log)
					s := newSite(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if r.Header.Get("Authorization") == "Bearer token-1" {
							refuseEarly(w)
							return
						}
						refuseUntil(seen, "token-2", created)(w, r)
					}), options...)
					payload := noise(size)
					// The client holds the second half back until the token was
					// refreshed, so that the refusal comes while it uploads.
					body := &steps{parts: [][]byte{payload[:size/2], payload[size/2:]}, next: s.account.refreshed}
					req := must(http.NewRequest("POST", s.api.URL+"/api/v1.0/me/notes/pages", body))
					if length == "known" {
						req.ContentLength = int64(size)
					}
					res, err := s.transport.For(s.call).RoundTrip(req)
					if err != nil {
						t.Fatal(err)
					}
					res.Body.Close()
					if res.StatusCode != http.StatusCreated {
						t.Errorf("got %s, want 201", res.Status)
					}
					uploads := seen.all()
					if len(uploads) != 1 || uploads[0].Sum != sha256.Sum256(payload) {
						t.Errorf("got %d uploads, want one with the bytes that were sent", len(uploads))
					}
				})
			}
		}
	}
}

// refuseEarly refuses a token without waiting for the request's body, which
// net/http's server does over HTTP/1.
func refuseEarly(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		unauthorized(w)
		return
	}
	defer conn.Close()
	_, _ = fmt.Fprintf(conn, "HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(tokenRefused), tokenRefused)
	_, _ = io.Copy(io.Discard, conn) // until the client has enough
}

// steps is a body whose parts come one by one; before each but the first it
// waits.
type steps struct {
	parts [][]byte
	next  <-chan struct{}
}

func (s *steps) Read(p []byte) (int, error) {
	if len(s.parts) == 0 {
		return 0, io.EOF
	}
	if len(s.parts[0]) == 0 {
		<-s.next
		s.parts = s.parts[1:]
		return s.Read(p)
	}
	n := copy(p, s.parts[0])
	s.parts[0] = s.parts[0][n:]
	if len(s.parts) == 1 && len(s.parts[0]) == 0 {
		s.parts = nil
	}
	return n, nil
}

// A client that has to sign in gets that response at once, however slowly it
// uploads.
func TestFailedRefreshDoesNotWaitForTheUpload(t *testing.T) {
	for protocol, options := range map[string][]func(*site){"HTTP/1.1": nil, "HTTP/2": {overTLS(true)}} {
		t.Run(protocol, func(t *testing.T) {
			s := newSite(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				refuseEarly(w)
			}), options...)
			s.account.refreshErr = failure{class: "signin_required"}
			responded := make(chan struct{})
			body := &steps{parts: [][]byte{noise(100), noise(100)}, next: responded}
			res, err := s.transport.For(s.call).RoundTrip(must(http.NewRequest("POST", s.api.URL+"/api/v1.0/me/notes/pages", body)))
			close(responded)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if got := res.Header.Get("X-Onenote-Proxy-Error"); got != "signin_required" {
				t.Errorf("got %s %q, want signin_required", res.Status, got)
			}
		})
	}
}

// Any other response may come early as well: the client gets it, and net/http ends
// the upload.
func TestEarlyResponseDoesNotWaitForTheUpload(t *testing.T) {
	for protocol, options := range map[string][]func(*site){"HTTP/1.1": nil, "HTTP/2": {overTLS(true)}} {
		t.Run(protocol, func(t *testing.T) {
			s := newSite(t, responding(413, "too large"), options...)
			ours, theirs := io.Pipe()
			stopped := make(chan struct{})
			go func() {
				defer close(stopped)
				for {
					if _, err := theirs.Write(noise(100 << 10)); err != nil {
						return // somebody closed our end
					}
				}
			}()
			res, err := s.transport.For(s.call).RoundTrip(must(http.NewRequest("POST", s.api.URL+"/api/v1.0/me/notes/pages", ours)))
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(res.Body)
			res.Body.Close()
			if res.StatusCode != 413 || string(body) != "too large" || err != nil {
				t.Errorf("got %s %q, %v", res.Status, body, err)
			}
			<-stopped
		})
	}
}

func TestErrorIsThatOfTheClientsBodyWhenItBreaks(t *testing.T) {
	broken := errors.New("the client is gone")
	for protocol, options := range map[string][]func(*site){"HTTP/1.1": nil, "HTTP/2": {overTLS(true)}} {
		for _, contentType := range []string{"image/png", "text/html"} {
			t.Run(protocol+"/"+contentType, func(t *testing.T) {
				s := newSite(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
				}), options...)
				body := io.MultiReader(bytes.NewReader(noise(2<<20)), iotest.ErrReader(broken))
				req := must(http.NewRequest("POST", s.api.URL+"/api/v1.0/me/notes/pages", body))
				req.Header.Set("Content-Type", contentType)
				res, err := s.transport.For(s.withBase()).RoundTrip(req)
				if !errors.Is(err, broken) {
					if err == nil {
						res.Body.Close()
					}
					t.Errorf("got %v, want the client's own error", err)
				}
			})
		}
	}
}

// withBase returns the site's call for requests that are not sent through its
// front.
func (s *site) withBase() Call {
	call := s.call
	call.Base = must(url.Parse(localBase))
	return call
}

func TestErrorIsMaxBytesWhenTheBodyIsTooLarge(t *testing.T) {
	s := newSite(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req := r.Clone(r.Context())
		req.URL = must(req.URL.Parse(s.api.URL + "/api/v1.0/me/notes/pages"))
		req.Body = http.MaxBytesReader(w, r.Body, 1000)
		res, err := s.transport.For(s.withBase()).RoundTrip(req)
		var tooLarge *http.MaxBytesError
		if !errors.As(err, &tooLarge) {
			t.Errorf("got %v, %v; want the limit's error", res, err)
		}
	}))
	defer front.Close()
	for _, contentType := range []string{"image/png", "text/html"} {
		res, err := front.Client().Post(front.URL, contentType, chunked(noise(10<<10)))
		if err == nil {
			res.Body.Close()
		}
	}
}

// When the client leaves during an upload, the upload to the API ends and the
// buffer is freed.
func TestUploadIsReleasedWhenTheClientLeaves(t *testing.T) {
	for _, contentType := range []string{"image/png", "text/html"} {
		for protocol, options := range map[string][]func(*site){"HTTP/1.1": nil, "HTTP/2": {overTLS(true)}} {
			t.Run(protocol+"/"+contentType, func(t *testing.T) {
				begun := make(chan struct{}, 1)
				ended := make(chan struct{}, 1)
				s := newSite(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					_, _ = io.ReadFull(r.Body, make([]byte, 1<<20))
					begun <- struct{}{}
					_, _ = io.Copy(io.Discard, r.Body)
					ended <- struct{}{}
				}), options...)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				ours, theirs := io.Pipe()
				go func() {
					_, _ = theirs.Write(noise(3 << 20))
					if contentType == "image/png" {
						<-begun
					}
					cancel()
					_ = theirs.CloseWithError(context.Canceled)
				}()
				req := must(http.NewRequestWithContext(ctx, "POST", s.front.URL+"/api/v1.0/me/notes/pages", ours))
				req.Header.Set("Content-Type", contentType)
				res, err := s.front.Client().Do(req)
				if err == nil {
					res.Body.Close()
				}
				if !errors.Is(err, context.Canceled) {
					t.Errorf("the client got %v, want context canceled", err)
				}
				if contentType == "image/png" {
					<-ended
				}
				if err := <-s.errs; err == nil {
					t.Error("the proxy got no error")
				}
			})
		}
	}
}

// A connection that the API closed while it was idle is noticed only when the
// next request is sent. net/http then sends again by itself, if it can
// have the body again: after any part of it was read, closed before or not.
func TestGetBodyReturnsTheBodyAgain(t *testing.T) {
	html := bytes.Repeat([]byte(`<img src="`+localBase+`/api/v1.0/r/1">`), 3000)
	mapped := bytes.ReplaceAll(html, []byte(localBase), []byte("https://www.onenote.com"))
	for contentType, bodies := range map[string][2][]byte{"image/png": {noise(5 << 18), noise(5 << 18)}, "text/html": {html, mapped}} {
		for _, part := range []int{0, 1, 100_000, len(bodies[1])} {
			for _, closed := range []bool{true, false} {
				tries := 0
				spool := NewSpool(DefaultSpoolMemory, DefaultSpoolDisk, t.TempDir())
				transport := &Transport{
					Dialect: passthrough(api.Passthrough{Links: true}), MaxReplay: 80 << 20, Spool: spool,
					Next: roundTrip(func(r *http.Request) (*http.Response, error) {
						tries++
						if _, err := io.ReadFull(r.Body, make([]byte, part)); err != nil {
							t.Errorf("reading %d bytes: %v", part, err)
						}
						if closed {
							_ = r.Body.Close()
						}
						again, err := r.GetBody()
						if err != nil {
							t.Fatal(err)
						}
						defer again.Close()
						if got, err := io.ReadAll(again); err != nil || !bytes.Equal(got, bodies[1]) {
							t.Errorf("%s, after %d bytes: got %d bytes, %v; want %d", contentType, part, len(got), err, len(bodies[1]))
						}
						res := &http.Response{StatusCode: 401, Header: make(http.Header), Body: http.NoBody}
						if tries == 2 {
							res.StatusCode = 201
						}
						return res, nil
					}),
				}
				in := inRequest("POST", "/api/v1.0/me/notes/pages", http.Header{"Content-Type": {contentType}})
				in.Body, in.ContentLength = io.NopCloser(bytes.NewReader(bodies[0])), int64(len(bodies[0]))
				call := Call{Tokens: newAccount(), Base: must(url.Parse(localBase))}
				res, err := transport.For(call).RoundTrip(in)
				if err != nil || res.StatusCode != 201 || tries != 2 {
					t.Errorf("got %v, %v after %d tries, want 201 after 2", res, err, tries)
				}
				if memory, disk := spool.Used(); memory != 0 || disk != 0 {
					t.Errorf("%d bytes of memory and %d of disk are still taken", memory, disk)
				}
			}
		}
	}
}

func TestUnreachableAPIIsAnError(t *testing.T) {
	s := newSite(t, http.NotFoundHandler())
	s.api.Close()
	req := must(http.NewRequest("POST", s.api.URL+"/api/v1.0/me/notes/pages", bytes.NewReader(noise(100))))
	var refused *net.OpError
	if _, err := s.transport.For(s.call).RoundTrip(req); !errors.As(err, &refused) {
		t.Errorf("got %v, want a refused connection", err)
	}
}

func TestConnectionThatBreaksOnTheSecondTryIsAnError(t *testing.T) {
	s := newSite(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.Header.Get("Authorization") == "Bearer token-1" {
			unauthorized(w)
			return
		}
		panic(http.ErrAbortHandler)
	}))
	res, err := s.transport.For(s.call).RoundTrip(must(http.NewRequest("POST", s.api.URL+"/api/v1.0/me/notes/pages", bytes.NewReader(noise(3<<20)))))
	if err == nil {
		res.Body.Close()
		t.Errorf("got %s, want an error", res.Status)
	}
	if requests, retries, _ := s.observer.told(); len(requests)+len(retries) != 0 {
		t.Errorf("told of requests %q and retries %q, want none", requests, retries)
	}
}

func TestUploadsShareOneSpool(t *testing.T) {
	seen := new(log)
	s := newSite(t, refuseUntil(seen, "token-2", created), func(s *site) {
		s.transport.Spool = NewSpool(3<<20, 5<<20, s.spoolDir)
	})
	var statuses [2]int
	var mu sync.Mutex
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			res := s.send("POST", "/api/v1.0/me/notes/pages", bytes.NewReader(noise((1+i%4)<<19)))
			mu.Lock()
			defer mu.Unlock()
			switch res.StatusCode {
			case http.StatusCreated:
				statuses[0]++
			case http.StatusUnauthorized:
				statuses[1]++
			default:
				t.Errorf("got %s", res.Status)
			}
		})
	}
	group.Wait()
	if statuses[0]+statuses[1] != 20 || statuses[0] == 0 || s.account.count() != 1 {
		t.Errorf("got %d sent again, %d refused and %d refreshes; want 20 in all and one refresh", statuses[0], statuses[1], s.account.count())
	}
}

func TestSpooledFileIsPrivateAndHasNoName(t *testing.T) {
	dir := t.TempDir()
	spool := NewSpool(0, 1<<20, dir)
	k := &bodyBuffer{spool: spool, max: 1 << 20}
	if !k.append([]byte("private")) {
		t.Fatal("nothing was buffered")
	}
	info := must(k.file.Stat())
	if got := info.Mode().Perm(); got != 0o600 && runtime.GOOS != "windows" {
		t.Errorf("got mode %v, want 0600", got)
	}
	if left := must(os.ReadDir(dir)); len(left) > 0 && runtime.GOOS != "windows" {
		t.Errorf("the file still has the name %v", left)
	}
	k.release()
	k.release()
	if memory, disk := spool.Used(); memory != 0 || disk != 0 {
		t.Errorf("got %d bytes of memory and %d of disk taken, want none", memory, disk)
	}
}

func TestBodyBufferReadsWhatWasAppended(t *testing.T) {
	for name, spool := range map[string]*Spool{
		"memory": NewSpool(10<<20, 0, ""),
		"disk":   NewSpool(0, 10<<20, t.TempDir()),
		"both":   NewSpool(10<<10, 10<<20, t.TempDir()),
	} {
		k := &bodyBuffer{spool: spool, max: 10 << 20}
		want := noise(300_000)
		for chunk := range slices.Chunk(want, 7777) {
			if !k.append(chunk) {
				t.Fatalf("%s: no room", name)
			}
		}
		k.appendLast([]byte("the end"))
		want = append(want, "the end"...)
		if k.append([]byte("more")) {
			t.Errorf("%s: appended behind the end", name)
		}
		got, err := io.ReadAll(io.NewSectionReader(k, 0, k.size))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: got %d bytes, %v; want the %d that were appended", name, len(got), err, len(want))
		}
		k.release()
	}
}

// A try that was abandoned gets no more bytes, and the next one gets all of them.
func TestCursorIsCutOffByTheNext(t *testing.T) {
	r := newReplay(io.NopCloser(strings.NewReader("abcdef")), -1, 100, NewSpool(1<<20, 0, ""))
	first := must(r.start())
	_, _ = io.ReadFull(first, make([]byte, 3))
	second := must(r.restart(t.Context()))
	if n, err := first.Read(make([]byte, 3)); n != 0 || err != errAbandoned {
		t.Errorf("the first got %d, %v; want nothing", n, err)
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if got := string(must(io.ReadAll(second))); got != "abcdef" {
		t.Errorf("the second got %q, want all", got)
	}
	r.abandon()
}

// A body for which there is no room is sent once, whole, however often it was to be
// spooled before: first what was read ahead, then the rest.
func TestBodyWithoutRoomIsSentWhole(t *testing.T) {
	body := bytes.Repeat([]byte("0123456789abcdef"), 3<<20/16)
	for _, test := range []struct {
		name         string
		memory, disk int64
	}{
		{"no room in memory", 64 << 10, 0},
		{"no room on the disk", 64 << 20, 100},
		{"no room on the disk for the rest", 64 << 20, 2 << 20},
	} {
		t.Run(test.name, func(t *testing.T) {
			spool := NewSpool(test.memory, test.disk, t.TempDir())
			r := newReplay(io.NopCloser(bytes.NewReader(body)), -1, 80<<20, spool)
			for range 2 {
				if all, err := r.spool(math.MaxInt64); all || err != nil {
					t.Fatalf("got %t, %v; want no room", all, err)
				}
			}
			c := must(r.start())
			got := make([]byte, len(body))
			for n := 0; n < len(got); {
				k, err := c.Read(got[n:])
				if k == 0 {
					t.Fatalf("reading stopped after %d of %d bytes: %v", n, len(got), err)
				}
				n += k
			}
			if !bytes.Equal(got, body) {
				t.Error("got another body")
			}
			r.abandon()
			if memory, disk := spool.Used(); memory|disk != 0 {
				t.Errorf("%d bytes of memory and %d of disk are still taken", memory, disk)
			}
		})
	}
}

// Waiting for a body that a try still reads ends with the context.
func TestRestartEndsWithTheContext(t *testing.T) {
	ours, theirs := io.Pipe()
	asked := make(chan struct{})
	r := newReplay(&announced{ours, asked}, -1, 100, NewSpool(1<<20, 0, ""))
	first := must(r.start())
	reading := make(chan error)
	go func() {
		_, err := first.Read(make([]byte, 3))
		reading <- err
	}()
	<-asked
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.restart(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context canceled", err)
	}
	r.abandon() // closes the pipe, which ends the read
	if err := <-reading; err == nil {
		t.Error("the read ended well")
	}
	theirs.Close()
}

// An announced body says when it is read for the first time.
type announced struct {
	io.ReadCloser
	asked chan struct{}
}

func (b *announced) Read(p []byte) (int, error) {
	close(b.asked)
	return b.ReadCloser.Read(p)
}

// However a body is read, cut off and started again: each try gets its bytes in
// order and from the start, or is told that they were not buffered.
func FuzzReplay(f *testing.F) {
	f.Add([]byte("0123456789"), int64(100), []byte{3, 0, 4, 200, 2, 0, 255})
	f.Add(bytes.Repeat([]byte("x"), 5000), int64(4000), []byte{255, 255, 0, 255, 0, 9})
	f.Add([]byte("0123456789"), int64(5), []byte{200, 3, 3, 0, 3})
	f.Fuzz(func(t *testing.T, body []byte, limit int64, steps []byte) {
		spool := NewSpool(8<<10, 0, "")
		r := newReplay(io.NopCloser(bytes.NewReader(body)), -1, limit, spool)
		if len(steps) > 0 && steps[0] == 200 && r.whole {
			all, err := r.spool(math.MaxInt64)
			if err != nil || all && int64(len(body)) > limit {
				t.Fatalf("spooled %d bytes of at most %d: %t, %v", len(body), limit, all, err)
			}
		}
		var current io.ReadCloser
		var off int
		for _, step := range steps {
			if step == 0 || current == nil {
				next, err := r.start()
				if err != nil {
					if !errors.Is(err, errNotBuffered) {
						t.Fatal(err)
					}
					continue
				}
				current, off = next, 0
				continue
			}
			p := make([]byte, 16*int(step))
			n, err := current.Read(p)
			if !bytes.HasPrefix(body[off:], p[:n]) {
				t.Fatalf("got %q at %d, want it to begin %q", p[:n], off, body[off:])
			}
			off += n
			if err == io.EOF && off != len(body) {
				t.Fatalf("ended at %d of %d", off, len(body))
			}
			if err != nil && err != io.EOF {
				t.Fatal(err)
			}
		}
		r.abandon()
		if memory, _ := spool.Used(); memory != 0 {
			t.Errorf("%d bytes are still taken", memory)
		}
	})
}
