//go:build !race

package compare

import (
	"fmt"
	"math"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"crossover/results"
	"crossover/results/compare/comparetest"
)

// synthetic summarises a run of known truth without the detour over a disk.
func synthetic(s comparetest.Spec, name string) *Repetition {
	var cells []*cell
	var counts results.Counts
	merged := results.NewMerged()
	end := func() {
		merged.Reset()
		merged.Take(&counts)
		h := &sparse{}
		for v, n := range merged.Each() {
			// Each gives values; the bucket is found by bisection, since BucketMax ascends.
			h.index = append(h.index, bucketOf(v))
			h.count = append(h.count, n)
			h.total += n
		}
		n := float64(h.total)
		cells = append(cells, &cell{
			seconds: 1, offered: n, ended: n, answered: n, successes: n, readUnits: n / 2, throttles: map[string]float64{},
			latency: map[tag]*sparse{{"read", results.Response}: h},
		})
	}
	s.Each(func(i int, l time.Duration) {
		if i > len(cells) {
			end()
		}
		counts.Record(l)
	})
	end()
	r := &Repetition{Run: name, Status: results.Complete, Target: results.TargetInfo{Name: "t", Kind: "simulated"}, Counts: count(cells)}
	if l, ok := latencyOf(cells, tag{"read", results.Response}); ok {
		r.Latencies = append(r.Latencies, l)
	}
	return r
}

