package store

import (
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"crossover/costmodel/footprint"
	"crossover/driver/embedded/aerospike/wire"
)

// digest stands in for a client's digest: any 20 bytes that spread do. Three partitions take
// them all, so that partitions have many records.
func digest(set string, i int) *wire.Digest {
	d := wire.Digest(sha1.Sum(fmt.Append(nil, set, i)))
	d[0], d[1] = byte(i%3), 0
	return &d
}

func bin(name string, v int) []byte {
	return wire.AppendOp(nil, wire.OpRead, wire.Integer, []byte(name), binary.BigEndian.AppendUint64(nil, uint64(v)))
}

func put(t testing.TB, s *Store, set string, i int, v Value) *Record {
	t.Helper()
	txn := s.Begin(digest(set, i), 0)
	defer txn.End()
	var err error
	if v.Set, err = txn.Set([]byte(set)); err != nil {
		t.Fatal(err)
	}
	return txn.Put(&v)
}

func get(s *Store, set string, i int, now uint32) (Record, bool) {
	txn := s.Begin(digest(set, i), now)
	defer txn.End()
	if txn.Record == nil {
		return Record{}, false
	}
	return *txn.Record, true
}

func TestGenerationsWrapTo1(t *testing.T) {
	s := New()
	for want := range 65535 {
		if r := put(t, s, "s", 1, Value{Bins: bin("b", 1), Count: 1}); int(r.Generation) != want+1 {
			t.Fatalf("generation %d after %d writes", r.Generation, want+1)
		}
	}
	if r := put(t, s, "s", 1, Value{Bins: bin("b", 1), Count: 1}); r.Generation != 1 {
		t.Errorf("65535 is followed by %d", r.Generation)
	}
}

func TestASnapshotDoesNotChange(t *testing.T) {
	s := New()
	put(t, s, "s", 1, Value{Key: []byte("\x03key"), Bins: bin("b", 1), Count: 1})
	before, _ := get(s, "s", 1, 0)
	put(t, s, "s", 1, Value{Bins: bin("b", 2), Count: 1})
	if string(before.BinBytes()) != string(bin("b", 1)) || before.Generation != 1 {
		t.Error("a record that was read has changed")
	}
	after, _ := get(s, "s", 1, 0)
	if string(after.Key()) != "\x03key" || string(after.BinBytes()) != string(bin("b", 2)) {
		t.Errorf("key %q, bins %x", after.Key(), after.BinBytes())
	}
}

func TestExpiredRecordsAreGone(t *testing.T) {
	s := New()
	put(t, s, "s", 1, Value{Bins: bin("b", 1), Count: 1, VoidTime: 100})
	put(t, s, "s", 2, Value{Bins: bin("b", 1), Count: 1})
	pid := digest("s", 1).Partition()
	if _, ok := get(s, "s", 1, 100); !ok {
		t.Error("gone at its void time")
	}
	if page, _ := s.Page(nil, wire.Partition{ID: pid}, nil, 101, 10); len(page) != 0 {
		t.Error("scanned after its void time")
	}
	if n := s.Expire(pid, 100); n != 0 {
		t.Errorf("%d records expired at the void time", n)
	}
	if n := s.Expire(pid, 101); n != 1 {
		t.Errorf("%d records expired after it", n)
	}
	if sum, _ := s.PartitionCounts(pid); sum != (Counts{}) {
		t.Errorf("left: %+v", sum)
	}
	if _, ok := get(s, "s", 2, 1<<31); !ok {
		t.Error("a record without a void time is gone")
	}
}

// The counts are the footprint's: here of a record of the set "sett" with bins "n" (integer),
// "s" (a string of 100 bytes) and "l" (a list of 7), a key of 4 bytes, and a void time:
// 35+1+4 + 1+4 + 5+4 + 4 + (1+1+9) + (1+1+5+100) + (1+1+5+7) = 190, 192 rounded up to 16.
func TestDeviceBytes(t *testing.T) {
	v := Value{Key: []byte("\x03key"), VoidTime: 1 << 20, Count: 3}
	v.Bins = slices.Concat(bin("n", 1), wire.AppendOp(nil, wire.OpRead, wire.String, []byte("s"), make([]byte, 100)),
		wire.AppendOp(nil, wire.OpRead, wire.List, []byte("l"), make([]byte, 7)))
	s := New()
	r := put(t, s, "sett", 1, v)
	want := footprint.Record{Set: "sett", Key: 4, Expiry: true, Bins: []footprint.Bin{
		{Name: "n"}, {Name: "s", Type: footprint.String, Bytes: 100}, {Name: "l", Type: footprint.Blob, Bytes: 7},
	}}.DeviceBytes()
	if r.Device != 192 || want != 192 {
		t.Errorf("%d bytes, by footprint %d, by hand 192", r.Device, want)
	}
	txn := s.Begin(digest("sett", 1), 0)
	v.Key = nil // the one that is stored is kept
	if got := txn.Measure(&v); got != 192 {
		t.Errorf("measured %d", got)
	}
	txn.End()
	sum, bySet := s.PartitionCounts(digest("sett", 1).Partition())
	if sum != (Counts{1, 192, 1}) || bySet[1] != sum {
		t.Errorf("%+v, %+v", sum, bySet)
	}
}

