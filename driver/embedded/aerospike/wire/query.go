package wire

import "encoding/binary"

// A Query is what a scan or query asks for, besides namespace, set and bins.
type Query struct {
	Partitions       []Partition // where to begin; a server does each whole
	MaxRecords       uint64      // 0: all
	RecordsPerSecond uint32      // 0: unlimited
	Task             uint64
	Range            *Range // nil: the primary index
	NoPartitionDone  bool   // no marker is wanted for a partition that is done
}

// A Partition of a query is done from its beginning, or from after a record.
type Partition struct {
	ID     int
	Resume bool
	After  Digest
	BVal   int64 // the secondary index's value of the record, on a query by index
}

// A Range is what a query by secondary index asks for.
type Range struct {
	Bin        []byte
	Type       uint8 // particle type
	Begin, End []byte
	IndexType  uint8  // what of the bin: itself, or a list's or map's elements
	Context    []byte // packed steps into a list or map; empty: none
}

// ParseQuery reads a query's fields.
func ParseQuery(m *Message) (Query, error) {
	q := Query{NoPartitionDone: m.Info3&Info3PartitionDone != 0}
	var ok bool
	if q.MaxRecords, ok = m.number(FieldMaxRecords, 8); !ok {
		return Query{}, ErrMalformed
	}
	rps, ok := m.number(FieldRecordsPerSecond, 4)
	if !ok {
		return Query{}, ErrMalformed
	}
	q.RecordsPerSecond = uint32(rps)
	if q.Task, ok = m.number(FieldTask, 8); !ok {
		return Query{}, ErrMalformed
	}
	if err := q.parsePartitions(m); err != nil {
		return Query{}, err
	}
	field, ok := m.Field(FieldIndexRange)
	if !ok {
		return q, nil
	}
	var err error
	q.Range, err = parseRange(field)
	if err != nil {
		return Query{}, err
	}
	if kind, ok := m.Field(FieldIndexType); ok {
		if len(kind) != 1 {
			return Query{}, ErrMalformed
		}
		q.Range.IndexType = kind[0]
	}
	q.Range.Context, _ = m.Field(FieldIndexContext)
	return q, nil
}

// number reads a field of an exact size; an absent one is 0.
func (m *Message) number(kind uint8, size int) (uint64, bool) {
	b, ok := m.Field(kind)
	if !ok {
		return 0, true
	}
	if len(b) != size {
		return 0, false
	}
	v := uint64(0)
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	return v, true
}

func (q *Query) parsePartitions(m *Message) error {
	pids, _ := m.Field(FieldPIDs)
	digests, _ := m.Field(FieldDigests)
	bvals, _ := m.Field(FieldBVals)
	n := len(pids)/2 + len(digests)/DigestSize
	if len(pids)%2 != 0 || len(digests)%DigestSize != 0 || n > Partitions ||
		len(bvals) != 0 && len(bvals)/8 != len(digests)/DigestSize {
		return ErrMalformed
	}
	q.Partitions = make([]Partition, 0, n)
	for ; len(pids) > 0; pids = pids[2:] {
		id := int(binary.LittleEndian.Uint16(pids))
		if id >= Partitions {
			return ErrMalformed
		}
		q.Partitions = append(q.Partitions, Partition{ID: id})
	}
	for i := 0; len(digests) > 0; digests, i = digests[DigestSize:], i+1 {
		d := Digest(digests)
		p := Partition{ID: d.Partition(), Resume: true, After: d}
		if len(bvals) >= 8*(i+1) {
			p.BVal = int64(binary.LittleEndian.Uint64(bvals[8*i:]))
		}
		q.Partitions = append(q.Partitions, p)
	}
	return nil
}

// parseRange reads one range: their number, the bin's name, its type, and two values, each
// with its length before it.
func parseRange(b []byte) (*Range, error) {
	take := func(n uint64) []byte {
		if b == nil || n > uint64(len(b)) {
			b = nil
			return nil
		}
		out := b[:n:n]
		b = b[n:]
		return out
	}
	size := func(n uint64) uint64 {
		v := uint64(0)
		for _, c := range take(n) {
			v = v<<8 | uint64(c)
		}
		return v
	}
	if size(1) != 1 {
		return nil, ErrMalformed
	}
	r := &Range{Bin: take(size(1))}
	r.Type = uint8(size(1))
	r.Begin = take(size(4))
	r.End = take(size(4))
	if b == nil || len(r.Bin) == 0 || len(r.Bin) > MaxBinName || r.Begin == nil || r.End == nil {
		return nil, ErrMalformed
	}
	return r, nil
}
