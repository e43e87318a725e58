// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package batch reads a batch of requests as the OneNote API takes it (OData 4.0,
// part 1, section 11.7) and writes the responses to it:
//
//	POST /api/beta/$batch HTTP/1.1
//	Content-Type: multipart/mixed; boundary=batch_123
//
//	--batch_123
//	Content-Type: application/http
//	Content-Transfer-Encoding: binary
//
//	PATCH /api/v1.0/me/notes/pages/{id}/content HTTP/1.1
//	Content-Type: application/json
//
//	[{"target":"body","action":"append","content":"…"}]
//
//	--batch_123--
//
// It sends nothing: who may send what is for the caller to decide.
package batch

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/internal/requestline"
)

const (
	// MaxRequests is how many requests a batch may hold.
	MaxRequests = 100

	// maxHead is the size of the largest head of a request, in bytes.
	maxHead = 64 << 10
)

// The errors of Read. Their texts are for the app.
var (
	ErrContentType = errors.New("a batch has the content type multipart/mixed with a boundary")
	ErrMalformed   = errors.New("the batch is not well-formed multipart")
	ErrTooMany     = fmt.Errorf("a batch holds at most %d requests", MaxRequests)
	ErrEmpty       = errors.New("the batch holds no request")
)

// A Request is one of the requests in a batch.
type Request struct {
	// Method and Target are those of the request line. Target is in origin form:
	// of an absolute address only what follows the host is left.
	Method, Target string

	Header http.Header
	Body   []byte

	// ContentID is the Content-ID of the part, which the response repeats.
	ContentID string

	// Err says why this part cannot be sent. The other fields are empty then, but
	// for ContentID.
	Err error
}

// Read reads all requests of a batch. The errors are those above, and those of
// reading the body. A part that is wrong by itself has an Err.
func Read(contentType string, body io.Reader) ([]Request, error) {
	mediaType, params, err := mime.ParseMediaType(contentType)
	if err != nil || mediaType != "multipart/mixed" || params["boundary"] == "" {
		return nil, ErrContentType
	}
	src := &errReader{r: body}
	parts := multipart.NewReader(src, params["boundary"])
	var all []Request
	for {
		part, err := parts.NextRawPart()
		switch {
		case src.err != nil:
			return nil, src.err
		case errors.Is(err, io.EOF) && len(all) == 0:
			return nil, ErrEmpty
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, ErrMalformed
		case len(all) == MaxRequests:
			return nil, ErrTooMany
		}
		r, err := readPart(part)
		if src.err != nil {
			return nil, src.err
		}
		if err != nil {
			return nil, ErrMalformed
		}
		all = append(all, r)
	}
}

// An errReader keeps the error of its reader, which package multipart hides.
type errReader struct {
	r   io.Reader
	err error
}

func (e *errReader) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		e.err = err
	}
	return n, err
}

func readPart(part *multipart.Part) (Request, error) {
	data, err := io.ReadAll(part)
	if err != nil {
		return Request{}, err
	}
	r, err := parse(part.Header.Get("Content-Type"), data)
	if err != nil {
		r = Request{Err: err}
	}
	r.ContentID = part.Header.Get("Content-Id")
	return r, nil
}

// parse reads a request. Requests in batches seldom have the Content-Length and the
// Host that http.ReadRequest requires: what follows the head is the body.
func parse(contentType string, data []byte) (Request, error) {
	mediaType, _, _ := mime.ParseMediaType(contentType)
	switch {
	case strings.HasPrefix(mediaType, "multipart/"):
		return Request{}, errors.New("change sets are not supported: write their requests into the batch itself")
	case mediaType != "application/http":
		return Request{}, errors.New("a part of a batch has the content type application/http")
	}
	head, body := cutHead(bytes.TrimLeft(data, "\r\n"))
	if len(head) > maxHead {
		return Request{}, errors.New("a request of the batch has too large a header")
	}
	reader := textproto.NewReader(bufio.NewReader(bytes.NewReader(head)))
	line, err := reader.ReadLine()
	if err != nil {
		return Request{}, errors.New("a part of the batch holds no request")
	}
	r, err := parseLine(line)
	if err != nil {
		return Request{}, err
	}
	header, err := reader.ReadMIMEHeader()
	if err != nil && !errors.Is(err, io.EOF) {
		return Request{}, errors.New("a request of the batch has a malformed header")
	}
	r.Header = http.Header(header)
	r.Body = body
	if n, err := strconv.Atoi(r.Header.Get("Content-Length")); err == nil && 0 <= n && n < len(body) {
		r.Body = body[:n] // what follows belongs to the multipart format
	}
	return r, nil
}

// cutHead returns what stands before the first empty line, and what follows it.
func cutHead(data []byte) (head, body []byte) {
	for at := 0; at < len(data); {
		end := bytes.IndexByte(data[at:], '\n') + 1
		if end == 0 {
			break
		}
		line := bytes.TrimRight(data[at:at+end], "\r\n")
		at += end
		if len(line) == 0 {
			return data[:at], data[at:]
		}
	}
	return data, nil
}

func parseLine(line string) (Request, error) {
	words := strings.Fields(line)
	if len(words) < 2 || len(words) > 3 {
		return Request{}, errors.New("a request of the batch has no valid request line")
	}
	target := words[1]
	if _, rest, ok := requestline.CutAuthority(target); ok {
		target = rest
	}
	if !strings.HasPrefix(target, "/") {
		return Request{}, errors.New("a request of the batch has no path that begins with a slash")
	}
	return Request{Method: words[0], Target: target}, nil
}
