package store

import (
	"errors"
	"slices"
	"sync/atomic"

	"github.com/tidwall/btree"

	"crossover/driver/embedded/aerospike/wire"
)

// MaxIndexes is how many secondary indexes a namespace may have (sindex.h, MAX_N_SINDEXES).
const MaxIndexes = 256

// What can be wrong with an index's definition.
var (
	ErrIndexExists = errors.New("an index of this name, or on this bin, exists")
	ErrIndexes     = errors.New("too many secondary indexes")
)

// A Definition is what a secondary index is of: of a set or (Set "") of all records, a bin, what
// a context leads to in it, and there the value itself or a list's or map's elements.
type Definition struct {
	Name, Set, Bin string
	Type           uint8 // particle type: integer, string, blob or GeoJSON
	Over           Collection
	Context        string // packed steps into the bin's value; "": the value itself
}

// same reports whether two indexes would hold the same.
func (d *Definition) same(e *Definition) bool {
	own := *d
	own.Name = e.Name
	return own == *e
}

// An Index is a secondary index. A string or blob is indexed by a 64-bit hash, as the server
// does, and a GeoJSON not by its place but by being there; a query compares the bin itself.
type Index struct {
	Definition
	trees   [wire.Partitions]*btree.BTreeG[entry]
	entries atomic.Int64
	done    atomic.Int32 // partitions populated
}

// entry is one value of a record; the order is by value, then by digest.
type entry struct {
	value  int64
	record *Record
}

func byValue(a, b entry) bool {
	if a.value != b.value {
		return a.value < b.value
	}
	return compareDigests(&a.record.Digest, &b.record.Digest) < 0
}

// Entries returns how many values of records the index has.
func (x *Index) Entries() int64 { return x.entries.Load() }

// LoadPct returns how much of the records that were there is in the index, 0 to 100.
func (x *Index) LoadPct() int { return int(x.done.Load()) * 100 / wire.Partitions }

// update takes the old record out and puts the new one in; the partition is locked.
func (x *Index) update(p *partition, pid int, old *Record, s *Store, now *Record) {
	p.values[0] = x.of(p.values[0][:0], old, s)
	for _, v := range p.values[0] {
		x.remove(pid, v, old)
	}
	p.values[0] = x.of(p.values[0][:0], now, s)
	for _, v := range p.values[0] {
		x.insert(pid, v, now)
	}
}

// replace is update for a record that stays itself and changed its bins.
func (x *Index) replace(p *partition, pid int, before, now *Record, s *Store) {
	p.values[0] = x.of(p.values[0][:0], before, s)
	p.values[1] = x.of(p.values[1][:0], now, s)
	for _, v := range p.values[0] {
		if _, kept := slices.BinarySearch(p.values[1], v); !kept {
			x.remove(pid, v, now)
		}
	}
	for _, v := range p.values[1] {
		if _, had := slices.BinarySearch(p.values[0], v); !had {
			x.insert(pid, v, now)
		}
	}
}

func (x *Index) insert(pid int, v int64, r *Record) {
	if x.trees[pid] == nil {
		x.trees[pid] = btree.NewBTreeGOptions(byValue, btree.Options{NoLocks: true, Degree: degree})
	}
	if _, there := x.trees[pid].Set(entry{v, r}); !there {
		x.entries.Add(1)
	}
}

func (x *Index) remove(pid int, v int64, r *Record) {
	if x.trees[pid] == nil {
		return
	}
	if _, there := x.trees[pid].Delete(entry{v, r}); there {
		x.entries.Add(-1)
	}
}

func (s *Store) list() []*Index {
	if l := s.indexes.Load(); l != nil {
		return *l
	}
	return nil
}

// Indexes returns the secondary indexes.
func (s *Store) Indexes() []*Index { return slices.Clone(s.list()) }

// Indexed reports whether a secondary index is on records of a set.
func (s *Store) Indexed(set string) bool {
	for _, x := range s.list() {
		if x.Set == "" || x.Set == set {
			return true
		}
	}
	return false
}

// FindIndex returns an index by its name.
func (s *Store) FindIndex(name string) (*Index, bool) {
	for _, x := range s.list() {
		if x.Name == name {
			return x, true
		}
	}
	return nil, false
}

// IndexOn returns the index that answers a query: on the set itself, else on all records.
func (s *Store) IndexOn(d Definition) (*Index, bool) {
	of := [...]string{d.Set, ""}
	for _, d.Set = range of {
		for _, x := range s.list() {
			if x.same(&d) {
				return x, true
			}
		}
	}
	return nil, false
}

// CreateIndex adds an index. It maintains itself from now on; Populate must be called to add
// the records that are there.
func (s *Store) CreateIndex(d Definition) (*Index, error) {
	s.creating.Lock()
	defer s.creating.Unlock()
	for _, x := range s.list() {
		if x.Name == d.Name || x.same(&d) {
			return nil, ErrIndexExists
		}
	}
	if len(s.list()) >= MaxIndexes {
		return nil, ErrIndexes
	}
	x := &Index{Definition: d}
	grown := append(slices.Clone(s.list()), x)
	s.indexes.Store(&grown)
	return x, nil
}

// Populate adds the records that were there before the index was, partition by partition.
func (s *Store) Populate(x *Index) {
	for pid := range s.partitions {
		p := &s.partitions[pid]
		p.mu.Lock()
		if p.records != nil {
			p.records.Scan(func(r *Record) bool {
				x.update(p, pid, nil, s, r)
				return true
			})
		}
		p.mu.Unlock()
		x.done.Add(1)
	}
}

// DropIndex removes an index, and reports whether there was one.
func (s *Store) DropIndex(name string) bool {
	s.creating.Lock()
	defer s.creating.Unlock()
	kept := slices.DeleteFunc(slices.Clone(s.list()), func(x *Index) bool { return x.Name == name })
	dropped := len(kept) < len(s.list())
	s.indexes.Store(&kept)
	return dropped
}
