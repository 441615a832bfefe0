package clock

import (
	"context"
	"time"
)

// A Sleeper wakes more exactly than SleepUntil. The runtime's poller rounds short waits up
// to a millisecond, which is longer than many reads of a database; a Sleeper on the real
// clock waits on a kernel timer instead, where there is one, and holds no thread meanwhile.
// It is not safe for concurrent use.
type Sleeper struct {
	clock Clock
	timer *kernelTimer // nil: use the clock's own sleep
}

// NewSleeper returns a sleeper on c. A clock other than the real one sleeps its own way.
func NewSleeper(c Clock) *Sleeper {
	s := &Sleeper{clock: c}
	if _, ok := c.(*realClock); ok {
		// Without a kernel timer the sleeper is only less exact, which lateness shows.
		s.timer, _ = newKernelTimer()
	}
	return s
}

// sleepSlice bounds one wait on the kernel timer, so that the end of ctx is seen in time.
const sleepSlice = 20 * time.Millisecond

// SleepUntil returns at the given time since the clock's start, or soon after ctx ends.
func (s *Sleeper) SleepUntil(ctx context.Context, at time.Duration) error {
	for s.timer != nil {
		d := at - s.clock.Now()
		if d <= 0 || ctx.Err() != nil {
			return ctx.Err()
		}
		if err := s.timer.wait(min(d, sleepSlice)); err != nil {
			s.Close()
		}
	}
	return s.clock.SleepUntil(ctx, at)
}

// Close gives the kernel timer back. The sleeper works on, less exactly.
func (s *Sleeper) Close() {
	if s.timer != nil {
		s.timer.close()
		s.timer = nil
	}
}
