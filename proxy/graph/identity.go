// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"bytes"
	"encoding/json"
)

// Graph says who did something with an identity: {"user":{"id":…,"displayName":…}}.
// The OneNote API says it twice, with a name and, under another member, with that
// same identity.

// wantsIdentity reports whether the app is to see the identity of the member, and
// whether it is to see the name. If it asked for neither, it still gets what Graph
// has sent, as a name.
func (s *jsonScanner) wantsIdentity() (identity, name bool) {
	shape := s.stack[len(s.stack)-1].shape
	identity = shape.Wants(s.member.name + "Identity")
	return identity, !identity || shape.Wants(s.member.name)
}

// noIdentity is called where the value of the member is none. A text stays: the
// object has the form of the OneNote API already. A null gets the name that the app
// has asked for.
func (s *jsonScanner) noIdentity(c byte) {
	if identity, name := s.wantsIdentity(); c == 'n' && identity && !name && s.held >= 0 {
		s.replace(s.held, s.nameEnd, s.member.rename)
	}
	s.member, s.held = jsonMember{}, -1
}

// identity translates the member whose value is the object that ends at end. It
// reports false for an object that is no JSON, which must stay: the rest could
// become JSON without it.
func (s *jsonScanner) identity(end int) bool {
	object := s.b[s.value:end]
	if !json.Valid(object) {
		return false
	}
	identity, name := s.wantsIdentity()
	if !name {
		s.replace(s.held, s.nameEnd, s.member.rename)
		return true
	}
	s.copyTo(s.value)
	s.out = append(s.out, displayNameOf(object)...)
	if identity {
		s.out = append(append(s.out, ','), s.member.rename...)
		s.out = append(s.out, s.b[s.nameEnd:end]...)
	}
	s.from = end
	return true
}

// displayNameOf returns the name in an identity, with its quotes: the user's, or
// else the application's or the device's.
func displayNameOf(identity []byte) []byte {
	for _, kind := range [...]string{"user", "application", "device"} {
		name := valueInJSON(valueInJSON(identity, kind), "displayName")
		if len(name) > 2 && name[0] == '"' {
			return name
		}
	}
	return []byte(`""`)
}

// valueInJSON returns the value of a member of an object that is valid JSON, the last
// if there are several; nil if there is none or it is no object.
func valueInJSON(object []byte, name string) (value []byte) {
	if len(object) == 0 || object[0] != '{' {
		return nil
	}
	rest := bytes.TrimLeft(object[1:], jsonSpaces)
	for rest[0] == '"' {
		n := endOfJSON(rest)
		key := rest[1 : n-1]
		rest = bytes.TrimLeft(rest[n:], jsonSpaces+":")
		n = endOfJSON(rest)
		if isJSONNamed(key, name) {
			value = rest[:n]
		}
		rest = bytes.TrimLeft(rest[n:], jsonSpaces+",")
	}
	return value
}

const jsonSpaces = " \t\r\n"

// isJSONNamed reports whether a name as it stands in JSON means name.
func isJSONNamed(raw []byte, name string) bool {
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw) == name
	}
	plain, ok := appendPlainJSON(nil, raw)
	return ok && string(plain) == name
}

// endOfJSON returns where the value ends that b, which is valid JSON, begins with.
func endOfJSON(b []byte) int {
	depth, quoted := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			if quoted = !quoted; !quoted && depth == 0 {
				return i + 1
			}
		case quoted:
		case c == '{' || c == '[':
			depth++
		case depth == 0 && (c == ',' || c == '}' || c == ']' || jsonSpace[c]):
			return i
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(b)
}
