package dynamodb

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"crossover/costmodel/partition"
	"crossover/driver/embedded/dynamodb/attribute"
	"crossover/driver/embedded/dynamodb/store"
)

// The limits of secondary indexes (Developer Guide, "Service, account, and table quotas").
const (
	maxGlobalIndexes    = 20
	maxLocalIndexes     = 5
	maxProjectedByNames = 100 // attributes that all of a table's INCLUDE projections name together
	// collectionLimit is how large a partition key's items and their entries in local indexes
	// may grow together (Developer Guide, "Item collections in Local Secondary Indexes").
	collectionLimit = 10_000_000_000
)

// indexLag is how far a global index stays behind its table, by assumption: AWS says only
// "within a fraction of a second, under normal conditions" (Developer Guide, "Using Global
// Secondary Indexes in DynamoDB"). Without modelled latency it stays behind by nothing.
const indexLag = 20 * time.Millisecond

// The kinds of a projection (API Reference, Projection).
const (
	projectKeys       = "KEYS_ONLY"
	projectSome       = "INCLUDE"
	projectEverything = "ALL"
)

// An index is a secondary index: local ones share their table's partitions and capacity,
// global ones have their own.
type index struct {
	name, arn  string
	local      bool
	keys       schema
	table      *table
	projection string
	included   []string        // by INCLUDE
	kept       map[string]bool // the attributes that an entry has; nil for all
	store      *store.Store
	capacity   *partition.Table // of a global index
	meter      meter            // of a global index: metrics with GlobalSecondaryIndexName
	owners     atomic.Pointer[owners]

	// The table's lock guards what follows.
	status      string
	backfilling bool
	throughput  throughput
	warm        [2]float64
	increased   time.Time
	decreased   time.Time
	decreases   int

	queue backlog
}

// A backlog is what a global index has not taken over yet, in order.
type backlog struct {
	mu      sync.Mutex
	waiting atomic.Int64
	changes []delayed
}

type delayed struct {
	at   time.Duration
	key  store.Key
	item attribute.Stored // nil removes the entry
}

// readable reports whether the index may be queried, and whether it is still being filled.
func (ix *index) readable() (ready, filling bool) {
	ix.table.mu.RLock()
	defer ix.table.mu.RUnlock()
	return ix.status == active || ix.status == updating, ix.backfilling
}

// settle lets a global index catch up with what its lag has passed for.
func (ix *index) settle(now time.Duration) {
	q := &ix.queue
	if q.waiting.Load() == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	done := 0
	for _, d := range q.changes {
		if d.at > now {
			break
		}
		ix.put(d.key, d.item)
		done++
	}
	q.changes = slices.Delete(q.changes, 0, done)
	q.waiting.Store(int64(len(q.changes)))
}

// later changes an entry after the index's lag. The caller keeps the item's table entry locked,
// so that changes of one item stay in order.
func (ix *index) later(s *Server, now time.Duration, key store.Key, item attribute.Stored) {
	at := s.later(now, indexLag)
	if ix.local || at <= now {
		ix.put(key, item)
		return
	}
	ix.settle(now)
	q := &ix.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	q.changes = append(q.changes, delayed{at, key, slices.Clone(item)})
	q.waiting.Store(int64(len(q.changes)))
}

func (ix *index) put(key store.Key, item attribute.Stored) {
	// The update never fails: it has nothing to refuse.
	_ = ix.store.Update(key, func(attribute.Stored) (attribute.Stored, error) { return item, nil })
}

// project decides which attributes an index's entries have: the table's key and its own
// always (Developer Guide, "Attribute projections").
func (ix *index) project(t *table) {
	if ix.projection == projectEverything {
		return
	}
	ix.kept = map[string]bool{}
	for _, k := range t.schema {
		ix.kept[k.name] = true
	}
	for _, k := range ix.keys {
		ix.kept[k.name] = true
	}
	for _, n := range ix.included {
		ix.kept[n] = true
	}
}

// entry returns what the index holds of an item; nil when it holds nothing of it, because the
// item lacks one of the index's key attributes (a sparse index) or has one of another type.
func (ix *index) entry(item attribute.Stored, at store.Key) (attribute.Stored, store.Key) {
	if item == nil {
		return nil, store.Key{}
	}
	var values [2]attribute.Value
	for i, k := range ix.keys {
		v, ok := item.Lookup(k.name)
		if !ok || v.Type != k.kind {
			return nil, store.Key{}
		}
		values[i] = v
	}
	key := store.NewKey(sortable(values[0]), ix.keys.below(values[1])+at.Text)
	if ix.kept != nil {
		item = item.Pick(ix.kept)
	}
	return item, key
}

// below returns the part of an index entry's key that its sort key gives. Many items may have
// the same sort key, and the table's key follows behind: so it ends with a mark that orders
// before any byte of a longer one.
func (s schema) below(sort attribute.Value) string {
	if len(s) < 2 {
		return ""
	}
	return escape(sortable(sort)) + sortEnd
}

// sortEnd ends a sort key in an index: a zero byte within one is followed by 0xff instead.
const sortEnd = "\x00\x01"

func escape(s string) string {
	if strings.IndexByte(s, 0) < 0 {
		return s
	}
	return strings.ReplaceAll(s, "\x00", "\x00\xff")
}

// misfit returns why an item can't be stored beside the index: a key attribute that has another
// type than the index's, or is empty.
func (ix *index) misfit(item attribute.Stored, updating bool) error {
	for i, k := range ix.keys {
		v, ok := item.Lookup(k.name)
		switch {
		case !ok:
		case v.Type != k.kind && updating:
			return invalid("The update expression attempted to update the secondary index key to unsupported type")
		case v.Type != k.kind:
			return invalid("One or more parameter values were invalid: Type mismatch for Index Key %s Expected: "+
				"%s Actual: %s IndexName: %s", k.name, k.kind, v.Type, ix.name)
		case k.kind != attribute.N && v.Text == "":
			return invalid("One or more parameter values are not valid. A value specified for a secondary index key "+
				"is not supported. The AttributeValue for a key attribute cannot contain an empty %s value. "+
				"IndexName: %s, IndexKey: %s", map[attribute.Type]string{attribute.S: "string", attribute.B: "binary"}[k.kind],
				ix.name, k.name)
		case i == 0 && v.Size() > maxPartitionKey:
			return invalid("One or more parameter values were invalid: Size of hashkey has exceeded the maximum " +
				"size limit of2048 bytes")
		case i == 1 && v.Size() > maxSortKey:
			return invalid("One or more parameter values were invalid: Aggregated size of all range keys has " +
				"exceeded the size limit of 1024 bytes")
		}
	}
	return nil
}

// partitionOf returns the number of the index's partition that owns a hash.
func (ix *index) partitionOf(hash uint64) int {
	o := ix.owners.Load()
	return o.id[o.find(hash)]
}

// learn takes the bounds of a global index's partitions over and returns how many there are.
func (ix *index) learn() int {
	o := ownersOf(ix.capacity)
	ix.owners.Store(o)
	return len(o.id)
}

// mode returns the index's throughput in force.
func (ix *index) mode() throughput {
	ix.table.mu.RLock()
	defer ix.table.mu.RUnlock()
	return ix.throughput
}
