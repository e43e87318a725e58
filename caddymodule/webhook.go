// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/caddy-onenote/caddy-onenote/internal/netfail"
)

// webhookTimeout bounds one delivery.
const webhookTimeout = 10 * time.Second

// maxWebhookResponse is how much of a response is read, so that the connection can be
// used again.
const maxWebhookResponse = 64 << 10

// A webhook is a server that is told by POST.
type webhook struct {
	address secret // it often holds a key
	client  *http.Client
}

// post delivers a notice.
func (h *webhook) post(ctx context.Context, n notice) error {
	address, err := h.address.reveal()
	if err != nil {
		return err
	}
	if _, err := parseWebhook(address.Reveal()); err != nil {
		return fmt.Errorf("%s: %w", h.address.option, err)
	}
	body, err := json.Marshal(n)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address.Reveal(), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s: expected a URL", h.address.option)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "caddy-onenote")
	res, err := h.client.Do(req)
	if err != nil {
		return errors.New(netfail.Text(err))
	}
	defer res.Body.Close()
	_, _ = io.CopyN(io.Discard, res.Body, maxWebhookResponse) // its end is the usual case
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("the server responded with status %d; expected 2xx", res.StatusCode)
	}
	return nil
}
