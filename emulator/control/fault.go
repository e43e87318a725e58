// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// fault changes the responses to the requests that match it. A nil *fault changes
// nothing.
type fault struct {
	id      string
	request faultRequest
	seen    int // matching requests so far
	fired   int
}

// faultRequest is the body of POST /_emulator/faults.
type faultRequest struct {
	// Method is the method that the fault is for. Default: any.
	Method string `json:"method"`
	// Path is a glob in which * matches any characters, including /. It is
	// compared with the path as it was sent and as decoded, without the query.
	Path string `json:"path"`
	// After is the number of matching requests before the fault fires.
	After int `json:"after"`
	// Times is how often the fault fires. Default: 0, without limit.
	Times int `json:"times"`
	// Status, with Headers and Body, replaces the response. Headers alone are
	// set on the normal response.
	Status  int           `json:"status"`
	Headers faultHeaders  `json:"headers"`
	Body    *faultBody    `json:"body"`
	Delay   faultDuration `json:"delay"`
	// Cut is the number of bytes of the response body after which the
	// connection is severed. At 0 nothing is sent, and the request is neither
	// read nor processed.
	Cut *int `json:"cut"`
}

func (f *faultRequest) validate() error {
	switch {
	case f.Path == "":
		return errors.New("a fault needs a path; * matches everything")
	case f.Cut != nil && *f.Cut < 0:
		return errors.New("cut is a number of bytes, 0 or more")
	case f.After < 0 || f.Times < 0:
		return errors.New("after and times are 0 or more")
	case f.Status != 0 && (f.Status < 200 || f.Status > 999):
		return fmt.Errorf("status %d is no final HTTP status", f.Status)
	}
	return nil
}

// faultHeaders accepts {"Name":"value"} as well as {"Name":["value","value"]}.
type faultHeaders http.Header

func (h *faultHeaders) UnmarshalJSON(data []byte) error {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	header := make(http.Header, len(raw))
	for name, value := range raw {
		var many []string
		if err := json.Unmarshal(value, &many); err != nil {
			var one string
			if err := json.Unmarshal(value, &one); err != nil {
				return fmt.Errorf("header %q is neither a string nor a list of strings", name)
			}
			many = []string{one}
		}
		header[http.CanonicalHeaderKey(name)] = many
	}
	*h = faultHeaders(header)
	return nil
}

// faultBody accepts a string, or any other JSON value, which then is the body.
type faultBody struct {
	data []byte
	json bool // it is an object or a list, and is sent as JSON
}

func (b *faultBody) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err == nil {
		*b = faultBody{data: []byte(text)}
		return nil
	}
	*b = faultBody{data: bytes.Clone(data), json: data[0] == '{' || data[0] == '['}
	return nil
}

// faultDuration accepts a Go duration such as "2s".
type faultDuration time.Duration

func (d *faultDuration) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return errors.New(`a duration is a string such as "2s"`)
	}
	if text == "" {
		return nil
	}
	parsed, err := time.ParseDuration(text)
	if err != nil {
		return err
	}
	*d = faultDuration(parsed)
	return nil
}

// faultList holds the faults in the order in which they were set.
type faultList struct {
	list   []*fault
	serial int
}

func (l *faultList) add(request faultRequest) *fault {
	l.serial++
	f := &fault{id: strconv.Itoa(l.serial), request: request}
	l.list = append(l.list, f)
	return f
}

func (l *faultList) remove(id string) bool {
	for i, f := range l.list {
		if f.id == id {
			l.list = append(l.list[:i], l.list[i+1:]...)
			return true
		}
	}
	return false
}

// pick returns the first fault that fires for the request, or nil. Each fault
// counts the requests that match it, including those that another fault takes.
func (l *faultList) pick(r *http.Request) *fault {
	var picked *fault
	for _, f := range l.list {
		if !f.matches(r) {
			continue
		}
		f.seen++
		if picked != nil || f.seen <= f.request.After {
			continue
		}
		if f.request.Times > 0 && f.fired >= f.request.Times {
			continue
		}
		f.fired++
		picked = f
	}
	return picked
}

func (f *fault) matches(r *http.Request) bool {
	if f.request.Method != "" && !strings.EqualFold(f.request.Method, r.Method) {
		return false
	}
	raw, _ := wire.Target(r)
	return glob(f.request.Path, raw) || glob(f.request.Path, r.URL.Path)
}

// glob reports whether s matches a pattern in which * matches any bytes.
func glob(pattern, s string) bool {
	head, rest, wild := strings.Cut(pattern, "*")
	if !wild {
		return pattern == s
	}
	s, ok := strings.CutPrefix(s, head)
	if !ok {
		return false
	}
	for {
		part, next, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(s, part)
		}
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s, rest = s[i+len(part):], next
	}
}

func (f *fault) cuts() bool { return f != nil && f.request.Cut != nil }

// severs reports whether the connection is closed before any byte is sent.
func (f *fault) severs() bool { return f.cuts() && *f.request.Cut == 0 }

func (f *fault) bytesBeforeCut() int { return *f.request.Cut }

// replaces reports whether the fault replaces the normal response.
func (f *fault) replaces() bool {
	return f != nil && !f.severs() && (f.request.Status != 0 || f.request.Body != nil)
}

// ignoresBody reports whether the connection is cut without reading the request
// body: it is read only if the normal response needs it.
func (f *fault) ignoresBody() bool {
	return f.cuts() && (f.severs() || f.replaces())
}

// wait delays the response. It reports false if the client disconnects meanwhile.
func (f *fault) wait(ctx context.Context) bool {
	if f == nil || f.request.Delay <= 0 {
		return true
	}
	timer := time.NewTimer(time.Duration(f.request.Delay))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// write writes the fault's own response.
func (f *fault) write(res *wire.Response) {
	if f.request.Body != nil && f.request.Body.json {
		res.Header().Set("Content-Type", "application/json") // unless its headers say otherwise
	}
	f.decorate(res)
	if f.request.Status != 0 {
		res.WriteHeader(f.request.Status)
	}
	if f.request.Body != nil {
		_, _ = res.Write(f.request.Body.data) // a buffer never fails
	}
}

// decorate sets the header fields of the fault.
func (f *fault) decorate(res *wire.Response) {
	if f == nil {
		return
	}
	for name, values := range f.request.Headers {
		res.Header()[name] = values
	}
}
