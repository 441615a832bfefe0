package drivertest

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"testing"

	"crossover/driver"
	"crossover/workload"
	"crossover/workload/op"
)

// everything has each kind that the variants do not have, on items whose attributes have types.
const everything = `version: 1
name: drivertest
seed: 11
dataset:
  items: 60
  key: {partition: "user#{id}", sort: {prefix: "event#", per_partition: 10}}
  size: {uniform: {min: 500B, max: 2500B}}
  attributes:
    - {name: status, type: string, value: {enum: [open, paid, sent, gone]}}
    - {name: owner, type: number, value: {integer: {min: 1, max: 6}}}
    - {name: stock, type: number, value: {integer: {min: 0, max: 99}}}
    - {name: placed, type: string, value: timestamp}
    - {name: tags, type: list, value: uuid}
    - {name: note, type: string}
indexes:
  - {name: by-status, kind: global, partition: status, sort: placed, projection: [note]}
  - {name: by-owner, kind: global, partition: owner}
  - {name: by-placed, kind: local, sort: placed, projection: [status, note]}
workload:
  keys: sequential
  operations: {read: 5%, query: 5%, scan_page: 10%, conditional_update: 10%, partial_update: 10%, increment: 10%, append: 5%, touch: 5%,
    query_index: 10%, batch_read: 5%, batch_write: 5%, transact_read: 5%, transact_write: 15%}
  read: {consistency: strong, attributes: [note, status]}
  write: {ttl: 1h}
  query: {limit: 4, order: reverse, filter: {attribute: stock, compare: at_least, value: 30}}
  scan: {limit: 7, segments: 4}
  conditional_update: {condition: {attribute: stock, compare: above, value: 50}}
  partial_update: {attributes: [status, note]}
  increment: {attribute: stock, by: -3, condition: {attribute: stock, compare: at_least, value: 20}}
  append: {attribute: tags, elements: 2}
  query_index: {index: INDEX, limit: 5, order: reverse}
  batch_read: {items: 5}
  batch_write: {items: 6, deletes: 50%}
  transact_read: {items: 3}
  transact_write:
    steps:
      - {do: increment, attribute: stock, by: -40, condition: {attribute: stock, compare: at_least, value: 40}}
      - {do: increment, attribute: stock, by: 40}
      - {do: set, attributes: [status]}
      - {do: check, condition: {attribute: status, compare: not_equal, value: gone}}
      - {do: put}
  arrival: {closed: {workers: 4}}
  phases: [{name: all, operations: 100000}]
`

// A bench is an opened driver on everything, with what its items must hold.
type bench struct {
	*rig
	sc     *workload.Scenario
	driver driver.Driver
	stream workload.Stream
	at     uint64 // of the stream
	model  map[uint64]map[string]string

	scanned int // items of the segments so far
}

// bench opens the driver on everything, loaded, with queries of an index.
func (s Subject) bench(t *testing.T, index string) *bench {
	t.Helper()
	sc, err := workload.Parse("drivertest.yaml", bytes.ReplaceAll([]byte(everything), []byte("INDEX"), []byte(index)))
	if err != nil {
		t.Fatal(err)
	}
	settings := ""
	if s.Separate {
		settings = "transactions: separate_writes"
	}
	b := &bench{rig: s.rig(t, Healthy), sc: sc, stream: workload.NewStream(sc), model: map[uint64]map[string]string{}}
	b.driver = b.ready(t, sc, settings)
	loader := workload.NewLoader(sc)
	for item := range sc.Dataset.Items {
		b.model[item] = b.typed(item, 0, loader.Body(nil, item))
	}
	return b
}

// typed returns what an item holds once a body of a version is stored, numbers and lists as text.
func (b *bench) typed(item, version uint64, body []byte) map[string]string {
	partition, sort := b.sc.Place(item)
	want := map[string]string{
		workload.AttrPartition: string(b.sc.AppendPartitionKey(nil, partition)),
		workload.AttrSort:      string(b.sc.AppendSortKey(nil, sort)),
		workload.AttrVersion:   string(workload.AppendVersion(nil, version)),
	}
	values, _ := b.sc.Values().Values(nil, body)
	for i, v := range values {
		want[b.sc.AttributeName(i)] = string(v.Text)
		if len(v.Elements) > 0 {
			want[b.sc.AttributeName(i)] = fmt.Sprintf("%s", v.Elements)
		}
	}
	return want
}

// next returns the stream's next operation of a kind that is accepted.
func (b *bench) next(kind op.Kind, accept func(*op.Op) bool) *op.Op {
	for {
		o := new(op.Op)
		b.stream.At(b.at, o)
		if b.at++; o.Kind == kind && (accept == nil || accept(o)) {
			return o
		}
	}
}

