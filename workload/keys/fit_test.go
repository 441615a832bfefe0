package keys

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// seeds are pinned, so that a test either always passes or always fails: the significance
// below is the probability that a right distribution would have failed when it was written.
const seeds = 20

// significance is of the whole family of tests in this file: Bonferroni's correction divides
// it among them.
const significance = 1e-3

// family is how many p-values the tests of this package look at: twenty seeds and all of them
// pooled for each distribution, at most sixty distributions.
const family = 60 * (seeds + 1)

// minExpected is the least expected count of a cell; smaller ones are merged with the next.
const minExpected = 8

// pValue returns the probability that counts, or ones that fit worse, come of a distribution
// with the given probabilities (Pearson's chi-square).
func pValue(t *testing.T, counts []float64, probabilities []float64) float64 {
	t.Helper()
	total, mass := 0.0, 0.0
	for i, c := range counts {
		total += c
		mass += probabilities[i]
	}
	if math.Abs(mass-1) > 1e-9 {
		t.Fatalf("the expected probabilities sum to %v", mass)
	}
	var observed, expected []float64
	o, e := 0.0, 0.0
	for i := range counts {
		o += counts[i]
		e += total * probabilities[i]
		if e >= minExpected {
			observed, expected = append(observed, o), append(expected, e)
			o, e = 0, 0
		}
	}
	if e > 0 {
		observed[len(observed)-1] += o
		expected[len(expected)-1] += e
	}
	if len(observed) < 2 {
		t.Fatalf("%v draws fill one cell only", total)
	}
	x := stat.ChiSquare(observed, expected)
	return distuv.ChiSquared{K: float64(len(observed) - 1)}.Survival(x)
}

// fits draws with every seed, counts by cell, and returns the smallest p-value of the seeds
// and of their sum.
func fits(t *testing.T, probabilities []float64, draw func(r *rand.PCG, i uint64) (cell int)) float64 {
	t.Helper()
	smallest := 1.0
	pooled := make([]float64, len(probabilities))
	for seed := range uint64(seeds) {
		r := rand.NewPCG(seed, 0x6b657973)
		counts := make([]float64, len(probabilities))
		for i := range uint64(drawsPerSeed) {
			counts[draw(r, i)]++
		}
		for i, c := range counts {
			pooled[i] += c
		}
		smallest = min(smallest, pValue(t, counts, probabilities))
	}
	return min(smallest, pValue(t, pooled, probabilities))
}

func mustFit(t *testing.T, p float64) {
	t.Helper()
	if p < significance/family {
		t.Errorf("p = %.3g, below %.3g: the draws do not fit", p, significance/family)
	}
}

