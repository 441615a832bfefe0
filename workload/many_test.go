package workload

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"crossover/workload/op"
)

// further has a share of each kind behind the first.
const further = `version: 1
name: further
seed: 7
dataset:
  items: 300
  key: {partition: "user#{id}", sort: {prefix: "s#", per_partition: 5}}
  size: {uniform: {min: 400B, max: 900B}}
  attributes:
    - {name: status, type: string, value: {enum: [open, paid, sent]}}
    - {name: owner, type: number, value: {integer: {min: 1, max: 20}}}
    - {name: stock, type: number, value: {integer: {min: 0, max: 99}}}
    - {name: tags, type: list, value: uuid}
    - {name: note, type: string}
indexes:
  - {name: by-owner, kind: global, partition: owner}
  - {name: by-stock, kind: local, sort: stock, projection: keys}
workload:
  keys: zipfian
  operations: {read: 10%, insert: 5%, scan_page: 5%, conditional_update: 10%, partial_update: 10%, increment: 10%, append: 5%, touch: 5%,
    query_index: 10%, batch_read: 10%, batch_write: 10%, transact_read: 5%, transact_write: 5%}
  read: {consistency: strong}
  write: {ttl: 1h}
  scan: {segments: 3}
  conditional_update: {condition: {attribute: stock, compare: below, value: 25}}
  partial_update: {attributes: [note, status]}
  increment: {attribute: stock, by: -2, condition: exists}
  append: {attribute: tags, elements: 2}
  query_index: {index: by-owner, limit: 5}
  batch_read: {items: 40}
  batch_write: {items: 20, deletes: 25%}
  transact_read: {items: 3}
  transact_write: {steps: [{do: increment, attribute: stock, by: -1}, {do: put}, {do: check, condition: exists}]}
  arrival: {closed: {workers: 4}}
  phases: [{name: a, operations: 100000}]
`

// The items of an operation of several are all different, all there are to choose from, and the
// first is the operation's own, whichever way keys are drawn; deletes have their share.
func TestPartsAreDifferentItems(t *testing.T) {
	for _, keys := range []string{
		"zipfian", "uniform", "sequential", "latest", "{zipfian: {theta: 3, scrambled: false}}", "{hotspot: {items: 1%, share: 99%}}",
		"uniform\n  hot: [{key: 299, share: 90%}]", "uniform\n  delete: {items: oldest}",
	} {
		text := strings.Replace(further, "keys: zipfian", "keys: "+keys, 1)
		if strings.Contains(keys, "oldest") {
			text = strings.NewReplacer("deletes: 25%", "deletes: 0%", "insert: 5%", "insert: 3%, delete: 2%").Replace(text)
		}
		sc := mustParse(t, text)
		s := NewStream(sc).(*stream)
		var o op.Op
		parts, deletes := 0, 0
		for i := range uint64(3_000) {
			s.At(i, &o)
			if len(o.Parts) != 0 != o.Kind.Many() || o.Kind.Many() && len(o.Parts) != sc.Parts(o.Kind) {
				t.Fatalf("%v has %d parts", o.Kind, len(o.Parts))
			}
			first, count := s.choice(i)
			seen := map[uint64]bool{}
			for j := range o.Parts {
				p := &o.Parts[j]
				partition, sort := sc.Place(p.Item)
				if seen[p.Item] || p.Item < first || p.Item >= first+count || p.Partition != partition || p.Sort != sort {
					t.Fatalf("keys %s: operation %d: part %d is item %d at %d, %d again", keys, i, j, p.Item, p.Partition, p.Sort)
				}
				seen[p.Item] = true
				if o.Kind == op.BatchWrite {
					if parts++; p.Step == op.StepDelete {
						deletes++
					}
				}
				if whole := p.Step == op.StepPut; whole != (len(p.Body) > 0) || whole && p.Version != i+1 {
					t.Fatalf("%v: a body of %d bytes, version %d", p.Step, len(p.Body), p.Version)
				}
			}
			if o.Kind.Many() && o.Parts[0].Item != o.Item {
				t.Fatalf("the first item is %d, the operation's %d", o.Parts[0].Item, o.Item)
			}
		}
		if share := float64(deletes) / float64(parts); sc.Workload.BatchWrite.Deletes > 0 && (share < 0.22 || share > 0.28) {
			t.Errorf("keys %s: %.3f of %d are deletes", keys, share, parts)
		}
	}
}

