package workload

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"

	"crossover/workload/items"
	"crossover/workload/op"
)

// everything has every kind of operation, hot keys with and without an end, and a sort key.
const everything = `version: 1
name: everything
seed: 99
dataset:
  items: 5_000
  key: {partition: "user#{id}", sort: {prefix: "s#", per_partition: 7}}
  size: {lognormal: {median: 500B, p99: 4KiB, max: 16KiB}}
  attributes: 6
  compressibility: 30%
workload:
  keys: {zipfian: {theta: 0.99}}
  hot: [{key: 3, share: 20%, from: 1s, to: 2s}, {key: 4, share: 5%}]
  operations: {read: 42.5%, update: 20%, insert: 12.5%, delete: 5%, read_modify_write: 10%, query: 7%, scan_page: 3%}
  read: {consistency: strong}
  write: {condition: existence}
  query: {limit: 7}
  scan: {limit: 50}
  arrival: {open: {process: poisson}}
  phases:
    - {name: warm-up, for: 1s, rate: 1000/s, record: false}
    - {name: steady, for: 1s, rate: 8000/s}
    - {name: down, for: 1s, rate: {from: 8000/s, to: 0/s}}
`

// clone copies an operation out of the stream's hands. No body is an empty one.
func clone(o op.Op) op.Op {
	o.Body = append([]byte(nil), o.Body...)
	return o
}

// Operation i is a function of scenario and seed: whatever was asked before, and of whom.
func TestStreamKeepsNoState(t *testing.T) {
	sc := mustParse(t, everything)
	n := NewStream(sc).Len()
	if n != 13_000 {
		t.Fatalf("%d operations, want 1,000 + 8,000 + 4,000", n)
	}
	want := make([]op.Op, n)
	s := NewStream(sc)
	var o op.Op
	for i := range n {
		s.At(i, &o)
		want[i] = clone(o)
		if o.Index != i || o.Due != -1 {
			t.Fatalf("operation %d says it is %d, due %v", i, o.Index, o.Due)
		}
	}
	again := mustParse(t, everything)
	streams := []Stream{s, NewStream(sc), NewStream(again), NewStream(again)}
	rapid.Check(t, func(t *rapid.T) {
		var o op.Op
		for range 10 {
			i := rapid.Uint64Range(0, n-1).Draw(t, "i")
			streams[rapid.IntRange(0, len(streams)-1).Draw(t, "stream")].At(i, &o)
			if diff := cmp.Diff(want[i], clone(o)); diff != "" {
				t.Fatalf("operation %d in another order (-in order +out of order):\n%s", i, diff)
			}
		}
	})
	other := mustParse(t, strings.Replace(everything, "seed: 99", "seed: 100", 1))
	s, same := NewStream(other), 0
	for i := range n {
		s.At(i, &o)
		if o.Item == want[i].Item && o.Kind == want[i].Kind {
			same++
		}
	}
	if same > int(n)/4 {
		t.Errorf("%d of %d operations are the same with another seed", same, n)
	}
}

// Every deck holds each kind in exactly its share, shuffled anew; 42.5% and 12.5% are whole
// cards of a deck of 1,000.
func TestDecksHoldTheShares(t *testing.T) {
	sc := mustParse(t, everything)
	s := NewStream(sc).(*stream)
	if s.deck != 1000 {
		t.Fatalf("a deck of %d, want 1000", s.deck)
	}
	want := [op.KindCount]int{425, 200, 125, 50, 100, 70, 30}
	var first []op.Kind
	for deck := range uint64(20) {
		var got [op.KindCount]int
		var kinds []op.Kind
		for i := range s.deck {
			k := s.KindOf(deck*s.deck + i)
			got[k]++
			kinds = append(kinds, k)
		}
		if got != want {
			t.Errorf("deck %d holds %v, want %v", deck, got, want)
		}
		if deck == 0 {
			first = kinds
		} else if diff := cmp.Diff(first, kinds); diff == "" {
			t.Errorf("deck %d is in the order of the first", deck)
		}
	}
	finer := mustParse(t, strings.Replace(everything, "read: 42.5%, update: 20%", "read: 42.49%, update: 20.01%", 1))
	if s := NewStream(finer).(*stream); s.deck != 10_000 || s.counts[op.Read] != 4249 || s.counts[op.Update] != 2001 {
		t.Errorf("hundredths of a percent: a deck of %d with %v", s.deck, s.counts)
	}
}