// zipfMass returns rank k's exact probability for k from 1 to n.
func zipfMass(n int, theta float64) []float64 {
	p, sum := make([]float64, n), 0.0
	for k := n; k >= 1; k-- { // from the smallest, for the sum's precision
		p[k-1] = math.Pow(float64(k), -theta)
		sum += p[k-1]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

func TestZipfianFitsItsMassFunction(t *testing.T) {
	const n = 1000
	for _, theta := range []float64{0, 0.5, 0.99, 1, 1.2, 2} {
		t.Run(fmt.Sprintf("theta=%v", theta), func(t *testing.T) {
			z, err := NewZipfian(theta)
			if err != nil {
				t.Fatal(err)
			}
			mustFit(t, fits(t, zipfMass(n, theta), func(r *rand.PCG, i uint64) int { return int(z.Pick(r, i, n)) }))
		})
	}
}

// approximate is YCSB's generator: "Quickly generating billion-record synthetic databases"
// (Gray, Sundaresan, Englert, Baclawski and Weinberger, SIGMOD 1994), the procedure zipf.
func approximate(n int, theta float64) func(r *rand.PCG) int {
	zetaN := 0.0
	for k := n; k >= 1; k-- {
		zetaN += math.Pow(float64(k), -theta)
	}
	zeta2 := 1 + math.Pow(0.5, theta)
	alpha := 1 / (1 - theta)
	eta := (1 - math.Pow(2/float64(n), 1-theta)) / (1 - zeta2/zetaN)
	return func(r *rand.PCG) int {
		u := float(r)
		switch uz := u * zetaN; {
		case uz < 1:
			return 0
		case uz < zeta2:
			return 1
		}
		return min(int(float64(n)*math.Pow(eta*u-eta+1, alpha)), n-1)
	}
}

// The test above is worth something only if it sees a generator that is nearly right: the
// approximation that YCSB uses is not the distribution that it is named after.
func TestFitRejectsTheApproximation(t *testing.T) {
	const n, theta = 1000, 0.99 // YCSB's constant
	draw := approximate(n, theta)
	p := fits(t, zipfMass(n, theta), func(r *rand.PCG, _ uint64) int { return draw(r) })
	if p >= significance/family {
		t.Errorf("p = %.3g: the approximation passes, so the test has no power", p)
	}
}

func TestZeta(t *testing.T) {
	for _, s := range []float64{-1, 0, 0.5, 0.99, 1, 2} {
		want := 0.0
		for k := 1_000_000; k >= 1; k-- {
			want += math.Pow(float64(k), -s)
		}
		if got := zeta(1e6, s); math.Abs(got/want-1) > 1e-9 {
			t.Errorf("zeta(1e6, %v) = %v, want %v", s, got, want)
		}
	}
}

// At a billion items and more the mass function does not fit into memory. Its sums over ranks
// from one power of two to the next do, and so do its moments.
func TestZipfianAtBillions(t *testing.T) {
	for _, n := range []uint64{1_000_000_000, MaxItems} {
		for _, theta := range []float64{0, 0.5, 0.99, 1, 1.2} {
			if n == MaxItems && (theta == 0 || theta == 1) {
				continue // time is better spent elsewhere
			}
			t.Run(fmt.Sprintf("n=%d/theta=%v", n, theta), func(t *testing.T) {
				t.Parallel()
				z, err := NewZipfian(theta)
				if err != nil {
					t.Fatal(err)
				}
				var octaves []float64
				below, all := 0.0, zeta(float64(n), theta)
				for end := uint64(1); below < all; end = min(2*end, n) {
					to := zeta(float64(end), theta)
					octaves = append(octaves, (to-below)/all)
					below = to
					if end == n {
						break
					}
				}
				var sum, squares, draws float64
				p := fits(t, octaves, func(r *rand.PCG, i uint64) int {
					rank := z.Pick(r, i, n) + 1
					if rank > n {
						t.Fatalf("rank %d of %d", rank, n)
					}
					x := float64(rank) / float64(n)
					sum, squares, draws = sum+x, squares+x*x, draws+1
					cell := 0
					for end := uint64(1); end < rank; end *= 2 {
						cell++
					}
					return min(cell, len(octaves)-1)
				})
				mustFit(t, p)
				mean := zeta(float64(n), theta-1) / all / float64(n)
				second := zeta(float64(n), theta-2) / all / float64(n) / float64(n)
				fourth := zeta(float64(n), theta-4) / all / math.Pow(float64(n), 4)
				within(t, "mean rank", sum/draws, mean, math.Sqrt((second-mean*mean)/draws))
				within(t, "mean square of ranks", squares/draws, second, math.Sqrt((fourth-second*second)/draws))
			})
		}
	}
}

// within fails if got is further from want than chance allows for its standard error.
func within(t *testing.T, what string, got, want, standardError float64) {
	t.Helper()
	limit := distuv.UnitNormal.Quantile(1 - significance/family/2)
	if z := (got - want) / standardError; math.Abs(z) > limit || math.IsNaN(z) {
		t.Errorf("%s %v, want %v: %.1f standard errors away", what, got, want, z)
	}
}

func even(n int) []float64 {
	p := make([]float64, n)
	for i := range p {
		p[i] = 1 / float64(n)
	}
	return p
}

func TestUniformFits(t *testing.T) {
	for _, n := range []int{2, 3, 1000, 1 << 10} {
		u := NewUniform()
		mustFit(t, fits(t, even(n), func(r *rand.PCG, i uint64) int { return int(u.Pick(r, i, uint64(n))) }))
	}
}

func TestHotspotFits(t *testing.T) {
	for _, c := range []struct{ items, share float64 }{{0.1, 0.9}, {0.07, 0.3}, {0.5, 0.5}, {0.001, 0.8}} {
		h, err := NewHotspot(c.items, c.share)
		if err != nil {
			t.Fatal(err)
		}
		const n = 1000
		hot := int(math.Round(c.items * n)) // whole in every case above
		p := make([]float64, n)
		for i := range p {
			if i < hot {
				p[i] = c.share / float64(hot)
			} else {
				p[i] = (1 - c.share) / float64(n-hot)
			}
		}
		mustFit(t, fits(t, p, func(r *rand.PCG, i uint64) int { return int(h.Pick(r, i, n)) }))
	}
}

func TestLatestFits(t *testing.T) {
	l, err := NewLatest(0.99)
	if err != nil {
		t.Fatal(err)
	}
	// The key space grows; popularity goes by age. A third of the draws sees each size.
	const n, sizes = 1000, 3
	p := make([]float64, n+sizes-1)
	for more := range sizes {
		for age, mass := range zipfMass(n+more, 0.99) {
			p[age] += mass / sizes
		}
	}
	mustFit(t, fits(t, p, func(r *rand.PCG, i uint64) int {
		grown := n + i*sizes/drawsPerSeed
		return int(grown - 1 - l.Pick(r, i, grown))
	}))
}
