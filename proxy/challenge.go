// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
)

// maxClaims bounds the claims that are taken from a challenge, in bytes as
// they are encoded. Those of Conditional Access have a few hundred.
const maxClaims = 8 << 10

// claimsOf returns the claims that a 401 asks for (continuous access
// evaluation), decoded, or nothing:
//
//	WWW-Authenticate: Bearer authorization_uri="…", error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOns…"
//
// They go into the next token request. What is not a JSON object is ignored: the
// header comes from the network.
func claimsOf(h http.Header) string {
	for _, value := range h["Www-Authenticate"] {
		for _, c := range parseChallenges(value) {
			if !strings.EqualFold(c.scheme, "Bearer") || c.params["error"] != "insufficient_claims" {
				continue
			}
			if claims := decodeClaims(c.params["claims"]); claims != "" {
				return claims
			}
		}
	}
	return ""
}

// decodeClaims decodes any spelling of base64: examples show all of them.
func decodeClaims(s string) string {
	if len(s) > maxClaims {
		return ""
	}
	s = strings.TrimRight(s, "=")
	s = strings.NewReplacer("-", "+", "_", "/").Replace(s)
	b, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil || len(b) == 0 || b[0] != '{' || !json.Valid(b) {
		return ""
	}
	return string(b)
}

// A challenge is one challenge of a WWW-Authenticate header (RFC 9110 §11.6.1).
type challenge struct {
	scheme string
	params map[string]string // names in lower case
}

// parseChallenges reads the challenges of one header value, as far as it can.
func parseChallenges(value string) []challenge {
	var all []challenge
	s := challengeScanner{rest: value}
	for {
		name := s.token()
		if name == "" {
			return all
		}
		if v, ok := s.value(); ok && len(all) > 0 {
			last := all[len(all)-1].params
			name = strings.ToLower(name)
			if _, twice := last[name]; !twice {
				last[name] = v
			}
			continue
		}
		all = append(all, challenge{scheme: name, params: make(map[string]string)})
	}
}

type challengeScanner struct{ rest string }

// token skips separators and reads a name; "" at the end.
func (s *challengeScanner) token() string {
	s.rest = strings.TrimLeft(s.rest, " \t,")
	end := strings.IndexAny(s.rest, " \t,=\"")
	if end < 0 {
		end = len(s.rest)
	}
	if end == 0 && s.rest != "" {
		s.rest = "" // a stray = or quote: nothing after it can be trusted
	}
	name := s.rest[:end]
	s.rest = s.rest[end:]
	return name
}

// value reads what follows a name where it is "= value".
func (s *challengeScanner) value() (string, bool) {
	after := strings.TrimLeft(s.rest, " \t")
	if !strings.HasPrefix(after, "=") {
		return "", false
	}
	s.rest = strings.TrimLeft(after[1:], " \t")
	if strings.HasPrefix(s.rest, `"`) {
		return s.quoted(), true
	}
	end := strings.IndexAny(s.rest, " \t,")
	if end < 0 {
		end = len(s.rest)
	}
	v := s.rest[:end]
	s.rest = s.rest[end:]
	return v, true
}

// quoted reads a quoted string (RFC 9110 §5.6.4).
func (s *challengeScanner) quoted() string {
	var b strings.Builder
	for i := 1; i < len(s.rest); i++ {
		switch c := s.rest[i]; {
		case c == '"':
			s.rest = s.rest[i+1:]
			return b.String()
		case c == '\\' && i+1 < len(s.rest):
			i++
			b.WriteByte(s.rest[i])
		default:
			b.WriteByte(c)
		}
	}
	s.rest = ""
	return b.String()
}
