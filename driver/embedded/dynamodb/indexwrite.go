package dynamodb

import (
	"bytes"
	"sync"
	"time"

	"crossover/costmodel/partition"
	"crossover/costmodel/units"
	"crossover/driver/embedded/dynamodb/attribute"
	"crossover/driver/embedded/dynamodb/store"
)

// Aside is what a table keeps up to date beside its items. A table without any has a nil one,
// and its writes pay nothing for it. It is replaced, never changed.
type aside struct {
	indexes     []*index
	collections *collections // of a table with local indexes
	ttl         *ttl
	stream      *stream
	history     *history // while point-in-time recovery is on
}

// global and local reports whether there are indexes of a kind.
func (a *aside) has(local bool) bool {
	if a != nil {
		for _, ix := range a.indexes {
			if ix.local == local {
				return true
			}
		}
	}
	return false
}

// find returns an index by name, or nil.
func (a *aside) find(name string) *index {
	if a != nil {
		for _, ix := range a.indexes {
			if ix.name == name {
				return ix
			}
		}
	}
	return nil
}

// Collections count the bytes of item collections: what shares a partition key in the table
// and in its local indexes.
type collections struct {
	mu    sync.Mutex
	bytes map[uint64]int64 // by hash of the partition key
}

func (l *collections) of(hash uint64) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bytes[hash]
}

func (l *collections) add(hash uint64, bytes int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bytes[hash] += bytes; l.bytes[hash] == 0 {
		delete(l.bytes, hash)
	}
}

// An indexChange is what one write does to one index, and its write units.
type indexChange struct {
	index      *index
	gone, come store.Key
	removes    bool             // gone is an entry to be removed
	put        attribute.Stored // at come; nil for none
	goneUnits  float64          // of removing
	putUnits   float64          // of putting, or of updating in place
}

func (x *indexChange) units() float64 { return x.goneUnits + x.putUnits }

// A consequence is what a write does beside its item.
type consequence struct {
	changes    []indexChange
	localUnits float64 // of the local indexes, which the table's own partition serves
	bytes      int64   // that the item's collection grows
}

// follow returns what changing an item from old to after does to the table's indexes. The
// units are as the Developer Guide says ("Using Global Secondary Indexes in DynamoDB",
// "Provisioned throughput considerations"): a new entry and a removed one each cost one write of
// their size, an entry whose key changes both, an entry of which a projected attribute
// changes one write of the larger size, and one of which nothing changes none.
func (a *aside) follow(at store.Key, old, after attribute.Stored) (out consequence) {
	for _, ix := range a.indexes {
		was, wasAt := ix.entry(old, at)
		is, isAt := ix.entry(after, at)
		x := indexChange{index: ix, gone: wasAt, come: isAt}
		switch {
		case was == nil && is == nil, was != nil && is != nil && wasAt == isAt && bytes.Equal(was, is):
			continue
		case was != nil && is != nil && wasAt == isAt:
			x.put, x.putUnits = is, units.Write(uint64(max(was.Size(), is.Size())), false)
		default:
			if was != nil {
				x.removes, x.goneUnits = true, units.Write(uint64(was.Size()), false)
			}
			if is != nil {
				x.put, x.putUnits = is, units.Write(uint64(is.Size()), false)
			}
		}
		if ix.local {
			out.localUnits += x.units()
			out.bytes += int64(is.Size() - was.Size())
		}
		out.changes = append(out.changes, x)
	}
	out.bytes += int64(after.Size() - old.Size())
	return out
}

// fits returns why an item can't become what it was to be: a key attribute of an index that is
// none, or a collection that would grow too large.
func (a *aside) fits(s *Server, at store.Key, after attribute.Stored, then *consequence, updating bool) error {
	if err := a.misfit(after, updating); err != nil {
		return err
	}
	if a.collections != nil && then.bytes > 0 && a.collections.of(at.Hash)+then.bytes > s.collectionLimit {
		return failure("ItemCollectionSizeLimitExceededException", "Collection size exceeded.")
	}
	return nil
}

// misfit returns why an item can't be stored beside one of the indexes; nil is no item.
func (a *aside) misfit(after attribute.Stored, updating bool) error {
	for _, ix := range a.indexes {
		if err := ix.misfit(after, updating); err != nil {
			return err
		}
	}
	return nil
}