// holds compares all that is stored with what must be. The end of an item is not compared.
func (b *bench) holds(t *testing.T, items ...uint64) {
	t.Helper()
	for _, item := range items {
		got := b.Fetch(t, b.sc, item)
		if got != nil {
			delete(got, workload.AttrExpiry)
		}
		want := b.model[item]
		if len(got) != len(want) {
			t.Fatalf("item %d holds %v, want %v", item, got, want)
		}
		for name, w := range want {
			if got[name] != w {
				t.Fatalf("item %d: %s is %.60q, want %.60q", item, name, got[name], w)
			}
		}
	}
}

// stock returns the number that an item holds.
func (b *bench) stock(item uint64) (n int) {
	_, _ = fmt.Sscan(b.model[item]["stock"], &n) // 0 for an item that is gone
	return n
}

// noted returns the bytes of the attributes that everything's reads return.
func (b *bench) noted(items ...uint64) (n uint64) {
	for _, item := range items {
		if m := b.model[item]; m != nil {
			n += uint64(len("note") + len(m["note"]) + len("status") + len(m["status"]))
		}
	}
	return n
}

func (s Subject) everything(t *testing.T) {
	t.Run("parts of items", s.partsOfItems)
	t.Run("several items", s.severalItems)
	t.Run("transactions", s.transactions)
	for _, index := range []string{"by-status", "by-owner", "by-placed"} {
		t.Run("index "+index, func(t *testing.T) { s.index(t, index) })
	}
	t.Run("queries and scans", s.queriesAndScans)
}

// partsOfItems: writes under a condition, of some attributes, of a number, of a list, of nothing
// but the end.
func (s Subject) partsOfItems(t *testing.T) {
	b := s.bench(t, "by-status")
	se := session(t, b.driver)
	seen := map[op.Class]int{}
	done := func(o *op.Op, applied bool, change func(m map[string]string)) {
		t.Helper()
		out := b.do(t, t.Context(), se, o)
		want := op.OK
		if !applied {
			want = op.ConditionFailed
		}
		if out.Class != want || out.Requests != 1 || len(out.Attempts) != 1 || (out.Items == 1) != applied {
			t.Fatalf("%v of item %d: %v of %d items in %d requests, want %v (error %v)", o.Kind, o.Item, out.Class, out.Items, out.Requests, want, out.Err)
		}
		seen[out.Class]++
		if applied {
			if o.Version > 0 {
				b.model[o.Item][workload.AttrVersion] = string(workload.AppendVersion(nil, o.Version))
			}
			change(b.model[o.Item])
		}
		b.holds(t, o.Item)
		s.chargedOnce(t, b.sc, o, out)
	}
	for range 12 {
		o := b.next(op.ConditionalUpdate, nil)
		done(o, b.stock(o.Item) > 50, func(map[string]string) { b.model[o.Item] = b.typed(o.Item, o.Version, o.Body) })
		o = b.next(op.Increment, nil)
		done(o, b.stock(o.Item) >= 20, func(m map[string]string) { m["stock"] = fmt.Sprint(b.stock(o.Item) - 3) })
		o = b.next(op.PartialUpdate, nil)
		whole := b.typed(o.Item, o.Version, o.Body)
		done(o, true, func(m map[string]string) { m["status"], m["note"] = whole["status"], whole["note"] })
		o = b.next(op.Append, nil)
		values, _ := b.sc.Values().Values(nil, o.Body)
		done(o, true, func(m map[string]string) {
			for _, e := range values[o.Ask.Attribute].Elements[:2] {
				m["tags"] = m["tags"][:len(m["tags"])-1] + " " + string(e) + "]"
			}
		})
		done(b.next(op.Touch, nil), true, func(map[string]string) {})
	}
	if seen[op.OK] < 10 || seen[op.ConditionFailed] < 5 {
		t.Errorf("%v: expected some of both", seen)
	}
	b.missing(t, se)
}

// missing: what finds no item. A condition fails; without one the item begins with what is written.
func (b *bench) missing(t *testing.T, se driver.Session) {
	t.Helper()
	for _, kind := range []op.Kind{op.ConditionalUpdate, op.Increment, op.Touch} {
		o := b.next(kind, nil)
		o.Item, o.Partition, o.Sort = 1000, 100, 0
		out := b.do(t, t.Context(), se, o)
		if out.Class != op.ConditionFailed || out.Items != 0 {
			t.Errorf("%v of an item that is not there: %v", kind, out.Class)
		}
		b.holds(t, o.Item)
	}
	o := b.next(op.Append, nil)
	o.Item, o.Partition, o.Sort = 1000, 100, 0
	if out := b.do(t, t.Context(), se, o); out.Class != op.OK {
		t.Errorf("append to an item that is not there: %v, %v", out.Class, out.Err)
	}
	values, _ := b.sc.Values().Values(nil, o.Body)
	got := b.Fetch(t, b.sc, o.Item)
	if want := fmt.Sprintf("%s", values[o.Ask.Attribute].Elements[:2]); got["tags"] != want {
		t.Errorf("a list that began with an append holds %s, want %s", got["tags"], want)
	}
}

