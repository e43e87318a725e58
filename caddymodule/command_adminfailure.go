// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/internal/netfail"
)

// refusedByServer is how AdminAPIRequest begins an error that the server sent.
const refusedByServer = "caddy responded with error: HTTP "

// otherServer is the advice where the server does not speak like Caddy's admin
// endpoint, which most often is another server or a site of this one.
const otherServer = "is that the admin endpoint? It is not the address of a site; give another with --address"

// explain makes an error of AdminAPIRequest one that says what to do. Whatever
// caused it is only in its text.
func (c adminClient) explain(err error) error {
	text, refused := strings.CutPrefix(err.Error(), refusedByServer)
	if !refused {
		return &unreachableError{fmt.Errorf("asking the server at %s: %s; %s", c.address, withoutRequest(err), adviceFor(err))}
	}
	code, body, _ := strings.Cut(text, ": ")
	status, _ := strconv.Atoi(code) // 0 where it is none, and then nothing below knows it
	var message struct {
		Error string `json:"error"`
	}
	if decodePrintable(strings.NewReader(body), &message) != nil || message.Error == "" {
		return fmt.Errorf("the server at %s responded with status %s: %s; %s", c.address, code, beginning(printableText(strings.TrimSpace(body))), otherServer)
	}
	switch status {
	case http.StatusConflict:
		return &exitError{Code: exitSigninRequired, Err: errors.New(message.Error)}
	case http.StatusForbidden:
		// Nothing of ours says 403: it is Caddy's check of Host and Origin.
		return fmt.Errorf("the admin endpoint at %s does not accept this command: %s; "+
			"write that address into origins in the admin option of the configuration, or give with --address one that stands there", c.address, message.Error)
	}
	return errors.New(message.Error)
}

// unreachableError says that there was no response of a server.
type unreachableError struct{ error }

// performing is how AdminAPIRequest begins the error of a request that got no
// response. The URL in it is none that anybody has written.
var performing = regexp.MustCompile(`^performing request: [A-Z]\w+ "[^"]*": `)

func withoutRequest(err error) string { return performing.ReplaceAllString(err.Error(), "") }

// adviceFor says where to look if the server sent no response.
func adviceFor(err error) string {
	if strings.Contains(err.Error(), "permission denied") {
		return "this user may not use that socket: run the command as the user of the server, or change the mode that the configuration gives the socket"
	}
	if netfail.KindOf(err) == netfail.DNS {
		return "look at the name in the address; give another with --address"
	}
	return "is it running, and is that its admin endpoint? Give another with --address, or with --config the configuration of the server"
}

// maxBeginning is how much is shown of a response that is not understood.
const maxBeginning = 200

func beginning(text string) string {
	if len(text) <= maxBeginning {
		return text
	}
	return strings.ToValidUTF8(text[:maxBeginning], "") + "…"
}
