// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"time"
)

// Locks of a file storage are files, which the holder rewrites every five seconds.
// A power loss can leave one of NUL bytes, which no lock code understands; a clock
// that was set back makes one that never gets old. Both would stop the account for
// ever. In other storages nothing is known of a lock.

// fileStorage is a storage whose keys are files, such as Caddy's own.
type fileStorage interface {
	Filename(key string) string
}

func (a *Account) lockKey() string { return "locks/" + a.lockName() + ".lock" }

// lockFile returns the content of the lock file; nil where there is none, or where
// locks are no files. It is read again while its holder is rewriting it.
func (a *Account) lockFile(ctx context.Context) []byte {
	content, _ := a.readLockFile(ctx)
	return content
}

// readLockFile is lockFile with the error of the storage.
func (a *Account) readLockFile(ctx context.Context) (content []byte, err error) {
	if _, ok := a.storage.(fileStorage); !ok {
		return nil, nil
	}
	for range lockFileTries {
		content, err = a.storage.Load(ctx, a.lockKey())
		if err != nil {
			return nil, err
		}
		if json.Valid(content) {
			break
		}
		time.Sleep(lockFilePause)
	}
	return content, nil
}

// How long a lock file is read again that does not make sense: its holder may be
// writing it, on a slow disk or a busy machine.
const (
	lockFileTries = 20
	lockFilePause = 5 * time.Millisecond
)

// lockOwner returns what tells the holder of a lock file from the next: when it was
// created. It is empty where the content says nothing.
func lockOwner(content []byte) string {
	var l struct {
		Created string `json:"created"`
	}
	if json.Unmarshal(content, &l) != nil {
		return ""
	}
	return l.Created
}

// longestHold is longer than any process that runs may have the lock.
const longestHold = refreshLimit + time.Minute

// watchedLock is a lock that was waited for in vain.
type watchedLock struct {
	owner string
	since time.Time
}

// removeAbandonedLock deletes a lock file that nobody needs: it cannot be decoded and
// is old; it is what it was before a long wait for it; or it has had one owner for
// longer than any may. The last one happens where a process ends with the lock: the
// storage in another, which had it shortly before, may keep it alive.
func (a *Account) removeAbandonedLock(ctx context.Context, before []byte, waited time.Duration) bool {
	s, ok := a.storage.(fileStorage)
	if !ok {
		return false
	}
	info, err := os.Stat(s.Filename(a.lockKey()))
	content := a.lockFile(ctx)
	if err != nil || len(content) == 0 {
		return false
	}
	abandoned := false
	switch {
	case !json.Valid(content):
		abandoned = a.clock.Now().Sub(info.ModTime()).Abs() > lockTrust
	case bytes.Equal(content, before):
		abandoned = waited > lockTrust
	default:
		abandoned = a.hadForLong(lockOwner(content))
	}
	if !abandoned {
		return false
	}
	a.log.Warn("removing the storage lock of an account: nobody keeps it alive")
	return a.storage.Delete(ctx, a.lockKey()) == nil
}

// hadForLong notes that the lock is somebody's, and reports whether it has been for
// too long. The caller has writer.
func (a *Account) hadForLong(owner string) bool {
	now := a.clock.Now()
	if w := a.state.watched; w != nil && w.owner == owner {
		return now.Sub(w.since) > longestHold
	}
	a.state.watched = &watchedLock{owner, now}
	return false
}
