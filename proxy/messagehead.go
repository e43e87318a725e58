// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
)

// headRules say how the heads of HTTP messages in a batch are rewritten. The
// zero value leaves them as they are.
type headRules struct {
	to   reference
	ours []string // what Host may be where a request in a batch is ours
	host string   // what it becomes
}

// rewrite returns the head of a message in a batch with its references replaced,
// and how many were: the target of a request, and the header fields that the
// message around it has rewritten as well. All else stays byte for byte. A head
// that was cut off stays whole.
func (h headRules) rewrite(head []byte) (rewritten []byte, n int) {
	if h.to == nil || !isWhole(head) {
		return head, 0
	}
	rewriteLine := h.startLine
	for line := range bytes.Lines(head) {
		text := bytes.TrimRight(line, "\r\n")
		changed, k := rewriteLine(string(text))
		rewritten = append(rewritten, changed...)
		rewritten = append(rewritten, line[len(text):]...)
		n += k
		rewriteLine = h.field
	}
	return rewritten, n
}

// startLine rewrites the target of a request. In the place of an answer's there
// is a status, which refers to nothing.
func (h headRules) startLine(line string) (string, int) {
	method, rest, _ := strings.Cut(line, " ")
	target, version, hasVersion := strings.Cut(rest, " ")
	there, ok := h.to(target)
	if !ok {
		return line, 0
	}
	if hasVersion {
		there += " " + version
	}
	return method + " " + there, 1
}

func (h headRules) field(line string) (string, int) {
	name, value, _ := strings.Cut(line, ":")
	value = strings.Trim(value, " \t")
	there, n := h.fieldValue(http.CanonicalHeaderKey(name), value)
	if n == 0 {
		return line, 0
	}
	at := len(name) + len(":")
	return line[:at] + strings.Replace(line[at:], value, there, 1), n
}

func (h headRules) fieldValue(name, value string) (string, int) {
	switch {
	case name == "Host" && slices.Contains(h.ours, strings.ToLower(value)):
		return h.host, 1
	case slices.Contains(locations[:], name):
		return rewriteLocation(name, value, h.to)
	}
	return value, 0
}
