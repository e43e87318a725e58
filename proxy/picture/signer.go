// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package picture

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"sync"
	"time"
)

// The errors of Verify.
var (
	// ErrUnsigned: the query is not one of a local picture. The request is to be
	// treated as any other.
	ErrUnsigned = errors.New("not the URL of a local picture")

	// ErrExpired: the URL was valid until its expiry.
	ErrExpired = errors.New("the URL of the local picture has expired")

	// ErrForged: the URL was changed, belongs to another site, or was signed
	// with a key that is gone.
	ErrForged = errors.New("the signature of the local picture is not valid")
)

// purpose separates these keys from all others that are derived from the sealing
// keys (RFC 5869 §3.2), and this form of URL from later ones.
const purpose = "caddy-onenote picture v1"

// keyLength is the length of a sealing key and of a key made from it, in
// bytes.
const keyLength = 32

// A Signer makes the URLs of local pictures and checks them. It is safe for
// concurrent use.
type Signer struct {
	now  func() time.Time
	keys []*key
}

// New returns a Signer whose keys are derived from the given sealing keys,
// each at least 32 bytes of full entropy. The first signs; all verify, so that
// URLs outlive a rotation of the keys. The keys are not stored. now is the
// clock by which URLs expire; nil is the machine's.
func New(now func() time.Time, keys ...[]byte) (*Signer, error) {
	if len(keys) == 0 {
		return nil, errors.New("signing local pictures: no sealing key was given")
	}
	if now == nil {
		now = time.Now
	}
	s := &Signer{now: now, keys: make([]*key, 0, len(keys))}
	for i, sealing := range keys {
		if len(sealing) < keyLength {
			return nil, fmt.Errorf("signing local pictures: sealing key %d has %d bytes, need at least %d", i+1, len(sealing), keyLength)
		}
		derived, err := hkdf.Key(sha256.New, sealing, nil, purpose, keyLength)
		if err != nil {
			return nil, fmt.Errorf("signing local pictures: deriving from sealing key %d: %w", i+1, err)
		}
		s.keys = append(s.keys, newKey(derived))
	}
	return s, nil
}

// AppendQuery appends the query of p's URL, without "?" and with bare
// ampersands, and returns the extended buffer. It does not allocate where dst
// has room.
func (s *Signer) AppendQuery(dst []byte, p Picture) []byte {
	dst = appendClaims(dst, p)
	return s.keys[0].appendSignature(dst, p)
}

// Verify returns the picture that a request for rawPath with rawQuery may
// fetch from upstream. The query has to be exactly what AppendQuery wrote (or
// that with &amp; for &), nothing added, moved or encoded otherwise. The
// errors are ErrUnsigned, ErrExpired and ErrForged; a URL that is both
// expired and forged is reported as forged.
func (s *Signer) Verify(upstream, rawPath, rawQuery string) (Picture, error) {
	query := bare(rawQuery)
	p, signed := parseClaims(query)
	if !signed {
		return Picture{}, ErrUnsigned
	}
	p.Upstream, p.Path = upstream, rawPath

	// Every key is tried, in constant time, whichever fits.
	var buf []byte
	good := 0
	for _, k := range s.keys {
		buf = k.appendSignature(appendClaims(buf[:0], p), p)
		good |= subtle.ConstantTimeCompare(buf, []byte(query))
	}
	if good == 0 {
		return Picture{}, ErrForged
	}
	if !s.now().Before(p.Expires) {
		return Picture{}, ErrExpired
	}
	return p, nil
}

// A key signs. A page may hold thousands of pictures, so the keyed hash and
// its buffers are used again.
type key struct {
	pool sync.Pool // of *mac
}

type mac struct {
	hash    hash.Hash
	message []byte
	sum     []byte
}

func newKey(derived []byte) *key {
	k := new(key)
	k.pool.New = func() any { return &mac{hash: hmac.New(sha256.New, derived)} }
	return k
}

func (k *key) appendSignature(dst []byte, p Picture) []byte {
	m := k.pool.Get().(*mac)
	defer k.pool.Put(m)
	m.message = appendMessage(m.message[:0], p)
	m.hash.Reset()
	m.hash.Write(m.message)
	m.sum = m.hash.Sum(m.sum[:0])
	return base64.RawURLEncoding.AppendEncode(dst, m.sum)
}

// appendMessage appends what is signed: each field after its length, so that
// no two pictures have the same message.
func appendMessage(dst []byte, p Picture) []byte {
	for _, field := range [...]string{p.Account, p.Upstream, p.Path, p.MIMEType} {
		dst = binary.AppendVarint(dst, int64(len(field)))
		dst = append(dst, field...)
	}
	return binary.AppendVarint(dst, p.Expires.Unix())
}
