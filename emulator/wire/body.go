// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package wire holds what every service of the emulator needs of HTTP and JSON:
// request bodies that were read, responses that are complete before they are
// sent, the request target as it was sent, and JSON objects in a fixed order.
package wire

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
)

// maxBody is the service's limit of 75 MB for a request (error 20016), and a
// little more for the headers of its parts.
const maxBody = 76 << 20

// Body is the body of a request. A body that is larger than the service accepts
// is counted and hashed, but its data is dropped.
type Body struct {
	Data   []byte
	Size   int64
	SHA256 string // in hex
}

// ReadBody reads the body of a request to its end. With an error it returns what
// was read before.
func ReadBody(r io.Reader) (Body, error) {
	var b Body
	hash := sha256.New()
	_, err := io.Copy(io.MultiWriter(hash, &b), r)
	b.SHA256 = hex.EncodeToString(hash.Sum(nil))
	return b, err
}

// Write implements [io.Writer].
func (b *Body) Write(p []byte) (int, error) {
	b.Size += int64(len(p))
	if b.TooLarge() {
		b.Data = nil
		return len(p), nil
	}
	b.Data = append(b.Data, p...)
	return len(p), nil
}

// TooLarge reports whether the service would reject the body.
func (b *Body) TooLarge() bool { return b.Size > maxBody }
