// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package odata

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Query holds the query options of a request. Their names are compared without
// case and without the dollar sign.
type Query []parameter

// parameter is one query option.
type parameter struct {
	raw    string // as sent
	name   string // lower case, without $
	dollar bool
	value  string
}

// Option is a query option, as a [Face] checks it.
type Option struct {
	Name   string // lower case, without the dollar sign
	Dollar bool   // it was sent with one
	Value  string
}

// Options returns all options in the order in which they were sent.
func (all Query) Options() []Option {
	options := make([]Option, len(all))
	for i, o := range all {
		options[i] = Option{Name: o.name, Dollar: o.dollar, Value: o.value}
	}
	return options
}

// parseQuery splits a query at each & and, after true and false, at commas:
// clients exist that send ?includeIDs=true,preAuthenticated=true.
func parseQuery(query string) Query {
	var all Query
	for _, raw := range strings.Split(query, "&") {
		if raw == "" {
			continue
		}
		o := parseParameter(raw)
		head, tail, comma := strings.Cut(o.value, ",")
		if comma && (head == "true" || head == "false") && strings.Contains(tail, "=") {
			o.value = head
			for _, more := range strings.Split(tail, ",") {
				all = append(all, parseParameter(more))
			}
		}
		all = append(all, o)
	}
	return all
}

func parseParameter(raw string) parameter {
	name, value, _ := strings.Cut(raw, "=")
	if decoded, err := url.QueryUnescape(name); err == nil {
		name = decoded
	}
	if decoded, err := url.QueryUnescape(value); err == nil {
		value = decoded
	}
	return newParameter(raw, name, value)
}

func newParameter(raw, name, value string) parameter {
	name, dollar := strings.CutPrefix(name, "$")
	return parameter{raw: raw, name: strings.ToLower(name), dollar: dollar, value: value}
}

// With returns the options and one more.
func (all Query) With(name, value string) Query {
	return append(slices.Clip(all), newParameter(name+"="+value, name, value))
}

// Get returns the value of an option, or "".
func (all Query) Get(name string) string {
	for _, o := range all {
		if o.name == name {
			return o.value
		}
	}
	return ""
}

// Has reports whether an option was sent.
func (all Query) Has(name string) bool {
	for _, o := range all {
		if o.name == name {
			return true
		}
	}
	return false
}

// Is reports whether an option is true.
func (all Query) Is(name string) bool { return strings.EqualFold(all.Get(name), "true") }

// number returns the value of an option that is a number, or missing. It reports
// false for any other value.
func (all Query) number(name string, missing int) (int, bool) {
	if !all.Has(name) {
		return missing, true
	}
	n, err := strconv.Atoi(all.Get(name))
	return n, err == nil && n >= 0
}

// skipping returns the query with another value of skip. All other options stay
// as they were sent.
func (all Query) skipping(n int) string {
	var kept []string
	for _, o := range all {
		if o.name != "skip" {
			kept = append(kept, o.raw)
		}
	}
	return strings.Join(append(kept, "$skip="+strconv.Itoa(n)), "&")
}
