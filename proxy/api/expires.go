// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/http"
	"strconv"
	"time"
)

// resourceExpires is how the service writes X-ResourceExpires, which says how
// long the URL of a public picture works: US style, UTC, no zone, no leading
// zeros (article "One time Authentication for Public Resource").
const resourceExpires = "1/2/2006 3:04:05 PM"

func formatResourceExpires(t time.Time) string { return t.UTC().Format(resourceExpires) }

// SetResourceExpires says in the response to a request for a local picture until when
// its URL works, if the response is the picture. As long may the client's own cache
// keep it: the URL is a key, so no other cache may.
func SetResourceExpires(res *http.Response, expires, now time.Time) {
	if !hasPicture(res) {
		return
	}
	seconds := max(int64(expires.Sub(now)/time.Second), 0)
	res.Header.Set("X-ResourceExpires", formatResourceExpires(expires))
	res.Header.Set("Cache-Control", "private, max-age="+strconv.FormatInt(seconds, 10))
	res.Header.Del("Expires")
	res.Header.Del("Pragma")
}

// PictureExpiry returns until when the URL of a local picture works that is made now. It
// is rounded up to the next quarter of the lifetime, so that one picture keeps one URL
// for a while, and a browser that has it need not ask for it again.
func PictureExpiry(now time.Time, lifetime time.Duration) time.Time {
	quarter := max(lifetime/4, time.Second)
	return now.Add(lifetime + quarter - 1).Truncate(quarter)
}

// hasPicture reports whether the response to a request for a picture is the
// picture, or says that the client has it already.
func hasPicture(res *http.Response) bool {
	return res.StatusCode < 300 || res.StatusCode == http.StatusNotModified
}
