// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package picture_test

import (
	"bytes"
	"errors"
	"html"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-onenote/caddy-onenote/proxy/picture"
)

const (
	upstream = "https://www.onenote.com"
	path     = "/api/v1.0/me/notes/resources/0-f717b5fa5eaa454da7ecdf72a8c137fe!1-73DBAF9B7E5C4B4C!10456/content"
)

var start = time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC)

func sealingKey(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

func newSigner(t testing.TB, now func() time.Time, keys ...[]byte) *picture.Signer {
	t.Helper()
	s, err := picture.New(now, keys...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func at(t time.Time) func() time.Time { return func() time.Time { return t } }

func sample() picture.Picture {
	return picture.Picture{
		Account:  "work",
		Upstream: upstream,
		Path:     path,
		MIMEType: "image/png",
		Expires:  start.Add(time.Hour),
	}
}

// Nodes of one cluster, and every later version, must agree on the bytes.
func TestQueryIsPinned(t *testing.T) {
	s := newSigner(t, at(start), sealingKey(1))
	got := string(s.AppendQuery([]byte("https://proxy.example"+path+"?"), sample()))
	want := "https://proxy.example" + path + "?publicAuth=true&mimeType=image/png&account=work&expires=1795273200&sig=MNrNcZkK0dYVgcIH_Y4mtEN4-6b8IhXikCg1GItHx-A"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestSignedPictureIsVerified(t *testing.T) {
	tests := []struct {
		name string
		edit func(*picture.Picture)
		want string // part of the query
	}{
		{"as it is", func(*picture.Picture) {}, "publicAuth=true&mimeType=image/png&account=work&"},
		{"no type", func(p *picture.Picture) { p.MIMEType = "" }, "publicAuth=true&account=work&"},
		{"plus in the type", func(p *picture.Picture) { p.MIMEType = "image/svg+xml" }, "&mimeType=image/svg%2Bxml&"},
		{"a type that is none", func(p *picture.Picture) { p.MIMEType = "a b&sig=%\x00\xff" }, "&mimeType=a%20b%26sig%3D%25%00%FF&"},
		{"odd account", func(p *picture.Picture) { p.Account = "a_b-c9" }, "&account=a_b-c9&"},
		{"path with encodings", func(p *picture.Picture) { p.Path = "/api/v1.0/users('a%40b')/notes/resources/1-a%21b/$value" }, ""},
		{"fractions of a second", func(p *picture.Picture) { p.Expires = start.Add(time.Hour + 999*time.Millisecond) }, "&expires=1795273200&"},
	}
	s := newSigner(t, at(start), sealingKey(1))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := sample()
			tt.edit(&p)
			query := string(s.AppendQuery(nil, p))
			if !strings.Contains(query, tt.want) {
				t.Errorf("query: got %s, want it to hold %s", query, tt.want)
			}
			got, err := s.Verify(p.Upstream, p.Path, query)
			if err != nil {
				t.Fatalf("%s: %v", query, err)
			}
			p.Expires = p.Expires.Truncate(time.Second)
			if !got.Expires.Equal(p.Expires) {
				t.Errorf("expires: got %v, want %v", got.Expires, p.Expires)
			}
			got.Expires = p.Expires
			if got != p {
				t.Errorf("got %+v, want %+v", got, p)
			}
		})
	}
}

func TestURLWithAmpersandReferencesIsVerified(t *testing.T) {
	s := newSigner(t, at(start), sealingKey(1))
	p := sample()
	query := html.EscapeString(string(s.AppendQuery(nil, p)))
	if !strings.Contains(query, "&amp;") {
		t.Fatalf("got %s, want it escaped", query)
	}
	if _, err := s.Verify(p.Upstream, p.Path, query); err != nil {
		t.Errorf("%s: %v", query, err)
	}
}

func TestForgedPicturesAreRefused(t *testing.T) {
	s := newSigner(t, at(start), sealingKey(1))
	p := sample()
	good := string(s.AppendQuery(nil, p))
	sig := good[strings.Index(good, "&sig=")+len("&sig="):]
	replace := func(old, new string) string {
		q := strings.Replace(good, old, new, 1)
		if q == good {
			t.Fatalf("%q is not in %s", old, good)
		}
		return q
	}
	tests := []struct{ name, upstream, path, query string }{
		{"another account", upstream, path, replace("account=work", "account=home")},
		{"a longer life", upstream, path, replace("expires=1795273200", "expires=1795276800")},
		{"another type", upstream, path, replace("image/png", "text/html")},
		{"no type", upstream, path, replace("&mimeType=image/png", "")},
		{"another path", upstream, strings.Replace(path, "10456", "10457", 1), good},
		{"the same path encoded otherwise", upstream, strings.Replace(path, "!", "%21", 1), good},
		{"a path below", upstream, path + "/x", good},
		{"the type's beginning at the path's end", upstream, path + "image", replace("image/png", "/png")},
		{"another upstream", "https://graph.microsoft.com", path, good},
		{"a parameter in front", upstream, path, "x=1&" + good},
		{"a parameter behind", upstream, path, good + "&x=1"},
		{"an empty parameter behind", upstream, path, good + "&"},
		{"a parameter twice", upstream, path, replace("&account=work", "&account=work&account=work")},
		{"two accounts, the right one first", upstream, path, replace("&account=work", "&account=work&account=home")},
		{"two accounts, the right one last", upstream, path, replace("&account=work", "&account=home&account=work")},
		{"another order", upstream, path, replace("publicAuth=true&mimeType=image/png", "mimeType=image/png&publicAuth=true")},
		{"type encoded otherwise", upstream, path, replace("image/png", "image%2Fpng")},
		{"account encoded otherwise", upstream, path, replace("work", "%77ork")},
		{"not public", upstream, path, replace("publicAuth=true", "publicAuth=false")},
		{"expiry with a sign", upstream, path, replace("expires=", "expires=+")},
		{"expiry with a zero", upstream, path, replace("expires=", "expires=0")},
		{"expiry that is no number", upstream, path, replace("expires=1795273200", "expires=never")},
		{"expiry beyond all numbers", upstream, path, replace("expires=1795273200", "expires=99999999999999999999")},
		{"no signature", upstream, path, replace(sig, "")},
		{"half a signature", upstream, path, replace(sig, sig[:20])},
		{"a signature with padding", upstream, path, replace(sig, sig+"=")},
		{"a flipped bit", upstream, path, replace(sig, string(sig[0]^1)+sig[1:])},
		{"escapes that are none", upstream, path, replace("image/png", "image/%zz")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := s.Verify(tt.upstream, tt.path, tt.query); !errors.Is(err, picture.ErrForged) {
				t.Errorf("%s: got %+v, %v, want %v", tt.query, got, err, picture.ErrForged)
			}
		})
	}
}