func bucketOf(v time.Duration) int32 {
	low, high := 0, results.Buckets-1
	for low < high {
		if mid := (low + high) / 2; results.BucketMax(mid) < v {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return int32(low)
}

// noisy is a world as real ones are: heavy tails, minutes that resemble their neighbours, runs
// that differ by a percent or two.
func noisy(seed uint64) comparetest.Spec {
	return comparetest.Spec{Seed: seed, Sigma: 0.6, Rho: 0.8, Level: 0.03, Between: 0.015}
}

func side(seed uint64, n int, edit func(*comparetest.Spec)) []*Repetition {
	var out []*Repetition
	for k := range n {
		s := noisy(seed*1000 + uint64(k))
		if edit != nil {
			edit(&s)
		}
		out = append(out, synthetic(s, fmt.Sprint(seed, ".", k)))
	}
	return out
}

// pairs compares many pairs of pinned seeds and counts each metric's verdicts, comparisons in
// which any metric is said to differ, and uncorrected rejections of read.p99.
func pairs(t *testing.T, n int, o Options, edit func(*comparetest.Spec)) (verdicts map[string]map[Verdict]int, any, unadjusted int) {
	t.Helper()
	verdicts = map[string]map[Verdict]int{}
	for i := range n {
		r, err := Compare(side(uint64(2*i+1), 5, nil), side(uint64(2*i+2), 5, edit), o)
		if err != nil {
			t.Fatal(err)
		}
		differs := false
		for _, row := range r.Targets[0].Rows {
			differs = differs || row.Verdict == Better || row.Verdict == Worse
			if verdicts[row.Metric] == nil {
				verdicts[row.Metric] = map[Verdict]int{}
			}
			verdicts[row.Metric][row.Verdict]++
			if row.Metric == "read.p99" && *row.P <= 1-r.Confidence {
				unadjusted++
			}
		}
		if differs {
			any++
		}
	}
	return verdicts, any, unadjusted
}

// atMost is the largest count that n trials of probability p give with 99 % probability.
func atMost(n int, p float64) int {
	b := distuv.Binomial{N: float64(n), P: p}
	k := 0
	for b.CDF(float64(k)) < 0.99 {
		k++
	}
	return k
}

// Equal worlds: a comparison says that anything differs no more often than it promises to, and
// its uncorrected test of one metric keeps its own level, too.
func TestFalseAlarms(t *testing.T) {
	const n = 120
	verdicts, any, unadjusted := pairs(t, n, Options{Percentiles: tested}, nil)
	t.Logf("%d pairs: %v of read.p99, %d with any difference, %d below 5%% before correction", n, verdicts["read.p99"], any, unadjusted)
	if most := atMost(n, 0.05); any > most || unadjusted > most {
		t.Errorf("%d pairs of equal runs: %d found to differ, %d uncorrected; expected %d at most", n, any, unadjusted, most)
	}
	// A test that never finds anything would pass the above.
	if unadjusted == 0 {
		t.Error("the uncorrected test never rejects: it has no level at all")
	}
}

// A tail that is a fifth slower is found with five repetitions, and the median is not blamed.
func TestPower(t *testing.T) {
	const n = 24
	verdicts, _, _ := pairs(t, n, Options{Percentiles: tested}, func(s *comparetest.Spec) { s.Tail = 1.2 })
	t.Logf("20%% of p99: %v", verdicts)
	if verdicts["read.p99"][Worse] < n*9/10 {
		t.Errorf("found in %d of %d, expected %d at least", verdicts["read.p99"][Worse], n, n*9/10)
	}
	if m := verdicts["read.p50"]; m[Worse]+m[Better] > atMost(n, 0.05) {
		t.Errorf("the median did not change: %v", m)
	}
	const few = 8
	verdicts, _, _ = pairs(t, few, Options{Percentiles: tested}, func(s *comparetest.Spec) { s.Tail = 1 / 1.2 })
	if verdicts["read.p99"][Better] < few-1 {
		t.Errorf("an improvement was found in %d of %d", verdicts["read.p99"][Better], few)
	}
}

// tested are the percentiles of these tests: fewer than by default, for speed.
var tested = []string{"p50", "p99"}

// A shift of a percent, with a margin of three, is the same.
func TestSame(t *testing.T) {
	const n = 12
	quiet := func(s *comparetest.Spec) { s.Between, s.Level, s.PerSecond = 0.002, 0.005, 2000 }
	same := 0
	for i := range n {
		r, err := Compare(side(uint64(5000+2*i), 5, quiet), side(uint64(5001+2*i), 5, func(s *comparetest.Spec) {
			quiet(s)
			s.Median = 4040 * time.Microsecond
		}), Options{Percentiles: tested})
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range r.Targets[0].Rows {
			if row.Metric == "read.p50" && row.Verdict == Same {
				same++
			}
		}
	}
	if same < n*9/10 {
		t.Errorf("the same in %d of %d, expected %d at least", same, n, n*9/10)
	}
}

// The repetitions that an undecided comparison asks for decide it: a slow-down of 5 % in p99 is
// found by asking, in nine of ten cases, with no more than ten repetitions.
func TestAskedForRepetitionsDecide(t *testing.T) {
	const n, first, most = 24, 5, 10
	tail := func(s *comparetest.Spec) { s.Tail, s.Between, s.Level = 1.05, 0.006, 0.02 }
	calm := func(s *comparetest.Spec) { s.Between, s.Level = 0.006, 0.02 }
	found, asked := 0, 0
	for i := range n {
		base, head := side(uint64(9000+2*i), most, calm), side(uint64(9001+2*i), most, tail)
		for k := first; ; {
			r, err := Compare(base[:k], head[:k], Options{Percentiles: tested})
			if err != nil {
				t.Fatal(err)
			}
			var row Row
			for _, row = range r.Targets[0].Rows {
				if row.Metric == "read.p99" {
					break
				}
			}
			if row.Verdict == Worse {
				found++
			}
			if row.Verdict != Undecided || k == most {
				break
			}
			asked++
			k = min(most, k+row.More)
		}
	}
	t.Logf("5%% of p99: found in %d of %d, more repetitions asked for %d times", found, n, asked)
	if found < n*9/10 {
		t.Errorf("found in %d of %d, expected %d at least", found, n, n*9/10)
	}
	if asked == 0 {
		t.Error("five repetitions always decided: this tests nothing of the asking")
	}
}

// The block bootstrap sees that neighbours resemble one another: its error of a correlated
// series' mean is near the true one, where one that took the cells for independent would be too small.
func TestBlockErrorOfCorrelatedCells(t *testing.T) {
	const n, rho, worlds = 100, 0.7, 200
	var seen, squares float64
	for w := range worlds {
		rng := source(fmt.Sprint("world ", w))
		x, one := make([]float64, n), make([]float64, n)
		level, sum := rng.NormFloat64(), 0.0
		for i := range x {
			level = rho*level + math.Sqrt(1-rho*rho)*rng.NormFloat64()
			x[i], one[i] = 100+level, 1
			sum += level
		}
		seen += blockError("x", x, one, []int{n}) / worlds
		squares += sum / n * sum / n / worlds
	}
	truth := math.Sqrt(squares)
	independent := 1 / math.Sqrt(n)
	t.Logf("true error %.4f, seen on average %.4f, if independent %.4f", truth, seen, independent)
	if seen < 0.75*truth || seen > 1.15*truth || independent > 0.6*truth {
		t.Errorf("true error %.4f, seen %.4f, if independent %.4f", truth, seen, independent)
	}
}

// That a second phase is ten times as slow as the first is the scenario's doing: it is no noise
// within the run, which an error without regard to phases would take it for.
func TestBlockErrorKeepsPhasesApart(t *testing.T) {
	const n = 60
	rng := source("phases")
	x, one := make([]float64, n), make([]float64, n)
	for i := range x {
		level := 1.0
		if i >= n/2 {
			level = 10
		}
		x[i], one[i] = level+0.1*rng.NormFloat64(), 1
	}
	apart, together := blockError("x", x, one, []int{n / 2, n}), blockError("x", x, one, []int{n})
	if truth := 0.1 / math.Sqrt(n); apart < truth/2 || apart > truth*2 || together < 10*truth {
		t.Errorf("found %.4f apart and %.4f together, expected about %.4f", apart, together, truth)
	}
}
