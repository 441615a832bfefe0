package keys

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// massOf returns n items' probabilities by their distribution function on [0, 1].
func massOf(n int, below func(x float64) float64) []float64 {
	p := make([]float64, n)
	for k := range p {
		p[k] = below(float64(k+1)/float64(n)) - below(float64(k)/float64(n))
	}
	return p
}

func TestExponentialFits(t *testing.T) {
	for _, c := range []struct{ items, share float64 }{{0.1, 0.95}, {0.2, 0.3}, {0.8571428571, 0.95}} {
		d, err := NewExponential(c.items, c.share)
		if err != nil {
			t.Fatal(err)
		}
		// Found here by another way than the code's: F(x) = (1-a^x)/(1-a), where F(items) = share.
		low, high := 0.0, 1.0
		below := func(a, x float64) float64 { return (1 - math.Pow(a, x)) / (1 - a) }
		for range 100 {
			if a := (low + high) / 2; below(a, c.items) > c.share {
				low = a
			} else {
				high = a
			}
		}
		const n = 1000
		p := massOf(n, func(x float64) float64 { return below((low+high)/2, x) })
		t.Run(fmt.Sprintf("%v of %v", c.share, c.items), func(t *testing.T) {
			mustFit(t, fits(t, p, func(r *rand.PCG, i uint64) int { return int(d.Pick(r, i, n)) }))
		})
	}
}

// 80% of the operations go to the first 20%, and 80% of those to the first 20% of those.
func TestSelfSimilarFits(t *testing.T) {
	for _, h := range []float64{0.2, 0.05, 0.37, 0.5} {
		d, err := NewSelfSimilar(h)
		if err != nil {
			t.Fatal(err)
		}
		below := func(x float64) float64 { return math.Pow(x, math.Log(1-h)/math.Log(h)) }
		for share, items := 1-h, h; items > 1e-6; share, items = share*(1-h), items*h {
			if got := below(items); math.Abs(got-share) > 1e-12 {
				t.Fatalf("the test's own formula gives the first %v of the items %v, want %v", items, got, share)
			}
		}
		for _, n := range []int{10, 1000} {
			mustFit(t, fits(t, massOf(n, below), func(r *rand.PCG, i uint64) int { return int(d.Pick(r, i, uint64(n))) }))
		}
	}
}

// A neighbouring parameter must fail, or the tests above see nothing.
func TestSkewedFitsHavePower(t *testing.T) {
	d, err := NewSelfSimilar(0.205)
	if err != nil {
		t.Fatal(err)
	}
	const n = 1000
	p := massOf(n, func(x float64) float64 { return math.Pow(x, math.Log(0.8)/math.Log(0.2)) })
	if v := fits(t, p, func(r *rand.PCG, i uint64) int { return int(d.Pick(r, i, n)) }); v >= significance/family {
		t.Errorf("p = %.3g: h = 0.205 passes for 0.2", v)
	}
}

func TestSkewedRefused(t *testing.T) {
	for _, c := range [][2]float64{{0, 0.5}, {0.5, 0.5}, {0.6, 0.5}, {0.5, 1}, {math.NaN(), 0.5}, {1e-14, 0.9}} {
		if _, err := NewExponential(c[0], c[1]); err == nil {
			t.Errorf("NewExponential(%v) succeeded", c)
		}
	}
	for _, h := range []float64{0, 0.51, -1, math.NaN()} {
		if _, err := NewSelfSimilar(h); err == nil {
			t.Errorf("NewSelfSimilar(%v) succeeded", h)
		}
	}
	for _, c := range []struct {
		set   uint64
		share float64
	}{{0, 0.5}, {MaxItems + 1, 0.5}, {5, 0}, {5, 1}, {5, math.NaN()}} {
		if _, err := NewMoving(c.set, c.share); err == nil {
			t.Errorf("NewMoving(%v) succeeded", c)
		}
	}
	for _, c := range []struct {
		theta     float64
		scrambled bool
	}{{1, false}, {-0.1, false}, {0.9, true}, {math.NaN(), false}} {
		if _, err := NewLikeYCSB(c.theta, c.scrambled); err == nil {
			t.Errorf("NewLikeYCSB(%v) succeeded", c)
		}
	}
}

// Whatever is asked for lies in the data set, at its smallest and its largest.
func TestSkewedPickStaysInside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.OneOf(rapid.Uint64Range(1, 4), rapid.Uint64Range(1, MaxItems), rapid.Just(uint64(MaxItems))).Draw(t, "n")
		r := rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)
		items := rapid.Float64Range(1e-9, 0.99).Draw(t, "items")
		e, err := NewExponential(items, items+rapid.Float64Range(1e-6, 0.999).Draw(t, "more")*(1-items))
		if err != nil {
			t.Fatal(err)
		}
		s, err := NewSelfSimilar(rapid.Float64Range(1e-9, 0.5).Draw(t, "h"))
		if err != nil {
			t.Fatal(err)
		}
		m, err := NewMoving(rapid.Uint64Range(1, MaxItems).Draw(t, "set"), rapid.Float64Range(1e-9, 1-1e-9).Draw(t, "share"))
		if err != nil {
			t.Fatal(err)
		}
		y, err := NewLikeYCSB(rapid.Float64Range(0, 0.999).Draw(t, "theta"), false)
		if err != nil {
			t.Fatal(err)
		}
		ys, err := NewLikeYCSB(0.99, true)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range []Dist{e, s, m, y, ys} {
			for range 20 {
				if x := d.Pick(r, rapid.Uint64().Draw(t, "i"), n); x >= n {
					t.Fatalf("%T: %d of %d", d, x, n)
				}
			}
		}
	})
}

func TestMovingFits(t *testing.T) {
	const n, set, share = 1000, 30, 0.6
	d, err := NewMoving(set, share)
	if err != nil {
		t.Fatal(err)
	}
	// The thirty-fourth set is the items 990 to 999 and 0 to 19; the first after 2^40 epochs
	// begins at 30·2^40 mod 1000 = 280.
	for epoch, first := range map[uint64]int{0: 0, 1: 30, 33: 990, 1 << 40: 280} {
		p := make([]float64, n)
		for k := range p {
			p[k] = (1 - share) / (n - set)
		}
		for k := range set {
			p[(first+k)%n] = share / set
		}
		mustFit(t, fits(t, p, func(r *rand.PCG, _ uint64) int { return int(d.Pick(r, epoch, n)) }))
	}
}
