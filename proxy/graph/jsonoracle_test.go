// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/proxy/graph"
)

// A jsonMember is a member of an object, in the order of the text.
type jsonMember struct {
	name  string
	value any // jsonObject, []any, string, json.Number, bool or nil
}

type jsonObject []jsonMember

// jsonTree reads JSON in the simplest way there is. It keeps the order of members
// and those that come twice.
func jsonTree(text []byte) (any, error) {
	if !json.Valid(text) {
		return nil, errors.New("no JSON")
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	return nextJSON(dec)
}

func nextJSON(dec *json.Decoder) (any, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		object := jsonObject{}
		for dec.More() {
			name, err := dec.Token()
			if err != nil {
				return nil, err
			}
			value, err := nextJSON(dec)
			if err != nil {
				return nil, err
			}
			object = append(object, jsonMember{name.(string), value})
		}
		_, err = dec.Token()
		return object, err
	case json.Delim('['):
		array := []any{}
		for dec.More() {
			value, err := nextJSON(dec)
			if err != nil {
				return nil, err
			}
			array = append(array, value)
		}
		_, err = dec.Token()
		return array, err
	}
	return token, nil
}

// writeJSON writes a tree without white space.
func writeJSON(w *strings.Builder, value any) {
	switch v := value.(type) {
	case jsonObject:
		w.WriteByte('{')
		for i, m := range v {
			if i > 0 {
				w.WriteByte(',')
			}
			writeJSON(w, m.name)
			w.WriteByte(':')
			writeJSON(w, m.value)
		}
		w.WriteByte('}')
	case []any:
		w.WriteByte('[')
		for i, element := range v {
			if i > 0 {
				w.WriteByte(',')
			}
			writeJSON(w, element)
		}
		w.WriteByte(']')
	default:
		text, err := json.Marshal(v)
		if err != nil {
			panic(err) // it was read from JSON
		}
		w.Write(text)
	}
}

// canonical returns JSON in a form in which it can be compared.
func canonical(text []byte) (string, error) {
	tree, err := jsonTree(text)
	if err != nil {
		return "", err
	}
	var w strings.Builder
	writeJSON(&w, tree)
	return w.String(), nil
}

// A jsonOracle translates a tree as the documentation of JSONRules says.
type jsonOracle struct{ rules *graph.JSONRules }

func (o jsonOracle) translate(text []byte) (string, error) {
	tree, err := jsonTree(text)
	if err != nil {
		return "", err
	}
	var w strings.Builder
	writeJSON(&w, o.value(tree, o.rules.Shape, "", 0))
	return w.String(), nil
}

// value translates what is not changed for the sake of its name. in is the name of
// the member that an object is the value of.
func (o jsonOracle) value(value any, shape *graph.Shape, in string, depth int) any {
	if depth >= 100 {
		return value
	}
	switch v := value.(type) {
	case []any:
		out := []any{}
		for _, element := range v {
			out = append(out, o.value(element, shape, "", depth+1))
		}
		return out
	case jsonObject:
		out := jsonObject{}
		for _, m := range v {
			var of *graph.Shape
			switch {
			case depth == 0 && m.name == "value":
				of = shape
			case shape != nil:
				of = shape.Expand[m.name]
			}
			out = append(out, o.members(m, shape, of, in, depth)...)
		}
		return out
	}
	return value
}

var (
	renamed = map[string]string{
		"displayName": "name", "createdDateTime": "createdTime", "lastModifiedDateTime": "lastModifiedTime",
	}
	untouched = map[string]bool{
		"title": true, "name": true, "previewText": true, "content": true, "message": true, "displayName": true,
		"oneNoteWebUrl": true, "oneNoteClientUrl": true, "@api.url": true,
		"createdByIdentity": true, "lastModifiedByIdentity": true, "user": true, "application": true, "device": true,
	}
	urls = map[string]bool{
		"self": true, "sectionsUrl": true, "sectionGroupsUrl": true, "pagesUrl": true, "contentUrl": true, "resourceLocation": true, "href": true,
	}
	linkAnnotations = map[string]bool{
		"@odata.nextLink": true, "@odata.id": true, "@odata.editLink": true, "@odata.readLink": true, "@odata.mediaReadLink": true,
		"@odata.mediaEditLink": true, "@odata.navigationLink": true, "@odata.associationLink": true,
	}
)

