package store

import (
	"encoding/binary"
	"errors"
	"slices"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"
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

// An Index is a secondary index: on a bin's value, of one type, of one set or (Set "") of all
// records. A string or blob is indexed by a 64-bit hash, as the server does; a query compares
// the bin itself.
type Index struct {
	Name, Set, Bin string
	Type           uint8 // particle type: integer, string or blob
	trees          [wire.Partitions]*btree.BTreeG[entry]
	entries        atomic.Int64
	done           atomic.Int32 // partitions populated
}

// entry is one record's; the order is by value, then by digest.
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

// Entries returns how many records the index has.
func (x *Index) Entries() int64 { return x.entries.Load() }

// LoadPct returns how much of the records that were there is in the index, 0 to 100.
func (x *Index) LoadPct() int { return int(x.done.Load()) * 100 / wire.Partitions }

// valueOf returns what the index has of a bin.
func (x *Index) valueOf(op *wire.Op) (int64, bool) {
	if op.Type != x.Type {
		return 0, false
	}
	return IndexValue(op.Type, op.Value)
}

// IndexValue returns what an index has of a value: an integer itself, a string's or blob's hash.
func IndexValue(kind uint8, value []byte) (int64, bool) {
	switch kind {
	case wire.Integer:
		return integer(value)
	case wire.String, wire.Blob:
		return int64(xxhash.Sum64(value)), true
	}
	return 0, false
}

// integer reads an integer particle: 1 to 8 bytes, big-endian; fewer than 8 are unsigned.
func integer(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > 8 {
		return 0, false
	}
	var full [8]byte
	copy(full[8-len(b):], b)
	return int64(binary.BigEndian.Uint64(full[:])), true
}

// of returns the index's value of a record.
func (x *Index) of(r *Record, s *Store) (int64, bool) {
	if r == nil || x.Set != "" && s.SetName(r) != x.Set {
		return 0, false
	}
	op, ok := r.find(x.Bin)
	if !ok {
		return 0, false
	}
	return x.valueOf(&op)
}

// update takes the old record out and puts the new one in; the partition is locked.
func (x *Index) update(pid int, old *Record, s *Store, now *Record) {
	if v, ok := x.of(old, s); ok {
		x.remove(pid, v, old)
	}
	if v, ok := x.of(now, s); ok {
		x.insert(pid, v, now)
	}
}

// replace is update for a record that stays itself and changed its bins.
func (x *Index) replace(pid int, before, now *Record, s *Store) {
	v, had := x.of(before, s)
	w, has := x.of(now, s)
	if had && has && v == w {
		return
	}
	if had {
		x.remove(pid, v, now)
	}
	if has {
		x.insert(pid, w, now)
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
func (s *Store) IndexOn(set, bin string, kind uint8) (*Index, bool) {
	for _, of := range []string{set, ""} {
		for _, x := range s.list() {
			if x.Set == of && x.Bin == bin && x.Type == kind {
				return x, true
			}
		}
	}
	return nil, false
}

// CreateIndex adds an index. It maintains itself from now on; Populate must be called to add
// the records that are there.
func (s *Store) CreateIndex(name, set, bin string, kind uint8) (*Index, error) {
	s.creating.Lock()
	defer s.creating.Unlock()
	for _, x := range s.list() {
		if x.Name == name || x.Set == set && x.Bin == bin && x.Type == kind {
			return nil, ErrIndexExists
		}
	}
	if len(s.list()) >= MaxIndexes {
		return nil, ErrIndexes
	}
	x := &Index{Name: name, Set: set, Bin: bin, Type: kind}
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
				x.update(pid, nil, s, r)
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

// PageIndex appends to out up to limit live records of a partition whose value lies between
// from and to, in order of value and digest. exact, unless nil, is what the bin must be.
func (s *Store) PageIndex(out []Snapshot, x *Index, part wire.Partition, set []byte, from, to int64,
	exact []byte, now uint32, limit int,
) (page []Snapshot, more bool) {
	p := &s.partitions[part.ID]
	p.mu.Lock()
	defer p.mu.Unlock()
	tree := x.trees[part.ID]
	if tree == nil {
		return out, false
	}
	begin := entry{from, &Record{}}
	if part.Resume {
		begin = entry{max(from, part.BVal), &Record{Digest: part.After}}
		if part.BVal < from {
			begin.record = &Record{}
		}
	}
	tree.Ascend(begin, func(e entry) bool {
		if e.value > to {
			return false
		}
		if part.Resume && e.value == part.BVal && e.record.Digest == part.After || e.record.Expired(now) {
			return true
		}
		if len(set) > 0 && s.SetName(e.record) != string(set) {
			return true
		}
		if exact != nil {
			if op, ok := e.record.find(x.Bin); !ok || string(op.Value) != string(exact) {
				return true
			}
		}
		if limit == 0 {
			more = true
			return false
		}
		limit--
		out = append(out, Snapshot{Record: *e.record, Set: s.SetName(e.record), BVal: e.value})
		return true
	})
	return out, more
}
