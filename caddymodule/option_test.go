// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/google/go-cmp/cmp"
)

// An optionGroup is a struct whose fields declare options, as docs/options.md
// and the tests here go through them. A group without any declaration is left
// out.
type optionGroup struct {
	title, intro string
	config       any                      // points to the struct
	caddyfile    func(line string) string // with a line of the group
}

func optionGroups() []optionGroup {
	return slices.DeleteFunc(allOptionGroups(), func(g optionGroup) bool { return len(g.declarations()) == 0 })
}

func allOptionGroups() []optionGroup {
	return []optionGroup{
		{
			title:     "Global options",
			intro:     "They stand in the block of the global option `onenote`.",
			config:    new(App),
			caddyfile: func(line string) string { return wrap(line, "onenote") },
		},
		{
			title: "Options of an account",
			intro: "They stand in the block of an `account`, or at the top of the global option `onenote`, " +
				"where they are the defaults of all accounts.",
			config:    new(AccountConfig),
			caddyfile: func(line string) string { return wrap("account work {\n"+line+"\n}", "onenote") },
		},
		{
			title:     "Options of notify",
			intro:     "They stand in the block `notify` of the global option `onenote`. At least one is needed.",
			config:    new(Notify),
			caddyfile: func(line string) string { return wrap("notify {\n"+line+"\n}", "onenote") },
		},
		{
			title: "Options of a site",
			intro: "They stand in the block of the directive `onenote [<matcher>] [<upstream>]`, " +
				"together with any option of `reverse_proxy`.",
			config:    new(Handler),
			caddyfile: func(line string) string { return wrap("client_id x", "onenote {\n"+line+"\n}") },
		},
	}
}

func (g optionGroup) structType() reflect.Type { return reflect.TypeOf(g.config).Elem() }

// declarations returns the options of the group.
func (g optionGroup) declarations() []declaration {
	return slices.DeleteFunc(declarationsIn(g.structType()), func(d declaration) bool { return !g.owns(d.field) })
}

// owns reports whether a field belongs to the group: not if it is one of an
// embedded struct that is a group by itself.
func (g optionGroup) owns(f reflect.StructField) bool {
	declaredBy := g.structOf(f)
	return declaredBy == g.structType() || !slices.ContainsFunc(allOptionGroups(), func(other optionGroup) bool {
		return other.structType() == declaredBy
	})
}

// structOf returns the struct that declares a field of the group.
func (g optionGroup) structOf(f reflect.StructField) reflect.Type {
	if embedded := f.Index[:len(f.Index)-1]; len(embedded) > 0 {
		return g.structType().FieldByIndex(embedded).Type
	}
	return g.structType()
}

// comment returns the comment of an option's field.
func (g optionGroup) comment(comments map[string]map[string]string, d declaration) string {
	return comments[g.structOf(d.field).Name()][d.field.Name]
}

