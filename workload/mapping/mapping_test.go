package mapping

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"crossover/costmodel/footprint"
	"crossover/costmodel/units"
	"crossover/workload"
	"crossover/workload/items"
	"crossover/workload/op"
)

// A fataler is a test, a benchmark or rapid's own.
type fataler interface{ Fatal(args ...any) }

// scenario has every kind of operation.
func scenario(t fataler, sort, consistency, condition string) *workload.Scenario {
	sc, err := workload.Parse("mapping.yaml", []byte(fmt.Sprintf(`
version: 1
name: shop
dataset: {items: 1000, key: {partition: "user#{id}", sort: %s}, size: 2KiB, attributes: 3}
workload:
  operations: {read: 40%%, update: 20%%, insert: 10%%, delete: 5%%, read_modify_write: 10%%, query: 10%%, scan_page: 5%%}
  read: {consistency: %s}
  write: {condition: %s}
  query: {limit: 25}
  scan: {limit: 200}
  arrival: {open: {}}
  phases: [{name: a, for: 1s, rate: 10/s}]
`, sort, consistency, condition)))
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

const tenEach = `{prefix: "order#", per_partition: 10}`

// Worked by hand from the AWS Developer Guide's rules (a read unit is 4 KiB, half of it when
// eventually consistent; a write unit is 1 KiB; a page is rounded up as a whole), for an item
// of 5,000 bytes: 2 read units, 5 write units; a query of 10 such items is 50,000 bytes, which
// are 13 read units; a page of 200 is 1,000,000 bytes, which are 245.
func TestDynamoDBUnits(t *testing.T) {
	for _, c := range []struct {
		kind           op.Kind
		eventual, both float64 // read units, eventually and strongly consistent
		write          float64
		requests       int
	}{
		{op.Read, 1, 2, 0, 1},
		{op.Update, 0, 0, 5, 1},
		{op.Insert, 0, 0, 5, 1},
		{op.Delete, 0, 0, 5, 1},
		{op.ReadModifyWrite, 1, 2, 5, 2},
		{op.Query, 6.5, 13, 0, 1},
		{op.ScanPage, 122.5, 245, 0, 1},
	} {
		for consistency, want := range map[string]float64{"eventual": c.eventual, "strong": c.both} {
			read, write, requests := New(scenario(t, tenEach, consistency, "none")).DynamoDBUnits(c.kind, 5000)
			if read != want || write != c.write || requests != c.requests {
				t.Errorf("%v, %s: %v read units, %v write units, %d requests, want %v, %v, %d", c.kind, consistency, read, write, requests, want, c.write, c.requests)
			}
		}
	}
	// Without a sort key a query reads one item. A page ends at 1 MiB whatever its limit.
	m := New(scenario(t, "none", "strong", "none"))
	if read, _, requests := m.DynamoDBUnits(op.Query, 5000); read != 2 || requests != 1 {
		t.Errorf("a query without a sort key: %v read units in %d requests, want 2 in 1", read, requests)
	}
	if read, _, _ := m.DynamoDBUnits(op.ScanPage, 100_000); read != units.Page(11*100_000, units.Strong) {
		t.Errorf("a page of 100 KB items: %v read units, want those of 10 in 1 MiB and the one that passes it", read)
	}
	// A query goes on over pages: 10 items of 300 KB are 4, 4 and 2.
	q := New(scenario(t, tenEach, "strong", "none"))
	if read, _, requests := q.DynamoDBUnits(op.Query, 300_000); requests != 3 || read != 2*units.Page(4*300_000, units.Strong)+units.Page(2*300_000, units.Strong) {
		t.Errorf("a query of 3 MB: %v read units in %d requests", read, requests)
	}
}

// A record has a bin for each attribute of the item, and the bins hold the item's bytes: no
// side gets a smaller object.
func TestRecordHoldsTheItem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sort := rapid.SampledFrom([]string{"none", tenEach}).Draw(t, "sort")
		sc := scenario(t, sort, "eventual", "none")
		sc.Dataset.Attributes = rapid.IntRange(1, workload.MaxAttributes).Draw(t, "attributes")
		item := rapid.Uint64Range(5000, workload.MaxItemBytes).Draw(t, "bytes")
		r := New(sc).Record(item)
		names, total := map[string]bool{}, 0
		for _, b := range r.Bins {
			if b.Type != footprint.String || len(b.Name) > 15 || names[b.Name] {
				t.Fatalf("bin %+v", b)
			}
			names[b.Name] = true
			total += len(b.Name) + b.Bytes
		}
		if want := sc.Dataset.Attributes + 2 + map[bool]int{true: 1}[sc.HasSort()]; len(r.Bins) != want {
			t.Fatalf("%d bins, want %d", len(r.Bins), want)
		}
		if uint64(total) != item {
			t.Fatalf("bins of %d bytes for an item of %d", total, item)
		}
		if r.Set != "crossover-shop" {
			t.Fatalf("set %q", r.Set)
		}
	})
}

