// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"io/fs"
	"os"
	"runtime"
	"sync"

	"go.uber.org/zap"
)

// keyMode is the mode of a sealing key: for its owner only.
const keyMode fs.FileMode = 0o600

// fileModes reads and changes the modes of files. Tests replace it by file systems
// that they cannot mount.
type fileModes interface {
	Stat(path string) (fs.FileInfo, error)
	Chmod(path string, mode fs.FileMode) error
}

// osModes are the modes of the operating system's files.
type osModes struct{}

func (osModes) Stat(path string) (fs.FileInfo, error)     { return os.Stat(path) }
func (osModes) Chmod(path string, mode fs.FileMode) error { return os.Chmod(path, mode) }

// keyModeGuard makes sure that nobody else on the machine can read a key, as far as
// the file system lets it.
type keyModeGuard struct {
	mu     sync.Mutex
	warned fs.FileMode // the mode that a warning named; it could not be changed
}

// tighten takes a key's mode from others. The system decides the modes on shared
// folders, SMB and FAT, and in volumes with an fsGroup: there everything may look as
// if anybody could read it, for ever, and who mounted it decided who can. A key that
// was refused for that would make each sign-in end with the process, so it is used,
// and the log says what to do.
func (g *keyModeGuard) tighten(modes fileModes, path string, mode fs.FileMode, log *zap.Logger) {
	if isPrivate(mode) {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.warned == mode {
		return
	}
	err := modes.Chmod(path, keyMode)
	if info, statErr := modes.Stat(path); err == nil && statErr == nil && isPrivate(info.Mode()) {
		log.Warn("others on this machine could read the sealing key; its mode was changed to 0600. "+
			"If somebody may have read it, set encryption_key to a new key, followed by this one",
			zap.String("file", path), zap.Stringer("mode", mode))
		return
	}
	g.warned = mode
	log.Warn("others may be able to read the sealing key: the file system or its owner decides the mode of the file, and it cannot be changed. "+
		"Let only this process reach the folder, or set encryption_key to a key that is kept elsewhere",
		zap.String("file", path), zap.Stringer("mode", mode), zap.NamedError("chmod", err))
}

// isPrivate reports whether only the owner can read a file of this mode. Mode bits
// say nothing on Windows, where access lists rule.
func isPrivate(mode fs.FileMode) bool {
	return runtime.GOOS == "windows" || mode.Perm()&0o077 == 0
}
