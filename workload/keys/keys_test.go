package keys

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

func TestScrambleIsABijection(t *testing.T) {
	for _, n := range []uint64{1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 63, 64, 65, 100, 1000, 1023, 1024, 1025, 4097, 65_536, 100_003, 1_000_000} {
		for _, seed := range []uint64{0, 1, 42, math.MaxUint64} {
			s := NewScramble(seed, n)
			seen := make([]bool, n)
			for x := range n {
				y := s.Of(x)
				if y >= n {
					t.Fatalf("n %d, seed %d: %d goes to %d", n, seed, x, y)
				}
				if seen[y] {
					t.Fatalf("n %d, seed %d: two places go to %d", n, seed, y)
				}
				seen[y] = true
			}
		}
	}
}

// At sizes that no array holds, no two of the places drawn may meet.
func TestScrambleAtTrillions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Uint64Range(1, MaxItems).Draw(t, "n")
		s := NewScramble(rapid.Uint64().Draw(t, "seed"), n)
		from := map[uint64]uint64{}
		for range 50 {
			x := rapid.Uint64Range(0, n-1).Draw(t, "x")
			y := s.Of(x)
			if y >= n {
				t.Fatalf("%d of %d goes to %d", x, n, y)
			}
			if other, ok := from[y]; ok && other != x {
				t.Fatalf("%d and %d both go to %d", x, other, y)
			}
			from[y] = x
		}
	})
}

// A scramble keeps popularity and spreads it: neighbours in rank lie anywhere.
func TestScrambleSpreads(t *testing.T) {
	const n = 100_000
	s := NewScramble(7, n)
	p := make([]float64, 100)
	counts := make([]float64, 100)
	for rank := range uint64(10_000) {
		counts[s.Of(rank)*100/n]++
	}
	for i := range p {
		p[i] = 0.01
	}
	// Drawn without replacement, the counts vary less than chi-square expects, never more.
	mustFit(t, pValue(t, counts, p))
	other := NewScramble(8, n)
	if s.Of(0) == other.Of(0) && s.Of(1) == other.Of(1) {
		t.Error("two seeds scramble alike")
	}
}

func TestSequentialWraps(t *testing.T) {
	s := NewSequential()
	for i, want := range []uint64{0, 1, 2, 0, 1, 2, 0} {
		if got := s.Pick(nil, uint64(i), 3); got != want {
			t.Errorf("operation %d asks for %d, want %d", i, got, want)
		}
	}
}

// Whatever is asked for lies in the data set, at its smallest and its largest.
func TestPickStaysInside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.OneOf(rapid.Uint64Range(1, 4), rapid.Uint64Range(1, MaxItems), rapid.Just(uint64(MaxItems))).Draw(t, "n")
		theta := rapid.OneOf(rapid.Float64Range(0, 50), rapid.SampledFrom([]float64{0, 1, 1 - 1e-12, 1 + 1e-12, 50})).Draw(t, "theta")
		share := rapid.Float64Range(1e-9, 1-1e-9)
		r := rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)
		z, err := NewZipfian(theta)
		if err != nil {
			t.Fatal(err)
		}
		l, err := NewLatest(theta)
		if err != nil {
			t.Fatal(err)
		}
		h, err := NewHotspot(share.Draw(t, "items"), share.Draw(t, "share"))
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range []Dist{z, l, h, NewUniform(), NewSequential()} {
			for i := range uint64(20) {
				if x := d.Pick(r, i, n); x >= n {
					t.Fatalf("%T: %d of %d", d, x, n)
				}
			}
		}
	})
}

// Draws depend on the source alone: what another n or another user drew before leaves no trace.
func TestZipfianKeepsNoState(t *testing.T) {
	z, err := NewZipfian(0.99)
	if err != nil {
		t.Fatal(err)
	}
	want := make([]uint64, 100)
	r := rand.NewPCG(1, 2)
	for i := range want {
		want[i] = z.Pick(r, uint64(i), 1000)
	}
	r, other := rand.NewPCG(1, 2), rand.NewPCG(3, 4)
	for i := range want {
		z.Pick(other, 0, uint64(10+i))
		if got := z.Pick(r, uint64(i), 1000); got != want[i] {
			t.Fatalf("draw %d is %d after others' draws, %d without them", i, got, want[i])
		}
	}
}

func TestParametersRefused(t *testing.T) {
	for _, theta := range []float64{-0.1, 50.1, math.NaN(), math.Inf(1)} {
		if _, err := NewZipfian(theta); err == nil {
			t.Errorf("NewZipfian(%v) succeeded", theta)
		}
		if _, err := NewLatest(theta); err == nil {
			t.Errorf("NewLatest(%v) succeeded", theta)
		}
	}
	for _, v := range []float64{0, 1, -0.5, 1.5, math.NaN()} {
		if _, err := NewHotspot(v, 0.5); err == nil {
			t.Errorf("NewHotspot(%v, 0.5) succeeded", v)
		}
		if _, err := NewHotspot(0.5, v); err == nil {
			t.Errorf("NewHotspot(0.5, %v) succeeded", v)
		}
	}
}

// 7% of 100 items are 7, though not in binary.
func TestHotspotRoundsShares(t *testing.T) {
	for _, c := range []struct {
		share float64
		n     uint64
		hot   uint64
	}{{0.07, 100, 7}, {0.1, 10, 1}, {0.29, 100, 29}, {0.001, 10, 1}, {0.5, 3, 2}} {
		h, err := NewHotspot(c.share, 0.999999)
		if err != nil {
			t.Fatal(err)
		}
		r, highest := rand.NewPCG(1, 1), uint64(0)
		for i := range uint64(5000) {
			highest = max(highest, h.Pick(r, i, c.n))
		}
		if highest != c.hot-1 {
			t.Errorf("%v of %d items: the last hot one is %d, want %d", c.share, c.n, highest, c.hot-1)
		}
	}
}
