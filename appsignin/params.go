// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package appsignin

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/internal/percent"
)

// Bounds of what an app may send.
const (
	maxForm  = 64 << 10
	maxQuery = 32 << 10
	maxParam = 8 << 10
)

// params are the parameters of a request, decoded leniently: net/url would drop a state
// that holds a semicolon, and it has to come back unchanged.
type params struct {
	values map[string]string // the first value of each
	twice  map[string]bool   // given more than once
	differ map[string]bool   // and with different values
}

func parseParams(text string) params {
	p := params{map[string]string{}, map[string]bool{}, map[string]bool{}}
	for pair := range strings.SplitSeq(text, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, value = decode(name), strings.Clone(decode(value)) // what is kept does not keep the whole request
		before, given := p.values[name]
		if !given {
			p.values[name] = value
			continue
		}
		p.twice[name] = true
		p.differ[name] = p.differ[name] || before != value
	}
	return p
}

// decode decodes a part of a form.
func decode(s string) string { return percent.Decode(strings.ReplaceAll(s, "+", " ")) }

func (p params) get(name string) string { return p.values[name] }

func (p params) has(name string) bool { _, ok := p.values[name]; return ok }

// tooLong names a parameter that is longer than any app needs; empty where there is none.
func (p params) tooLong() string {
	for name, value := range p.values {
		if len(name)+len(value) > maxParam {
			return "a parameter"
		}
	}
	return ""
}

var errForm = errors.New("the request has no form of the type application/x-www-form-urlencoded, or one that is too large")

// readForm reads the body of a request.
func readForm(r *http.Request) (params, error) {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != "application/x-www-form-urlencoded" {
		return params{}, errForm
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxForm+1))
	if err != nil || len(body) > maxForm {
		return params{}, errForm
	}
	return parseParams(string(body)), nil
}