// Shares given to a float's last digit are whole cards all the same.
func TestDeckOf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var shares Operations
		left := uint64(10_000)
		for k := range op.KindCount {
			n := left
			if k < op.KindCount-1 {
				n = rapid.Uint64Range(0, left).Draw(t, "cards")
			}
			left -= n
			share, err := ParseShare(fmt.Sprintf("%d.%02d%%", n/100, n%100))
			if err != nil {
				t.Fatal(err)
			}
			shares[k] = share
		}
		counts, size, err := deckOf(shares)
		if err != nil {
			t.Fatalf("%v: %v", shares, err)
		}
		for k, s := range shares {
			if math.Abs(float64(counts[k])/float64(size)-s) > 1e-9 {
				t.Fatalf("%v cards of %d for a share of %v", counts[k], size, s)
			}
		}
	})
}

// Inserts write items that were never there, each once and in a row from the first free number
// on, deck by deck; nothing else goes beyond the data set, but for the latest distribution.
func TestInsertsAreFresh(t *testing.T) {
	for _, keys := range []string{"{zipfian: {theta: 0.99}}", "latest"} {
		sc := mustParse(t, strings.Replace(everything, "{zipfian: {theta: 0.99}}", keys, 1))
		s := NewStream(sc).(*stream)
		const decks = 10
		inserted := map[uint64]bool{}
		var o op.Op
		for deck := range uint64(decks) {
			before := sc.Dataset.Items + deck*s.counts[op.Insert]
			for i := deck * s.deck; i < (deck+1)*s.deck; i++ {
				s.At(i, &o)
				switch {
				case o.Kind != op.Insert:
					if keys == "latest" && o.Item < before || o.Item < sc.Dataset.Items {
						continue
					}
					t.Fatalf("%s: %v %d asks for item %d, which is not there yet", keys, o.Kind, i, o.Item)
				case o.Item < before || o.Item >= before+s.counts[op.Insert]:
					t.Fatalf("%s: insert %d of deck %d writes item %d, want one from %d to %d", keys, i, deck, o.Item, before, before+s.counts[op.Insert]-1)
				case inserted[o.Item]:
					t.Fatalf("%s: item %d is inserted twice", keys, o.Item)
				}
				inserted[o.Item] = true
			}
		}
		if want := decks * int(s.counts[op.Insert]); len(inserted) != want {
			t.Errorf("%s: %d items inserted, want %d", keys, len(inserted), want)
		}
	}
}

// A hot key has its share within its window and no more than anybody's outside: the window is
// the operations that the planned rates offer between its times.
func TestHotWindows(t *testing.T) {
	text := strings.Replace(everything, "keys: {zipfian: {theta: 0.99}}", "keys: uniform", 1)
	sc := mustParse(t, text)
	s := NewStream(sc).(*stream)
	if w := s.hot[0]; w.from != 1000 || w.to != 9000 {
		t.Fatalf("1s to 2s are operations %d to %d, want 1000 to 9000", w.from, w.to)
	}
	if w := s.hot[1]; w.from != 0 || w.to != math.MaxUint64 {
		t.Fatalf("a hot key without times has operations %d to %d", w.from, w.to)
	}
	var o op.Op
	var inside, hits, outside, misses, always, all float64
	for i := range s.Len() {
		s.At(i, &o)
		if o.Kind == op.Insert {
			continue
		}
		all++
		if o.Item == 4 {
			always++
		}
		if i >= 1000 && i < 9000 {
			inside++
			if o.Item == 3 {
				hits++
			}
		} else if outside++; o.Item == 3 {
			misses++
		}
	}
	// Six standard deviations: once in a billion.
	near := func(what string, got, n, p float64) {
		if math.Abs(got-n*p) > 6*math.Sqrt(n*p*(1-p)) {
			t.Errorf("%s: %v of %v, want about %.0f", what, got, n, n*p)
		}
	}
	near("item 3 in its window", hits, inside, 0.2+0.75/5000)
	near("item 3 outside of it", misses, outside, 0.95/5000)
	near("item 4", always, all, 0.05+0.9/5000)
}

// A window that ends before the first operation is one that never opens.
func TestHotWindowBeforeTheFirstOperation(t *testing.T) {
	text := strings.Replace(plain, "hot: [{key: 7, share: 10%, from: 1s, to: 2s}]", "hot: [{key: 7, share: 99%, to: 1ns}]", 1)
	text = strings.Replace(text, "for: 1s, rate: 100/s", "for: 1s, rate: {from: 0/s, to: 200/s}", 1)
	s := NewStream(mustParse(t, text))
	var o op.Op
	hits := 0
	for i := range s.Len() {
		if s.At(i, &o); o.Item == 7 {
			hits++
		}
	}
	if hits > int(s.Len())/10 {
		t.Errorf("%d of %d operations go to a key that is hot for a nanosecond", hits, s.Len())
	}
}

