// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package corpus

import "strings"

// An Attack is a text that is made to be slow to scan.
type Attack struct {
	Name               string
	head, repeat, tail string
}

// Attacks are slow for scanners that count, nest or look back.
var Attacks = [...]Attack{
	{Name: "lt", repeat: "<"},
	{Name: "a", repeat: "<a"},
	{Name: "img-open", repeat: "<img "},
	{Name: "img", repeat: "<img>"},
	{Name: "img-src", repeat: `<img src="https://www.onenote.com/api/">`},
	{Name: "quotes", repeat: `<p a"b='>"c'd=">` + `<img alt='"' "'>`},
	{Name: "attribute", head: `<img alt="`, repeat: "x", tail: `" src="https://www.onenote.com/api/v1.0/resources/1/$value">`},
	{Name: "comment-img", head: "<!--", repeat: "<img>-- >"},
	{Name: "dashes", head: "<!--", repeat: "-"},
	{Name: "dash-bang", head: "<!--", repeat: "--!"},
	{Name: "script-end", head: "<script>", repeat: "</scrip "},
	{Name: "script-escape", head: "<script>", repeat: "<!--<script>-->"},
	{Name: "attributes", head: "<img ", repeat: "a=b "},
	{Name: "equals", head: "<img ", repeat: "="},
	{Name: "entities", head: `<img src="`, repeat: "&amp;"},
	{Name: "named-entities", repeat: `<img src="&CounterClockwiseContourIntegral;&copy&#38">`},
	{Name: "slashes", head: "<img ", repeat: "/"},
}

// Bytes returns about n bytes of it.
func (a Attack) Bytes(n int) []byte {
	return []byte(a.head + strings.Repeat(a.repeat, max(1, (n-len(a.head)-len(a.tail))/len(a.repeat))) + a.tail)
}

// JSONAttacks are the same for JSON.
var JSONAttacks = [...]Attack{
	{Name: "brackets", repeat: "["},
	{Name: "kept", repeat: `{"title":`},
	{Name: "kept-open", head: `{"title":[`, repeat: `"\\\"",`},
	{Name: "quotes", head: "[", repeat: `"`},
	{Name: "schemes", head: "[", repeat: `"https://`},
	{Name: "hosts", head: "[", repeat: "www.onenote.com"},
	{Name: "no-end", head: `["https://www.onenote.com/api/`, repeat: "x"},
	{Name: "backslashes", head: `["https://www.onenote.com/api/`, repeat: `\\`},
	{Name: "escaped-quotes", head: `["https://www.onenote.com/api/`, repeat: `\"`},
	{Name: "urls", head: "[", repeat: `"https://www.onenote.com/api/x",`},
	{Name: "keys", head: "{", repeat: `"https://www.onenote.com/api/x" :1,`},
	{Name: "spaces", head: `{"title":`, repeat: " "},
	{Name: "comma-spaces", head: `[1,"https://www.onenote.com/api/x"`, repeat: " "},
	{Name: "not-ascii", head: `["`, repeat: "ä€😀"},
}
