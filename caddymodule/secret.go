// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-onenote/caddy-onenote/internal/givenvalue"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// A secret is an option whose value need not stand in the configuration, and
// should not: Caddy saves its configuration and shows it at /config/. Written
// as {env.NAME} it is read once, when the configuration is provisioned.
// Written as {file./path} it is read when it is used, so that a rotated file
// takes effect without a reload, and a configuration can be validated on a
// machine that does not have the file.
type secret struct {
	option string // what it is, for errors: "account work: client_secret"
	text   string // as written, where it is read at each use
	value  string // as resolved, where it is not
}

// filePlaceholder and environmentPlaceholder are what a secret may hold. Only
// their names are ever quoted in errors: the rest may be the secret itself.
var (
	filePlaceholder        = regexp.MustCompile(`\{file\.[^{}]+\}`)
	environmentPlaceholder = regexp.MustCompile(`\{env\.[^{}]+\}`)
)

// uriFilePlaceholder is what the adapter makes of {file.name} inside a site:
// {file.*} is there the shorthand for the file part of the request's path.
const uriFilePlaceholder = "{http.request.uri.path.file."

// newSecret prepares the secret with that text. A secret that may be absent is
// no error before its first use.
func newSecret(option, text string, mayBeAbsent bool) (secret, error) {
	if strings.Contains(text, uriFilePlaceholder) {
		return secret{}, fmt.Errorf("%s: {file.name} means the file of the request's path here; "+
			"write {file./absolute/path} to read a file", option)
	}
	s := secret{option: option, text: text}
	if filePlaceholder.MatchString(text) || mayBeAbsent {
		return s, nil
	}
	value, err := s.reveal()
	return secret{option: option, value: value.Reveal()}, err
}

// inFile reports whether the value is read at each use.
func (s secret) inFile() bool { return s.text != "" }

// literal reports whether the text holds the secret itself.
func literal(text string) bool {
	return text != "" && !filePlaceholder.MatchString(text) && !environmentPlaceholder.MatchString(text)
}

// literalWarning returns a warning about a secret that stands in the
// configuration, or nothing.
func literalWarning(option, text string) string {
	switch {
	case shellVariable.MatchString(text):
		return shellVariableWarning(option, text)
	case literal(text):
		return option + " is written out in the configuration, which Caddy saves and shows at /config/; " +
			"write {env.NAME} or {file./absolute/path}"
	}
	return ""
}

// reveal returns the value as it is now.
func (s secret) reveal() (oauth.Secret, error) {
	if s.text == "" {
		return oauth.Secret(s.value), nil
	}
	file := filePlaceholder.FindString(s.text)
	if !s.filesOpen() {
		return "", s.unreadable(file)
	}
	value, err := caddy.NewReplacer().ReplaceOrErr(s.text, true, true)
	if err == nil {
		return s.clean(value)
	}
	if file != "" {
		return "", s.unreadable(file)
	}
	if name := unsetVariable(s.text); name != "" {
		return "", fmt.Errorf("%s: set the environment variable %s", s.option, name)
	}
	return "", fmt.Errorf("%s: it holds a placeholder other than {env.NAME} and {file./absolute/path}; "+
		"write \\{ where a brace belongs to the value", s.option)
}

// filesOpen reports whether the files of the secret can be opened. Caddy's replacer
// logs each one that cannot, and it would do so for each request.
func (s secret) filesOpen() bool {
	for _, placeholder := range filePlaceholder.FindAllString(s.text, -1) {
		f, err := os.Open(strings.TrimSuffix(strings.TrimPrefix(placeholder, "{file."), "}"))
		if err != nil {
			return false
		}
		_ = f.Close() // nothing was written
	}
	return true
}

func (s secret) unreadable(placeholder string) error {
	return fmt.Errorf("%s: the file of %s is missing, empty or not readable by this process", s.option, placeholder)
}

// clean takes off what stands around a value in files and variables, or says why it
// cannot be meant.
func (s secret) clean(given string) (oauth.Secret, error) {
	value, err := givenvalue.Clean(given)
	switch {
	case err != nil:
		return "", fmt.Errorf("%s: %w", s.option, err)
	case value == "" && given != "":
		return "", fmt.Errorf("%s: there are only spaces in it", s.option)
	}
	return oauth.Secret(value), nil
}

// plain returns the value of an option that is no secret. Placeholders of
// files are left to secrets, so that provisioning reads no file.
func plain(option, text string) (string, error) {
	if !strings.Contains(text, "{") {
		return text, nil
	}
	value, err := caddy.NewReplacer().WithoutFile().ReplaceOrErr(text, true, true)
	if name := unsetVariable(text); err != nil && name != "" {
		return "", fmt.Errorf("%s: set the environment variable %s", option, name)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", option, err)
	}
	if value, err = givenvalue.Clean(value); err != nil {
		return "", fmt.Errorf("%s: %w", option, err)
	}
	return value, nil
}

// unsetVariable returns the name of an environment variable in the text that is
// empty or not set, or nothing.
func unsetVariable(text string) string {
	for _, placeholder := range environmentPlaceholder.FindAllString(text, -1) {
		name := strings.TrimSuffix(strings.TrimPrefix(placeholder, "{env."), "}")
		if os.Getenv(name) == "" {
			return name
		}
	}
	return ""
}

func shellVariableWarning(option, text string) string {
	return fmt.Sprintf("%s is the text %s itself, because Caddy does not replace variables of the shell; write {env.%s}",
		option, text, strings.Trim(text, "${}%"))
}

// shellVariable is a whole value that a shell would replace, and Caddy does not.
var shellVariable = regexp.MustCompile(`^(\$\{?[A-Za-z_][A-Za-z0-9_]*\}?|%[A-Za-z_][A-Za-z0-9_]*%)$`)