// members returns what becomes of a member.
func (o jsonOracle) members(m jsonMember, shape, of *graph.Shape, in string, depth int) jsonObject {
	if to := renamed[m.name]; to != "" && !o.rules.Operation {
		return jsonObject{{to, m.value}}
	}
	if (m.name == "createdBy" || m.name == "lastModifiedBy") && !o.rules.Operation {
		if identity, ok := m.value.(jsonObject); ok {
			return o.identity(m.name, identity, shape)
		}
		if m.value == nil && shape.Wants(m.name+"Identity") && !shape.Wants(m.name) {
			return jsonObject{{m.name + "Identity", nil}}
		}
		return jsonObject{{m.name, o.value(m.value, of, m.name, depth+1)}}
	}
	if untouched[m.name] {
		return jsonObject{m}
	}
	if text, ok := m.value.(string); ok {
		return jsonObject{{m.name, o.text(m.name, text, shape, in, depth)}}
	}
	return jsonObject{{m.name, o.value(m.value, of, m.name, depth+1)}}
}

func (o jsonOracle) identity(name string, identity jsonObject, shape *graph.Shape) (out jsonObject) {
	if shape.Wants(name) || !shape.Wants(name+"Identity") {
		out = append(out, jsonMember{name, nameIn(identity)})
	}
	if shape.Wants(name + "Identity") {
		out = append(out, jsonMember{name + "Identity", identity})
	}
	return out
}

func nameIn(identity jsonObject) string {
	for _, kind := range []string{"user", "application", "device"} {
		who, _ := last(identity, kind).(jsonObject)
		if name, _ := last(who, "displayName").(string); name != "" {
			return name
		}
	}
	return ""
}

func last(object jsonObject, name string) (value any) {
	for _, m := range object {
		if m.name == name {
			value = m.value
		}
	}
	return value
}

var (
	camelCase = regexp.MustCompile(`([a-z])([A-Z])`)
	parent    = regexp.MustCompile(`^(parentNotebook|parentSection|parentSectionGroup)@odata.context$`)
	entityOf  = regexp.MustCompile(`(^|/)(parentNotebook|parentSection|parentSectionGroup)/\$entity$`)
)

// text returns what becomes of a string that may change.
func (o jsonOracle) text(name, text string, shape *graph.Shape, in string, depth int) string {
	at := max(0, strings.LastIndexByte(name, '@'))
	switch {
	case name == "status" && o.rules.Operation && depth == 0:
		return strings.Map(func(r rune) rune {
			if 'A' <= r && r <= 'Z' {
				return r + 'a' - 'A'
			}
			return r
		}, camelCase.ReplaceAllString(text, "$1 $2"))
	case name == "href" && in == "previewImageUrl":
		text, _ = replaced(o.rules.Picture, text)
	case name == "@odata.nextLink" && depth == 0:
		if link, ok := o.rules.NextLink([]byte(text)); ok {
			return link
		}
	case urls[name], linkAnnotations[name[at:]]:
		text, _ = replaced(o.rules.URL, text)
	case name[at:] == "@odata.context":
		context, ok := replaced(o.rules.Context, text)
		expanded := false
		if shape != nil {
			_, expanded = shape.Expand[name[:at]]
		}
		if ok && parent.MatchString(name) && !expanded {
			return entityOf.ReplaceAllString(context, "$1$2(id,name,self)/$$entity")
		}
		return context
	}
	return text
}

func replaced(by func(dst, url []byte) ([]byte, bool), text string) (string, bool) {
	if out, ok := by(nil, []byte(text)); ok {
		return string(out), true
	}
	return text, false
}
