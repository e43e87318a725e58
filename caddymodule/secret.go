// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// A secret is an option whose value need not stand in the configuration, and
// should not: Caddy saves its configuration and shows it at /config/. Written
// as {env.NAME} it is read once, when the configuration is provisioned.
// Written as {file./path} it is read when it is used, so that a rotated file
// takes effect without a reload, and a configuration can be validated on a
// machine that does not have the file.
type secret struct {
	option string // what it is, for errors: "account work: client_secret"
	text   string // as written, where it names a file
	value  string // as resolved, where it does not
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

// newSecret prepares the secret with that text.
func newSecret(option, text string) (secret, error) {
	if strings.Contains(text, uriFilePlaceholder) {
		return secret{}, fmt.Errorf("%s: {file.name} means the file of the request's path here; "+
			"write {file./absolute/path} to read a file", option)
	}
	s := secret{option: option, text: text}
	if s.inFile() {
		return s, nil
	}
	value, err := s.reveal()
	return secret{option: option, value: value.Reveal()}, err
}

// inFile reports whether the value is read from a file at each use.
func (s secret) inFile() bool { return filePlaceholder.MatchString(s.text) }

// literal reports whether the text holds the secret itself.
func literal(text string) bool {
	return text != "" && !filePlaceholder.MatchString(text) && !environmentPlaceholder.MatchString(text)
}

// reveal returns the value as it is now.
func (s secret) reveal() (tokens.Secret, error) {
	if s.text == "" {
		return tokens.Secret(s.value), nil
	}
	value, err := caddy.NewReplacer().ReplaceOrErr(s.text, true, true)
	if err == nil {
		return tokens.Secret(value), nil
	}
	if name := filePlaceholder.FindString(s.text); name != "" {
		return "", fmt.Errorf("%s: the file of %s is missing, empty or not readable by this process", s.option, name)
	}
	if name := environmentPlaceholder.FindString(s.text); name != "" {
		return "", fmt.Errorf("%s: the environment variable of %s is empty or not set", s.option, name)
	}
	return "", fmt.Errorf("%s: it holds a placeholder other than {env.NAME} and {file./absolute/path}; "+
		"write \\{ where a brace belongs to the value", s.option)
}

// plain returns the value of an option that is no secret. Placeholders of
// files are left to secrets, so that provisioning reads no file.
func plain(option, text string) (string, error) {
	if !strings.Contains(text, "{") {
		return text, nil
	}
	value, err := caddy.NewReplacer().WithoutFile().ReplaceOrErr(text, true, true)
	if err != nil {
		return "", fmt.Errorf("%s: %w", option, err)
	}
	return value, nil
}
