// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"net/url"
	"strconv"
	"strings"
)

// options are the query options of a request. OData's are understood with and
// without the dollar sign, and all in any case.
type options []option

type option struct {
	raw   string // as sent
	name  string // lower case, without $
	value string
}

// parseOptions splits a query at & and, for the options of page content, also
// at a comma: clients in the field write ?includeIDs=true,preAuthenticated=true.
func parseOptions(query string) options {
	var all options
	for _, raw := range strings.Split(query, "&") {
		if raw == "" {
			continue
		}
		o := parseOption(raw)
		head, tail, comma := strings.Cut(o.value, ",")
		if comma && (head == "true" || head == "false") && strings.Contains(tail, "=") {
			o.value = head
			for _, more := range strings.Split(tail, ",") {
				all = append(all, parseOption(more))
			}
		}
		all = append(all, o)
	}
	return all
}

func parseOption(raw string) option {
	name, value, _ := strings.Cut(raw, "=")
	if decoded, err := url.QueryUnescape(name); err == nil {
		name = decoded
	}
	if decoded, err := url.QueryUnescape(value); err == nil {
		value = decoded
	}
	return option{raw: raw, name: strings.ToLower(strings.TrimPrefix(name, "$")), value: value}
}

func (all options) get(name string) string {
	for _, o := range all {
		if o.name == name {
			return o.value
		}
	}
	return ""
}

func (all options) has(name string) bool {
	for _, o := range all {
		if o.name == name {
			return true
		}
	}
	return false
}

func (all options) is(name string) bool { return strings.EqualFold(all.get(name), "true") }

// number reads an option that is a number of things; it reports false for
// what is none.
func (all options) number(name string, missing int) (int, bool) {
	if !all.has(name) {
		return missing, true
	}
	n, err := strconv.Atoi(all.get(name))
	return n, err == nil && n >= 0
}

// skipping returns the query of the next page of a list: all options as they
// were sent, but for skip.
func (all options) skipping(n int) string {
	var kept []string
	for _, o := range all {
		if o.name != "skip" {
			kept = append(kept, o.raw)
		}
	}
	return strings.Join(append(kept, "$skip="+strconv.Itoa(n)), "&")
}
