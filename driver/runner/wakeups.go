package runner

import (
	"context"
	"slices"
	"time"

	"crossover/driver/clock"
)

// How the timer's resolution is measured before a run: by waits of wakeupWait, as the pacer
// waits, in the part of the run's lead that is left.
const (
	wakeupWait = 500 * time.Microsecond
	wakeupMax  = 40 // waits
)

// wakeups returns how late the pacer's timer wakes on this host, p50 and most, by waits that
// end before the given time of the clock; zeros where there was no time for one.
func wakeups(ctx context.Context, c clock.Clock, until time.Duration) (p50, most time.Duration) {
	s := clock.NewSleeper(c)
	defer s.Close()
	var late []time.Duration
	for len(late) < wakeupMax {
		at := c.Now() + wakeupWait
		if at >= until || s.SleepUntil(ctx, at) != nil {
			break
		}
		late = append(late, max(c.Now()-at, 0))
	}
	if len(late) == 0 {
		return 0, 0
	}
	slices.Sort(late)
	return late[len(late)/2], late[len(late)-1]
}
