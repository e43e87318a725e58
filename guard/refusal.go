// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/caddy-onenote/caddy-onenote/internal/netfail"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
	"github.com/caddy-onenote/caddy-onenote/proxy/picture"
)

// The refusals. Each says what is wrong and, where an operator can change that,
// which option to set. A refusal repeats what the client sent only if that is a
// plain host or origin.

// challenge makes a browser ask its user for a client key.
const challenge = `Basic realm="onenote", charset="UTF-8"`

func badPath(err error) *apierror.Error {
	return &apierror.Error{Cause: apierror.BadPath, Message: err.Error() + "."}
}

func forbiddenHost(host string) *apierror.Error {
	if host == "" {
		return &apierror.Error{
			Cause: apierror.ForbiddenHost,
			Message: "the request names no host, as old HTTP/1.0 clients do, so the proxy cannot tell for whom it is. " +
				"Send a Host field, such as Host: localhost, or the whole address in the request line.",
		}
	}
	message := "this proxy does not serve the host that the request names. If it should, add that host to the option allowed_hosts."
	if name, ok := hostname(host); ok && isHostText(name) {
		message = fmt.Sprintf("this proxy does not serve the host %s. If it should, add %s to the option allowed_hosts.", name, name)
	}
	return &apierror.Error{Cause: apierror.ForbiddenHost, Message: message}
}

func notFound(paths []string) *apierror.Error {
	message := "there is nothing at this path. "
	if len(paths) > 0 {
		message += "The API is under " + strings.Join(paths, " and ") + ". "
	}
	return &apierror.Error{Cause: apierror.NotFound, Message: message + "The status page is at /."}
}

func loopDetected() *apierror.Error {
	return &apierror.Error{
		Cause:   apierror.LoopDetected,
		Message: "the request has passed through this proxy before: " + netfail.LoopAdvice + ".",
	}
}

func methodNotAllowed(allowed methodSet) *apierror.Error {
	names := allowed.names()
	return &apierror.Error{
		Cause:   apierror.MethodNotAllowed,
		Message: "this path takes " + strings.Join(names, ", ") + " and no other method. Look at what the app sends here; most often it is meant for another path.",
		Allow:   names,
	}
}

func upgradeRefused() *apierror.Error {
	return &apierror.Error{
		Cause:   apierror.MethodNotAllowed,
		Message: "the request wants to switch to another protocol (Upgrade); the API has none. Let the app send it without the field Upgrade.",
		Allow:   proxied.names(),
	}
}

func forbiddenPicture(err error) *apierror.Error {
	message := "the URL of this picture was not written by this proxy, or was signed with a key that is no longer in use. Fetch the page again and use its URLs unchanged."
	switch {
	case errors.Is(err, picture.ErrExpired):
		message = "the URL of this picture has expired. Fetch the page again: it comes with new ones. The option image_lifetime sets how long they are valid."
	case errors.Is(err, errOtherSite):
		message = "the URL of this picture is for an account that this site does not serve. Use it at the site that wrote it."
	}
	return &apierror.Error{Cause: apierror.ForbiddenClient, Message: message}
}

func forbiddenOrigin(origin string) *apierror.Error {
	message := "the page that sent this request may not use this proxy. If it should, add its origin to the option allowed_origins."
	if isOriginText(origin) {
		message = fmt.Sprintf("pages of the origin %s may not use this proxy. If they should, add %s to the option allowed_origins.", origin, origin)
	}
	return &apierror.Error{Cause: apierror.ForbiddenOrigin, Message: message}
}

func foreignSite() *apierror.Error {
	return &apierror.Error{
		Cause: apierror.ForbiddenOrigin,
		Message: "a browser sent this request for a page of another site (Sec-Fetch-Site). " +
			"If that page should use this proxy, add its origin to the option allowed_origins and let the page send its requests with CORS.",
	}
}

func remoteSignin() *apierror.Error {
	return &apierror.Error{
		Cause: apierror.ForbiddenClient,
		Message: "signing in and out is only possible on the machine where the proxy runs: in a browser there, or with the proxy's command \"signin\". " +
			"To allow it from other machines, set the option allow_remote_signin.",
	}
}

// keyMissing refuses a client that has shown no right to be here. On a page the
// browser then asks its user for a key; on an API path it never does.
func keyMissing(c clientInfo, kind Kind) *apierror.Error {
	why := "this request does not come from this machine and has no valid client key. Set a key with the option client_key and send it"
	switch {
	case c.forwarded:
		why = "this request came through another proxy (Forwarded, X-Forwarded-*, X-Real-IP, Via or a similar field is set) and so counts as remote, " +
			"and has no valid client key. Set a key with the option client_key and send it"
	case !c.remote:
		why = "this site has client keys, and with them every client needs one, also on this machine. Send a key of the option client_key"
	}
	e := &apierror.Error{
		Cause: apierror.ForbiddenClient,
		Message: why + " as Authorization: Bearer, as Basic password or in " +
			KeyHeader + "; or add the client's network to the option trusted_peers.",
	}
	if kind == Page || kind == AppSignin {
		e.Challenge = challenge
	}
	return e
}

// grantedElsewhere makes an app sign in again: at this site, where its user shows a key.
func grantedElsewhere() *apierror.Error {
	return &apierror.Error{
		Cause: apierror.SigninRequired,
		Message: "the key of the app was handed out to somebody who had not shown a client key that this site knows. " +
			"The app has to sign in again, at this site.",
	}
}

// wrongKey refuses a key that can only be meant for us. any says that the site has some.
func wrongKey(any bool) *apierror.Error {
	advice := " is none of the keys that the option client_key holds. Correct it in the app, or remove it if the app needs none."
	if !any {
		advice = " opens nothing: this site has no client_key. Remove the field from the app's requests, or configure the key."
	}
	return &apierror.Error{Cause: apierror.ForbiddenClient, Message: "the key in " + KeyHeader + advice}
}

func otherAccount(name string) *apierror.Error {
	return &apierror.Error{
		Cause:   apierror.UnknownAccount,
		Message: fmt.Sprintf("this client may use and see one account, which is not %s. The options account and client_key say which one.", name),
	}
}

// otherSite refuses the key of an app at a site that does not serve its account.
func otherSite(account string) *apierror.Error {
	return &apierror.Error{
		Cause:   apierror.UnknownAccount,
		Message: fmt.Sprintf("the key of the app is for account %s, which this site does not serve. Let the app sign in at this site.", account),
	}
}

func unknownAccount() *apierror.Error {
	return &apierror.Error{
		Cause:   apierror.UnknownAccount,
		Message: "there is no account for this client. The options account and client_key say which one it uses.",
	}
}

func tooManyWrongKeys(wait time.Duration) *apierror.Error {
	return &apierror.Error{
		Cause:      apierror.TooManyAttempts,
		Message:    "too many wrong client keys came from this address. Correct the key that the app sends and try again after the time in Retry-After.",
		RetryAfter: wait,
	}
}

// isOriginText reports whether s reads as one origin and holds nothing else.
func isOriginText(s string) bool {
	if s == "null" {
		return true
	}
	scheme, host, ok := strings.Cut(s, "://")
	host = strings.Replace(strings.TrimPrefix(host, "["), "]", "", 1)
	return ok && isHostText(scheme) && isHostText(host)
}
