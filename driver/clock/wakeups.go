package clock

import (
	"context"
	"slices"
	"time"
)

// How a timer's resolution is measured: by waits of WakeupWait, at most wakeupMax of them.
const (
	WakeupWait = 500 * time.Microsecond
	wakeupMax  = 200
)

// Wakeups returns how late a Sleeper on c wakes on this host, in percentiles and at most, by
// waits of WakeupWait that end before the given time of the clock; zeros where there was no
// time for one.
func Wakeups(ctx context.Context, c Clock, until time.Duration) (p50, p99, most time.Duration) {
	s := NewSleeper(c)
	defer s.Close()
	var late []time.Duration
	for len(late) < wakeupMax {
		at := c.Now() + WakeupWait
		if at >= until || s.SleepUntil(ctx, at) != nil {
			break
		}
		late = append(late, max(c.Now()-at, 0))
	}
	if len(late) == 0 {
		return 0, 0, 0
	}
	slices.Sort(late)
	return late[len(late)/2], late[len(late)*99/100], late[len(late)-1]
}
