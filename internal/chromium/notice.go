// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package chromium

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
)

// Complaint is a warning or an error in the console.
type Complaint struct {
	// URL is the page or the resource that it is about, or empty.
	URL, Text string
}

// Request is a request that a page made.
type Request struct {
	Method, URL string

	// Header is the header that was sent, with names in lower case.
	Header map[string]string

	id network.RequestID
}

// notice records the events of a tab.
func (tab *Tab) notice(event any) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level == log.LevelError || e.Entry.Level == log.LevelWarning {
			tab.complain(e.Entry.URL, "%s: %s", e.Entry.Source, e.Entry.Text)
		}
	case *runtime.EventExceptionThrown:
		tab.complain(e.ExceptionDetails.URL, "exception: %s", e.ExceptionDetails.Error())
	case *runtime.EventConsoleAPICalled:
		if (e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning) && len(e.Args) > 0 {
			tab.complain("", "console: %s", e.Args[0].Value)
		}
	case *network.EventRequestWillBeSent:
		tab.requests = append(tab.requests, &Request{
			Method: e.Request.Method, URL: e.Request.URL, Header: lower(e.Request.Headers), id: e.RequestID,
		})
	case *network.EventRequestWillBeSentExtraInfo:
		tab.amend(e)
	}
}

func (tab *Tab) complain(address, format string, args ...any) {
	tab.complaints = append(tab.complaints, Complaint{URL: address, Text: fmt.Sprintf(format, args...)})
}

// amend adds the header fields that only the network service knows, such as
// cookies, to the latest request with that id. Redirects share an id.
func (tab *Tab) amend(e *network.EventRequestWillBeSentExtraInfo) {
	for _, r := range slices.Backward(tab.requests) {
		if r.id == e.RequestID {
			maps.Copy(r.Header, lower(e.Headers))
			return
		}
	}
}

func lower(header network.Headers) map[string]string {
	h := make(map[string]string, len(header))
	for name, value := range header {
		h[strings.ToLower(name)] = fmt.Sprint(value)
	}
	return h
}

// Complaints returns the warnings and errors in the tab's console so far: what a
// policy has stopped, what could not be loaded, what a script threw.
func (tab *Tab) Complaints() []Complaint {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	return slices.Clone(tab.complaints)
}

// Forget empties the console, and forgets the requests.
func (tab *Tab) Forget() {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	tab.complaints, tab.requests = nil, nil
}

// Requests returns the requests that the tab made so far.
func (tab *Tab) Requests() []Request {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	all := make([]Request, len(tab.requests))
	for i, r := range tab.requests {
		all[i] = *r
		all[i].Header = maps.Clone(r.Header)
	}
	return all
}
