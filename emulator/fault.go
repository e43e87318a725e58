// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

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
)

// fault makes the emulator misbehave for the requests that match it. A nil
// *fault changes nothing.
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
	// Path is a glob: * stands for any run of characters, / among them. It is
	// matched against the path as sent and as decoded, without the query.
	Path string `json:"path"`
	// After lets this many matching requests pass first.
	After int `json:"after"`
	// Times is how often the fault fires. Default: 0, for ever.
	Times int `json:"times"`
	// Status, with Headers and Body, replaces the answer. Headers alone are
	// set on the normal answer.
	Status  int           `json:"status"`
	Headers faultHeaders  `json:"headers"`
	Body    *faultBody    `json:"body"`
	Delay   faultDuration `json:"delay"`
	// Cut is the number of bytes of the answer's body after which the
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

// faultHeaders takes {"Name":"value"} as well as {"Name":["value","value"]}.
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

// faultBody takes a string, or any other JSON value as the body itself.
type faultBody []byte

func (b *faultBody) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		*b = bytes.Clone(data)
		return nil
	}
	*b = []byte(text)
	return nil
}

// faultDuration takes a Go duration such as "2s".
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
// counts the requests that match it, also those that another one answers.
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
	wire, _ := wireTarget(r)
	return glob(f.request.Path, wire) || glob(f.request.Path, r.URL.Path)
}

// glob matches s against a pattern in which * stands for any run of bytes.
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

// severs tells whether the connection ends before any byte is sent.
func (f *fault) severs() bool { return f.cuts() && *f.request.Cut == 0 }

func (f *fault) bytesBeforeCut() int { return *f.request.Cut }

// replaces tells whether the normal answer is not wanted.
func (f *fault) replaces() bool {
	return f != nil && !f.severs() && (f.request.Status != 0 || f.request.Body != nil)
}

// ignoresBody tells whether the connection is cut without a look at the
// request's body: a body is read only where the normal answer needs it.
func (f *fault) ignoresBody() bool {
	return f.cuts() && (f.severs() || f.replaces())
}

// wait holds the answer back. It reports false if the client left meanwhile.
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

// write makes the fault's own answer.
func (f *fault) write(a *reply) {
	f.decorate(a)
	if f.request.Status != 0 {
		a.WriteHeader(f.request.Status)
	}
	if f.request.Body != nil {
		_, _ = a.Write(*f.request.Body) // a buffer never fails
	}
}

// decorate sets the fault's headers.
func (f *fault) decorate(a *reply) {
	if f == nil {
		return
	}
	for name, values := range f.request.Headers {
		a.header[name] = values
	}
}