// admitIndexes asks each global index whether it can take a write. One that can't refuses the
// write to the table (Developer Guide, "Diagnosing throttling issues": index back-pressure).
// The real service lets an index fall behind first, by an amount that is not published; here
// the bucket's own depth stands for that.
func (c *call) admitIndexes(changes []indexChange) error {
	for i := range changes {
		x := &changes[i]
		if x.index.local {
			continue
		}
		for _, part := range x.parts() {
			if part.units == 0 {
				continue
			}
			if d := x.index.capacity.Check(c.now, part.hash, 0, part.units, false); !d.OK {
				return c.refusedByIndex(x.index, d)
			}
		}
	}
	return nil
}

type indexPart struct {
	hash  uint64
	units float64
}

func (x *indexChange) parts() [2]indexPart {
	return [2]indexPart{{x.gone.Hash, x.goneUnits}, {x.come.Hash, x.putUnits}}
}

// chargeIndexes takes what a write costs from the indexes that admitted it.
func (c *call) chargeIndexes(changes []indexChange) {
	for i := range changes {
		x := &changes[i]
		if x.index.local {
			continue
		}
		sums := c.indexTally(x.index)
		for _, part := range x.parts() {
			if part.units == 0 {
				continue
			}
			x.index.capacity.Charge(c.now, part.hash, 0, part.units, false)
			sums.sums[consumedWrite] += part.units
			sums.parts = append(sums.parts, partitionTally{id: x.index.partitionOf(part.hash), write: true})
		}
	}
}

// refusedByIndex counts a throttle of an index and returns its exception.
func (c *call) refusedByIndex(ix *index, d partition.Decision) error {
	t := c.indexTally(ix)
	if d.Side == partition.ReadSide {
		t.sums[readThrottles]++
	} else {
		t.sums[writeThrottles]++
	}
	t.sums[causeMetric(d)]++
	e := throttled(ix.table, d, ix.mode().provisioned)
	if e.message == provisionedMessage {
		e.message = indexProvisionedMessage
	}
	e.reasons = []throttlingReason{{Reason: d.Reason(true), Resource: ix.arn}}
	return e
}

// indexProvisionedMessage is as the service was seen to send it.
const indexProvisionedMessage = "The level of configured provisioned throughput for one or more global " +
	"secondary indexes of the table was exceeded. Consider increasing your provisioning level for the " +
	"under-provisioned global secondary indexes with the UpdateTable API"

// apply brings everything up to date with a change. The caller keeps the item's entry locked.
func (a *aside) apply(s *Server, now time.Duration, c change, then *consequence) {
	for i := range then.changes {
		x := &then.changes[i]
		if x.removes {
			x.index.later(s, now, x.gone, nil)
		}
		if x.put != nil {
			x.index.later(s, now, x.come, x.put)
		}
	}
	if a.collections != nil {
		a.collections.add(c.at.Hash, then.bytes)
	}
	if a.ttl != nil {
		a.ttl.change(s, c.at, c.old, c.after)
	}
	if a.stream != nil {
		a.stream.add(now, c)
	}
	if a.history != nil {
		a.history.add(s.options.Clock.Wall(now), c)
	}
}

// An indexTally is what a request adds to one index's meter.
type indexTally struct {
	index *index
	tally
}

// indexTally returns what the request has added to an index's meter so far.
func (c *call) indexTally(ix *index) *tally {
	for i := range c.indexTallies {
		if c.indexTallies[i].index == ix {
			return &c.indexTallies[i].tally
		}
	}
	c.indexTallies = append(c.indexTallies, indexTally{index: ix})
	return &c.indexTallies[len(c.indexTallies)-1].tally
}

// countIndexes adds a request to the meters of the global indexes that it touched.
func (c *call) countIndexes(at time.Time, took time.Duration) {
	for i := range c.indexTallies {
		t := &c.indexTallies[i]
		var read, write float64
		if m := t.index.mode(); m.provisioned {
			read, write = float64(m.read), float64(m.write)
		}
		t.index.meter.add(at, "", &t.tally, took, read, write)
	}
}
