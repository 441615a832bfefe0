package workload

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"crossover/workload/keys"
	"crossover/workload/op"
)

func pickFrom(d keys.Dist, i, n uint64) uint64 { return d.Pick(rand.NewPCG(i, 1), i, n) }

// near fails if a count strays from a share of all by more than six standard deviations: once in
// a billion.
func near(t *testing.T, what string, got, all, p float64) {
	t.Helper()
	if math.Abs(got-all*p) > 6*math.Sqrt(all*p*(1-p)) {
		t.Errorf("%s: %v of %v, want about %.0f", what, got, all, all*p)
	}
}

// shapes has rates by operation in some phases, a moving hot set under hot keys that change, and
// partition keys of different sizes.
const shapes = `version: 1
name: shapes
seed: 5
dataset:
  items: 5_000
  key: {partition: "user#{id}", sort: {prefix: "s#", per_partition: {zipfian: {theta: 1, max: 50}}}}
  size: 300B
workload:
  keys: {moving_hotspot: {items: 10, share: 50%, every: 1s, scrambled: false}}
  hot:
    - {key: 4000, share: {from: 0%, to: 40%}, from: 1s, to: 3s}
    - {key: 4001, share: 40%, from: 2s, flash: {rise: 1s, half_life: 500ms}}
  operations: {read: 70%, update: 20%, insert: 10%}
  arrival: {open: {process: bursty, bursty: {on: 100ms, off: 300ms, off_rate: 10%}}}
  phases:
    - {name: mixed, for: 1s, rate: {read: 3000/s, insert: 333/s}}
    - {name: plain, for: 1s, rate: 4321/s}
    - {name: steps, for: 2s, rate: {steps: [1000/s, 5000/s]}}
    - {name: again, for: 1s, rate: {update: 2000/s, insert: 1999/s}}
    - {name: day, for: 2s, rate: {diurnal: {mean: 2000/s, peak_to_mean: 3}}}
`

// Each phase has each kind in the proportion of its own rates, to a deck's last cards; inserts
// are numbered in a row over all phases.
func TestRatesByOperation(t *testing.T) {
	sc := mustParse(t, shapes)
	plan, s := NewPlan(sc), NewStream(sc)
	want := []map[op.Kind]float64{
		{op.Read: 3000, op.Insert: 333},
		{op.Read: 4321 * 0.7, op.Update: 4321 * 0.2, op.Insert: 432.1},
		{op.Read: 4200, op.Update: 1200, op.Insert: 600},
		{op.Update: 2000, op.Insert: 1999},
		{op.Read: 2800, op.Update: 800, op.Insert: 400},
	}
	inserted, highest := map[uint64]bool{}, uint64(0)
	var o op.Op
	for phase, counts := range want {
		got := map[op.Kind]float64{}
		for i := plan.FirstIndex(phase); i < plan.FirstIndex(phase+1); i++ {
			s.At(i, &o)
			got[o.Kind]++
			if kind := s.(*stream).KindOf(i); kind != o.Kind {
				t.Fatalf("operation %d is %v, and %v for the pacer", i, o.Kind, kind)
			}
			if o.Kind == op.Insert {
				if inserted[o.Item] || o.Item < sc.Dataset.Items {
					t.Fatalf("operation %d inserts item %d, which is there", i, o.Item)
				}
				inserted[o.Item], highest = true, max(highest, o.Item)
			}
		}
		for kind := range op.KindCount {
			if math.Abs(got[kind]-counts[kind]) > 1 {
				t.Errorf("phase %d has %v of %v, want %v", phase, got[kind], kind, counts[kind])
			}
		}
	}
	if n := uint64(len(inserted)); highest != sc.Dataset.Items+n-1 {
		t.Errorf("%d inserts up to item %d: there are holes", n, highest)
	}
}

