// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/emulator/grant"
	"github.com/caddy-onenote/caddy-onenote/emulator/person"
)

// consentPage asks the person for consent. It works without script. Its form is
// posted to the address of the page.
func (a authorization) consentPage(r *http.Request) string {
	asked := a.scope
	if a.provider == grant.AzureAD {
		asked = a.resource
	}
	var scopes strings.Builder
	for _, scope := range strings.Fields(asked) {
		scopes.WriteString("<li><code>" + html.EscapeString(scope) + "</code></li>\n")
	}
	return page("Let this app access your info?", `<h1>Let this app access your info?</h1>
<p>The app <strong>`+html.EscapeString(a.client)+`</strong> asks for:</p>
<ul class="scopes">
`+scopes.String()+`</ul>
<form method="post" action="`+html.EscapeString(r.URL.RequestURI())+`">
<label for="user">Sign in as</label>
<input id="user" name="user" value="`+html.EscapeString(string(person.Named(a.loginHint)))+`" autocomplete="off" autocapitalize="none" spellcheck="false">
<div class="actions">
<button class="primary" name="decision" value="accept">Yes</button>
<button name="decision" value="deny">No</button>
</div>
</form>`)
}

// formPostPage makes the browser post parameters to the app (OAuth 2.0 Form Post
// Response Mode). It has a button for browsers without script.
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
`+fields.String()+`<noscript><h1>Working...</h1><p>Script is disabled. Click Submit to continue.</p><button class="primary">Submit</button></noscript>
</form>
<script>document.forms[0].submit();</script>`)
}
