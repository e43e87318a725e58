// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
)

// maxForm bounds a form. The longest one is a response of the provider with a code
// and an id token, some 10 KiB.
const maxForm = 64 << 10

// errForm means that a request has no readable form.
var errForm = errors.New("the request has no form that can be read")

// readForm returns the fields of a POST. The query is ignored: a link must not be
// able to fill in a form. A POST without a body has no fields.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if err != nil {
		return nil, errForm
	}
	if len(body) == 0 {
		return url.Values{}, nil
	}
	if !isForm(r) {
		return nil, errForm
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, errForm
	}
	return values, nil
}

// allowedForm returns the form of a client that may sign in and out, or refuses it.
func (p *Pages) allowedForm(q *pageRequest) (form url.Values, ok bool) {
	if !q.access.MaySignIn {
		p.refuse(q, notAllowed)
		return nil, false
	}
	form, err := readForm(q.w, q.r)
	if err != nil {
		p.refuse(q, unreadable)
		return nil, false
	}
	return form, true
}

// peekForm returns the fields of a POST and puts its body back.
func peekForm(r *http.Request) url.Values {
	if r.Body == nil || !isForm(r) {
		return nil
	}
	head, err := io.ReadAll(io.LimitReader(r.Body, maxForm+1))
	r.Body = putBack{io.MultiReader(bytes.NewReader(head), r.Body), r.Body}
	if err != nil || len(head) > maxForm {
		return nil
	}
	values, err := url.ParseQuery(string(head))
	if err != nil {
		return nil
	}
	return values
}

// putBack is a body whose beginning was read already.
type putBack struct {
	io.Reader
	io.Closer
}

func isForm(r *http.Request) bool {
	t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && t == "application/x-www-form-urlencoded"
}
