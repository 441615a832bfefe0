package aerospike

import (
	"encoding/binary"
	"fmt"
	"io"
	"testing"
	"time"

	as "github.com/aerospike/aerospike-client-go/v7"
	"github.com/aerospike/aerospike-client-go/v7/types"
	"github.com/google/go-cmp/cmp"

	"crossover/driver/embedded/aerospike/wire"
)

// fill writes n records into a set: bin i holds their number, mod its remainder by 10, name a
// string of it.
func fill(t *testing.T, client *as.Client, set string, n int) {
	t.Helper()
	for i := range n {
		err := client.PutBins(nil, mustKey(t, set, i), as.NewBin("i", i), as.NewBin("mod", i%10), as.NewBin("name", fmt.Sprint("n", i%10)))
		if err != nil {
			t.Fatal(err)
		}
	}
}

// drain counts the records by bin i.
func drain(t *testing.T, rs *as.Recordset, seen map[int]int) {
	t.Helper()
	for r := range rs.Results() {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		seen[r.Record.Bins["i"].(int)]++
	}
}

func exactlyOnce(t *testing.T, seen map[int]int, n int) {
	t.Helper()
	for i, times := range seen {
		if times != 1 || i >= n {
			t.Errorf("record %d was seen %d times", i, times)
		}
	}
	if len(seen) != n {
		t.Errorf("%d of %d records were seen", len(seen), n)
	}
}

func TestScanSeesEveryRecordOnce(t *testing.T) {
	for _, nodes := range []int{1, 3} {
		t.Run(fmt.Sprint("nodes=", nodes), func(t *testing.T) {
			c := start(t, Options{Nodes: nodes})
			client := connect(t, c)
			fill(t, client, "s", 2000)
			fill(t, client, "other", 50)
			seen := map[int]int{}
			rs, err := client.ScanAll(nil, "test", "s")
			if err != nil {
				t.Fatal(err)
			}
			drain(t, rs, seen)
			exactlyOnce(t, seen, 2000)
			rs, err = client.ScanAll(nil, "test", "")
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for r := range rs.Results() {
				if r.Err != nil {
					t.Fatal(r.Err)
				}
				n++
			}
			if n != 2050 {
				t.Errorf("all sets: %d records", n)
			}
		})
	}
}

func TestScanInPages(t *testing.T) {
	client := connect(t, start(t, Options{Nodes: 3}))
	fill(t, client, "s", 1000)
	for _, size := range []int64{1, 7, 100, 5000} {
		filter := as.NewPartitionFilterAll()
		p := as.NewScanPolicy()
		p.TotalTimeout, p.MaxRecords = 20*time.Second, size
		seen, pages := map[int]int{}, 0
		if size == 1 {
			// One record a node at a time would be a thousand round trips: a few partitions do.
			filter = as.NewPartitionFilterByRange(100, 200)
			want := map[int]int{}
			for i := range 1000 {
				if pid := mustKey(t, "s", i).PartitionId(); pid >= 100 && pid < 300 {
					want[i] = 1
				}
			}
			for ; !filter.IsDone(); pages++ {
				rs, err := client.ScanPartitions(p, filter, "test", "s")
				if err != nil {
					t.Fatal(err)
				}
				drain(t, rs, seen)
				if pages > 1000 {
					t.Fatal("the pages do not end")
				}
			}
			if diff := cmp.Diff(want, seen); diff != "" {
				t.Error(diff)
			}
			continue
		}
		for ; !filter.IsDone(); pages++ {
			rs, err := client.ScanPartitions(p, filter, "test", "s")
			if err != nil {
				t.Fatal(err)
			}
			before := len(seen)
			drain(t, rs, seen)
			if pages > 1000 {
				t.Fatal("the pages do not end")
			}
			if got := len(seen) - before; int64(got) > size {
				t.Errorf("a page of %d had %d records", size, got)
			}
		}
		exactlyOnce(t, seen, 1000)
		if want := 1000 / int(size); pages < want {
			t.Errorf("pages of %d: %d", size, pages)
		}
	}
}

