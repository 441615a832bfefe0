package clock

import (
	"context"
	"testing"
	"time"
)

// A lateWaker wakes late by the same time after every sleep.
type lateWaker struct {
	*Virtual
	by time.Duration
}

func (l lateWaker) SleepUntil(ctx context.Context, at time.Duration) error {
	return l.Virtual.SleepUntil(ctx, at+l.by)
}

func TestWakeups(t *testing.T) {
	const by = 300 * time.Microsecond
	c := lateWaker{NewVirtual(time.Unix(0, 0)), by}
	if p50, p99, most := Wakeups(t.Context(), c, 10*time.Millisecond); p50 != by || p99 != by || most != by {
		t.Errorf("p50 %v, p99 %v, most %v, want %v", p50, p99, most, by)
	}
	if now := c.Now(); now > 10*time.Millisecond+by || now < 5*time.Millisecond {
		t.Errorf("it went on until %v", now)
	}
	if p50, _, most := Wakeups(t.Context(), c, c.Now()); p50 != 0 || most != 0 {
		t.Errorf("no time for a wait: %v, %v", p50, most)
	}
	before := c.Now()
	Wakeups(t.Context(), c, before+time.Hour)
	if took := c.Now() - before; took != wakeupMax*(WakeupWait+by) {
		t.Errorf("it took %v of the hour that it was given", took)
	}
}
