package aerospike

import (
	"context"
	"strings"
	"testing"

	as "github.com/aerospike/aerospike-client-go/v7"

	"crossover/driver/clock"
	server "crossover/driver/embedded/aerospike"
	"crossover/workload"
	"crossover/workload/op"
)

// furtherScenario has operations on items whose attributes have types, with more of the workload.
func furtherScenario(t testing.TB, operations, more string) *workload.Scenario {
	t.Helper()
	sc, err := workload.Parse("test.yaml", []byte(`version: 1
name: test
seed: 5
dataset:
  items: 40
  size: 500B
  attributes:
    - {name: stock, type: number, value: {integer: {min: 0, max: 99}}}
    - {name: status, type: string, value: {enum: [open, paid]}}
    - {name: tags, type: list, value: uuid}
    - {name: note, type: string}
workload:
  keys: sequential
  operations: `+operations+`
`+more+`
  arrival: {closed: {workers: 1}}
  phases: [{name: all, operations: 100000}]
`))
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

// A batch of which records are refused goes on with those alone: each record is counted once, the
// request is one, and the attempts that were refused are overloaded ones.
func TestBatchThroughFaults(t *testing.T) {
	c := start(t, server.Options{Faults: server.Faults{Overload: 0.15}})
	sc := furtherScenario(t, "{batch_read: 50%, batch_write: 50%}", "  batch_read: {items: 10}\n  batch_write: {items: 10}")
	d := ready(t, sc, hosts(c.Seed())+", retries: {attempts: 40, base: 10us, max: 100us}")
	s, stream := openSession(t, d), workload.NewStream(sc)
	var o op.Op
	var out op.Outcome
	again := 0
	for i := range uint64(200) {
		stream.At(i, &o)
		s.Do(t.Context(), &o, &out)
		if out.Class != op.OK || out.Requests != 1 || out.Items != len(o.Parts) {
			t.Fatalf("%v: %v of %d items in %d requests, want %d (%v)", o.Kind, out.Class, out.Items, out.Requests, len(o.Parts), out.Err)
		}
		if o.Kind == op.BatchRead && (out.BytesIn < 4000 || out.BytesIn > 6000) {
			t.Fatalf("ten items of 500 bytes are %d", out.BytesIn)
		}
		for n, a := range out.Attempts {
			want := op.Overload
			if n == len(out.Attempts)-1 {
				want = op.OK
			}
			if a.Class != want {
				t.Fatalf("attempt %d of %d is %v (%s)", n+1, len(out.Attempts), a.Class, a.Reason)
			}
		}
		again += len(out.Attempts) - 1
	}
	if again < 20 {
		t.Errorf("%d attempts made again: nothing was refused", again)
	}
	if items, _ := stored(t, c.Seed(), d.set); items != 40 {
		t.Errorf("%d records after rewriting 40", items)
	}
}

// What changes a part of a record leaves its end as it is; a touch renews it, and so does what
// writes it whole.
func TestEndsOfRecords(t *testing.T) {
	c := start(t, server.Options{Nodes: 1})
	sc := furtherScenario(t, "{touch: 20%, partial_update: 20%, increment: 20%, append: 20%, conditional_update: 20%}",
		"  write: {ttl: 1h}\n  partial_update: {attributes: [status]}\n  increment: {attribute: stock}\n  append: {attribute: tags}\n  conditional_update: {condition: exists}")
	d := ready(t, sc, hosts(c.Seed()))
	s, stream := openSession(t, d), workload.NewStream(sc)
	expiration := func(item uint64) (seconds uint32) {
		bare(t, c.Seed(), func(client *as.Client) {
			record, err := client.Get(nil, userKey(t, sc, d.set, item))
			if err != nil {
				t.Fatal(err)
			}
			seconds = record.Expiration
		})
		return seconds
	}
	never := expiration(0)
	seen := map[op.Kind]bool{}
	var o op.Op
	var out op.Outcome
	for i := uint64(0); len(seen) < 5; i++ {
		if stream.At(i, &o); seen[o.Kind] {
			continue
		}
		seen[o.Kind] = true
		o.Item, o.Partition = uint64(len(seen)), uint64(len(seen)) // an item that nothing else has touched
		if s.Do(t.Context(), &o, &out); out.Class != op.OK {
			t.Fatalf("%v: %v (%v)", o.Kind, out.Class, out.Err)
		}
		renewed := o.Kind == op.Touch || o.Kind == op.ConditionalUpdate
		if got := expiration(o.Item); renewed != (got != never) || renewed && (got < 3500 || got > 3600) {
			t.Errorf("%v: the record ends in %d s, and a loaded one in %d", o.Kind, got, never)
		}
	}
}

// A scenario with transactions is refused, with the line that would take it, and described as
// what it then is.
func TestTransactionsAreRefused(t *testing.T) {
	sc := furtherScenario(t, "{transact_write: 100%}", "  transact_write: {items: 2}")
	errs := Check(sc, target(t, "at: embedded"))
	if len(errs) != 1 || !strings.Contains(errs[0].Error(), "transactions: separate_writes") {
		t.Fatalf("problems %v", errs)
	}
	if errs := Check(sc, target(t, "at: embedded, transactions: separate_writes")); len(errs) > 0 {
		t.Errorf("problems %v", errs)
	}
	d := open(t, sc, clock.Real(), hosts(start(t, server.Options{Nodes: 1}).Seed())+", transactions: separate_writes")
	about, err := d.Describe(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if about.Settings["transactions"] != "separate_writes" || !contains(about.Warnings, "an easier job") {
		t.Errorf("settings %v, warnings %v", about.Settings, about.Warnings)
	}
}

// What a session sends of parts of a record allocates no more than the library does.
func TestChangesAllocateNothing(t *testing.T) {
	sc := furtherScenario(t, "{increment: 50%, partial_update: 50%}", "  partial_update: {attributes: [status]}\n  increment: {attribute: stock}")
	d := ready(t, sc, hosts(start(t, server.Options{Nodes: 1}).Seed()))
	s, out := openSession(t, d), new(op.Outcome)
	stream := workload.NewStream(sc)
	lowest := func(f func()) float64 {
		return min(testing.AllocsPerRun(200, f), testing.AllocsPerRun(200, f), testing.AllocsPerRun(200, f))
	}
	for _, kind := range []op.Kind{op.Increment, op.PartialUpdate} {
		o := new(op.Op)
		for i := uint64(0); o.Kind != kind; i++ {
			stream.At(i, o)
		}
		s.Do(t.Context(), o, out)
		ch := s.changes[kind]
		client := lowest(func() { _ = ch.perform(d.client, s.record.key) })
		if session := lowest(func() { s.Do(t.Context(), o, out) }); session > client {
			t.Errorf("%v: %v allocations, %v of them the client's", kind, session, client)
		}
	}
}
