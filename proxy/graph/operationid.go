// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// operationPrefix is how the ids of operations of ours begin. No service has such.
	operationPrefix = "copied-"

	// operationPurpose separates these keys from all others that are derived from the
	// sealing keys (RFC 5869 §3.2).
	operationPurpose = "caddy-onenote operation v1"

	operationKeySize = 32
)

// Operations make the ids of operations that Graph does not have, and open them. An
// id holds all that is known of the operation, and a signature, so that each process
// with the same keys can open it, also after a restart:
//
//	copied-<seconds>-<path of the copy>.<signature>
//
// Operations are safe for concurrent use.
type Operations struct {
	// Keys returns the keys from which those that sign are derived. The first signs,
	// all verify.
	Keys func() ([][]byte, error)

	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// begin returns the operation whose copy has that URL at Graph; nil where the URL is
// none of a notebook, section or page there, or where there is no key.
func (o *Operations) begin(t *translation, graphURL string) *copied {
	path, ok := t.entityPath(graphURL)
	if !ok {
		return nil
	}
	c := &copied{path: path, begun: o.now()}
	keys, err := o.keys()
	if err != nil {
		return nil
	}
	text := strconv.FormatInt(c.begun.Unix(), 10) + "-" + base64.RawURLEncoding.EncodeToString([]byte(path))
	c.id = operationPrefix + text + "." + sign(keys[0], t.request.Account, text)
	return c
}

// entityPath returns the path at Graph of the entity that a URL of Graph names. Both ways
// through the mapper make sure that nothing else is asked for with the app's token.
func (t *translation) entityPath(graphURL string) (path string, ok bool) {
	rest, ok := t.dialect.Native.Hosts.CutPath([]byte(graphURL))
	if !ok {
		return "", false
	}
	legacy, ok := t.mapper.ToLegacy(string(rest))
	if !ok {
		return "", false
	}
	target, e := t.mapper.ToGraph(http.MethodGet, legacy)
	return target.Path, e == nil && target.Route == Entity && target.ID != ""
}

// open returns the operation with that id, or nil for an id that is not of ours, or of
// another account.
func (o *Operations) open(account, id string) *copied {
	rest, ok := strings.CutPrefix(id, operationPrefix)
	if !ok {
		return nil
	}
	text, signature, _ := strings.Cut(rest, ".")
	if !o.verify(account, text, signature) {
		return nil
	}
	seconds, encoded, _ := strings.Cut(text, "-")
	begun, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return nil
	}
	path, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return nil
	}
	return &copied{id: id, path: string(path), begun: time.Unix(begun, 0)}
}

func (o *Operations) verify(account, text, signature string) bool {
	keys, err := o.keys()
	if err != nil {
		return false
	}
	for _, key := range keys {
		if hmac.Equal([]byte(sign(key, account, text)), []byte(signature)) {
			return true
		}
	}
	return false
}

// keys returns the derived keys, at least one. Copies are rare, so they are derived
// each time.
func (o *Operations) keys() ([][]byte, error) {
	sealing, err := o.Keys()
	if err != nil {
		return nil, err
	}
	keys := make([][]byte, len(sealing))
	for i, key := range sealing {
		if keys[i], err = hkdf.Key(sha256.New, key, nil, operationPurpose, operationKeySize); err != nil {
			return nil, err
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("there is no sealing key")
	}
	return keys, nil
}

func sign(key []byte, account, text string) string {
	mac := hmac.New(sha256.New, key)
	_ = binary.Write(mac, binary.BigEndian, uint32(len(account))) // a hash never fails
	mac.Write([]byte(account))
	mac.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func (o *Operations) now() time.Time {
	if o.Now == nil {
		return time.Now()
	}
	return o.Now()
}

// decodeSegment returns a segment of a path decoded, or as it is where it cannot be.
func decodeSegment(segment string) string {
	if decoded, err := url.PathUnescape(segment); err == nil {
		return decoded
	}
	return segment
}
