// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rawquery

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestAccessTokenIsRemovedFromTheQuery(t *testing.T) {
	tests := map[string]string{
		"":                                   "",
		"access_token=secret":                "",
		"access_token":                       "",
		"a=b&access_token=secret&c=%64":      "a=b&c=%64",
		"access_token=secret&a=b":            "a=b",
		"a=b&access_token=secret":            "a=b",
		"&a=b&&access_token=secret&":         "&a=b&&",
		"ACCESS_TOKEN=secret&a":              "a",
		"access%5Ftoken=secret&a":            "a",
		"%61ccess%5ftoken=secret&%zz":        "%zz",
		"+access_token+=secret&a":            "a",
		"a=b;access_token=secret&c":          "c",
		"a=access_token&b=c":                 "a=access_token&b=c",
		"my_access_token=x":                  "my_access_token=x",
		"access_token2=x":                    "access_token2=x",
		"filter=access_token%20eq%20'x'&a=b": "filter=access_token%20eq%20'x'&a=b",
	}
	for query, want := range tests {
		if got := WithoutAccessTokens(query); got != want {
			t.Errorf("%q: got %q, want %q", query, got, want)
		}
	}
}

func TestAccessTokensAreFound(t *testing.T) {
	for query, want := range map[string][]string{
		"":                                    nil,
		"a=access_token":                      nil,
		"access_token":                        {""},
		"a&ACCESS_TOKEN=x%2By&b=c":            {"x+y"},
		"+%61ccess%5ftoken+=x":                {"x"},
		"a=b;access_token=x&access_token=y;z": {"x", "y"},
	} {
		if got := AccessTokens(query); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", query, got, want)
		}
	}
}

// Whatever the query: no server that reads it as a form finds an access token,
// and the parameters that are left are those that were there, in order.
func FuzzAccessToken(f *testing.F) {
	for _, seed := range []string{"access_token=x", "a=b&access_token=x", "%61ccess_token=x&", "a;access_token=b", "&&", "+access_token=x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		got := WithoutAccessTokens(query)
		if found := AccessTokens(got); len(found) > 0 || (got == query) != (len(AccessTokens(query)) == 0) {
			t.Errorf("got %q from %q, in which tokens were found: %q", got, query, found)
		}
		values, _ := url.ParseQuery(got) // what can be read is read
		for name := range values {
			if strings.EqualFold(strings.TrimSpace(name), "access_token") {
				t.Errorf("got %q from %q, which still has %q", got, query, name)
			}
		}
		left := strings.Split(query, "&")
		if got != "" {
			for param := range strings.SplitSeq(got, "&") {
				for len(left) > 0 && left[0] != param {
					left = left[1:]
				}
				if len(left) == 0 {
					t.Fatalf("got %q from %q: %q was not there, or not in this order", got, query, param)
				}
				left = left[1:]
			}
		}
		if again := WithoutAccessTokens(got); again != got {
			t.Errorf("got %q from %q, want no change", again, got)
		}
	})
}
