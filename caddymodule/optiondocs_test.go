// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// docs/options.md is written from the declarations of the options.
func TestOptionsAreDocumented(t *testing.T) {
	const golden = "../docs/options.md"
	got := optionManual(t)
	if *update {
		write(t, golden, got)
	}
	if diff := cmp.Diff(read(t, golden), got); diff != "" {
		t.Errorf("%s is not what the declarations say; write it with go test ./caddymodule -run %s -update (-want +got):\n%s",
			golden, t.Name(), diff)
	}
}

const manualHead = `<!-- Written from the declarations in caddymodule by: go test ./caddymodule -run TestOptionsAreDocumented -update -->

# Options

An option may be given once, unless it says that it repeats. In JSON it has the same name, unless another is given.

Placeholders:

- **no**: the value is taken as it is written.
- **yes**: ` + "`{env.NAME}`" + ` and Caddy's other global placeholders are replaced when the configuration is loaded.
- **secret**: ` + "`{env.NAME}` is replaced when the configuration is loaded. `{file./path}` is read whenever the secret is needed, so a replaced file takes effect without a reload." + `
- **per request**: replaced for each request.
`

func optionManual(t *testing.T) string {
	comments := fieldComments(t)
	var b strings.Builder
	b.WriteString(manualHead)
	for _, g := range optionGroups() {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", g.title, g.intro)
		for _, d := range g.declarations() {
			meaning, value, _ := splitDefault(g.comment(comments, d))
			writeOption(&b, g, d, meaning, value)
		}
	}
	return b.String()
}

func writeOption(b *strings.Builder, g optionGroup, d declaration, meaning, value string) {
	title, line := d.name, strings.TrimSpace(d.name+" "+d.usage)
	if d.name == "" {
		title = strings.Trim(d.usage, "[<>]")
	}
	fmt.Fprintf(b, "\n### %s\n\n`%s`\n\n%s\n\n", title, line, meaning)
	if value != "" {
		fmt.Fprintf(b, "- Default: %s\n", value)
	}
	if placeholders := g.placeholderRule(d); placeholders != "" {
		fmt.Fprintf(b, "- Placeholders: %s\n", placeholders)
	}
	if d.repeats() {
		b.WriteString("- Repeats: yes\n")
	}
	if others := g.inheritedWith(d); others != nil {
		fmt.Fprintf(b, "- An account that has this option does not inherit %s\n", strings.Join(others, " or "))
	}
	if name := jsonName(d.field); d.name != name {
		fmt.Fprintf(b, "- JSON: `%s`\n", name)
	}
}

// placeholderRule returns which of the rules at the top of the manual applies;
// none for an option with a block.
func (g optionGroup) placeholderRule(d declaration) string {
	switch d.field.Tag.Get("placeholders") {
	case "secret":
		return "secret"
	case "request":
		return "per request"
	}
	if _, ok := d.reader(reflect.ValueOf(g.config).Elem()); !ok {
		return ""
	}
	kind := d.field.Type.Kind()
	if d.name == "" || d.choices() != nil || kind == reflect.Bool || kind == reflect.Int || kind == reflect.Int64 {
		return "no"
	}
	return "yes"
}

// inheritedWith returns the other options of the group that an account inherits
// together.
func (g optionGroup) inheritedWith(d declaration) []string {
	group := d.field.Tag.Get("inherit")
	if group == "" {
		return nil
	}
	var others []string
	for _, other := range g.declarations() {
		if other.name != d.name && other.field.Tag.Get("inherit") == group {
			others = append(others, "`"+other.name+"`")
		}
	}
	return others
}

// fieldComments returns the comments of the package's structs, by type and
// field.
func fieldComments(t *testing.T) map[string]map[string]string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	comments := make(map[string]map[string]string)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if s, ok := spec.Type.(*ast.StructType); ok {
				comments[spec.Name.Name] = commentsOf(s)
			}
			return false
		})
	}
	return comments
}

func commentsOf(s *ast.StructType) map[string]string {
	comments := make(map[string]string)
	for _, f := range s.Fields.List {
		for _, name := range f.Names {
			comments[name.Name] = strings.TrimSpace(f.Doc.Text())
		}
	}
	return comments
}
