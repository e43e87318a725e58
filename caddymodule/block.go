// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/dustin/go-humanize"
)

// A block reads the options of one block of a Caddyfile: each at most once,
// each with what it expects, and every mistake with its file and line.
type block struct {
	// options are the readers of the block's words.
	options map[string]option

	// seen are the words that came already.
	seen map[string]bool
}

// An option reads the arguments of a word.
type option struct {
	usage  string // the arguments, as the manual writes them
	repeat bool   // it may come more than once
	read   readFunc
	nested bool // it opens a block of its own, which read consumes
}

// A readFunc reads the arguments of an option. Only options with a block need
// the dispenser.
type readFunc = func(d *caddyfile.Dispenser, args []string) error

// checkedBy returns the option with a check after it was read.
func (o option) checkedBy(c optionChecker, name string) option {
	read := o.read
	o.read = func(d *caddyfile.Dispenser, args []string) error {
		if err := read(d, args); err != nil {
			return err
		}
		return c.checkOption(name)
	}
	return o
}

// errUsage stands for arguments that are not what the usage says.
var errUsage = errors.New("wrong arguments")

// has reports whether the word is one of the block's.
func (b *block) has(word string) bool {
	_, ok := b.options[word]
	return ok
}

// unknown adds to the error about a word that is none of the block's the one that was
// probably meant.
func (b *block) unknown(word string, err error) error {
	return suggest(err, word, slices.Collect(maps.Keys(b.options)))
}

// read reads one option; the dispenser is at its word.
func (b *block) read(d *caddyfile.Dispenser) error {
	word := d.Val()
	o := b.options[word]
	if b.seen == nil {
		b.seen = make(map[string]bool)
	}
	if b.seen[word] && !o.repeat {
		return d.Errf("%s was given already", word)
	}
	b.seen[word] = true
	args := d.RemainingArgs()
	if err := o.read(d, args); err != nil {
		return b.positioned(d, word, o, err)
	}
	if o.nested {
		return nil
	}
	if nesting := d.Nesting(); d.NextBlock(nesting) {
		return d.Errf("%s takes no block; expected: %s", word, strings.TrimSpace(word+" "+o.usage))
	}
	return nil
}

func (b *block) positioned(d *caddyfile.Dispenser, word string, o option, err error) error {
	if errors.Is(err, errUsage) {
		return d.Errf("expected: %s", strings.TrimSpace(word+" "+o.usage))
	}
	if o.nested {
		return err // its own lines have their own positions
	}
	if strings.HasPrefix(err.Error(), word+" ") {
		return d.WrapErr(err) // it names the option itself
	}
	return d.Errf("%s: %w", word, err)
}

// The readers of the kinds of options.

func wordOption(usage string, dst *string) option {
	return option{usage: usage, read: func(_ *caddyfile.Dispenser, args []string) error {
		if len(args) != 1 || args[0] == "" {
			return errUsage
		}
		*dst = args[0]
		return nil
	}}
}

// choiceOption takes one of some words.
func choiceOption[T ~string](dst *T, choices ...T) option {
	var words []string
	for _, c := range choices {
		words = append(words, string(c))
	}
	usage := strings.Join(words, " | ")
	return option{usage: usage, read: func(_ *caddyfile.Dispenser, args []string) error {
		if len(args) != 1 {
			return errUsage
		}
		for _, c := range choices {
			if args[0] == string(c) {
				*dst = c
				return nil
			}
		}
		return fmt.Errorf("expected %s, got %q", usage, args[0])
	}}
}

// argumentsOption makes a value of type t of the arguments, and sets it.
func argumentsOption(usage string, t reflect.Type, set func(p reflect.Value)) option {
	return option{usage: usage, read: func(_ *caddyfile.Dispenser, args []string) error {
		p := reflect.New(t)
		if err := p.Interface().(argumentReader).readArguments(args); err != nil {
			return err
		}
		set(p)
		return nil
	}}
}

func listOption(usage string, dst *[]string) option {
	return option{usage: usage, read: func(_ *caddyfile.Dispenser, args []string) error {
		if len(args) == 0 {
			return errUsage
		}
		*dst = args
		return nil
	}}
}

func flagOption(dst *bool) option {
	return option{read: func(_ *caddyfile.Dispenser, args []string) error {
		if len(args) != 0 {
			return errUsage
		}
		*dst = true
		return nil
	}}
}

func durationOption(usage string, dst *caddy.Duration) option {
	zero := strings.HasSuffix(usage, "|0")
	return option{usage: usage, read: func(_ *caddyfile.Dispenser, args []string) error {
		if len(args) != 1 {
			return errUsage
		}
		d, err := caddy.ParseDuration(args[0])
		if err != nil || d < 0 || d == 0 && !zero {
			return fmt.Errorf("expected a positive duration such as 90s or 10m, got %q", args[0])
		}
		*dst = caddy.Duration(d)
		return nil
	}}
}

// countOption reads a positive number.
func countOption(dst *int) option {
	return option{usage: "<n>", read: func(_ *caddyfile.Dispenser, args []string) error {
		if len(args) != 1 {
			return errUsage
		}
		n, err := strconv.Atoi(args[0])
		if err != nil || n < 1 {
			return fmt.Errorf("expected a number from 1 on, got %q", args[0])
		}
		*dst = n
		return nil
	}}
}

func sizeOption(dst *int64) option {
	return option{usage: "<size>", read: func(_ *caddyfile.Dispenser, args []string) error {
		if len(args) != 1 {
			return errUsage
		}
		n, err := humanize.ParseBytes(args[0])
		if err != nil || n == 0 || n > 1<<62 {
			return fmt.Errorf("expected a size such as 20MiB, got %q", args[0])
		}
		*dst = int64(n)
		return nil
	}}
}