// Operation i is a function of scenario and seed here too.
func TestShapedStreamKeepsNoState(t *testing.T) {
	sc := mustParse(t, shapes)
	n := NewStream(sc).Len()
	want := make([]op.Op, n)
	s := NewStream(sc)
	var o op.Op
	for i := range n {
		s.At(i, &o)
		want[i] = clone(o)
	}
	streams := []Stream{s, NewStream(sc), NewStream(mustParse(t, shapes))}
	rapid.Check(t, func(t *rapid.T) {
		for range 30 {
			i := rapid.Uint64Range(0, n-1).Draw(t, "i")
			streams[rapid.IntRange(0, 2).Draw(t, "stream")].At(i, &o)
			if diff := cmp.Diff(want[i], clone(o)); diff != "" {
				t.Fatalf("operation %d in another order (-in order +out of order):\n%s", i, diff)
			}
		}
	})
	o.Body = make([]byte, 0, 4096)
	i := uint64(0)
	if allocs := testing.AllocsPerRun(3000, func() { s.At(i%n, &o); i++ }); allocs != 0 {
		t.Errorf("%v allocations an operation", allocs)
	}
}

// Item 4000's share goes from nothing to 40% between 1 s and 3 s; item 4001 comes to 40% between
// 2 s and 3 s and has half of that at 3.5 s. Beside them the hot set has half of the rest: items
// 0 to 9 in the first second, 10 to 19 in the next.
func TestSharesThatChange(t *testing.T) {
	text := strings.Replace(shapes, "process: bursty, bursty: {on: 100ms, off: 300ms, off_rate: 10%}", "process: constant", 1)
	text = text[:strings.Index(text, "  phases:")] + "  phases: [{name: all, for: 6s, rate: 20_000/s}]\n"
	text = strings.Replace(text, "read: 70%, update: 20%, insert: 10%", "read: 100%", 1)
	sc := mustParse(t, text)
	s := NewStream(sc)
	var o op.Op
	const tenth = 2000
	for at := range 60 {
		var grows, flashes, set float64
		for i := range uint64(tenth) {
			s.At(uint64(at)*tenth+i, &o)
			switch {
			case o.Item == 4000:
				grows++
			case o.Item == 4001:
				flashes++
			case o.Item/10 == uint64(at/10):
				set++
			}
		}
		mid := (float64(at) + 0.5) / 10
		ramp, flash := 0.0, 0.0
		if mid > 1 && mid < 3 {
			ramp = 0.4 * (mid - 1) / 2
		}
		if mid > 3 {
			flash = 0.4 * math.Exp2(-(mid-3)/0.5)
		} else if mid > 2 {
			flash = 0.4 * (mid - 2)
		}
		what := fmt.Sprintf("at %.2f s, ", mid)
		near(t, what+"item 4000", grows, tenth, ramp+1e-4)
		near(t, what+"item 4001", flashes, tenth, flash+1e-3) // a half-life bends within a tenth
		near(t, what+"the hot set", set, tenth, 0.5*(1-ramp-flash))
	}
}

// What each name of a distribution stands for, by where its draws fall.
func TestDistributionsByName(t *testing.T) {
	for text, p := range map[string]float64{ // share of the items 0 to 99 of 1,000
		"{exponential: {items: 10%, share: 95%, scrambled: false}}":                     0.95,
		"{self_similar: {h: 10%, scrambled: false}}":                                    0.9,
		"{histogram: {shares: [{from: 0, to: 99, share: 40%}, {key: 500, share: 1%}]}}": 0.4,
		"{moving_hotspot: {items: 100, share: 70%, every: 1h, scrambled: false}}":       0.7,
	} {
		s := NewStream(mustParse(t, strings.NewReplacer("{zipfian: {theta: 0.9}}", text, "insert: 10%", "delete: 10%", "[{key: 7, share: 10%, from: 1s, to: 2s}]", "[]").Replace(plain)))
		var o op.Op
		hits := 0.0
		for i := range s.Len() {
			if s.At(i, &o); o.Item < 100 {
				hits++
			}
		}
		near(t, text, hits, float64(s.Len()), p)
	}
	// Scrambled by default: the most popular items lie anywhere, and are as popular.
	for _, text := range []string{"self_similar", "{exponential: {items: 10%, share: 80%}}", "{moving_hotspot: {items: 100, share: 80%, every: 1h}}"} {
		s := NewStream(mustParse(t, strings.NewReplacer("{zipfian: {theta: 0.9}}", text, "insert: 10%", "delete: 10%", "[{key: 7, share: 10%, from: 1s, to: 2s}]", "[]").Replace(plain)))
		var o op.Op
		first, counts := 0.0, map[uint64]float64{}
		for i := range s.Len() {
			if s.At(i, &o); o.Item < 100 {
				first++
			}
			counts[o.Item]++
		}
		if share := first / float64(s.Len()); share > 0.3 {
			t.Errorf("%s: %v of the operations ask for the first 100 of 1,000 items: they are not spread", text, share)
		}
	}
	sc := mustParse(t, strings.Replace(plain, "{zipfian: {theta: 0.9}}", "{zipfian: {like: ycsb}}", 1))
	if d, scrambled := sc.Workload.Keys.distribution(); scrambled || fmt.Sprintf("%T", d) != "*keys.likeYCSB" {
		t.Errorf("like: ycsb is %T, scrambled again: %v", d, scrambled)
	}
}

