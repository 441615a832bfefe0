package drivertest

import (
	"fmt"
	"testing"

	"crossover/workload"
	"crossover/workload/op"
)

// A variant is one shape of scenario.
type variant struct {
	sort        bool   // ten items to a partition key
	condition   string // none, existence, version
	consistency string // eventual, strong
}

func (v variant) String() string {
	return fmt.Sprintf("sort=%v/condition=%s/reads=%s", v.sort, v.condition, v.consistency)
}

// variants are the shapes that the operations are checked in: each choice with each value of
// the others at least once.
var variants = []variant{
	{false, "none", "eventual"},
	{false, "existence", "strong"},
	{false, "version", "eventual"},
	{true, "none", "strong"},
	{true, "existence", "eventual"},
	{true, "version", "strong"},
}

const (
	items        = 60
	perPartition = 10
	queryLimit   = 4
	scanLimit    = 7
)

// scenario returns the variant's scenario with the given shares of operations. Sizes differ
// from item to item, so that a sum of bytes tells which items are in it.
func (v variant) scenario(t testing.TB, operations string) *workload.Scenario {
	t.Helper()
	sort := "none"
	if v.sort {
		sort = fmt.Sprintf(`{prefix: "event#", per_partition: %d}`, perPartition)
	}
	sc, err := workload.Parse("drivertest.yaml", []byte(fmt.Sprintf(`version: 1
name: drivertest
seed: 11
dataset: {items: %d, key: {partition: "user#{id}", sort: %s}, size: {uniform: {min: 400B, max: 2500B}}, attributes: 3}
workload:
  keys: sequential
  operations: %s
  read: {consistency: %s}
  write: {condition: %s}
  query: {limit: %d}
  scan: {limit: %d}
  arrival: {closed: {workers: 4}}
  phases: [{name: all, operations: 100000}]
`, items, sort, operations, v.consistency, v.condition, queryLimit, scanLimit)))
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

// mixed has every kind of operation.
const mixed = "{read: 30%, update: 20%, insert: 10%, delete: 5%, read_modify_write: 15%, query: 10%, scan_page: 10%}"

// A maker makes chosen operations as the scenario's own stream would: bodies, versions,
// conditions and limits are the stream's.
type maker struct {
	sc      *workload.Scenario
	streams [op.KindCount]workload.Stream
}

func (v variant) maker(t testing.TB) *maker {
	t.Helper()
	m := &maker{sc: v.scenario(t, mixed)}
	for k := range op.FirstKinds {
		if v.condition == "version" && k != op.ReadModifyWrite {
			// Only a read_modify_write has a version to compare; the others ask nothing.
			plain := v
			plain.condition = "none"
			m.streams[k] = workload.NewStream(plain.scenario(t, fmt.Sprintf("{%s: 100%%}", k)))
			continue
		}
		m.streams[k] = workload.NewStream(v.scenario(t, fmt.Sprintf("{%s: 100%%}", k)))
	}
	return m
}

// insertsSearched is how far op looks for the insert of an item: one deck of the stream.
const insertsSearched = 1000

// op returns an operation on an item that the data set holds; round makes versions differ.
// Inserts are of items from the data set's end on.
func (m *maker) op(t testing.TB, kind op.Kind, item, round uint64) *op.Op {
	t.Helper()
	o := new(op.Op)
	m.streams[kind].At(item+round*m.sc.Dataset.Items, o)
	// The stream's inserts are of new items in an order of their own.
	for i := uint64(0); kind == op.Insert && o.Item != item && i < insertsSearched; i++ {
		m.streams[kind].At(i, o)
	}
	if o.Kind != kind || o.Item != item {
		t.Fatalf("the stream made %v of item %d, wanted %v of item %d", o.Kind, o.Item, kind, item)
	}
	return o
}

// absent returns an operation on an item that nothing has written: the last of a partition key
// that the data set does not have.
func (m *maker) absent(t testing.TB, kind op.Kind) *op.Op {
	t.Helper()
	item := m.sc.Dataset.Items + 3*perPartition - 1
	o := m.op(t, op.Insert, item, 0)
	if kind == op.Insert {
		return o
	}
	like := m.op(t, kind, 0, 0)
	o.Kind, o.Condition, o.Limit, o.Consistent = kind, like.Condition, like.Limit, like.Consistent
	if len(like.Body) == 0 {
		o.Body, o.Version = nil, 0
	}
	return o
}

// attributes returns what an item holds once a body of a version is stored.
func attributes(sc *workload.Scenario, item, version uint64, body []byte) map[string]string {
	partition, sort := sc.Place(item)
	want := map[string]string{
		workload.AttrPartition: string(sc.AppendPartitionKey(nil, partition)),
		workload.AttrVersion:   string(workload.AppendVersion(nil, version)),
	}
	if sc.HasSort() {
		want[workload.AttrSort] = string(sc.AppendSortKey(nil, sort))
	}
	for i := range sc.Dataset.Attributes {
		from, to := sc.SplitBody(len(body), i)
		want[workload.AttrBody(i)] = string(body[from:to])
	}
	return want
}

// loaded returns what an item holds when it has just been loaded.
func loaded(sc *workload.Scenario, item uint64) map[string]string {
	return attributes(sc, item, 0, workload.NewLoader(sc).Body(nil, item))
}
