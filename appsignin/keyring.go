// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package appsignin

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
)

// marker begins all that is handed out here, so that it is recognised wherever it turns
// up. It has letters and digits only: no encoding changes it. The next letter says what
// it is.
const marker = "onpxkey1"

// The kinds of what is handed out.
const (
	accessKind  = "a"
	refreshKind = "r"
	codeKind    = "c"
	deviceKind  = "d"
)

// Keyring seals keys with secrets that are derived from the sealing keys of the proxy.
// They are read at the first use, because that may have to make or read a key file. Keys
// that are rotated later take part after a reload.
type Keyring struct {
	// Secrets returns the sealing keys: the first seals, all open.
	Secrets func() ([][]byte, error)

	made   atomic.Pointer[[]cipher.AEAD]
	making sync.Mutex
}

// keyInfo binds the derived secret to its purpose (RFC 5869 §3.2).
const keyInfo = "caddy-onenote app sign-in key v1"

func (k *Keyring) aeads() ([]cipher.AEAD, error) {
	if made := k.made.Load(); made != nil {
		return *made, nil
	}
	k.making.Lock()
	defer k.making.Unlock()
	if made := k.made.Load(); made != nil {
		return *made, nil
	}
	secrets, err := k.Secrets()
	if err != nil {
		return nil, err
	}
	if len(secrets) == 0 {
		return nil, errors.New("no sealing key")
	}
	var all []cipher.AEAD
	for _, secret := range secrets {
		aead, err := derive(secret)
		if err != nil {
			return nil, err
		}
		all = append(all, aead)
	}
	k.made.Store(&all)
	return all, nil
}

func derive(secret []byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, keyInfo, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// seal returns the text of a key.
func (k *Keyring) seal(kind string, plain []byte) (string, error) {
	all, err := k.aeads()
	if err != nil {
		return "", err
	}
	prefix := marker + kind
	return prefix + base64.RawURLEncoding.EncodeToString(all[0].Seal(nil, nil, plain, []byte(prefix))), nil
}

// errNotOurs means that a text is no key that was made here.
var errNotOurs = errors.New("not a key of this proxy")

// open returns what was sealed.
func (k *Keyring) open(kind, text string) ([]byte, error) {
	prefix := marker + kind
	encoded, ok := strings.CutPrefix(text, prefix)
	if !ok || len(text) > maxParam {
		return nil, errNotOurs
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil || strings.ContainsAny(encoded, "\r\n") {
		return nil, errNotOurs
	}
	all, err := k.aeads()
	if err != nil {
		return nil, err
	}
	for _, aead := range all {
		if plain, err := aead.Open(nil, nil, sealed, []byte(prefix)); err == nil {
			return plain, nil
		}
	}
	return nil, errNotOurs
}
