package aerospike

import (
	"maps"
	"reflect"
	"testing"

	as "github.com/aerospike/aerospike-client-go/v7"
	ptype "github.com/aerospike/aerospike-client-go/v7/types/particle_type"

	"crossover/costmodel/footprint"
	"crossover/scenarios"
	"crossover/workload"
	"crossover/workload/mapping"
)

// typedScenario has attributes of every type.
func typedScenario(t *testing.T) *workload.Scenario {
	t.Helper()
	text, err := scenarios.Read("typed-items")
	if err != nil {
		t.Fatal(err)
	}
	sc, err := workload.Parse("typed-items.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

// Bins have the types that the mapping says, and the bytes that it counts; filling a record
// again allocates nothing.
func TestTypedBins(t *testing.T) {
	sc := typedScenario(t)
	r, content := newRecord(sc, "test", "s"), workload.NewContent(sc)
	r.address(sc.Place(0))
	r.fill(0, content.Body(0, 0))
	mapped := mapping.New(sc).Record(sc.ItemSize(0))
	if len(mapped.Bins) != len(r.bins) {
		t.Fatalf("%d bins, the mapping has %d", len(r.bins), len(mapped.Bins))
	}
	particles := map[int]footprint.Type{
		ptype.STRING: footprint.String, ptype.INTEGER: footprint.Integer, ptype.FLOAT: footprint.Float, ptype.BOOL: footprint.Integer,
		ptype.BLOB: footprint.Blob, ptype.LIST: footprint.Blob, ptype.MAP: footprint.Blob,
	}
	kinds := map[int]bool{}
	for i, b := range r.bins {
		m := mapped.Bins[i]
		kinds[b.Value.GetType()] = true
		if b.Name != m.Name || particles[b.Value.GetType()] != m.Type {
			t.Errorf("bin %s of particle type %d; the mapping has %+v", b.Name, b.Value.GetType(), m)
		}
		if m.Type == footprint.String || m.Type == footprint.Blob {
			if n, err := b.Value.EstimateSize(); err != nil || n != m.Bytes {
				t.Errorf("bin %s takes %d bytes (%v), the mapping says %d", b.Name, n, err, m.Bytes)
			}
		}
	}
	if len(kinds) != len(particles) {
		t.Errorf("particle types %v, want all of %v", kinds, particles)
	}
	body := content.Body(1, 1)
	if n := testing.AllocsPerRun(100, func() { r.fill(1, body) }); n != 0 {
		t.Errorf("%v allocations to fill a record", n)
	}
}

// A bin that is changed, gone or too much makes another record.
func TestSameRecord(t *testing.T) {
	sc := typedScenario(t)
	content := workload.NewContent(sc)
	record := func(version uint64) *record {
		r := newRecord(sc, "test", "s")
		r.address(sc.Place(5))
		r.fill(version, append([]byte(nil), content.Body(5, version)...))
		return r
	}
	want := record(3).bins
	got, other := asRead(record(3)), asRead(record(4))
	if !sameRecord(want, got) {
		t.Fatal("the same record is another")
	}
	for _, b := range want {
		changed := maps.Clone(got)
		delete(changed, b.Name)
		if sameRecord(want, changed) {
			t.Errorf("without %s it is the same record", b.Name)
		}
		if changed[b.Name] = 1.5; sameRecord(want, changed) {
			t.Errorf("with another type of %s it is the same record", b.Name)
		}
		if changed[b.Name] = other[b.Name]; !reflect.DeepEqual(got[b.Name], other[b.Name]) && sameRecord(want, changed) {
			t.Errorf("with another version's %s it is the same record", b.Name)
		}
	}
	got["more"] = true
	if sameRecord(want, got) {
		t.Error("with a bin too many it is the same record")
	}
}

// asRead returns a record's bins as the library reads them.
func asRead(r *record) as.BinMap {
	var read func(v any) any
	read = func(v any) any {
		switch v := v.(type) {
		case *as.StringValue:
			return string(*v)
		case *as.LongValue:
			return int(*v)
		case *as.FloatValue:
			return float64(*v)
		case *as.BoolValue:
			return bool(*v)
		case *as.BytesValue:
			return []byte(*v)
		case as.ListValue:
			list := make([]any, len(v))
			for i := range v {
				list[i] = read(v[i])
			}
			return list
		case as.MapValue:
			m := make(map[any]any, len(v))
			for k, e := range v {
				m[k] = read(e)
			}
			return m
		}
		panic("a value of another type")
	}
	bins := as.BinMap{}
	for _, b := range r.bins {
		bins[b.Name] = read(b.Value)
	}
	return bins
}