// chargedOnce checks the units of a write of one item: those of the item, and of indexes that
// something changed in.
func (s Subject) chargedOnce(t *testing.T, sc *workload.Scenario, o *op.Op, out *op.Outcome) {
	t.Helper()
	if !s.Units || out.Class != op.OK || o.Kind == op.Append { // whose item has grown
		return
	}
	table := out.WriteUnits - out.IndexWrites
	want := float64((sc.ItemSize(o.Item) + 1023) / 1024)
	if table < want || table > want+1 { // the end, and values of other lengths, count a few bytes
		t.Errorf("%v of item %d: %g write units besides indexes, expected %g", o.Kind, o.Item, table, want)
	}
	if out.IndexWrites <= 0 && o.Kind != op.Touch { // which changes nothing within a second
		t.Errorf("%v of item %d: no write units of indexes, of which one holds everything", o.Kind, o.Item)
	}
}

// severalItems: batches of reads, and of writes and deletes.
func (s Subject) severalItems(t *testing.T) {
	b := s.bench(t, "by-status")
	se := session(t, b.driver)
	read := func(kind op.Kind) {
		t.Helper()
		o := b.next(kind, nil)
		var items []uint64
		there := 0
		for i := range o.Parts {
			items = append(items, o.Parts[i].Item)
			if b.model[o.Parts[i].Item] != nil {
				there++
			}
		}
		w := want{op.OK, 1, there, 0, b.noted(items...)}
		if there == 0 {
			w.class = op.NotFound
		}
		out := b.expect(t, se, o, w)
		if s.Units && out.ReadUnits <= 0 {
			t.Errorf("%v: no read units", kind)
		}
	}
	for range 20 {
		read(op.BatchRead)
		read(op.TransactRead)
		o := b.next(op.BatchWrite, nil)
		out := b.do(t, t.Context(), se, o)
		if out.Class != op.OK || out.Items != len(o.Parts) || out.Requests != 1 {
			t.Fatalf("batch write: %v of %d items in %d requests (%v)", out.Class, out.Items, out.Requests, out.Err)
		}
		for i := range o.Parts {
			p := &o.Parts[i]
			delete(b.model, p.Item)
			if p.Step == op.StepPut {
				b.model[p.Item] = b.typed(p.Item, p.Version, p.Body)
			}
			b.holds(t, p.Item)
		}
	}
	if n := b.Count(t, b.sc); n != len(b.model) {
		t.Errorf("%d items, want %d", n, len(b.model))
	}
}

// transactions: all steps, or none; where they are separate requests, those before the first that
// fails.
func (s Subject) transactions(t *testing.T) {
	b := s.bench(t, "by-status")
	se := session(t, b.driver)
	seen := map[op.Class]int{}
	for range 40 {
		o := b.next(op.TransactWrite, nil)
		from, to, set, check, put := &o.Parts[0], &o.Parts[1], &o.Parts[2], &o.Parts[3], &o.Parts[4]
		enough, fine := b.stock(from.Item) >= 40, b.model[check.Item]["status"] != "gone"
		out := b.do(t, t.Context(), se, o)
		want := op.OK
		if !enough || !fine {
			want = op.ConditionFailed
		}
		if out.Class != want {
			t.Fatalf("enough %v, fine %v: %v (%v)", enough, fine, out.Class, out.Err)
		}
		seen[want]++
		items := 0
		apply := func(p *op.Part, change func(m map[string]string)) {
			change(b.model[p.Item])
			b.model[p.Item][workload.AttrVersion] = string(workload.AppendVersion(nil, p.Version))
			items++
		}
		if want == op.OK || s.Separate && enough {
			apply(from, func(m map[string]string) { m["stock"] = fmt.Sprint(b.stock(from.Item) - 40) })
			apply(to, func(m map[string]string) { m["stock"] = fmt.Sprint(b.stock(to.Item) + 40) })
			apply(set, func(m map[string]string) { m["status"] = b.typed(set.Item, set.Version, set.Body)["status"] })
		}
		if want == op.OK {
			apply(put, func(map[string]string) { b.model[put.Item] = b.typed(put.Item, put.Version, put.Body) })
		}
		if out.Items != items {
			t.Errorf("%d items written, want %d", out.Items, items)
		}
		for i := range o.Parts {
			b.holds(t, o.Parts[i].Item)
		}
		if s.Units && want == op.OK && out.WriteUnits-out.IndexWrites < 2*float64(len(o.Parts)) {
			t.Errorf("%g write units of %d items in a transaction, expected two for each KiB", out.WriteUnits-out.IndexWrites, len(o.Parts))
		}
	}
	if seen[op.OK] < 3 || seen[op.ConditionFailed] < 3 {
		t.Errorf("%v: expected some of both", seen)
	}
}

