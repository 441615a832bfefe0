package aerospike

import (
	"fmt"
	"maps"
	"testing"
	"time"

	as "github.com/aerospike/aerospike-client-go/v7"
	"github.com/aerospike/aerospike-client-go/v7/types"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"crossover/driver/clock"
)

// A modelRecord is a record as a plain map has it.
type modelRecord struct {
	bins       as.BinMap
	generation uint32
	void       time.Duration // 0: never
}

// model is what the cluster should hold: records by key, on a clock that is told.
type model struct {
	records map[int]*modelRecord
	now     time.Duration
}

func (m *model) live(k int) *modelRecord {
	r := m.records[k]
	// Void times are whole seconds; a record lives through the second of its void time.
	if r != nil && r.void != 0 && r.void/time.Second < m.now/time.Second {
		delete(m.records, k)
		return nil
	}
	return r
}

// write is what a server does with a put under a policy.
func (m *model) write(k int, p *as.WritePolicy, bins as.BinMap) types.ResultCode {
	r := m.live(k)
	generation := uint32(0)
	if r != nil {
		generation = r.generation
	}
	mustExist := p.RecordExistsAction == as.UPDATE_ONLY || p.RecordExistsAction == as.REPLACE_ONLY
	switch {
	case r == nil && mustExist:
		return types.KEY_NOT_FOUND_ERROR
	case r != nil && p.RecordExistsAction == as.CREATE_ONLY:
		return types.KEY_EXISTS_ERROR
	case p.GenerationPolicy == as.EXPECT_GEN_EQUAL && p.Generation != generation,
		p.GenerationPolicy == as.EXPECT_GEN_GT && p.Generation <= generation:
		return types.GENERATION_ERROR
	}
	next := &modelRecord{bins: as.BinMap{}, generation: generation + 1}
	if r != nil && (p.RecordExistsAction == as.UPDATE || p.RecordExistsAction == as.UPDATE_ONLY) {
		maps.Copy(next.bins, r.bins)
	}
	for name, v := range bins {
		if next.bins[name] = v; v == nil {
			delete(next.bins, name)
		}
	}
	m.stamp(next, r, p.Expiration)
	if len(next.bins) == 0 {
		if r == nil {
			return types.KEY_NOT_FOUND_ERROR
		}
		delete(m.records, k)
		return types.OK
	}
	m.records[k] = next
	return types.OK
}

func (m *model) stamp(next, old *modelRecord, ttl uint32) {
	switch {
	case ttl == as.TTLDontUpdate && old != nil:
		next.void = old.void
	case ttl > 0 && ttl < as.TTLDontUpdate:
		next.void = m.now/time.Second*time.Second + time.Duration(ttl)*time.Second
	}
}

// TestClusterAgreesWithAModel does random operations on a cluster and on a map, and compares
// each answer, and at the end everything that there is.
func TestClusterAgreesWithAModel(t *testing.T) {
	v := clock.NewVirtual(time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC))
	c := start(t, Options{Nodes: 3, Clock: v})
	client := connect(t, c)
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		set := fmt.Sprint("run", run)
		m := &model{records: map[int]*modelRecord{}, now: v.Now()}
		key := func(k int) *as.Key {
			key, err := as.NewKey("test", set, k)
			if err != nil {
				t.Fatal(err)
			}
			return key
		}
		for range rapid.IntRange(1, 60).Draw(t, "operations") {
			k := rapid.IntRange(0, 5).Draw(t, "key")
			m.step(t, client, v, k, key(k))
		}
		for k := range 6 {
			compare(t, client, key(k), m.live(k))
		}
		rs, err := client.ScanAll(nil, "test", set)
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
		if n != len(m.records) {
			t.Fatalf("scanned %d records of %d", n, len(m.records))
		}
	})
}