// Base64 has spare bits in the last character: a signature must have one
// spelling, or a URL could be told from its copies.
func TestSignatureHasOneSpelling(t *testing.T) {
	s := newSigner(t, at(start), sealingKey(1))
	p := sample()
	good := string(s.AppendQuery(nil, p))
	accepted := 0
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
		if _, err := s.Verify(p.Upstream, p.Path, good[:len(good)-1]+string(c)); err == nil {
			accepted++
		}
	}
	if accepted != 1 {
		t.Errorf("last characters accepted: got %d, want 1", accepted)
	}
}

func TestPictureExpiresAtItsSecond(t *testing.T) {
	now := start
	s := newSigner(t, func() time.Time { return now }, sealingKey(1))
	p := sample()
	query := string(s.AppendQuery(nil, p))
	for _, tt := range []struct {
		now  time.Time
		want error
	}{
		{start, nil},
		{p.Expires.Add(-time.Nanosecond), nil},
		{p.Expires, picture.ErrExpired},
		{p.Expires.Add(time.Hour), picture.ErrExpired},
	} {
		now = tt.now
		if _, err := s.Verify(p.Upstream, p.Path, query); !errors.Is(err, tt.want) {
			t.Errorf("at %v: got %v, want %v", now, err, tt.want)
		}
	}
	if _, err := s.Verify(p.Upstream, p.Path, query+"x"); !errors.Is(err, picture.ErrForged) {
		t.Errorf("expired and forged: got %v, want %v", err, picture.ErrForged)
	}
}

func TestQueryWithoutAllParametersIsUnsigned(t *testing.T) {
	s := newSigner(t, at(start), sealingKey(1))
	for _, query := range []string{
		"",
		"includeIDs=true",
		"publicAuth=true&mimeType=image/png",
		"includeIDs=true,preAuthenticated=true",
		"&$orderby=name",
		"sig=x",
		"account=work&expires=1795273200",
		"Account=a&Expires=1&Sig=b",
		"%73ig=a&account=b&expires=1",
	} {
		if _, err := s.Verify(upstream, path, query); !errors.Is(err, picture.ErrUnsigned) {
			t.Errorf("%q: got %v, want %v", query, err, picture.ErrUnsigned)
		}
		if got := picture.StripQuery(query); got != query {
			t.Errorf("stripped: got %q, want %q untouched", got, query)
		}
	}
}

