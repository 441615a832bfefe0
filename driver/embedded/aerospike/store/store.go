package store

import (
	"bytes"
	"sync"
	"sync/atomic"

	"github.com/tidwall/btree"

	"crossover/costmodel/footprint"
	"crossover/driver/embedded/aerospike/wire"
)

// A Store is one namespace's records. It is safe for concurrent use.
type Store struct {
	partitions [wire.Partitions]partition
	sets       sets
	creating   sync.Mutex // held while the list of indexes changes
	indexes    atomic.Pointer[[]*Index]
}

// A partition is one partition's records.
type partition struct {
	mu      sync.Mutex
	records *btree.BTreeG[*Record] // nil while it has none
	pivot   Record                 // what look-ups compare with; under mu
	bins    []footprint.Bin        // scratch; under mu
	values  [2][]int64             // scratch, what an index has of a record; under mu
	counts  []Counts               // by set's number
}

// Counts are what a set, or a namespace, holds of one copy.
type Counts struct {
	Records     int64
	DeviceBytes int64
	Expirable   int64 // records with a void time
}

func (c *Counts) add(r *Record, sign int64) {
	c.Records += sign
	c.DeviceBytes += sign * int64(r.Device)
	if r.VoidTime != 0 {
		c.Expirable += sign
	}
}

// Add adds d to c.
func (c *Counts) Add(d Counts) {
	c.Records += d.Records
	c.DeviceBytes += d.DeviceBytes
	c.Expirable += d.Expirable
}

// New returns a store without a record.
func New() *Store { return &Store{} }

func byDigest(a, b *Record) bool { return bytes.Compare(a.Digest[:], b.Digest[:]) < 0 }

// degree keeps the nodes of small trees small: a million records are 244 a partition.
const degree = 16

// A Txn is one record's partition, locked.
type Txn struct {
	store *Store
	part  *partition
	pid   int
	now   uint32
	// Record is the record that is there and has not expired, or nil.
	Record *Record
}

// Begin locks a record's partition and looks the record up; now is in seconds since
// 2010-01-01 UTC. End must follow.
func (s *Store) Begin(d *wire.Digest, now uint32) Txn {
	pid := d.Partition()
	t := Txn{store: s, part: &s.partitions[pid], pid: pid, now: now}
	t.part.mu.Lock()
	t.part.pivot.Digest = *d
	if t.part.records != nil {
		t.Record, _ = t.part.records.Get(&t.part.pivot)
	}
	if t.Record != nil && t.Record.Expired(now) {
		t.Delete()
	}
	return t
}

// End unlocks the partition.
func (t *Txn) End() { t.part.mu.Unlock() }

// Set returns the number of a set for Put; it is given out now if need be.
func (t *Txn) Set(name []byte) (uint16, error) { return t.store.sets.add(name) }

// SetName returns the set's name of the record that is there; "" is none.
func (t *Txn) SetName() string { return t.store.SetName(t.Record) }

// Delete removes the record that is there.
func (t *Txn) Delete() {
	if t.Record == nil {
		return
	}
	t.store.remove(t.part, t.pid, t.Record)
	t.Record = nil
}

// remove takes r out of its partition, which is locked.
func (s *Store) remove(p *partition, pid int, r *Record) {
	for _, x := range s.list() {
		x.update(p, pid, r, s, nil)
	}
	p.records.Delete(r)
	p.count(r.set).add(r, -1)
}

func (p *partition) count(set uint16) *Counts {
	for int(set) >= len(p.counts) {
		p.counts = append(p.counts, Counts{})
	}
	return &p.counts[set]
}

// A Value is what Put stores.
type Value struct {
	Set        uint16 // of a record that is not there yet, from Txn.Set
	Key        []byte // as the wire has it; empty keeps the one that is stored
	Bins       []byte // as operations; copied
	Count      uint16 // how many
	VoidTime   uint32
	LastUpdate uint64
}

// Measure returns how many bytes on a device the value would take.
func (t *Txn) Measure(v *Value) int {
	r := Record{data: v.Bins, VoidTime: v.VoidTime, set: v.Set}
	set := r.set
	if t.Record != nil {
		set = t.Record.set
	}
	key := len(v.Key)
	if key == 0 && t.Record != nil {
		key = int(t.Record.key)
	}
	n, bins := r.deviceBytes(t.store.sets.names()[set], key, t.part.bins)
	t.part.bins = bins
	return n
}

// Put stores v in place of the record that is there, or as a new one, advances its generation
// (65535 is followed by 1, as the server's 16 bits are), and returns it.
func (t *Txn) Put(v *Value) *Record {
	old := t.Record
	r := old
	key := v.Key
	if old == nil {
		r = &Record{Digest: t.part.pivot.Digest, set: v.Set}
	} else {
		if len(key) == 0 {
			key = old.Key()
		}
		t.part.count(r.set).add(old, -1)
	}
	data := make([]byte, len(key)+len(v.Bins))
	copy(data[copy(data, key):], v.Bins)
	before := *r
	r.data, r.key, r.Bins = data, uint32(len(key)), v.Count
	r.VoidTime, r.LastUpdate = v.VoidTime, v.LastUpdate
	r.Generation++
	if r.Generation == 0 {
		r.Generation = 1
	}
	device, bins := r.deviceBytes(t.store.SetName(r), int(r.key), t.part.bins)
	r.Device, t.part.bins = uint32(device), bins
	t.part.count(r.set).add(r, 1)
	if old == nil {
		if t.part.records == nil {
			t.part.records = btree.NewBTreeGOptions(byDigest, btree.Options{NoLocks: true, Degree: degree})
		}
		t.part.records.Set(r)
		t.Record = r
	}
	for _, x := range t.store.list() {
		if old == nil {
			x.update(t.part, t.pid, nil, t.store, r)
		} else {
			x.replace(t.part, t.pid, &before, r, t.store)
		}
	}
	return r
}

// PartitionCounts returns what a partition holds, all sets together, and by set's number.
func (s *Store) PartitionCounts(pid int) (sum Counts, bySet []Counts) {
	p := &s.partitions[pid]
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.counts {
		sum.Add(c)
	}
	return sum, append(bySet, p.counts...)
}
