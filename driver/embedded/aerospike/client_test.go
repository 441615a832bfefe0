package aerospike

import (
	"fmt"
	"testing"

	as "github.com/aerospike/aerospike-client-go/v7"
	"github.com/aerospike/aerospike-client-go/v7/types"
	"github.com/google/go-cmp/cmp"

	"crossover/driver/embedded/aerospike/wire"
)

func TestClientDiscoversTheClusterAndGoesToMasters(t *testing.T) {
	c := start(t, Options{Nodes: 3})
	client := connect(t, c)
	if got := len(client.GetNodes()); got != 3 {
		t.Fatalf("the client found %d nodes", got)
	}
	want := make([]uint64, 3)
	for i := range 500 {
		k := mustKey(t, "s", i)
		if err := client.PutBins(nil, k, as.NewBin("b", i)); err != nil {
			t.Fatal(err)
		}
		r, err := client.Get(nil, k)
		if err != nil {
			t.Fatal(err)
		}
		if r.Bins["b"] != i {
			t.Fatalf("key %d holds %v", i, r.Bins)
		}
		d := wire.Digest(k.Digest())
		if d.Partition() != k.PartitionId() {
			t.Fatalf("key %d: partition %d, the client's is %d", i, d.Partition(), k.PartitionId())
		}
		want[c.partitions().master(d.Partition())]++
	}
	for i, n := range c.present() {
		if r, w := n.counters.total(readAction), n.counters.total(writeAction); r != want[i] || w != want[i] {
			t.Errorf("node %d served %d reads and %d writes of its %d keys", i, r, w, want[i])
		}
		if p := n.counters.proxied[fromClient].Load(); p != 0 {
			t.Errorf("node %d sent %d requests on", i, p)
		}
	}
}

func TestValuesOfEveryTypeComeBack(t *testing.T) {
	client := connect(t, start(t, Options{Nodes: 2}))
	k := mustKey(t, "types", "k")
	bins := as.BinMap{
		"int": -42, "float": 1.5, "string": "héllo", "blob": []byte{0, 1, 255}, "bool": true, "empty": "",
		"list": []any{1, "two", 3.5}, "map": map[any]any{"a": 1, 2: "b"}, "geo": as.GeoJSONValue(`{"type":"Point","coordinates":[1,2]}`),
	}
	if err := client.Put(nil, k, bins); err != nil {
		t.Fatal(err)
	}
	r, err := client.Get(nil, k)
	if err != nil {
		t.Fatal(err)
	}
	want := as.BinMap{}
	for name, v := range bins {
		want[name] = v
	}
	if diff := cmp.Diff(map[string]any(want), map[string]any(r.Bins)); diff != "" {
		t.Error(diff)
	}
	some, err := client.Get(nil, k, "int", "nothing", "bool")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"int": -42, "bool": true}, map[string]any(some.Bins)); diff != "" {
		t.Error(diff)
	}
	header, err := client.GetHeader(nil, k)
	if err != nil || header.Generation != 1 || len(header.Bins) != 0 {
		t.Errorf("header %+v, error %v", header, err)
	}
}

// code returns a client error's result code, 0 for none.
func code(err as.Error) types.ResultCode {
	if err == nil {
		return 0
	}
	if e, ok := err.(*as.AerospikeError); ok {
		return e.ResultCode
	}
	return -1
}

