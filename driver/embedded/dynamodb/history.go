package dynamodb

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"crossover/driver/embedded/dynamodb/attribute"
	"crossover/driver/embedded/dynamodb/store"
)

// historyKept is how many changes of a table are kept for exports of earlier times; when there
// are more, the older half is forgotten, and the table can be restored to no earlier time.
const historyKept = 1 << 20

// maxRecoveryDays is how far point-in-time recovery reaches at most (API Reference,
// PointInTimeRecoverySpecification).
const maxRecoveryDays = 35

// A history is a table's changes since its point-in-time recovery was switched on.
type history struct {
	days atomic.Int64 // that it reaches back

	mu      sync.Mutex
	since   time.Time
	changes []pastChange
}

type pastChange struct {
	at         time.Time
	key        store.Key
	old, after attribute.Stored
}

// add notes a change. The caller keeps the item's entry locked, so that an item's changes are
// in order.
func (h *history) add(at time.Time, c change) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.changes) >= historyKept {
		h.changes = slices.Clone(h.changes[historyKept/2:])
		h.since = h.changes[0].at
	}
	h.changes = append(h.changes, pastChange{at, c.at, c.old, c.after})
}

// between returns the changes after one time and up to another.
func (h *history) between(after, to time.Time) (out []pastChange) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.changes {
		if c.at.After(after) && !c.at.After(to) {
			out = append(out, c)
		}
	}
	return out
}

func (h *history) earliest(now time.Time) time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	if reach := now.AddDate(0, 0, -int(h.days.Load())); h.since.Before(reach) {
		return reach
	}
	return h.since
}

// history returns the table's, or nil where recovery is off.
func (t *table) history() *history {
	if a := t.aside.Load(); a != nil {
		return a.history
	}
	return nil
}

// keepHistory switches a table's history with its point-in-time recovery. The caller holds the
// table's lock.
func (c *call) keepHistory(t *table, on bool, days int) {
	old := t.aside.Load()
	switch {
	case on && old != nil && old.history != nil:
		old.history.days.Store(int64(days))
	case on:
		h := &history{since: c.s.options.Clock.Wall(c.now)}
		h.days.Store(int64(days))
		t.aside.Store(old.edited(func(a *aside) { a.history = h }))
	case !on && old != nil:
		t.aside.Store(old.edited(func(a *aside) { a.history = nil }))
	}
}
