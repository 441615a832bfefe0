package autoscale

import "time"

// What AWS publishes of how often a table's provisioned capacity may be lowered (DynamoDB
// Developer Guide, "Service, account, and table quotas", "Decreasing provisioned throughput"):
// four times in the first hour of a day, by UTC, in which there is any; after that once for each
// hour without one: 27 times a day at most.
const (
	FirstDecreases = 4
	DecreaseWindow = time.Hour
)

// Decreases counts how often a table's capacity, or an index's, was lowered. The zero value
// has none. Its two directions share it: one UpdateTable that lowers both counts once.
type Decreases struct {
	day   int64     // since the Unix epoch
	first time.Time // of the day
	last  time.Time
	n     int // of the day
}

// Allowed reports whether a decrease may happen now.
func (d *Decreases) Allowed(now time.Time) bool {
	switch {
	case now.Equal(d.last) && d.n > 0:
		return true // the same UpdateTable
	case dayOf(now) != d.day || d.n == 0:
		return true
	case d.n < FirstDecreases && now.Sub(d.first) < DecreaseWindow:
		return true
	}
	return now.Sub(d.last) >= DecreaseWindow
}

// Take counts a decrease, if it is allowed, and reports whether it was.
func (d *Decreases) Take(now time.Time) bool {
	if !d.Allowed(now) {
		return false
	}
	if now.Equal(d.last) && d.n > 0 {
		return true
	}
	if dayOf(now) != d.day || d.n == 0 {
		d.day, d.first, d.n = dayOf(now), now, 0
	}
	d.last = now
	d.n++
	return true
}

// Today returns how many decreases there were on the day of now.
func (d *Decreases) Today(now time.Time) int {
	if dayOf(now) != d.day {
		return 0
	}
	return d.n
}

func dayOf(t time.Time) int64 { return t.Unix() / 86_400 }
