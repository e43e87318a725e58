// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package throttle

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/caddy-onenote/caddy-onenote/internal/testclock"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patient waits as long as a pause may be.
var patient = start.Add(time.Hour)

var start = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// A lineup is a queue in whose line requests stand one by one.
type lineup struct {
	*Queue
	clock *testclock.Clock

	mu      sync.Mutex
	changed chan int // how many wait
	served  []int
	group   sync.WaitGroup
}

func newLineup(limit int) *lineup {
	l := &lineup{clock: testclock.New(start), changed: make(chan int, 1000)}
	l.Queue = NewQueue(l.clock, limit, func(n int) { l.changed <- n })
	return l
}

// stand lets a request wait and returns once it stands in line.
func (l *lineup) stand(ctx context.Context, id int) {
	l.group.Go(func() {
		err := l.Take(ctx, patient)
		l.mu.Lock()
		defer l.mu.Unlock()
		if err == nil {
			l.served = append(l.served, id)
		}
	})
	<-l.changed
}

// next gives a slot back and waits until the next one has it.
func (l *lineup) next() {
	l.Give()
	<-l.changed
}

func TestPlacesAreServedInTheOrderOfArrival(t *testing.T) {
	l := newLineup(2)
	for range 2 {
		if err := l.Take(t.Context(), patient); err != nil {
			t.Fatal(err)
		}
	}
	for id := range 5 {
		l.stand(t.Context(), id)
	}
	for id := range 5 {
		l.next()
		for {
			l.mu.Lock()
			got := slices.Clone(l.served)
			l.mu.Unlock()
			if len(got) == id+1 {
				break
			}
			time.Sleep(time.Millisecond) // until the goroutine that was woken has noted it
		}
	}
	l.group.Wait()
	if want := []int{0, 1, 2, 3, 4}; !slices.Equal(l.served, want) {
		t.Errorf("got served in the order %v, want %v", l.served, want)
	}
}

func TestRequestThatIsGivenUpLeavesItsPlaceToTheNext(t *testing.T) {
	l := newLineup(1)
	if err := l.Take(t.Context(), patient); err != nil {
		t.Fatal(err)
	}
	gone, leave := context.WithCancelCause(t.Context())
	l.stand(gone, 1)
	l.stand(t.Context(), 2)
	left := errors.New("the client has left")
	leave(left)
	<-l.changed
	l.next()
	l.group.Wait()
	if want := []int{2}; !slices.Equal(l.served, want) {
		t.Errorf("got served %v, want %v", l.served, want)
	}
	l.Give()
	if err := l.Take(t.Context(), patient); err != nil {
		t.Errorf("got %v, want a free slot", err)
	}
}

func TestOnlySoManyMayWait(t *testing.T) {
	l := newLineup(1)
	if err := l.Take(t.Context(), patient); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	for id := range maxWaiting {
		l.stand(ctx, id)
	}
	if err := l.Take(ctx, patient); !errors.Is(err, ErrFull) {
		t.Errorf("got %v, want %v", err, ErrFull)
	}
	cancel()
	l.group.Wait()
}

func TestPauseHoldsEverybodyUntilItIsOver(t *testing.T) {
	l := newLineup(0)
	l.Pause(start.Add(10 * time.Second))
	l.Pause(start.Add(5 * time.Second)) // an earlier end changes nothing
	l.stand(t.Context(), 1)
	l.stand(t.Context(), 2)
	l.clock.Waiters(2)
	l.clock.Advance(5 * time.Second)
	l.mu.Lock()
	if len(l.served) > 0 {
		t.Errorf("got served %v in the pause", l.served)
	}
	l.mu.Unlock()
	l.Pause(start.Add(20 * time.Second))
	l.clock.Advance(5 * time.Second)
	l.clock.Waiters(2)
	l.clock.Advance(10 * time.Second)
	l.group.Wait()
	if len(l.served) != 2 {
		t.Errorf("got served %v after the pause, want both", l.served)
	}
}

func TestLimitCanBeRaised(t *testing.T) {
	l := newLineup(1)
	if err := l.Take(t.Context(), patient); err != nil {
		t.Fatal(err)
	}
	l.stand(t.Context(), 1)
	l.stand(t.Context(), 2)
	l.SetLimit(3)
	l.group.Wait()
	if len(l.served) != 2 {
		t.Errorf("got served %v, want both", l.served)
	}
}

func TestSitesOfOneAPIShareTheSmallestLimit(t *testing.T) {
	q := NewQueues(testclock.New(start), 0, nil)
	if slots := q.slotsOf("work"); slots.queue != nil {
		t.Error("a request queues without a limit")
	}
	for _, limit := range []int{5, 0, 3, 4} {
		q.Lower(limit)
	}
	if got := q.slotsOf("work").queue.limit; got != 3 {
		t.Errorf("got %d slots, want 3", got)
	}
	q.Lower(2)
	if got := q.slotsOf("work").queue.limit; got != 2 {
		t.Errorf("got %d slots after another site has come, want 2", got)
	}
}
