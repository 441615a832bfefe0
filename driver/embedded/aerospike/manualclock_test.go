package aerospike

import (
	"context"
	"slices"
	"sync"
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

// await waits until n are asleep, and returns until when each is, in order.
func (c *manualClock) await(n int) []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.sleeps) < n {
		c.change.Wait()
	}
	return slices.Sorted(slices.Values(c.sleeps))
}
