// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package oauth

import "go.uber.org/zap/zapcore"

// Secret is a value that may be used and stored but never shown: a token, a
// client secret, a code, a verifier. Every way Go has of printing it prints
// Redacted. Only Reveal returns the value, so that a search for Reveal finds
// each place where a secret is used.
type Secret string

// Redacted is what stands wherever a Secret is printed.
const Redacted = "[redacted]"

// Reveal returns the value.
func (s Secret) Reveal() string { return string(s) }

func (s Secret) String() string   { return Redacted }
func (s Secret) GoString() string { return Redacted }

// MarshalText covers JSON and YAML values. A Secret is no key of a map: there
// encoding/json would print it.
func (s Secret) MarshalText() ([]byte, error) { return []byte(Redacted), nil }

// MarshalLogObject covers zap.Any and zap.Object.
func (s Secret) MarshalLogObject(enc zapcore.ObjectEncoder) error {
	enc.AddString("secret", Redacted)
	return nil
}

// Interface guard
var _ zapcore.ObjectMarshaler = Secret("")
