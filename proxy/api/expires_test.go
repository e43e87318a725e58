// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/http"
	"testing"
	"time"
)

func TestPictureKeepsItsURLForAQuarterOfTheLifetime(t *testing.T) {
	noon := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for after, want := range map[time.Duration]time.Duration{
		0:                            time.Hour, // exactly on a quarter
		time.Second:                  75 * time.Minute,
		14*time.Minute + time.Second: 75 * time.Minute,
		15 * time.Minute:             75 * time.Minute,
		15*time.Minute + 1:           90 * time.Minute,
	} {
		got := PictureExpiry(noon.Add(after), time.Hour)
		if !got.Equal(noon.Add(want)) {
			t.Errorf("%s after noon: got %s, want %s after noon", after, got.Sub(noon), want)
		}
	}
	if got := PictureExpiry(noon, 2*time.Second); got.Before(noon.Add(2 * time.Second)) {
		t.Errorf("got %s, before the lifetime is over", got)
	}
}

func TestPictureMayBeCachedAsLongAsItsURLWorks(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	res := &http.Response{StatusCode: 200, Header: http.Header{"Cache-Control": {"no-cache"}, "Pragma": {"no-cache"}, "Expires": {"-1"}}}
	SetResourceExpires(res, now.Add(90*time.Minute), now)
	want := map[string]string{"Cache-Control": "private, max-age=5400", "X-Resourceexpires": "11/29/2026 1:30:00 PM", "Pragma": "", "Expires": ""}
	for name, value := range want {
		if got := res.Header.Get(name); got != value {
			t.Errorf("%s: got %q, want %q", name, got, value)
		}
	}
	missing := &http.Response{StatusCode: 404, Header: http.Header{"Cache-Control": {"no-cache"}}}
	SetResourceExpires(missing, now.Add(time.Hour), now)
	if len(missing.Header) != 1 || missing.Header.Get("Cache-Control") != "no-cache" {
		t.Errorf("got %v for a picture that does not exist, want the API's own header", missing.Header)
	}
}
