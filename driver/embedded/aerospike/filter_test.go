package aerospike

import (
	"testing"

	as "github.com/aerospike/aerospike-client-go/v7"
	"github.com/aerospike/aerospike-client-go/v7/types"
	"github.com/google/go-cmp/cmp"
)

// TestFilters lets reads, writes, deletes, batches and scans through by an expression.
func TestFilters(t *testing.T) {
	c := start(t, Options{Nodes: 2})
	client := connect(t, c)
	var keys []*as.Key
	for i := range 10 {
		keys = append(keys, mustKey(t, "filtered", i))
		if err := client.PutBins(nil, keys[i], as.NewBin("n", i)); err != nil {
			t.Fatal(err)
		}
	}
	above := func(n int64) *as.Expression { return as.ExpGreater(as.ExpIntBin("n"), as.ExpIntVal(n)) }
	read := func(n int64) *as.BasePolicy {
		p := as.NewPolicy()
		p.FilterExpression = above(n)
		return p
	}
	write := func(n int64) *as.WritePolicy {
		return policy(func(p *as.WritePolicy) { p.FilterExpression = above(n) })
	}
	for _, e := range []struct {
		name      string
		got, want types.ResultCode
	}{
		{"a read that passes", code(second(client.Get(read(4), keys[5]))), 0},
		{"a read that does not", code(second(client.Get(read(5), keys[5]))), types.FILTERED_OUT},
		{"a read of nothing", code(second(client.Get(read(5), mustKey(t, "filtered", 99)))), types.KEY_NOT_FOUND_ERROR},
		{"a write that does not pass", code(client.PutBins(write(5), keys[5], as.NewBin("n", 0))), types.FILTERED_OUT},
		{"a write that passes", code(client.PutBins(write(5), keys[6], as.NewBin("w", 1))), 0},
		{"a new record, which no filter holds off", code(client.PutBins(write(5), mustKey(t, "filtered", 98), as.NewBin("n", -1))), 0},
		{"a delete that does not pass", code(second(client.Delete(write(5), keys[5]))), types.FILTERED_OUT},
		{"a delete that passes", code(second(client.Delete(write(6), keys[7]))), 0},
		{"the bin is not there", code(second(client.Operate(policy(func(p *as.WritePolicy) {
			p.FilterExpression = as.ExpEq(as.ExpIntBin("nothing"), as.ExpIntVal(1))
		}), keys[1], as.TouchOp()))), types.FILTERED_OUT},
	} {
		if e.got != e.want {
			t.Errorf("%s: %v, want %v", e.name, e.got, e.want)
		}
	}
	batch := as.NewBatchPolicy()
	batch.FilterExpression = above(7)
	records, err := client.BatchGet(batch, keys)
	if code(err) != types.FILTERED_OUT {
		t.Errorf("a batch with keys that are filtered out: %v", err)
	}
	for i, r := range records {
		if (r != nil) != (i > 7) {
			t.Errorf("key %d: %v", i, r)
		}
	}
	scan := as.NewScanPolicy()
	scan.FilterExpression = above(3)
	rs, err := client.ScanAll(scan, "test", "filtered")
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
	if n != 5 { // 4, 5, 6, 8 and 9
		t.Errorf("a scan gives %d records", n)
	}
	filtered := uint64(0)
	for _, node := range c.present() {
		filtered += node.counters.done[fromClient][readAction][filteredOut].Load() +
			node.counters.done[fromClient][writeAction][filteredOut].Load() +
			node.counters.done[fromClient][deleteAction][filteredOut].Load()
	}
	if filtered != 4 {
		t.Errorf("%d are counted as filtered out, want 4", filtered)
	}
}

// TestExpressionOperations reads and writes with expressions, among other operations.
func TestExpressionOperations(t *testing.T) {
	client := connect(t, start(t, Options{Nodes: 2}))
	k := mustKey(t, "expressions", 1)
	if err := client.PutBins(nil, k, as.NewBin("n", 5)); err != nil {
		t.Fatal(err)
	}
	double := as.ExpNumMul(as.ExpIntBin("n"), as.ExpIntVal(2))
	got, err := client.Operate(nil, k, as.AddOp(as.NewBin("n", 1)), as.ExpWriteOp("d", double, as.ExpWriteFlagDefault),
		as.ExpReadOp("sum", as.ExpNumAdd(as.ExpIntBin("n"), as.ExpIntBin("d")), as.ExpReadFlagDefault), as.GetBinOp("d"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(as.BinMap{"n": nil, "d": []any{nil, 12}, "sum": 18}, got.Bins); diff != "" {
		t.Error(diff)
	}
	operate := func(ops ...*as.Operation) types.ResultCode { return code(second(client.Operate(nil, k, ops...))) }
	unknown := as.ExpNumAdd(as.ExpIntBin("nothing"), as.ExpIntVal(1))
	for _, c := range []struct {
		name      string
		got, want types.ResultCode
	}{
		{"only create", operate(as.ExpWriteOp("d", double, as.ExpWriteFlagCreateOnly)), types.BIN_EXISTS_ERROR},
		{"only create, without failing", operate(as.ExpWriteOp("d", double, as.ExpWriteFlagCreateOnly|as.ExpWriteFlagPolicyNoFail)), 0},
		{"only update", operate(as.ExpWriteOp("e", double, as.ExpWriteFlagUpdateOnly)), types.BIN_NOT_FOUND},
		{"unknown", operate(as.ExpWriteOp("d", unknown, as.ExpWriteFlagDefault)), types.OP_NOT_APPLICABLE},
		{"unknown, without failing", operate(as.ExpWriteOp("d", unknown, as.ExpWriteFlagEvalNoFail)), 0},
		{"an unknown read", operate(as.ExpReadOp("x", unknown, as.ExpReadFlagDefault)), types.OP_NOT_APPLICABLE},
		{"nil", operate(as.ExpWriteOp("d", as.ExpNilValue(), as.ExpWriteFlagDefault)), types.OP_NOT_APPLICABLE},
		{"nil that may delete", operate(as.ExpWriteOp("d", as.ExpNilValue(), as.ExpWriteFlagAllowDelete)), 0},
	} {
		if c.got != c.want {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
	r, err := client.Get(nil, k)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(as.BinMap{"n": 6}, r.Bins); diff != "" {
		t.Error(diff)
	}
}
