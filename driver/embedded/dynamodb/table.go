package dynamodb

import (
	"math"
	"slices"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"crossover/costmodel/partition"
	"crossover/driver/embedded/dynamodb/disk"
	"crossover/driver/embedded/dynamodb/store"
)

// A throughput is how much a table may serve, in units per second.
type throughput struct {
	provisioned       bool
	read, write       int64 // provisioned
	maxRead, maxWrite int64 // on demand: 0 means no maximum
}

// The states of a table (API Reference, TableDescription).
const (
	creating = "CREATING"
	active   = "ACTIVE"
	updating = "UPDATING"
	deleting = "DELETING"
)

// A table is one table: its items, its capacity and what it has served.
type table struct {
	name, arn, id string
	created       time.Time
	schema        schema
	definitions   definitions
	store         *store.Store
	capacity      *partition.Table
	quota         *partition.Quota // with its global indexes; nil limits nothing
	meter         meter

	// due is when the change under way takes effect, on the server's clock; never when there
	// is none. It is read on every request.
	due    atomic.Int64
	owners atomic.Pointer[owners]
	locked underway              // what transactions have not done with
	aside  atomic.Pointer[aside] // nil for a table that has nothing beside its items

	insights atomic.Pointer[insights] // nil while Contributor Insights are off
	kept     *disk.Table              // nil without a data directory
	deny     bool                     // writes are refused
	denied   atomic.Uint64            // writes that were

	mu         sync.RWMutex // guards what follows
	status     string
	stream     *stream // the last one, which may be switched off
	throughput throughput
	effect     func(now time.Duration) // what happens at due
	class      string
	protected  bool
	tags       map[string]string
	lastOnDem  time.Time // last switch to on demand
	increased  time.Time
	decreased  time.Time
	decreases  int
	warm       [2]float64 // read and write units/s that the table can serve at once
}

const never = math.MaxInt64

// owners are the partitions' first hashes, in order, and their numbers. They change only with
// the table's capacity.
type owners struct {
	first []uint64
	id    []int
}

func (o *owners) find(hash uint64) int {
	return sort.Search(len(o.first), func(i int) bool { return o.first[i] > hash }) - 1
}

// partitionOf returns the number of the partition that owns a hash.
func (t *table) partitionOf(hash uint64) int {
	o := t.owners.Load()
	return o.id[o.find(hash)]
}

// learn takes the partitions' bounds over and returns how many there are.
func (t *table) learn() int {
	o := ownersOf(t.capacity)
	t.owners.Store(o)
	return len(o.id)
}

func ownersOf(capacity *partition.Table) *owners {
	o, b := &owners{}, capacity.Bounds()
	for i, k := range b.First {
		if k.Sort == "" { // one that begins within a partition key shares its hash
			o.first, o.id = append(o.first, k.Hash), append(o.id, b.ID[i])
		}
	}
	return o
}

// settle lets a change take effect whose time has come.
func (t *table) settle(now time.Duration) {
	if int64(now) < t.due.Load() {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if int64(now) >= t.due.Load() && t.effect != nil {
		effect := t.effect
		t.effect = nil
		t.due.Store(never)
		effect(now)
	}
}

// begin puts the table into a state until a later time, when effect happens. The caller holds
// t.mu.
func (t *table) begin(status string, at time.Duration, effect func(now time.Duration)) {
	t.status, t.effect = status, effect
	t.due.Store(int64(at))
}

// usable reports whether items may be read and written.
func (t *table) usable() bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.status == active || t.status == updating
}

// mode returns the throughput in force.
func (t *table) mode() throughput {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.throughput
}

// lookup returns a table, whatever its state, or nil. It takes a name or an ARN of this region.
func (s *Server) lookup(name string, now time.Duration) *table {
	s.mu.RLock()
	t := s.tables[s.tableName(name)]
	s.mu.RUnlock()
	if t != nil {
		if t.settle(now); t.gone() {
			s.forget(t)
			return nil
		}
	}
	return t
}

// gone reports whether a deletion has taken effect.
func (t *table) gone() bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.status == ""
}

// tableNames returns the names of all tables, in order.
func (s *Server) tableNames(now time.Duration) []string {
	s.mu.RLock()
	all := make([]*table, 0, len(s.tables))
	for _, t := range s.tables {
		all = append(all, t)
	}
	s.mu.RUnlock()
	var out []string
	for _, t := range all {
		if t.settle(now); !t.gone() {
			out = append(out, t.name)
		}
	}
	slices.Sort(out)
	return out
}

// forget removes a table whose deletion has taken effect.
func (s *Server) forget(t *table) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tables[t.name] == t {
		delete(s.tables, t.name)
	}
}