// A partition key's items are in a row from 0, and as many as the layout says.
func TestPartitionsOfDifferentSizes(t *testing.T) {
	sc := mustParse(t, shapes)
	seen := map[uint64]uint64{}
	for item := range sc.Dataset.Items {
		partition, sort := sc.Place(item)
		if sort != seen[partition] {
			t.Fatalf("item %d is number %d of partition %d, which has %d", item, sort, partition, seen[partition])
		}
		seen[partition]++
	}
	largest, one := uint64(0), 0
	for _, n := range seen {
		largest = max(largest, n)
		if n == 1 {
			one++
		}
	}
	// With the weight 1/k over 1 to 50, one partition key in 4.5 (the 50th harmonic number) holds one item.
	if largest < 45 || largest > 50 || math.Abs(float64(one)/float64(len(seen))-1/4.4992) > 0.03 {
		t.Errorf("%d partition keys: the largest holds %d items, %d hold one", len(seen), largest, one)
	}
	// The mean size that an item's own partition key has: E[k²]/E[k] = (50·51/2)/50 = 25.5.
	if got := sc.ItemsQueried(1000); math.Abs(got-25.5) > 0.3 {
		t.Errorf("a query returns %v items in the mean, want 25.5", got)
	}
	if got := sc.ItemsQueried(1); got != 1 {
		t.Errorf("a query of one returns %v", got)
	}
	if got := mustParse(t, plain).ItemsQueried(50); got != 1 {
		t.Errorf("without a sort key a query returns %v items", got)
	}
}

func TestThinkAfter(t *testing.T) {
	closed := `{version: 1, name: x, dataset: {items: 5, size: 100B}, workload: {operations: {read: 100%%}, arrival: {closed: {think: 4ms%s}}, phases: [{name: a, operations: 9}]}}`
	sc := mustParse(t, fmt.Sprintf(closed, ""))
	if a, b := sc.ThinkAfter(0), sc.ThinkAfter(7); a != 4*time.Millisecond || b != a {
		t.Errorf("constant think times of %v and %v", a, b)
	}
	constant := StreamDigest(sc)
	sc = mustParse(t, fmt.Sprintf(closed, ", think_time: exponential"))
	sum := time.Duration(0)
	for i := range uint64(10_000) {
		sum += sc.ThinkAfter(i)
	}
	if mean := sum / 10_000; mean < 3800*time.Microsecond || mean > 4200*time.Microsecond || sc.ThinkAfter(0) == sc.ThinkAfter(1) {
		t.Errorf("exponential think times of %v in the mean", mean)
	}
	if StreamDigest(sc) == constant {
		t.Error("another distribution of think times gives the same digest")
	}
	if got := StreamDigest(mustParse(t, fmt.Sprintf(closed, ", workers: 3, think_time: constant"))); got != constant {
		t.Error("a default said gives another digest")
	}
}
