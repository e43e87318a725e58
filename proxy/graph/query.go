// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
	"github.com/caddy-onenote/caddy-onenote/proxy/graph/odata"
)

// A Query is the translated query of an app's request.
type Query struct {
	// Raw is the query for Graph.
	Raw string

	// Shape is what the app has asked to see. Nil: everything.
	Shape *Shape

	// PreAuthenticated says that the app has asked for pictures that load without a
	// token. Graph is not told.
	PreAuthenticated bool
}

// TranslateQuery translates the raw query of an app's request for t. The error names
// the option that cannot be translated, and the place in it.
func TranslateQuery(raw string, t Target) (Query, *apierror.Error) {
	switch t.Route {
	case Resource, FromURL, Batch:
		// Bytes are the same whatever is asked: what old addresses have behind
		// content says how they load without a token. The others take no options.
		return Query{Raw: t.Query}, nil
	}
	options, malformed := odata.ParseQuery(raw)
	if malformed != nil {
		return Query{}, badQuery("the query: " + malformed.Error())
	}
	// The response to this call has the names of the OneNote API on Graph too.
	l, problem := translateOptions(options, inQuery, t.Route == NotebookFromWebURL)
	if problem != nil {
		return Query{}, badQuery("query option " + problem.Error())
	}
	q := Query{Shape: l.shape(), PreAuthenticated: l.preAuthenticated}
	var b []byte
	for i, o := range l.options {
		if i > 0 {
			b = append(b, '&')
		}
		b = append(b, o.Name...)
		b = odata.AppendEscaped(append(b, '='), o.Value)
	}
	q.Raw = string(b)
	return q, nil
}

func badQuery(message string) *apierror.Error {
	return &apierror.Error{Cause: apierror.BadQuery, Message: message}
}

// An optionProblem is why an option cannot be translated.
type optionProblem struct {
	option string // as the app has written it
	reason *odata.Error
	advice string // in place of the reason
}

// Error names the option, the reason and the place.
func (p *optionProblem) Error() string {
	if p.advice != "" {
		return strconv.Quote(p.option) + ": " + p.advice
	}
	return strconv.Quote(p.option) + ": " + p.reason.Error()
}

// An option is what may stand in a query, by its name in lower case and without a
// dollar sign.
type option struct {
	name   string
	graph  string // its name in Graph; "": it is not sent
	places places
	read   func(l *level, o odata.Option) (value string, err *odata.Error)
}

// places are where an option may stand.
type places int

const (
	inQuery places = 1 << iota
	inExpand
)

// optionOf returns the option of that name, or nil.
func optionOf(name string, place places) *option {
	name = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(name), "$"))
	for _, o := range [...]option{
		{"select", "$select", inQuery | inExpand, (*level).readSelect},
		{"expand", "$expand", inQuery | inExpand, (*level).readExpand},
		{"filter", "$filter", inQuery | inExpand, (*level).readFilter},
		{"orderby", "$orderby", inQuery | inExpand, (*level).readOrderBy},
		{"top", "$top", inQuery | inExpand, (*level).readCount},
		{"skip", "$skip", inQuery | inExpand, (*level).readCount},
		{"count", "$count", inQuery | inExpand, (*level).readBoolean},
		{"levels", "$levels", inExpand, (*level).readLevels},
		{"skiptoken", "$skiptoken", inQuery, (*level).readText},
		{"pagelevel", "pagelevel", inQuery, (*level).readBoolean},
		{"includeids", "includeIDs", inQuery, (*level).readBoolean},
		{"includeinkml", "includeInkML", inQuery, (*level).readBoolean},
		{"includesharednotebooks", "includesharednotebooks", inQuery, (*level).readBoolean},
		{"sectionname", "sectionName", inQuery, (*level).readText},
		{"preauthenticated", "", inQuery, (*level).readPreAuthenticated},
		{"_", "", inQuery, (*level).readText}, // jQuery adds it to get past caches
	} {
		if o.name == name && o.places&place != 0 {
			return &o
		}
	}
	return nil
}

// A level is a query, or the nested options of one expanded property.
type level struct {
	options          []odata.Option // for Graph
	selected         []string       // nil: $select is absent
	expanded         map[string]*Shape
	recursive        bool // the options are repeated in deeper levels
	preAuthenticated bool
	keepsNames       bool // of properties
}

// shape returns what is asked for on the level.
func (l *level) shape() *Shape {
	if l.selected == nil && l.expanded == nil {
		return nil
	}
	return &Shape{Select: l.selected, Expand: l.expanded}
}

// translateOptions translates the options of a level.
func translateOptions(options []odata.Option, place places, keepsNames bool) (*level, *optionProblem) {
	l := &level{keepsNames: keepsNames}
	seen := make(map[string]string, len(options))
	for _, o := range options {
		known := optionOf(o.Name, place)
		if known == nil {
			return nil, unknownOption(o.Name)
		}
		if value, ok := seen[known.name]; ok {
			if value == o.Value {
				continue
			}
			return nil, &optionProblem{option: o.Name, advice: "it stands there twice with different values; remove one"}
		}
		seen[known.name] = o.Value
		value, err := known.read(l, o)
		if err != nil {
			return nil, &optionProblem{option: o.Name, reason: err.At(o.Pos)}
		}
		if known.graph != "" {
			l.options = append(l.options, odata.Option{Name: known.graph, Value: value})
		}
	}
	return l, nil
}

func unknownOption(name string) *optionProblem {
	advice := "Microsoft Graph has nothing like it; remove it"
	if strings.EqualFold(strings.TrimPrefix(name, "$"), "search") {
		advice = "Microsoft Graph has no search for OneNote; filter by title, as in $filter=contains(title,'…')"
	}
	return &optionProblem{option: name, advice: advice}
}