func TestScanOfSomeBinsAndOfNone(t *testing.T) {
	client := connect(t, start(t, Options{Nodes: 2}))
	fill(t, client, "s", 20)
	rs, err := client.ScanAll(nil, "test", "s", "mod")
	if err != nil {
		t.Fatal(err)
	}
	for r := range rs.Results() {
		if r.Err != nil || len(r.Record.Bins) != 1 || r.Record.Bins["mod"] == nil {
			t.Errorf("%v, %v", r.Record, r.Err)
		}
	}
	p := as.NewScanPolicy()
	p.IncludeBinData = false
	if rs, err = client.ScanAll(p, "test", "s"); err != nil {
		t.Fatal(err)
	}
	n := 0
	for r := range rs.Results() {
		if n++; r.Err != nil || len(r.Record.Bins) != 0 || r.Record.Generation != 1 {
			t.Errorf("%v, %v", r.Record, r.Err)
		}
	}
	if n != 20 {
		t.Errorf("%d records", n)
	}
}

// index creates an index and waits until it is usable.
func index(t *testing.T, client *as.Client, set, name, bin string, kind as.IndexType) {
	t.Helper()
	task, err := client.CreateIndex(nil, "test", set, name, bin, kind)
	if err != nil {
		t.Fatal(err)
	}
	if err := <-task.OnComplete(); err != nil {
		t.Fatal(err)
	}
}

func queried(t *testing.T, client *as.Client, f *as.Filter, pageSize int64) map[int]int {
	t.Helper()
	statement := as.NewStatement("test", "s")
	if err := statement.SetFilter(f); err != nil {
		t.Fatal(err)
	}
	p := as.NewQueryPolicy()
	p.TotalTimeout, p.MaxRecords = 20*time.Second, pageSize
	seen := map[int]int{}
	pages := 0
	for filter := as.NewPartitionFilterAll(); !filter.IsDone(); {
		if pages++; pages > 1000 {
			t.Fatal("the pages do not end")
		}
		rs, err := client.QueryPartitions(p, statement, filter)
		if err != nil {
			t.Fatal(err)
		}
		drain(t, rs, seen)
	}
	return seen
}

