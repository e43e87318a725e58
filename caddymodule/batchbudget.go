// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"errors"
	"io"
	"sync/atomic"
)

// maxBatches is how many bytes of batches are held at once, in all.
const maxBatches = 128 << 20

var errBatchesFull = errors.New("too many batches are held at once")

// A batchBudget bounds the memory of all batches. What counts is what was received: a
// batch that was only announced takes nothing from others.
type batchBudget struct{ held atomic.Int64 }

// reader returns what reads a batch within the budget. Its release has to be called when
// the batch is no longer needed.
func (b *batchBudget) reader(r io.Reader) *budgetReader { return &budgetReader{Reader: r, budget: b} }

type budgetReader struct {
	io.Reader
	budget *batchBudget
	held   int64
}

// Read implements [io.Reader].
func (r *budgetReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.held += int64(n)
	if r.budget.held.Add(int64(n)) > maxBatches {
		return 0, errBatchesFull
	}
	return n, err
}

func (r *budgetReader) release() { r.budget.held.Add(-r.held) }
