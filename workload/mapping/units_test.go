package mapping

import (
	"math"
	"strings"
	"testing"

	"crossover/workload"
	"crossover/workload/op"
)

const more = `version: 1
name: more
dataset:
  items: 1000
  key: {partition: "user#{id}", sort: {prefix: "event#", per_partition: 10}}
  size: 2000B
  attributes:
    - {name: status, type: string, value: {enum: [open, paid, sent, gone]}}
    - {name: owner, type: number, value: {integer: {min: 1, max: 100}}}
    - {name: stock, type: number, value: {integer: {min: 0, max: 99}}}
    - {name: tags, type: list, value: uuid}
    - {name: note, type: string}
indexes:
  - {name: by-status, kind: global, partition: status, projection: keys}
  - {name: by-owner, kind: global, partition: owner, projection: all}
workload:
  operations: {read: 10%, query: 10%, conditional_update: 10%, partial_update: 10%, increment: 10%, append: 5%, touch: 5%,
    query_index: 10%, batch_read: 10%, batch_write: 10%, transact_read: 5%, transact_write: 5%}
  write: {ttl: 1h}
  query: {limit: 3, filter: {attribute: stock, compare: at_least, value: 75}}
  conditional_update: {condition: {attribute: stock, compare: below, value: 25}}
  partial_update: {attributes: [status]}
  increment: {attribute: stock}
  append: {attribute: tags}
  query_index: {index: by-owner, limit: 5}
  batch_read: {items: 7}
  batch_write: {items: 4, deletes: 25%}
  transact_read: {items: 3}
  transact_write: {steps: [{do: increment, attribute: stock, by: -1}, {do: put}, {do: check, condition: exists}]}
  arrival: {closed: {}}
  phases: [{name: a, for: 1s}]
`

