// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
)

// A declaration is an option as the field of a configuration struct declares
// it:
//
//	// How long the URL of a local picture works. Default: `1h`.
//	ImageLifetime caddy.Duration `json:"image_lifetime,omitempty" onenote:"image_lifetime <duration>" default:"1h"`
//
// The comment is the manual; it ends with the default. The type of the field
// says how the arguments are read (see reader). The tags are
//
//	onenote       the line in a Caddyfile: the option's name, then its arguments.
//	              A line that begins with [ is an argument of the directive,
//	              which is documented but read elsewhere; "-" is a field that
//	              only JSON has
//	default       the value of an option that is left out, as a Caddyfile has it.
//	              setDefaults fills it in; for an account oauth.Config.Complete
//	              does, and a test holds the two equal
//	placeholders  "secret": the value is read by newSecret, so it may be a file;
//	              "request": it is resolved for each request;
//	              else it is resolved while provisioning
//	inherit       a group of options of which an account inherits all or none
//
// Everything else is derived: the Caddyfile's options (optionsOf), inheritance
// (inherit), defaults (setDefaults), placeholders (resolver.resolve), checks
// (resolver.check), and docs/options.md, which a test writes.
type declaration struct {
	name  string // empty for an argument of the directive
	usage string // the arguments
	field reflect.StructField
}

// declarationsIn returns the options that a struct declares, in order. The
// options of an embedded struct are among them.
func declarationsIn(t reflect.Type) []declaration {
	var all []declaration
	for _, f := range reflect.VisibleFields(t) {
		line, declared := f.Tag.Lookup("onenote")
		switch {
		case !declared || line == "-":
		case strings.HasPrefix(line, "["):
			all = append(all, declaration{usage: line, field: f})
		default:
			name, usage, _ := strings.Cut(line, " ")
			all = append(all, declaration{name: name, usage: usage, field: f})
		}
	}
	return all
}

// in returns the field in the struct s.
func (d declaration) in(s reflect.Value) reflect.Value { return s.FieldByIndex(d.field.Index) }

// choices returns the words that the option takes; nil where it takes others
// too.
func (d declaration) choices() []string {
	if d.field.Type.Kind() != reflect.String || strings.ContainsAny(d.usage, "<[") {
		return nil
	}
	return strings.Split(d.usage, " | ")
}

// repeats reports whether the option may be given more than once: where each
// one is a value with a name or several arguments.
func (d declaration) repeats() bool {
	kind := d.field.Type.Kind()
	return kind == reflect.Map || kind == reflect.Slice && d.field.Type.Elem().Kind() == reflect.Struct
}

// An argumentReader is the value of an option with several arguments. It
// returns errUsage where they are not what the usage says.
type argumentReader interface {
	readArguments(args []string) error
}

// An optionChecker is a configuration struct that knows more about its options
// than their types say. checkOption is called after an option was read from a
// Caddyfile, so that a mistake is reported with its line, and by
// resolver.check while provisioning. In a Caddyfile, values may hold placeholders still.
type optionChecker interface {
	checkOption(name string) error
}

// reader returns the option, which reads into its field in the struct s, and
// false for a field of any other type, whose option has a block. The types are:
//
//	bool            no argument
//	string          one of the words of the usage, where it lists some; else any
//	[]string        one argument or more
//	caddy.Duration  a positive duration; also 0, where the usage says so
//	int             a number from 1 on
//	int64           a positive size in bytes
//	*T, []T         what T reads as an argumentReader; []T repeats
func (d declaration) reader(s reflect.Value) (option, bool) {
	field := d.in(s)
	switch dst := field.Addr().Interface().(type) {
	case *bool:
		return flagOption(dst), true
	case *[]string:
		return listOption(d.usage, dst), true
	case *caddy.Duration:
		return durationOption(d.usage, dst), true
	case *int:
		return countOption(dst), true
	case *int64:
		return sizeOption(dst), true
	}
	t := field.Type()
	switch {
	case t.Kind() == reflect.String:
		dst := field.Addr().Convert(reflect.TypeFor[*string]()).Interface().(*string)
		if choices := d.choices(); choices != nil {
			return choiceOption(dst, choices...), true
		}
		return wordOption(d.usage, dst), true
	case t.Kind() == reflect.Pointer && t.Implements(reflect.TypeFor[argumentReader]()):
		return argumentsOption(d.usage, t.Elem(), field.Set), true
	case t.Kind() == reflect.Slice && reflect.PointerTo(t.Elem()).Implements(reflect.TypeFor[argumentReader]()):
		return argumentsOption(d.usage, t.Elem(), func(p reflect.Value) { field.Set(reflect.Append(field, p.Elem())) }), true
	}
	return option{}, false
}

// blocks read the options that open a block of their own.
type blocks map[string]readFunc

