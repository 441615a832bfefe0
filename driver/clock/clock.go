// Package clock is the only place that reads the time or sleeps.
package clock

import (
	"context"
	"sync"
	"time"
)

// A Clock measures from its start. A virtual clock never blocks.
type Clock interface {
	// Now returns the time since the clock's start; it never goes back.
	Now() time.Duration
	// SleepUntil returns at the given time since the clock's start, or when ctx ends.
	SleepUntil(ctx context.Context, at time.Duration) error
	// Wall returns the wall-clock time that belongs to a reading of Now.
	Wall(at time.Duration) time.Time
}

// Real returns a clock that starts now.
func Real() Clock { return &realClock{start: time.Now()} }

type realClock struct {
	start  time.Time
	timers sync.Pool // of *time.Timer, stopped
}

func (c *realClock) Now() time.Duration { return time.Since(c.start) }

func (c *realClock) Wall(at time.Duration) time.Time { return c.start.Add(at) }

func (c *realClock) SleepUntil(ctx context.Context, at time.Duration) error {
	d := at - c.Now()
	if d <= 0 {
		return ctx.Err()
	}
	t, ok := c.timers.Get().(*time.Timer)
	if ok {
		t.Reset(d)
	} else {
		t = time.NewTimer(d)
	}
	var err error
	select {
	case <-ctx.Done():
		err = ctx.Err()
	case <-t.C:
	}
	t.Stop() // nothing that it sent meanwhile is received after a Reset (package time, since Go 1.23)
	c.timers.Put(t)
	return err
}

// Virtual is a clock that moves only when told, or by sleeping. It is safe for concurrent
// use; a sleep moves it forward and returns at once.
type Virtual struct {
	mu    sync.Mutex
	now   time.Duration
	start time.Time
}

// NewVirtual returns a virtual clock whose zero is the given wall time.
func NewVirtual(start time.Time) *Virtual { return &Virtual{start: start} }

// Now returns the virtual time.
func (c *Virtual) Now() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Wall returns the wall-clock time at a virtual time.
func (c *Virtual) Wall(at time.Duration) time.Time { return c.start.Add(at) }

// Advance moves the clock forward by d.
func (c *Virtual) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now += d
}

// SleepUntil moves the clock to at if that lies ahead.
func (c *Virtual) SleepUntil(ctx context.Context, at time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at > c.now {
		c.now = at
	}
	return ctx.Err()
}

var (
	_ Clock = (*realClock)(nil)
	_ Clock = (*Virtual)(nil)
)
