// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package appsignin

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// wantStored fails the test unless a process that starts now knows of a revocation.
func wantStored(t *testing.T, records *sharedRecords, grant string) {
	t.Helper()
	revoked, err := newNode(t, records, "secret").Revocations.has(t.Context(), grant)
	if err != nil || !revoked {
		t.Errorf("%s: got %t, %v, want it stored", grant, revoked, err)
	}
}

// Anybody with a used code could else keep the lock of the record from everybody.
func TestReplayFloodUsesTheStorageOnce(t *testing.T) {
	records := new(sharedRecords)
	n := newNode(t, records, "secret")
	for range 100 {
		n.Revocations.revoke(t.Context(), "grant")
	}
	if got := records.updated(); got != 1 {
		t.Errorf("got %d updates, want 1", got)
	}
	wantStored(t, records, "grant")
}

func TestRevocationIsStoredOnceTheStorageWorksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		records := &sharedRecords{down: true}
		n := newNode(t, records, "secret")
		for range 50 { // replays make it no faster
			n.Revocations.revoke(t.Context(), "grant")
		}
		time.Sleep(10 * time.Minute)
		if got := records.updated(); got < 10 || got > 20 {
			t.Errorf("got %d tries in ten minutes, want pauses that grow to a minute", got)
		}
		records.setDown(false)
		time.Sleep(savePauseMost)
		wantStored(t, records, "grant")
	})
}

func TestRequestsDoNotWaitForAStorageThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		records := new(sharedRecords)
		records.hang.Store(true)
		n := newNode(t, records, "secret")
		began := time.Now()
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() { n.Revocations.revoke(t.Context(), fmt.Sprint("grant", i)) })
		}
		all.Wait()
		if waited := time.Since(began); waited > saveWait {
			t.Errorf("requests waited %v, want at most %v", waited, saveWait)
		}
		records.hang.Store(false)
		time.Sleep(recordLimit + savePauseMost)
		if got := records.updated(); got != 1 {
			t.Errorf("got %d updates, want all revocations stored in one", got)
		}
		for i := range 20 {
			wantStored(t, records, fmt.Sprint("grant", i))
		}
	})
}

func TestRevocationIsStoredAtTheEnd(t *testing.T) {
	records := &sharedRecords{down: true}
	n := newNode(t, records, "secret")
	n.Revocations.revoke(t.Context(), "grant")
	records.setDown(false)
	n.Revocations.Close()
	wantStored(t, records, "grant")
	n.Revocations.revoke(t.Context(), "late") // a request that goes on
	wantStored(t, records, "late")
}

func TestServiceEndsWhileTheStorageHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		records := new(sharedRecords)
		records.hang.Store(true)
		n := newNode(t, records, "secret")
		n.Revocations.revoke(t.Context(), "grant")
		began := time.Now()
		n.Revocations.Close()
		if waited := time.Since(began); waited > recordLimit+revocationsWait {
			t.Errorf("Close waited %v", waited)
		}
	})
}
