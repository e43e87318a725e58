// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// A secret has one way out, and it is none of those in which values are
// written by accident.
func TestSecretIsNeverPrinted(t *testing.T) {
	const canary = "canary-secret"
	s := oauth.Secret(canary)
	type holder struct {
		Name   string
		Secret oauth.Secret
	}
	in := holder{"work", s}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		fmt.Fprintf(&out, verb+verb+verb+verb+"\n", s, in, &in, []any{s, map[string]oauth.Secret{"a": s}})
	}
	fmt.Fprintln(&out, s, fmt.Errorf("failed with %w: %v", fmt.Errorf("%s", s), s))
	if err := json.NewEncoder(&out).Encode([]any{s, in, map[string]oauth.Secret{"a": s}}); err != nil {
		t.Fatal(err)
	}
	core := zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(&out), zap.DebugLevel)
	zap.New(core).Debug("a line", zap.Any("any", s), zap.Any("in", in), zap.Stringer("stringer", s),
		zap.Reflect("reflect", in), zap.Object("object", s), zap.Any("list", []oauth.Secret{s}))
	zap.New(core).Sugar().Debugw("a line", "secret", s, "in", in)
	slog.New(slog.NewTextHandler(&out, nil)).Info("a line", "secret", s, "in", in)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("a line", "secret", s, "in", in)
	for line := range strings.Lines(out.String()) {
		if strings.Contains(line, canary) || strings.Contains(line, fmt.Sprintf("%x", canary)) {
			t.Errorf("printed: %s", line)
		}
	}
	if got := strings.Count(out.String(), oauth.Redacted); got < 30 {
		t.Errorf("secrets that were printed as such: got %d in\n%s", got, &out)
	}
	if got := s.Reveal(); got != canary {
		t.Errorf("Reveal: got %q", got)
	}
}