// Keys, phases, options and bodies of every operation are as the scenario says.
func TestOperationsAreAsAsked(t *testing.T) {
	sc := mustParse(t, everything)
	s := NewStream(sc)
	var o op.Op
	for i := range s.Len() {
		s.At(i, &o)
		phase := map[bool]int{true: 0, false: 1}[i < 1000]
		if i >= 9000 {
			phase = 2
		}
		if o.Phase != phase || o.Record != (phase > 0) {
			t.Fatalf("operation %d: phase %d, recorded %v", i, o.Phase, o.Record)
		}
		if o.Partition != o.Item/7 || o.Sort != o.Item%7 {
			t.Fatalf("item %d lies at %d, %d", o.Item, o.Partition, o.Sort)
		}
		limit := map[op.Kind]uint32{op.Query: 7, op.ScanPage: 50}[o.Kind]
		condition := map[op.Kind]op.Condition{
			op.Insert: op.MustNotExist, op.Update: op.MustExist, op.Delete: op.MustExist, op.ReadModifyWrite: op.MustExist,
		}[o.Kind]
		if o.Limit != limit || o.Condition != condition || !o.Consistent {
			t.Fatalf("%v: limit %d, condition %d, consistent %v", o.Kind, o.Limit, o.Condition, o.Consistent)
		}
		writes := o.Kind == op.Update || o.Kind == op.Insert || o.Kind == op.ReadModifyWrite
		if !writes {
			if len(o.Body) != 0 || o.Version != 0 {
				t.Fatalf("%v has a body of %d bytes, version %d", o.Kind, len(o.Body), o.Version)
			}
			continue
		}
		if got := uint64(len(o.Body)) + sc.OverheadBytes(o.Item); got != sc.ItemSize(o.Item) || len(o.Body) != sc.BodyLen(o.Item) {
			t.Fatalf("item %d: %d bytes of body and %d of overhead, want %d in all", o.Item, len(o.Body), sc.OverheadBytes(o.Item), sc.ItemSize(o.Item))
		}
		if v, ok := items.Check(o.Body, o.Item); len(o.Body) >= items.HeaderLen && (!ok || v != i+1 || o.Version != i+1) {
			t.Fatalf("operation %d: a body of version %d, %v; the operation says %d", i, v, ok, o.Version)
		}
	}
}

func TestConditions(t *testing.T) {
	for condition, want := range map[string][op.KindCount]op.Condition{
		// A touch renews what is there, whatever else is asked.
		"none": {op.Touch: op.MustExist},
		"existence": {
			op.Update: op.MustExist, op.Insert: op.MustNotExist, op.Delete: op.MustExist, op.ReadModifyWrite: op.MustExist,
			op.PartialUpdate: op.MustExist, op.Increment: op.MustExist, op.Append: op.MustExist, op.Touch: op.MustExist,
		},
		"version": {op.ReadModifyWrite: op.VersionUnchanged, op.Touch: op.MustExist},
	} {
		s := NewStream(mustParse(t, strings.Replace(everything, "condition: existence", "condition: "+condition, 1))).(*stream)
		for k := range op.KindCount {
			if got := s.condition(k); got != want[k] {
				t.Errorf("%s: %v has condition %d, want %d", condition, k, got, want[k])
			}
		}
	}
}

// The loader's items are version 0 of the stream's.
func TestLoader(t *testing.T) {
	sc := mustParse(t, everything)
	l := NewLoader(sc)
	for item := range uint64(200) {
		b := l.Body(nil, item)
		if len(b) != sc.BodyLen(item) {
			t.Fatalf("item %d is loaded with %d bytes, want %d", item, len(b), sc.BodyLen(item))
		}
		if v, ok := items.Check(b, item); len(b) >= items.HeaderLen && (!ok || v != 0) {
			t.Fatalf("item %d is loaded as version %d, %v", item, v, ok)
		}
	}
}

