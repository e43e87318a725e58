// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package appsignin

import (
	"net/http"
	"strings"
)

// devicePrompt is the page where a person types in the code of a device, and says whether
// that device may have a key.
type devicePrompt struct {
	Wrong   bool
	Code    string // typed in, and known
	Client  string
	Account string
	Person  string
	Done    string // what the person has decided; empty before
}

// devicePage shows the page, and takes what is typed in.
func (s *Site) devicePage(q *request) {
	signin, err := q.account.SignIn(q.r.Context())
	if err != nil {
		s.showUnavailable(q, err)
		return
	}
	if q.r.Method == http.MethodHead {
		return
	}
	if signin.ID == "" || !signin.Usable {
		s.signInFirst(q, "", "")
		return
	}
	if q.r.Method != http.MethodPost {
		s.showDevice(q, http.StatusOK, devicePrompt{})
		return
	}
	form, err := readForm(q.r)
	if err != nil || len(form.twice) > 0 {
		s.showProblem(q, http.StatusBadRequest, unreadable)
		return
	}
	s.takeUserCode(q, form, signin)
}

// takeUserCode shows what the code is of, and then does what the person decides.
func (s *Site) takeUserCode(q *request, form params, signin SignIn) {
	userCode := plainCode(form.get("code"))
	d, ok := s.Memory.deviceOf(s.Now(), userCode)
	if !ok {
		s.showDevice(q, http.StatusOK, devicePrompt{Wrong: true})
		return
	}
	prompt := devicePrompt{Code: userCode, Client: d.client, Account: q.admission.Account, Person: personOf(q.admission.Account, signin).name}
	state := devicePending
	switch form.get("decision") {
	case "allow":
		state, prompt.Done = deviceAllowed, "allowed"
	case "decline":
		state, prompt.Done = deviceDeclined, "declined"
	}
	if state != devicePending && !s.Memory.decide(s.Now(), userCode, state, q.holder(signin)) {
		prompt = devicePrompt{Wrong: true}
	}
	s.showDevice(q, http.StatusOK, prompt)
}

// plainCode returns a code as it was shown, however it was typed.
func plainCode(typed string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(typed))
}

func (s *Site) showDevice(q *request, status int, prompt devicePrompt) {
	s.render(q, "device", page{Title: "Sign in a device", Body: prompt, status: status})
}
