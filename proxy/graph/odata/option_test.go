// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package odata_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/proxy/graph/odata"
)

func TestQueryIsSplitAndDecodedOnce(t *testing.T) {
	tests := []struct {
		raw  string
		want []odata.Option
	}{
		{"", nil},
		{"&&", nil},
		{"a=b&c=d", []odata.Option{{Name: "a", Value: "b"}, {Name: "c", Value: "d"}}},
		{"%24a=b%3Dc%26d=e", []odata.Option{{Name: "$a", Value: "b=c&d=e"}}},
		{"a=b+c%2Bd%2525", []odata.Option{{Name: "a", Value: "b c+d%25"}}},
		{"a", []odata.Option{{Name: "a"}}},
		{"a=true,b=False,c=x,d", []odata.Option{{Name: "a", Value: "true"}, {Name: "b", Value: "False"}, {Name: "c", Value: "x"}, {Name: "d"}}},
		{"a=trueish,b=1", []odata.Option{{Name: "a", Value: "trueish,b=1"}}},
		{"a=true,b", []odata.Option{{Name: "a", Value: "true,b"}}},
		{"a='%C3%A9'", []odata.Option{{Name: "a", Value: "'é'"}}},
	}
	for _, tt := range tests {
		got, err := odata.ParseQuery(tt.raw)
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%q: got %+v, %v, want %+v", tt.raw, got, err, tt.want)
		}
	}
}

func TestErrorTellsThePlaceInTheQuery(t *testing.T) {
	for raw, want := range map[string]int{
		"a=%zz":       2,
		"a=b&c=%":     6,
		"a=b&%4=d":    4,
		"a=b&=d":      4,
		"a=b&+=d":     4,
		"abc&d=x%00y": 6,
		"a=b&c=%ff":   6,
	} {
		if got, err := odata.ParseQuery(raw); err == nil || err.Pos != want {
			t.Errorf("%q: got %+v, %v, want an error at %d", raw, got, err, want)
		}
	}
	if got := (&odata.Error{Pos: 4, Message: "a comma"}).At(2).Error(); got != "a comma at character 7" {
		t.Errorf("message: got %q", got)
	}
}

func TestEscapedTextIsDecodedToItself(t *testing.T) {
	for _, s := range []string{"", "a b", "a+b", "100%", "a&b=c#d", "'it''s'", "é\"<>", "$select=a;b(c)"} {
		escaped := string(odata.AppendEscaped(nil, s))
		if strings.ContainsAny(escaped, "&+#\" <>") {
			t.Errorf("%q: got %s, which means something else in a query", s, escaped)
		}
		got, err := odata.ParseQuery("x=" + escaped)
		if err != nil || got[0].Value != s {
			t.Errorf("%q: got %+v, %v", s, got, err)
		}
	}
}

func TestExpansionsAreSplitOutsideOfQuotesAndParentheses(t *testing.T) {
	tests := []struct {
		value string
		want  []odata.Expansion
	}{
		{"a", []odata.Expansion{{Name: "a"}}},
		{"a, b ( ) ,c", []odata.Expansion{{Name: "a"}, {Name: "b", Pos: 3}, {Name: "c", Pos: 10}}},
		{"a(select=b,c;top=1)", []odata.Expansion{{Name: "a", Options: []odata.Option{
			{Name: "select", Value: "b,c", Pos: 9},
			{Name: "top", Value: "1", Pos: 17},
		}}}},
		{"a($filter=b eq ';)''' ;;$expand=c(d=e;f=g) )", []odata.Expansion{{Name: "a", Options: []odata.Option{
			{Name: "$filter", Value: "b eq ';)'''", Pos: 10},
			{Name: "$expand", Value: "c(d=e;f=g)", Pos: 32},
		}}}},
		{"a(x=)", []odata.Expansion{{Name: "a", Options: []odata.Option{{Name: "x", Pos: 4}}}}},
	}
	for _, tt := range tests {
		got, err := odata.ParseExpand(tt.value)
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%q:\ngot  %+v, %v\nwant %+v", tt.value, got, err, tt.want)
		}
	}
	for value, pos := range map[string]int{"": 0, "a,": 2, "a b": 2, "$a": 0, "a(b)": 3, "a(b=c": 5, "a(b='c)": 4, "a)": 1, "a(b=(c)": 7, "a(1=2)": 2, "a.": 0} {
		if got, err := odata.ParseExpand(value); err == nil || err.Pos != pos {
			t.Errorf("%q: got %+v, %v, want an error at %d", value, got, err, pos)
		}
	}
}

func TestSelectIsAListOfPaths(t *testing.T) {
	got, err := odata.ParseSelect("a , b/c,*")
	want := [][]string{{"a"}, {"b", "c"}, {"*"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	for value, pos := range map[string]int{"": 0, "a,": 2, "a/": 2, "a b": 2, "'a'": 0, "a(b)": 1, "*a": 1, "1": 0} {
		if got, err := odata.ParseSelect(value); err == nil || err.Pos != pos {
			t.Errorf("%q: got %q, %v, want an error at %d", value, got, err, pos)
		}
	}
}
