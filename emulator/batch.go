// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// serveBatch answers $batch: several requests in one (OData 4.0, part 1,
// section 11.7). They hold paths, or whole addresses, and take the token of
// the request that they are in.
func (c *call) serveBatch() {
	if !c.allow(http.MethodPost) {
		return
	}
	if !c.authorize(c.audience()) {
		return
	}
	mediaType, parameters, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || mediaType != "multipart/mixed" || parameters["boundary"] == "" {
		c.fail(http.StatusUnsupportedMediaType, "20131", "The request contains an invalid value for Content-Type. Use multipart/mixed.")
		return
	}
	parts, err := readParts(c.body.data, parameters["boundary"])
	if err != nil {
		c.failWith(err)
		return
	}
	boundary := "batchresponse_" + guidOf("batch", strconv.Itoa(c.e.mint.next()))
	var out bytes.Buffer
	for _, p := range parts {
		a := c.batched(p.data)
		fmt.Fprintf(&out, "--%s\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n", boundary)
		a.writeBatched(&out)
		out.WriteString("\r\n")
	}
	fmt.Fprintf(&out, "--%s--\r\n", boundary)
	c.w.Header().Set("Content-Type", "multipart/mixed; boundary="+boundary)
	c.w.WriteHeader(http.StatusOK)
	_, _ = c.w.Write(out.Bytes()) // a buffer never fails
}

// batched answers one of the requests.
func (c *call) batched(data []byte) *reply {
	r, content, err := c.innerRequest(data)
	if err != nil {
		a := newReply(c.r, c.e.clock())
		inner := &call{e: c.e, w: a, r: c.r}
		inner.fail(http.StatusBadRequest, "20011", "The request contains a malformed multipart payload.")
		return a
	}
	a := newReply(r, c.e.clock())
	c.e.serveAPI(a, r, body{data: content, size: int64(len(content))})
	return a
}

// innerRequest reads a request line, header fields and the rest, which is the
// body: inner requests seldom have a Content-Length. http.ReadRequest would
// ask for one, and for a Host.
func (c *call) innerRequest(data []byte) (*http.Request, []byte, error) {
	reader := bufio.NewReader(bytes.NewReader(bytes.TrimLeft(data, "\r\n")))
	line, err := reader.ReadString('\n')
	if err != nil && line == "" {
		return nil, nil, err
	}
	words := strings.Fields(line)
	if len(words) < 2 {
		return nil, nil, fmt.Errorf("%q is no request line", line)
	}
	target, err := url.Parse(words[1])
	if err != nil {
		return nil, nil, err
	}
	if strings.Contains(strings.ToLower(target.Path), "$batch") {
		return nil, nil, fmt.Errorf("a batch inside of a batch")
	}
	header, err := readHeader(reader)
	if err != nil {
		return nil, nil, err
	}
	header.Set("Authorization", c.r.Header.Get("Authorization"))
	content, err := io.ReadAll(reader)
	r := c.r.Clone(c.r.Context())
	r.Method, r.URL, r.Header, r.RequestURI = words[0], target, header, target.RequestURI()
	return r, content, err
}

// readHeader reads header fields up to an empty line; a part without any has
// the empty line at once.
func readHeader(reader *bufio.Reader) (http.Header, error) {
	header := make(http.Header)
	for {
		line, err := reader.ReadString('\n')
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			return header, nil
		}
		name, value, found := strings.Cut(line, ":")
		if !found {
			return nil, fmt.Errorf("%q is no header field", line)
		}
		header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
		if err != nil {
			return header, nil
		}
	}
}

// writeBatched writes an answer as a part of a batch.
func (a *reply) writeBatched(out *bytes.Buffer) {
	fmt.Fprintf(out, "HTTP/1.1 %d %s\r\n", a.status(), http.StatusText(a.status()))
	a.header.Set("Content-Length", strconv.Itoa(a.body.Len()))
	_ = a.header.Write(out) // a buffer never fails
	out.WriteString("\r\n")
	out.Write(a.body.Bytes())
}
