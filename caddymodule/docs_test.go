// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

var (
	codeSpan     = regexp.MustCompile("`([^`\n]+)`")
	relativeLink = regexp.MustCompile(`\]\(([^):#]*)(?:#([^)]*))?\)`)
	codeBlock    = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	heading      = regexp.MustCompile(`(?m)^#{1,6} (.+)$`)
	ownAnchor    = regexp.MustCompile(`<a id="([^"]+)">`)
	linkTarget   = regexp.MustCompile(`\]\([^)]*\)`)
	noAnchorText = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
	memberName   = regexp.MustCompile(`^([A-Za-z]\w*)\.([A-Za-z]\w*)$`)
	camelCase    = regexp.MustCompile(`^[A-Za-z]*[a-z][A-Z]\w*$`)
	testName     = regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z]\w*`)
	commandLine  = regexp.MustCompile("caddy(?:-onenote)? onenote ([a-z]+)([^`\n]*)")
	longFlag     = regexp.MustCompile(`--([a-z][a-z-]*)`)
	metricName   = regexp.MustCompile(`\bcaddy_onenote_[a-z_]+`)
	metricOption = regexp.MustCompile(`Subsystem: "onenote", Name: "([a-z_]+)"`)
	eventName    = regexp.MustCompile(`\bonenote\.[a-z]+_[a-z]+\b`)
	changelogRow = regexp.MustCompile(`(?m)^\| ([^|]+) \| [^|]+ \| ([^|]+) \|$`)
	firstCell    = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|")
)

// documents returns the documents for people, without the changelog, which
// names what there was.
func documents(t *testing.T) []string {
	t.Helper()
	docs, err := filepath.Glob("../docs/*.md")
	if err != nil || len(docs) < 5 {
		t.Fatalf("docs: got %q, %v", docs, err)
	}
	return append(docs, "../README.md", "../CONTRIBUTING.md", "../SECURITY.md")
}

func TestLinksInDocumentsLeadToFilesAndHeadings(t *testing.T) {
	checked := 0
	for _, doc := range append(documents(t), "../CHANGELOG.md") {
		for _, link := range relativeLink.FindAllStringSubmatch(read(t, doc), -1) {
			target, anchor := filepath.Join(filepath.Dir(doc), link[1]), link[2]
			if link[1] == "" {
				target = doc
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: %v", doc, err)
				continue
			}
			if anchor == "" {
				continue
			}
			checked++
			if !slices.Contains(anchorsOf(read(t, target)), anchor) {
				t.Errorf("%s: %s has no heading for #%s", doc, target, anchor)
			}
		}
	}
	if checked < 20 {
		t.Errorf("anchors: got %d, want at least 20", checked)
	}
}

// anchorsOf returns the anchors of a document: its own, and those that GitHub makes of
// its headings.
func anchorsOf(text string) (anchors []string) {
	text = codeBlock.ReplaceAllString(text, "")
	for _, found := range ownAnchor.FindAllStringSubmatch(text, -1) {
		anchors = append(anchors, found[1])
	}
	for _, found := range heading.FindAllStringSubmatch(text, -1) {
		words := linkTarget.ReplaceAllString(found[1], "")
		words = noAnchorText.ReplaceAllString(strings.ToLower(words), "")
		anchors = append(anchors, strings.ReplaceAll(words, " ", "-"))
	}
	return anchors
}

// The documents for developers name files, packages and identifiers of the code.
func TestDocumentsForDevelopersNameWhatExists(t *testing.T) {
	known := sourceNames(t)
	for _, doc := range []string{"../docs/architecture.md", "../CONTRIBUTING.md"} {
		text := read(t, doc)
		checked := 0
		for _, span := range codeSpan.FindAllStringSubmatch(text, -1) {
			exists, isName := known.find(span[1])
			if isName {
				checked++
			}
			if isName && !exists {
				t.Errorf("%s: there is no `%s`", doc, span[1])
			}
		}
		for _, name := range testName.FindAllString(text, -1) {
			if !known.identifiers[name] {
				t.Errorf("%s: there is no test %s", doc, name)
			}
		}
		if checked < 20 {
			t.Errorf("%s: got %d names, want at least 20", doc, checked)
		}
	}
}

// What the changelog of the coming release tells people to write exists.
func TestChangelogNamesReplacementsThatExist(t *testing.T) {
	known := sourceNames(t)
	_, unreleased, _ := strings.Cut(read(t, "../CHANGELOG.md"), "\n## ")
	unreleased, _, _ = strings.Cut(unreleased, "\n## ")
	for _, row := range changelogRow.FindAllStringSubmatch(unreleased, -1) {
		for _, span := range codeSpan.FindAllStringSubmatch(row[2], -1) {
			if exists, isName := known.find(span[1]); isName && !exists && strings.HasPrefix(row[1], "Go") {
				t.Errorf("%s: there is no `%s`", row[1], span[1])
			}
		}
	}
}

// names are what the source declares.
type names struct {
	folders     map[string]bool // at the root
	identifiers map[string]bool // name, Type.member and package.name
}

// foreign are the packages of Go itself that the documents speak of.
var foreign = []string{"io", "http", "httputil"}

