// Package partition models how DynamoDB divides a table's capacity: partitions by hash of the
// partition key (and, within one, by sort key), each with its own limit that always binds;
// table capacity with burst and adaptive capacity; on-demand growth; splits for capacity, heat
// and size; quotas. It is pure: the caller passes the time.
package partition

import (
	"math"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

// What AWS publishes.
const (
	// MaxRead and MaxWrite are a partition's limits in units per second (AWS DynamoDB Developer
	// Guide, "Designing partition keys to distribute your workload").
	MaxRead  = 3000
	MaxWrite = 1000
	// OnDemandRead and OnDemandWrite are what a new on-demand table serves at once, in units per
	// second (Developer Guide, "Initial throughput for on-demand capacity mode").
	OnDemandRead  = 12_000
	OnDemandWrite = 4000
	// BurstSeconds is how long unused provisioned capacity is kept (Developer Guide, "Burst
	// capacity": up to five minutes).
	BurstSeconds = 300
	// GrowthWindow is how long a new peak must stand before it doubles again (Developer Guide,
	// "Peak traffic and scaling properties").
	GrowthWindow = 30 * time.Minute
)

// A Direction is reading or writing; each has limits of its own.
type Direction uint8

// The directions.
const (
	ReadSide Direction = iota
	WriteSide
)

// A Cause is why a request was refused, as ThrottlingReasons name it after "Table" or "Index"
// and "Read" or "Write" (AWS API Reference, ThrottlingReason).
type Cause string

// The causes.
const (
	Admitted    Cause = ""
	Provisioned Cause = "ProvisionedThroughputExceeded"
	KeyRange    Cause = "KeyRangeThroughputExceeded"
	MaxOnDemand Cause = "MaxOnDemandThroughputExceeded"
	Account     Cause = "AccountLimitExceeded"
)

// A Decision is what became of a request.
type Decision struct {
	OK        bool
	Cause     Cause
	Side      Direction // which limit refused it
	Partition int       // number of the partition that the key lies in
}

// Reason returns the full name of a refusal for a table (or for an index).
func (d Decision) Reason(index bool) string {
	name := "Table"
	if index {
		name = "Index"
	}
	if d.Side == WriteSide {
		return name + "Write" + string(d.Cause)
	}
	return name + "Read" + string(d.Cause)
}

// A Config is how a table, or an index, begins. The zero value is a new on-demand table.
type Config struct {
	Provisioned         bool
	Read, Write         float64 // provisioned units/s
	MaxRead, MaxWrite   float64 // on-demand maximum units/s; 0 means none
	WarmRead, WarmWrite float64 // warm throughput units/s; 0 takes the mode's default
	// LocalIndexes says that the table has a local secondary index: the items of one partition
	// key are then never divided over partitions (Developer Guide, "Item collections in local
	// secondary indexes").
	LocalIndexes bool
	// IsIndex names refusals in Heat as an index's.
	IsIndex bool
	// Quota limits on-demand tables and their indexes together; nil sets no limit.
	Quota *Quota
	// OnSplit is told of each split; it must not call the table.
	OnSplit func(Split)

	Assumptions
}

// A Key says where an item lies: by the hash of its partition key, and by its sort key as
// text whose bytes order as the sort keys do; "" where there is none.
type Key struct {
	Hash uint64
	Sort string
}

// before reports whether k lies before a bound.
func (k Key) before(b Key) bool {
	return k.Hash < b.Hash || k.Hash == b.Hash && k.Sort < b.Sort
}

// Bounds are the first keys of a table's partitions, in order, and the partitions' numbers.
type Bounds struct {
	First []Key
	ID    []int
}

// Find returns the place in the order of the partition that owns a key.
func (b *Bounds) Find(k Key) int {
	return sort.Search(len(b.First), func(i int) bool { return k.before(b.First[i]) }) - 1
}

// A Table is the capacity of one table or index. It is safe for concurrent use.
type Table struct {
	mu     sync.Mutex
	config Config
	parts  []*part // ordered by the first key that each owns
	next   int     // number of the next partition to be made
	table  [2]bucket
	growth [2]growth
	warm   [2]float64 // units/s that the table's partitions are there for
	random uint64     // of the samples
	bounds atomic.Pointer[Bounds]
}

// A part is one partition: the keys from first to the next one's.
type part struct {
	id    int
	first Key
	limit [2]bucket
	burst [2]bucket // unused share of a provisioned table's capacity
	heat  Heat
	load  load
	bytes float64
}

// Heat is what a partition has served since its table began, and its state when last asked.
type Heat struct {
	ID                    int
	First                 uint64 // hash of the first key that the partition owns
	FirstSort             string // its sort key, where the partition begins within one partition key
	ReadUnits, WriteUnits float64
	Throttles             map[string]uint64 // by full reason
	Bytes                 float64
	// Tokens are the units that the partition's own limits hold, and Burst the unused share of
	// provisioned capacity, reads and writes.
	Tokens, Burst [2]float64
	// HotFor is how long the partition has been near a limit of its own.
	HotFor time.Duration
	// Stuck says why it was not split although it has been near its limit for long enough.
	Stuck string
}

// New returns a table at a time.
func New(c Config, now time.Duration) *Table {
	c.Assumptions = c.Assumptions.WithDefaults()
	t := &Table{config: c, random: 0x9e3779b97f4a7c15}
	t.warm = [2]float64{c.WarmRead, c.WarmWrite}
	t.raise()
	n := c.Partitions(t.warm[ReadSide], t.warm[WriteSide])
	for i := range n {
		t.parts = append(t.parts, t.newPart(i, Key{Hash: uint64(i) * (math.MaxUint64 / uint64(n))}, now))
	}
	t.next = n
	t.publish()
	t.reset(now)
	return t
}

func (t *Table) newPart(id int, first Key, now time.Duration) *part {
	seconds := t.config.PartitionSeconds
	return &part{
		id: id, first: first,
		heat:  Heat{ID: id, First: first.Hash, FirstSort: first.Sort, Throttles: map[string]uint64{}},
		limit: [2]bucket{full(MaxRead, seconds, now), full(MaxWrite, seconds, now)},
		load:  load{window: now},
	}
}

// raise brings the warm throughput up to what the mode and its capacity ask for. It is never
// lowered: partitions do not merge (AWS Database Blog, "Scaling DynamoDB", part 3), and a table
// that is switched to on demand keeps what it was provisioned with (Developer Guide, "Initial
// throughput for on-demand capacity mode").
func (t *Table) raise() {
	read, write := float64(OnDemandRead), float64(OnDemandWrite)
	if t.config.Provisioned {
		read, write = t.config.Read, t.config.Write
	}
	t.warm[ReadSide] = max(t.warm[ReadSide], read, 2*t.growth[ReadSide].peak)
	t.warm[WriteSide] = max(t.warm[WriteSide], write, 2*t.growth[WriteSide].peak)
}

// Warm returns the warm throughput in units/s: what the table can serve at once.
func (t *Table) Warm() (read, write float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.warm[ReadSide], t.warm[WriteSide]
}

// SetWarm raises the warm throughput to units/s; a lower value changes nothing.
func (t *Table) SetWarm(now time.Duration, read, write float64) {
	t.change(now, func(*Config) {
		t.warm[ReadSide], t.warm[WriteSide] = max(t.warm[ReadSide], read), max(t.warm[WriteSide], write)
	})
}

// Partitions returns how many partitions carry a throughput in units/s: see
// Assumptions.Additive.
func (a Assumptions) Partitions(read, write float64) int {
	r, w := read/MaxRead, write/MaxWrite
	if a.Additive {
		return max(1, int(math.Ceil(r+w)))
	}
	return max(1, int(math.Ceil(max(r, w))))
}

// Partitions returns how many partitions carry a throughput, by the default assumption.
func Partitions(read, write float64) int { return Assumptions{}.Partitions(read, write) }

// reset sets the table's own buckets from its configuration. What was unused before a change
// of provisioned capacity stays, as far as the new capacity's five minutes hold it: AWS does
// not publish what becomes of it.
func (t *Table) reset(now time.Duration) {
	c := t.config
	t.table = [2]bucket{}
	switch {
	case c.Provisioned:
		t.table = [2]bucket{full(c.Read, 1, now), full(c.Write, 1, now)}
	case true:
		if c.MaxRead > 0 {
			t.table[ReadSide] = full(c.MaxRead, 1, now)
		}
		if c.MaxWrite > 0 {
			t.table[WriteSide] = full(c.MaxWrite, 1, now)
		}
	}
	t.share(now)
}

// share gives each partition its part of the table's provisioned capacity, by which it saves
// up what it does not use.
func (t *Table) share(now time.Duration) {
	if !t.config.Provisioned {
		for _, p := range t.parts {
			p.burst = [2]bucket{}
		}
		return
	}
	for side, capacity := range [2]float64{t.config.Read, t.config.Write} {
		rate := capacity / float64(len(t.parts))
		for _, p := range t.parts {
			b := &p.burst[side]
			b.refill(now)
			*b = bucket{rate: rate, limit: rate * BurstSeconds, have: min(b.have, rate*BurstSeconds), at: now}
		}
	}
}

// SetProvisioned changes a table to provisioned units/s. Partitions are split when the new
// capacity needs more; they are never merged.
func (t *Table) SetProvisioned(now time.Duration, read, write float64) {
	t.change(now, func(c *Config) { c.Provisioned, c.Read, c.Write = true, read, write })
}

// SetOnDemand changes a table to on demand, with optional maxima in units/s. It serves at once
// what a new table does, or what it was provisioned with at any time, whichever is more.
func (t *Table) SetOnDemand(now time.Duration, maxRead, maxWrite float64) {
	t.change(now, func(c *Config) { c.Provisioned, c.MaxRead, c.MaxWrite = false, maxRead, maxWrite })
}

func (t *Table) change(now time.Duration, edit func(*Config)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	edit(&t.config)
	t.raise()
	t.grow(now, ForCapacity)
	t.reset(now)
}

// Mode returns the capacity in force: provisioned units/s, or on-demand maxima.
func (t *Table) Mode() (provisioned bool, read, write float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.config.Provisioned {
		return true, t.config.Read, t.config.Write
	}
	return false, t.config.MaxRead, t.config.MaxWrite
}

// find returns the index of the partition that owns a key.
func (t *Table) find(k Key) int {
	return sort.Search(len(t.parts), func(i int) bool { return k.before(t.parts[i].first) }) - 1
}

// publish makes the partitions' bounds known.
func (t *Table) publish() {
	b := &Bounds{First: make([]Key, len(t.parts)), ID: make([]int, len(t.parts))}
	for i, p := range t.parts {
		b.First[i], b.ID[i] = p.first, p.id
	}
	t.bounds.Store(b)
}

// Bounds returns the partitions as they are; it takes no lock, and the next split does not
// change what it returned.
func (t *Table) Bounds() *Bounds { return t.bounds.Load() }

// PartitionOf returns the number of the partition that owns a key.
func (t *Table) PartitionOf(k Key) int {
	b := t.Bounds()
	return b.ID[b.Find(k)]
}

// Len returns how many partitions there are.
func (t *Table) Len() int { return len(t.Bounds().ID) }

// Heat returns what each partition has served, in order of the keys that they own. Buckets are
// as they stood at the partition's last request.
func (t *Table) Heat() []Heat {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]Heat, len(t.parts))
	for i, p := range t.parts {
		h := p.heat
		h.Throttles = make(map[string]uint64, len(p.heat.Throttles))
		for k, n := range p.heat.Throttles {
			h.Throttles[k] = n
		}
		h.Bytes, h.HotFor = p.bytes, p.load.hot
		for side := range p.limit {
			h.Tokens[side], h.Burst[side] = p.limit[side].have, p.burst[side].have
		}
		out[i] = h
	}
	return out
}
