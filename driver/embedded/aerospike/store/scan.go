package store

import (
	"bytes"

	"crossover/driver/embedded/aerospike/wire"
)

// A Snapshot is a record as it was when it was read; nothing changes it any more.
type Snapshot struct {
	Record
	Set  string
	BVal int64 // the value that a secondary index has of it, on a query by index
}

// Page appends to out up to limit live records of a partition in order of their digests, from
// after a record or from the beginning, of one set or (nil) of all. more reports whether the
// partition may have further ones.
func (s *Store) Page(out []Snapshot, part wire.Partition, set []byte, now uint32, limit int,
) (page []Snapshot, more bool) {
	id, known := s.sets.find(set)
	if !known {
		return out, false
	}
	p := &s.partitions[part.ID]
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.records == nil || len(set) > 0 && p.count(id).Records == 0 {
		return out, false
	}
	p.pivot.Digest = part.After
	visit := func(r *Record) bool {
		if part.Resume && r.Digest == part.After || r.Expired(now) || len(set) > 0 && r.set != id {
			return true
		}
		if limit == 0 {
			more = true
			return false
		}
		limit--
		out = append(out, Snapshot{Record: *r, Set: s.SetName(r)})
		return true
	}
	if part.Resume {
		p.records.Ascend(&p.pivot, visit)
	} else {
		p.records.Scan(visit)
	}
	return out, more
}

// Sweep removes the records for which doomed says so from the partitions that owned names, and
// returns how many.
func (s *Store) Sweep(owned func(pid int) bool, doomed func(r *Record, set string) bool) (removed int) {
	var list []*Record
	for pid := range s.partitions {
		if !owned(pid) {
			continue
		}
		p := &s.partitions[pid]
		p.mu.Lock()
		list = list[:0]
		if p.records != nil {
			p.records.Scan(func(r *Record) bool {
				if doomed(r, s.SetName(r)) {
					list = append(list, r)
				}
				return true
			})
		}
		for _, r := range list {
			s.remove(p, pid, r)
		}
		removed += len(list)
		p.mu.Unlock()
	}
	return removed
}

// Expire removes a partition's expired records, and returns how many.
func (s *Store) Expire(pid int, now uint32) int {
	if c, _ := s.PartitionCounts(pid); c.Expirable == 0 {
		return 0
	}
	return s.Sweep(func(p int) bool { return p == pid }, func(r *Record, _ string) bool { return r.Expired(now) })
}

// Truncate removes a set's records, or (set "") all, last updated up to a time, in
// milliseconds since 2010-01-01 UTC, and returns how many.
func (s *Store) Truncate(set string, until uint64) int {
	return s.Sweep(func(int) bool { return true }, func(r *Record, name string) bool {
		return (set == "" || set == name) && r.LastUpdate <= until
	})
}

func compareDigests(a, b *wire.Digest) int { return bytes.Compare(a[:], b[:]) }