// Each kind carries what the scenario says of it, and a query of a global index the value that its
// item was loaded with.
func TestFurtherOperations(t *testing.T) {
	sc := mustParse(t, further)
	s := NewStream(sc)
	values := sc.Values()
	loader := NewLoader(sc)
	segments := map[uint32]int{}
	var o op.Op
	for i := range uint64(5000) {
		s.At(i, &o)
		a := o.Asked()
		fail := func(ok bool) {
			t.Helper()
			if !ok {
				t.Fatalf("operation %d: %+v, %+v", i, o, *a)
			}
		}
		switch o.Kind {
		case op.ScanPage:
			fail(a.Segments == 3 && o.Segment < 3)
			segments[o.Segment]++
		case op.ConditionalUpdate:
			fail(o.Condition == op.Compares && a.Compare.Attribute == "stock" && a.Compare.Relation == op.Below && a.Compare.Number == 25 && len(o.Body) > 0)
		case op.PartialUpdate:
			fail(o.Condition == op.Unconditional && slices.Equal(a.Attributes, []int{4, 0}) && len(o.Body) > 0 && o.Version == i+1)
		case op.Increment:
			fail(o.Condition == op.MustExist && a.Attribute == 2 && a.Amount == -2 && len(o.Body) == 0 && o.Version == i+1)
		case op.Append:
			fail(a.Attribute == 3 && a.Elements == 2 && len(o.Body) > 0)
		case op.Touch:
			fail(o.Condition == op.MustExist && o.Version == 0)
		case op.QueryIndex:
			loaded, _ := values.Values(nil, loader.Body(nil, o.Item))
			fail(a.On == 0 && o.Limit == 5 && !o.Consistent && bytes.Equal(o.Value, loaded[1].Text))
		case op.TransactWrite:
			fail(o.Parts[0].Step == op.StepIncrement && o.Parts[0].Ask.Amount == -1 && o.Parts[2].Condition == op.MustExist)
		}
	}
	if len(segments) != 3 {
		t.Errorf("pages of segments %v", segments)
	}
}

// Making any kind allocates nothing once the storage has grown.
func TestFurtherOperationsAllocateNothing(t *testing.T) {
	s := NewStream(mustParse(t, further))
	var o op.Op
	for i := range uint64(5_000) {
		s.At(i, &o)
	}
	i := uint64(0)
	if n := testing.AllocsPerRun(100, func() {
		for range 100 {
			s.At(i, &o)
			i++
		}
	}); n != 0 {
		t.Errorf("%v allocations in 100 operations", n)
	}
}

// The digest depends on each thing that is said of an operation.
func TestDigestOfFurtherOperations(t *testing.T) {
	seen := map[string]string{}
	for _, change := range []string{
		"", "limit: 5}=limit: 6}", "segments: 3=segments: 2", "value: 25}=value: 26}", "below=at_most", "[note, status]=[status, note]", "by: -2=by: -3",
		"condition: exists}\n  append=condition: not_exists}\n  append", "elements: 2=elements: 1", "index: by-owner=index: by-stock", "items: 40=items: 41",
		"deletes: 25%=deletes: 26%", "{items: 3}={items: 4}", "{do: put}={do: delete}", "projection: keys=projection: all", "by: -1}=by: -4}",
	} {
		before, after, _ := strings.Cut(change, "=")
		if before != "" && strings.Count(further, before) != 1 {
			t.Fatalf("%q occurs %d times", before, strings.Count(further, before))
		}
		text := strings.Replace(strings.Replace(further, before, after, 1), "operations: 100000", "operations: 1000", 1)
		digest := StreamDigest(mustParse(t, text))
		if other, ok := seen[digest]; ok {
			t.Errorf("%q and %q have the same digest", change, other)
		}
		seen[digest] = change
	}
}