// forEachOption runs a test for each option of each group.
func forEachOption(t *testing.T, f func(t *testing.T, g optionGroup, d declaration)) {
	t.Helper()
	for _, g := range optionGroups() {
		for _, d := range g.declarations() {
			if d.name != "" {
				t.Run(g.structType().Name()+"/"+d.name, func(t *testing.T) { f(t, g, d) })
			}
		}
	}
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// samples are arguments for those parts of a usage that not any word fits.
var samples = map[string]string{
	"<url>": "https://a.example", "<duration>": "90s", "<duration>|0": "90s", "<size>": "20MiB", "<n>": "3", "<cidr...>": "10.0.0.0/8", "<redirect_uri...>": "https://app.example/callback",
	"<module>": "file_system /tmp", "{": "{\n", "}": "}", "...": "",
}

// sample returns arguments that the option takes.
func (d declaration) sample() []string {
	if choices := d.choices(); choices != nil {
		return choices[len(choices)-1:]
	}
	var args []string
	for _, part := range strings.Fields(d.usage) {
		if strings.HasPrefix(part, "[") {
			continue
		}
		arg, ok := samples[part]
		if !ok {
			arg = strings.Trim(part, "<.>")
		}
		args = append(args, arg)
	}
	return args
}

// set gives the option its sample in the struct that v points to. It reports
// false for an option with a block.
func (d declaration) set(t *testing.T, v any) bool {
	t.Helper()
	o, ok := d.reader(reflect.ValueOf(v).Elem())
	if !ok {
		return false
	}
	if err := o.read(nil, d.sample()); err != nil {
		t.Fatalf("%s %q: %v", d.name, d.sample(), err)
	}
	return true
}

func TestEveryConfigurationFieldDeclaresAnOption(t *testing.T) {
	for _, g := range optionGroups() {
		for _, f := range reflect.VisibleFields(g.structType()) {
			if !f.IsExported() || f.Anonymous || !g.owns(f) {
				continue
			}
			line, declared := f.Tag.Lookup("onenote")
			name, _, _ := strings.Cut(line, " ")
			inJSON := jsonName(f)
			switch {
			case !declared:
				t.Errorf("%s.%s: it has no tag onenote; write the option's line, or - for a field that only JSON has", g.structType().Name(), f.Name)
			case line != "-" && line[0] != '[' && inJSON != name && inJSON != name+"s":
				t.Errorf("%s.%s: the JSON name is %q, the Caddyfile's %q; want the same, or a plural in JSON", g.structType().Name(), f.Name, inJSON, name)
			case !strings.HasSuffix(f.Tag.Get("json"), ",omitempty"):
				t.Errorf("%s.%s: the tag json has no omitempty, so the adapter writes options that were not given", g.structType().Name(), f.Name)
			}
		}
	}
}

func TestEveryOptionIsKnownToTheCaddyfile(t *testing.T) {
	forEachOption(t, func(t *testing.T, g optionGroup, d declaration) {
		line := strings.Join(append([]string{d.name}, d.sample()...), " ")
		adapted, err := adapt(g.caddyfile(line))
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if want := `"` + jsonName(d.field) + `":`; !strings.Contains(string(adapted), want) {
			t.Errorf("%s: got %s, want %s in it", line, adapted, want)
		}
	})
}

func TestAccountInheritsEachOptionThatItLeavesOut(t *testing.T) {
	for _, d := range declarationsIn(reflect.TypeFor[AccountConfig]()) {
		t.Run(d.name, func(t *testing.T) {
			var defaults AccountConfig
			d.set(t, &defaults)
			if diff := cmp.Diff(defaults, inherit(AccountConfig{}, defaults)); diff != "" {
				t.Errorf("left out (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(defaults, inherit(defaults, AccountConfig{})); diff != "" {
				t.Errorf("no default (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAccountKeepsItsOwnOptions(t *testing.T) {
	defaults := AccountConfig{Tenant: "a", Scopes: []string{"a"}, AuthorizeParams: []AuthorizeParam{{"a", "b"}}, RefreshBefore: 1}
	own := AccountConfig{Tenant: "b", Scopes: []string{"b"}, AuthorizeParams: []AuthorizeParam{{"c", "d"}}, RefreshBefore: 2}
	if diff := cmp.Diff(own, inherit(own, defaults)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAccountWithACredentialInheritsNoOther(t *testing.T) {
	defaults := AccountConfig{ClientSecret: "{env.SECRET}", ClientCertificate: &CertificateFiles{"c", "k"}, FederatedTokenFile: "/token"}
	own := AccountConfig{FederatedTokenFile: "/own"}
	if diff := cmp.Diff(own, inherit(own, defaults)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// An option that config forgets to hand on would be accepted and ignored.
func TestEveryOptionOfAnAccountReachesItsConfig(t *testing.T) {
	config := func(a AccountConfig) any {
		c, _, _ := a.config("work", resolver{absent: true}) // whether it can work is not the question
		return c
	}
	for _, d := range declarationsIn(reflect.TypeFor[AccountConfig]()) {
		t.Run(d.name, func(t *testing.T) {
			var a AccountConfig
			d.set(t, &a)
			if reflect.DeepEqual(config(a), config(AccountConfig{})) {
				t.Errorf("%s %q changes nothing", d.name, d.sample())
			}
		})
	}
}

func TestPlaceholdersAreResolvedInEveryOptionButSecrets(t *testing.T) {
	t.Setenv("VALUE", "resolved")
	a := AccountConfig{
		Provider:          "{env.VALUE}",
		ClientSecret:      "{env.VALUE}",
		Scopes:            []string{"a", "{env.VALUE}"},
		ClientCertificate: &CertificateFiles{"{env.VALUE}", "k"},
		AuthorizeParams:   []AuthorizeParam{{"p", "{env.VALUE}"}},
		RefreshToken:      "{env.VALUE}",
		RefreshBefore:     1,
	}
	got := a
	(&resolver{}).resolve(&got)
	want := a
	want.Provider = "resolved"
	want.Scopes = []string{"a", "resolved"}
	want.ClientCertificate = &CertificateFiles{"resolved", "k"}
	want.AuthorizeParams = []AuthorizeParam{{"p", "resolved"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if a.Scopes[1] != "{env.VALUE}" || a.ClientCertificate.Certificate != "{env.VALUE}" {
		t.Errorf("what accounts share was changed: %+v", a)
	}
}

// The tokens package fills defaults in, so that it can be used without Caddy.
func TestDeclaredDefaultsOfAnAccountAreThoseOfTheTokensPackage(t *testing.T) {
	own := AccountConfig{ClientID: "x"}
	declared := own
	if err := setDefaults(&declared); err != nil {
		t.Fatal(err)
	}
	got, _, err := own.config("work", resolver{})
	if err != nil {
		t.Fatal(err)
	}
	want, _, err := declared.config("work", resolver{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-declared +completed):\n%s", diff)
	}
}

// example declares options of each kind.
type example struct {
	Mode    string           `onenote:"mode on | off" default:"on"`
	Size    int64            `onenote:"size <size>" default:"80MiB"`
	Flag    bool             `onenote:"flag"`
	Pairs   []AuthorizeParam `onenote:"pair <name> <value>"`
	Request string           `onenote:"request <text>" placeholders:"request"`
	Keys    []ClientKey      `onenote:"-"`
	Free    string
}

func (e *example) checkOption(name string) error {
	if name == "pair" && len(e.Pairs) > 2 {
		return errUsage
	}
	return nil
}

func TestDeclaredDefaultIsSetWhereAnOptionIsLeftOut(t *testing.T) {
	e := example{Mode: "off"}
	if err := setDefaults(&e); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(example{Mode: "off", Size: 80 << 20}, e); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestInvalidValuesInJSONAreReportedWithTheirOption(t *testing.T) {
	r := resolver{subject: "site"}
	r.check(&example{Mode: "perhaps", Size: -1, Pairs: make([]AuthorizeParam, 3)})
	var got []string
	for _, err := range r.errs {
		got = append(got, err.Error())
	}
	want := []string{
		`site: mode: expected on | off, got "perhaps"`,
		"site: size: expected a positive size",
		"site: pair: wrong arguments",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFieldsWithoutALineAreNoOptions(t *testing.T) {
	options := optionsOf(new(example), nil)
	var got []string
	for _, d := range declarationsIn(reflect.TypeFor[example]()) {
		got = append(got, d.name)
		if _, ok := options[d.name]; !ok {
			t.Errorf("no option %s", d.name)
		}
	}
	if diff := cmp.Diff([]string{"mode", "size", "flag", "pair", "request"}, got); diff != "" || len(options) != 5 {
		t.Errorf("%d options (-want +got):\n%s", len(options), diff)
	}
	if !options["pair"].repeat || options["mode"].repeat {
		t.Error("a list of values with several arguments repeats, and nothing else does")
	}
}

func TestOptionOfUnknownTypeIsRefused(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("an option that nothing reads was accepted")
		}
	}()
	optionsOf(&struct {
		Number complex128 `onenote:"number <n>"`
	}{}, nil)
}

func TestCommentSaysTheDeclaredDefault(t *testing.T) {
	comments := fieldComments(t)
	forEachOption(t, func(t *testing.T, g optionGroup, d declaration) {
		comment := g.comment(comments, d)
		if comment == "" {
			t.Fatal("the field has no comment; it is the manual")
		}
		_, told, ok := splitDefault(comment)
		if !ok {
			t.Fatal(`the comment ends neither with "Default: …" nor with "Required…"`)
		}
		if value, declared := d.field.Tag.Lookup("default"); declared && !strings.HasPrefix(told, "`"+value+"`") {
			t.Errorf("the default is %s, the comment says %s", value, told)
		}
	})
}

var defaultSentence = regexp.MustCompile(`(?s)^(.*?)\s*\b(?:Default:\s+(.*?)\.?\s*|(Required[^.]*)\.\s*)$`)

// splitDefault takes the default off a comment. It is empty for a required
// option.
func splitDefault(comment string) (meaning, value string, ok bool) {
	found := defaultSentence.FindStringSubmatch(comment)
	if found == nil {
		return comment, "", false
	}
	if found[3] != "" {
		return strings.TrimSpace(comment), "", true
	}
	return found[1], strings.Join(strings.Fields(found[2]), " "), true
}

// A struct that is read from JSON and written again must be the same, or the
// commands would see another configuration than the server.
func TestDeclaredOptionsSurviveJSON(t *testing.T) {
	forEachOption(t, func(t *testing.T, g optionGroup, d declaration) {
		v := reflect.New(g.structType()).Interface()
		if !d.set(t, v) {
			return
		}
		again := reflect.New(g.structType()).Interface()
		if err := json.Unmarshal(caddyconfig.JSON(v, nil), again); err != nil {
			t.Fatal(err)
		}
		field := func(v any) any { return d.in(reflect.ValueOf(v).Elem()).Interface() }
		if diff := cmp.Diff(field(v), field(again)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
