// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package odata

import (
	"strconv"
	"strings"
	"time"
)

// token is a word, a literal in quotes, or a sign of a condition.
type token struct {
	kind tokenKind
	text string // a literal without its quotes
}

type tokenKind int

const (
	noToken tokenKind = iota
	wordToken
	textToken
	signToken
)

// tokensOf splits a condition. A word before a literal is its type, as in
// Microsoft.OneNote.Api.UserRole'Owner', and left out.
func tokensOf(text string) ([]token, error) {
	var tokens []token
	for text != "" {
		switch text[0] {
		case ' ', '\t':
			text = text[1:]
		case '(', ')', ',':
			tokens, text = append(tokens, token{signToken, text[:1]}), text[1:]
		case '\'':
			literal, rest, ok := cutLiteral(text)
			if !ok {
				return nil, errFilter
			}
			tokens, text = append(tokens, token{textToken, literal}), rest
		default:
			end := strings.IndexAny(text, " \t(),'")
			if end < 0 {
				end = len(text)
			}
			if end == len(text) || text[end] != '\'' {
				tokens = append(tokens, token{wordToken, text[:end]})
			}
			text = text[end:]
		}
	}
	return tokens, nil
}

// cutLiteral reads a literal in single quotes, in which two quotes are one.
func cutLiteral(text string) (literal, rest string, ok bool) {
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] != '\'':
			b.WriteByte(text[i])
		case i+1 < len(text) && text[i+1] == '\'':
			b.WriteByte('\'')
			i++
		default:
			return b.String(), text[i+1:], true
		}
	}
	return "", "", false
}

// literalOf returns the value of a literal without quotes.
func literalOf(word string) (any, bool) {
	switch word {
	case "true":
		return true, true
	case "false":
		return false, true
	case "null":
		return nil, true
	}
	if n, err := strconv.Atoi(word); err == nil {
		return n, true
	}
	for _, form := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(form, word); err == nil {
			return t, true
		}
	}
	return nil, false
}