func moreScenario(t *testing.T, changes ...string) *workload.Scenario {
	t.Helper()
	sc, err := workload.Parse("more.yaml", []byte(strings.NewReplacer(changes...).Replace(more)))
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

// Units of items of 2,000 bytes, by hand: 2 write units an item, a half read unit for an eventual
// read of one. A whole new version has another status in 3 of 4 cases, which costs by-status 2
// writes of 1 unit, and else none, since it holds keys only; another owner in 99 of 100 cases,
// which costs by-owner 2 writes of 2 units, and else 1: rewritten = 2×0.75 + 2×(2×0.99 + 0.01) =
// 1.5 + 3.98 = 5.48.
func TestUnitsOfFurtherKinds(t *testing.T) {
	m := New(moreScenario(t))
	for _, c := range []struct {
		kind        op.Kind
		read, write float64
		requests    int
	}{
		// 10 items a partition key, a quarter of them matching: 4 pages of 3, and the last of 1.
		{op.Query, 1 + 1 + 1 + 0.5, 0, 4},
		{op.ConditionalUpdate, 0, 2 + 0.25*5.48, 1}, // the condition holds for a quarter
		{op.PartialUpdate, 0, 2 + 0.75*2 + 2, 1},    // by-status: moved or untouched; by-owner holds the version
		{op.Increment, 0, 2 + 2, 1},
		{op.Append, 0, 2 + 2, 1},
		{op.Touch, 0, 2 + 2, 1},
		{op.QueryIndex, 1.5, 0, 1}, // 5 of about 11 items: 10,000 bytes are 3 blocks, at a half each
		{op.BatchRead, 3.5, 0, 1},
		{op.BatchWrite, 0, 4 * (2 + 0.25*(1+2) + 0.75*5.48), 1},
		{op.TransactRead, 6, 0, 1},
		{op.TransactWrite, 0, 3*4 + 2 + 5.48, 1},
	} {
		read, write, requests := m.DynamoDBUnits(c.kind, 2000)
		if math.Abs(read-c.read) > 1e-9 || math.Abs(write-c.write) > 1e-9 || requests != c.requests {
			t.Errorf("%v: %g read, %g write units in %d requests; want %g, %g, %d", c.kind, read, write, requests, c.read, c.write, c.requests)
		}
	}
	strong := New(moreScenario(t, "  write: {ttl", "  read: {consistency: strong}\n  write: {ttl"))
	if read, _, _ := strong.DynamoDBUnits(op.QueryIndex, 2000); read != 1.5 {
		t.Errorf("a query of a global index costs %g units where reads are strongly consistent: it never is", read)
	}
	if read, _, _ := strong.DynamoDBUnits(op.BatchRead, 2000); read != 7 {
		t.Errorf("a strongly consistent batch read of 7 items costs %g units", read)
	}
}

// What changes a part of a record, or compares one of its bins, reads it first; a query of an
// index reads each record with the value, whatever the limit.
func TestDeviceIOOfFurtherKinds(t *testing.T) {
	m := New(moreScenario(t))
	for _, c := range []struct {
		kind          op.Kind
		reads, writes float64
		records       int
	}{
		{op.ConditionalUpdate, 1, 1, 1},
		{op.PartialUpdate, 1, 1, 1},
		{op.Increment, 1, 1, 1},
		{op.Touch, 1, 1, 1},
		{op.QueryIndex, 1 + 999.0/100, 0, 0},
		{op.BatchRead, 7, 0, 7},
		{op.BatchWrite, 0, 3, 4},
		{op.TransactRead, 3, 0, 3},
		{op.TransactWrite, 2, 2, 3},
	} {
		if reads, writes := m.DeviceIO(c.kind, 2000); math.Abs(reads-c.reads) > 1e-9 || writes != c.writes {
			t.Errorf("%v: %g reads, %g writes; want %g, %g", c.kind, reads, writes, c.reads, c.writes)
		}
		if n := m.Records(c.kind); n != c.records {
			t.Errorf("%v asks for %d records by key, want %d", c.kind, n, c.records)
		}
	}
}

// What is stored in an index that holds keys and one attribute: pk 6, sk 16, status and its
// value, note and what the size leaves of it.
func TestEntryBytes(t *testing.T) {
	sc := moreScenario(t, "projection: keys", "projection: [stock]")
	m := New(sc)
	x := &sc.Indexes[0]
	status, _ := sc.Value(0, "status")
	want := uint64(len("pk")+len("user#0")+len("sk")+len("event#0000000000")+len("status")+len(status)+len("stock")) + 2
	got := m.EntryBytes(x, 2000)
	if got != want {
		t.Errorf("an entry of %d bytes, want %d", got, want)
	}
	if got := m.EntryBytes(&sc.Indexes[1], 2000); got != 2000 {
		t.Errorf("an index that holds everything has %d of an item's 2,000 bytes", got)
	}
}

// Every row of the further kinds says what each side does, with the condition on both, and what
// is not alike is listed.
func TestRowsOfFurtherKinds(t *testing.T) {
	d := New(moreScenario(t)).Describe()
	rows := map[string]Row{}
	for _, r := range d.Rows {
		rows[r.Operation] = r
		if r.DynamoDB == "" || r.Aerospike == "" || r.DynamoDBRequests < 1 || r.AerospikeRequests < 1 {
			t.Errorf("%+v", r)
		}
	}
	for kind, parts := range map[op.Kind][4]string{
		op.Query:             {"filtered by stock is at least 75", "filter expression that stock is at least 75", "", ""},
		op.ConditionalUpdate: {"on condition that stock is below 25", "filter expression that stock is below 25", "", ""},
		op.PartialUpdate:     {"SET status", "bins status", "whole item", ""},
		op.Increment:         {"ADD 1 to stock", "add 1 to bin stock", "", ""},
		op.Append:            {"list_append of 1 to tags", "list append of 1 to bin tags", "grows", ""},
		op.Touch:             {"SET attribute exp", "touch", "", "generation"},
		op.QueryIndex:        {"global index by-owner", "query on bin owner", "", "whatever the limit"},
		op.BatchRead:         {"BatchGetItem of 7", "batch read of 7", "", ""},
		op.BatchWrite:        {"25% of them deletes", "batch write of 4", "", ""},
		op.TransactRead:      {"TransactGetItems of 3", "separate_writes", "", "at one time"},
		op.TransactWrite:     {"1 × put, 1 × increment, 1 × check", "separate_writes", "", "easier job"},
	} {
		r := rows[kind.String()]
		for i, text := range []string{r.DynamoDB, r.Aerospike, r.Note, r.Unequal} {
			if !strings.Contains(text, parts[i]) {
				t.Errorf("%v: %q does not say %q", kind, text, parts[i])
			}
		}
	}
	if got := len(d.Unequal()); got != 4 {
		t.Errorf("%d operations are not alike, want 4: %q", got, d.Unequal())
	}
	if !strings.Contains(d.Indexes, "by-status") || !strings.Contains(d.Indexes, "bin owner") {
		t.Errorf("indexes are said to be %q", d.Indexes)
	}
}