func TestPicturesStayValidWhenKeysRotate(t *testing.T) {
	old := newSigner(t, at(start), sealingKey(1))
	both := newSigner(t, at(start), sealingKey(2), sealingKey(1))
	later := newSigner(t, at(start), sealingKey(2))
	p := sample()

	ofOld := string(old.AppendQuery(nil, p))
	if _, err := both.Verify(p.Upstream, p.Path, ofOld); err != nil {
		t.Errorf("signed before the rotation: %v", err)
	}
	if _, err := later.Verify(p.Upstream, p.Path, ofOld); !errors.Is(err, picture.ErrForged) {
		t.Errorf("signed with a key that is gone: got %v, want %v", err, picture.ErrForged)
	}
	ofBoth := string(both.AppendQuery(nil, p))
	if _, err := later.Verify(p.Upstream, p.Path, ofBoth); err != nil {
		t.Errorf("the first key does not sign: %v", err)
	}
}

func TestNewRefusesMissingAndShortKeys(t *testing.T) {
	tests := []struct {
		name string
		keys [][]byte
		want string
	}{
		{"none", nil, "no sealing key was given"},
		{"empty", [][]byte{{}}, "sealing key 1 has 0 bytes, need at least 32"},
		{"a short second", [][]byte{sealingKey(1), make([]byte, 31)}, "sealing key 2 has 31 bytes, need at least 32"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := picture.New(nil, tt.keys...)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestDefaultClockIsTheMachines(t *testing.T) {
	s := newSigner(t, nil, sealingKey(1))
	p := sample()
	p.Expires = time.Now().Add(time.Hour)
	if _, err := s.Verify(p.Upstream, p.Path, string(s.AppendQuery(nil, p))); err != nil {
		t.Error(err)
	}
	p.Expires = time.Now().Add(-time.Hour)
	if _, err := s.Verify(p.Upstream, p.Path, string(s.AppendQuery(nil, p))); !errors.Is(err, picture.ErrExpired) {
		t.Errorf("got %v, want %v", err, picture.ErrExpired)
	}
}

func TestStripQueryRemovesTheProxysParameters(t *testing.T) {
	tests := []struct{ name, query, want string }{
		{"ours", "publicAuth=true&mimeType=image/png&account=work&expires=1795273200&sig=abc", "publicAuth=true&mimeType=image/png"},
		{"undecoded", "publicAuth=true&amp;mimeType=image/png&amp;account=work&amp;expires=1795273200&amp;sig=abc", "publicAuth=true&amp;mimeType=image/png"},
		{"others stay, in order, byte for byte", "%24x=1&account=a&y&&expires=1&z=%zz&sig=s&=q", "%24x=1&y&&z=%zz&=q"},
		{"ours alone", "account=a&expires=1&sig=s", ""},
		{"twice", "sig=1&account=a&expires=1&sig=2", ""},
		{"without values", "a=1&account&expires&sig", "a=1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := picture.StripQuery(tt.query); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestSigningIsSafeForConcurrentUse(t *testing.T) {
	s := newSigner(t, at(start), sealingKey(1), sealingKey(2))
	want := string(s.AppendQuery(nil, sample()))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				p := sample()
				if got := string(s.AppendQuery(nil, p)); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
				if _, err := s.Verify(p.Upstream, p.Path, want); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkAppendQuery(b *testing.B) {
	s := newSigner(b, at(start), sealingKey(1))
	p := sample()
	dst := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		dst = s.AppendQuery(dst[:0], p)
	}
}

// Whatever is asked, only the exact query of a picture opens it, and what is
// stripped holds none of the parameters of the proxy.
func FuzzVerify(f *testing.F) {
	s := newSigner(f, at(start), sealingKey(1), sealingKey(2))
	good := string(s.AppendQuery(nil, sample()))
	f.Add(path, good)
	f.Add(path, html.EscapeString(good))
	f.Add(path+"/", good)
	f.Add(path, good+"&account=home")
	f.Add("", "account=&expires=&sig=")
	f.Add(path, "publicAuth=true&mimeType=%&account=a&expires=-1&sig=")
	f.Add(path, "account=a&amp;expires=1&amp;amp;sig=1")
	f.Fuzz(func(t *testing.T, rawPath, rawQuery string) {
		p, err := s.Verify(upstream, rawPath, rawQuery)
		if err == nil {
			want := string(s.AppendQuery(nil, p))
			if rawPath != path || p.Account != "work" || strings.ReplaceAll(rawQuery, "&amp;", "&") != want {
				t.Fatalf("opened %q?%q as %+v", rawPath, rawQuery, p)
			}
		}
		stripped := picture.StripQuery(rawQuery)
		if _, err := s.Verify(upstream, rawPath, stripped); !errors.Is(err, picture.ErrUnsigned) {
			t.Fatalf("%q stripped is %q, which is still one of ours", rawQuery, stripped)
		}
		if again := picture.StripQuery(stripped); again != stripped {
			t.Fatalf("stripping twice: %q, then %q", stripped, again)
		}
	})
}
