// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

//go:build race

package tokens

// raceEnabled says that the race detector, which is slow, is on.
const raceEnabled = true
