package partition

import (
	"slices"
	"strings"
	"time"
)

// Why a partition was split (AWS Database Blog, "Scaling DynamoDB", part 3, lists the reasons).
const (
	ForCapacity = "capacity" // provisioned, or warm, throughput was raised above all before it
	ForGrowth   = "growth"   // an on-demand table saw a new high-water mark
	ForHeat     = "heat"     // sustained load near the partition's limit
	ForSize     = "size"     // close to 10 GB
	ByHand      = "hand"     // Split was called
)

// A Split is one that has happened.
type Split struct {
	At            time.Duration
	Why           string
	Parent, Child int // partition numbers; the child owns the upper keys
	Partitions    int // after it
	Within        bool
}

// grow splits the widest partitions until the table has as many as its warm throughput needs.
func (t *Table) grow(now time.Duration, why string) {
	for need := t.config.Partitions(t.warm[ReadSide], t.warm[WriteSide]); len(t.parts) < need; {
		if !t.divideWidest(now, why) {
			return
		}
	}
}

// divideWidest splits the partition with the most hashes in the middle, and reports whether
// there is one that could be.
func (t *Table) divideWidest(now time.Duration, why string) bool {
	widest, width := -1, uint64(1)
	for i := range t.parts {
		if w := t.end(i) - t.parts[i].first.Hash; w > width {
			widest, width = i, w
		}
	}
	if widest >= 0 {
		t.split(widest, Key{Hash: t.parts[widest].first.Hash + width/2}, 0.5, now, why)
	}
	return widest >= 0
}

// end returns the last hash that is partition i's alone.
func (t *Table) end(i int) uint64 {
	if i+1 < len(t.parts) {
		return max(t.parts[i+1].first.Hash, t.parts[i].first.Hash+1) - 1
	}
	return 1<<64 - 1
}

// Split divides the partition that owns hash at, so that at begins a new one. It reports
// whether it could: a partition can't be divided at its own first hash.
func (t *Table) Split(now time.Duration, at uint64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	k := Key{Hash: at}
	i := t.find(k)
	if first := t.parts[i].first; first.Hash == at && len(first.Sort) == 0 {
		return false
	}
	t.split(i, k, 0.5, now, ByHand)
	return true
}

// split divides partition i at a key; upper is the share of its bytes that the new one takes.
func (t *Table) split(i int, at Key, upper float64, now time.Duration, why string) {
	old := t.parts[i]
	p := t.newPart(t.next, Key{at.Hash, strings.Clone(at.Sort)}, now)
	t.next++
	p.bytes = old.bytes * upper
	old.bytes -= p.bytes
	old.load = load{window: now}
	old.heat.Stuck = ""
	for side := range old.burst {
		// Each half saves on; what was saved is divided.
		old.burst[side].refill(now)
		old.burst[side].have /= 2
		p.burst[side] = old.burst[side]
	}
	t.parts = slices.Insert(t.parts, i+1, p)
	t.publish()
	t.share(now)
	if t.config.OnSplit != nil {
		t.config.OnSplit(Split{now, why, old.id, p.id, len(t.parts), len(at.Sort) > 0})
	}
}

// Resize tells the table that the item at a key takes so many bytes more, or less. A
// partition that comes close to 10 GB is split in the middle of its hashes, or of the one
// partition key that it holds. What its halves hold is estimated by their width.
func (t *Table) Resize(now time.Duration, k Key, bytes float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := t.find(k)
	p := t.parts[i]
	if p.bytes = max(0, p.bytes+bytes); p.bytes < t.config.SplitBytes {
		return
	}
	switch width := t.end(i) - p.first.Hash; {
	case width > 1:
		t.split(i, Key{Hash: p.first.Hash + width/2}, 0.5, now, ForSize)
	case len(k.Sort) > 0 && !t.config.LocalIndexes && p.first.before(k):
		t.split(i, k, 0.5, now, ForSize)
	}
}

// Fill tells a table that has just been made that it holds so many bytes, evenly: it is
// divided until no partition holds more than it may.
func (t *Table) Fill(now time.Duration, bytes float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for bytes/float64(len(t.parts)) >= t.config.SplitBytes {
		if !t.divideWidest(now, ForSize) {
			break
		}
	}
	for _, p := range t.parts {
		p.bytes = bytes / float64(len(t.parts))
	}
}
