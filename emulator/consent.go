// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// consentPage asks the person at the browser. It works without script; the
// form goes to the very address that it came from.
func (a authorization) consentPage(r *http.Request) string {
	asked := a.scope
	if a.provider == azureAD {
		asked = a.resource
	}
	return page("Let this app access your info?", `<h1>Let this app access your info?</h1>
<p><strong>`+html.EscapeString(a.client)+`</strong> asks for `+html.EscapeString(asked)+`.</p>
<form method="post" action="`+html.EscapeString(r.URL.RequestURI())+`">
<p><label>Sign in as <input name="user" value="`+html.EscapeString(string(accountNamed(a.loginHint)))+`"></label></p>
<p><button name="decision" value="accept">Yes</button>
<button name="decision" value="deny">No</button></p>
</form>
<p>This is the emulator: no password is asked for, and no real account is touched.</p>`)
}

// formPostPage makes the browser post parameters to the app (OAuth 2.0 Form
// Post Response Mode). Without script there is a button.
func formPostPage(to string, v url.Values) string {
	var fields strings.Builder
	names := make([]string, 0, len(v))
	for name := range v {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fields.WriteString(`<input type="hidden" name="` + html.EscapeString(name) + `" value="` + html.EscapeString(v.Get(name)) + "\">\n")
	}
	return page("Working...", `<form method="post" action="`+html.EscapeString(to)+`">
`+fields.String()+`<noscript><p>Script is disabled. Click Submit to continue.</p><button>Submit</button></noscript>
</form>
<script>document.forms[0].submit();</script>`)
}
