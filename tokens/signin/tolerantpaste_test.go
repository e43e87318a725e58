// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin_test

import (
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// TestPasteTakesAddressAsProgramsWriteIt: browsers leave the scheme out, mail programs
// and chats put the address in quotes or brackets and break it into lines.
func TestPasteTakesAddressAsProgramsWriteIt(t *testing.T) {
	half := func(s, with string) string { return s[:len(s)/2] + with + s[len(s)/2:] }
	for name, write := range map[string]func(string) string{
		"no scheme":           func(s string) string { _, s, _ = strings.Cut(s, "://"); return s },
		"quotes":              func(s string) string { return `"` + s + `"` },
		"single quotes":       func(s string) string { return `'` + s + `'` },
		"typographic quotes":  func(s string) string { return "\u201c" + s + "\u201d" },
		"backquotes":          func(s string) string { return "`" + s + "`" },
		"angle brackets":      func(s string) string { return "<" + s + ">" },
		"RFC 3986 appendix C": func(s string) string { return "<URL:" + s + ">" },
		"wrapped":             func(s string) string { return half(s, "\n") },
		"wrapped by a mail":   func(s string) string { return " <" + half(s, "\r\n  ") + ">\r\n" },
		"wrapped into spaces": func(s string) string { return half(s, " ") },
		"zero width space":    func(s string) string { return "\u200b" + half(s, "\u200b") },
		"byte order mark":     func(s string) string { return "\ufeff" + s },
		"escaped for HTML":    func(s string) string { return strings.ReplaceAll(s, "&", "&amp;") },
		"all of it": func(s string) string {
			_, s, _ = strings.Cut(s, "://")
			return "\t\u00ab<" + half(strings.ReplaceAll(s, "&", "&amp;"), "\r\n") + ">\u00bb\n"
		},
	} {
		for _, config := range []oauth.Config{{RedirectURI: oauth.DesktopRedirect}, {}} {
			t.Run(name+" "+config.RedirectURI, func(t *testing.T) {
				s := newSite(t, config)
				b := newBrowser(t)
				s.begin(b, "default")
				address := s.response(b)
				b.open(s.url("/"))
				paste(b, "default", write(address))
				s.wantState("default", tokens.Ready)
			})
		}
	}
}

func TestPasteTakesAnyNameOfLoopback(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "[::1]", "LOCALHOST", "127.0.0.5"} {
		s := newSite(t, oauth.Config{})
		b := newBrowser(t)
		s.begin(b, "default")
		address := strings.Replace(s.response(b), "localhost", host, 1)
		b.open(s.url("/"))
		paste(b, "default", address)
		s.wantState("default", tokens.Ready)
	}
}
