package aerospike

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	as "github.com/aerospike/aerospike-client-go/v7"
	"github.com/aerospike/aerospike-client-go/v7/types"
	"github.com/google/go-cmp/cmp"
)

// A plain is a record as Go has it: a number, a string, a list and a map, each nil or absent when
// its bin is not there.
type plain struct {
	n          *int
	s          *string
	l          []int
	hasL, hasM bool
	m          map[string]int
	generation uint32
}

func (p *plain) bins() as.BinMap {
	b := as.BinMap{}
	if p.n != nil {
		b["n"] = *p.n
	}
	if p.s != nil {
		b["s"] = *p.s
	}
	if p.hasL {
		b["l"] = boxed(p.l)
	}
	if p.hasM {
		b["m"] = map[any]any{}
		for k, v := range p.m {
			b["m"].(map[any]any)[k] = v
		}
	}
	return b
}

func boxed(l []int) []any {
	out := make([]any, len(l))
	for i, v := range l {
		out[i] = v
	}
	return out
}

// A pairing does the same random operations on records of a cluster and on plain ones.
type pairing struct {
	t      *testing.T
	client *as.Client
	random *rand.Rand
	set    string
	plain  map[int]*plain
}

// keysOfAPairing is few, so that operations meet what others left.
const keysOfAPairing = 12

// TestClusterAgreesOverManyOperations compares 100,000 answers with those of plain Go values, and
// at the end every record.
func TestClusterAgreesOverManyOperations(t *testing.T) {
	client := connect(t, start(t, Options{Nodes: 3}))
	const pairings = 10
	each := 10_000
	if raceEnabled {
		each = 500
	}
	var running sync.WaitGroup
	for i := range pairings {
		running.Go(func() {
			p := &pairing{
				t: t, client: client, random: rand.New(rand.NewPCG(uint64(i), 20261124)),
				set: fmt.Sprint("pairing", i), plain: map[int]*plain{},
			}
			for step := range each {
				if !p.step() {
					t.Errorf("pairing %d differs at step %d", i, step)
					return
				}
			}
			for k := range keysOfAPairing {
				p.get(k)
			}
			p.all()
		})
	}
	running.Wait()
}

func (p *pairing) key(k int) *as.Key {
	key, err := as.NewKey("test", p.set, k)
	if err != nil {
		p.t.Error(err)
	}
	return key
}

// same reports whether the cluster did as the plain record says.
func (p *pairing) same(what string, want, got any) bool {
	if diff := cmp.Diff(want, got); diff != "" {
		p.t.Errorf("%s (-plain +cluster): %s", what, diff)
		return false
	}
	return true
}

// step does one operation.
func (p *pairing) step() bool {
	k := p.random.IntN(keysOfAPairing)
	switch p.random.IntN(12) {
	case 0, 1:
		return p.get(k)
	case 2:
		return p.put(k)
	case 3:
		there, err := p.client.Delete(nil, p.key(k))
		_, want := p.plain[k]
		delete(p.plain, k)
		return p.same("delete", types.OK, code(err)) && p.same("deleted", want, there)
	case 4:
		return p.add(k)
	case 5, 6, 7:
		return p.list(k)
	case 8, 9:
		return p.mapped(k)
	case 10:
		return p.filtered(k)
	}
	if p.random.IntN(4) > 0 {
		return p.get(k)
	}
	return p.batch()
}

func (p *pairing) get(k int) bool {
	r, err := p.client.Get(nil, p.key(k))
	own := p.plain[k]
	if own == nil {
		return p.same("get of nothing", types.KEY_NOT_FOUND_ERROR, code(err))
	}
	return p.same("get", types.OK, code(err)) && p.same("bins", own.bins(), r.Bins) &&
		p.same("generation", own.generation, r.Generation)
}

// change returns the plain record, made if need be, one generation on.
func (p *pairing) change(k int) *plain {
	own := p.plain[k]
	if own == nil {
		own = &plain{}
		p.plain[k] = own
	}
	own.generation++
	return own
}

// put replaces what is there, or, half of the time, expects a generation of it.
func (p *pairing) put(k int) bool {
	n, s := p.random.IntN(50), strings.Repeat("x", p.random.IntN(5))
	own := p.plain[k]
	policy := as.NewWritePolicy(0, 0)
	policy.RecordExistsAction = as.REPLACE
	want := types.OK
	if expected := uint32(p.random.IntN(4)); p.random.IntN(2) == 0 {
		policy.GenerationPolicy, policy.Generation = as.EXPECT_GEN_EQUAL, expected
		if own == nil && expected != 0 || own != nil && own.generation != expected {
			want = types.GENERATION_ERROR
		}
	}
	got := code(p.client.PutBins(policy, p.key(k), as.NewBin("n", n), as.NewBin("s", s)))
	if want == types.OK {
		generation := p.change(k).generation
		p.plain[k] = &plain{n: &n, s: &s, generation: generation}
	}
	return p.same("put", want, got)
}

func (p *pairing) add(k int) bool {
	by := p.random.IntN(9) - 4
	r, err := p.client.Operate(nil, p.key(k), as.AddOp(as.NewBin("n", by)), as.GetBinOp("n"))
	own := p.change(k)
	if own.n == nil {
		own.n = new(int)
	}
	sum := *own.n + by
	own.n = &sum
	return p.same("add", types.OK, code(err)) && p.same("sum", as.BinMap{"n": sum}, r.Bins)
}

// filtered writes the number if an expression over the record's bins lets it.
func (p *pairing) filtered(k int) bool {
	own := p.plain[k]
	v := p.random.IntN(8)
	policy := as.NewWritePolicy(0, 0)
	policy.FilterExpression = as.ExpOr(
		as.ExpLess(as.ExpIntBin("n"), as.ExpIntVal(int64(v))),
		as.ExpGreater(as.ExpListSize(as.ExpListBin("l")), as.ExpIntVal(int64(v))))
	want := types.OK
	if own != nil {
		// What a bin that is not there compares as is unknown, and or takes the other.
		passes := own.n != nil && *own.n < v || own.hasL && len(own.l) > v
		if !passes {
			want = types.FILTERED_OUT
		}
	}
	got := code(p.client.PutBins(policy, p.key(k), as.NewBin("n", v)))
	if want == types.OK {
		p.change(k).n = &v
	}
	return p.same("filtered", want, got)
}

// batch reads every record at once.
func (p *pairing) batch() bool {
	var keys []*as.Key
	var want, got []as.BinMap
	for k := range keysOfAPairing {
		keys = append(keys, p.key(k))
		if own := p.plain[k]; own != nil {
			want = append(want, own.bins())
		} else {
			want = append(want, nil)
		}
	}
	records, err := p.client.BatchGet(nil, keys)
	for _, r := range records {
		if r == nil {
			got = append(got, nil)
			continue
		}
		got = append(got, r.Bins)
	}
	return p.same("batch", types.OK, code(err)) && p.same("batch's bins", want, got)
}

// all scans, and compares how many records there are.
func (p *pairing) all() {
	rs, err := p.client.ScanAll(nil, "test", p.set)
	if err != nil {
		p.t.Error(err)
		return
	}
	n := 0
	for r := range rs.Results() {
		if r.Err != nil {
			p.t.Error(r.Err)
		}
		n++
	}
	p.same("scanned", len(p.plain), n)
}
