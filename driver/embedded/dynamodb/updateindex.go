package dynamodb

import (
	"fmt"
	"slices"
	"time"

	"crossover/costmodel/partition"
	"crossover/costmodel/units"
	"crossover/driver/embedded/dynamodb/attribute"
	"crossover/driver/embedded/dynamodb/store"
)

// IndexUpdates are what an UpdateTable asks of a table's global indexes.
type indexUpdates struct {
	made    *index
	defined definitions // with those that a new index brings
	gone    *index
	next    map[*index]throughput
}

// indexUpdates reads GlobalSecondaryIndexUpdates. The caller holds t.mu.
func (c *call) indexUpdates(t *table, next throughput) (out indexUpdates) {
	r := &c.req
	out.next = map[*index]throughput{}
	beside := t.aside.Load()
	given := map[string]*request{}
	for _, x := range r.structures("GlobalSecondaryIndexUpdates") {
		made, update, gone := x.structure("Create"), x.structure("Update"), x.structure("Delete")
		r.failIn(x)
		if r.err != nil {
			return out
		}
		if (made != nil || gone != nil) && (out.made != nil || out.gone != nil || next != t.throughput) {
			r.fail(failure("LimitExceededException", "Subscriber limit exceeded: Only 1 online index can be created or "+
				"deleted simultaneously per table"))
			return out
		}
		switch {
		case made != nil:
			out.made, out.defined = c.newIndex(t, made, next)
		case update != nil:
			given[update.text("IndexName")] = update
			r.failIn(update)
		case gone != nil:
			gone.require("IndexName")
			out.gone = existing(r, beside, gone.text("IndexName"))
			r.failIn(gone)
		default:
			r.fail(invalid("One or more parameter values were invalid: Only one global secondary index update per " +
				"element: Create, Update or Delete"))
		}
	}
	for name := range given {
		existing(r, beside, name)
	}
	if beside == nil || r.err != nil {
		return out
	}
	for _, ix := range beside.indexes {
		x := given[ix.name]
		if ix.local || x == nil && ix.throughput.provisioned == next.provisioned {
			continue
		}
		if x == nil {
			x = &request{}
		}
		to := indexBilling(x, ix.name, ix.throughput, next.provisioned)
		if r.failIn(x); to != ix.throughput {
			out.next[ix] = to
		}
	}
	return out
}

// existing returns the global index that a request names.
func existing(r *request, a *aside, name string) *index {
	ix := a.find(name)
	if ix == nil || ix.local {
		r.fail(failure("ResourceNotFoundException", "Requested resource not found"))
		return nil
	}
	return ix
}

// newIndex reads the index to be made. The caller holds t.mu.
func (c *call) newIndex(t *table, x *request, through throughput) (*index, definitions) {
	r := &c.req
	defined := t.definitions.merge(readDefinitions(r))
	was := t.definitions
	t.definitions = defined // as the index's keys are read by
	ix := readIndex(x, t, false)
	t.definitions = was
	r.failIn(x)
	if r.err != nil {
		return nil, nil
	}
	beside := t.aside.Load()
	if beside == nil {
		beside = &aside{}
	}
	global := 0
	for _, o := range beside.indexes {
		if !o.local {
			global++
		}
	}
	switch {
	case beside.find(ix.name) != nil:
		r.fail(invalid("Attempting to create an index which already exists"))
	case global >= maxGlobalIndexes:
		r.fail(invalid("One or more parameter values were invalid: GlobalSecondaryIndex count exceeds the "+
			"per-table limit of %d", maxGlobalIndexes))
	default:
		r.fail(projectedNames(append(slices.Clone(beside.indexes), ix)))
		if r.err == nil {
			r.fail(unusedDefinitions(defined, t.schema, append(slices.Clone(beside.indexes), ix)))
		}
	}
	ix.throughput.provisioned = through.provisioned
	return ix, defined
}

// raise begins an index: writes reach it from now on, and fill brings what is there already.
// The caller holds t.mu.
func (c *call) raise(t *table, u indexUpdates) {
	ix := u.made
	ix.status, ix.backfilling = creating, true
	ix.begin(c)
	ix.announce(c.s)
	t.definitions = u.defined
	old := t.aside.Load()
	var indexes []*index
	if old != nil {
		indexes = slices.Clone(old.indexes)
	}
	t.aside.Store(old.with(append(indexes, ix)))
	t.begin(updating, never-1, func(time.Duration) {})
}

// fill puts the items that are there into a new index, and makes it readable after as long as
// its write capacity needs for that (Developer Guide, "Managing Global Secondary Indexes": an
// index with little write capacity takes longer to build). The units are no part of its
// consumption; CloudWatch has a metric of their own for them.
func (c *call) fill(t *table, ix *index) {
	work := 0.0
	for e := range t.store.Ascend(store.Key{}, false) {
		t.store.Hold(e.Key, func(item attribute.Stored) {
			if entry, at := ix.entry(item, e.Key); entry != nil {
				work += units.Write(uint64(entry.Size()), false)
				ix.put(at, entry)
			}
		})
	}
	rate := float64(ix.throughput.write)
	if !ix.throughput.provisioned {
		rate = float64(len(ix.owners.Load().id)) * partition.MaxWrite
	}
	takes := updateFor + time.Duration(work/rate*float64(time.Second))
	t.mu.Lock()
	defer t.mu.Unlock()
	t.begin(updating, c.s.later(c.now, takes), func(time.Duration) {
		ix.status, ix.backfilling, t.status = active, false, active
	})
}

// drop begins an index's removal. The caller holds t.mu.
func (c *call) drop(t *table, ix *index) {
	ix.status = deleting
	t.begin(updating, c.s.later(c.now, updateFor), func(time.Duration) {
		old := t.aside.Load()
		left := slices.DeleteFunc(slices.Clone(old.indexes), func(o *index) bool { return o == ix })
		t.aside.Store(old.with(left))
		t.definitions = slices.DeleteFunc(slices.Clone(t.definitions), func(d attributeDefinition) bool {
			return !t.schema.has(d.AttributeName) &&
				!slices.ContainsFunc(left, func(o *index) bool { return o.keys.has(d.AttributeName) })
		})
		t.status = active
		c.s.event(t.name, "index deleted", fmt.Sprintf("table %s, index %s", t.name, ix.name))
	})
}

// changeIndex puts a new throughput of an index into force. The caller holds the table's lock.
func (s *Server) changeIndex(ix *index, next throughput, now time.Duration) {
	was, wall := ix.throughput, s.options.Clock.Wall(now)
	if next.provisioned {
		ix.capacity.SetProvisioned(now, float64(next.read), float64(next.write))
		if was.provisioned && (next.read < was.read || next.write < was.write) {
			if !sameDay(ix.decreased, wall) {
				ix.decreases = 0
			}
			ix.decreased = wall
			ix.decreases++
		}
		if next.read > was.read || next.write > was.write {
			ix.increased = wall
		}
	} else {
		ix.capacity.SetOnDemand(now, float64(next.maxRead), float64(next.maxWrite))
	}
	ix.warm = [2]float64{max(ix.warm[0], float64(was.read)), max(ix.warm[1], float64(was.write))}
	ix.throughput = next
	ix.learn()
	s.event(ix.table.name, "capacity", fmt.Sprintf("table %s, index %s: %s, before %s", ix.table.name, ix.name,
		next, was))
}