func TestQueryBySecondaryIndex(t *testing.T) {
	client := connect(t, start(t, Options{Nodes: 3}))
	fill(t, client, "s", 500)
	index(t, client, "s", "by-i", "i", as.NUMERIC)
	index(t, client, "s", "by-name", "name", as.STRING)
	index(t, client, "", "by-mod", "mod", as.NUMERIC) // of all sets: it answers for each
	// Written after the index was made, moved out of it, and deleted.
	fill(t, client, "s", 600)
	for i := range 600 {
		switch {
		case i >= 590:
			if _, err := client.Delete(nil, mustKey(t, "s", i)); err != nil {
				t.Fatal(err)
			}
		case i >= 580:
			if err := client.PutBins(nil, mustKey(t, "s", i), as.NewBin("name", "moved"), as.NewBin("mod", "no number")); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, page := range []int64{0, 5} {
		for _, c := range []struct {
			name string
			f    *as.Filter
			in   func(i int) bool
		}{
			{"equal string", as.NewEqualFilter("name", "n3"), func(i int) bool { return i%10 == 3 && i < 580 }},
			{"moved string", as.NewEqualFilter("name", "moved"), func(i int) bool { return i >= 580 && i < 590 }},
			{"no string", as.NewEqualFilter("name", "n33"), func(int) bool { return false }},
			{"equal integer", as.NewEqualFilter("mod", 4), func(i int) bool { return i%10 == 4 && i < 580 }},
			{"range", as.NewRangeFilter("i", 17, 61), func(i int) bool { return i >= 17 && i <= 61 }},
			{"range from below", as.NewRangeFilter("i", -100, 3), func(i int) bool { return i <= 3 }},
		} {
			want := map[int]int{}
			for i := range 590 {
				if c.in(i) {
					want[i] = 1
				}
			}
			if diff := cmp.Diff(want, queried(t, client, c.f, page)); diff != "" {
				t.Errorf("%s, pages of %d: %s", c.name, page, diff)
			}
		}
	}
	statement := as.NewStatement("test", "s")
	if err := statement.SetFilter(as.NewEqualFilter("nowhere", 1)); err != nil {
		t.Fatal(err)
	}
	p := as.NewQueryPolicy()
	p.MaxRetries, p.SleepBetweenRetries = 1, time.Millisecond
	if rs, err := client.Query(p, statement); err != nil {
		t.Error(err)
	} else {
		for r := range rs.Results() {
			if r.Err == nil || !r.Err.Matches(types.INDEX_NOTFOUND) {
				t.Errorf("a query without an index: %v, %v", r.Record, r.Err)
			}
		}
	}
	if err := client.DropIndex(nil, "test", "s", "by-name"); err != nil {
		t.Error(err)
	}
	if _, err := client.CreateIndex(nil, "test", "s", "by-i", "i", as.NUMERIC); code(err) != types.INDEX_FOUND {
		t.Errorf("creating an index twice: %v", err)
	}
}

func TestTruncate(t *testing.T) {
	c := start(t, Options{Nodes: 3})
	client := connect(t, c)
	fill(t, client, "s", 300)
	fill(t, client, "kept", 30)
	index(t, client, "s", "by-i", "i", as.NUMERIC)
	x, _ := c.store.FindIndex("by-i")
	if x.Entries() != 300 {
		t.Fatalf("the index has %d entries", x.Entries())
	}
	if err := client.Truncate(nil, "test", "s", nil); err != nil {
		t.Fatal(err)
	}
	if x.Entries() != 0 {
		t.Errorf("after truncation the index has %d entries", x.Entries())
	}
	for set, want := range map[string]int{"s": 0, "kept": 30} {
		rs, err := client.ScanAll(nil, "test", set)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[int]int{}
		drain(t, rs, seen)
		exactlyOnce(t, seen, want)
	}
	fill(t, client, "s", 10)
	rs, err := client.ScanAll(nil, "test", "s")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]int{}
	drain(t, rs, seen)
	exactlyOnce(t, seen, 10)
}

// A node says of a partition that is not its own that it cannot be had there (11), and, to a
// client that wants to know, of each of its own that it is done.
func TestScanMarksPartitions(t *testing.T) {
	c := start(t, Options{Nodes: 2, Replication: 1})
	m := c.partitions()
	var own, other int
	for pid := range wire.Partitions {
		if m.master(pid) == 0 {
			own = pid
		} else {
			other = pid
		}
	}
	pids := binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(nil, uint16(own)), uint16(other))
	unavailable := wire.Header{Info3: wire.Info3PartitionDone, Generation: uint32(other), Result: wire.PartitionUnavailable}
	done := wire.Header{Info3: wire.Info3PartitionDone, Generation: uint32(own)}
	last := wire.Header{Info3: wire.Info3Last}
	for flag, want := range map[uint8][]wire.Header{
		wire.Info3PartitionDone: {unavailable, last}, 0: {done, unavailable, last},
	} {
		conn := dial(t, c.Seed())
		out, at := wire.Begin(nil)
		out = wire.AppendHeader(out, &wire.Header{Info1: wire.Info1Read, Info3: flag, Fields: 2})
		out = wire.AppendField(out, wire.FieldNamespace, []byte("test"))
		out = wire.AppendField(out, wire.FieldPIDs, pids)
		wire.End(out, at, wire.TypeMessage)
		if _, err := conn.Write(out); err != nil {
			t.Fatal(err)
		}
		expected, at := wire.Begin(nil)
		for i := range want {
			expected = wire.AppendHeader(expected, &want[i])
		}
		wire.End(expected, at, wire.TypeMessage)
		got := make([]byte, len(expected))
		if _, err := io.ReadFull(conn, got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(expected, got); diff != "" {
			t.Errorf("flag %d: %s", flag, diff)
		}
	}
}
