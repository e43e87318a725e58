// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package onenote

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

	"github.com/caddy-onenote/caddy-onenote/emulator/backend"
	"github.com/caddy-onenote/caddy-onenote/emulator/notes"
	"github.com/caddy-onenote/caddy-onenote/emulator/odata"
	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// serveBatch serves $batch: several requests in one (OData 4.0, part 1, section
// 11.7). They have paths or absolute addresses, and are authorized by the token of
// the outer request.
func (a *API) serveBatch(x *odata.Exchange) {
	if !x.Allow(http.MethodPost) {
		return
	}
	if !x.Authorize() {
		return
	}
	mediaType, parameters, err := mime.ParseMediaType(x.R.Header.Get("Content-Type"))
	if err != nil || mediaType != "multipart/mixed" || parameters["boundary"] == "" {
		x.Fail(http.StatusUnsupportedMediaType, "20131", "The request contains an invalid value for Content-Type. Use multipart/mixed.")
		return
	}
	parts, err := notes.ReadParts(x.Body.Data, parameters["boundary"])
	if err != nil {
		backend.Fail(x, err)
		return
	}
	boundary := "batchresponse_" + a.backend.Mint.NewGUID("batch")
	var out bytes.Buffer
	for _, p := range parts {
		res := a.batched(x, p.Data)
		fmt.Fprintf(&out, "--%s\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n", boundary)
		writeBatched(&out, res)
		out.WriteString("\r\n")
	}
	fmt.Fprintf(&out, "--%s--\r\n", boundary)
	x.W.Header().Set("Content-Type", "multipart/mixed; boundary="+boundary)
	x.W.WriteHeader(http.StatusOK)
	_, _ = x.W.Write(out.Bytes()) // a buffer never fails
}

// batched serves one of the requests in a batch.
func (a *API) batched(x *odata.Exchange, data []byte) *wire.Response {
	res := wire.NewResponse(x.R, x.Now())
	inner := *x
	inner.W = res
	r, content, err := innerRequest(x.R, data)
	switch {
	case err != nil:
		inner.Fail(http.StatusBadRequest, "20011", "The request contains a malformed multipart payload.")
	case !a.Serve(res, r, wire.Body{Data: content, Size: int64(len(content))}):
		inner.NotFound()
	}
	return res
}

// innerRequest reads a request line and header fields. The rest is the body: inner
// requests seldom have the Content-Length and the Host that http.ReadRequest
// requires.
func innerRequest(outer *http.Request, data []byte) (*http.Request, []byte, error) {
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
	header.Set("Authorization", outer.Header.Get("Authorization"))
	content, err := io.ReadAll(reader)
	r := outer.Clone(outer.Context())
	r.Method, r.URL, r.Header, r.RequestURI = words[0], target, header, target.RequestURI()
	return r, content, err
}

// readHeader reads header fields up to an empty line.
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

// writeBatched writes a response as a part of a batch response.
func writeBatched(out *bytes.Buffer, res *wire.Response) {
	fmt.Fprintf(out, "HTTP/1.1 %d %s\r\n", res.Status(), http.StatusText(res.Status()))
	res.Header().Set("Content-Length", strconv.Itoa(len(res.Bytes())))
	_ = res.Header().Write(out) // a buffer never fails
	out.WriteString("\r\n")
	out.Write(res.Bytes())
}
