// Package partition models how DynamoDB divides a table's capacity: partitions by hash of the
// partition key, each with its own limit that always binds, table capacity with burst, and
// on-demand growth. It is pure: the caller passes the time.
package partition

import (
	"math"
	"sort"
	"sync"
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
	// EventualRead is the rate in read units that one partition was seen to serve to eventually
	// consistent reads, which spread over its three replicas (AWS Database Blog, "Scaling
	// DynamoDB: how partitions, hot keys, and split for heat impact performance", part 2: 9,000
	// reads/s of one item at the start).
	EventualRead = 4500
	// GrowthWindow is how long a new peak must stand before it doubles again (Developer Guide,
	// "Peak traffic and scaling properties").
	GrowthWindow = 30 * time.Minute
	// SplitBytes is the size near which a partition splits (AWS Database Blog, part 3).
	SplitBytes = 10e9
)

// What AWS does not publish, and this model assumes.
const (
	// partitionBucket is how many seconds of a partition's limit its bucket holds: a partition
	// is metered by the second.
	partitionBucket = 1
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

// A Config is how a table begins. The zero value is a new on-demand table.
type Config struct {
	Provisioned         bool
	Read, Write         float64 // provisioned units/s
	MaxRead, MaxWrite   float64 // on-demand maximum units/s; 0 means none
	WarmRead, WarmWrite float64 // on-demand warm throughput units/s; 0 takes the default of a new table
	// EventualLimit is a partition's limit for eventually consistent reads in read units/s;
	// 0 takes EventualRead. MaxRead switches the effect off.
	EventualLimit float64
}

// A Table is the capacity of one table or index. It is safe for concurrent use.
type Table struct {
	mu     sync.Mutex
	config Config
	parts  []*part // ordered by the first hash that each owns
	next   int     // number of the next partition to be made
	table  [2]bucket
	peak   [2]growth
}

// A part is one partition: the hashes from first to the next one's.
type part struct {
	id       int
	first    uint64
	limit    [2]bucket
	eventual bucket
	heat     Heat
}

// Heat is what a partition has served since its table began.
type Heat struct {
	ID                    int
	First                 uint64 // first hash that the partition owns
	ReadUnits, WriteUnits float64
	Throttles             map[string]uint64 // by full reason
}

// New returns a table at a time.
func New(c Config, now time.Duration) *Table {
	if c.EventualLimit == 0 {
		c.EventualLimit = EventualRead
	}
	t := &Table{config: c}
	n := Partitions(t.rates())
	for i := range n {
		t.parts = append(t.parts, newPart(i, uint64(i)*(math.MaxUint64/uint64(n)), c.EventualLimit, now))
	}
	t.next = n
	t.reset(now)
	return t
}

func newPart(id int, first uint64, eventual float64, now time.Duration) *part {
	return &part{
		id: id, first: first, heat: Heat{ID: id, First: first, Throttles: map[string]uint64{}},
		limit:    [2]bucket{full(MaxRead, partitionBucket, now), full(MaxWrite, partitionBucket, now)},
		eventual: full(eventual, partitionBucket, now),
	}
}

// rates returns the throughput that the table's partitions must carry.
func (t *Table) rates() (read, write float64) {
	if t.config.Provisioned {
		return t.config.Read, t.config.Write
	}
	read, write = t.config.WarmRead, t.config.WarmWrite
	if read == 0 {
		read = OnDemandRead
	}
	if write == 0 {
		write = OnDemandWrite
	}
	return read, write
}

// Partitions returns how many partitions carry a throughput: the larger of what reads and what
// writes ask for. AWS publishes no formula; this one agrees with a new on-demand table's
// 12,000 and 4,000 units/s on four partitions.
func Partitions(read, write float64) int {
	return max(1, int(math.Ceil(max(read/MaxRead, write/MaxWrite))))
}

// reset sets the table's own buckets from its configuration.
func (t *Table) reset(now time.Duration) {
	c := t.config
	if c.Provisioned {
		// A new capacity begins without burst: what was unused before belongs to the old one.
		t.table = [2]bucket{empty(c.Read, BurstSeconds, now), empty(c.Write, BurstSeconds, now)}
		return
	}
	t.table = [2]bucket{}
	if c.MaxRead > 0 {
		t.table[ReadSide] = full(c.MaxRead, 1, now)
	}
	if c.MaxWrite > 0 {
		t.table[WriteSide] = full(c.MaxWrite, 1, now)
	}
	read, write := t.rates()
	t.peak = [2]growth{{capacity: read}, {capacity: write}}
}

// SetProvisioned changes a table to provisioned units/s. Partitions are split when the new
// capacity needs more; they are never merged.
func (t *Table) SetProvisioned(now time.Duration, read, write float64) {
	t.change(now, func(c *Config) { c.Provisioned, c.Read, c.Write = true, read, write })
}

// SetOnDemand changes a table to on demand, with optional maxima in units/s.
func (t *Table) SetOnDemand(now time.Duration, maxRead, maxWrite float64) {
	t.change(now, func(c *Config) { c.Provisioned, c.MaxRead, c.MaxWrite = false, maxRead, maxWrite })
}

func (t *Table) change(now time.Duration, edit func(*Config)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	edit(&t.config)
	t.grow(now)
	t.reset(now)
}

// grow splits the widest partitions until the table has as many as its rates need.
func (t *Table) grow(now time.Duration) {
	for need := Partitions(t.rates()); len(t.parts) < need; {
		widest, width := 0, uint64(0)
		for i := range t.parts {
			if w := t.end(i) - t.parts[i].first; w > width {
				widest, width = i, w
			}
		}
		t.split(widest, t.parts[widest].first+width/2, now)
	}
}

// end returns the last hash that partition i owns.
func (t *Table) end(i int) uint64 {
	if i+1 < len(t.parts) {
		return t.parts[i+1].first - 1
	}
	return math.MaxUint64
}

// Split divides the partition that owns hash at, so that at begins a new one. It reports
// whether it could: a partition can't be divided at its own first hash.
func (t *Table) Split(now time.Duration, at uint64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := t.find(at)
	if t.parts[i].first == at {
		return false
	}
	t.split(i, at, now)
	return true
}

func (t *Table) split(i int, at uint64, now time.Duration) {
	p := newPart(t.next, at, t.config.EventualLimit, now)
	t.next++
	t.parts = append(t.parts, nil)
	copy(t.parts[i+2:], t.parts[i+1:])
	t.parts[i+1] = p
}

// find returns the index of the partition that owns a hash.
func (t *Table) find(hash uint64) int {
	return sort.Search(len(t.parts), func(i int) bool { return t.parts[i].first > hash }) - 1
}