func TestDeviceIO(t *testing.T) {
	m := New(scenario(t, tenEach, "eventual", "none"))
	single := New(scenario(t, "none", "eventual", "none"))
	for _, c := range []struct {
		kind          op.Kind
		reads, writes float64
		readsSingle   float64 // without a sort key
	}{
		{op.Read, 1, 0, 1},
		{op.Update, 0, 1, 0}, // replaces the record, so that it is not read
		{op.Insert, 0, 1, 0},
		{op.Delete, 0, 0, 0},
		{op.ReadModifyWrite, 1, 1, 1},
		{op.Query, 10, 0, 1}, // as many as the partition key has, below the limit of 25
		{op.ScanPage, 200, 0, 200},
	} {
		if reads, writes := m.DeviceIO(c.kind, 2048); reads != c.reads || writes != c.writes {
			t.Errorf("%v: %v reads, %v writes, want %v and %v", c.kind, reads, writes, c.reads, c.writes)
		}
		if reads, _ := single.DeviceIO(c.kind, 2048); reads != c.readsSingle {
			t.Errorf("%v without a sort key: %v reads, want %v", c.kind, reads, c.readsSingle)
		}
	}
}

// What the report prints is what the drivers are to do: requests as counted for the bill, the
// same condition on both sides.
func TestDescribe(t *testing.T) {
	for _, condition := range []string{"none", "existence", "version"} {
		for _, sort := range []string{"none", tenEach} {
			m := New(scenario(t, sort, "strong", condition))
			d := m.Describe()
			if len(d.Rows) != int(op.FirstKinds) {
				t.Fatalf("%d rows", len(d.Rows))
			}
			for k, row := range d.Rows {
				kind := op.Kind(k)
				_, _, requests := m.DynamoDBUnits(kind, 1000)
				if row.Operation != kind.String() || row.DynamoDBRequests != requests || row.AerospikeRequests < 1 || row.DynamoDB == "" || row.Aerospike == "" {
					t.Errorf("%v: %+v, want %d requests", kind, row, requests)
				}
				conditional := kind.Writes() && (condition == "existence" || condition == "version" && kind == op.ReadModifyWrite)
				if got := strings.Contains(row.DynamoDB, "on condition"); got != conditional {
					t.Errorf("condition %s: %v is %q", condition, kind, row.DynamoDB)
				}
				guarded := strings.Contains(row.Aerospike, "only") || strings.Contains(row.Aerospike, "generation") || strings.Contains(row.Note, "condition")
				if guarded != conditional {
					t.Errorf("condition %s: %v is %q (%s) on Aerospike, %q on DynamoDB", condition, kind, row.Aerospike, row.Note, row.DynamoDB)
				}
			}
			if got := strings.Contains(d.Item, "sort key"); got != (sort != "none") {
				t.Errorf("sort key %s: %s", sort, d.Item)
			}
		}
	}
	few, err := workload.Parse("few.yaml", []byte(`{version: 1, name: few, dataset: {items: 5, size: 100B}, workload: {operations: {read: 100%}, arrival: {closed: }, phases: [{name: a, operations: 9}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []Row{{Operation: "read", DynamoDB: "GetItem, eventually consistent", DynamoDBRequests: 1, Aerospike: "get of all bins, from the master while it answers", AerospikeRequests: 1}}
	if diff := cmp.Diff(want, New(few).Describe().Rows); diff != "" {
		t.Errorf("rows of a scenario that reads (-want +got):\n%s", diff)
	}
}

// The two places that count a number's bytes agree: the leaf that makes numbers may not import
// the one that bills them.
func TestNumbersCountTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := strconv.FormatInt(rapid.Int64Range(-1e12, 1e12).Draw(t, "n"), 10)
		if k := rapid.IntRange(0, 3).Draw(t, "decimals"); k > 0 {
			n = strconv.FormatFloat(float64(rapid.Int64Range(-1e9, 1e9).Draw(t, "f"))/100, 'f', -1, 64)
		}
		if got, want := items.NumberBytes([]byte(n)), units.NumberSize(n); got != want {
			t.Fatalf("%s counts %d, want %d", n, got, want)
		}
	})
}
