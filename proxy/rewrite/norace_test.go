// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !race

package rewrite

const raceDetector = false
