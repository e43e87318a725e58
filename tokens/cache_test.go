// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// bubble is an account in a bubble of package synctest, whose provider is slow.
func bubble(t *testing.T, storage Storage, slow time.Duration) (*Account, *Cache) {
	c := oauth.Config{Name: "default", ClientID: "client"}
	c.Complete()
	cache := NewCache()
	a := NewAccount(Options{
		Config: c, Cache: cache, Storage: storage, Keys: FixedKeys{make([]byte, KeySize)}, Logger: zap.NewNop(),
		Client: oauth.NewHTTPClient(transportFunc(func(req *http.Request) (*http.Response, error) {
			select {
			case <-time.After(slow):
				return tokenResponse(req, 200, `{"access_token":"fresh","refresh_token":"RT2","expires_in":3600}`), nil
			case <-req.Context().Done():
				return nil, req.Context().Err()
			}
		})),
	})
	now := time.Now()
	g := &oauth.Grant{AccessToken: "t", RefreshToken: "RT1", ObtainedAt: now, Expiry: now.Add(time.Hour)}
	if err := a.Adopt(context.Background(), g, false); err != nil {
		t.Fatal(err)
	}
	return a, cache
}

func TestStopWaitsForIdentityRequest(t *testing.T) {
	storage := lostLock{&certmagic.FileStorage{Path: t.TempDir()}}
	synctest.Test(t, func(t *testing.T) {
		a, cache := bubble(t, storage, oauth.RequestTimeout-time.Second)
		done := make(chan error, 1)
		go func() { done <- a.ForceRefresh(context.Background()) }()
		synctest.Wait()
		cache.Close()
		if err := <-done; err != nil {
			t.Errorf("the refresh was interrupted: %v", err)
		}
		rec := new(record)
		value := load(t, storage, RecordKey("default"))
		if _, err := openRecord(a.keys, a.key, a.fingerprint, value, rec); err != nil || rec.RefreshToken != "RT2" {
			t.Errorf("got refresh token %q in the storage, %v, want RT2", rec.RefreshToken, err)
		}
	})
}

func TestStopDoesNotWaitForLock(t *testing.T) {
	storage := lostLock{&certmagic.FileStorage{Path: t.TempDir()}}
	synctest.Test(t, func(t *testing.T) {
		a, cache := bubble(t, storage, 0)
		a.state.writer <- struct{}{}
		done := make(chan error, 1)
		go func() { done <- a.ForceRefresh(context.Background()) }()
		synctest.Wait()
		began := time.Now()
		cache.Close()
		if waited := time.Since(began); waited != 0 {
			t.Errorf("the stop waited %v for a refresh that had sent nothing", waited)
		}
		wantFailure(t, <-done, oauth.Transient, "storage_lock")
	})
}