// step does one random operation on the cluster and on the model.
func (m *model) step(t *rapid.T, client *as.Client, v *clock.Virtual, k int, key *as.Key) {
	r := m.live(k)
	switch rapid.SampledFrom([]string{"put", "put", "get", "delete", "touch", "add", "operate", "wait"}).Draw(t, "operation") {
	case "put":
		p, bins := drawPolicy(t), drawBins(t)
		if p.RecordExistsAction == as.REPLACE || p.RecordExistsAction == as.REPLACE_ONLY {
			// Deleting a bin while replacing is refused: tested elsewhere.
			maps.DeleteFunc(bins, func(_ string, v any) bool { return v == nil })
		}
		if len(bins) == 0 {
			return
		}
		if got, want := code(client.Put(p, key, bins)), m.write(k, p, bins); got != want {
			t.Fatalf("put of %d: %v, want %v", k, got, want)
		}
	case "get":
		compare(t, client, key, r)
	case "delete":
		there, err := client.Delete(nil, key)
		if err != nil || there != (r != nil) {
			t.Fatalf("delete of %d: %v, %v", k, there, err)
		}
		delete(m.records, k)
	case "touch":
		p := policy(func(p *as.WritePolicy) {
			p.Expiration = rapid.SampledFrom([]uint32{0, 2, as.TTLDontUpdate}).Draw(t, "ttl")
		})
		if err := client.Touch(p, key); (code(err) == types.KEY_NOT_FOUND_ERROR) != (r == nil) {
			t.Fatalf("touch of %d: %v", k, err)
		}
		if r != nil {
			next := &modelRecord{bins: r.bins, generation: r.generation + 1}
			m.stamp(next, r, p.Expiration)
			m.records[k] = next
		}
	case "add":
		m.add(t, client, k, key)
	case "operate":
		got, err := client.Operate(nil, key, as.PutOp(as.NewBin("o", k)), as.GetOp())
		if err != nil {
			t.Fatal(err)
		}
		m.write(k, as.NewWritePolicy(0, 0), as.BinMap{"o": k})
		if diff := cmp.Diff(m.live(k).bins, got.Bins); diff != "" {
			t.Fatal(diff)
		}
	case "wait":
		v.Advance(time.Duration(rapid.IntRange(0, 3000).Draw(t, "ms")) * time.Millisecond)
		m.now = v.Now()
	}
}

// add adds 3 to the bin n, which may be absent, a number, or a string.
func (m *model) add(t *rapid.T, client *as.Client, k int, key *as.Key) {
	err := client.Add(nil, key, as.BinMap{"n": 3})
	bins := as.BinMap{"n": 3}
	if r := m.live(k); r != nil {
		switch n := r.bins["n"].(type) {
		case int:
			bins["n"] = n + 3
		case string:
			if code(err) != types.BIN_TYPE_ERROR {
				t.Fatalf("adding to a string: %v", err)
			}
			return
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	m.write(k, as.NewWritePolicy(0, 0), bins)
}

func compare(t *rapid.T, client *as.Client, key *as.Key, want *modelRecord) {
	t.Helper()
	r, err := client.Get(nil, key)
	if want == nil {
		if code(err) != types.KEY_NOT_FOUND_ERROR {
			t.Fatalf("%v should not be there: %v, %v", key, r, err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.bins, r.Bins); diff != "" || r.Generation != want.generation {
		t.Fatalf("generation %d, want %d; %s", r.Generation, want.generation, diff)
	}
}

func drawPolicy(t *rapid.T) *as.WritePolicy {
	return policy(func(p *as.WritePolicy) {
		p.RecordExistsAction = rapid.SampledFrom([]as.RecordExistsAction{as.UPDATE, as.UPDATE, as.UPDATE_ONLY, as.REPLACE, as.REPLACE_ONLY, as.CREATE_ONLY}).Draw(t, "action")
		p.GenerationPolicy = rapid.SampledFrom([]as.GenerationPolicy{as.NONE, as.NONE, as.NONE, as.EXPECT_GEN_EQUAL, as.EXPECT_GEN_GT}).Draw(t, "generation policy")
		p.Generation = rapid.Uint32Range(0, 4).Draw(t, "generation")
		p.Expiration = rapid.SampledFrom([]uint32{0, 0, 1, 3, as.TTLDontExpire, as.TTLDontUpdate}).Draw(t, "ttl")
	})
}

func drawBins(t *rapid.T) as.BinMap {
	bins := as.BinMap{}
	for _, name := range rapid.SliceOfN(rapid.SampledFrom([]string{"n", "s", "b", "long-bin-name-x"}), 1, 3).Draw(t, "bins") {
		switch rapid.IntRange(0, 4).Draw(t, "kind") {
		case 0:
			bins[name] = rapid.Int().Draw(t, "int")
		case 1:
			bins[name] = rapid.String().Draw(t, "string")
		case 2:
			if name != "n" { // a blob cannot be told from no value in the add above
				bins[name] = rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "blob")
			}
		case 3:
			bins[name] = 7
		case 4:
			bins[name] = nil
		}
	}
	return bins
}
