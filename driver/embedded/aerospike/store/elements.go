package store

import (
	"encoding/binary"
	"slices"

	"github.com/cespare/xxhash/v2"

	"crossover/driver/embedded/aerospike/cdt"
	"crossover/driver/embedded/aerospike/msgpack"
	"crossover/driver/embedded/aerospike/wire"
)

// A Collection says what of a bin an index is on, in the numbers that the wire has.
type Collection uint8

// The collections.
const (
	Whole     Collection = iota // the value itself
	Elements                    // a list's elements
	MapKeys                     // a map's keys
	MapValues                   // a map's values
)

// IndexValue returns what an index has of a value: an integer itself, a string's or blob's hash,
// and of every GeoJSON the same.
func IndexValue(kind uint8, value []byte) (int64, bool) {
	switch kind {
	case wire.Integer:
		return integer(value)
	case wire.String, wire.Blob:
		return int64(xxhash.Sum64(value)), true
	case wire.GeoJSON:
		return 0, true
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

// of appends what the index has of a record: values in order, each once.
func (x *Index) of(out []int64, r *Record, s *Store) []int64 {
	if r == nil || x.Set != "" && s.SetName(r) != x.Set {
		return out
	}
	x.each(r, func(value []byte) {
		if v, ok := IndexValue(x.Type, value); ok {
			out = append(out, v)
		}
	})
	if len(out) > 1 {
		slices.Sort(out)
		out = slices.Compact(out)
	}
	return out
}

// each hands every value of the index's type that the index would have of a record to use.
func (x *Index) each(r *Record, use func(value []byte)) {
	op, ok := r.find(x.Bin)
	if !ok {
		return
	}
	if x.Over == Whole && x.Context == "" {
		if op.Type == x.Type {
			use(op.Value)
		}
		return
	}
	if op.Type != wire.List && op.Type != wire.Map {
		return
	}
	value := op.Value
	if x.Context != "" {
		if value, ok = cdt.Dig(value, []byte(x.Context)); !ok {
			return
		}
	}
	if x.Over == Whole {
		x.element(value, use)
		return
	}
	head, rest, ok := msgpack.Next(value)
	wanted := msgpack.Map
	if x.Over == Elements {
		wanted = msgpack.List
	}
	if !ok || head.Kind != wanted {
		return
	}
	for i := range head.Count {
		var one []byte
		if one, rest, ok = msgpack.Split(rest); !ok {
			return
		}
		if x.Over == Elements || (x.Over == MapKeys) == (i%2 == 0) {
			x.element(one, use)
		}
	}
}

func (x *Index) element(packed []byte, use func(value []byte)) {
	if kind, value, ok := msgpack.Particle(packed); ok && kind == x.Type {
		use(value)
	}
}

// A Range is what of an index is wanted: values between From and To, of which, unless it is nil,
// Match must say of a record's own that it is wanted.
type Range struct {
	From, To int64
	Match    func(value []byte) bool
}

// wants reports whether a record is wanted that the index has at a value. A list's and a map's
// elements may be wanted more than once: only at the least of them is their record.
func (x *Index) wants(q *Range, r *Record, at int64) bool {
	if q.Match == nil && x.Over == Whole {
		return true
	}
	wanted, least := q.Match == nil, true
	x.each(r, func(value []byte) {
		v, ok := IndexValue(x.Type, value)
		least = least && (!ok || v < q.From || v >= at)
		wanted = wanted || ok && v == at && q.Match(value)
	})
	return wanted && least
}

// PageIndex appends to out up to limit live records of a partition that are wanted of an index,
// in order of value and digest.
func (s *Store) PageIndex(out []Snapshot, x *Index, q *Range, part wire.Partition, set []byte,
	now uint32, limit int,
) (page []Snapshot, more bool) {
	p := &s.partitions[part.ID]
	p.mu.Lock()
	defer p.mu.Unlock()
	tree := x.trees[part.ID]
	if tree == nil {
		return out, false
	}
	begin := entry{q.From, &Record{}}
	if part.Resume && part.BVal >= q.From {
		begin = entry{part.BVal, &Record{Digest: part.After}}
	}
	tree.Ascend(begin, func(e entry) bool {
		if e.value > q.To {
			return false
		}
		if part.Resume && e.value == part.BVal && e.record.Digest == part.After || e.record.Expired(now) ||
			len(set) > 0 && s.SetName(e.record) != string(set) || !x.wants(q, e.record, e.value) {
			return true
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