// optionsOf returns the options of the struct that v points to, which read
// into it. What opens a block is read by nested.
func optionsOf(v any, nested blocks) map[string]option {
	s := reflect.ValueOf(v).Elem()
	options := make(map[string]option)
	for _, d := range declarationsIn(s.Type()) {
		if d.name == "" {
			continue
		}
		o, ok := d.reader(s)
		if !ok {
			o = option{usage: d.usage, nested: true, read: nested[d.name]}
		}
		if o.read == nil {
			panic(fmt.Sprintf("option %s: nothing reads the type %s", d.name, d.field.Type))
		}
		o.repeat = d.repeats()
		if c, ok := v.(optionChecker); ok {
			o = o.checkedBy(c, d.name)
		}
		options[d.name] = o
	}
	return options
}

// givenOptions returns the names of the options that have a value in the
// struct that v points to.
func givenOptions(v any) map[string]bool {
	given := make(map[string]bool)
	s := reflect.ValueOf(v).Elem()
	for _, d := range declarationsIn(s.Type()) {
		if !d.in(s).IsZero() {
			given[d.name] = true
		}
	}
	return given
}

// inherit returns own with each option that it leaves out taken from defaults.
func inherit[T any](own, defaults T) T {
	s, from := reflect.ValueOf(&own).Elem(), reflect.ValueOf(&defaults).Elem()
	declarations := declarationsIn(s.Type())
	complete := make(map[string]bool) // the groups of which own has an option
	for _, d := range declarations {
		if group := d.field.Tag.Get("inherit"); group != "" && !d.in(s).IsZero() {
			complete[group] = true
		}
	}
	for _, d := range declarations {
		if d.in(s).IsZero() && !complete[d.field.Tag.Get("inherit")] {
			d.in(s).Set(d.in(from))
		}
	}
	return own
}

// setDefaults fills in the declared default of each option that has no value
// in the struct that v points to.
func setDefaults(v any) error {
	s := reflect.ValueOf(v).Elem()
	for _, d := range declarationsIn(s.Type()) {
		text, declared := d.field.Tag.Lookup("default")
		if !declared || !d.in(s).IsZero() {
			continue
		}
		o, ok := d.reader(s)
		if !ok {
			return fmt.Errorf("%s: an option with a block has no default", d.name)
		}
		if err := o.read(nil, strings.Fields(text)); err != nil {
			return fmt.Errorf("%s: the default %q: %w", d.name, text, err)
		}
	}
	return nil
}

// check notes what is wrong with the options of the struct that v points to,
// wherever they were written. Placeholders must be resolved.
func (r *resolver) check(v any) {
	s := reflect.ValueOf(v).Elem()
	for _, d := range declarationsIn(s.Type()) {
		if d.name == "" {
			continue
		}
		if err := d.check(v, d.in(s)); err != nil {
			r.fail(d.name, err)
		}
	}
}

func (d declaration) check(v any, field reflect.Value) error {
	if choices := d.choices(); choices != nil && field.String() != "" && !slices.Contains(choices, field.String()) {
		return fmt.Errorf("expected %s, got %q", d.usage, field)
	}
	switch value := field.Interface().(type) {
	case caddy.Duration:
		if value < 0 {
			return errors.New("expected a positive duration")
		}
	case int:
		if value < 0 {
			return errors.New("expected a number from 1 on")
		}
	case int64:
		if value < 0 {
			return errors.New("expected a positive size")
		}
	}
	if c, ok := v.(optionChecker); ok {
		return c.checkOption(d.name)
	}
	return nil
}

// prepare makes the options of the struct that v points to ready for use:
// placeholders resolved, defaults filled in, values checked.
func (r *resolver) prepare(v any) error {
	r.resolve(v)
	if err := setDefaults(v); err != nil {
		return err
	}
	r.check(v)
	return errors.Join(r.errs...)
}

// resolve replaces the placeholders in the options of the struct that v points
// to, except in secrets and in what is resolved for each request. What the
// struct shares with others is not changed.
func (r *resolver) resolve(v any) {
	s := reflect.ValueOf(v).Elem()
	for _, d := range declarationsIn(s.Type()) {
		if _, ok := d.reader(s); ok && d.name != "" && d.field.Tag.Get("placeholders") == "" {
			d.in(s).Set(r.resolved(d.name, d.in(s)))
		}
	}
}

// resolved returns a copy of a value in which placeholders are replaced.
func (r *resolver) resolved(name string, v reflect.Value) reflect.Value {
	if v.IsZero() {
		return v
	}
	resolved := reflect.New(v.Type()).Elem()
	resolved.Set(v)
	switch v.Kind() {
	case reflect.String:
		if shellVariable.MatchString(v.String()) {
			r.warnings = append(r.warnings, shellVariableWarning(r.subject+": "+name, v.String()))
		}
		resolved.SetString(r.plain(name, v.String()))
	case reflect.Slice:
		resolved.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			resolved.Index(i).Set(r.resolved(name, v.Index(i)))
		}
	case reflect.Pointer:
		resolved.Set(reflect.New(v.Type().Elem()))
		resolved.Elem().Set(r.resolved(name, v.Elem()))
	case reflect.Struct:
		for i := range v.NumField() {
			resolved.Field(i).Set(r.resolved(name, v.Field(i)))
		}
	}
	return resolved
}
