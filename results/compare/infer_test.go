package compare

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"crossover/results"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(got-want) > tolerance {
		t.Errorf("%s: %g, want %g", what, got, want)
	}
}

// Holm's own example by hand: 0.01 × 4, 0.013 × 3, 0.02 × 2, 0.04 × 1, made monotone and kept below 1.
func TestHolm(t *testing.T) {
	p := []float64{0.04, 0.01, 0.6, 0.013}
	got := holm(p, []int{1, 3, 0, 2})
	want := []float64{0.08, 0.04, 0.6, 0.04}
	if diff := cmp.Diff(want, got, cmpopts.EquateApprox(0, 1e-12)); diff != "" {
		t.Error(diff)
	}
	if got := holm([]float64{0.4, 0.5}, []int{0, 1}); got[0] != 0.8 || got[1] != 0.8 {
		t.Errorf("not monotone: %v", got)
	}
}

// Of 252 ways to deal ten repetitions, two are as far out as complete separation.
func TestPermutation(t *testing.T) {
	low, high := []float64{1, 2, 3, 4, 5}, []float64{11, 12, 13, 14, 15}
	near(t, "separated", permutation("x", low, high), 2.0/252, 1e-12)
	near(t, "mirrored", permutation("x", high, low), 2.0/252, 1e-12)
	near(t, "constant and apart", permutation("x", []float64{1, 1, 1, 1}, []float64{2, 2, 2, 2}), 2.0/70, 1e-12)
	near(t, "equal", permutation("x", []float64{1, 1, 1}, []float64{1, 1, 1}), 1, 0)
	near(t, "one against five", permutation("x", []float64{9}, low), 1.0/6, 1e-12)
	near(t, "least of 5 and 5", leastPermutation(5, 5), 2.0/252, 1e-9)
	near(t, "least of 1 and 5", leastPermutation(1, 5), 1.0/6, 1e-9)
	// Too many to try all: the draws count the observed dealing in.
	many := make([]float64, 12)
	more := make([]float64, 12)
	for i := range many {
		many[i], more[i] = float64(i), float64(i+100)
	}
	near(t, "drawn", permutation("x", many, more), 1.0/(drawn+1), 1.5/(drawn+1))
}

// By hand: means 2 and 5, variances of the means 1/3 each, so se 0.8165 and, by Welch, 4
// degrees of freedom; t = 3.674, p = 0.02131 (R: t.test(c(1,2,3), c(4,5,6))).
func TestWelch(t *testing.T) {
	se, df := welch(sample{variance: 1.0 / 3, df: 2}, sample{variance: 1.0 / 3, df: 2})
	near(t, "se", se, 0.81650, 1e-5)
	near(t, "df", df, 4, 1e-9)
	near(t, "p", twoSided(3, se, df), 0.02131, 1e-5)
	near(t, "no difference", twoSided(0, 0, 4), 1, 0)
	near(t, "no spread", twoSided(1, 0, 4), 0, 0)
	near(t, "normal", student(lone).Quantile(0.975), 1.95996, 1e-4)
}

func TestEffects(t *testing.T) {
	near(t, "A", superiority([]float64{1, 2, 3}, []float64{3, 4}), 5.5/6, 1e-12)
	// Pooled deviation 1, difference 3, correction 1 - 3/(4×4 - 1) = 0.8.
	g, ok := hedges([]float64{1, 2, 3}, []float64{4, 5, 6})
	near(t, "g", g, 2.4, 1e-12)
	if _, none := hedges([]float64{1, 1}, []float64{2, 2}); !ok || none {
		t.Error("g without spread")
	}
}

// The textbook's number: two groups, a difference of one standard deviation, 90 % power at 5 %
// needs 23 each with t, 22 by the normal approximation.
func TestNeeded(t *testing.T) {
	sd := func(n int) sample { return sample{each: make([]float64, n), variance: 1 / float64(n)} }
	if n := needed(1, 0, sd(5), sd(5), 0.05, 1); n < 22 || n > 23 {
		t.Errorf("found %d, expected 22 or 23", n)
	}
	if n := needed(1, 0, sd(5), sd(5), 0.05, 20); n <= 23 {
		t.Errorf("%d repetitions for twenty tests: not more than for one", n)
	}
	if n := needed(0.001, 0, sd(5), sd(5), 0.05, 1); n != mostRepetitions+1 {
		t.Errorf("%d repetitions for a thousandth of a standard deviation", n)
	}
	// Nothing between, a margin of one: the interval has to fit.
	if n := needed(0, 1, sd(5), sd(5), 0.05, 1); n < 25 || n > 29 {
		t.Errorf("%d repetitions for equivalence, expected (1.96 + 1.645)² × 2 = 26 or a few more", n)
	}
	// However clear, one repetition is not enough, and neither are three.
	if n := needed(100, 0, sd(1), sd(1), 0.05, 1); n != fewest {
		t.Errorf("%d repetitions from one, expected %d", n, fewest)
	}
	if n := needed(100, 0, sd(2), sd(2), 0.05, 1); n != 4 {
		t.Errorf("%d repetitions, expected the 4 from which a permutation can reject", n)
	}
}

// The jackknife of a mean is the mean's own standard error, and the runs' own errors are its
// floor.
func TestJackknife(t *testing.T) {
	m := rate("x", "x", "/s", func(c *Counts) float64 { return c.Successes }, func(c *Counts) float64 { return c.Seconds })
	m.scale = shift
	var reps []*Repetition
	for _, v := range []float64{1, 2, 3, 6} {
		reps = append(reps, &Repetition{Counts: Counts{Successes: v, Seconds: 1, Within: map[string]float64{"x": 0.1}}})
	}
	s := m.sampleOf(reps)
	near(t, "value", s.value, 3, 1e-12)
	near(t, "variance", s.variance, 14.0/3/4, 1e-12) // squares 4+1+0+9, over 3, over 4
	for _, r := range reps {
		r.Counts.Successes = 3
		r.Counts.Within["x"] = 2
	}
	near(t, "floor", m.sampleOf(reps).variance, 1, 1e-12) // 4 × 4 / 16
	near(t, "one repetition", m.sampleOf(reps[:1]).variance, 4, 1e-12)
}

// A sparse histogram says what the run directory's own does, merged or not.
func TestSparseAgreesWithMerged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sum, parts := results.NewMerged(), &sparse{}
		var all []int64
		for range rapid.IntRange(1, 3).Draw(t, "parts") {
			m := results.NewMerged()
			var c results.Counts
			for _, v := range rapid.SliceOfN(rapid.Int64Range(1, int64(results.LatencyMax)), 1, 50).Draw(t, "values") {
				c.Record(durationOf(v))
				all = append(all, v)
			}
			m.Take(&c)
			sum.Add(m)
			s, err := newSparse(m.Histogram())
			if err != nil {
				t.Fatal(err)
			}
			parts = mergeSparse(parts, s)
		}
		q := rapid.Float64Range(0, 1).Draw(t, "q")
		if got, want := parts.quantile(q), sum.Quantile(q); got != want {
			t.Fatalf("quantile %g: %v, want %v", q, got, want)
		}
		slices.Sort(all)
		at := parts.bucket(q)
		above := 0
		for _, v := range all {
			if durationOf(v) > results.BucketMax(int(at)) {
				above++
			}
		}
		if got := parts.above(at); got != int64(above) || parts.total != int64(len(all)) {
			t.Fatalf("%d of %d above, want %d of %d", got, parts.total, above, len(all))
		}
	})
}