// index: the items with a value, the last by the index's order first where it has one.
func (s Subject) index(t *testing.T, name string) {
	b := s.bench(t, name)
	se := session(t, b.driver)
	for range 15 {
		o := b.next(op.QueryIndex, nil)
		var matches []uint64
		for item := range b.sc.Dataset.Items {
			partition, _ := b.sc.Place(item)
			switch m := b.model[item]; {
			case name == "by-status" && m["status"] == string(o.Value),
				name == "by-owner" && m["owner"] == string(o.Value),
				name == "by-placed" && partition == o.Partition:
				matches = append(matches, item)
			}
		}
		if !slices.Contains(matches, o.Item) {
			t.Fatalf("the item that %q was drawn from is not among %v", o.Value, matches)
		}
		slices.SortFunc(matches, func(x, y uint64) int { return cmp.Compare(b.model[y]["placed"], b.model[x]["placed"]) })
		matches = matches[:min(len(matches), int(o.Limit))]
		w := want{op.OK, 1, len(matches), 0, b.noted(matches...)}
		if name != "by-owner" {
			out := b.expect(t, se, o, w)
			if s.Units && (out.IndexReads <= 0 || out.IndexReads != out.ReadUnits) {
				t.Errorf("%g read units, of them %g of the index", out.ReadUnits, out.IndexReads)
			}
			continue
		}
		// An index without an order returns any of its items.
		if out := b.do(t, t.Context(), se, o); out.Class != op.OK || out.Items != len(matches) {
			t.Errorf("%v of %d items, want %d", out.Class, out.Items, len(matches))
		}
	}
	none := b.next(op.QueryIndex, nil)
	none.Value, none.Item, none.Partition, none.Sort = append(none.Value[:0], '7'), 1000, 100, 0
	if out := b.do(t, t.Context(), se, none); out.Class != op.NotFound {
		t.Errorf("a value that no item has: %v of %d items", out.Class, out.Items)
	}
}

// queriesAndScans: a filter, descending order and a projection; segments of a scan, each of whose
// items comes once.
func (s Subject) queriesAndScans(t *testing.T) {
	b := s.bench(t, "by-status")
	se := session(t, b.driver)
	for range 5 {
		o := b.next(op.Read, nil)
		b.expect(t, se, o, want{op.OK, 1, 1, 0, b.noted(o.Item)})
	}
	// Checking a data set that was kept reads whole items, whatever the scenario's reads return.
	whole := b.next(op.Read, nil)
	whole.Ask, whole.Verify = nil, true
	if out := b.do(t, t.Context(), se, whole); out.Class != op.OK || out.Check != op.Intact {
		t.Errorf("a verified read beside a projection: %v, check %v", out.Class, out.Check)
	}
	for range 10 {
		o := b.next(op.Query, nil)
		var matches []uint64
		for sort := int(b.sc.Dataset.Key.Sort.PerPartition) - 1; sort >= 0; sort-- {
			if item := o.Partition*perPartition + uint64(sort); b.stock(item) >= 30 && len(matches) < int(o.Limit) {
				matches = append(matches, item)
			}
		}
		out := b.do(t, t.Context(), se, o)
		class := op.OK
		if len(matches) == 0 {
			class = op.NotFound
		}
		if out.Class != class || out.Items != len(matches) || out.BytesIn != b.noted(matches...) {
			t.Errorf("partition %d: %v of %d items, %d bytes; want %d items, %d bytes", o.Partition, out.Class, out.Items, out.BytesIn, len(matches), b.noted(matches...))
		}
	}
	for segment := range b.sc.Workload.Scan.Segments {
		b.segment(t, se, segment)
	}
	if b.scanned != int(b.sc.Dataset.Items) {
		t.Errorf("the segments have %d items, want %d", b.scanned, b.sc.Dataset.Items)
	}
}

// segment reads a segment once: it has ended when a page comes short, or is the first again.
func (b *bench) segment(t *testing.T, se driver.Session, segment uint32) {
	t.Helper()
	var first uint64
	for page := range 2 * items {
		o := b.next(op.ScanPage, func(o *op.Op) bool { return o.Segment == segment })
		out := b.do(t, t.Context(), se, o)
		if !out.Class.Success() || out.Items > scanLimit {
			t.Fatalf("segment %d: %v of %d items (%v)", segment, out.Class, out.Items, out.Err)
		}
		if page == 0 {
			first = out.BytesIn
		} else if out.BytesIn == first {
			return
		}
		b.scanned += out.Items
		if out.Items < scanLimit {
			return
		}
	}
	t.Fatalf("segment %d does not end", segment)
}
