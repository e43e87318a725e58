// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"html"
	"net/http"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/emulator/person"
	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// devicePagePath is where people enter the code.
const devicePagePath = "/devicelogin"

// serveDevicePage lets a person enter a code and decide.
func (e *Endpoints) serveDevicePage(w http.ResponseWriter, r *http.Request, b wire.Body) {
	if r.Method != http.MethodPost {
		writePage(w, http.StatusOK, devicePage(r.URL.Query().Get("user_code"), ""))
		return
	}
	form, err := formOf(r, b)
	if err != nil {
		writePage(w, http.StatusBadRequest, devicePage("", "The form could not be read."))
		return
	}
	userCode := strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(form.Get("user_code")))
	d := e.deviceOf(func(d *deviceGrant) bool { return d.userCode == userCode })
	switch {
	case d == nil, d.decision != "", !e.now().Before(d.expires):
		writePage(w, http.StatusBadRequest, devicePage(userCode, "That code didn't work. Check the code and try again."))
	case form.Get("decision") == "accept":
		d.decision, d.grant.Account = "accept", person.Named(form.Get("user"))
		writePage(w, http.StatusOK, notice("Signed in", "You have signed in. You may now close this window."))
	case form.Get("decision") == "deny":
		d.decision = "deny"
		writePage(w, http.StatusOK, notice("Declined", "You declined. You may now close this window."))
	default:
		writePage(w, http.StatusBadRequest, devicePage(userCode, "The decision is accept or deny."))
	}
}

func devicePage(userCode, problem string) string {
	if problem != "" {
		problem = `<p class="problem" role="alert">` + html.EscapeString(problem) + "</p>\n"
	}
	return page("Enter code", `<h1>Enter code</h1>
<p>Enter the code that the app or device shows.</p>
`+problem+`<form method="post" action="`+devicePagePath+`">
<label for="code">Code</label>
<input id="code" class="code" name="user_code" value="`+html.EscapeString(userCode)+`" autocomplete="off" autocapitalize="characters" spellcheck="false">
<label for="user">Sign in as</label>
<input id="user" name="user" value="`+person.Default+`" autocomplete="off" autocapitalize="none" spellcheck="false">
<div class="actions">
<button class="primary" name="decision" value="accept">Continue</button>
<button name="decision" value="deny">Cancel</button>
</div>
</form>`)
}
