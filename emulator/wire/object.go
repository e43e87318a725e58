// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// Object is a JSON object whose members keep their order, as in the responses of
// the services.
type Object []Member

// Member is a member of an object. It is an alias of a type without a name, so
// that composite literals in other packages may omit the names of its fields.
type Member = struct {
	Name  string
	Value any // nil, bool, int, string, []int, []string, Object or []Object
}

// Get returns a member's value, or nil.
func (o Object) Get(name string) any {
	for _, m := range o {
		if m.Name == name {
			return m.Value
		}
	}
	return nil
}

// Text returns the value of a member that is a string, or "".
func (o Object) Text(name string) string {
	s, _ := o.Get(name).(string)
	return s
}

// Encode returns the object as JSON. It does not escape <, > and & in strings as
// encoding/json does by default, because the services do not.
func (o Object) Encode() []byte { return Append(nil, o) }

// Append appends a value as JSON. See [Member] for the types that it knows.
func Append(b []byte, value any) []byte {
	switch v := value.(type) {
	case nil:
		return append(b, "null"...)
	case bool:
		return strconv.AppendBool(b, v)
	case int:
		return strconv.AppendInt(b, int64(v), 10)
	case string:
		return appendString(b, v)
	case Object:
		return appendObject(b, v)
	case []Object:
		return appendList(b, v)
	case []string:
		return appendList(b, v)
	case []int:
		return appendList(b, v)
	}
	return appendString(b, fmt.Sprint(value))
}

func appendObject(b []byte, o Object) []byte {
	b = append(b, '{')
	for i, m := range o {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, m.Name)
		b = append(b, ':')
		b = Append(b, m.Value)
	}
	return append(b, '}')
}

func appendList[T any](b []byte, list []T) []byte {
	b = append(b, '[')
	for i, value := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = Append(b, value)
	}
	return append(b, ']')
}

func appendString(b []byte, s string) []byte {
	var quoted bytes.Buffer
	encoder := json.NewEncoder(&quoted)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(s) // a string in a buffer cannot fail
	return append(b, bytes.TrimSuffix(quoted.Bytes(), []byte("\n"))...)
}