func TestBatch(t *testing.T) {
	c := start(t, Options{Nodes: 3})
	client := connect(t, c)
	var keys []*as.Key
	for i := range 100 {
		k := mustKey(t, []string{"a", "b", ""}[i%3], i)
		keys = append(keys, k)
		if i%2 == 0 {
			if err := client.PutBins(nil, k, as.NewBin("n", i), as.NewBin("s", fmt.Sprint(i))); err != nil {
				t.Fatal(err)
			}
		}
	}
	records, err := client.BatchGet(nil, keys, "n")
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range records {
		switch {
		case i%2 == 1 && r != nil:
			t.Errorf("key %d is not there, got %v", i, r)
		case i%2 == 0 && (r == nil || r.Bins["n"] != i || len(r.Bins) != 1):
			t.Errorf("key %d: %v", i, r)
		}
	}
	exists, err := client.BatchExists(nil, keys)
	if err != nil {
		t.Fatal(err)
	}
	for i, there := range exists {
		if there != (i%2 == 0) {
			t.Errorf("key %d exists: %v", i, there)
		}
	}
	var ops []as.BatchRecordIfc
	for i, k := range keys {
		switch i % 4 {
		case 0:
			ops = append(ops, as.NewBatchRead(nil, k, nil))
		case 1:
			ops = append(ops, as.NewBatchWrite(nil, k, as.PutOp(as.NewBin("n", -i)), as.GetBinOp("n")))
		case 2:
			ops = append(ops, as.NewBatchDelete(nil, k))
		case 3:
			ops = append(ops, as.NewBatchReadOps(nil, k, as.GetBinOp("n")))
		}
	}
	if err := client.BatchOperate(nil, ops); err != nil {
		t.Fatal(err)
	}
	for i, o := range ops {
		want := types.OK
		if i%4 == 3 {
			want = types.KEY_NOT_FOUND_ERROR
		}
		if got := o.BatchRec().ResultCode; got != want {
			t.Errorf("key %d: result %v, want %v", i, got, want)
		}
	}
	// The client asks for an answer to each operation of a batch's write: the put's is nil.
	if diff := cmp.Diff(any(as.OpResults{nil, -1}), ops[1].BatchRec().Record.Bins["n"]); diff != "" {
		t.Error(diff)
	}
	if there, err := client.Exists(nil, keys[2]); err != nil || there {
		t.Errorf("a key that the batch deleted exists: %v, %v", there, err)
	}
}

// TestListsAndMapsOverTheWire does several operations on one record at once: each sees what
// those before it did, and each that answers is answered in its place.
func TestListsAndMapsOverTheWire(t *testing.T) {
	client := connect(t, start(t, Options{Nodes: 3}))
	k := mustKey(t, "collections", 1)
	got, err := client.Operate(nil, k,
		as.ListAppendOp("l", 3, 1, 2), as.ListSortOp("l", as.ListSortFlagsDefault), as.ListGetRangeFromOp("l", 1), as.ListSizeOp("l"),
		as.MapPutOp(as.NewMapPolicy(as.MapOrder.KEY_ORDERED, as.MapWriteMode.UPDATE), "m", "b", 2),
		as.MapIncrementOp(as.DefaultMapPolicy(), "m", "a", 5), as.MapGetByKeyOp("m", "none", as.MapReturnType.VALUE))
	if err != nil {
		t.Fatal(err)
	}
	// The client gathers several answers of one bin in a list.
	want := as.BinMap{"l": []any{3, nil, []any{2, 3}, 3}, "m": []any{1, 5, nil}}
	if diff := cmp.Diff(want, got.Bins); diff != "" {
		t.Error(diff)
	}
	r, err := client.Get(nil, k)
	if err != nil {
		t.Fatal(err)
	}
	stored := as.BinMap{"l": []any{1, 2, 3}, "m": []as.MapPair{{Key: "a", Value: 5}, {Key: "b", Value: 2}}}
	if diff := cmp.Diff(stored, r.Bins); diff != "" || r.Generation != 1 {
		t.Errorf("generation %d; %s", r.Generation, diff)
	}
	// Reading operations alone are no write.
	if got, err = client.Operate(nil, k, as.ListGetByRankOp("l", -1, as.ListReturnTypeValue), as.MapSizeOp("m")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(as.BinMap{"l": 3, "m": 2}, got.Bins); diff != "" || got.Generation != 1 {
		t.Errorf("generation %d; %s", got.Generation, diff)
	}
	// A nested list comes back as the client knows it, and a bin that is not there answers nothing.
	inside := as.CtxMapKeyCreate(as.NewValue("deep"), as.MapOrder.KEY_ORDERED)
	if got, err = client.Operate(nil, k, as.ListAppendWithPolicyContextOp(as.DefaultListPolicy(), "m", []*as.CDTContext{inside}, "x"),
		as.MapGetByKeyOp("m", "deep", as.MapReturnType.VALUE), as.ListSizeOp("nothing")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(as.BinMap{"m": []any{1, []any{"x"}}, "nothing": nil}, got.Bins); diff != "" {
		t.Error(diff)
	}
}