func (l *level) readText(o odata.Option) (string, *odata.Error) { return o.Value, nil }

func (l *level) readBoolean(o odata.Option) (string, *odata.Error) {
	value, err := odata.ParseBoolean(o.Value)
	return strconv.FormatBool(value), err
}

func (l *level) readPreAuthenticated(o odata.Option) (value string, err *odata.Error) {
	l.preAuthenticated, err = odata.ParseBoolean(o.Value)
	return "", err
}

func (l *level) readCount(o odata.Option) (string, *odata.Error) {
	n, err := odata.ParseCount(o.Value)
	return strconv.Itoa(n), err
}

func (l *level) readLevels(o odata.Option) (string, *odata.Error) {
	if strings.EqualFold(strings.TrimSpace(o.Value), "max") {
		l.recursive = true
		return "max", nil
	}
	n, err := odata.ParseCount(o.Value)
	if err != nil {
		return "", &odata.Error{Message: "expected a number or max"}
	}
	l.recursive = n > 1
	return strconv.Itoa(n), nil
}

func (l *level) readFilter(o odata.Option) (string, *odata.Error) {
	return odata.TranslateFilter(o.Value, expressionNames)
}

func (l *level) readOrderBy(o odata.Option) (string, *odata.Error) {
	return odata.TranslateOrderBy(o.Value, expressionNames)
}

// readSelect translates $select. Properties that Graph does not have are not asked
// for, and those that are one property of Graph are asked for once.
func (l *level) readSelect(o odata.Option) (string, *odata.Error) {
	paths, err := odata.ParseSelect(o.Value)
	if err != nil {
		return "", err
	}
	l.selected = make([]string, 0, len(paths))
	var selected []string
	for _, path := range paths {
		if name := legacySpelling(path[0]); !slices.Contains(l.selected, name) {
			l.selected = append(l.selected, name)
		}
		renamed, ok := path, true
		if !l.keepsNames {
			renamed, ok = graphPath(path)
		}
		if name := strings.Join(renamed, "/"); ok && !slices.Contains(selected, name) {
			selected = append(selected, name)
		}
	}
	if len(selected) == 0 {
		return "id", nil // an empty list would select everything
	}
	return strings.Join(selected, ","), nil
}

func (l *level) readExpand(o odata.Option) (string, *odata.Error) {
	items, err := odata.ParseExpand(o.Value)
	if err != nil {
		return "", err
	}
	l.expanded = make(map[string]*Shape, len(items))
	var b strings.Builder
	for i, item := range items {
		nested, problem := translateOptions(item.Options, inExpand, l.keepsNames)
		if problem != nil {
			return "", nestedError(item, problem)
		}
		name := legacySpelling(item.Name)
		if _, ok := l.expanded[name]; ok {
			return "", &odata.Error{Pos: item.Pos, Message: strconv.Quote(item.Name) + " is expanded twice,"}
		}
		l.expanded[name] = nested.recursiveShape(name)
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(name)
		writeNested(&b, nested.options)
	}
	return b.String(), nil
}

// recursiveShape returns the shape of an expanded property. With $levels, the shape
// of the same property below is the same again.
func (l *level) recursiveShape(property string) *Shape {
	shape := l.shape()
	if !l.recursive {
		return shape
	}
	if shape == nil {
		shape = &Shape{}
	}
	if shape.Expand == nil {
		shape.Expand = make(map[string]*Shape)
	}
	shape.Expand[property] = shape
	return shape
}

// nestedError returns the error of an option in the options of an expanded property.
func nestedError(item odata.Expansion, p *optionProblem) *odata.Error {
	if p.advice != "" {
		return &odata.Error{Pos: item.Pos, Message: "in " + item.Name + ", option " + p.Error() + ";"}
	}
	return &odata.Error{Pos: p.reason.Pos, Message: "in " + item.Name + ", option " + strconv.Quote(p.option) + ": " + p.reason.Message}
}

// writeNested writes nested options in parentheses, if there are any.
func writeNested(b *strings.Builder, options []odata.Option) {
	for i, o := range options {
		separator := byte(';')
		if i == 0 {
			separator = '('
		}
		b.WriteByte(separator)
		b.WriteString(o.Name + "=" + o.Value)
	}
	if len(options) > 0 {
		b.WriteByte(')')
	}
}

// NextLink returns the app's own query with $skip or $skiptoken of the next link that
// Graph has sent in place of its own. All else is as the app wrote it, so that it
// meets the query that it knows. It reports false if the link has neither.
func NextLink(appQuery, graphNextLink string) (query string, ok bool) {
	_, next, _ := strings.Cut(graphNextLink, "?")
	next, _, _ = strings.Cut(next, "#")
	var options []string
	for piece := range strings.SplitSeq(appQuery, "&") {
		if piece != "" && paging(piece) == "" {
			options = append(options, piece)
		}
	}
	for piece := range strings.SplitSeq(next, "&") {
		name := paging(piece)
		if name == "" {
			continue
		}
		_, value, _ := strings.Cut(piece, "=")
		if decoded, err := url.QueryUnescape(value); err == nil {
			options = append(options, name+"="+string(odata.AppendEscaped(nil, decoded)))
			ok = true
		}
	}
	if !ok {
		return "", false
	}
	return strings.Join(options, "&"), true
}

// paging returns the name in Graph of a raw option that says where a list goes on, or
// "".
func paging(piece string) string {
	name, _, _ := strings.Cut(piece, "=")
	name, err := url.QueryUnescape(name)
	if err != nil {
		return ""
	}
	switch strings.ToLower(strings.TrimPrefix(strings.TrimSpace(name), "$")) {
	case "skip":
		return "$skip"
	case "skiptoken":
		return "$skiptoken"
	}
	return ""
}