func TestSets(t *testing.T) {
	s := New()
	for i := range MaxSets {
		put(t, s, fmt.Sprint("set", i), i, Value{Bins: bin("b", 1), Count: 1})
	}
	txn := s.Begin(digest("x", 1), 0)
	defer txn.End()
	if _, err := txn.Set([]byte("one too many")); err == nil {
		t.Error("4096 sets")
	}
	if _, err := txn.Set([]byte(strings.Repeat("x", MaxSetName+1))); err == nil {
		t.Error("a set's name of 64 bytes")
	}
	for _, i := range []int{0, 5, 10, MaxSets - 1} {
		if id, err := txn.Set(fmt.Append(nil, "set", i)); err != nil || int(id) != i+1 {
			t.Errorf("set %d has number %d, %v", i, id, err)
		}
	}
	if id, err := txn.Set(nil); id != 0 || err != nil {
		t.Error("no set is a set")
	}
	if got := len(s.SetNames()); got != MaxSets {
		t.Errorf("%d sets", got)
	}
}

func TestIndexIsMaintained(t *testing.T) {
	s := New()
	const n = 300
	for i := range n {
		put(t, s, "s", i, Value{Bins: bin("b", i%7), Count: 1})
	}
	x, err := s.CreateIndex(Definition{Name: "x", Set: "s", Bin: "b", Type: wire.Integer})
	if err != nil {
		t.Fatal(err)
	}
	if x.LoadPct() != 0 {
		t.Error("usable before it was filled")
	}
	put(t, s, "s", n, Value{Bins: bin("b", 3), Count: 1}) // between creation and filling
	s.Populate(x)
	put(t, s, "s", 0, Value{Bins: bin("other", 1), Count: 1})
	put(t, s, "other", 1, Value{Bins: bin("b", 3), Count: 1})
	if x.LoadPct() != 100 || x.Entries() != n {
		t.Errorf("%d%% loaded, %d entries", x.LoadPct(), x.Entries())
	}
	seen := 0
	for pid := range wire.Partitions {
		page, _ := s.PageIndex(nil, x, &Range{From: 3, To: 3}, wire.Partition{ID: pid}, []byte("s"), 0, 1000)
		seen += len(page)
	}
	want := 1 // the one written in between
	for i := range n {
		if i%7 == 3 {
			want++
		}
	}
	if seen != want {
		t.Errorf("%d records have 3, want %d", seen, want)
	}
	if !s.Indexed("s") || s.Indexed("other") {
		t.Error("only s is indexed")
	}
	if _, err := s.CreateIndex(Definition{Name: "y", Set: "s", Bin: "b", Type: wire.Integer}); err == nil {
		t.Error("two indexes on one bin")
	}
	if n := s.Truncate("s", 1<<60); n != 301 || x.Entries() != 0 {
		t.Errorf("truncation removed %d, the index has %d", n, x.Entries())
	}
	if !s.DropIndex("x") || s.DropIndex("x") {
		t.Error("dropped not once")
	}
}

// TestPagesAreTheWhole puts, deletes and pages in any order, and compares with a map.
func TestPagesAreTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := New()
		x, err := s.CreateIndex(Definition{Name: "x", Set: "s", Bin: "b", Type: wire.Integer})
		if err != nil {
			t.Fatal(err)
		}
		s.Populate(x)
		model := map[int]int{}
		for range rapid.IntRange(0, 80).Draw(t, "operations") {
			i := rapid.IntRange(0, 40).Draw(t, "key")
			txn := s.Begin(digest("s", i), 0)
			if _, there := model[i]; there != (txn.Record != nil) {
				t.Fatalf("key %d: there %v", i, txn.Record != nil)
			}
			if rapid.Bool().Draw(t, "delete") {
				txn.Delete()
				delete(model, i)
			} else {
				v := rapid.IntRange(-3, 3).Draw(t, "value")
				id, _ := txn.Set([]byte("s"))
				txn.Put(&Value{Set: id, Bins: bin("b", v), Count: 1})
				model[i] = v
			}
			txn.End()
		}
		size := rapid.IntRange(1, 5).Draw(t, "page")
		from := rapid.Int64Range(-3, 3).Draw(t, "from")
		all, some := map[wire.Digest]int{}, map[wire.Digest]int{}
		for pid := range 3 {
			page(t, s, nil, pid, size, 0, 0, all)
			page(t, s, x, pid, size, from, 2, some)
		}
		wantAll, wantSome := map[wire.Digest]int{}, map[wire.Digest]int{}
		for i, v := range model {
			wantAll[*digest("s", i)] = 1
			if int64(v) >= from && v <= 2 {
				wantSome[*digest("s", i)] = 1
			}
		}
		if diff := cmp.Diff(wantAll, all); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(wantSome, some); diff != "" {
			t.Fatalf("by index: %s", diff)
		}
	})
}

func page(t *rapid.T, s *Store, x *Index, pid, size int, from, to int64, seen map[wire.Digest]int) {
	p := wire.Partition{ID: pid}
	pages := 0
	for more := true; more; {
		if pages++; pages > 100 {
			t.Fatal("the pages do not end")
		}
		var got []Snapshot
		if x == nil {
			got, more = s.Page(nil, p, []byte("s"), 0, size)
		} else {
			got, more = s.PageIndex(nil, x, &Range{From: from, To: to}, p, []byte("s"), 0, size)
		}
		for i := range got {
			seen[got[i].Digest]++
			p = wire.Partition{ID: pid, Resume: true, After: got[i].Digest, BVal: got[i].BVal}
		}
	}
}

// BenchmarkPut stores ever new records of 1 KB.
func BenchmarkPut(b *testing.B) {
	s := New()
	random := rand.New(rand.NewPCG(1, 2))
	v := Value{Bins: wire.AppendOp(nil, wire.OpRead, wire.Blob, []byte("b"), make([]byte, 1000)), Count: 1}
	var d wire.Digest
	for b.Loop() {
		binary.LittleEndian.PutUint64(d[:], random.Uint64())
		txn := s.Begin(&d, 0)
		txn.Put(&v)
		txn.End()
	}
}
