// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package odata

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/caddy-onenote/caddy-onenote/internal/percent"
)

// An Option is one option of a query, decoded.
type Option struct {
	Name  string // as it was sent, with its dollar sign
	Value string

	// Pos is where the value begins, for an option within another value.
	Pos int
}

// ParseQuery splits a raw query into its options and decodes each once. A plus sign
// is a space, as in a form. Empty options are ignored: clients exist that send
// ?&$top=5. So are commas in place of &, as in ?includeIDs=true,preAuthenticated=true.
func ParseQuery(raw string) ([]Option, *Error) {
	var options []Option
	pos := 0
	for piece := range strings.SplitSeq(raw, "&") {
		if piece != "" {
			o, err := parseOption(piece)
			if err != nil {
				return nil, err.At(pos)
			}
			options = append(options, splitCommas(o)...)
		}
		pos += len(piece) + 1
	}
	return options, nil
}

func parseOption(piece string) (o Option, err *Error) {
	name, value, _ := strings.Cut(piece, "=")
	if o.Name, err = decode(name); err != nil {
		return o, err
	}
	if strings.TrimSpace(o.Name) == "" {
		return o, &Error{Message: "expected the name of a query option"}
	}
	if o.Value, err = decode(value); err != nil {
		return o, err.At(len(name) + 1)
	}
	return o, nil
}

// decode decodes a name or a value once.
func decode(raw string) (string, *Error) {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '%' {
			continue
		}
		if !percent.IsEscape(raw[i:]) {
			return "", &Error{Pos: i, Message: "a percent sign that begins no encoded byte (write it as %25)"}
		}
		i += 2
	}
	decoded := percent.Decode(strings.ReplaceAll(raw, "+", " "))
	if !utf8.ValidString(decoded) {
		return "", &Error{Message: "text that is not UTF-8"}
	}
	if i := strings.IndexFunc(decoded, isControl); i >= 0 {
		return "", &Error{Message: "a control character"}
	}
	return decoded, nil
}

func isControl(c rune) bool { return c < ' ' || c == 0x7f }

// splitCommas splits an option whose value is true or false with further options
// behind commas.
func splitCommas(o Option) []Option {
	head, tail, _ := strings.Cut(o.Value, ",")
	if !isBoolean(head) || !strings.Contains(tail, "=") {
		return []Option{o}
	}
	options := []Option{{Name: o.Name, Value: head}}
	for piece := range strings.SplitSeq(tail, ",") {
		name, value, _ := strings.Cut(piece, "=")
		options = append(options, Option{Name: strings.TrimSpace(name), Value: value})
	}
	return options
}

func isBoolean(s string) bool {
	return strings.EqualFold(s, "true") || strings.EqualFold(s, "false")
}

// ParseBoolean reads a value that is true or false, in any case of letters.
func ParseBoolean(value string) (bool, *Error) {
	value = strings.TrimSpace(value)
	if !isBoolean(value) {
		return false, &Error{Message: "expected true or false"}
	}
	return strings.EqualFold(value, "true"), nil
}

// ParseCount reads a value that is a number of entities.
func ParseCount(value string) (int, *Error) {
	value = strings.TrimSpace(value)
	n, err := strconv.ParseUint(value, 10, 31)
	if err != nil {
		return 0, &Error{Message: "expected a number from 0 on"}
	}
	return int(n), nil
}

// AppendEscaped appends a name or value of a query, encoded once. What OData is made
// of stays legible.
func AppendEscaped(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; percent.IsUnreserved(c) || strings.IndexByte("$'()*,/:;=@!", c) >= 0 {
			dst = append(dst, c)
		} else {
			dst = percent.Append(dst, c)
		}
	}
	return dst
}