// Overhead counts names and values as written; attributes share the body evenly.
func TestSizesAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sc := mustParseRapid(t, everything)
		sc.Dataset.Attributes = rapid.IntRange(1, MaxAttributes).Draw(t, "attributes")
		if rapid.Bool().Draw(t, "no sort key") {
			sc.Dataset.Key.Sort = SortKey{}
		}
		item := rapid.OneOf(rapid.Uint64Range(0, 2000), rapid.Uint64()).Draw(t, "item")
		partition, sort := sc.Place(item)
		n := len(AttrPartition) + len(sc.AppendPartitionKey(nil, partition)) + len(AttrVersion) + len(AppendVersion(nil, item))
		if sc.HasSort() {
			n += len(AttrSort) + len(sc.AppendSortKey(nil, sort))
		}
		body, end := rapid.IntRange(0, 5000).Draw(t, "body"), 0
		for i := range sc.Dataset.Attributes {
			n += len(AttrBody(i))
			from, to := sc.SplitBody(body, i)
			if from != end || to-from < body/sc.Dataset.Attributes || to-from > body/sc.Dataset.Attributes+1 {
				t.Fatalf("attribute %d of %d bytes in %d is [%d, %d), after %d", i, body, sc.Dataset.Attributes, from, to, end)
			}
			end = to
		}
		if end != body {
			t.Fatalf("the attributes hold %d bytes of %d", end, body)
		}
		if got := sc.OverheadBytes(item); got != uint64(n) {
			t.Fatalf("overhead %d, want %d", got, n)
		}
	})
}

func mustParseRapid(t *rapid.T, text string) *Scenario {
	sc, err := Parse("rapid.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

// Sort keys read in the order of their numbers.
func TestSortKeysAreInOrder(t *testing.T) {
	sc := mustParse(t, everything)
	last := ""
	for _, n := range []uint64{0, 1, 9, 10, 99, 100, 12_345, 999_999_999, 1_000_000_000, 9_999_999_999} {
		key := string(sc.AppendSortKey(nil, n))
		if key <= last || len(key) != len("s#")+10 {
			t.Errorf("the sort key of %d is %q, after %q", n, key, last)
		}
		last = key
	}
	if got := string(sc.AppendSortKey([]byte("x"), 42)); got != "xs#0000000042" {
		t.Errorf("appended: %q", got)
	}
	if got := string(sc.AppendPartitionKey([]byte("x"), 42)); got != "xuser#42" {
		t.Errorf("appended: %q", got)
	}
	if got := string(AppendVersion(nil, 0xbeef)); got != "000000000000beef" {
		t.Errorf("version: %q", got)
	}
}

// Sizes of items follow the scenario's distribution: half of them are below the median.
func TestItemSizesFollowTheDistribution(t *testing.T) {
	sc := mustParse(t, everything)
	const n = 20_000
	below := 0.0
	for i := range uint64(n) {
		if sc.ItemSize(i) < 500 {
			below++
		}
	}
	d := distuv.Normal{Mu: n / 2, Sigma: math.Sqrt(n / 4)}
	if p := 2 * min(d.CDF(below), d.Survival(below)); p < 1e-4 {
		t.Errorf("%v of %d items are below the median: p = %.2g", below, n, p)
	}
}

// AllocsPerRun rounds down: a hundred operations a run make one allocation in a hundred
// operations show.
func TestAtAllocatesNothing(t *testing.T) {
	for name, text := range map[string]string{
		"everything": everything,
		"half reads": strings.Replace(plain, "items: 1000", "items: 1_000_000", 1),
	} {
		s := NewStream(mustParse(t, text))
		o := op.Op{Body: make([]byte, 0, 64<<10)}
		i := uint64(0)
		hundred := func() {
			for range 100 {
				s.At(i, &o)
				i++
			}
		}
		if n := testing.AllocsPerRun(100, hundred); n != 0 {
			t.Errorf("%s: %v allocations in 100 operations", name, n)
		}
	}
}

func BenchmarkAt(b *testing.B) {
	for name, size := range map[string]string{"1KiB": "1KiB", "100B": "100B"} {
		b.Run(name, func(b *testing.B) {
			text := strings.Replace(plain, "size: 1KiB", "size: "+size, 1)
			s := NewStream(mustParse(b, strings.Replace(text, "items: 1000", "items: 1_000_000_000", 1)))
			o := op.Op{Body: make([]byte, 0, 4096)}
			b.ReportAllocs()
			for i := uint64(0); b.Loop(); i++ {
				s.At(i, &o)
			}
		})
	}
}

// BenchmarkStart is the first operation of a stream over a billion items.
func BenchmarkStart(b *testing.B) {
	sc := mustParse(b, strings.Replace(plain, "items: 1000", "items: 1_000_000_000", 1))
	o := op.Op{Body: make([]byte, 0, 4096)}
	r := rand.New(rand.NewPCG(1, 2))
	for b.Loop() {
		NewStream(sc).At(r.Uint64()%2000, &o)
	}
}
