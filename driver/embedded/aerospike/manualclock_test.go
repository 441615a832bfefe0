package aerospike

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"
)

// A manualClock moves only when it is told; a sleep waits for that. Unlike clock.Virtual it
// keeps several sleepers apart, and tells how many there are.
type manualClock struct {
	mu     sync.Mutex
	change *sync.Cond
	now    time.Duration
	sleeps []time.Duration // of those asleep: until when
}

func newManualClock() *manualClock {
	c := &manualClock{}
	c.change = sync.NewCond(&c.mu)
	return c
}

func (c *manualClock) Now() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *manualClock) Wall(at time.Duration) time.Time {
	return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC).Add(at)
}

func (c *manualClock) SleepUntil(ctx context.Context, at time.Duration) error {
	stop := context.AfterFunc(ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.change.Broadcast()
	})
	defer stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	if at <= c.now {
		return ctx.Err()
	}
	c.sleeps = append(c.sleeps, at)
	c.change.Broadcast()
	for c.now < at && ctx.Err() == nil {
		c.change.Wait()
	}
	if i := slices.Index(c.sleeps, at); c.now < at && i >= 0 {
		c.sleeps = slices.Delete(c.sleeps, i, i+1)
	}
	return ctx.Err()
}

// advance moves the clock forward.
func (c *manualClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now += d
	c.sleeps = slices.DeleteFunc(c.sleeps, func(at time.Duration) bool { return at <= c.now })
	c.change.Broadcast()
}

// hang is when a test that waits for what does not come gives up.
const hang = 20 * time.Second

// await waits until n are asleep, and returns until when each is, in order.
func (c *manualClock) await(t testing.TB, n int) []time.Duration {
	t.Helper()
	hung := false
	watch := time.AfterFunc(hang, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		hung = true
		c.change.Broadcast()
	})
	defer watch.Stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.sleeps) < n && !hung {
		c.change.Wait()
	}
	if len(c.sleeps) < n {
		t.Fatalf("%d wait for the clock, want %d", len(c.sleeps), n)
	}
	return slices.Sorted(slices.Values(c.sleeps))
}

// receive returns what comes from a channel, and fails the test if nothing does.
func receive[T any](t testing.TB, from <-chan T) T {
	t.Helper()
	watch := time.NewTimer(hang)
	defer watch.Stop()
	select {
	case v := <-from:
		return v
	case <-watch.C:
		t.Fatal("nothing came")
		panic("unreachable")
	}
}
