// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// call is one request to an API.
type call struct {
	e        *Emulator
	w        http.ResponseWriter
	r        *http.Request
	body     body
	api      api
	version  string   // as sent
	segments []string // behind the version, decoded, keys apart
	options  options
	token    *accessToken // nil before authorize, and for public pictures
	root     root
	library  *library
}

// api is the dialect of a request.
type api int

const (
	legacy      api = iota // www.onenote.com
	graphAPI               // graph.microsoft.com
	oneDriveAPI            // api.onedrive.com
)

// serveAPI answers everything that is no identity endpoint.
func (e *Emulator) serveAPI(w http.ResponseWriter, r *http.Request, b body) {
	c := e.newCall(w, r, b)
	c.introduce()
	if r.Method == http.MethodOptions {
		c.preflight()
		return
	}
	if len(r.URL.RequestURI()) > maxURI {
		c.fail(http.StatusRequestURITooLong, "20005", "The request URI is too long. The maximum size is 16384 characters.")
		return
	}
	if b.tooLarge() {
		c.fail(http.StatusRequestEntityTooLarge, "20016", "The length of the multipart message exceeds the limit of 75 MB.")
		return
	}
	if c.version == "" {
		c.notFound()
		return
	}
	switch c.api {
	case oneDriveAPI:
		c.serveOneDrive()
	default:
		c.serveOneNote()
	}
}

// maxURI is the service's limit of a request URI (error 20005).
const maxURI = 16384

func (e *Emulator) newCall(w http.ResponseWriter, r *http.Request, b body) *call {
	c := &call{e: e, w: w, r: r, body: b, options: parseOptions(r.URL.RawQuery)}
	path, _ := wireTarget(r)
	segments := splitPath(path)
	if len(segments) > 0 && strings.EqualFold(segments[0], "api") {
		segments = segments[1:]
	} else {
		c.api = graphAPI
	}
	if len(segments) == 0 || !isVersion(segments[0]) {
		return c
	}
	c.version, c.segments = segments[0], splitKeys(segments[1:])
	if c.api == graphAPI && len(c.segments) > 0 && strings.HasPrefix(strings.ToLower(c.segments[0]), "drive") {
		c.api = oneDriveAPI
	}
	return c
}

func isVersion(s string) bool { return strings.EqualFold(s, "v1.0") || strings.EqualFold(s, "beta") }

// splitPath splits a path as sent into its decoded segments. A slash between
// single quotes belongs to a key and divides nothing.
func splitPath(path string) []string {
	var segments []string
	quoted, start := false, 0
	for i := 0; i <= len(path); i++ {
		if i < len(path) && path[i] == '\'' {
			quoted = !quoted
		}
		if i < len(path) && (path[i] != '/' || quoted) {
			continue
		}
		if segment, err := url.PathUnescape(path[start:i]); err == nil && segment != "" {
			segments = append(segments, segment)
		}
		start = i + 1
	}
	return segments
}

// splitKeys writes OData's key form name('key') as two segments, and drops
// empty parentheses and namespaces: what is left is in one form.
func splitKeys(segments []string) []string {
	var split []string
	for _, s := range segments {
		s = strings.TrimSuffix(s, "()")
		if i := strings.Index(strings.ToLower(s), "microsoft.onenote.api."); i == 0 {
			s = s[len("microsoft.onenote.api."):]
		}
		name, key, found := strings.Cut(s, "('")
		if !found || !strings.HasSuffix(key, "')") {
			split = append(split, s)
			continue
		}
		split = append(split, name, strings.ReplaceAll(strings.TrimSuffix(key, "')"), "''", "'"))
	}
	return split
}

// introduce sets what every answer carries.
func (c *call) introduce() {
	h := c.w.Header()
	id := c.r.Header.Get("X-CorrelationId")
	if !isGUID(id) {
		id = guidOf("correlation", c.e.mint.instance, strconv.Itoa(c.e.mint.next()))
	}
	if c.api == legacy {
		h.Set("X-CorrelationId", id)
	} else {
		h.Set("request-id", id)
	}
	if c.r.Header.Get("Origin") != "" {
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Expose-Headers", "Location, Operation-Location, X-CorrelationId")
	}
}

// preflight allows browsers' cross-origin requests, as the service does.
func (c *call) preflight() {
	h := c.w.Header()
	h.Set("Access-Control-Allow-Methods", "GET, POST, PATCH, PUT, DELETE, HEAD")
	h.Set("Access-Control-Allow-Headers", c.r.Header.Get("Access-Control-Request-Headers"))
	h.Set("Access-Control-Max-Age", "3600")
	c.w.WriteHeader(http.StatusOK)
}

// segment returns the i-th segment behind the root in lower case, or "".
func (c *call) segment(i int) string {
	if i >= len(c.segments) {
		return ""
	}
	return strings.ToLower(c.segments[i])
}

// allow tells whether the method is among those given, and answers if not.
func (c *call) allow(methods ...string) bool {
	for _, method := range methods {
		if c.r.Method == method || (method == http.MethodGet && c.r.Method == http.MethodHead) {
			return true
		}
	}
	c.w.Header().Set("Allow", strings.Join(methods, ", "))
	c.fail(http.StatusMethodNotAllowed, "20100", "The HTTP method is not supported for this resource.")
	return false
}

// bearer returns the token of the request (RFC 6750, section 2.1), or "".
func (c *call) bearer() string {
	scheme, token, _ := strings.Cut(c.r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// base is the address of the API, such as http://localhost:8080/api/v1.0/.
func (c *call) base() string {
	if c.api == legacy {
		return hostOf(c.r) + "/api/" + c.version + "/"
	}
	return hostOf(c.r) + "/" + c.version + "/"
}