// find reports whether a code span is the name of a file, a folder or an
// identifier, and whether that exists.
func (n *names) find(span string) (exists, isName bool) {
	if first, _, ok := strings.Cut(span, "/"); ok {
		if !n.folders[first] || strings.ContainsAny(span, " <…") {
			return false, false
		}
		found, err := filepath.Glob("../" + span)
		return err == nil && len(found) > 0, true
	}
	if strings.HasSuffix(span, ".go") {
		_, err := os.Stat("../" + span) // any other file has its folder in front
		return err == nil, true
	}
	if owner := memberName.FindStringSubmatch(span); owner != nil && slices.Contains(foreign, owner[1]) {
		return false, false
	}
	return n.identifiers[span], memberName.MatchString(span) || camelCase.MatchString(span)
}

// sourceNames reads the whole source.
func sourceNames(t *testing.T) *names {
	t.Helper()
	n := &names{make(map[string]bool), make(map[string]bool)}
	err := filepath.WalkDir("..", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{"testdata", "node_modules", ".git"}, d.Name()):
			return fs.SkipDir
		case d.IsDir() && filepath.Dir(file) == "..":
			n.folders[d.Name()] = true
		case strings.HasSuffix(file, ".go"):
			return n.readFile(file)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (n *names) readFile(file string) error {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	folder := path.Base(filepath.ToSlash(filepath.Dir(file)))
	add := func(name string) {
		n.identifiers[name] = true
		n.identifiers[folder+"."+name] = true
	}
	ast.Inspect(f, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.FuncDecl:
			add(node.Name.Name)
			if node.Recv != nil {
				add(receiverType(node) + "." + node.Name.Name)
			}
			return false
		case *ast.ValueSpec:
			for _, name := range node.Names {
				add(name.Name)
			}
		case *ast.TypeSpec:
			add(node.Name.Name)
			for _, member := range membersOf(node) {
				add(node.Name.Name + "." + member)
			}
		}
		return true
	})
	return nil
}

func receiverType(f *ast.FuncDecl) string {
	t := f.Recv.List[0].Type
	if pointer, ok := t.(*ast.StarExpr); ok {
		t = pointer.X
	}
	if name, ok := t.(*ast.Ident); ok {
		return name.Name
	}
	return ""
}

// membersOf returns the fields of a struct or the methods of an interface.
func membersOf(t *ast.TypeSpec) (members []string) {
	var fields *ast.FieldList
	switch t := t.Type.(type) {
	case *ast.StructType:
		fields = t.Fields
	case *ast.InterfaceType:
		fields = t.Methods
	default:
		return nil
	}
	for _, field := range fields.List {
		for _, name := range field.Names {
			members = append(members, name.Name)
		}
	}
	return members
}

func TestDocumentsNameCommandsThatExist(t *testing.T) {
	root := &cobra.Command{Use: "onenote"}
	addSubcommands(root)
	commands := make(map[string]*cobra.Command)
	for _, c := range root.Commands() {
		commands[c.Name()] = c
	}
	for _, doc := range append(documents(t), deployFiles(t)...) {
		for _, found := range commandLine.FindAllStringSubmatch(read(t, doc), -1) {
			c := commands[found[1]]
			if c == nil {
				t.Errorf("%s: there is no command %s", doc, found[0])
				continue
			}
			own, _, _ := strings.Cut(found[2], " -- ") // what follows is another program
			for _, flag := range longFlag.FindAllStringSubmatch(own, -1) {
				if flag[1] != "help" && c.Flags().Lookup(flag[1]) == nil {
					t.Errorf("%s: there is no flag %s: %s", doc, flag[0], found[0])
				}
			}
		}
	}
	operating := read(t, "../docs/operating.md")
	for name := range commands {
		if !strings.Contains(operating, "| `caddy onenote "+name) {
			t.Errorf("docs/operating.md has no row for the command %s", name)
		}
	}
}

func TestEveryMetricIsInOperating(t *testing.T) {
	want := make(map[string]bool)
	for _, found := range metricOption.FindAllStringSubmatch(read(t, "metrics.go"), -1) {
		want["caddy_onenote_"+found[1]] = true
	}
	if len(want) < 9 {
		t.Fatalf("metrics: got %v", want)
	}
	rows := rowsOf(t, "Metrics")
	for name := range want {
		if !slices.Contains(rows, name) {
			t.Errorf("docs/operating.md has no row for the metric %s", name)
		}
	}
	for _, doc := range append(documents(t), deployFiles(t)...) {
		for _, name := range metricName.FindAllString(read(t, doc), -1) {
			// Prometheus makes series with endings of a histogram.
			if !want[strings.TrimSuffix(name, "_bucket")] {
				t.Errorf("%s: there is no metric %s", doc, name)
			}
		}
	}
}

func TestEveryStateIsInOperating(t *testing.T) {
	var want []string
	for _, state := range tokens.States() {
		want = append(want, string(state))
	}
	if diff := cmp.Diff(want, rowsOf(t, "States")); diff != "" {
		t.Errorf("states (-code +docs/operating.md):\n%s", diff)
	}
}

func TestEveryEventIsInOperating(t *testing.T) {
	want := eventName.FindAllString(read(t, "../tokens/report.go"), -1)
	if diff := cmp.Diff(want, rowsOf(t, "Events")); diff != "" {
		t.Errorf("events (-code +docs/operating.md):\n%s", diff)
	}
}

// rowsOf returns the first cells of the table in a section of docs/operating.md.
func rowsOf(t *testing.T, section string) (rows []string) {
	t.Helper()
	_, text, ok := strings.Cut(read(t, "../docs/operating.md"), "\n## "+section+"\n")
	if !ok {
		t.Fatalf("docs/operating.md has no section %s", section)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	for _, found := range firstCell.FindAllStringSubmatch(text, -1) {
		rows = append(rows, found[1])
	}
	return rows
}
