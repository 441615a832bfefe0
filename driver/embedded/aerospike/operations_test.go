package aerospike

import (
	"testing"
	"time"

	as "github.com/aerospike/aerospike-client-go/v7"
	"github.com/aerospike/aerospike-client-go/v7/types"
	"github.com/google/go-cmp/cmp"

	"crossover/driver/clock"
)

// policy returns a write policy changed by f.
func policy(f func(p *as.WritePolicy)) *as.WritePolicy {
	p := as.NewWritePolicy(0, 0)
	p.TotalTimeout = 20 * time.Second
	f(p)
	return p
}

func exists(action as.RecordExistsAction) *as.WritePolicy {
	return policy(func(p *as.WritePolicy) { p.RecordExistsAction = action })
}

func generation(kind as.GenerationPolicy, g uint32) *as.WritePolicy {
	return policy(func(p *as.WritePolicy) { p.GenerationPolicy, p.Generation = kind, g })
}

func TestRecordExistsActions(t *testing.T) {
	client := connect(t, start(t, Options{Nodes: 2}))
	for _, c := range []struct {
		name          string
		action        as.RecordExistsAction
		absent, there types.ResultCode
		left          as.BinMap // of {a: 1, b: 2} after writing c
	}{
		{"update", as.UPDATE, types.OK, types.OK, as.BinMap{"a": 1, "b": 2, "c": 3}},
		{"update only", as.UPDATE_ONLY, types.KEY_NOT_FOUND_ERROR, types.OK, as.BinMap{"a": 1, "b": 2, "c": 3}},
		{"replace", as.REPLACE, types.OK, types.OK, as.BinMap{"c": 3}},
		{"replace only", as.REPLACE_ONLY, types.KEY_NOT_FOUND_ERROR, types.OK, as.BinMap{"c": 3}},
		{"create only", as.CREATE_ONLY, types.OK, types.KEY_EXISTS_ERROR, as.BinMap{"a": 1, "b": 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := mustKey(t, "actions", c.name)
			if got := code(client.PutBins(exists(c.action), k, as.NewBin("c", 3))); got != c.absent {
				t.Errorf("without a record: %v, want %v", got, c.absent)
			}
			if _, err := client.Delete(nil, k); err != nil {
				t.Fatal(err)
			}
			if err := client.PutBins(nil, k, as.NewBin("a", 1), as.NewBin("b", 2)); err != nil {
				t.Fatal(err)
			}
			if got := code(client.PutBins(exists(c.action), k, as.NewBin("c", 3))); got != c.there {
				t.Errorf("with a record: %v, want %v", got, c.there)
			}
			r, err := client.Get(nil, k)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.left, r.Bins); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestGenerations(t *testing.T) {
	c := start(t, Options{Nodes: 2})
	client := connect(t, c)
	k := mustKey(t, "generations", 1)
	bin := as.NewBin("a", 1)
	for i, step := range []struct {
		p    *as.WritePolicy
		want types.ResultCode
	}{
		{generation(as.EXPECT_GEN_EQUAL, 7), types.GENERATION_ERROR}, // an absent record has 0
		{generation(as.EXPECT_GEN_EQUAL, 0), types.OK},
		{generation(as.EXPECT_GEN_EQUAL, 0), types.GENERATION_ERROR},
		{generation(as.EXPECT_GEN_EQUAL, 1), types.OK},
		{generation(as.EXPECT_GEN_GT, 2), types.GENERATION_ERROR},
		{generation(as.EXPECT_GEN_GT, 3), types.OK},
	} {
		if got := code(client.PutBins(step.p, k, bin)); got != step.want {
			t.Errorf("step %d: %v, want %v", i, got, step.want)
		}
	}
	if _, err := client.Delete(generation(as.EXPECT_GEN_EQUAL, 2), k); code(err) != types.GENERATION_ERROR {
		t.Errorf("deleting an older generation: %v", err)
	}
	if there, err := client.Delete(generation(as.EXPECT_GEN_EQUAL, 3), k); err != nil || !there {
		t.Errorf("deleting the generation that is there: %v, %v", there, err)
	}
	failures := uint64(0)
	for _, n := range c.nodes {
		failures += n.counters.generation.Load()
	}
	if failures != 4 {
		t.Errorf("fail_generation counts %d", failures)
	}
}

func TestTimeToLiveGoesByTheServersClock(t *testing.T) {
	v := clock.NewVirtual(time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC))
	c := start(t, Options{Nodes: 2, Clock: v})
	client := connect(t, c)
	ttl := func(seconds uint32) *as.WritePolicy {
		return policy(func(p *as.WritePolicy) { p.Expiration = seconds })
	}
	bin := as.NewBin("a", 1)
	keys := map[string]*as.Key{}
	for _, name := range []string{"default", "never", "10 s", "kept", "touched"} {
		keys[name] = mustKey(t, "ttl", name)
	}
	put := func(name string, seconds uint32) {
		t.Helper()
		if err := client.PutBins(ttl(seconds), keys[name], bin); err != nil {
			t.Fatal(err)
		}
	}
	there := func(name string, want bool) {
		t.Helper()
		if got, err := client.Exists(nil, keys[name]); err != nil || got != want {
			t.Errorf("%s: exists %v, want %v, error %v", name, got, want, err)
		}
	}
	put("default", 0)
	put("never", as.TTLDontExpire)
	put("10 s", 10)
	put("kept", 10)
	put("touched", 10)
	v.Advance(8 * time.Second)
	put("kept", as.TTLDontUpdate)
	if err := client.Touch(ttl(10), keys["touched"]); err != nil {
		t.Fatal(err)
	}
	v.Advance(2 * time.Second) // the void time itself: not yet past
	there("10 s", true)
	v.Advance(time.Second)
	there("10 s", false)
	there("kept", false)
	there("touched", true)
	there("default", true)
	there("never", true)
	// A record that expired is as if it had never been: a create-only put succeeds.
	if err := client.PutBins(exists(as.CREATE_ONLY), keys["10 s"], bin); err != nil {
		t.Error(err)
	}
	r, err := client.Get(nil, keys["10 s"])
	if err != nil || r.Generation != 1 {
		t.Errorf("written anew: %+v, %v", r, err)
	}
	if got := code(client.PutBins(ttl(maxTTL+1), keys["kept"], bin)); got != types.PARAMETER_ERROR {
		t.Errorf("a time to live above ten years: %v", got)
	}
}

func TestDefaultTimeToLiveAndNoExpiry(t *testing.T) {
	v := clock.NewVirtual(time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC))
	c := start(t, Options{Nodes: 1, Clock: v})
	client := connect(t, c)
	n := c.nodes[0]
	k, bin := mustKey(t, "ttl", 1), as.NewBin("a", 1)
	if got := n.command("set-config:context=namespace;id=test;default-ttl=5", 0); got != "ok" {
		t.Fatal(got)
	}
	if err := client.PutBins(nil, k, bin); err != nil {
		t.Fatal(err)
	}
	v.Advance(6 * time.Second)
	if there, err := client.Exists(nil, k); err != nil || there {
		t.Errorf("after default-ttl: %v, %v", there, err)
	}
	if got := n.command("set-config:context=namespace;id=test;nsup-period=0", 0); got != "ok" {
		t.Fatal(got)
	}
	// Without nsup nothing would ever remove the record: the server refuses the write.
	if got := code(client.PutBins(nil, k, bin)); got != types.FAIL_FORBIDDEN {
		t.Errorf("a time to live without nsup: %v", got)
	}
	if err := client.PutBins(policy(func(p *as.WritePolicy) { p.Expiration = as.TTLDontExpire }), k, bin); err != nil {
		t.Error(err)
	}
}

func TestOperate(t *testing.T) {
	client := connect(t, start(t, Options{Nodes: 2}))
	k := mustKey(t, "operate", 1)
	_, err := client.Operate(nil, k,
		as.PutOp(as.NewBin("n", 10)), as.AddOp(as.NewBin("n", 5)), as.AddOp(as.NewBin("new", 7)),
		as.PutOp(as.NewBin("s", "mid")), as.AppendOp(as.NewBin("s", "-end")), as.PrependOp(as.NewBin("s", "begin-")),
		as.AddOp(as.NewBin("f", 1.25)), as.AddOp(as.NewBin("f", 1.0)), as.TouchOp(), as.GetOp())
	if code(err) != types.KEY_NOT_FOUND_ERROR {
		t.Fatalf("a touch among the operations must not create: %v", err)
	}
	r, err := client.Operate(nil, k,
		as.PutOp(as.NewBin("n", 10)), as.AddOp(as.NewBin("n", 5)), as.AddOp(as.NewBin("new", 7)),
		as.PutOp(as.NewBin("s", "mid")), as.AppendOp(as.NewBin("s", "-end")), as.PrependOp(as.NewBin("s", "begin-")),
		as.AddOp(as.NewBin("f", 1.25)), as.AddOp(as.NewBin("f", 1.0)), as.GetOp())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(as.BinMap{"n": 15, "new": 7, "s": "begin-mid-end", "f": 2.25}, r.Bins); diff != "" {
		t.Error(diff)
	}
	r, err = client.Operate(nil, k, as.AddOp(as.NewBin("n", -20)), as.GetBinOp("n"), as.AddOp(as.NewBin("n", 1)), as.GetBinOp("n"), as.TouchOp())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(as.BinMap{"n": []any{-5, -4}}, r.Bins); diff != "" {
		t.Error(diff)
	}
	if r.Generation != 2 {
		t.Errorf("generation %d after two operates", r.Generation)
	}
	// The last bin that goes takes the record with it; so does deleting all, unless it is written anew.
	if _, err = client.Operate(nil, k, as.DeleteOp(), as.PutOp(as.NewBin("z", 1)), as.GetOp()); err != nil {
		t.Fatal(err)
	}
	r, err = client.Get(nil, k)
	if err != nil || cmp.Diff(as.BinMap{"z": 1}, r.Bins) != "" || r.Generation != 3 {
		t.Errorf("%+v, %v", r, err)
	}
	if err := client.PutBins(nil, k, as.NewBin("z", nil)); err != nil {
		t.Fatal(err)
	}
	if there, err := client.Exists(nil, k); err != nil || there {
		t.Errorf("without a bin the record exists: %v, %v", there, err)
	}
}

func TestWhatIsRefused(t *testing.T) {
	client := connect(t, start(t, Options{Nodes: 2}))
	k := mustKey(t, "refused", 1)
	if err := client.PutBins(nil, k, as.NewBin("n", 1), as.NewBin("s", "x"), as.NewBin("l", []any{1})); err != nil {
		t.Fatal(err)
	}
	operate := func(p *as.WritePolicy, ops ...*as.Operation) types.ResultCode {
		_, err := client.Operate(p, k, ops...)
		return code(err)
	}
	filtered := as.NewPolicy()
	filtered.TotalTimeout = 20 * time.Second
	filtered.FilterExpression = as.ExpIntVal(1)
	_, filterErr := client.Get(filtered, k)
	_, udfErr := client.Execute(nil, k, "package", "function")
	for _, c := range []struct {
		name      string
		got, want types.ResultCode
	}{
		{"adding to a string", operate(nil, as.AddOp(as.NewBin("s", 1))), types.BIN_TYPE_ERROR},
		{"adding a float to an integer", operate(nil, as.AddOp(as.NewBin("n", 1.5))), types.BIN_TYPE_ERROR},
		{"appending to an integer", operate(nil, as.AppendOp(as.NewBin("n", "x"))), types.BIN_TYPE_ERROR},
		{"appending a blob to a string", operate(nil, as.AppendOp(as.NewBin("s", []byte{1}))), types.BIN_TYPE_ERROR},
		{"adding while replacing", operate(exists(as.REPLACE), as.AddOp(as.NewBin("n", 1))), types.PARAMETER_ERROR},
		{"a list operation on a string", operate(nil, as.ListAppendOp("s", 2)), types.BIN_TYPE_ERROR},
		{"a map operation on a list", operate(nil, as.MapPutOp(as.DefaultMapPolicy(), "l", 1, 2)), types.BIN_TYPE_ERROR},
		{"an element that a list does not have", operate(nil, as.ListGetOp("l", 5)), types.OP_NOT_APPLICABLE},
		{"a write before one that fails", operate(nil, as.PutOp(as.NewBin("n", 2)), as.ListPopOp("l", 5)), types.OP_NOT_APPLICABLE},
		{"a filter that is no truth", code(filterErr), types.PARAMETER_ERROR},
		{"a user-defined function", code(udfErr), types.UNSUPPORTED_FEATURE},
		{"a durable delete", code(second(client.Delete(policy(func(p *as.WritePolicy) { p.DurableDelete = true }), k))), types.ENTERPRISE_ONLY},
		{"another namespace", code(second(client.Get(nil, wrongNamespace(t)))), types.INVALID_NAMESPACE},
		{"a record above a megabyte", code(client.PutBins(nil, k, as.NewBin("b", make([]byte, 1<<20)))), types.RECORD_TOO_BIG},
		{"a bin's name of 16 bytes", code(client.PutBins(nil, k, as.NewBin("0123456789abcdef", 1))), types.BIN_NAME_TOO_LONG},
	} {
		if c.got != c.want {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
	// Nothing that was refused left a trace.
	r, err := client.Get(nil, k)
	if err != nil || r.Generation != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	if diff := cmp.Diff(as.BinMap{"n": 1, "s": "x", "l": []any{1}}, r.Bins); diff != "" {
		t.Error(diff)
	}
}

func second[T any](_ T, err as.Error) as.Error { return err }

func wrongNamespace(t *testing.T) *as.Key {
	t.Helper()
	k, err := as.NewKey("other", "s", 1)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestUserKeys(t *testing.T) {
	c := start(t, Options{Nodes: 2})
	client := connect(t, c)
	send := policy(func(p *as.WritePolicy) { p.SendKey = true })
	k := mustKey(t, "keys", "the user's key")
	if err := client.PutBins(send, k, as.NewBin("a", 1)); err != nil {
		t.Fatal(err)
	}
	// A later write without the key keeps it.
	if err := client.PutBins(nil, k, as.NewBin("a", 2)); err != nil {
		t.Fatal(err)
	}
	rs, err := client.ScanAll(nil, "test", "keys")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for r := range rs.Results() {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		n++
		if got := r.Record.Key.Value().GetObject(); got != "the user's key" || r.Record.Bins["a"] != 2 {
			t.Errorf("scanned %v: %v", got, r.Record.Bins)
		}
	}
	if n != 1 {
		t.Errorf("scanned %d records", n)
	}
}

func TestCompressedRequests(t *testing.T) {
	client := connect(t, start(t, Options{Nodes: 2}))
	p := policy(func(p *as.WritePolicy) { p.UseCompression = true })
	k := mustKey(t, "compressed", 1)
	text := string(make([]byte, 4000))
	if err := client.PutBins(p, k, as.NewBin("s", text)); err != nil {
		t.Fatal(err)
	}
	read := as.NewPolicy()
	read.TotalTimeout, read.UseCompression = 20*time.Second, true
	r, err := client.Get(read, k)
	if err != nil || r.Bins["s"] != text {
		t.Errorf("read back %d bytes, %v", len(r.Bins["s"].(string)), err)
	}
}
