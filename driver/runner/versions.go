package runner

import (
	"sync"
	"time"
)

// Bounds of what is remembered of writes, so that verified reads can tell old versions:
// 32,768 items of 8 writes each, 10 MiB in all, whatever the data set. Items that were written
// longest ago make room. What has been forgotten is never held against a read.
const (
	versionBits     = 13
	versionSets     = 1 << versionBits
	versionWays     = 4 // items a set holds
	versionWrites   = 8 // acknowledged writes remembered of an item
	versionsPerLock = 16
)

// A versions table says what was acknowledged of which item, and when. Writes of one item may
// overlap, and their order in the stream is then not the order in which they were applied. So
// a version that was read counts as stale only when that is certain: its own write had been
// acknowledged before another was sent that had itself been acknowledged before the read was
// sent.
type versions struct {
	sets  [versionSets]versionSet
	locks [versionSets / versionsPerLock]struct {
		sync.Mutex
		_ [56]byte // the next lock lies on another cache line
	}
}

// A versionSet is the items that share a place in the table.
type versionSet struct {
	ways    [versionWays]history
	evicted bool // an item has had to make room
}

// A history is what is known of one item's writes.
type history struct {
	item    uint64
	used    bool
	whole   bool // nothing was forgotten before it began
	unsure  bool // a write's outcome is not known, so that it may be applied at any time
	flying  int  // writes sent and not yet ended
	touched time.Duration

	writes [versionWrites]acknowledged
	n      int
	// Of the writes that no longer fit, when the last was acknowledged.
	lost, lostDelete time.Duration
	lostAny          bool
	lostAnyDelete    bool
}

// An acknowledged write of an item.
type acknowledged struct {
	version     uint64
	sent, acked time.Duration
	deleted     bool
}

// An ending is what became of a write.
type ending uint8

const (
	applied ending = iota
	refused        // certain not to have been applied
	unsure         // an attempt was not answered: it may be applied, or may be later
)

// set locks an item's set.
func (v *versions) set(item uint64) (s *versionSet, unlock *sync.Mutex) {
	i := item * 0x9e3779b97f4a7c15 >> (64 - versionBits) // Fibonacci hashing (Knuth, TAOCP 3, 6.4)
	l := &v.locks[i/versionsPerLock].Mutex
	l.Lock()
	return &v.sets[i], l
}

func (s *versionSet) find(item uint64) *history {
	for i := range s.ways {
		if h := &s.ways[i]; h.used && h.item == item {
			return h
		}
	}
	return nil
}

// make returns an item's history, begun now if need be in the place of the oldest.
func (s *versionSet) make(item uint64, now time.Duration) *history {
	if h := s.find(item); h != nil {
		h.touched = now
		return h
	}
	oldest := &s.ways[0]
	for i := range s.ways {
		if h := &s.ways[i]; !h.used || oldest.used && h.touched < oldest.touched {
			oldest = h
		}
	}
	s.evicted = s.evicted || oldest.used
	*oldest = history{item: item, used: true, whole: !s.evicted, touched: now}
	return oldest
}

// begin notes that a write of an item is being sent.
func (v *versions) begin(item uint64, sent time.Duration) {
	s, lock := v.set(item)
	defer lock.Unlock()
	s.make(item, sent).flying++
}

// end notes what became of a write.
func (v *versions) end(item uint64, w acknowledged, how ending) {
	s, lock := v.set(item)
	defer lock.Unlock()
	h := s.make(item, w.acked)
	h.flying = max(h.flying-1, 0) // 0 where the item had to make room meanwhile
	switch how {
	case unsure:
		h.unsure = true
	case applied:
		h.add(w)
	}
}

func (h *history) add(w acknowledged) {
	if h.n < versionWrites {
		h.writes[h.n] = w
		h.n++
		return
	}
	first := 0
	for i := range h.writes {
		if h.writes[i].acked < h.writes[first].acked {
			first = i
		}
	}
	old := h.writes[first]
	h.lost, h.lostAny = max(h.lost, old.acked), true
	if old.deleted {
		h.lostDelete, h.lostAnyDelete = max(h.lostDelete, old.acked), true
	}
	h.writes[first] = w
}

// stale reports whether what a read found is certain to be older than the newest write that
// was acknowledged before the read was sent, which it returns.
func (v *versions) stale(item, version uint64, absent bool, sent time.Duration) (newest uint64, stale bool) {
	s, lock := v.set(item)
	defer lock.Unlock()
	h := s.find(item)
	if h == nil {
		return 0, false
	}
	var last *acknowledged // that was sent last, among those acknowledged in time
	for i := range h.writes[:h.n] {
		if w := &h.writes[i]; w.acked <= sent && (last == nil || w.sent > last.sent) {
			last = w
		}
	}
	if last == nil {
		return 0, false
	}
	if absent {
		return last.version, h.cannotBeAbsent(last.sent)
	}
	return last.version, h.cannotBe(version, last.sent)
}

// certain reports whether each write of the item is known.
func (h *history) certain() bool { return h.whole && !h.unsure && h.flying == 0 }

// cannotBe reports whether a version was overwritten by a write that was sent at since.
func (h *history) cannotBe(version uint64, since time.Duration) bool {
	if version == 0 {
		return true // loaded before the first operation
	}
	for i := range h.writes[:h.n] {
		if w := &h.writes[i]; w.version == version {
			return !w.deleted && w.acked < since
		}
	}
	// It is one of those that no longer fit, or was there before the run.
	return h.certain() && (!h.lostAny || h.lost < since)
}

// cannotBeAbsent reports whether the item must have been there after a write that was sent at
// since: no delete can have come after it.
func (h *history) cannotBeAbsent(since time.Duration) bool {
	if !h.certain() || h.lostAnyDelete && h.lostDelete >= since {
		return false
	}
	for i := range h.writes[:h.n] {
		if w := &h.writes[i]; w.deleted && w.acked >= since {
			return false
		}
	}
	return true
}