// What the scenario says of an operation is held against its data set and its shares.
func TestFurtherOperationsRefused(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"touch: 5%", "read: 5%", `workload.operations`},
		{"touch: 5%,", "query: 5%,", ""},
		{"write: {ttl: 1h}", "write: {condition: none}", "touch without a time to live"},
		{"partial_update: {attributes: [note, status]}", "max_lateness: 5s", "a share of partial_update without workload.partial_update"},
		{"touch: 5%,\n    query_index: 10%", "touch: 15%", "query_index without a share"},
		{"[note, status]", "[note, state]", `"state"`},
		{"[note, status]", "[note, note]", "each once"},
		{"increment: {attribute: stock", "increment: {attribute: status", "whose values are integers"},
		{"by: -2", "by: 0", "an increment by 0"},
		{"append: {attribute: tags", "append: {attribute: stock", "of type list"},
		{"elements: 2}", "elements: 4}", "at most the attribute's 3"},
		{"index: by-owner", "index: by-owners", `did you mean "by-owner"`},
		{"{attribute: stock, compare: below, value: 25}", "{attribute: tags, compare: below, value: 25}", "that is a string, or a number"},
		{"value: 25}", "value: many}", "a whole number"},
		{"condition: exists}\n  append", "condition: there}\n  append", "exists, not_exists"},
		{"items: 40", "items: 301", "1 to 100"},
		{"items: 300", "items: 30", "30"},
		{"{do: put}", "{do: put, by: 3}", "neither"},
		{"{do: check, condition: exists}", "{do: check}", "a check without a condition"},
		{"transact_write: {steps", "transact_write: {items: 2, steps", "exactly one of items and steps"},
		{"max: 900B}}\n  attributes:\n    - {name: status, type: string, value: {enum: [open, paid, sent]}}", "max: 400KiB}}\n  attributes:\n    - {name: status, type: string, value: {enum: [open]}}", ""},
		{"consistency: strong", "verify: 1%", "verified reads with a share of partial_update"},
		{"consistency: strong", "attributes: [nothing]", `"nothing"`},
		{"kind: global, partition: owner", "kind: global, sort: owner", "a global index without partition"},
		{"partition: owner", "partition: note", "it is a key"},
		{"partition: owner", "partition: tags", "of type string or number"},
		{"kind: local, sort: stock", "kind: local, partition: owner, sort: stock", "none: it is the table's partition key"},
		{`sort: {prefix: "s#", per_partition: 5}`, "sort: none", "a local index of a table without a sort key"},
		{"name: by-stock", "name: by-owner", "that no other index has"},
		{"projection: keys", "projection: [stock]", "no keys of the index"},
		{"projection: keys", "capacity: {read: 1, write: 1}", "capacity of a local index"},
	} {
		if strings.Count(further, c.old) != 1 {
			t.Fatalf("%q occurs %d times", c.old, strings.Count(further, c.old))
		}
		_, err := Parse("f.yaml", []byte(strings.Replace(further, c.old, c.new, 1)))
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.new, err)
			}
			continue
		}
		if err == nil || !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("%s: %v, want %q", c.new, err, c.want)
		}
	}
}

// Requests of several items are held against the service's limits of bytes too.
func TestRequestsOfSeveralItemsFit(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"transact_read: {items: 3}", "transact_read: {items: 11}", "at most 4 MiB"},
		{"batch_read: {items: 40}", "batch_read: {items: 41}", "at most 16 MiB"},
		{"", "", ""},
	} {
		text := strings.Replace(strings.Replace(further, "max: 900B", "max: 400KiB", 1), c.old, c.new, 1)
		if _, err := Parse("f.yaml", []byte(text)); c.want == "" && err != nil || c.want != "" && !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("%s: %v, want %q", c.new, err, c.want)
		}
	}
}

// The share of items for which a comparison holds is what is loaded, within chance.
func TestMatching(t *testing.T) {
	sc := mustParse(t, strings.Replace(further, "items: 300", "items: 20_000", 1))
	for _, k := range []Comparison{
		{"status", "equal", "paid"},
		{"status", "not_equal", "paid"},
		{"status", "above", "open"},
		{"status", "at_most", "paid"},
		{"stock", "below", "25"},
		{"stock", "at_most", "25"},
		{"stock", "at_least", "90"},
		{"stock", "above", "90"},
		{"stock", "equal", "7"},
		{"stock", "not_equal", "7"},
		{"stock", "below", "-5"},
		{"stock", "above", "200"},
		{"owner", "at_least", "1"},
	} {
		c, n := k.resolve(sc), 0
		for item := range sc.Dataset.Items {
			text, number := sc.Value(item, k.Attribute)
			if Holds(c, text, number) {
				n++
			}
		}
		if got, want := sc.Matching(&k), float64(n)/float64(sc.Dataset.Items); got < want-0.015 || got > want+0.015 {
			t.Errorf("%s: %.3f of the items, and %.3f of what is loaded", k.Describe(), got, want)
		}
	}
	owners := sc.ItemsIndexed(&sc.Indexes[0], 1<<30)
	if owners < 950 || owners > 1050 {
		t.Errorf("%.0f items share an owner, of 20,000 items and 20 owners", owners)
	}
}
