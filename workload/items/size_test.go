package items

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"
)

const (
	seeds = 20
	// significance is of all p-values in this file together (Bonferroni).
	significance = 1e-3
	family       = 7 * (seeds + 1)
)

// mustFit draws sizes with twenty pinned seeds and holds the counts of cells against their
// probabilities (Pearson's chi-square), for each seed and for all of them pooled.
func mustFit(t *testing.T, s Size, probabilities []float64, cell func(size uint64) int) {
	t.Helper()
	check := func(counts []float64, total float64) {
		expected := make([]float64, len(probabilities))
		for i, p := range probabilities {
			if expected[i] = p * total; expected[i] < 8 {
				t.Fatalf("cell %d is expected to hold %.1f draws: too few", i, expected[i])
			}
		}
		x := stat.ChiSquare(counts, expected)
		if p := (distuv.ChiSquared{K: float64(len(counts) - 1)}).Survival(x); p < significance/family {
			t.Errorf("p = %.3g, below %.3g: the draws do not fit", p, significance/family)
		}
	}
	pooled := make([]float64, len(probabilities))
	for seed := range uint64(seeds) {
		r := rand.NewPCG(seed, 0x6974656d73)
		counts := make([]float64, len(probabilities))
		for range drawsPerSeed {
			counts[cell(s.Draw(r))]++
		}
		for i, c := range counts {
			pooled[i] += c
		}
		check(counts, drawsPerSeed)
	}
	check(pooled, seeds*drawsPerSeed)
}

func TestUniformFits(t *testing.T) {
	for _, c := range []struct{ low, high uint64 }{{100, 109}, {0, 1}, {1000, 1999}} {
		s, err := Uniform(c.low, c.high)
		if err != nil {
			t.Fatal(err)
		}
		n := c.high - c.low + 1
		p := make([]float64, n)
		for i := range p {
			p[i] = 1 / float64(n)
		}
		mustFit(t, s, p, func(size uint64) int { return int(size - c.low) })
	}
}

// The cells lie between quantiles of the lognormal itself; the last begins at the cut.
func TestLognormalFits(t *testing.T) {
	for _, c := range []struct{ median, p99, high uint64 }{
		{1 << 10, 8 << 10, 400 << 10},
		{100_000, 300_000, 250_000}, // the cut takes 2.4%
		{50_000, 60_000, 400 << 10},
	} {
		s, err := Lognormal(c.median, c.p99, c.high)
		if err != nil {
			t.Fatal(err)
		}
		d := distuv.LogNormal{Mu: math.Log(float64(c.median)), Sigma: math.Log(float64(c.p99)/float64(c.median)) / distuv.UnitNormal.Quantile(0.99)}
		var edges []float64 // sizes are rounded, so that a cell ends at a half
		for q := 0.02; q < 0.99; q += 0.02 {
			if e := math.Floor(d.Quantile(q)) + 0.5; e < float64(c.high) {
				edges = append(edges, e)
			}
		}
		if cut := float64(c.high) - 0.5; d.Survival(cut) > 0.01 {
			edges = append(edges, cut)
		}
		p := make([]float64, len(edges)+1)
		below := 0.0
		for i, e := range edges {
			p[i], below = d.CDF(e)-below, d.CDF(e)
		}
		p[len(edges)] = 1 - below
		mustFit(t, s, p, func(size uint64) int {
			for i, e := range edges {
				if float64(size) < e {
					return i
				}
			}
			return len(edges)
		})
	}
}

func TestSizesStayInBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Uint64Range(1, 400<<10).Draw(t, "a"), rapid.Uint64Range(1, 400<<10).Draw(t, "b")
		low, high := min(a, b), max(a, b)
		u, err := Uniform(low, high)
		if err != nil {
			t.Fatal(err)
		}
		l, err := Lognormal(low, rapid.Uint64Range(low, 1<<40).Draw(t, "p99"), high)
		if err != nil {
			t.Fatal(err)
		}
		r := rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)
		for _, s := range []Size{u, l, Fixed(low)} {
			from, to := s.Bounds()
			for range 50 {
				if n := s.Draw(r); n < from || n > to {
					t.Fatalf("%T draws %d, outside %d to %d", s, n, from, to)
				}
			}
		}
	})
}

func TestSizesRefused(t *testing.T) {
	if _, err := Uniform(2, 1); err == nil {
		t.Error("uniform from 2 to 1 succeeded")
	}
	for _, c := range [][3]uint64{{0, 1, 2}, {10, 9, 20}, {10, 20, 9}} {
		if _, err := Lognormal(c[0], c[1], c[2]); err == nil {
			t.Errorf("lognormal %v succeeded", c)
		}
	}
}

func ExampleLognormal() {
	s, err := Lognormal(1<<10, 8<<10, 400<<10)
	if err != nil {
		panic(err)
	}
	low, high := s.Bounds()
	fmt.Println(low, high)
	// Output: 1 409600
}
