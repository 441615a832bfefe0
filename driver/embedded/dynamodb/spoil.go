package dynamodb

import (
	"math/rand/v2"
	"slices"
	"sync"

	"crossover/driver/embedded/dynamodb/attribute"
	"crossover/driver/embedded/dynamodb/store"
)

// oldVersions is how many overwritten items are kept for the stale fault.
const oldVersions = 4096

// A placed is an item's place among those of all tables.
type placed struct {
	table *table
	key   store.Key
}

// An attic keeps what items were before they were last written. It is used only while the
// stale fault is asked for.
type attic struct {
	mu    sync.Mutex
	items map[placed]attribute.Stored
	order [oldVersions]placed // in which they came, as a ring
	next  int
}

// keep puts an overwritten item away; the oldest makes room.
func (a *attic) keep(at placed, old attribute.Stored) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.items == nil {
		a.items = make(map[placed]attribute.Stored, oldVersions)
	}
	if _, ok := a.items[at]; !ok {
		delete(a.items, a.order[a.next])
		a.order[a.next] = at
		a.next = (a.next + 1) % oldVersions
	}
	a.items[at] = old
}

func (a *attic) get(at placed) attribute.Stored {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.items[at]
}

// overwritten notes what a write replaced.
func (c *call) overwritten(w *write) {
	if c.s.options.Faults.Stale > 0 && w.old != nil {
		c.s.attic.keep(placed{w.table, w.place}, slices.Clone(w.old))
	}
}

// spoil returns what a read answers in the place of what is stored, by the faults of content.
func (c *call) spoil(at target, item attribute.Stored) attribute.Stored {
	f := c.s.options.Faults
	if f.Stale > 0 && c.rng.Float64() < f.Stale {
		if old := c.s.attic.get(placed{at.table, at.place}); old != nil {
			item = old
			c.s.injected[countStale].Add(1)
		}
	}
	if f.Corrupt > 0 && item != nil && c.rng.Float64() < f.Corrupt {
		item = corrupted(item, c.rng)
		c.s.injected[countCorrupt].Add(1)
	}
	return item
}

// corrupted returns an item with one byte of its largest text or binary value changed.
func corrupted(item attribute.Stored, rng *rand.Rand) attribute.Stored {
	it := item.Item()
	largest := ""
	for name, v := range it {
		if v.Type != attribute.S && v.Type != attribute.B || len(v.Text) == 0 {
			continue
		}
		if n := len(it[largest].Text); largest == "" || len(v.Text) > n || len(v.Text) == n && name < largest {
			largest = name
		}
	}
	if largest == "" {
		return item
	}
	v := it[largest]
	text := []byte(v.Text)
	at := rng.IntN(len(text))
	for v.Type == attribute.S && at > 0 && text[at] >= 0x80 {
		at-- // text stays text: only a letter of one byte is changed
	}
	text[at] ^= 1
	v.Text = string(text)
	it[largest] = v
	return it.Encode(nil)
}
