// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/caddy-onenote/caddy-onenote/proxy/answer"
	"github.com/caddy-onenote/caddy-onenote/proxy/picture"
)

// The refusals. Each says what is wrong and, where an operator can change it,
// what to write. What the client sent is repeated only where it is a plain
// host or origin.

// challenge asks a person's browser for a client key.
const challenge = `Basic realm="onenote", charset="UTF-8"`

func badPath(err error) *answer.Answer {
	return &answer.Answer{Cause: answer.BadPath, Message: err.Error() + "."}
}

func forbiddenHost(host string) *answer.Answer {
	name, ok := hostname(host)
	if !ok || !isHostText(name) {
		return &answer.Answer{
			Cause:   answer.ForbiddenHost,
			Message: "this proxy does not answer for the host that the request names. Hosts that it is to answer for are listed with allowed_hosts in the onenote block of the Caddyfile.",
		}
	}
	return &answer.Answer{
		Cause:   answer.ForbiddenHost,
		Message: fmt.Sprintf("this proxy does not answer for the host %s. If it is meant to, write \"allowed_hosts %s\" in the onenote block of the Caddyfile.", name, name),
	}
}

func notFound(paths []string) *answer.Answer {
	return &answer.Answer{
		Cause:   answer.NotFound,
		Message: "there is nothing at this path. The API is under " + strings.Join(paths, " and ") + "; / is the status page.",
	}
}

func loopDetected() *answer.Answer {
	return &answer.Answer{
		Cause:   answer.LoopDetected,
		Message: "the request has passed through this proxy before. The name of the API leads back to the proxy itself, by a hosts file or an HTTPS_PROXY variable: change that where the proxy runs, or write \"network_proxy none\" in the transport block of the Caddyfile.",
	}
}

func methodNotAllowed(allowed methodSet) *answer.Answer {
	names := allowed.names()
	return &answer.Answer{
		Cause:   answer.MethodNotAllowed,
		Message: "this path takes " + strings.Join(names, ", ") + " and no other method.",
		Allow:   names,
	}
}

func upgradeRefused() *answer.Answer {
	return &answer.Answer{
		Cause:   answer.MethodNotAllowed,
		Message: "the request wants to switch to another protocol (Upgrade); the API has none.",
		Allow:   proxied.names(),
	}
}

func forbiddenPicture(err error) *answer.Answer {
	if errors.Is(err, picture.ErrExpired) {
		return &answer.Answer{
			Cause:   answer.ForbiddenClient,
			Message: "the address of this picture has expired. Fetch the page again: it comes with fresh ones. For how long they work is set with image_lifetime in the onenote block of the Caddyfile.",
		}
	}
	return &answer.Answer{
		Cause:   answer.ForbiddenClient,
		Message: "the address of this picture is not as this proxy wrote it, or was signed with a key that is gone. Fetch the page again and use its addresses unchanged.",
	}
}

func forbiddenOrigin(origin string) *answer.Answer {
	if !isOriginText(origin) {
		return &answer.Answer{
			Cause:   answer.ForbiddenOrigin,
			Message: "the page that sent this request may not use the proxy. Origins that may are listed with allowed_origins in the onenote block of the Caddyfile.",
		}
	}
	return &answer.Answer{
		Cause:   answer.ForbiddenOrigin,
		Message: fmt.Sprintf("pages of %s may not use this proxy. If they are meant to, write \"allowed_origins %s\" in the onenote block of the Caddyfile.", origin, origin),
	}
}

func foreignSite() *answer.Answer {
	return &answer.Answer{
		Cause:   answer.ForbiddenOrigin,
		Message: "a browser sent this request for a page of another site (Sec-Fetch-Site). Such a page has to be listed with allowed_origins in the onenote block of the Caddyfile, and to ask with CORS.",
	}
}

func remoteSignin() *answer.Answer {
	return &answer.Answer{
		Cause:   answer.ForbiddenClient,
		Message: "signing in and out is done on the machine where the proxy runs: in a browser there, or with \"caddy onenote signin\". To allow it from elsewhere write \"allow_remote_signin\" in the onenote block of the Caddyfile.",
	}
}

// needsKey refuses a stranger. A person in front of a page is asked for a key
// by the browser; an app never is.
func needsKey(c caller, kind Kind) *answer.Answer {
	why := "this request does not come from this machine"
	if c.forwarded {
		why = "this request came through another proxy (Forwarded, X-Forwarded-*, X-Real-IP or Via is set) and so counts as remote"
	}
	a := &answer.Answer{
		Cause:   answer.ForbiddenClient,
		Message: why + " and has no valid client key. Write \"client_key <name> <key>\" in the onenote block of the Caddyfile and send the key as Authorization: Bearer, as Basic password or in " + KeyHeader + "; or list the caller's network with trusted_peers.",
	}
	if kind == Page {
		a.Challenge = challenge
	}
	return a
}

func wrongKey() *answer.Answer {
	return &answer.Answer{
		Cause:   answer.ForbiddenClient,
		Message: "the key in " + KeyHeader + " is none of the keys that are listed with client_key in the onenote block of the Caddyfile.",
	}
}

func otherAccount(name string) *answer.Answer {
	return &answer.Answer{
		Cause:   answer.UnknownAccount,
		Message: fmt.Sprintf("the client key of this request is bound to another account than %s.", name),
	}
}

func tooManyAttempts(wait time.Duration) *answer.Answer {
	return &answer.Answer{
		Cause:      answer.TooManyAttempts,
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
