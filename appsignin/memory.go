// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package appsignin

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"maps"
	"net/http"
	"sync"
	"time"
)

const (
	codeLife   = time.Minute      // of an authorization code
	replayLife = time.Hour        // how long a used code is recognised
	deviceLife = 15 * time.Minute // of a device code
	resumeLife = 30 * time.Minute // how long a person may take to sign in first

	// Asking for an entry costs nothing, so each kind is bounded, and who comes too late
	// is refused: else strangers could drop what others are about to use. Clients on this
	// machine have a half of their own; of the other half each address gets a share.
	maxLocal  = 512
	maxRemote = 512
	maxShare  = 64

	// maxUsed bounds the used codes; the oldest are dropped.
	maxUsed = 1024
)

// errFull means that there is no room for one more entry of a client.
var errFull = &oauthError{code: "temporarily_unavailable", number: 90033, status: http.StatusTooManyRequests,
	text: "Too many apps are signing in at the moment, at this proxy or from this address. Try again in a minute."}

// Memory has the codes that were handed out and not used yet. It holds data only, no
// account, storage or clock, so it outlives configurations. The zero value is ready.
type Memory struct {
	mu      sync.Mutex
	codes   table[code]
	devices table[device]
	resumes table[resume]

	// Codes that gave keys, so that a replay is recognised. They are bounded by
	// themselves: asking for new codes drops none of them.
	usedCodes   table[code]
	usedDevices table[device]
}

// grant is what an app has been granted.
type grant struct {
	Holder    // empty until a person has allowed a device
	id        string
	client    string
	scope     string
	resource  string
	nonce     string
	refreshes bool // a refresh token comes with it
}

// code is an authorization code.
type code struct {
	grant
	redirectURI string
	challenge   string
	plain       bool // the challenge is the verifier itself
}

// device is a device code.
type device struct {
	grant
	userCode string
	state    deviceState
}

type deviceState int

const (
	devicePending deviceState = iota
	deviceAllowed
	deviceDeclined
)

// newSecret returns a text that nobody can guess.
func newSecret(kind string) string { return marker + kind + rand.Text() + rand.Text() }

// table is a bounded map from secrets to entries. It keeps hashes of the secrets, so a
// lookup tells nothing by the time it takes.
type table[T any] struct {
	entries map[[sha256.Size]byte]*entry[T]
}

type entry[T any] struct {
	value     T
	from      string // Admission.Client of who has asked for it
	began     time.Time
	life      time.Duration
	expires   time.Time
	redeeming bool // a request is under way that may use it up
}

// redeem keeps an entry until its request has ended, however long that takes.
func (e *entry[T]) redeem(now time.Time) {
	e.redeeming = true
	e.expires = now.Add(replayLife)
}

// outcome is how a redemption has ended.
type outcome int

const (
	gaveKeys outcome = iota // a replay revokes them
	refused                 // for good: the code is used up, and has given nothing
	failed                  // for a reason that may pass: the code can be used again
)

// settle ends a redemption. Only what gave keys goes to the used ones.
func (t *table[T]) settle(now time.Time, used *table[T], secret string, o outcome) {
	key := sha256.Sum256([]byte(secret))
	e := t.entries[key]
	if e == nil {
		return
	}
	if o == failed {
		e.redeeming = false
		e.expires = e.began.Add(e.life)
		return
	}
	delete(t.entries, key)
	if o == gaveKeys {
		used.keep(now, secret, e.value)
	}
}

// add adds an entry of a client; false where the client has no room for it.
func (t *table[T]) add(now time.Time, from, secret string, value T, life time.Duration) bool {
	t.sweep(now)
	if !t.hasRoom(from) {
		return false
	}
	t.put(secret, &entry[T]{value: value, from: from, began: now, life: life, expires: now.Add(life)})
	return true
}

// hasRoom reports whether a client may have one more entry.
func (t *table[T]) hasRoom(from string) bool {
	remote, own := 0, 0
	for _, e := range t.entries {
		if e.from != "" {
			remote++
		}
		if e.from == from {
			own++
		}
	}
	if from == "" {
		return own < maxLocal
	}
	return own < maxShare && remote < maxRemote
}

// keep adds a used entry, and drops the oldest where there are too many.
func (t *table[T]) keep(now time.Time, secret string, value T) {
	t.sweep(now)
	if len(t.entries) >= maxUsed {
		t.dropOldest()
	}
	t.put(secret, &entry[T]{value: value, began: now, expires: now.Add(replayLife)})
}

func (t *table[T]) put(secret string, e *entry[T]) {
	if t.entries == nil {
		t.entries = make(map[[sha256.Size]byte]*entry[T])
	}
	t.entries[sha256.Sum256([]byte(secret))] = e
}

// find returns an entry that has not expired; nil for none.
func (t *table[T]) find(now time.Time, secret string) *entry[T] {
	e := t.entries[sha256.Sum256([]byte(secret))]
	if e == nil || !now.Before(e.expires) {
		return nil
	}
	return e
}

// sweep drops what has expired.
func (t *table[T]) sweep(now time.Time) {
	maps.DeleteFunc(t.entries, func(_ [sha256.Size]byte, e *entry[T]) bool { return !now.Before(e.expires) })
}

