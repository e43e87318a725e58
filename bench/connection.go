// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
)

// A connection sends the same request again and again. It stays open, and does as
// little as possible, because its own time is part of every measured time.
type connection struct {
	net.Conn
	responses *bufio.Reader
	request   []byte
}

// dial opens a connection for requests for that path with these further header
// lines.
func dial(ctx context.Context, address, path, header string) (*connection, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &connection{
		Conn:      conn,
		responses: bufio.NewReaderSize(conn, 64<<10),
		request:   fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: bench\r\nAccept: */*\r\n%s\r\n", path, address, header),
	}, nil
}

// exchange sends the request and reads the response to its end.
func (c *connection) exchange() error {
	if _, err := c.Write(c.request); err != nil {
		return err
	}
	res, err := http.ReadResponse(c.responses, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(res.Body, 1<<10))
		return fmt.Errorf("%s: %s", res.Status, body)
	}
	_, err = io.Copy(io.Discard, res.Body)
	return err
}
