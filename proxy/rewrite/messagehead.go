// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
)

// HeadRules say how the heads of HTTP messages in a batch are rewritten. The
// zero value leaves them as they are.
type HeadRules struct {
	// Reference decides about the target of a request, and about the header
	// fields in Locations.
	Reference ReferenceFunc

	// Removed reports whether a header field is taken out; in a batch in JSON its
	// value becomes empty. The name is in canonical form. May be nil.
	Removed func(name string) bool

	// Hosts are the values of Host, in lower case, that become Host.
	Hosts []string
	Host  string
}

// rewrite returns the head of a message in a batch with its references replaced:
// the target of a request, and the header fields that the message around it has
// rewritten as well. It takes out the fields that are to be removed, and returns how
// many references and fields that were. All else stays byte for byte. A head that was
// cut off stays whole.
func (h HeadRules) rewrite(head []byte) (rewritten []byte, n int) {
	if h.Reference == nil || !isWhole(head) {
		return head, 0
	}
	rewriteLine := h.startLine
	removing := false // also the lines that continue a field that was removed
	for line := range bytes.Lines(head) {
		if len(rewritten) > 0 {
			continued := line[0] == ' ' || line[0] == '\t'
			if removing = removing && continued || !continued && h.removes(line); removing {
				n++
				continue
			}
		}
		text := bytes.TrimRight(line, "\r\n")
		changed, k := rewriteLine(string(text))
		rewritten = append(rewritten, changed...)
		rewritten = append(rewritten, line[len(text):]...)
		n += k
		rewriteLine = h.field
	}
	return rewritten, n
}

func (h HeadRules) removes(line []byte) bool {
	name, _, isField := bytes.Cut(line, []byte(":"))
	return isField && h.Removed != nil && h.Removed(http.CanonicalHeaderKey(string(bytes.TrimSpace(name))))
}

// startLine rewrites the target of a request. The start line of a response has a
// status in that place, which is no reference.
func (h HeadRules) startLine(line string) (string, int) {
	method, rest, _ := strings.Cut(line, " ")
	target, version, hasVersion := strings.Cut(rest, " ")
	there, ok := h.Reference(target)
	if !ok {
		return line, 0
	}
	if hasVersion {
		there += " " + version
	}
	return method + " " + there, 1
}

func (h HeadRules) field(line string) (string, int) {
	name, value, _ := strings.Cut(line, ":")
	value = strings.Trim(value, " \t")
	there, n := h.fieldValue(http.CanonicalHeaderKey(name), value)
	if n == 0 {
		return line, 0
	}
	at := len(name) + len(":")
	return line[:at] + strings.Replace(line[at:], value, there, 1), n
}

func (h HeadRules) fieldValue(name, value string) (string, int) {
	switch {
	case name == "Host" && slices.Contains(h.Hosts, strings.ToLower(value)):
		return h.Host, 1
	case slices.Contains(Locations[:], name):
		return Location(name, value, h.Reference)
	}
	return value, 0
}