func (t *table[T]) dropOldest() {
	var oldest [sha256.Size]byte
	var began time.Time
	for key, e := range t.entries {
		if began.IsZero() || e.began.Before(began) {
			oldest, began = key, e.began
		}
	}
	delete(t.entries, oldest)
}

// addCode returns a new code for a client, or errFull.
func (m *Memory) addCode(now time.Time, from string, c code) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	secret := newSecret(codeKind)
	if !m.codes.add(now, from, secret, c, codeLife) {
		return "", errFull
	}
	return secret, nil
}

// Why a code cannot be redeemed.
var (
	errUnknownCode = errors.New("the code is unknown or has expired")
	errUsedCode    = errors.New("the code was redeemed before")
	errBusyCode    = errors.New("another request is redeeming the code")
)

// redeem begins a redemption if accept returns no error; settle ends it. A used code is
// returned with errUsedCode, to a request that accept lets pass: who does not know what the
// code is bound to cannot revoke what it gave. While a redemption is under way, another one
// gets errBusyCode: the first may still fail, and then nothing was given.
func (m *Memory) redeem(now time.Time, secret string, accept func(code) error) (code, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, used := m.codes.find(now, secret), m.usedCodes.find(now, secret)
	switch {
	case used != nil:
		e = used
	case e == nil:
		return code{}, errUnknownCode
	}
	if err := accept(e.value); err != nil {
		return code{}, err
	}
	switch {
	case used != nil:
		return e.value, errUsedCode
	case e.redeeming:
		return code{}, errBusyCode
	}
	e.redeem(now)
	return e.value, nil
}

// settle ends the redemption of a code or device code.
func (m *Memory) settle(now time.Time, secret string, o outcome) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.codes.settle(now, &m.usedCodes, secret, o)
	m.devices.settle(now, &m.usedDevices, secret, o)
}

// userCodeLetters are letters that are not mistaken for each other, and spell no words.
const userCodeLetters = "BCDFGHJKLMNPQRSTVWXZ"

// newUserCode returns a code that a person can type.
func newUserCode() string {
	b := make([]byte, 9)
	for i := range b {
		b[i] = userCodeLetters[randomBelow(len(userCodeLetters))]
	}
	return string(b)
}

// randomBelow returns an unbiased random number below n, which is at most 256.
func randomBelow(n int) int {
	var b [1]byte
	for {
		rand.Read(b[:]) // it never fails
		if int(b[0]) < 256-256%n {
			return int(b[0]) % n
		}
	}
}

// addDevice returns new codes for the device of a client, or errFull.
func (m *Memory) addDevice(now time.Time, from string, d device) (deviceCode, userCode string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d.userCode = newUserCode()
	deviceCode = newSecret(deviceKind)
	if !m.devices.add(now, from, deviceCode, d, deviceLife) {
		return "", "", errFull
	}
	return deviceCode, d.userCode, nil
}

// deviceOf returns the device that waits for that user code.
func (m *Memory) deviceOf(now time.Time, userCode string) (device, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.findUserCode(now, userCode)
	if e == nil {
		return device{}, false
	}
	return e.value, true
}

// findUserCode finds the entry. The lock is held.
func (m *Memory) findUserCode(now time.Time, userCode string) *entry[device] {
	for _, e := range m.devices.entries {
		if e.value.userCode == userCode && userCode != "" && e.value.state == devicePending && now.Before(e.expires) {
			return e
		}
	}
	return nil
}

// decide notes what the person has decided. It reports false where nothing waits.
func (m *Memory) decide(now time.Time, userCode string, state deviceState, by Holder) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.findUserCode(now, userCode)
	if e == nil {
		return false
	}
	e.value.state, e.value.Holder = state, by
	return true
}

// poll returns the device of a device code. Once a person has allowed it, that begins a
// redemption, as Memory.redeem does. A device is told once that it was declined.
func (m *Memory) poll(now time.Time, secret, client string) (device, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, used := m.devices.find(now, secret), m.usedDevices.find(now, secret)
	switch {
	case used != nil:
		e = used
	case e == nil:
		return device{}, errUnknownCode
	}
	switch {
	case e.value.client != client:
		return device{}, errOtherClient
	case used != nil:
		return e.value, errUsedCode
	case e.redeeming:
		return device{}, errBusyCode
	}
	switch e.value.state {
	case deviceAllowed:
		e.redeem(now)
	case deviceDeclined:
		m.devices.settle(now, nil, secret, refused)
	}
	return e.value, nil
}

// resume is an app's request that waits for a person to sign in.
type resume struct {
	address string // relative to our base
	source  string // where the app is sent in the end; see formSource
}

// addResume keeps a request of a client, and returns its id; empty where there is no room.
func (m *Memory) addResume(now time.Time, from string, r resume) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	id := rand.Text()
	if !m.resumes.add(now, from, id, r, resumeLife) {
		return ""
	}
	return id
}

// Resume returns the relative address, from our base, at which an app's request goes on
// that waits for a person to sign in, and where the app is sent in the end, as a source of
// a Content-Security-Policy. Both are empty where none waits.
func (m *Memory) Resume(now time.Time, id string) (address, source string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.resumes.find(now, id); e != nil {
		return e.value.address, e.value.source
	}
	return "", ""
}
